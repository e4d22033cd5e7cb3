//! Rows that were set back to an older version of their clip: its job counts again.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::plan::Plan;
use crate::jobs::{Event, EventKind, JobFact, JobKey, JobState, Ledger, Line, LineStatus, Lines};
use crate::journal::{AppendError, LogError, Writer, map_lines_of};

/// Why a row's older version could not be made to count.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log could not be written.
    #[error(transparent)]
    Write(#[from] AppendError),
}

/// Notes in the log that the jobs which rows were set back to count again, in place of those that
/// replaced them and have no row. Returns how many.
pub async fn note(plan: &Plan, writer: &Writer, sandbox: bool) -> Result<u64, RestoreError> {
    let jobs: Vec<JobKey> = plan.set_back(&writer.ledger()).collect();
    if jobs.is_empty() {
        return Ok(0);
    }
    writer.check_form()?;
    let mut lines = Lines::default();
    {
        let ledger = writer.ledger();
        let replaced = replaced(writer.path(), &ledger)?;
        for &job in &jobs {
            let newer = newest_version(job, &replaced);
            let newer = newer.filter(|key| {
                let counts = |job: &JobState| !job.is_superseded() && !plan.holds(job);
                ledger.job(*key).is_some_and(counts)
            });
            for old in newer.into_iter().chain([job]) {
                if let Some(event) = superseded(old, job, &ledger, writer, sandbox) {
                    lines.push(&event);
                }
            }
        }
    }
    writer.append(&lines).await?;
    Ok(jobs.len() as u64)
}

/// By which job each was replaced last.
fn replaced(log: &Path, ledger: &Ledger) -> Result<HashMap<JobKey, JobKey>, LogError> {
    let read = |text: &str, found: &mut Vec<(i64, JobKey, JobKey)>| {
        if !text.contains("\"superseded\"") {
            return;
        }
        for line in &Line::whole_parts(text).unwrap_or_default() {
            let by = line.other_text("by_job").and_then(|by| JobKey::parse(&by));
            if let (LineStatus::Fact(JobFact::Superseded), Some(by)) = (line.word, by) {
                found.push((line.at, line.job, by));
            }
        }
    };
    let mut newest: HashMap<JobKey, (i64, JobKey)> = HashMap::new();
    map_lines_of(log, ledger, read, |(at, job, by)| {
        let known = newest.entry(job).or_insert((at, by));
        *known = (*known).max((at, by));
    })?;
    Ok(newest.into_iter().map(|(job, (_, by))| (job, by)).collect())
}

/// The job at the end of those that replaced one another, the first one aside.
fn newest_version(job: JobKey, replaced: &HashMap<JobKey, JobKey>) -> Option<JobKey> {
    let mut seen = HashSet::from([job]);
    let next = |job: &JobKey| replaced.get(job).copied();
    std::iter::successors(next(&job), next)
        .take_while(|job| seen.insert(*job))
        .last()
}

fn superseded(
    old: JobKey,
    by_job: JobKey,
    ledger: &Ledger,
    writer: &Writer,
    sandbox: bool,
) -> Option<Event<'static>> {
    let attempt = ledger.job(old)?.newest().number;
    let at = ledger.stamp(old, writer.now());
    let event = Event::new(at, old, attempt, EventKind::Superseded { by_job });
    Some(event.in_sandbox(sandbox))
}
