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
/// At this many lines the file is rewritten with only the newest ones.
const MOST_LINES: usize = 2 * MOST;

/// Where this program keeps its state; `None` on a computer without a folder for that.
pub(super) fn state_folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    Some(state.join("creativeai"))
}

/// The note: a file with a line for each log, its full path.
pub struct NotedLogs(Option<PathBuf>);

impl NotedLogs {
    pub fn of_user() -> Self {
        Self(state_folder().map(|state| state.join("live-logs")))
    }

    /// The file; `None` on a computer without a folder for a program's state.
    pub fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    fn lines(&self) -> Vec<String> {
        // One line that an editor or a disk has spoiled costs no other.
        let text = String::from_utf8_lossy(&self.bytes()).into_owned();
        let text = text.trim_start_matches('\u{feff}');
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

    /// Adds a log, by its full path, or makes it the newest one.
    pub fn add(&self, log: &Path) -> io::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        let line = log.to_str().filter(|line| !line.contains(['\n', '\r']));
        let line = line.ok_or_else(|| io::Error::other("its path is not plain text"))?;
        if self.logs().first().is_some_and(|newest| newest == log) {
            return Ok(());
        }
        // Without a folder for a program's state, as in a container, nothing is noted.
        let folder = path.parent();
        if folder.is_none_or(|folder| disk::make_folder_of_user(folder).is_err()) {
            return Ok(());
        }
        // Added in one piece, so that what another process adds at the same time stays. A line that a
        // full disk has cut off stands alone.
        if path.exists() && !path.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let mut file = disk::options_of_user()
            .append(true)
            .create(true)
            .open(path)?;
        let is_torn = self.bytes().last().is_some_and(|last| *last != b'\n');
        let end = if is_torn { "\n" } else { "" };
        file.write_all(format!("{end}{line}\n").as_bytes())?;
        drop(file);
        if self.lines().len() > MOST_LINES {
            return self.write(&self.logs());
        }
        Ok(())
    }

    fn bytes(&self) -> Vec<u8> {
        let file = self.0.as_ref().filter(|path| path.is_file());
        file.and_then(|path| fs::read(path).ok())
            .unwrap_or_default()
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

    /// The same by the note alone: its folder may be what shows while a disk is not mounted. An empty
    /// file may be the place of one that has not been copied here yet.
    pub fn gone(&self, log: &Path) -> Option<Mismatch> {
        let is_gone = match log.symlink_metadata() {
            Ok(meta) => meta.is_file() && meta.len() == 0 && !journal::is_remembered(log),
            Err(_) => true,
        };
        let is_noted = || self.logs().iter().any(|noted| noted == log);
        (is_gone && is_noted()).then(|| Mismatch {
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
    fn a_line_that_was_cut_off_or_spoiled_costs_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let note = note(&dir);
        note.add(Path::new("/a.jsonl")).unwrap();
        let mut text = fs::read(note.path().unwrap()).unwrap();
        text.splice(0..0, *b"\xef\xbb\xbf");
        text.extend(b"/clips/\xff\n/clips/jo");
        fs::write(note.path().unwrap(), text).unwrap();
        note.add(Path::new("/b.jsonl")).unwrap();
        let logs = note.logs();
        assert_eq!(logs[0], Path::new("/b.jsonl"));
        assert_eq!(logs[3], Path::new("/a.jsonl"));
    }

    #[test]
    fn what_cannot_be_noted_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let note = note(&dir);
        assert!(note.add(Path::new("/clips\n/jobs.jsonl")).is_err());
        fs::create_dir_all(note.path().unwrap()).unwrap();
        assert!(note.logs().is_empty());
        assert!(note.add(Path::new("/a.jsonl")).is_err());
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
