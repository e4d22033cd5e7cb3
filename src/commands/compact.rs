//! `compact`: the log, one line a job.

use super::open;
use crate::cli::CompactArgs;
use crate::exit::Code;
use crate::job_log::{self, HeldLog, LogError};
use crate::output::{Printer, words};
use crate::settings::Settings;

/// Runs the command.
pub fn run(args: &CompactArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let path = job_log::resolve(&path).map_err(open::log_failure)?;
    if !path.exists() {
        return Err(open::log_failure(LogError::Missing(path)).into());
    }
    let held = HeldLog::open(&path, "compact", settings.lock_wait).map_err(open::log_failure)?;
    let done = job_log::compact(held, open::ledger(settings)).map_err(open::log_failure)?;
    if printer.voice().json {
        printer.document(&serde_json::json!({
            "command": "compact",
            "jobs": done.jobs,
            "lines_before": done.lines_before,
            "bytes_before": done.bytes_before,
            "bytes_after": done.bytes_after,
            "unreadable": done.unreadable,
            "exit_code": 0,
        }))?;
    } else {
        printer.note(format_args!(
            "compact: {} now in {}; {} before, {} after",
            words::count(done.lines_before, "line"),
            words::number(done.jobs),
            words::bytes(done.bytes_before),
            words::bytes(done.bytes_after),
        ));
    }
    Ok(Code::Success)
}
