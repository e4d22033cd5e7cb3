//! A pause of everything that orders from a log, until a person lets it go on. It outlives processes
//! and computers.
//!
//! Beside a file it is a file of its own; in a database it is on the log's row, so that whatever claims
//! attempts sees it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file::{CompanionFile, LogError, resolve};
use super::location::Location;
use crate::clock;
use crate::disk;

/// By whom a file's log is paused, and since when; nothing where it is not.
pub(super) fn read(file: &Path) -> Option<String> {
    match fs::read_to_string(file) {
        Ok(text) => Some(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        // It is there, and that is what counts.
        Err(error) => Some(format!("({error})")),
    }
}

/// Pauses the log that `name` means. Returns by whom it was paused already, and since when; then
/// nothing changes.
pub fn pause(name: &Path, by: &str) -> Result<Option<String>, LogError> {
    match Location::of(name)? {
        Location::File(path) => {
            let log = existing(&path)?;
            let file = CompanionFile::Paused.of(&log);
            if let Some(before) = read(&file) {
                return Ok(Some(before));
            }
            write(&file, by).map_err(|error| LogError::io("pause", &log, error))?;
            Ok(None)
        }
        #[cfg(feature = "postgres")]
        Location::Database(address) => {
            super::postgres::pause_log(&address, by).map_err(LogError::Database)
        }
        #[cfg(not(feature = "postgres"))]
        Location::Database(address) => Err(LogError::Database(address.unsupported())),
    }
}

/// Lets the log that `name` means go on. Returns by whom it was paused, and since when, if it was.
pub fn resume(name: &Path) -> Result<Option<String>, LogError> {
    match Location::of(name)? {
        Location::File(path) => {
            let log = existing(&path)?;
            let file = CompanionFile::Paused.of(&log);
            let before = read(&file);
            if before.is_some() {
                fs::remove_file(&file).map_err(|error| LogError::io("resume", &log, error))?;
            }
            Ok(before)
        }
        #[cfg(feature = "postgres")]
        Location::Database(address) => {
            super::postgres::resume_log(&address).map_err(LogError::Database)
        }
        #[cfg(not(feature = "postgres"))]
        Location::Database(address) => Err(LogError::Database(address.unsupported())),
    }
}

/// A slip in a name pauses nothing.
fn existing(path: &Path) -> Result<PathBuf, LogError> {
    let log = resolve(path)?;
    if log.exists() {
        Ok(log)
    } else {
        Err(LogError::Missing(log))
    }
}

fn write(file: &Path, by: &str) -> io::Result<()> {
    let mut options = disk::options_of_user();
    options.write(true).create_new(true);
    let mut new = options.open(file)?;
    writeln!(new, "by {by} since {:.0}", clock::now())?;
    disk::sync_file(&new)?;
    disk::sync_folder_of(file)
}
