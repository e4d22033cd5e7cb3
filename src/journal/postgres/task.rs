//! What a writer asks of a log in a database, and what that comes to.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::announce::{AnnounceRefusal, Announcement};
use super::super::fault::DatabaseError;
use super::super::file::AppendError;
use super::captures::KeptCapture;
use super::leases::Key;
use super::lines::{LineBatch, NewLine};
use crate::jobs::{GenerationId, JobKey};

/// What is asked of the log.
#[derive(Debug)]
pub enum TaskKind {
    /// Lines that are true whatever others write.
    Lines,
    /// The same, which this run has kept on this computer's disk.
    TakeIn(String),
    /// Lines that give an attempt the id of an accepted reply: only while that is not another's.
    Accepted(AcceptedId),
    /// Lines that announce an attempt.
    Announce(Announcement),
    /// Lines that give a claim up: true only as long as it is this run's.
    Withdraw(JobKey, u32),
    /// Makes sure of a claim once more.
    Renew(JobKey, u32),
    /// A person's word that an attempt was not accepted: only once no one may be about to send it, and
    /// while no other computer has written about its job.
    Settle(JobKey, u32),
    /// What a person has decided on what was read: only while that is all there is.
    Decided(DecisionGuard),
    /// That an attempt was accepted under this id: only while that is not another's.
    Bind(JobKey, u32, GenerationId),
    /// The right to fetch or publish something while no other run does.
    Lease(Key),
    /// Only reads what others have written.
    Refresh,
    /// The vendor wants to be left alone for so long.
    Quiet(Duration),
    /// Whether it does, whichever computer it has said so to.
    IsQuiet,
    /// Deliveries, with the lines that say what they have taught.
    Captures(Vec<KeptCapture>),
}

/// What a decision depends on: it is dropped where another computer has written about that since this one
/// has read the log.
#[derive(Debug)]
pub struct DecisionGuard {
    pub jobs: Vec<JobKey>,
    /// Listings or SKUs that get these names, so that no other clip may go by them.
    pub names: Vec<String>,
}

/// An accepted reply's id.
#[derive(Debug)]
pub struct AcceptedId {
    /// The attempt that it was the reply to.
    pub attempt: (JobKey, u32),
    pub id: GenerationId,
    /// What is written where the id has become another's.
    pub otherwise: LineBatch,
}

impl TaskKind {
    /// Whether its lines say what has become of requests, and so must not be lost.
    pub fn is_outcome(&self) -> bool {
        matches!(self, Self::Lines | Self::Accepted(_))
    }

    /// Every line that may be written for it beside its own.
    fn otherwise(&self) -> Option<&LineBatch> {
        match self {
            Self::Accepted(accepted) => Some(&accepted.otherwise),
            _ => None,
        }
    }

    /// Whether it matters that the vendor wants to be left alone, or a person has paused the log.
    pub fn may_be_halted(&self) -> bool {
        matches!(self, Self::Announce(_) | Self::Renew(..) | Self::IsQuiet)
    }

    /// The attempt whose claim matters.
    pub fn attempt(&self) -> Option<(JobKey, u32)> {
        match self {
            Self::Announce(what) => Some((what.job, what.number)),
            Self::Withdraw(job, number) | Self::Renew(job, number) | Self::Settle(job, number) => {
                Some((*job, *number))
            }
            _ => None,
        }
    }
}

/// What something has come to.
#[derive(Clone, Debug)]
pub enum TaskAnswer {
    /// Its lines are in the log.
    Written,
    /// What was to be written otherwise is in the log instead.
    Otherwise,
    /// Its lines are in the log, and the claim is this run's; the computer's uptime before the database confirmed it.
    Granted(Duration),
    /// Nothing was written.
    Refused(AnnounceRefusal),
    /// The claim is not this run's any more; nothing was written.
    Lost,
}

impl TaskAnswer {
    pub(super) fn is_written(&self) -> bool {
        matches!(self, Self::Written | Self::Granted(_) | Self::Otherwise)
    }

    /// Fails where deliveries were not kept: they are decided again when they are redelivered.
    pub fn kept(&self) -> Result<(), AppendError> {
        if self.is_written() {
            return Ok(());
        }
        let error = DatabaseError::temporary(
            "another receiver has since matched the id to a different job; this one was about to \
             match it to another; nothing was written",
            "have the deliveries sent again, or replay them",
        );
        Err(AppendError {
            error: Arc::new(io::Error::other(error)),
            lines: String::new(),
        })
    }
}

pub(super) type TaskResult = Result<TaskAnswer, AppendError>;

/// Something to be done with the next transaction.
#[derive(Debug)]
pub(super) struct Task {
    pub kind: TaskKind,
    pub lines: LineBatch,
    pub done: oneshot::Sender<TaskResult>,
    /// Whether its lines are in the spool.
    pub is_kept: Cell<bool>,
}

impl Task {
    /// Every line that may be written for it.
    pub fn all_lines(&self) -> impl Iterator<Item = &NewLine> {
        let otherwise = self.kind.otherwise().into_iter();
        self.lines
            .lines()
            .chain(otherwise.flat_map(LineBatch::lines))
    }

    /// The lines that are written where it comes to `answer`.
    pub fn written(&self, answer: &TaskAnswer) -> &LineBatch {
        match (answer, self.kind.otherwise()) {
            (TaskAnswer::Otherwise, Some(otherwise)) => otherwise,
            _ => &self.lines,
        }
    }
}
