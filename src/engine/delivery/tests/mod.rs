//! Delivery against stand-in servers with scripted faults.

mod cdn;
mod download;
#[cfg(unix)]
mod exec;
mod shop;
mod shopify;

use std::path::PathBuf;
use std::time::Duration;

use crate::jobs::{
    Credits, Download, Event, EventKind, Facts, GenerationId, IdColumn, JobKey, JobView, Ledger,
    Order, Rates, Stamp, Status, StatusReport,
};
use crate::journal::Writer;

/// A folder with a log in it.
pub struct Bench {
    pub dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    /// Writes a completed job: its key is made of the id and the line.
    pub fn completed(&self, column: IdColumn, id: &str, line: u64, output_url: &str) -> JobKey {
        let job = job(id, line);
        let at = "2026-03-12T09:20:00Z".parse().unwrap();
        let request = serde_json::json!({
            "model": "kling-v3",
            "prompt": "slow pan",
            "image_url": format!("https://cdn.example.com/Room%20{line}.jpg"),
        });
        let order = Order {
            variant: None,
            photo_name: None,
            columns: vec![("surface".to_owned(), "shopify-pdp".into())],
            line: Some(line),
            credits_estimated: Credits::ZERO,
            request: serde_json::value::to_raw_value(&request).unwrap(),
        };
        let word = id.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_");
        let generation_id = GenerationId::parse(&format!("vgen_{word}_{line}")).unwrap();
        let facts = Facts {
            output_url: Some(output_url.into()),
            ..Facts::default()
        };
        let seen = StatusReport {
            status: Status::Completed,
            generation_id: &generation_id,
            submitted_at: None,
            report: facts.report(Status::Completed, None),
            via: None,
        };
        for what in [EventKind::Submitting(&order), EventKind::Reported(seen)] {
            let event = Event::new(Stamp::first(at), job, 1, what).of_item(Some((column, id)));
            self.write(&event.line());
        }
        job
    }

    /// Writes that a job's clip is in `file`.
    pub fn downloaded(&self, job: JobKey, file: &str, bytes: u64) {
        let at = "2026-03-13T09:20:00Z".parse().unwrap();
        let download = Download {
            generation_id: None,
            file,
            file_host: None,
            bytes,
            sha256: "x",
        };
        self.write(&Event::new(Stamp::first(at), job, 1, EventKind::Downloaded(download)).line());
    }

    pub fn write(&self, lines: &str) {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    }

    pub fn log(&self) -> PathBuf {
        self.dir.path().join("jobs.jsonl")
    }

    pub fn writer(&self) -> Writer {
        let ledger = Ledger::new(Rates::default()).with_places();
        // A process that another test is just starting holds every lock until it has started.
        Writer::open(&self.log(), ledger, "test", Duration::from_secs(60)).unwrap()
    }

    pub fn view(&self, job: JobKey) -> JobView {
        self.writer().view(job).unwrap().unwrap()
    }

    /// How many lines of the log hold `text`.
    pub fn lines_with(&self, text: &str) -> usize {
        let log = std::fs::read_to_string(self.log()).unwrap();
        log.lines().filter(|line| line.contains(text)).count()
    }
}

pub fn job(id: &str, line: u64) -> JobKey {
    JobKey::digest(&[id, &line.to_string()])
}
