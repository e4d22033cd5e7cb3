//! A log that cannot be read in full: what its damaged lines may have ordered is marked as in doubt.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use crate::jobs::{
    AcceptedDamage, Event, EventKind, IdColumn, JobKey, JobState, Ledger, Lines, RecoveredOrder,
    Refusal,
};
use crate::journal::{Damage, JobLog, LogError, Suspect};

/// Lines that keep the jobs of damaged lines from being sent.
#[derive(Default)]
pub struct DoubtMarks {
    pub lines: Lines,
    /// How many they are.
    pub count: u64,
}

/// Lines that mark as in doubt what `damage` speaks of; `empty` is a ledger that keeps where lines
/// stand.
pub fn marks(
    damage: &[Damage],
    ledger: &Ledger,
    path: &Path,
    empty: Ledger,
    sandbox: bool,
    now: Timestamp,
) -> Result<DoubtMarks, LogError> {
    let in_sandbox = sandbox || ledger.is_rehearsal();
    let mut marks = DoubtMarks::default();
    let mut marked = BTreeSet::new();
    let mut items = BTreeSet::new();
    let mut add = |job: Option<(JobKey, u32)>,
                   item: Option<(IdColumn, &str)>,
                   order: Option<&RecoveredOrder>,
                   line: u64| {
        let error = format!("line {line} of the log is damaged; it may have been ordered");
        let refusal = Refusal {
            error: &error,
            http_status: None,
            temporary: false,
        };
        let what = EventKind::MarkedUnknown { refusal, order };
        let event = match job {
            Some((key, number)) => Event::new(ledger.stamp(key, now), key, number, what),
            None => Event::without_job(now, what),
        };
        marks
            .lines
            .push(&event.of_item(item).in_sandbox(in_sandbox));
        marks.count += 1;
    };
    for found in damage {
        for suspect in found.suspects(ledger) {
            match suspect {
                Suspect::Job(key, attempt) => {
                    let number = attempt_in_doubt(ledger.job(key), attempt);
                    if let Some(number) = number.filter(|_| marked.insert(key)) {
                        // These recognize the job's row when its key changes.
                        let item = found.item().map(|(column, id)| (*column, id.as_str()));
                        let order = found.order_of(key);
                        add(Some((key, number)), item, order, found.line);
                    }
                }
                Suspect::Item(column, id) => {
                    if items.insert(id.clone()) {
                        add(None, Some((column, &id)), None, found.line);
                    }
                }
            }
        }
    }
    for (key, number, line) in jobs_of(&items, damage, path, empty)? {
        if marked.insert(key) {
            add(Some((key, number)), None, None, line);
        }
    }
    Ok(marks)
}

/// The attempt to be marked as unknown, so that the job is not sent: the one that was named, unless
/// it has ended; then the next one. `None` where the job is never sent anyhow.
fn attempt_in_doubt(job: Option<&JobState>, named: Option<u32>) -> Option<u32> {
    let Some(job) = job else {
        return Some(named.unwrap_or(1));
    };
    if !job.may_get_new_attempt() {
        return None;
    }
    let newest = job.newest().number;
    let number = named.unwrap_or(newest);
    Some(match job.attempt(number) {
        Some(_) => newest.saturating_add(1),
        None => number,
    })
}

/// Jobs of listings or SKUs that damaged lines name, which a run might send again.
fn jobs_of(
    items: &BTreeSet<String>,
    damage: &[Damage],
    path: &Path,
    empty: Ledger,
) -> Result<Vec<(JobKey, u32, u64)>, LogError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let line = damage.first().map_or(0, |found| found.line);
    // The writer's ledger may not keep where lines stand.
    let log = JobLog::read(path, empty)?;
    let jobs = log.ledger().jobs();
    let keys = jobs.filter_map(|job| Some((job.key, attempt_in_doubt(Some(job), None)?)));
    let mut found = Vec::new();
    for (key, number) in keys {
        let view = log.view(key)?;
        let is_theirs = view
            .as_ref()
            .and_then(|view| view.id())
            .is_some_and(|(_, id)| items.contains(id));
        if is_theirs {
            found.push((key, number, line));
        }
    }
    Ok(found)
}

/// The lines that say that a person has accepted the damage.
pub fn accepted(damage: &[Damage], now: Timestamp) -> Lines {
    let line = |found: &Damage| {
        let accepted = AcceptedDamage {
            digest: found.digest,
            text: None,
        };
        Lines::verbatim(&accepted.line(now))
    };
    damage.iter().map(line).collect()
}
