//! One line of a job log, being written.

use serde::Serialize;

use super::{Fact, IdColumn, JobKey, Word};

/// A log line under construction. Fields appear in the order in which they are added; a request
/// is put in verbatim.
///
/// ```
/// use creativeai::jobs::{JobKey, Record, Status};
/// let job = JobKey::parse("5b1f0c9a77d2e318").unwrap();
/// let line = Record::new(jiff::Timestamp::UNIX_EPOCH, job, 1, Status::Pending)
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
    text: String,
}

impl Record {
    /// A line about `attempt` of `job`.
    pub fn new(at: jiff::Timestamp, job: JobKey, attempt: u32, word: impl Into<Word>) -> Self {
        let word = word.into();
        Self {
            text: format!(
                "{{\"at\":\"{at:.3}\",\"job\":\"{job}\",\"attempt\":{attempt},\"status\":\"{}\"",
                word.as_str()
            ),
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        // Only maps with keys that are no texts, and failing `Serialize` implementations, are
        // errors; neither is ever given. A null keeps the line well-formed all the same.
        let value = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
        self.raw(name, &value);
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
        self.raw(name, json);
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
        self.text.push_str("}\n");
        self.text
    }

    fn raw(&mut self, name: &str, json: &str) {
        self.text.push(',');
        self.text
            .push_str(&serde_json::Value::from(name).to_string());
        self.text.push(':');
        self.text.push_str(json);
    }
}

impl Record {
    /// The line that marks `job` as replaced by `by`.
    pub fn superseded(at: jiff::Timestamp, job: JobKey, attempt: u32, by: JobKey) -> Self {
        Self::new(at, job, attempt, Fact::Superseded).with("by_job", by)
    }
}
