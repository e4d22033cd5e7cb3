//! Captured webhooks, replayed: what they prove goes into the log.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::ingest::{Applied, Ingest, IngestError, PayloadStatus};
use super::observe::Observer;
use crate::jobs::{GenerationId, JobKey};
use crate::webhook::{self, Unreadable, Verification, VerifiedEntry, VerifyKeys};

/// What some captures of one file say.
struct CaptureBatch {
    file: PathBuf,
    /// Each with its place in the file.
    entries: Vec<(usize, Captured)>,
}

/// Where a capture stood.
#[derive(Clone, Copy)]
pub struct CaptureLocation<'a> {
    pub file: &'a Path,
    /// Its place there, from 1.
    pub entry: usize,
}

/// What a capture says.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
enum Captured {
    Verified(PayloadStatus<'static>),
    Rejected(String),
    Unverifiable(Option<GenerationId>, String),
    Unreadable(String),
    NotAWebhook,
}

impl Captured {
    fn of(entry: &VerifiedEntry<'_>) -> Self {
        match &entry.verification {
            Verification::Verified(payload) => {
                Self::Verified(PayloadStatus::of(payload, entry.correlation()).into_owned())
            }
            Verification::Rejected(why) => Self::Rejected(why.to_string()),
            Verification::Unverifiable { doubt, id, .. } => {
                Self::Unverifiable(id.clone(), doubt.to_string())
            }
            Verification::Unreadable(Unreadable::NotAWebhook) => Self::NotAWebhook,
            Verification::Unreadable(why) => Self::Unreadable(why.to_string()),
        }
    }
}

/// What became of a capture.
pub enum ReplayEvent<'a> {
    /// Its payload was taken in.
    Taken(&'a GenerationId, &'a Applied),
    /// It says that a clip is in a status that is not known.
    UnknownWord(&'a GenerationId, &'a str),
    /// It is not the vendor's.
    Rejected(&'a str),
    /// It proves nothing.
    Unverifiable(&'a str),
    /// It cannot be read.
    Unreadable(&'a str),
    /// It is other traffic.
    NotAWebhook,
}

/// Replays everything in `paths`, and gives `report` what becomes of each capture. Gives the jobs
/// with captures that prove nothing: a poll can settle them.
pub fn replay(
    paths: &[PathBuf],
    stdin: impl Read + Send + 'static,
    keys: &VerifyKeys,
    observer: Observer<'_>,
    mut report: impl FnMut(CaptureLocation<'_>, ReplayEvent<'_>),
) -> anyhow::Result<HashSet<JobKey>> {
    let mut doubtful = HashSet::new();
    let mut ingest = Ingest::new(observer);
    webhook::replay(paths, stdin, keys, CaptureBatch::of, |batch| {
        let file = &batch.file;
        for (entry, captured) in batch.entries {
            if let Captured::Unverifiable(Some(id), _) = &captured
                && let Some((job, _)) = observer.writer.owner_of(id)
            {
                doubtful.insert(job);
            }
            take(captured, &mut ingest, |event| {
                report(CaptureLocation { file, entry }, event);
            })?;
        }
        Ok(())
    })?;
    ingest.flush()?;
    Ok(doubtful)
}

fn take(
    captured: Captured,
    ingest: &mut Ingest<'_>,
    mut report: impl FnMut(ReplayEvent<'_>),
) -> Result<(), IngestError> {
    match captured {
        Captured::Verified(PayloadStatus::Seen(seen)) => {
            let id = seen.id.clone();
            report(ReplayEvent::Taken(&id, &ingest.take(seen)?));
        }
        Captured::Verified(PayloadStatus::UnknownWord(id, word)) => {
            report(ReplayEvent::UnknownWord(&id, word.as_str()));
        }
        Captured::Verified(PayloadStatus::Nothing(why)) => report(ReplayEvent::Unreadable(why)),
        Captured::Rejected(why) => report(ReplayEvent::Rejected(&why)),
        Captured::Unverifiable(_, why) => report(ReplayEvent::Unverifiable(&why)),
        Captured::Unreadable(why) => report(ReplayEvent::Unreadable(&why)),
        Captured::NotAWebhook => report(ReplayEvent::NotAWebhook),
    }
    Ok(())
}

impl CaptureBatch {
    /// Runs on every core.
    fn of(entry: &[VerifiedEntry<'_>]) -> Self {
        let first = entry.first();
        Self {
            file: first.map_or_else(PathBuf::new, |first| first.file.to_owned()),
            entries: entry.iter().map(|g| (g.entry, Captured::of(g))).collect(),
        }
    }
}
