//! Attempts that two logs have sent, each on its own, where one of the two sendings is in doubt.
//!
//! In one log the lines of both would stand for one attempt, and what is known of the one would hide
//! that the other may have been billed as well. So the job gets a further attempt, in doubt.

use std::collections::BTreeSet;

use crate::clock;
use crate::jobs::{AttemptState, Event, JobKey, JobState, JobView, Ledger, Refusal, Status, What};
use crate::journal::{JobLog, LogError};

/// Lines that say so.
#[derive(Debug, Default)]
pub struct Doubts {
    /// The lines, each with its newline.
    pub lines: String,
    /// How many jobs they mark.
    pub jobs: u64,
}

/// The jobs of which both logs hold the same attempt, at least one of them in doubt.
pub fn candidates(from: &Ledger, to: &Ledger) -> Vec<JobKey> {
    let is_in_doubt = |attempt: &AttemptState| attempt.status() == Status::Unknown;
    let is_one = |job: &&JobState| {
        let other = to.job(job.key);
        job.attempts().any(|attempt| {
            let other = other.and_then(|other| other.attempt(attempt.number));
            other.is_some_and(|other| is_in_doubt(attempt) || is_in_doubt(other))
        })
    };
    from.jobs().filter(is_one).map(|job| job.key).collect()
}

/// Marks those of `jobs` that each of the logs has sent on its own: each holds a line that announces
/// the attempt, and the other one does not hold it.
pub fn mark(
    jobs: &[JobKey],
    from: &JobLog,
    to: impl Fn(JobKey) -> Result<Option<JobView>, LogError>,
) -> Result<Doubts, LogError> {
    let mut doubts = Doubts::default();
    for key in jobs {
        let (Some(here), Some(there)) = (from.view(*key)?, to(*key)?) else {
            continue;
        };
        let (ours, theirs) = (announced(&here), announced(&there));
        let numbers: BTreeSet<u32> = ours
            .difference(&theirs)
            .map(|(number, _)| *number)
            .collect();
        let is_sent_twice = theirs
            .difference(&ours)
            .any(|(number, _)| numbers.contains(number));
        if is_sent_twice {
            doubts.lines += &line(&here.state, &there.state);
            doubts.jobs += 1;
        }
    }
    Ok(doubts)
}

/// The lines that announce its attempts, by number.
fn announced(view: &JobView) -> BTreeSet<(u32, &str)> {
    let events = view.events.iter();
    let announcements = events.filter(|event| event.word == Status::Submitting.into());
    announcements
        .map(|event| (event.attempt, &*event.text))
        .collect()
}

fn line(here: &JobState, there: &JobState) -> String {
    let number = here.newest().number.max(there.newest().number);
    let now = clock::now();
    let refusal = Refusal {
        error: "two logs that were copied together have each ordered it; one of the orders is in doubt",
        http_status: None,
        temporary: false,
    };
    let what = What::Doubted {
        refusal,
        order: None,
    };
    let at = here.stamp(now).max(there.stamp(now));
    Event::new(at, here.key, number.saturating_add(1), what)
        .in_sandbox(here.is_sandbox())
        .line()
}
