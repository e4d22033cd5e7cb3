//! The log of clips that are looked at: read, and verdicts written down.

use std::path::Path;

use crate::disk;
use crate::engine::review::{self, ReviewError, Verdict};
use crate::exit::Failure;
use crate::journal::{JobLog, Writer};
use crate::output::{Printer, damage, failure};
use crate::settings::Settings;

/// Reads a log to look at it, and says what is wrong with it.
pub fn read_log(path: &Path, settings: &Settings, printer: &Printer) -> Result<JobLog, Failure> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    failure::warn_of_mismatch(&log, printer);
    damage::warn_of_damage(log.damage(), path, printer);
    Ok(log)
}

/// Writes verdicts down; how many were new. `next` is the step where the disk is full.
pub fn write_down(verdicts: &[Verdict], writer: &Writer, next: &str) -> Result<usize, Failure> {
    let by = disk::user_and_host();
    review::write_down(verdicts, writer, &by, writer.now()).map_err(|error| match error {
        ReviewError::Read(error) => failure::of_log(error),
        ReviewError::Write(error) => failure::of_append(&error, next),
    })
}
