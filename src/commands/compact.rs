//! `compact`: the log, without the lines that say nothing more.

use std::fs;
use std::path::Path;

use super::{damage, open};
use crate::cli::CompactArgs;
use crate::exit::Code;
use crate::journal::{self, CompactOptions, CompactSummary, HeldLog, JobLog, Location, LogError};
use crate::output::{Printer, failure, words};
use crate::settings::Settings;
use crate::text::escape;

pub fn run(args: &CompactArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    if Location::is_address(&path) {
        return leave(&path, settings, printer);
    }
    let path = journal::resolve(&path).map_err(failure::of_log)?;
    if !path.exists() {
        return Err(failure::of_log(LogError::Missing(path)).into());
    }
    let held = HeldLog::open(&path, "compact", settings.lock_wait).map_err(failure::of_log)?;
    let log = JobLog::read(&path, settings.ledger()).map_err(failure::of_log)?;
    open::refuse_spreadsheet(&path, log.ledger())?;
    let marks = damage::settle_quoted(&log, args.accept_damage, settings, printer)?;
    let how = CompactOptions {
        keep: args.keep,
        accepted: marks.as_ref(),
    };
    let done = journal::compact(held, log, &how).map_err(failure::of_log)?;
    if printer.options().json {
        return document(&done, printer);
    }
    printer.note(format_args!(
        "compact: {} before, {} after; {} before, {} after",
        words::count(done.lines_before, "line"),
        words::number(done.lines_after),
        words::bytes(done.bytes_before),
        words::bytes(done.bytes_after),
    ));
    if done.torn > 0 {
        printer.note(format_args!(
            "{} that a crash had cut off {} left out",
            words::count(done.torn, "line"),
            if done.torn == 1 { "was" } else { "were" },
        ));
    }
    if let Some(kept) = &done.kept {
        printer.note(format_args!(
            "the old log is {}",
            escape(&kept.display().to_string())
        ));
    }
    Ok(Code::Success)
}

fn document(done: &CompactSummary, printer: &mut Printer) -> anyhow::Result<Code> {
    printer.document(&serde_json::json!({
        "command": "compact",
        "jobs": done.jobs,
        "lines_before": done.lines_before,
        "lines_after": done.lines_after,
        "bytes_before": done.bytes_before,
        "bytes_after": done.bytes_after,
        "unreadable": done.torn + done.damaged,
        "kept": done.kept,
        "exit_code": 0,
    }))?;
    Ok(Code::Success)
}

/// A log in a database stays as it is: every other computer would take a line that is gone for one
/// that the database has lost, and put it back.
fn leave(path: &Path, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    let ledger = log.ledger();
    if printer.options().json {
        let bytes = fs::metadata(log.path())?.len();
        let as_it_is = CompactSummary {
            jobs: ledger.jobs().len() as u64,
            lines_before: ledger.lines(),
            lines_after: ledger.lines(),
            bytes_before: bytes,
            bytes_after: bytes,
            torn: 0,
            damaged: ledger.unreadable(),
            kept: None,
        };
        return document(&as_it_is, printer);
    }
    printer.note(format_args!(
        "compact: {} is unchanged, with {}: a database keeps each line once, and lines are never \
         removed from a log that other computers read",
        escape(&log.name().display().to_string()),
        words::count(ledger.lines(), "line"),
    ));
    Ok(Code::Success)
}
