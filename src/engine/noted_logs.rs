//! Which logs of this computer hold live orders: a note where programs keep their state.
//!
//! It decides nothing but what is asked before a log that knows none of a manifest's rows orders them.
//! Without it, as in a container, all else is as it is.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::disk::{self, Readers, Replacement};
use crate::journal::{self, Mismatch};

/// Logs that are noted, the newest ones.
const MOST: usize = 50;
/// So many lines and the file is written anew, with the newest ones.
const MOST_LINES: usize = 2 * MOST;

/// The note: a file with a line for each log, its full path.
pub struct NotedLogs(Option<PathBuf>);

impl NotedLogs {
    /// This user's.
    pub fn of_user() -> Self {
        let base = etcetera::choose_base_strategy().ok();
        let state = base.map(|base| base.state_dir().unwrap_or_else(|| base.data_dir()));
        Self(state.map(|state| state.join("creativeai").join("live-logs")))
    }

    /// The file; `None` on a computer without a folder for a program's state.
    pub fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    fn lines(&self) -> Vec<String> {
        let text = self
            .0
            .as_ref()
            .and_then(|path| fs::read_to_string(path).ok());
        let text = text.unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The logs, the newest first.
    pub fn logs(&self) -> Vec<PathBuf> {
        let mut logs: Vec<PathBuf> = Vec::new();
        for line in self.lines().iter().rev().filter(|line| !line.is_empty()) {
            let log = PathBuf::from(line);
            if logs.len() < MOST && !logs.contains(&log) {
                logs.push(log);
            }
        }
        logs
    }

    /// Adds a log, by its full path, unless it is there.
    pub fn add(&self, log: &Path) -> io::Result<()> {
        let (Some(path), Some(line)) = (&self.0, log.to_str()) else {
            return Ok(());
        };
        if line.contains(['\n', '\r']) || self.logs().iter().any(|noted| noted == log) {
            return Ok(());
        }
        // Without a folder for a program's state nothing is noted.
        if path
            .parent()
            .is_none_or(|folder| disk::make_folder_of_user(folder).is_err())
        {
            return Ok(());
        }
        // Added in one piece, so that what another process adds at the same time stays.
        let mut file = disk::options_of_user()
            .append(true)
            .create(true)
            .open(path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        drop(file);
        if self.lines().len() > MOST_LINES {
            return self.write(&self.logs());
        }
        Ok(())
    }

    /// Takes a log out.
    pub fn forget(&self, log: &Path) -> io::Result<()> {
        let mut logs = self.logs();
        if !logs.iter().any(|noted| noted == log) {
            return Ok(());
        }
        logs.retain(|noted| noted != log);
        self.write(&logs)
    }

    fn write(&self, logs: &[PathBuf]) -> io::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        let new = Replacement::of(path, Readers::User)?;
        let lines = logs.iter().rev().map(|log| format!("{}\n", log.display()));
        new.file()?
            .write_all(lines.collect::<String>().as_bytes())?;
        new.finish()
    }

    /// That the log at this full path is gone, by what its lock remembers or by the note.
    pub fn missed(&self, log: &Path) -> Option<Mismatch> {
        journal::remembered_of_absent(log).or_else(|| self.gone(log))
    }

    /// The same by the note alone: its folder may be what shows while a disk is not mounted.
    pub fn gone(&self, log: &Path) -> Option<Mismatch> {
        let is_noted = || self.logs().iter().any(|noted| noted == log);
        (log.symlink_metadata().is_err() && is_noted()).then(|| Mismatch {
            path: log.to_owned(),
            remembered: None,
            found: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(dir: &tempfile::TempDir) -> NotedLogs {
        NotedLogs(Some(dir.path().join("state/creativeai/live-logs")))
    }

    #[test]
    fn a_log_is_noted_once_and_the_newest_ones_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let note = note(&dir);
        assert!(note.logs().is_empty());
        let log = |n: usize| PathBuf::from(format!("/clips/{n}/jobs.jsonl"));
        for n in 0..=MOST_LINES {
            note.add(&log(n)).unwrap();
            note.add(&log(n)).unwrap();
        }
        let logs = note.logs();
        assert_eq!(logs.len(), MOST);
        assert_eq!(logs[0], log(MOST_LINES));
        assert_eq!(note.lines().len(), MOST);
        note.forget(&logs[0]).unwrap();
        assert_eq!(note.logs(), logs[1..]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let mode = fs::metadata(note.path().unwrap()).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_processes_add_at_the_same_time_is_all_there() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let note = note(&dir);
                scope.spawn(move || note.add(Path::new(&format!("/{n}.jsonl"))).unwrap());
            }
        });
        assert_eq!(note(&dir).logs().len(), 8);
    }

    #[test]
    fn without_a_place_nothing_is_noted_and_nothing_fails() {
        let log = Path::new("/clips/jobs.jsonl");
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("state"), "no folder").unwrap();
        for note in [NotedLogs(None), note(&dir)] {
            note.add(log).unwrap();
            note.forget(log).unwrap();
            assert!(note.logs().is_empty() && note.missed(log).is_none());
        }
    }
}
