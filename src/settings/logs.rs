//! Where the job log of sheets is.

use std::path::{Path, PathBuf};

use super::place::{folder_of, is_there};
use super::resolved::Settings;
use crate::exit::Failure;
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
