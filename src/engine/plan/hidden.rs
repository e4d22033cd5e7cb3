//! Rows that the spreadsheet program does not show: who filters a sheet to some rows may not want the
//! others ordered. What was ordered once counts on as it is.

use super::decision::Decision;
use super::held::Held;
use super::open::rows_at;
use super::{Plan, PlanError};
use crate::jobs::Ledger;
use crate::manifest::Manifest;

/// Holds the hidden rows that would be sent and that the log does not have. Adds the first ones to
/// `held`, `most_listed` in all.
pub(super) fn hold(
    manifest: &mut Manifest,
    plan: &mut Plan,
    ledger: &Ledger,
    most_listed: usize,
    held: &mut Vec<Held>,
) -> Result<(), PlanError> {
    let mut places = Vec::new();
    for (place, note) in plan.rows.iter_mut().enumerate() {
        let Some(note) = note.as_mut().filter(|note| note.is_hidden) else {
            continue;
        };
        if note.decision == Decision::Send && ledger.job(note.key).is_none() {
            note.decision = Decision::Hidden;
            places.push(place as u32);
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    plan.count();
    let listed = places
        .into_iter()
        .take(most_listed.saturating_sub(held.len()));
    for row in rows_at(manifest, listed)? {
        let (_, row) = row?;
        held.push(Held::of(&row, Decision::Hidden, row.key()));
    }
    Ok(())
}
