//! What a person has found out about an attempt: which one is meant, and the line that says so.

use super::named::jobs_named;
use crate::jobs::{
    AttemptState, Event, EventKind, GenerationId, JobKey, JobState, JobView, Lines, Resolution,
    Status, Verdict,
};
use crate::journal::{AppendError, DecisionError, LogError, Writer};
use crate::text::escape;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveVerdict {
    /// It was accepted, under this id.
    Accepted(GenerationId),
    /// It was never accepted.
    NotAccepted,
    /// The job is of no more interest.
    Dismissed,
}

/// Why nothing is written down.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log cannot be written.
    #[error(transparent)]
    Write(#[from] AppendError),
    /// No job goes by this name.
    #[error("no job, listing or SKU is called {}", escape(.0))]
    Unknown(String),
    /// Several jobs go by this name.
    #[error(
        "{} has {} such jobs: {}",
        escape(.0),
        .1.len(),
        .1.iter().map(JobKey::to_string).collect::<Vec<_>>().join(", ")
    )]
    Several(String, Vec<JobKey>),
    /// The job is not in doubt.
    #[error("job {0} is not in doubt; its status is {1}")]
    NotInDoubt(JobKey, Status),
    /// The id is another attempt's.
    #[error("{0} is the id of job {1}, attempt {2}")]
    Owned(GenerationId, JobKey, u32),
    /// A computer is sending it right now: it may be accepted at any moment.
    #[error("job {job} is being sent by {} right now", escape(host))]
    BeingSent {
        job: JobKey,
        /// The computer.
        host: String,
    },
    /// What was decided on is not all that there is.
    #[error("another computer has written about job {0} meanwhile")]
    Outdated(JobKey),
}

/// The job and the attempt that a finding is about.
pub fn attempt_of(
    name: &str,
    finding: &ResolveVerdict,
    writer: &Writer,
) -> Result<(JobKey, u32), ResolveError> {
    let keys = jobs_named(writer.path(), &writer.ledger(), name)?;
    // Asked before the ledger is held, which it reads, too.
    let owner = match finding {
        ResolveVerdict::Accepted(id) => writer.owner_of(id),
        _ => None,
    };
    let ledger = writer.ledger();
    let fits = |key: &JobKey| {
        let job = ledger.job(*key);
        job.is_some_and(|job| can_be_about(job, finding))
    };
    let mut fitting: Vec<JobKey> = keys.iter().copied().filter(fits).collect();
    if fitting.is_empty() {
        fitting = keys;
    }
    let job = match fitting.as_slice() {
        [only] => ledger.job(*only),
        [] => None,
        _ => return Err(ResolveError::Several(name.to_owned(), fitting)),
    };
    let job = job.ok_or_else(|| ResolveError::Unknown(name.to_owned()))?;
    if let Some((_, number)) = owner.filter(|(owner, _)| *owner == job.key) {
        // Saying again what is known takes a verdict back, such as a dismissal.
        return Ok((job.key, number));
    }
    let attempt = match finding {
        ResolveVerdict::Dismissed => Some(job.newest()),
        _ => attempt_in_doubt(job),
    };
    let attempt = attempt.ok_or_else(|| ResolveError::NotInDoubt(job.key, job.status()))?;
    Ok((job.key, attempt.number))
}

/// The attempt in doubt; or, to take a verdict back, the one it was about.
fn attempt_in_doubt(job: &JobState) -> Option<&AttemptState> {
    let in_doubt = job.attempt_in_doubt();
    in_doubt.or_else(|| job.attempts().rfind(|a| was_in_doubt(a)))
}

fn can_be_about(job: &JobState, finding: &ResolveVerdict) -> bool {
    match finding {
        ResolveVerdict::Dismissed => job.status() != Status::Completed && !job.is_dismissed(),
        _ => job.attempts().any(|a| a.status() == Status::Unknown),
    }
}

/// Whether a verdict was about an attempt, which it can take back.
fn was_in_doubt(attempt: &AttemptState) -> bool {
    let proves = |status: &Status| status.is_accepted() && attempt.has_seen(*status);
    attempt.verdict().is_some() && !Status::ALL.iter().any(proves)
}

/// Writes a finding down. `by` is the user, and `sandbox` whether this is a rehearsal.
pub fn write_down(
    finding: &ResolveVerdict,
    (job, attempt): (JobKey, u32),
    writer: &Writer,
    by: &str,
    sandbox: bool,
) -> Result<(), ResolveError> {
    let view = writer.view(job)?;
    let (verdict, id) = match finding {
        ResolveVerdict::Accepted(id) => (Verdict::Accepted, Some(id)),
        ResolveVerdict::NotAccepted => (Verdict::NotAccepted, None),
        ResolveVerdict::Dismissed => (Verdict::Dismissed, None),
    };
    let at = writer.ledger().stamp(job, writer.now());
    let resolution = Resolution {
        verdict,
        generation_id: id,
        by,
    };
    let event = Event::new(at, job, attempt, EventKind::Resolved(resolution))
        .of_item(view.as_ref().and_then(|v| v.id()))
        .in_sandbox(sandbox || view.as_ref().is_some_and(|v| v.state.is_sandbox()));
    let line = Lines::from(event);
    let owned = || {
        let id = id?;
        let (owner, number) = writer
            .owner_of(id)
            .filter(|owner| *owner != (job, attempt))?;
        Some(ResolveError::Owned(id.clone(), owner, number))
    };
    if let Some(owned) = owned() {
        return Err(owned);
    }
    let settled = if verdict == Verdict::NotAccepted {
        writer.settle(job, attempt, &line)
    } else {
        writer.decide(&[job], &[], &line)
    };
    settled.map_err(|unsettled| match unsettled {
        DecisionError::Failed(error) => ResolveError::Write(error),
        DecisionError::BeingSent(host) => ResolveError::BeingSent { job, host },
        // What others have written is folded by then.
        DecisionError::Outdated => owned().unwrap_or(ResolveError::Outdated(job)),
    })
}

/// An id of the job's that the log binds to it, of the newest attempt that has one. Naming it once
/// more takes a dismissal back.
pub fn own_id(view: &JobView, writer: &Writer) -> Option<GenerationId> {
    view.attempts.values().rev().find_map(|attempt| {
        let named = attempt.resolved.text("generation_id");
        let mut ids = attempt.ids.iter().map(String::as_str).chain(named);
        let is_its = |id: &GenerationId| {
            let owner = writer.owner_of(id);
            owner.is_some_and(|(job, _)| job == view.key())
        };
        ids.find_map(|id| GenerationId::parse(id).filter(is_its))
    })
}

/// What a dismissal does not undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DismissalCost {
    /// There is a clip, which was charged.
    Clip,
    /// A clip is being made.
    UnderWay,
    /// An order may have been accepted.
    InDoubt,
    /// Nothing was charged.
    Nothing,
}

impl DismissalCost {
    pub fn of(job: &JobState) -> Self {
        let has = |is: fn(&AttemptState) -> bool| job.attempts().any(is);
        if has(|a| a.status() == Status::Completed) {
            Self::Clip
        } else if has(AttemptState::is_under_way) {
            Self::UnderWay
        } else if has(|a| a.status() == Status::Unknown) {
            Self::InDoubt
        } else {
            Self::Nothing
        }
    }
}

/// Whether a word that the job was not accepted reopens it; if it is in doubt, an id does, too.
pub fn reopens(job: &JobState) -> (bool, bool) {
    let in_doubt = job.attempts().any(|a| a.status() == Status::Unknown);
    (attempt_in_doubt(job).is_some(), in_doubt)
}
