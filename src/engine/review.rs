//! What a person thinks of clips, written down: `reviewed` lines.

use jiff::Timestamp;

use crate::jobs::{
    Credits, Event, EventKind, JobKey, JobView, Lines, Rates, Review, ReviewVerdict, Status,
};
use crate::journal::{AppendError, LogError, Writer};

/// A verdict on the clip of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipReview {
    /// The job.
    pub job: JobKey,
    /// The attempt that brought the clip.
    pub attempt: u32,
    /// What is thought of it.
    pub look: ReviewVerdict,
}

/// Why a verdict says nothing of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnmatchedReview {
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

/// Why a clip is not ordered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOrdered {
    /// It costs this now, which is not what the person agreed to.
    Price(Credits),
    /// It was ordered this often, which is as often as a clip may be.
    Often(u32),
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderOutcome {
    /// The vendor makes it.
    Accepted,
    /// Nothing was charged, for this reason.
    Refused(String),
    /// It may have been accepted and charged.
    InDoubt,
}

/// What another clip like the job's costs.
pub fn price(view: &JobView, rates: &Rates) -> Credits {
    let attempts = view.attempts.values().rev();
    let mut requests = attempts.filter_map(|attempt| attempt.request.as_ref());
    let request = requests.next();
    request.map_or(Credits::ZERO, |request| rates.of_request(request.get()))
}

/// What is known before anything is sent to be no order; `agreed` is the price that was shown.
pub fn check_order(
    view: &JobView,
    agreed: Credits,
    rates: &Rates,
    max_attempts: u32,
) -> Result<(), NotOrdered> {
    let price = price(view, rates);
    if price != agreed {
        return Err(NotOrdered::Price(price));
    }
    match view.state.tries() {
        attempts if attempts >= max_attempts => Err(NotOrdered::Often(attempts)),
        _ => Ok(()),
    }
}

/// What became of the order that was made after an attempt; `None` where none was.
pub fn ordered_after(view: &JobView, attempt: u32) -> Option<OrderOutcome> {
    let newest = view.state.newest();
    if newest.number <= attempt {
        return None;
    }
    let fields = view.attempts.get(&newest.number);
    let error = || Some(fields?.fields.text("error")?.to_owned());
    Some(match newest.status() {
        Status::SubmitFailed => OrderOutcome::Refused(error().unwrap_or_default()),
        Status::Unknown | Status::Submitting => OrderOutcome::InDoubt,
        _ => OrderOutcome::Accepted,
    })
}

/// Whether a clip of the job waits to be looked at, or was looked at: it is finished, and the job
/// counts.
pub fn has_clip(view: &JobView) -> bool {
    view.state.is_counted() && view.state.status() == Status::Completed
}

/// Whether a verdict can be written down.
pub fn check(verdict: ClipReview, view: Option<&JobView>) -> Result<(), UnmatchedReview> {
    let view = view.ok_or(UnmatchedReview::NoJob)?;
    let attempt = view
        .state
        .attempt(verdict.attempt)
        .ok_or(UnmatchedReview::NoClip)?;
    if attempt.status() != Status::Completed {
        return Err(UnmatchedReview::NoClip);
    }
    if view.state.effective().number != verdict.attempt {
        return Err(UnmatchedReview::Replaced);
    }
    Ok(())
}

/// Writes down what is news of verdicts that were checked; gives how many were. `by` is the user.
pub fn write_down(
    verdicts: &[ClipReview],
    writer: &Writer,
    by: &str,
    now: Timestamp,
) -> Result<usize, ReviewError> {
    let (mut written, mut lines) = (0, Lines::default());
    for verdict in verdicts {
        let Some(view) = writer.view(verdict.job)? else {
            continue;
        };
        let known = view.state.attempt(verdict.attempt);
        if known.is_none_or(|attempt| attempt.look() != Some(verdict.look)) {
            lines.push(&event(*verdict, &view, by, now));
            written += 1;
        }
    }
    writer.append_in_parts(&lines)?;
    Ok(written)
}

fn event<'a>(verdict: ClipReview, view: &'a JobView, by: &'a str, now: Timestamp) -> Event<'a> {
    let attempt = view.attempts.get(&verdict.attempt);
    let review = Review {
        verdict: verdict.look,
        generation_id: attempt.and_then(|attempt| attempt.generation_id()),
        by,
    };
    let at = view.state.stamp(now);
    Event::new(
        at,
        verdict.job,
        verdict.attempt,
        EventKind::Reviewed(review),
    )
    .of_item(view.id())
    .in_sandbox(view.state.is_sandbox())
}
