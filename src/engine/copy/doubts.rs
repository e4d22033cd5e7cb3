//! Attempts that two logs have sent, each on its own, where one of the two sendings is in doubt.
//!
//! In one log the lines of both would stand for one attempt, and what is known of the one would hide
//! that the other may have been billed as well. So the job gets a further attempt, in doubt.

#[cfg(feature = "postgres")]
use std::collections::BTreeMap;
use std::collections::BTreeSet;
#[cfg(feature = "postgres")]
use std::io;

use crate::clock;
#[cfg(feature = "postgres")]
use crate::jobs::Line;
use crate::jobs::{
    AttemptState, Event, EventKind, JobKey, JobState, JobView, Ledger, Lines, Refusal, Status,
};
#[cfg(feature = "postgres")]
use crate::journal::{JobLog, LogError};

/// Whether both hold the same attempt, at least one of them in doubt.
fn may_be_sent_twice(here: &JobState, there: &JobState) -> bool {
    let is_in_doubt = |attempt: &AttemptState| attempt.status() == Status::Unknown;
    here.attempts().any(|attempt| {
        let other = there.attempt(attempt.number);
        other.is_some_and(|other| is_in_doubt(attempt) || is_in_doubt(other))
    })
}

/// The jobs of which both logs hold the same attempt, at least one of them in doubt.
pub fn candidates(from: &Ledger, to: &Ledger) -> Vec<JobKey> {
    let is_one = |job: &&JobState| {
        let other = to.job(job.key);
        other.is_some_and(|other| may_be_sent_twice(job, other))
    };
    from.jobs().filter(is_one).map(|job| job.key).collect()
}

/// The line that marks a job, where each of the logs has sent it on its own: each holds a
/// line that announces the attempt, and the other one does not hold it.
pub fn mark(here: &JobView, there: &JobView) -> Option<Lines> {
    let (ours, theirs) = (announced(here), announced(there));
    let numbers: BTreeSet<u32> = ours
        .difference(&theirs)
        .map(|(number, _)| *number)
        .collect();
    let is_sent_twice = theirs
        .difference(&ours)
        .any(|(number, _)| numbers.contains(number));
    is_sent_twice.then(|| line(&here.state, &there.state))
}

/// The same for jobs of which `there` are all lines of the other log: the lines that mark them. What
/// others write to it meanwhile is not in the log as it was read.
#[cfg(feature = "postgres")]
pub fn mark_all(from: &JobLog, there: &[String]) -> Result<Vec<Lines>, LogError> {
    let mut lines: BTreeMap<JobKey, Vec<&str>> = BTreeMap::new();
    for text in there {
        // What cannot be read says nothing of a job.
        let parts = Line::parts(text).unwrap_or_default();
        if let Some(part) = parts.first() {
            lines.entry(part.job).or_default().push(text);
        }
    }
    let mut marks = Vec::new();
    for (key, lines) in lines {
        let Some(here) = from.ledger().job(key) else {
            continue;
        };
        let there = JobView::fold(key, lines, from.ledger().rates());
        let failed = |error| LogError::io("compare", from.name(), io::Error::other(error));
        let there = there.map_err(failed)?;
        let there = there.filter(|there| may_be_sent_twice(here, &there.state));
        if let (Some(there), Some(here)) = (there, from.view(key)?) {
            marks.extend(mark(&here, &there));
        }
    }
    Ok(marks)
}

/// The lines that announce its attempts, by number.
fn announced(view: &JobView) -> BTreeSet<(u32, &str)> {
    let events = view.events.iter();
    let announcements = events.filter(|event| event.word == Status::Submitting.into());
    announcements
        .map(|event| (event.attempt, &*event.text))
        .collect()
}

fn line(here: &JobState, there: &JobState) -> Lines {
    let number = here.newest().number.max(there.newest().number);
    let now = clock::now();
    let refusal = Refusal {
        error: "two logs that were joined each ordered it; one of the orders is in doubt",
        http_status: None,
        temporary: false,
    };
    let what = EventKind::MarkedUnknown {
        refusal,
        order: None,
    };
    let at = here.stamp(now).max(there.stamp(now));
    Event::new(at, here.key, number.saturating_add(1), what)
        .in_sandbox(here.is_sandbox())
        .into()
}
