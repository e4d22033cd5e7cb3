//! What one line of a job log can say: the log's schema.
//!
//! Every line that this program writes is an [`Event`], serialized. Readers are laxer than writers:
//! [`Line`](super::Line) also takes lines of older and newer versions, of the vendor's sample
//! scripts, and lines that were compacted, so it reads fields by name and keeps what it does not
//! know.

use jiff::Timestamp;
use serde::ser::Serializer;

use super::event_kind::{EventKind, is_false, time};
use super::id::{IdColumn, JobKey};
use super::stamp::Stamp;
use super::status::LineStatus;

/// Every name that has a meaning of its own in a log line. A manifest's carried column may not
/// have one of them, or a row could overwrite what the log knows.
pub const LOG_FIELDS: [&str; 52] = [
    "at",
    "job",
    "attempt",
    "status",
    "listing_id",
    "sku",
    "variant",
    "photo_name",
    "line",
    "request",
    "generation_id",
    "submitted_at",
    "output_url",
    "credits",
    "adjusted_credits",
    "credits_estimated",
    "failover_used",
    "model_actual",
    "phase",
    "progress",
    "eta_seconds",
    "completed_at",
    "via",
    "error",
    "http_status",
    "temporary",
    "sandbox",
    "file",
    "file_host",
    "bytes",
    "sha256",
    "target",
    "reference",
    "verdict",
    "by",
    "by_job",
    "history",
    "attempts",
    "downloaded",
    "published",
    "resolved",
    "superseded",
    "renamed",
    "reviewed",
    "dismissed",
    "conflict",
    "generation_ids",
    "step",
    "newer_version",
    "damaged_line",
    "damaged_text",
    "damaged_text_b64",
];

/// One line of the log, about to be written. The fields are written in this order.
///
/// ```
/// use creativeai::jobs::{Event, JobKey, Refusal, Stamp, EventKind};
/// let job = JobKey::parse("5b1f0c9a77d2e318").unwrap();
/// let at = Stamp::first(jiff::Timestamp::UNIX_EPOCH);
/// let refusal = Refusal { error: "no credits", http_status: Some(402), temporary: true };
/// assert_eq!(
///     Event::new(at, job, 1, EventKind::SubmitFailed(refusal)).line(),
///     "{\"at\":\"1970-01-01T00:00:00.000Z\",\"job\":\"5b1f0c9a77d2e318\",\"attempt\":1,\
///      \"status\":\"submit_failed\",\"error\":\"no credits\",\"http_status\":402,\
///      \"temporary\":true}\n",
/// );
/// ```
#[derive(Clone, Debug, serde::Serialize)]
pub struct Event<'a> {
    /// When it was written: RFC 3339, UTC, to the millisecond. Later than every line of its job
    /// that the writer had read.
    #[serde(serialize_with = "time")]
    at: Timestamp,
    /// The job's key; missing only where a damaged line names nothing but a listing or SKU.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobKey>,
    /// The attempt's number, from 1; missing where the job is.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    /// What kind of line it is.
    status: LineStatus,
    /// `listing_id` or `sku`, from the manifest: whom the job belongs to.
    #[serde(flatten, serialize_with = "item")]
    item: Option<(IdColumn, &'a str)>,
    #[serde(flatten)]
    what: EventKind<'a>,
    /// Written by a rehearsal.
    #[serde(skip_serializing_if = "is_false")]
    sandbox: bool,
}

impl<'a> Event<'a> {
    /// Something about an attempt of a job.
    pub fn new(at: Stamp, job: JobKey, attempt: u32, what: EventKind<'a>) -> Self {
        Self {
            job: Some(job),
            attempt: Some(attempt),
            ..Self::without_job(at.time(), what)
        }
    }

    /// Something about a listing or SKU whose job is not known.
    pub(crate) fn without_job(at: Timestamp, what: EventKind<'a>) -> Self {
        Self {
            at,
            job: None,
            attempt: None,
            status: what.word(),
            item: None,
            what,
            sandbox: false,
        }
    }

    /// Names the listing or SKU.
    #[must_use]
    pub fn of_item(self, item: Option<(IdColumn, &'a str)>) -> Self {
        Self { item, ..self }
    }

    /// Marks it as written by a rehearsal.
    #[must_use]
    pub fn in_sandbox(self, sandbox: bool) -> Self {
        Self { sandbox, ..self }
    }

    /// The line, with its newline.
    pub fn line(&self) -> String {
        let mut line = String::with_capacity(512);
        self.write(&mut line);
        line
    }

    /// Appends the line, with its newline.
    pub fn write(&self, lines: &mut String) {
        // Texts, numbers and JSON that was checked: it always serializes.
        lines.push_str(&serde_json::to_string(self).unwrap_or_default());
        lines.push('\n');
    }
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn item<S: Serializer>(item: &Option<(IdColumn, &str)>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(item.iter().map(|(column, id)| (column.name(), id)))
}

#[cfg(test)]
mod tests;
