//! Rows whose key is not in the log, compared with its jobs by what makes them the same clip for a
//! person. Nothing is sent before all of them are decided.

use std::path::Path;

use super::alike;
use super::decision::Decision;
use super::held::{Allowed, MovedPhoto, RecognitionResult};
use super::hidden;
use super::known::FoldedLog;
use super::open::{MOST_HELD, OpenRows};
use super::search::{HeldRow, RowSearch};
use super::{Plan, PlanError};
use crate::jobs::Ledger;
use crate::jobs::recognition::{SpellingCause, differences};
use crate::manifest::Manifest;

/// Held rows that are reported one by one; further ones are counted.
pub const MOST_LISTED: usize = 10_000;

/// The columns with what a clip is to show or say.
const WORDS: [&str; 2] = ["prompt", "text"];

/// Decides about every row of the manifest, all of which are noted in `plan`. At most `most_listed`
/// of the held rows are reported one by one.
pub fn decide(
    manifest: &mut Manifest,
    plan: &mut Plan,
    log: Option<(&Path, &Ledger)>,
    allowed: Allowed,
    most_listed: usize,
) -> Result<RecognitionResult, PlanError> {
    let none = Ledger::new(crate::jobs::Rates::default());
    let ledger = log.map_or(&none, |(_, ledger)| ledger);
    let (open, named) = plan.decide(ledger);
    let mut found = match log {
        Some((path, ledger)) if open > 0 && !ledger.is_empty() => {
            let log = FoldedLog { path, ledger };
            let open = plan.open(ledger).collect();
            let open = OpenRows::read(manifest, plan, open, MOST_HELD)?;
            let compared = plan.compared(ledger, &named);
            compare(manifest, plan, log, open, &compared, (allowed, most_listed))?
        }
        _ => RecognitionResult::default(),
    };
    if !allowed.same_clip {
        alike::hold(manifest, plan, ledger, most_listed, &mut found.held)?;
    }
    if !allowed.hidden {
        hidden::hold(manifest, plan, ledger, most_listed, &mut found.held)?;
    }
    Ok(found)
}

/// Compares the open rows with the jobs at whose places `compared` is true.
fn compare(
    manifest: &mut Manifest,
    plan: &mut Plan,
    log: FoldedLog<'_>,
    open: OpenRows,
    compared: &[bool],
    (allowed, most_listed): (Allowed, usize),
) -> Result<RecognitionResult, PlanError> {
    let mut found = RecognitionResult {
        accepted: log.ledger.jobs().filter(|job| job.maybe_accepted()).count() as u64,
        ..RecognitionResult::default()
    };
    if !compared.contains(&true) {
        return Ok(found);
    }
    let known = log.marks(compared, &open.sought)?;
    if known.is_empty() {
        return Ok(found);
    }
    let search = RowSearch::of(plan, log.ledger, &known, allowed, most_listed);
    let held = search.run(manifest, open, &mut found)?;
    plan.count();
    report(log, held, &mut found)?;
    Ok(found)
}

/// Adds rows that are held, with what the log holds of the jobs that stand for them.
fn report(
    log: FoldedLog<'_>,
    rows: Vec<HeldRow>,
    found: &mut RecognitionResult,
) -> Result<(), PlanError> {
    let jobs = rows
        .iter()
        .flat_map(|row| std::iter::once(row.job).chain(row.moved.iter().copied()));
    let ordered = log.ordered(jobs)?;
    for row in rows {
        let mut held = row.held;
        let moved = row.moved.iter().filter_map(|place| {
            let (clip, _) = ordered.get(place)?.clip.as_ref()?;
            Some(MovedPhoto {
                job: log.ledger.job_at(*place)?.key,
                photo: clip.image_url().to_owned(),
            })
        });
        held.moved = moved.collect();
        if let Some(ordered) = ordered.get(&row.job) {
            held.job_id.clone_from(&ordered.id);
            let cause = SpellingCause::of(&held.job_id, &held.id);
            if let Some((old, old_variant)) = &ordered.clip
                && held.reason == Decision::Changed
            {
                let has_other_id = (cause != SpellingCause::Case).then_some("id").into_iter();
                let columns = differences((&row.clip, &row.variant), (old, old_variant));
                held.differs = has_other_id.chain(columns).collect();
                if held.differs.iter().any(|column| WORDS.contains(column)) {
                    found.reworded.insert(row.index as u32);
                }
            }
            if held.reason == Decision::Renamed {
                held.cause = Some(cause);
                *found.causes.entry(cause).or_default() += 1;
            }
        }
        found.held.push(held);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
