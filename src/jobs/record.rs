//! One line of a job log, being written.

use std::io::Write;

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
    text: Vec<u8>,
}

impl Record {
    /// A line about `attempt` of `job`.
    pub fn new(at: jiff::Timestamp, job: JobKey, attempt: u32, word: impl Into<Word>) -> Self {
        let mut text = Vec::with_capacity(512);
        text.extend_from_slice(b"{\"at\":\"");
        write_time(&mut text, at);
        let word = word.into().as_str();
        // Writing into memory cannot fail.
        let _ = write!(
            text,
            "\",\"job\":\"{job}\",\"attempt\":{attempt},\"status\":\"{word}\""
        );
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

/// Writes a time to the millisecond, e.g. `2026-03-12T09:22:18.120Z`.
fn write_time(out: &mut Vec<u8>, at: jiff::Timestamp) {
    const DAY: i64 = 86_400_000;
    let millis = at.as_millisecond();
    // Up to the end of the century every fourth year is a leap year; beyond, jiff knows better.
    if !(0..47_482 * DAY).contains(&millis) {
        // Writing into memory cannot fail.
        let _ = write!(out, "{at:.3}");
        return;
    }
    // Years are counted from March 1968, so that a leap day is a year's last.
    let days = millis / DAY + 671;
    let day_of_four_years = days % 1461;
    let year = (day_of_four_years / 365).min(3);
    let day_of_year = day_of_four_years - year * 365;
    let month = (day_of_year * 5 + 2) / 153;
    let day = day_of_year - (month * 153 + 2) / 5 + 1;
    let (year, month) = match month {
        0..10 => (year, month + 3),
        _ => (year + 1, month - 9),
    };
    let year = 1968 + days / 1461 * 4 + year;
    let time = millis % DAY;
    let mut digits = |number: i64, count: u32, after: u8| {
        for place in (0..count).rev() {
            out.push(b'0' + (number / 10i64.pow(place) % 10) as u8);
        }
        out.push(after);
    };
    digits(year, 4, b'-');
    digits(month, 2, b'-');
    digits(day, 2, b'T');
    digits(time / 3_600_000, 2, b':');
    digits(time / 60_000 % 60, 2, b':');
    digits(time / 1000 % 60, 2, b'.');
    digits(time % 1000, 3, b'Z');
}

impl Record {
    /// The line that marks `job` as replaced by `by`.
    pub fn superseded(at: jiff::Timestamp, job: JobKey, attempt: u32, by: JobKey) -> Self {
        Self::new(at, job, attempt, Fact::Superseded).with("by_job", by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_library_writes_them() {
        let last = "2100-03-02T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
        for millis in (-5_000_000..last.as_millisecond()).step_by(39_000_017) {
            let at = jiff::Timestamp::from_millisecond(millis).unwrap();
            let mut text = Vec::new();
            write_time(&mut text, at);
            assert_eq!(String::from_utf8(text).unwrap(), format!("{at:.3}"));
        }
    }
}
