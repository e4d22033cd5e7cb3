//! Other job logs that may know the rows of a log: one beside it that was forgotten, one of the vendor's
//! sample scripts, a copy that a program which keeps folders alike has made, or one in another folder.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::noted_logs::NotedLogs;
use super::plan::{self, Allowed, Decision, Plan, PlanError};
use crate::disk;
use crate::jobs::{Ledger, Rates};
use crate::journal::JobLog;
use crate::manifest::Manifest;

/// Logs that are looked into, the newest ones.
const MOST_LOGS: usize = 16;

/// A log with rows that are about to be ordered.
#[derive(Debug)]
pub struct OtherLog {
    /// Its file.
    pub path: PathBuf,
    /// How many of the rows it holds.
    pub rows: u64,
}

/// Which logs are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All in the folders: the log of this run holds nothing yet.
    All,
    /// Those in the folders whose names begin as the log's does: copies that were made of it.
    Copies,
    /// Those that are noted on this computer: the log of this run holds none of the rows.
    Noted,
}

impl Which {
    /// The logs, the newest first; not the one at `log`.
    fn logs(self, folders: &[PathBuf], log: &Path) -> Vec<PathBuf> {
        let own = disk::canonicalize(log).unwrap_or_else(|_| log.to_owned());
        let mut logs = match self {
            Self::Noted => NotedLogs::of_user().logs(),
            Self::All | Self::Copies => in_folders(folders, log, self),
        };
        logs.retain(|path| *path != own && path.is_file());
        // One that is in use every day may have been noted long ago.
        logs.sort_by_cached_key(|path| (Reverse(changed(path)), path.clone()));
        logs.truncate(MOST_LOGS);
        logs
    }

    /// Whether a log of these holds a row about which it decides so. Far away, a row with other words may
    /// be meant as another clip.
    fn holds(self, decision: Decision) -> bool {
        decision != Decision::Send && (self != Self::Noted || decision != Decision::Changed)
    }
}

/// The log of these that holds most of the rows that `plan` sends; not the one at `log`.
pub fn find(
    folders: &[PathBuf],
    log: &Path,
    which: Which,
    (manifest, plan): (&mut Manifest, &Plan),
    rates: &Rates,
) -> Result<Option<OtherLog>, PlanError> {
    let sent: HashSet<u32> = plan.sent().collect();
    let mut found: Option<OtherLog> = None;
    for path in which.logs(folders, log) {
        // Other files may end in .jsonl, too: captures, exports.
        let Ok(other) = JobLog::read(&path, Ledger::new(rates.clone())) else {
            continue;
        };
        let ledger = other.ledger();
        if ledger.is_empty() || ledger.is_rehearsal() {
            continue;
        }
        let mut known = Plan::of(manifest, rates).map_err(PlanError::Manifest)?;
        // Hidden rows are held whatever a log says.
        let allowed = Allowed {
            hidden: true,
            ..Allowed::default()
        };
        let as_it_is = Some((other.path(), ledger));
        plan::decide(manifest, &mut known, as_it_is, allowed, 0)?;
        let held = known.places(|decision| which.holds(decision));
        let rows = held.filter(|place| sent.contains(place)).count() as u64;
        if rows > found.as_ref().map_or(0, |found| found.rows) {
            found = Some(OtherLog { path, rows });
        }
    }
    Ok(found)
}

fn in_folders(folders: &[PathBuf], log: &Path, which: Which) -> Vec<PathBuf> {
    let stem = log.file_stem().unwrap_or_default().to_string_lossy();
    let is_candidate = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        path.extension().is_some_and(|ending| ending == "jsonl")
            && (which == Which::All || name.starts_with(&*stem))
    };
    let mut logs = Vec::new();
    let mut seen = HashSet::new();
    for folder in folders {
        let Ok(folder) = disk::canonicalize(folder) else {
            continue;
        };
        if seen.insert(folder.clone()) {
            // A folder that cannot be listed shows no other log.
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let paths = entries.map(|entry| entry.path());
            logs.extend(paths.filter(is_candidate));
        }
    }
    logs
}

/// When a file was last changed; the files without such a time count as the oldest.
fn changed(file: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(file).and_then(|meta| meta.modified()).ok()
}
