//! Deliveries as they come: kept in a file or in the log's database, applied to the log, and passed to a
//! command of the user's once their clip has ended.
//!
//! Where captures are in a file, [`CaptureSink`] keeps them and [`Applier`] applies them later. Where the
//! log is in a database, [`DatabaseSink`] and [`Recorder`] do both at once. [`Intake`] is what the two
//! ways share.

mod applier;
mod captures;
mod on_end;
#[cfg(feature = "postgres")]
mod recorder;
mod retry_schedule;

use std::collections::HashSet;
use std::path::Path;

pub use self::applier::Applier;
pub use self::captures::{CaptureFile, CaptureSink};
pub use self::on_end::{CommandEvent as OnEndEvent, CommandStats, EndedJobs, OnEnd};
#[cfg(feature = "postgres")]
pub use self::recorder::{DatabaseSink, Recorder};
use super::ingest::{Applied, Ingest, IngestError};
use super::observe::Observer;
use super::open::RehearsalError;
use crate::clock;
use crate::jobs::{GenerationId, JobKey, Ledger, Observation, Status};
use crate::journal::{LogError, Writer};

/// Who writes to the log, as others see it.
pub const COMMAND: &str = "listen";

/// The log that deliveries are applied to.
#[derive(Clone, Copy)]
pub struct TargetLog<'a> {
    /// Its file or address.
    pub path: &'a Path,
    /// Makes what it is folded into.
    pub ledger: &'a (dyn Fn() -> Ledger + Sync),
    /// Whether it is a rehearsal's.
    pub sandbox: bool,
}

impl TargetLog<'_> {
    fn observer<'w>(&self, writer: &'w Writer) -> Observer<'w> {
        Observer {
            writer,
            clock: &clock::now,
            sandbox: self.sandbox,
        }
    }
}

/// Why captures cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A rehearsal's captures never get into a live log.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    /// The log cannot be read or written.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The capture file cannot be read.
    #[error("{0:#}")]
    Captures(anyhow::Error),
}

/// What a person may want to know.
pub enum IntakeEvent<'e> {
    /// An observation was taken in.
    Taken {
        id: &'e GenerationId,
        /// How it stands.
        status: Status,
        /// What that came to.
        applied: &'e Applied,
        /// The log.
        writer: &'e Writer,
    },
    /// What was taken in is in the log.
    Written,
    /// So many captures are not applied yet.
    Waiting(usize),
    /// So many clips have not ended by the log, and have kept deliveries whose signatures hold with none of
    /// the keys.
    Unverified(u64),
    /// Captures cannot be applied for now, and why.
    Postponed(&'e ReceiveError),
    /// So many captures were not applied until the end; how many is not known where they are only in the
    /// capture file.
    Left(Option<u64>),
}

/// Takes what a person may want to know.
pub type IntakeReporter<'a> = &'a (dyn Fn(IntakeEvent<'_>) + Sync);

/// Takes observations into a log, and passes on the jobs of clips that have ended.
struct Intake<'a> {
    report: IntakeReporter<'a>,
    ended: Option<EndedJobs>,
    /// Jobs of which an end was taken in since the last [`Self::finish`].
    jobs: HashSet<JobKey>,
}

impl<'a> Intake<'a> {
    fn new(report: IntakeReporter<'a>, ended: Option<EndedJobs>) -> Self {
        Self {
            report,
            ended,
            jobs: HashSet::new(),
        }
    }

    fn take(
        &mut self,
        seen: Observation<'static>,
        ingest: &mut Ingest<'_>,
        writer: &Writer,
    ) -> Result<(), IngestError> {
        let (id, status) = (&seen.id.clone(), seen.status);
        let applied = &ingest.take(seen)?;
        (self.report)(IntakeEvent::Taken {
            id,
            status,
            applied,
            writer,
        });
        if status.is_terminal() {
            self.jobs.extend(match applied {
                Applied::New { job, .. } => Some(*job),
                // The receiver that has written it may not have come to the command.
                Applied::Known if writer.is_shared() => writer.owner_of(id).map(|(job, _)| job),
                Applied::Known | Applied::UnknownId(_) => None,
            });
        }
        Ok(())
    }

    /// Makes everything durable, and passes on the jobs of clips that have ended. What is not known to
    /// be written may be all the same: the other side looks into the log.
    fn finish(&mut self, mut ingest: Ingest<'_>, writer: &Writer) -> Result<(), ReceiveError> {
        let written = ingest.flush();
        let may_be_due = |ended: &EndedJobs, job| match writer.view(job) {
            Ok(Some(view)) if written.is_ok() => ended.is_due(&view),
            _ => true,
        };
        let jobs = self.jobs.drain();
        if let Some(ended) = &self.ended {
            jobs.filter(|job| may_be_due(ended, *job))
                .for_each(|job| ended.put(job));
        }
        written?;
        (self.report)(IntakeEvent::Written);
        Ok(())
    }
}
