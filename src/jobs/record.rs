//! One line of a job log, being written.

use std::io::Write;

use serde::Serialize;

use super::time::write_time;
use super::{Fact, IdColumn, JobKey, Stamp, Word};

/// A log line under construction. Fields appear in the order in which they are added; a request
/// is put in verbatim.
///
/// ```
/// use creativeai::jobs::{JobKey, Record, Stamp, Status};
/// let job = JobKey::parse("5b1f0c9a77d2e318").unwrap();
/// let at = Stamp::first(jiff::Timestamp::UNIX_EPOCH);
/// let line = Record::new(at, job, 1, Status::Pending)
///     .with("generation_id", "vgen_def456")
///     .finish();
/// assert_eq!(
///     line,
///     "{\"at\":\"1970-01-01T00:00:00.000Z\",\"job\":\"5b1f0c9a77d2e318\",\"attempt\":1,\
///      \"status\":\"pending\",\"generation_id\":\"vgen_def456\"}\n",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Record {
    text: Vec<u8>,
}

impl Record {
    /// A line about `attempt` of `job`.
    pub fn new(at: Stamp, job: JobKey, attempt: u32, word: impl Into<Word>) -> Self {
        let mut text = Vec::with_capacity(512);
        text.extend_from_slice(b"{\"at\":\"");
        write_time(&mut text, at.time());
        let word = word.into().as_str();
        // Writing into memory cannot fail.
        let _ = write!(
            text,
            "\",\"job\":\"{job}\",\"attempt\":{attempt},\"status\":\"{word}\""
        );
        Self { text }
    }

    /// A line that speaks of no job by its key.
    pub(crate) fn without_job(at: jiff::Timestamp, word: &str) -> Self {
        let mut text = b"{\"at\":\"".to_vec();
        write_time(&mut text, at);
        // Writing into memory cannot fail.
        let _ = write!(text, "\",\"status\":\"{word}\"");
        Self { text }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.name(name);
        let start = self.text.len();
        if serde_json::to_writer(&mut self.text, &value).is_err() {
            // Only maps with keys that are no texts, and failing `Serialize` implementations, are
            // errors; neither is ever given. A null keeps the line well-formed all the same.
            self.text.truncate(start);
            self.text.extend_from_slice(b"null");
        }
        self
    }

    /// Adds a field where there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds the listing's or SKU's id.
    #[must_use]
    pub fn with_id(self, id: Option<(IdColumn, &str)>) -> Self {
        match id {
            Some((column, id)) => self.with(column.name(), id),
            None => self,
        }
    }

    /// Adds a field that is JSON already.
    #[must_use]
    pub fn with_json(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.text.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds fields that are JSON already, as they stand in an object; none where it is empty.
    #[must_use]
    pub fn with_fields(mut self, fields: &str) -> Self {
        if !fields.is_empty() {
            self.text.push(b',');
            self.text.extend_from_slice(fields.as_bytes());
        }
        self
    }

    /// Marks it as written under `--sandbox`.
    #[must_use]
    pub fn in_sandbox(self, sandbox: bool) -> Self {
        if sandbox {
            self.with("sandbox", true)
        } else {
            self
        }
    }

    /// The line, with its newline.
    pub fn finish(mut self) -> String {
        self.text.extend_from_slice(b"}\n");
        // Everything that was put in was text.
        String::from_utf8(self.text).unwrap_or_default()
    }

    fn name(&mut self, name: &str) {
        self.text.push(b',');
        // A text always serialises.
        let _ = serde_json::to_writer(&mut self.text, name);
        self.text.push(b':');
    }
}

impl Record {
    /// The line that marks `job` as replaced by `by`.
    pub fn superseded(at: Stamp, job: JobKey, attempt: u32, by: JobKey) -> Self {
        Self::new(at, job, attempt, Fact::Superseded).with("by_job", by)
    }
}
