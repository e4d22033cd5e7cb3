//! Where the log of a sheet stands.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::journal::CompanionFile;

/// The log of a sheet: beside it, or where it is a link and has none there, beside what it leads to.
pub(super) fn of_sheet(sheet: &Path, name: &str) -> PathBuf {
    let log = sheet.with_file_name(name);
    if sheet.is_symlink()
        && !is_there(&log)
        && let Ok(sheet) = disk::canonicalize(sheet)
    {
        return sheet.with_file_name(name);
    }
    log
}

/// Whether a log is there, or was: its lock stays.
pub(super) fn is_there(log: &Path) -> bool {
    let lock = CompanionFile::Lock.of(log);
    [log, &lock]
        .iter()
        .any(|path| path.symlink_metadata().is_ok())
}

/// The folder of a file, by one name whatever leads there.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    disk::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}
