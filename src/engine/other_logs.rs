//! Other job logs that may know the rows of a log: one beside it that was forgotten, one of the vendor's
//! sample scripts, a copy that a program which keeps folders alike has made, or one in another folder.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::noted_logs::NotedLogs;
use super::pending_orders::Pending;
use super::plan::{self, Allowed, Decision, MOST_LISTED, Plan, PlanError};
use crate::disk;
use crate::jobs::{Ledger, Rates};
use crate::journal::JobLog;
use crate::manifest::Manifest;

/// Logs that are looked into, the newest ones.
const MOST_LOGS: usize = 16;
/// Noted logs that are looked into where the log knows most of the rows, the newest ones.
const MOST_NOTED: usize = 4;
/// How the first line of a file of captures begins, but for its version.
const CAPTURED: &[u8] = b"\"received_at\"";

/// How other logs overlap with rows that are about to be ordered.
pub enum Overlap {
    /// They hold most of the rows, or a copy of the log holds some.
    Most(OtherLogs),
    /// They hold some.
    Some(OtherLogs),
    /// This log was used last on this computer, and cannot be looked into.
    Unread(PathBuf),
    /// None that is known.
    None,
}

/// Logs with rows that are about to be ordered.
#[derive(Debug, Default)]
pub struct OtherLogs {
    /// Their files, the one with the most rows first.
    pub paths: Vec<PathBuf>,
    /// How many of the rows they hold together, or their runs are about to order.
    pub rows: u64,
    /// Whether one of them is a copy of the log.
    pub has_copy: bool,
    /// Whether runs are ordering some of the rows at this moment.
    pub is_ordering: bool,
    /// The log that was used last on this computer, where it cannot be looked into.
    pub unread: Option<PathBuf>,
}

/// Where other logs are looked for.
pub struct SearchScope<'a> {
    /// The log that the rows are to go into.
    pub log: &'a Path,
    /// Folders whose logs may be meant in its place.
    pub folders: &'a [PathBuf],
    /// It knows most of the rows. Then only copies of it in these folders are compared, and of the logs
    /// elsewhere the newest ones by the rows' keys: the folder may have been copied with its log.
    pub knows_most: bool,
    /// What runs with other logs are about to order.
    pub pending: &'a [Pending],
}

/// A log that may be meant.
struct CandidateLog {
    path: PathBuf,
    /// In one of the folders.
    is_near: bool,
    /// In one of the folders, by a name that begins as the log's does.
    is_copy: bool,
}

impl SearchScope<'_> {
    /// How other logs overlap with the first `most` rows that `plan` sends.
    pub fn overlap(
        &self,
        (manifest, plan, most): (&mut Manifest, &Plan, u64),
        rates: &Rates,
    ) -> Result<Overlap, PlanError> {
        let sheets = (manifest, plan, usize::try_from(most).unwrap_or(usize::MAX));
        let mut found = self.find(sheets, rates)?;
        let unread = found.unread.take();
        Ok(
            if found.has_copy || (found.rows > 0 && found.rows * 2 >= most) {
                Overlap::Most(found)
            } else if found.rows > 0 {
                Overlap::Some(found)
            } else {
                unread.map_or(Overlap::None, Overlap::Unread)
            },
        )
    }

    /// The rows of the first `most` that `plan` sends that other logs hold.
    fn find(
        &self,
        (manifest, plan, most): (&mut Manifest, &Plan, usize),
        rates: &Rates,
    ) -> Result<OtherLogs, PlanError> {
        let sent: HashSet<u32> = plan.sent().take(most).collect();
        let noted = NotedLogs::of_user().logs();
        let newest = noted.first().filter(|_| !self.knows_most).cloned();
        let mut found = OtherLogs {
            unread: newest.clone().filter(|log| !log.is_file()),
            ..OtherLogs::default()
        };
        let mut all = HashSet::new();
        let mut counted = Vec::new();
        for log in self.candidates(noted) {
            // Other files may end in .jsonl, too: captures, exports.
            let Ok(other) = JobLog::read(&log.path, Ledger::new(rates.clone())) else {
                continue;
            };
            let ledger = other.ledger();
            if ledger.is_empty() && ledger.unreadable() > 0 && newest.as_ref() == Some(&log.path) {
                found.unread.clone_from(&newest);
            }
            if ledger.is_empty() || ledger.is_rehearsal() {
                continue;
            }
            let mut rows = if self.knows_most && !log.is_copy {
                ordered(plan, ledger)
            } else {
                known(manifest, &other, log.is_near, rates)?
            };
            // A job of this log that a person has replaced may be in an older log as well.
            let is_meant = |row: &u32| log.is_copy || plan.replaced(*row as usize).is_empty();
            rows.retain(|row| sent.contains(row) && is_meant(row));
            found.has_copy |= log.is_copy && !rows.is_empty();
            counted.push((rows.len(), log.path));
            all.extend(rows);
            if counted.len() == MOST_LOGS {
                break;
            }
        }
        for run in self.pending {
            let is_same = |row: &u32| plan.key_at(*row).is_some_and(|key| run.keys.contains(&key));
            let rows: Vec<u32> = sent.iter().copied().filter(is_same).collect();
            if rows.is_empty() {
                continue;
            }
            found.is_ordering = true;
            counted.retain(|(_, log)| *log != run.log);
            counted.push((rows.len(), run.log.clone()));
            all.extend(rows);
        }
        counted.retain(|(rows, _)| *rows > 0);
        counted.sort_by_key(|(rows, _)| Reverse(*rows));
        found.rows = all.len() as u64;
        found.paths = counted.into_iter().map(|(_, path)| path).collect();
        Ok(found)
    }

    /// The logs, the newest first.
    fn candidates(&self, noted: Vec<PathBuf>) -> Vec<CandidateLog> {
        let own = disk::canonicalize(self.log).unwrap_or_else(|_| self.log.to_owned());
        let stem = own.file_stem().unwrap_or_default().to_string_lossy();
        let folders = self.folders.iter().flat_map(|it| disk::canonicalize(it));
        let folders: HashSet<PathBuf> = folders.collect();
        let most = if self.knows_most {
            MOST_NOTED
        } else {
            noted.len()
        };
        // The log itself may be one of them.
        let noted = noted.into_iter().filter(|path| *path != own).take(most);
        let noted: HashSet<PathBuf> = noted.collect();
        let mut paths: BTreeSet<PathBuf> = noted.iter().cloned().collect();
        for folder in &folders {
            // A folder that cannot be listed shows no other log.
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let files = entries.map(|entry| entry.path());
            paths.extend(files.filter(|path| path.extension().is_some_and(|it| it == "jsonl")));
        }
        let paths = paths.into_iter().filter(|path| *path != own);
        let logs = paths.map(|path| {
            let is_near = path.parent().is_some_and(|it| folders.contains(it));
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_copy = is_near && name.starts_with(&*stem);
            CandidateLog {
                path,
                is_near,
                is_copy,
            }
        });
        let is_meant =
            |log: &CandidateLog| !self.knows_most || log.is_copy || noted.contains(&log.path);
        let logs = logs.filter(is_meant);
        let mut logs: Vec<_> = logs.filter(|log| may_be_log(&log.path)).collect();
        logs.sort_by_cached_key(|log| Reverse(changed(&log.path)));
        logs
    }
}

/// The rows that are sent although another log holds an order for just them.
fn ordered(plan: &Plan, ledger: &Ledger) -> HashSet<u32> {
    let is_ordered = |row: &u32| {
        let key = plan.key_at(*row);
        let job = key.and_then(|key| ledger.job(key));
        job.is_some_and(|job| job.maybe_accepted() && !job.is_superseded())
    };
    plan.sent().filter(is_ordered).collect()
}

/// The rows of the manifest about which a log decides that they are not simply sent. Far away, a row with
/// other words may be meant as another clip.
fn known(
    manifest: &mut Manifest,
    log: &JobLog,
    is_near: bool,
    rates: &Rates,
) -> Result<HashSet<u32>, PlanError> {
    let mut plan = Plan::of(manifest, rates).map_err(PlanError::Manifest)?;
    // Hidden rows are held whatever a log says.
    let allowed = Allowed {
        hidden: true,
        ..Allowed::default()
    };
    let as_it_is = Some((log.path(), log.ledger()));
    let found = plan::decide(manifest, &mut plan, as_it_is, allowed, MOST_LISTED)?;
    let rows = plan.places(|decision| decision != Decision::Send);
    let is_meant = |row: &u32| is_near || !found.reworded.contains(row);
    Ok(rows.filter(is_meant).collect())
}

/// Whether a file may be a log: folders fill with captures as well, and those are not read for long.
fn may_be_log(file: &Path) -> bool {
    let mut start = [0; 256];
    let read = file.is_file().then(|| fs::File::open(file));
    let Some(length) = read.and_then(|file| file.ok()?.read(&mut start).ok()) else {
        return false;
    };
    !start[..length]
        .windows(CAPTURED.len())
        .any(|bytes| bytes == CAPTURED)
}

/// When a file was last changed; the files without such a time count as the oldest.
fn changed(file: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(file).and_then(|meta| meta.modified()).ok()
}
