//! Lines that the database has not taken in yet, kept on this computer's disk.
//!
//! What has become of a request must outlive this process even while the database is away. A spool is
//! a file of one run, locked as long as that runs, and removed once its lines are in the log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::super::file::leads_to;
use crate::disk;
use crate::jobs::Ledger;

/// The spool of a run.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    name: String,
    file: Option<(File, PathBuf)>,
    /// It may end in a part of a line.
    is_torn: bool,
}

/// The folder of this user's spools: where programs keep their state, or where there is none, among
/// the temporary files.
fn folder() -> PathBuf {
    let base = etcetera::choose_base_strategy().ok();
    let base = base.map(|base| base.state_dir().unwrap_or_else(|| base.data_dir()));
    let base = base.unwrap_or_else(std::env::temp_dir);
    base.join("creativeai").join("spool")
}

impl Spool {
    /// For a run on the log of this name. Nothing is made yet.
    pub fn new(log: &str, run: &str) -> Self {
        Self {
            folder: folder(),
            name: format!("{log}.{run}.jsonl"),
            file: None,
            is_torn: false,
        }
    }

    /// The file, once there is one.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(_, path)| path.as_path())
    }

    /// Keeps lines, durably.
    pub fn keep(&mut self, lines: &str) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(self.open()?);
        }
        if let Some((file, _)) = &mut self.file {
            // After a partial line for which there was no room, a new line starts.
            let begins = if self.is_torn { "\n" } else { "" };
            self.is_torn = true;
            file.write_all(begins.as_bytes())?;
            file.write_all(lines.as_bytes())?;
            disk::sync_data(file)?;
            self.is_torn = false;
        }
        Ok(())
    }

    fn open(&self) -> io::Result<(File, PathBuf)> {
        disk::make_folder_of_user(&self.folder)?;
        let path = self.folder.join(&self.name);
        let mut options = disk::options_of_user();
        // Windows does not lock a file that is opened for appending alone.
        options.read(true).append(true).create(true);
        loop {
            let file = options.open(&path)?;
            // It is this run's by its name; the lock says that the run is still there.
            file.lock()?;
            // Before that a run that takes in what others have left may have removed it.
            if leads_to(&path, &file)?.is_some() {
                disk::sync_folder_of(&path)?;
                return Ok((file, path));
            }
        }
    }

    /// All of it is in the log.
    pub fn clear(&mut self) -> io::Result<()> {
        match self.file.take() {
            Some((file, path)) => {
                let removed = fs::remove_file(path);
                // Until then no other process takes it for left.
                drop(file);
                removed
            }
            None => Ok(()),
        }
    }
}

/// A spool that an earlier run on this computer has left.
#[derive(Debug)]
pub struct LeftSpool {
    /// The run's id.
    pub run: String,
    /// Its lines, each with its newline.
    pub lines: String,
    path: PathBuf,
    /// No other process takes it in meanwhile.
    lock: File,
    /// What of it cannot be read, as after a crash in the middle of a line.
    torn: bool,
}

impl LeftSpool {
    /// Its lines are in the log. What could not be read is kept under another name.
    pub fn taken_in(self) -> io::Result<()> {
        let gone = if self.torn {
            let mut name = self.path.clone().into_os_string();
            name.push(".torn");
            disk::rename(&self.path, Path::new(&name))
        } else {
            fs::remove_file(&self.path)
        };
        drop(self.lock);
        gone
    }
}

/// The files of spools for the log of this name, also of runs that are at work.
pub fn spools_of(log: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut spools = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        let run = name
            .strip_prefix(log)
            .and_then(|rest| rest.strip_prefix('.'));
        // What was torn has a further ending.
        if run
            .and_then(|run| run.split_once('.'))
            .is_some_and(|(_, ending)| ending == "jsonl")
        {
            spools.push(entry.path());
        }
    }
    Ok(spools)
}

/// The spools for the log of this name whose runs are over.
pub fn left_spools(log: &str) -> io::Result<Vec<LeftSpool>> {
    let mut left = Vec::new();
    for path in spools_of(log)? {
        let lock = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        // It may have been taken in before it was locked.
        if lock.try_lock().is_err() || leads_to(&path, &lock)?.is_none() {
            continue;
        }
        let mut bytes = Vec::new();
        (&lock).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = String::new();
        let mut torn = false;
        for line in text.lines().filter(|line| !line.is_empty()) {
            if Ledger::accepts(line) {
                lines.push_str(line);
                lines.push('\n');
            } else {
                torn = true;
            }
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let run = name.rsplit('.').next().unwrap_or_default().to_owned();
        left.push(LeftSpool {
            run,
            lines,
            path,
            lock,
            torn,
        });
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_anew_behind_one_for_which_there_was_no_room() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool {
            folder: dir.path().to_owned(),
            name: "log.run.jsonl".to_owned(),
            file: None,
            is_torn: false,
        };
        spool.keep("one\n").unwrap();
        let (file, path) = spool.file.take().unwrap();
        (&file).write_all(b"half of tw").unwrap();
        spool.file = Some((file, path.clone()));
        spool.is_torn = true;
        spool.keep("two\n").unwrap();
        spool.keep("three\n").unwrap();
        // Windows reads a locked file by its own handle alone.
        drop(spool);
        let kept = fs::read_to_string(path).unwrap();
        assert_eq!(kept, "one\nhalf of tw\ntwo\nthree\n");
    }

    /// Waits until something waits for the lock of a file.
    #[cfg(target_os = "linux")]
    fn wait_for_waiter(file: &File) {
        use std::os::unix::fs::MetadataExt;
        let inode = format!(":{} ", file.metadata().unwrap().ino());
        let waits = |line: &str| line.contains("->") && line.contains(&inode);
        while !fs::read_to_string("/proc/locks")
            .unwrap()
            .lines()
            .any(waits)
        {
            std::thread::yield_now();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_that_is_taken_for_left_while_it_is_opened_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.run.jsonl");
        let taker = File::create(&path).unwrap();
        taker.lock().unwrap();
        let mut spool = Spool {
            folder: dir.path().to_owned(),
            name: "log.run.jsonl".to_owned(),
            file: None,
            is_torn: false,
        };
        let keeping = std::thread::spawn(move || spool.keep("line\n").map(|()| spool));
        wait_for_waiter(&taker);
        let left = LeftSpool {
            run: "run".to_owned(),
            lines: String::new(),
            path: path.clone(),
            lock: taker,
            torn: false,
        };
        left.taken_in().unwrap();
        let mut spool = keeping.join().unwrap().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "line\n");
        spool.clear().unwrap();
        assert!(!path.exists());
    }
}
