//! What a line says beyond whose it is: a type for each kind of line.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::facts::ReportedFacts;
use super::id::{GenerationId, JobKey};
use super::money::Credits;
use super::status::{JobFact, LineStatus, ReviewVerdict, Status, Verdict};

/// What a line says beyond whose it is.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub enum EventKind<'a> {
    /// `submitting`: the request is about to be sent. Durable before it is.
    Submitting(&'a Order),
    /// `unknown`: the request may have been accepted and billed.
    Unknown(Refusal<'a>),
    /// `unknown`: a damaged line speaks of the job, and a person has accepted that.
    MarkedUnknown {
        /// Which line.
        #[serde(flatten)]
        refusal: Refusal<'a>,
        /// The part of the order that was intact in there.
        #[serde(flatten)]
        order: Option<&'a RecoveredOrder>,
    },
    /// `submit_failed`: every request of the attempt is known not to have been accepted.
    SubmitFailed(Refusal<'a>),
    /// `pending`, `processing`, `failed`, `completed`: where the vendor says that it stands.
    Reported(StatusReport<'a>),
    /// `completed`, with `step`: how far a publication has come; `failed`, with `step`: that a target
    /// knows. It changes no state.
    Step(PublicationStep<'a>),
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

/// The part of an order that could be read in a damaged line; the job's key proves it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RecoveredOrder {
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
pub struct StatusReport<'a> {
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
    pub report: ReportedFacts<'a>,
    /// How it came; missing on the reply to a submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

/// A step of a publication that has not come to its end.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PublicationStep<'a> {
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
    pub verdict: ReviewVerdict,
    /// Of the clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation_id: Option<&'a str>,
    /// Who: a user name.
    pub by: &'a str,
}

impl EventKind<'_> {
    /// The word in `status`.
    pub(super) fn word(&self) -> LineStatus {
        match self {
            Self::Submitting(_) => Status::Submitting.into(),
            Self::Unknown(_) | Self::MarkedUnknown { .. } => Status::Unknown.into(),
            Self::SubmitFailed(_) => Status::SubmitFailed.into(),
            Self::Reported(seen) => seen.status.into(),
            Self::Step(step) => step.status.into(),
            Self::Downloaded(_) => JobFact::Downloaded.into(),
            Self::Published(_) => JobFact::Published.into(),
            Self::Resolved(_) => JobFact::Resolved.into(),
            Self::Superseded { .. } => JobFact::Superseded.into(),
            Self::Renamed { .. } => JobFact::Renamed.into(),
            Self::Reviewed(_) => JobFact::Reviewed.into(),
        }
    }
}

impl Serialize for LineStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for ReviewVerdict {
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

fn columns<S: Serializer>(columns: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(columns.len()))?;
    for (name, value) in columns {
        map.serialize_entry(name, value)?;
    }
    map.end()
}
