//! Lines that the log did not take in, kept in a file beside it until `reconcile --recover`.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::companion::CompanionFile;
use super::lock::without_links;
use super::read::for_each_line;
use crate::disk;

/// Where the lines of one log go.
#[derive(Debug)]
pub struct Recovery {
    beside: PathBuf,
    /// The file in use, once there is one.
    file: Mutex<Option<PathBuf>>,
}

impl Recovery {
    pub fn new(log: &Path) -> Self {
        Self {
            beside: CompanionFile::Recover.of(log),
            file: Mutex::default(),
        }
    }

    /// Appends `lines` durably, and returns the file: beside the log, or where that fails, as when
    /// the folder is gone or its disk is full, among the temporary files.
    pub fn keep(&self, lines: &str) -> io::Result<PathBuf> {
        let mut current = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let path = current.as_ref().unwrap_or(&self.beside);
        let path = if append(path, lines).is_ok() {
            path.clone()
        } else {
            let file = tempfile::Builder::new()
                .prefix("creativeai-")
                .suffix(".recover")
                .tempfile()?;
            let (_, path) = file.keep().map_err(|error| error.error)?;
            append(&path, lines)?;
            path
        };
        *current = Some(path.clone());
        Ok(path)
    }
}

/// A link is not followed, and a file of anything else is left alone.
fn append(path: &Path, lines: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    without_links(&mut options);
    let mut file = options.open(path)?;
    let meta = file.metadata()?;
    let mut start = [0];
    let is_ours =
        meta.is_file() && (super::read::read_at(&file, &mut start, 0)? == 0 || start == *b"{");
    if !is_ours {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it holds something else",
        ));
    }
    let written = file
        .write_all(lines.as_bytes())
        .and_then(|()| disk::sync_file(&file));
    if written.is_err() {
        // What was not kept whole is kept elsewhere.
        let _ = file.set_len(meta.len());
        return written;
    }
    disk::sync_folder_of(path)
}

/// Where a run may have kept lines for `log`: beside it, and beside the name it is reached by, since
/// a log that is moved while a run writes to it may have got a link in its old place.
fn places(log: &Path, name: &Path) -> [PathBuf; 2] {
    [
        CompanionFile::Recover.of(log),
        CompanionFile::Recover.of(name),
    ]
}

/// Lines that an earlier run could not write to the log, and that it does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnrecoveredLines {
    /// This file has them.
    In(PathBuf),
    /// This file was made for them and is empty, since there was no room for them either. They were
    /// printed, and kept among the temporary files where that was possible.
    Elsewhere(PathBuf),
}

/// What is left to take back into the log: beside it, or beside the name it is reached by.
pub fn not_taken_in(log: &Path, name: &Path) -> io::Result<Option<UnrecoveredLines>> {
    for path in places(log, name) {
        let kept = match fs::read(&path) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if kept.is_empty() {
            return Ok(Some(UnrecoveredLines::Elsewhere(path)));
        }
        if !holds_all(log, &kept)? {
            return Ok(Some(UnrecoveredLines::In(path)));
        }
    }
    Ok(None)
}

/// Whether the log holds all these lines.
pub fn holds_all(log: &Path, lines: &[u8]) -> io::Result<bool> {
    let mut missing: HashSet<&[u8]> = lines
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .collect();
    if !missing.is_empty() {
        for_each_line(&mut File::open(log)?, |_, line| {
            missing.remove(line.unwrap_or_default().trim().as_bytes());
        })?;
    }
    Ok(missing.is_empty())
}

/// Removes those of the files that [`not_taken_in`] finds which are `file`, whose lines were taken in; and,
/// where lines were `new` to the log, those that are empty, which stood for them. Says which.
pub fn forget_taken_in(
    log: &Path,
    name: &Path,
    file: &Path,
    new: bool,
) -> io::Result<Vec<PathBuf>> {
    let file = disk::canonicalize(file).ok();
    let mut removed = Vec::new();
    for place in places(log, name) {
        // A link is none of ours.
        let meta = fs::symlink_metadata(&place).ok();
        let Some(meta) = meta.filter(fs::Metadata::is_file) else {
            continue;
        };
        if (new && meta.len() == 0) || disk::canonicalize(&place).ok() == file {
            fs::remove_file(&place)?;
            removed.push(place);
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_beside_the_log_until_it_holds_them() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("jobs.jsonl");
        fs::write(&log, "{\"a\":1}\n").unwrap();
        assert_eq!(not_taken_in(&log, &log).unwrap(), None);
        let recovery = Recovery::new(&log);
        let path = recovery.keep("{\"b\":2}\n").unwrap();
        assert_eq!(path, CompanionFile::Recover.of(&log));
        recovery.keep("{\"c\":3}\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"b\":2}\n{\"c\":3}\n");
        let left = not_taken_in(&log, &log).unwrap();
        assert_eq!(left, Some(UnrecoveredLines::In(path)));
        fs::write(&log, "{\"c\":3}\r\n{\"a\":1}\n{\"b\":2}").unwrap();
        assert_eq!(not_taken_in(&log, &log).unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn lines_kept_beside_the_old_place_of_a_moved_log_are_found_by_its_link() {
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join("jobs.jsonl");
        let new = dir.path().join("moved.jsonl");
        fs::write(&new, "{\"a\":1}\n").unwrap();
        let kept = Recovery::new(&old).keep("{\"b\":2}\n").unwrap();
        std::os::unix::fs::symlink(&new, &old).unwrap();
        assert_eq!(not_taken_in(&new, &new).unwrap(), None);
        let left = not_taken_in(&new, &old).unwrap();
        assert_eq!(left, Some(UnrecoveredLines::In(kept.clone())));
        assert!(forget_taken_in(&new, &new, &kept, true).unwrap().is_empty());
        let forgotten = forget_taken_in(&new, &old, &kept, true).unwrap();
        assert_eq!(forgotten, std::slice::from_ref(&kept));
        assert!(!kept.exists());
    }

    // Windows has access lists in place of modes, and lets only administrators make links.
    #[cfg(unix)]
    #[test]
    fn what_is_not_ours_is_left_alone_and_the_lines_are_kept_elsewhere() {
        use std::os::unix::fs::{MetadataExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let precious = dir.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        let linked = dir.path().join("linked.jsonl");
        symlink(&precious, CompanionFile::Recover.of(&linked)).unwrap();
        let taken = dir.path().join("taken.jsonl");
        fs::hard_link(&precious, CompanionFile::Recover.of(&taken)).unwrap();
        let gone = dir.path().join("gone/jobs.jsonl");
        for log in [linked, taken, gone] {
            let recovery = Recovery::new(&log);
            let path = recovery.keep("{\"a\":1}\n").unwrap();
            assert_eq!(recovery.keep("{\"b\":2}\n").unwrap(), path, "the same file");
            assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"b\":2}\n");
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            fs::remove_file(path).unwrap();
        }
        assert_eq!(fs::read_to_string(precious).unwrap(), "kept");
    }
}
