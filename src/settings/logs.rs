//! Where the job log of sheets is.

use std::path::{Path, PathBuf};

use super::Settings;
use crate::disk;
use crate::exit::Failure;
use crate::journal::Beside;
use crate::text::is_address;

impl Settings {
    /// The job log of these sheets: as [`Settings::jobs_path`], beside the first of them that is a file.
    /// Fails where nothing names it and they are in several folders, since their order would then
    /// decide what counts as ordered; unless of their folders the first one's alone has a log.
    pub fn log_of_sheets(
        &self,
        flag: Option<&Path>,
        sheets: &[PathBuf],
    ) -> Result<PathBuf, Failure> {
        let is_file = |sheet: &&PathBuf| !sheet.to_str().is_some_and(is_address);
        let files = sheets.iter().filter(is_file);
        let logs: Vec<PathBuf> = files
            .map(|sheet| self.jobs_path(flag, Some(sheet)))
            .collect();
        let Some(first) = logs.first() else {
            return Ok(self.jobs_path(flag, None));
        };
        let is_named = flag.is_some() || self.jobs.value.is_some();
        let is_other = |log: &&PathBuf| folder_of(log) != folder_of(first);
        if is_named || !logs.iter().any(|log| is_other(&log)) {
            return Ok(first.clone());
        }
        let existing = logs.iter().filter(is_other).find(|log| is_there(log));
        if is_there(first) && existing.is_none() {
            return Ok(first.clone());
        }
        let likely = existing.unwrap_or(first).display();
        Err(Failure::usage(
            "these sheets are in several folders, and each may have a job log; nothing was sent",
        )
        .help(format!(
            "name the log of them all, the same in every run: --jobs {likely}"
        )))
    }
}

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
fn is_there(log: &Path) -> bool {
    let lock = Beside::Lock.of(log);
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
