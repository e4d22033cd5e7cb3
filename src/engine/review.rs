//! What a person thinks of clips, written down: `reviewed` lines.

use jiff::Timestamp;

use crate::jobs::{Event, JobKey, JobView, Look, Review, Status, What};
use crate::journal::{AppendError, LogError, Writer};

/// Lines that are appended at once.
const LINES_AT_ONCE: usize = 1000;

/// A verdict on the clip of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The job.
    pub job: JobKey,
    /// The attempt that brought the clip.
    pub attempt: u32,
    /// What is thought of it.
    pub look: Look,
}

/// Why a verdict says nothing of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stray {
    /// The log knows no such job.
    #[error("the log knows no such job")]
    NoJob,
    /// The attempt has not brought a clip.
    #[error("the log knows no clip of this attempt")]
    NoClip,
    /// Another clip was ordered, or has come, in its place.
    #[error("another clip was ordered in its place")]
    Replaced,
}

/// Why verdicts could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] LogError),
    /// The log cannot be written.
    #[error(transparent)]
    Write(#[from] AppendError),
}

/// Whether a clip of the job waits to be looked at, or was looked at: it is finished, and the job
/// counts.
pub fn has_clip(view: &JobView) -> bool {
    view.state.is_counted() && view.state.status() == Status::Completed
}

/// Whether a verdict can be written down.
pub fn check(verdict: Verdict, view: Option<&JobView>) -> Result<(), Stray> {
    let view = view.ok_or(Stray::NoJob)?;
    let attempt = view.state.attempt(verdict.attempt).ok_or(Stray::NoClip)?;
    if attempt.status() != Status::Completed {
        return Err(Stray::NoClip);
    }
    if view.state.effective().number != verdict.attempt {
        return Err(Stray::Replaced);
    }
    Ok(())
}

/// Writes down what is news of verdicts that were checked; gives how many were. `by` is the user.
pub fn write_down(
    verdicts: &[Verdict],
    writer: &Writer,
    by: &str,
    now: Timestamp,
) -> Result<usize, ReviewError> {
    let mut written = 0;
    for some in verdicts.chunks(LINES_AT_ONCE) {
        let mut lines = String::new();
        for verdict in some {
            let Some(view) = writer.view(verdict.job)? else {
                continue;
            };
            let known = view.state.attempt(verdict.attempt);
            if known.is_some_and(|attempt| attempt.look() == Some(verdict.look)) {
                continue;
            }
            line(*verdict, &view, by, now).write(&mut lines);
            written += 1;
        }
        if !lines.is_empty() {
            writer.append_blocking(&lines)?;
        }
    }
    Ok(written)
}

fn line<'a>(verdict: Verdict, view: &'a JobView, by: &'a str, now: Timestamp) -> Event<'a> {
    let attempt = view.attempts.get(&verdict.attempt);
    let review = Review {
        verdict: verdict.look,
        generation_id: attempt.and_then(|attempt| attempt.generation_id()),
        by,
    };
    let at = view.state.stamp(now);
    Event::new(at, verdict.job, verdict.attempt, What::Reviewed(review))
        .of_item(view.id())
        .in_sandbox(view.state.is_sandbox())
}
