//! `log`: logs looked after. Here `log accept`: a log that is not as it was left is right all the
//! same.

mod copy;
mod pause;
#[cfg(feature = "postgres")]
mod tables;

use std::io::IsTerminal;
use std::path::Path;

use super::open;
use crate::cli::{AcceptArgs, LogArgs, LogVerb};
use crate::engine::noted_logs::NotedLogs;
use crate::exit::{Code, Failure};
use crate::journal::{FileState, JobLog, Location, LogAcceptance, LogError};
use crate::output::{Commands, Printer, failure, words};
use crate::settings::Settings;
use crate::text::escape;

pub fn run(args: &LogArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    match &args.verb {
        LogVerb::Accept(args) => accept(args, settings, printer),
        #[cfg(feature = "postgres")]
        LogVerb::Init(args) => tables::init(args, printer),
        #[cfg(feature = "postgres")]
        LogVerb::List(args) => tables::list(args, printer),
        #[cfg(feature = "postgres")]
        LogVerb::Upgrade(args) => tables::upgrade(args, printer),
        #[cfg(feature = "postgres")]
        LogVerb::Captures(args) => tables::captures(args, printer),
        LogVerb::Copy(args) => copy::run(args, settings, printer),
        LogVerb::Pause(args) => pause::pause(args, settings, printer),
        LogVerb::Resume(args) => pause::resume(args, settings, printer),
    }
}

fn accept(args: &AcceptArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    if Location::is_address(&path) {
        return Err(never_refused(&path).into());
    }
    let commands = open::commands_for(&path, false, settings);
    let log = LogAcceptance::open(&path, settings.lock_wait).map_err(failure::of_log)?;
    let noted = NotedLogs::of_user();
    let mismatch = log.mismatch().cloned().or_else(|| noted.gone(log.path()));
    let Some(mismatch) = mismatch else {
        if log.is_absent() {
            return Err(failure::of_log(LogError::Missing(path)).into());
        }
        printer.note(format_args!(
            "{} is as it was left; there is nothing to accept",
            escape(&log.path().display().to_string())
        ));
        printer.json(|| document(false, &log))?;
        return Ok(Code::Success);
    };
    printer.say(escape(&mismatch.to_string()));
    printer.say(what_is_there(&log, mismatch.found.as_ref(), settings)?);
    if !args.yes {
        // The question comes after what it is about.
        ask(&commands, printer)?;
    }
    let document = document(true, &log);
    let shown = log.path().display().to_string();
    forget(&noted, &log)?;
    log.accept().map_err(failure::of_log)?;
    printer.note(format_args!(
        "{} is accepted as it is; the next `creativeai submit` continues from there",
        escape(&shown)
    ));
    printer.json(|| document)?;
    Ok(Code::Success)
}

/// Stops expecting a log that is gone.
fn forget(noted: &NotedLogs, log: &LogAcceptance) -> Result<(), Failure> {
    let forgotten = if log.is_absent() {
        noted.forget(log.path())
    } else {
        Ok(())
    };
    forgotten.map_err(|error| {
        let note = noted.path().unwrap_or(Path::new("")).display();
        Failure::io(format!(
            "{note} cannot be written: {error}; nothing was accepted"
        ))
        .help("make room or make it writable, then run the same command again")
    })
}

/// A log in a database is remembered by its lines: each computer puts back those that it has seen.
fn never_refused(path: &Path) -> Failure {
    Failure::config(format!(
        "there is nothing to accept in {}: a log in a database is never refused for being shorter; \
         nothing was changed",
        escape(&path.display().to_string())
    ))
    .help(
        "lines that the database has lost are put back by the next command that writes, on every \
         computer that has seen them; to go on without them, create a new log with `creativeai log \
         init` and copy the right lines into it",
    )
}

fn document(accepted: bool, log: &LogAcceptance) -> serde_json::Value {
    let found = log.mismatch().and_then(|mismatch| mismatch.found.as_ref());
    let remembered = log.remembered();
    serde_json::json!({
        "command": "log accept",
        "accepted": accepted,
        "bytes_remembered": remembered.map(|memory| memory.length),
        "remembered_at": remembered.map(|memory| format!("{:.3}", memory.at())),
        "bytes": found.map(|found| found.length),
        "exit_code": 0,
    })
}

/// What a person weighs: the jobs that the log holds as it is.
fn what_is_there(
    log: &LogAcceptance,
    found: Option<&FileState>,
    settings: &Settings,
) -> Result<String, Failure> {
    if found.is_none() {
        return Ok(
            "If you accept this, the log counts as deleted: the next `creativeai submit` starts a \
                   new log and orders every row."
                .to_owned(),
        );
    }
    let read = JobLog::read(log.path(), settings.ledger()).map_err(failure::of_log)?;
    let ledger = read.ledger();
    let newest = ledger.jobs().len() as u64;
    Ok(format!(
        "It holds {} in {}. Rows that only the lost part knows will be ordered and paid for again.",
        words::count(newest, "job"),
        words::count(ledger.lines(), "line"),
    ))
}

fn ask(commands: &Commands, printer: &Printer) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "without a terminal to ask on, --yes is required; nothing was changed",
        )
        .help(format!(
            "look for the newer log first; if this one is right: `{}`",
            commands.on_log("log accept", "--yes")
        ))
        .into());
    }
    if printer.confirm("Accept the log as it is?")? {
        return Ok(());
    }
    Err(Failure::decision("nothing was changed")
        .help("look for the newer log, and put it back where it was")
        .into())
}
