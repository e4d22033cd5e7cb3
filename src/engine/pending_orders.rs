//! Rows that runs on this computer are about to order: a note in the folder where programs keep their state.
//!
//! A log says what was ordered. Two runs that start at the same moment, with copies of a sheet and a log
//! each, would find nothing in each other's log. So they look one after the other, and leave behind what they
//! are about to order. Without a folder for a program's state, all else is as it is.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::noted_logs::state_folder;
use crate::disk;
use crate::jobs::JobKey;
use crate::journal::{Lock, LockError};

/// How long a run waits while another one compares its rows.
const TURN: Duration = Duration::from_secs(60);
const EXTENSION: &str = "keys";

/// The notes of the runs that order from one server.
pub struct PendingOrders {
    folder: PathBuf,
    /// The server's address: orders to different servers are different clips.
    server: String,
}

/// What another run is about to order.
pub struct Pending {
    pub log: PathBuf,
    pub keys: HashSet<JobKey>,
}

/// A run's own note. Dropping it removes the note.
pub struct OwnNote(PathBuf);

impl Drop for OwnNote {
    fn drop(&mut self) {
        // Left behind, it counts for nothing: its log is in use by no one.
        let _ = fs::remove_file(&self.0);
    }
}

impl PendingOrders {
    /// This user's; `None` on a computer without a folder for a program's state.
    pub fn of_user(server: &str) -> Option<Self> {
        Self::within(&state_folder()?, server)
    }

    fn within(state: &Path, server: &str) -> Option<Self> {
        let folder = state.join("pending");
        disk::make_folder_of_user(&folder).ok()?;
        Some(Self {
            folder,
            server: server.to_owned(),
        })
    }

    /// Where the notes are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The right to compare rows with other logs and to note them. It is to be held from the look to the
    /// note.
    pub fn turn(&self) -> Result<Lock, LockError> {
        Lock::acquire(&self.folder.join("turn"), "submit", TURN)
    }

    /// What runs with other logs are about to order. Notes of runs that have ended are removed.
    pub fn of_others(&self, log: &Path) -> io::Result<Vec<Pending>> {
        let mut others = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|it| it != EXTENSION) || path == self.file(log) {
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let mut lines = text.lines();
            let other = PathBuf::from(lines.next().unwrap_or_default());
            if !matches!(Lock::holder(&other), Ok(Some(_))) {
                fs::remove_file(&path)?;
            } else if lines.next() == Some(&self.server) {
                let keys = lines.filter_map(JobKey::parse).collect();
                others.push(Pending { log: other, keys });
            }
        }
        Ok(others)
    }

    /// Notes what a run with this log, which it has locked, is about to order.
    pub fn note(&self, log: &Path, keys: impl Iterator<Item = JobKey>) -> io::Result<OwnNote> {
        let name = log.to_str().filter(|name| !name.contains(['\n', '\r']));
        let name = name.ok_or_else(|| io::Error::other("its path is not plain text"))?;
        let note = OwnNote(self.file(log));
        let mut options = disk::options_of_user();
        let options = options.write(true).create(true).truncate(true);
        let mut file = io::BufWriter::new(options.open(&note.0)?);
        writeln!(file, "{name}\n{}", self.server)?;
        for key in keys {
            writeln!(file, "{key}")?;
        }
        file.flush()?;
        Ok(note)
    }

    fn file(&self, log: &Path) -> PathBuf {
        let name = JobKey::digest(&[&log.to_string_lossy()]);
        self.folder.join(format!("{name}.{EXTENSION}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00000000000000ff";

    #[test]
    fn a_run_sees_what_others_are_about_to_order_from_the_same_server() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = ["a.jsonl", "b.jsonl"].map(|name| dir.path().join(name));
        let pending = PendingOrders::within(dir.path(), "https://one").unwrap();
        let elsewhere = PendingOrders::within(dir.path(), "https://two").unwrap();
        let key = JobKey::parse(KEY).unwrap();
        let lock = Lock::acquire(&a, "submit", Duration::ZERO).unwrap();
        let note = pending.note(&a, std::iter::once(key)).unwrap();
        let others = pending.of_others(&b).unwrap();
        assert_eq!(
            (&others[0].log, &others[0].keys),
            (&a, &HashSet::from([key]))
        );
        assert!(pending.of_others(&a).unwrap().is_empty());
        assert!(elsewhere.of_others(&b).unwrap().is_empty());
        drop(note);
        assert!(pending.of_others(&b).unwrap().is_empty());
        // A run that was killed leaves its note, and no one has its log.
        let killed = pending.note(&a, std::iter::once(key)).unwrap();
        let file = killed.0.clone();
        std::mem::forget(killed);
        drop(lock);
        assert!(pending.of_others(&b).unwrap().is_empty());
        assert!(!file.exists());
    }
}
