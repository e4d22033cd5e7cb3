//! Why a clip was not fetched, and what that means to the person.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::facts::Delivery;
use super::lease::LogUnusable;
use super::outcome::{DeliveryFailure, FailureKind, spoils_all};
use crate::engine::stop::{Stop, StopReason};

/// Why a try brought no whole clip. What a link does is worded to follow the link itself:
/// "answers HTTP 410".
#[derive(Debug)]
pub(super) enum FetchError {
    /// This link gives no clip; another link may.
    NoClip(String),
    /// Another try may work, after the time the server asked for.
    Again {
        why: String,
        after: Option<Duration>,
    },
    /// No try and no link will.
    Never(String),
    /// The vendor was asked for the clip once more, and there is none.
    Lost(String),
    /// The link gives no clip, and no fresh one could be asked for.
    RefreshError(RefreshError),
    /// No https connection can be made from this machine.
    Unable(String),
    /// The bucket that clips go to.
    Bucket(BucketError),
    /// This machine's disk.
    Disk(io::Error),
    Log(LogUnusable),
    /// Another computer fetches it, or others of its listing or SKU.
    Another,
}

/// Why a bucket cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketError {
    /// What it means for the exit code.
    pub kind: FailureKind,
    /// Why, with the next step.
    pub why: String,
}

impl From<BucketError> for FetchError {
    fn from(error: BucketError) -> Self {
        Self::Bucket(error)
    }
}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// The vendor could not be asked, or did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshError {
    /// What it means for the exit code.
    pub kind: FailureKind,
    /// Why, in plain words.
    pub why: String,
}

impl RefreshError {
    /// For this reason.
    pub fn new(kind: FailureKind, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { kind, why }
    }
}

impl FetchError {
    /// What it means to the person; `dir` is where the clip was written to. A disk that will take
    /// no other clip either stops this part of the run.
    pub fn explain(self, delivery: &Delivery, dir: &Path, stop: &Stop) -> DeliveryFailure {
        let (kind, message) = match self {
            Self::NoClip(why) | Self::Lost(why) => (
                FailureKind::ForGood,
                format!(
                    "{why}; the clip was rendered and paid: ask the vendor's support for it{}",
                    with_id(delivery)
                ),
            ),
            Self::Again { why, .. } => (
                FailureKind::MayHelp,
                format!(
                    "{why}; run the command again; it continues where it stopped{}",
                    if delivery.is_sandbox {
                        " (it is a rehearsal's clip: add --sandbox, unless `creativeai sandbox` \
                         is running)"
                    } else {
                        ""
                    }
                ),
            ),
            Self::RefreshError(RefreshError { kind, why }) => (
                kind,
                match kind {
                    FailureKind::MayHelp => format!("{why}; run the command again later"),
                    _ => why,
                },
            ),
            Self::Never(why) => (FailureKind::ForGood, format!("{why}{}", with_id(delivery))),
            Self::Unable(why) => (
                FailureKind::Setup,
                format!(
                    "no https connection can be made from this machine ({why}); are the system's \
                     root certificates installed?"
                ),
            ),
            Self::Log(LogUnusable { kind, why }) => {
                (kind, format!("the log cannot be used: {why}"))
            }
            Self::Another => (
                FailureKind::MayHelp,
                "another computer is downloading it; run the command again".to_owned(),
            ),
            Self::Bucket(error) => {
                if error.kind == FailureKind::Setup {
                    // The other clips would meet the same.
                    stop.set(StopReason::Shared);
                }
                (error.kind, error.why)
            }
            Self::Disk(error) => (FailureKind::Disk, disk_message(&error, dir, stop)),
        };
        DeliveryFailure {
            job: delivery.job,
            item: delivery.owner_name(),
            kind,
            message,
        }
    }
}

fn disk_message(error: &io::Error, dir: &Path, stop: &Stop) -> String {
    if spoils_all(error) {
        stop.set(StopReason::Shared);
    }
    format!(
        "cannot write below {}: {error}; make room or choose another folder, then run the command \
         again; it continues where it stopped",
        dir.display()
    )
}

fn with_id(delivery: &Delivery) -> String {
    match &delivery.generation_id {
        Some(id) => format!(" (generation id {id})"),
        None => String::new(),
    }
}
