//! Where the job log of sheets is.

use std::path::{Path, PathBuf};

use super::log_path::{folder_of, is_there};
use super::resolved::Settings;
use crate::exit::Failure;
use crate::output::words::shell_word;

impl Settings {
    /// The job log of these sheets: as [`Settings::jobs_path`], beside the first of them; of one on the web,
    /// in the current folder.
    /// Fails where nothing names it and they are in several folders, since their order would then
    /// decide what counts as ordered.
    pub fn log_of_sheets(
        &self,
        flag: Option<&Path>,
        sheets: &[PathBuf],
    ) -> Result<PathBuf, Failure> {
        let logs: Vec<PathBuf> = sheets
            .iter()
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
        Err(Failure::usage(
            "these sheets are in several folders, and each folder may have a job log; nothing was sent",
        )
        .help(one_log_for(&logs)))
    }
}

/// How sheets of several folders come to one log, without ordering again what one of their logs holds.
fn one_log_for(logs: &[PathBuf]) -> String {
    let mut existing: Vec<&PathBuf> = Vec::new();
    for log in logs.iter().filter(|log| is_there(log)) {
        if !existing
            .iter()
            .any(|known| folder_of(known) == folder_of(log))
        {
            existing.push(log);
        }
    }
    let name = |log: &Path| format!("--jobs {}", shell_word(&log.to_string_lossy()));
    match existing.as_slice() {
        [] => format!(
            "name the log of them all, the same in every run: {}",
            name(&logs[0])
        ),
        [log] => format!(
            "name the log of them all, the same in every run, also for one sheet alone: {}",
            name(log)
        ),
        [all, others @ ..] => {
            let to = shell_word(&all.to_string_lossy());
            let copy = |log: &&PathBuf| {
                let from = shell_word(&log.to_string_lossy());
                format!("creativeai log copy {from} {to}")
            };
            let copies: Vec<String> = others.iter().map(copy).collect();
            format!(
                "submit each folder's sheets in a run of their own; or join the logs with `{}`, and name \
                 the log in every run from then on, also for one sheet alone: {}",
                copies.join("`, `"),
                name(all)
            )
        }
    }
}
