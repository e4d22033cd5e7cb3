//! A job log, read by the tests themselves and by the program's own fold.

use std::path::Path;

use creativeai::jobs::{Ledger, Rates};
use creativeai::journal::JobLog;
use serde_json::Value;

/// What a log's file holds.
#[derive(Debug)]
pub struct Log {
    /// As it is on disk.
    pub text: String,
    /// The lines that are whole JSON objects.
    pub lines: Vec<Value>,
    /// The folded state: one object a job, in the log's order.
    pub jobs: Vec<Value>,
}

impl Log {
    /// Reads the log at `path`; one that is not there has no lines.
    pub fn read(path: &Path) -> Self {
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => {
                return Self {
                    text: String::new(),
                    lines: Vec::new(),
                    jobs: Vec::new(),
                };
            }
        };
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(Value::is_object)
            .collect();
        let log = JobLog::read(path, Ledger::new(Rates::default()).with_places()).unwrap();
        let jobs = log.views().map(|view| view.unwrap().to_json()).collect();
        Self { text, lines, jobs }
    }

    /// The statuses of the lines, in the file's order.
    pub fn words(&self) -> Vec<&str> {
        self.lines
            .iter()
            .filter_map(|line| line["status"].as_str())
            .collect()
    }

    /// The folded statuses, sorted.
    pub fn states(&self) -> Vec<&str> {
        let mut states: Vec<_> = self
            .jobs
            .iter()
            .filter_map(|job| job["status"].as_str())
            .collect();
        states.sort_unstable();
        states
    }

    /// How many jobs stand at `state`.
    pub fn count(&self, state: &str) -> usize {
        self.states().iter().filter(|s| **s == state).count()
    }

    /// The only job.
    pub fn job(&self) -> &Value {
        assert_eq!(self.jobs.len(), 1, "{}", self.text);
        &self.jobs[0]
    }

    /// The job of a listing or SKU.
    pub fn job_of(&self, id: &str) -> &Value {
        let found = self
            .jobs
            .iter()
            .find(|job| job["listing_id"] == id || job["sku"] == id);
        found.unwrap_or_else(|| panic!("no job of {id} in\n{}", self.text))
    }

    /// Every generation id that any line names.
    pub fn ids(&self) -> Vec<&str> {
        self.lines
            .iter()
            .filter_map(|line| line["generation_id"].as_str())
            .collect()
    }
}
