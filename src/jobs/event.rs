//! What one line of a job log can say: the log's schema.
//!
//! Every line that this program writes is an [`Event`], serialized. Readers are laxer than writers:
//! [`Line`](super::Line) also takes lines of older and newer versions, of the vendor's sample
//! scripts, and lines that were compacted, so it reads fields by name and keeps what it does not
//! know.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::facts::Report;
use super::{Credits, Fact, GenerationId, IdColumn, JobKey, Look, Stamp, Status, Verdict, Word};

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

/// One line of the log, about to be written. The fields stand in the line in this order.
///
/// ```
/// use creativeai::jobs::{Event, JobKey, Refusal, Stamp, What};
/// let job = JobKey::parse("5b1f0c9a77d2e318").unwrap();
/// let at = Stamp::first(jiff::Timestamp::UNIX_EPOCH);
/// let refusal = Refusal { error: "no credits", http_status: Some(402), temporary: true };
/// assert_eq!(
///     Event::new(at, job, 1, What::SubmitFailed(refusal)).line(),
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
    status: Word,
    /// `listing_id` or `sku`, from the manifest: whom the job belongs to.
    #[serde(flatten, serialize_with = "item")]
    item: Option<(IdColumn, &'a str)>,
    #[serde(flatten)]
    what: What<'a>,
    /// Written by a rehearsal.
    #[serde(skip_serializing_if = "is_false")]
    sandbox: bool,
}

/// What a line says beyond whose it is.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub enum What<'a> {
    /// `submitting`: the request is about to be sent. Durable before it is.
    Submitting(&'a Order),
    /// `unknown`: the request may have been accepted and billed.
    Unknown(Refusal<'a>),
    /// `unknown`: a damaged line speaks of the job, and a person has accepted that.
    Doubted {
        /// Which line.
        #[serde(flatten)]
        refusal: Refusal<'a>,
        /// What of the order stood in there whole.
        #[serde(flatten)]
        order: Option<&'a Salvaged>,
    },
    /// `submit_failed`: every request of the attempt is known not to have been accepted.
    SubmitFailed(Refusal<'a>),
    /// `pending`, `processing`, `failed`, `completed`: where the vendor says that it stands.
    Seen(Sighting<'a>),
    /// `completed`, with `step`: how far a publication has come; `failed`, with `step`: that a target
    /// knows. It changes no state.
    Step(Step<'a>),
    /// `downloaded`: the clip is on disk.
    Downloaded(Download<'a>),
    /// `published`: the clip was handed to a target.
    Published(Publication<'a>),
    /// `resolved`: a person has settled a doubt, or closed the job.
    Resolved(Resolution<'a>),
    /// `superseded`: an edited row replaced the job, or the row was set back to it.
    Superseded {
        /// The edited row's job; its own where the row was set back.
        by_job: JobKey,
    },
    /// `renamed`: the job's listing, SKU or photo goes by another name.
    Renamed {
        /// The photo's new address, where it has one.
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<&'a str>,
        /// The photo's name, where its address may name none.
        #[serde(skip_serializing_if = "Option::is_none")]
        photo_name: Option<&'a str>,
        /// Who says so: a user name.
        by: &'a str,
    },
    /// `reviewed`: a person has looked at the attempt's clip.
    Reviewed(Review<'a>),
}

/// What is ordered.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Order {
    /// From the manifest: distinguishes clips of one photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Value>,
    /// From the manifest: the photo's name, where its address may name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo_name: Option<String>,
    /// Columns that are only carried along, in the manifest's order, under their own names.
    #[serde(flatten, serialize_with = "columns")]
    pub columns: Vec<(String, Value)>,
    /// The line of the manifest on which the row starts, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Credits that the attempt is expected to cost, by the rates that were set then.
    pub credits_estimated: Credits,
    /// The request's body, as it is sent, byte for byte.
    pub request: Box<RawValue>,
}

/// What of an order could be read in a damaged line; the job's key proves it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Salvaged {
    /// Distinguishes clips of one photo.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// The request's body, byte for byte.
    pub request: Box<RawValue>,
}

/// Why no acceptance is known.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Refusal<'a> {
    /// What the vendor or the network reported, in plain words.
    pub error: &'a str,
    /// The reply's HTTP status, where there was a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// On `submit_failed`: another run may try again by itself.
    #[serde(skip_serializing_if = "is_false")]
    pub temporary: bool,
}

/// How the vendor's word came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The status call's answer.
    Poll,
    /// A webhook whose signature holds.
    Webhook,
}

/// What the vendor reports about a generation.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Sighting<'a> {
    /// Where it stands.
    #[serde(skip)]
    pub status: Status,
    /// The vendor's id.
    pub generation_id: &'a GenerationId,
    /// On the reply to a submission: when that came, by this computer's clock.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_time")]
    pub submitted_at: Option<Timestamp>,
    /// The rest.
    #[serde(flatten)]
    pub report: Report<'a>,
    /// How it came; missing on the reply to a submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

/// A step of a publication that has not come to its end.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Step<'a> {
    /// The attempt's own end, which the log has already.
    #[serde(skip)]
    pub status: Status,
    /// Of the clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_id: Option<&'a str>,
    /// Where the clip goes, e.g. `shopify:SHOP`.
    pub target: &'a str,
    /// The step's name.
    pub step: &'a str,
    /// What the target calls the clip so far.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reference: &'a str,
    /// What went wrong.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub error: &'a str,
}

/// A clip on disk, or in a bucket.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Download<'a> {
    /// Of the clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_id: Option<&'a str>,
    /// Its path, from the log's folder where it lies below that; in a bucket, its address.
    pub file: &'a str,
    /// The computer that it is on, where several write to the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_host: Option<&'a str>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: &'a str,
}

/// A clip that a target has.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Publication<'a> {
    /// Of the clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_id: Option<&'a str>,
    /// Who has it, e.g. `shopify:SHOP`.
    pub target: &'a str,
    /// What the target calls it.
    pub reference: &'a str,
}

/// What a person decided.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Resolution<'a> {
    /// The decision.
    pub verdict: Verdict,
    /// On `accepted`: the id that the vendor's dashboard shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_id: Option<&'a GenerationId>,
    /// Who: a user name.
    pub by: &'a str,
}

/// What a person thinks of a clip.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Review<'a> {
    /// Whether it may go out.
    pub verdict: Look,
    /// Of the clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_id: Option<&'a str>,
    /// Who: a user name.
    pub by: &'a str,
}

impl What<'_> {
    /// The word in `status`.
    fn word(&self) -> Word {
        match self {
            Self::Submitting(_) => Status::Submitting.into(),
            Self::Unknown(_) | Self::Doubted { .. } => Status::Unknown.into(),
            Self::SubmitFailed(_) => Status::SubmitFailed.into(),
            Self::Seen(seen) => seen.status.into(),
            Self::Step(step) => step.status.into(),
            Self::Downloaded(_) => Fact::Downloaded.into(),
            Self::Published(_) => Fact::Published.into(),
            Self::Resolved(_) => Fact::Resolved.into(),
            Self::Superseded { .. } => Fact::Superseded.into(),
            Self::Renamed { .. } => Fact::Renamed.into(),
            Self::Reviewed(_) => Fact::Reviewed.into(),
        }
    }
}

impl<'a> Event<'a> {
    /// Something about an attempt of a job.
    pub fn new(at: Stamp, job: JobKey, attempt: u32, what: What<'a>) -> Self {
        Self {
            job: Some(job),
            attempt: Some(attempt),
            ..Self::without_job(at.time(), what)
        }
    }

    /// Something about a listing or SKU whose job is not known.
    pub(crate) fn without_job(at: Timestamp, what: What<'a>) -> Self {
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

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Look {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

pub(super) fn time<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn some_time<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => time(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn item<S: Serializer>(item: &Option<(IdColumn, &str)>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(item.iter().map(|(column, id)| (column.name(), id)))
}

fn columns<S: Serializer>(columns: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(columns.len()))?;
    for (name, value) in columns {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Facts, Line};

    const JOB: &str = "5b1f0c9a77d2e318";

    fn order() -> Order {
        Order {
            variant: Some("b".into()),
            photo_name: Some("1.jpg".into()),
            columns: vec![
                ("property_type".to_owned(), "residential".into()),
                ("sheet_status".to_owned(), "a \"b\"".into()),
            ],
            line: Some(3),
            credits_estimated: Credits::whole(5),
            request: serde_json::from_str(r#"{"model": "kling-v3"}"#).unwrap(),
        }
    }

    fn facts() -> Facts<'static> {
        Facts {
            output_url: Some("https://x/1.mp4".into()),
            credits: Some(5.0),
            adjusted_credits: Some(2.5),
            failover_used: Some(false),
            model: Some("kling-v4".into()),
            completed_at: Some("2026-03-12T09:22:17Z".into()),
            error: Some("e".into()),
            phase: Some("Encoding".into()),
            progress: Some(0.5),
            eta_seconds: Some(30.0),
            ..Facts::default()
        }
    }

    /// What is reported, and what stands in the line behind the listing.
    fn all<'a>(
        order: &'a Order,
        facts: &'a Facts<'a>,
        id: &'a GenerationId,
    ) -> Vec<(What<'a>, &'static str)> {
        let refusal = |http_status, temporary| Refusal {
            error: "no",
            http_status,
            temporary,
        };
        let seen = |status, submitted_at, via| {
            What::Seen(Sighting {
                status,
                generation_id: id,
                submitted_at,
                report: facts.report(status, Some("kling-v3")),
                via,
            })
        };
        let generation_id = Some(id.as_str());
        vec![
            (
                What::Submitting(order),
                r#""variant":"b","photo_name":"1.jpg","property_type":"residential","sheet_status":"a \"b\"","line":3,"credits_estimated":5,"request":{"model": "kling-v3"}"#,
            ),
            (
                What::Unknown(refusal(Some(502), false)),
                r#""error":"no","http_status":502"#,
            ),
            (
                What::SubmitFailed(refusal(None, true)),
                r#""error":"no","temporary":true"#,
            ),
            (
                seen(Status::Processing, Some(Timestamp::UNIX_EPOCH), None),
                r#""generation_id":"vgen_1","submitted_at":"1970-01-01T00:00:00.000Z","phase":"Encoding","progress":0.5,"eta_seconds":30"#,
            ),
            (
                seen(Status::Completed, None, Some(Via::Webhook)),
                r#""generation_id":"vgen_1","output_url":"https://x/1.mp4","credits":5,"adjusted_credits":2.5,"failover_used":false,"model_actual":"kling-v4","completed_at":"2026-03-12T09:22:17Z","error":"e","via":"webhook""#,
            ),
            (
                What::Step(Step {
                    status: Status::Completed,
                    generation_id,
                    target: "shopify:a",
                    step: "uploaded",
                    reference: "r",
                    error: "e",
                }),
                r#""generation_id":"vgen_1","target":"shopify:a","step":"uploaded","reference":"r","error":"e""#,
            ),
            (
                What::Downloaded(Download {
                    generation_id,
                    file: "videos/a.mp4",
                    file_host: Some("studio"),
                    bytes: 4,
                    sha256: "ab",
                }),
                r#""generation_id":"vgen_1","file":"videos/a.mp4","file_host":"studio","bytes":4,"sha256":"ab""#,
            ),
            (
                What::Published(Publication {
                    generation_id: None,
                    target: "exec:a",
                    reference: "",
                }),
                r#""target":"exec:a","reference":"""#,
            ),
            (
                What::Resolved(Resolution {
                    verdict: Verdict::Accepted,
                    generation_id: Some(id),
                    by: "ana",
                }),
                r#""verdict":"accepted","generation_id":"vgen_1","by":"ana""#,
            ),
            (
                What::Superseded {
                    by_job: JobKey::parse(JOB).unwrap(),
                },
                r#""by_job":"5b1f0c9a77d2e318""#,
            ),
            (
                What::Reviewed(Review {
                    verdict: Look::Rejected,
                    generation_id: Some("vgen_1"),
                    by: "ana",
                }),
                r#""verdict":"rejected","generation_id":"vgen_1","by":"ana""#,
            ),
            (
                What::Renamed {
                    image_url: Some("https://x/1.jpg"),
                    photo_name: Some("1.jpg"),
                    by: "ana",
                },
                r#""image_url":"https://x/1.jpg","photo_name":"1.jpg","by":"ana""#,
            ),
        ]
    }

    #[test]
    fn each_event_is_one_line_that_reads_back() {
        let (order, facts) = (order(), facts());
        let id = GenerationId::parse("vgen_1").unwrap();
        for (what, fields) in all(&order, &facts, &id) {
            let word = what.word();
            let at = Stamp::first("2026-03-12T09:20:00.412Z".parse().unwrap());
            let event = Event::new(at, JobKey::parse(JOB).unwrap(), 2, what)
                .of_item(Some((IdColumn::Listing, "LST-1")))
                .in_sandbox(true);
            let line = event.line();
            let status = word.as_str();
            let expected = format!(
                "{{\"at\":\"2026-03-12T09:20:00.412Z\",\"job\":\"{JOB}\",\"attempt\":2,\
                 \"status\":\"{status}\",\"listing_id\":\"LST-1\",{fields},\"sandbox\":true}}\n"
            );
            assert_eq!(line, expected);
            let read = Line::parse_whole(&line).unwrap();
            assert_eq!((read.word, read.attempt), (word, 2));
            assert_eq!(read.at, at.time().as_millisecond());
            assert!(read.sandbox && !read.newer && !read.keyless);
            for (name, _) in &read.rest {
                let name = name.as_str();
                let is_column = order.columns.iter().any(|(column, _)| column == name);
                let is_known = LOG_FIELDS.contains(&name) || name == "image_url";
                assert_ne!(is_column, is_known, "{name}");
            }
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let what = What::SubmitFailed(Refusal {
            error: "no",
            http_status: None,
            temporary: false,
        });
        let event = Event::without_job(Timestamp::UNIX_EPOCH, what);
        let line = "{\"at\":\"1970-01-01T00:00:00.000Z\",\"status\":\"submit_failed\",\
                    \"error\":\"no\"}\n";
        assert_eq!(event.line(), line);
    }
}
