//! Logs that stood where another one stands now, or none: their tables were dropped, their server was lost,
//! or the wrong backup was restored. A log that is made anew there is empty, and everything would be ordered
//! again. What this computer remembers of the earlier one says so.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::fault::DatabaseError;
use super::recent::folder;
use super::session::Session;
use crate::jobs::Line;

/// Where a mirror's log was.
#[derive(Deserialize)]
struct State {
    #[serde(default)]
    at: Vec<String>,
}

/// Where a session's log is, by what its address says: each server with the database, the schema and the
/// log's name.
pub(super) fn places(session: &Session) -> Vec<String> {
    let (schema, log) = (session.address.schema(), session.address.log());
    let servers = session.servers.iter();
    servers
        .map(|server| format!("{server}/{schema}/{log}"))
        .collect()
}

/// Whether the log of this mirror's state was at one of these places.
pub(super) fn was_at(state: &Path, places: &[String]) -> bool {
    let text = fs::read(state).unwrap_or_default();
    let state = serde_json::from_slice::<State>(&text);
    state.is_ok_and(|state| state.at.iter().any(|at| places.contains(at)))
}

/// Whether any of these lines is about a live order. Rehearsals are begun anew as one likes.
pub(super) fn has_live(text: &str) -> bool {
    let is_live = |line: &Line<'_>| {
        let is_order = line.request.is_some() || line.generation_id.is_some();
        is_order && !line.is_sandbox()
    };
    text.lines()
        .any(|line| Line::parts(line).is_ok_and(|parts| parts.iter().any(is_live)))
}

/// What is said of a log that is gone, where this computer remembers orders of it.
pub(super) fn gone(session: &Session) -> Option<DatabaseError> {
    let file = remembered(&places(session))?;
    let address = &session.address;
    Some(DatabaseError::config(
        format!(
            "the job log {address} is not there any more, and this computer remembers orders of it in {}",
            file.display()
        ),
        format!(
            "restore the newest backup; or make a new log with `creativeai log init '{address}'`, and on \
             each computer that has worked with the old one run `creativeai status '{address}'`, which \
             has the command that adds what it remembers; nothing was sent"
        ),
    ))
}

/// A mirror with live orders of a log that was at one of these places.
fn remembered(places: &[String]) -> Option<PathBuf> {
    let files = fs::read_dir(folder()?).ok()?;
    let mut states: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    states.retain(|file| file.extension().is_some_and(|ending| ending == "state"));
    states.sort();
    let has_orders = |lines: &PathBuf| fs::read_to_string(lines).is_ok_and(|text| has_live(&text));
    let mut known = states.into_iter().filter(|state| was_at(state, places));
    known.find_map(|state| Some(state.with_extension("jsonl")).filter(has_orders))
}
