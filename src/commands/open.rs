//! Opening the logs that commands work on. What fails is reported in words, with the next step.

use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;

use super::damage;
use super::limits::Limits;
use crate::cli::WhereArgs;
use crate::clock;
use crate::engine;
use crate::engine::filter::Filters;
use crate::engine::open::RehearsalError;
use crate::exit::Failure;
use crate::jobs::{GenerationId, JobView, Ledger};
use crate::journal::{self, JobLog, Location, LogError, NotTakenIn, Writer};
use crate::output::{Commands, Printer, failure, words};
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::BaseUrl;

/// What was being done where replies that wait cannot be looked at.
const LOOK: &str = "read what is to be taken back into";

/// Nothing more is sent, settled or copied while replies of an earlier run wait to be taken back into the log:
/// what they report would be ordered again. `untouched` says what has not happened.
pub fn refuse_unrecovered(
    log: &Path,
    name: &Path,
    commands: &Commands,
    untouched: &str,
) -> Result<(), Failure> {
    match unrecovered(log, name, commands)? {
        None => Ok(()),
        Some((what, next)) => Err(Failure::data(format!("{what}; {untouched}")).help(next)),
    }
}

/// Warns a reader of the same: what the log calls unknown may have its answer there.
pub fn warn_unrecovered(
    log: &JobLog,
    name: &Path,
    commands: &Commands,
    printer: &Printer,
) -> Result<(), Failure> {
    let spooled = log.spooled();
    let spooled =
        spooled.map_err(|error| failure::of_log(LogError::io(LOOK, log.path(), error)))?;
    let spooled = spooled.map(|file| {
        let file = file.display();
        (
            format!("{file} keeps replies of a run on this computer that are not in the job log"),
            format!(
                "once that run has ended, `{}` takes them in, as every command does here that writes",
                commands.on_log("reconcile", "")
            ),
        )
    });
    let beside = unrecovered(log.path(), name, commands)?;
    if let Some((what, next)) = spooled.or(beside) {
        printer.warn(escape(&format!(
            "{what}, so what is shown as unknown may have been accepted and paid for. Settle nothing \
             and send nothing again first; {next}"
        )));
    }
    Ok(())
}

/// What keeps replies of an earlier run that the log has to take back, and the next step.
fn unrecovered(
    log: &Path,
    name: &Path,
    commands: &Commands,
) -> Result<Option<(String, String)>, Failure> {
    let waiting = journal::not_taken_in(log, name)
        .map_err(|error| failure::of_log(LogError::io(LOOK, log, error)))?;
    let recover = |file: &str| commands.on_log("reconcile", &format!("--recover {file}"));
    Ok(waiting.map(|waiting| match waiting {
        NotTakenIn::In(file) => {
            let file = file.display().to_string();
            (
                format!("{file} keeps lines of an earlier run that are not in the job log"),
                format!(
                    "take them back with `{}`, then run the same command again",
                    recover(&words::shell_word(&file))
                ),
            )
        }
        NotTakenIn::Elsewhere(file) => (
            format!(
                "{} is empty: an earlier run had lines that are not in the job log, and no room to \
                 keep them there",
                file.display()
            ),
            format!(
                "it printed them as RECOVER lines, and kept them in creativeai-*.recover in the folder \
                 for temporary files if it could: take them back with `{}`; if they are lost, remove \
                 the empty file, and treat what `status` calls unknown as clips that may be paid",
                recover("FILE")
            ),
        ),
    }))
}

/// A spreadsheet is not a log, however it came to be named as one.
pub fn refuse_spreadsheet(path: &Path, ledger: &Ledger) -> Result<(), Failure> {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let is_sheet = ["csv", "tsv", "xlsx", "xls", "ods", "numbers"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known));
    if !is_sheet || !ledger.is_empty() || ledger.unreadable() == 0 {
        return Ok(());
    }
    let shown = path.display().to_string();
    Err(Failure::data(format!(
        "{shown} is not a job log; it looks like a spreadsheet"
    ))
    .help(format!("did you mean `creativeai submit {shown}`?")))
}

/// Nor is a file of anything else: nothing is appended to a key file or to settings.
fn refuse_foreign(path: &Path, writer: &Writer) -> Result<(), Failure> {
    let ledger = writer.ledger();
    refuse_spreadsheet(path, &ledger)?;
    let damage = writer.damage();
    let has_sense = !ledger.is_empty() || damage.iter().any(|d| !d.suspects(&ledger).is_empty());
    let is_blank = ledger.unreadable() == 0 && damage.is_empty();
    if has_sense || is_blank || journal::may_be_torn(path) {
        return Ok(());
    }
    Err(Failure::data(format!(
        "{} is not a job log: no line of it can be read; it was left alone, and nothing was sent",
        path.display()
    ))
    .help("name the job log, or a file that is not there yet for a new one"))
}

/// `--where` as typed.
pub fn filters(args: &WhereArgs) -> Filters {
    let since = args.since.and_then(|since| since.from(clock::now()));
    Filters::new(args.filters.iter().cloned()).since(since)
}

/// Warns of a column that no job has, when nothing has matched.
pub fn warn_of_filters(filters: &Filters, views: impl Iterator<Item = JobView>, printer: &Printer) {
    if let Some(doubt) = filters.doubt(views) {
        printer.warn(doubt);
    }
}

/// Commands that people are shown for the log at `path`, as it was typed. It is named where the
/// command would else take another.
pub fn commands(path: &Path, ledger: &Ledger, settings: &Settings) -> Commands {
    commands_for(path, ledger.is_rehearsal(), settings)
}

/// The same before the log is read; `rehearsal` when it is known to be a sandbox's.
pub fn commands_for(path: &Path, rehearsal: bool, settings: &Settings) -> Commands {
    let becomes_one = rehearsal && !settings.sandbox;
    let is_usual = !becomes_one && path == settings.jobs_path(None, None);
    let name = path.display().to_string();
    Commands::for_log((!is_usual).then_some(&*name))
        .repeating(settings.typed.clone())
        .in_sandbox(rehearsal || settings.sandbox)
        .with_max_attempts(settings.max_attempts)
}

/// Refuses a path without a file. What stands at an address is only known once it is opened.
pub fn refuse_absent(path: &Path) -> Result<(), Failure> {
    if Location::is_address(path) || path.symlink_metadata().is_ok() {
        return Ok(());
    }
    Err(failure::of_log(LogError::Missing(path.to_owned())))
}

/// Reads a log to look at it, and says what is wrong with it.
pub fn read_log(path: &Path, settings: &Settings, printer: &Printer) -> Result<JobLog, Failure> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    failure::warn_of_mismatch(&log, printer);
    damage::warn_of_damage(log.damage(), path, printer);
    Ok(log)
}

/// Locks and reads a log that must exist.
pub fn write_log(
    path: &Path,
    settings: &Settings,
    command: &str,
    limits: &Limits,
    printer: &Printer,
) -> Result<Writer, Failure> {
    refuse_absent(path)?;
    open_writer(
        path,
        || settings.ledger(),
        settings,
        command,
        limits,
        printer,
    )
}

/// Locks and reads a log, or makes it, for commands that learn.
pub fn open_writer(
    path: &Path,
    ledger: impl Fn() -> Ledger,
    settings: &Settings,
    command: &str,
    limits: &Limits,
    printer: &Printer,
) -> Result<Writer, Failure> {
    let writer = open_to_send(path, ledger, settings, command, limits, printer)?;
    writer.check_form().map_err(failure::of_log)?;
    damage::warn(&writer.ledger(), writer.damage(), writer.name(), printer);
    Ok(writer)
}

/// The same for commands that send: what of the log cannot be read, and whether it can be added to,
/// is theirs to check. A run that has nothing to send needs neither.
pub fn open_to_send(
    path: &Path,
    ledger: impl Fn() -> Ledger,
    settings: &Settings,
    command: &str,
    limits: &Limits,
    printer: &Printer,
) -> Result<Writer, Failure> {
    let writer = limits.lock(path, ledger, command, settings, printer)?;
    refuse_foreign(path, &writer)?;
    if writer.begins_anew() {
        // Also with --quiet: what the older log has ordered would be ordered again.
        printer.say(format_args!(
            "warning: a new job log {} is begun, although an older one was here: its lock file is \
             still there. If that log was moved or its disk is not mounted, stop now and put it \
             back, or its orders are placed and paid for again",
            escape(&writer.path().display().to_string())
        ));
    }
    if writer.put_back() > 0 {
        printer.warn(format_args!(
            "{} had lost {} that this computer has read or written there, as after a failover or a \
             restored backup; they were put back. Run `creativeai status` on each other computer \
             that has worked with it: what only that one knows may be ordered and paid for again",
            escape(&writer.name().display().to_string()),
            words::count(writer.put_back(), "line")
        ));
    }
    check_rehearsal(writer.name(), &writer.ledger(), settings)?;
    Ok(writer)
}

/// A rehearsal never writes to a log of live jobs.
pub fn check_rehearsal(path: &Path, ledger: &Ledger, settings: &Settings) -> Result<(), Failure> {
    engine::open::check_rehearsal(path, ledger, settings.sandbox).map_err(|e| of_rehearsal(&e))
}

/// What it means for the run that a rehearsal would write to a log of live jobs.
pub fn of_rehearsal(error: &RehearsalError) -> Failure {
    Failure::config(error.to_string())
        .help("name no log, nor one in CREATIVEAI_JOBS: --sandbox then uses sandbox-jobs.jsonl")
}

/// A sandbox's jobs and live ones never share a log.
pub fn check_mixing(writer: &Writer, settings: &Settings, base: &BaseUrl) -> Result<(), Failure> {
    check_rehearsal(writer.name(), &writer.ledger(), settings)?;
    let mixed = writer
        .ledger()
        .check_mixing(settings.sandbox, base.is_loopback());
    mixed.map_err(|_| {
        Failure::config(format!(
            "{} holds jobs of a sandbox, and live jobs never enter such a log; nothing was sent",
            writer.name().display()
        ))
        .help("name another log, or add --sandbox to go on rehearsing")
    })
}

/// Whether an id may be entered into a log by hand.
pub fn check_id(writer: &Writer, id: &GenerationId) -> Result<(), Failure> {
    if writer.ledger().may_hold(id) {
        return Ok(());
    }
    let path = writer.name().display();
    Err(if id.is_sandbox() {
        Failure::config(format!(
            "{id} is a sandbox's id, and {path} holds live jobs; nothing was changed"
        ))
        .help("name the rehearsal's log")
    } else {
        Failure::config(format!(
            "{id} is not a sandbox's id, and {path} holds jobs of a sandbox; nothing was changed"
        ))
        .help("name the log of the live jobs")
    })
}

/// Reads what other computers have written meanwhile, so that the report at the end is right. Where
/// that fails, the end is reported as far as it is known.
pub async fn look_at_others(writer: &Writer, printer: &Printer) {
    if let Err(error) = writer.refresh().await {
        printer.detail(escape(&error.to_string()));
    }
}

/// Opens an address to serve on.
pub async fn bind(addr: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(addr).await.map_err(|error| {
        Failure::io(format!("cannot listen on {addr}"))
            .because(error)
            .help("another program may use that port; choose one with --addr 127.0.0.1:PORT")
    })
}
