//! Lines that the database has not taken in yet, kept on this computer's disk.
//!
//! What has become of a request must outlive this process even while the database is away. A spool is
//! a file of one run, locked as long as that runs, and removed once its lines are in the log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::disk;
use crate::jobs::Ledger;

/// The spool of a run.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    name: String,
    file: Option<(File, PathBuf)>,
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
    /// For a run on the log of this identity. Nothing is made yet.
    pub fn new(identity: &str, run: &str) -> Self {
        Self {
            folder: folder(),
            name: format!("{identity}.{run}.jsonl"),
            file: None,
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
            file.write_all(lines.as_bytes())?;
            disk::sync_data(file)?;
        }
        Ok(())
    }

    fn open(&self) -> io::Result<(File, PathBuf)> {
        private_folder(&self.folder)?;
        let path = self.folder.join(&self.name);
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(&path)?;
        // It is this run's by its name; the lock says that the run is still there.
        file.lock()?;
        disk::sync_folder_of(&path)?;
        Ok((file, path))
    }

    /// All of it is in the log.
    pub fn clear(&mut self) -> io::Result<()> {
        match self.file.take() {
            Some((file, path)) => {
                drop(file);
                fs::remove_file(path)
            }
            None => Ok(()),
        }
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// A spool that an earlier run on this computer has left.
#[derive(Debug)]
pub struct LeftSpool {
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
        drop(self.lock);
        if self.torn {
            let mut name = self.path.clone().into_os_string();
            name.push(".torn");
            return disk::rename(&self.path, Path::new(&name));
        }
        fs::remove_file(&self.path)
    }
}

/// The spools for the log of this identity whose runs are over.
pub fn left_spools(identity: &str) -> io::Result<Vec<LeftSpool>> {
    let entries = match fs::read_dir(folder()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut left = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        let parts: Vec<&str> = name.split('.').collect();
        // What was torn has a further ending.
        if !matches!(parts.as_slice(), [of, _, "jsonl"] if *of == identity) {
            continue;
        }
        let path = entry.path();
        let lock = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        if lock.try_lock().is_err() {
            continue;
        }
        let bytes = fs::read(&path)?;
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
        left.push(LeftSpool {
            lines,
            path,
            lock,
            torn,
        });
    }
    Ok(left)
}
