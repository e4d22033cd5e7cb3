//! What a log or a manifest that cannot be used means for the run, with the next step.

use std::io::ErrorKind;
use std::path::Path;

use super::{absent, commands::Commands, printer::Printer, words};
use crate::disk::path_from_here;
use crate::engine::ingest::IngestError;
use crate::engine::noted_logs::NotedLogs;
use crate::engine::open::RehearsalError;
use crate::engine::plan::PlanError;
use crate::engine::retry::RetryError;
use crate::exit::{Code, Failure};
use crate::jobs::GenerationId;
use crate::journal::{
    self, AppendError, DatabaseError, DatabaseFault, JobLog, LOG_NAME, LogError, Mismatch,
    SANDBOX_LOG_NAME, Writer,
};
use crate::manifest::ManifestError;
use crate::text::escape;

/// The next step where the disk is full.
pub const MAKE_ROOM: &str = "make room on the disk and run the same command again";

/// What a manifest that cannot be read means for the run.
pub fn of_manifest(error: ManifestError) -> Failure {
    let message = error.to_string();
    match error {
        ManifestError::Io { name, source, .. } => Failure::io(message).help(match source.kind() {
            ErrorKind::NotFound | ErrorKind::IsADirectory => absent::of_sheet(&name),
            _ => "name a spreadsheet that you can read; no row was sent".to_owned(),
        }),
        ManifestError::Invalid(_) => {
            Failure::data(format!("the manifest cannot be used:\n{message}"))
                .help("correct the file and run the same command again; no row was sent")
        }
        ManifestError::Changed(_) => Failure::data(message),
        ManifestError::Usage(_) => Failure::usage(message),
    }
}

/// What a log that cannot be used means for the run.
pub fn of_log(error: LogError) -> Failure {
    let message = error.to_string();
    match error {
        LogError::Missing(path) => missing(&path),
        LogError::Form { path, .. } => {
            Failure::data(format!("{message}; nothing was sent")).help(format!(
                "`creativeai compact {}` rewrites it as a log and loses nothing",
                path_from_here(&path).display()
            ))
        }
        LogError::Damaged(_) => Failure::data(format!("{message}; nothing was changed"))
            .help("`creativeai check` names the damaged lines"),
        LogError::NotRegular(_) => Failure::config(message).help("name a file; nothing was sent"),
        LogError::Dangling { target, .. } => Failure::config(format!(
            "{message}; nothing was sent or changed"
        ))
        .help(format!(
            "put the log back there, mount its disk, or correct the link: a new log would order \
                 and pay for everything again. If you do want a new log, create the empty file {} \
                 yourself, and run the same command again",
            target.display()
        )),
        LogError::InICloud(log) => Failure::data(format!("{message}; nothing was sent or changed"))
            .help(format!(
                "open {} in the Finder, so that it is downloaded, and run the same command again: a \
                 new log would order and pay for everything again",
                log.display()
            )),
        LogError::Kept(kept) => {
            Failure::io(format!("{message}; the log was not changed")).help(format!(
                "move or delete {}, or leave out --keep",
                path_from_here(&kept).display()
            ))
        }
        LogError::LinkedLock(_) => Failure::config(format!("{message}; nothing was sent")).help(
            "remove the link; the next command makes the file. To keep the log elsewhere, link the \
             log itself and not its lock",
        ),
        LogError::Locked(_) => Failure::temporary(format!("{message}; nothing was sent")).help(
            "run the same command again when that one is done, or wait longer with --lock-wait 10m",
        ),
        LogError::Changed(mismatch) => changed(&mismatch),
        LogError::Database(error) => of_database(error),
        LogError::Elsewhere {
            log,
            file,
            is_earlier,
            ..
        } => Failure::decision(format!("{message}; nothing was sent"))
            .help(which_log(&log, &file, is_earlier)),
        LogError::Io { doing, path, error }
            if doing.contains("folder") && error.kind() == ErrorKind::NotFound =>
        {
            let folder = path_from_here(&path).display().to_string();
            Failure::io(message).help(format!(
                "make the folder {folder}, or correct its name; nothing was sent"
            ))
        }
        LogError::Io { .. } => Failure::io(message).help(
            "check that the disk has room and that you may read and write there; nothing was sent",
        ),
    }
}

/// What a spreadsheet means that was named as a log.
pub fn of_spreadsheet(path: &Path) -> Failure {
    let shown = path.display();
    Failure::data(format!(
        "{shown} is not a job log; it looks like a spreadsheet"
    ))
    .help(format!("did you mean `creativeai submit {shown}`?"))
}

/// The failure for a file that is not a log.
pub fn of_foreign(path: &Path) -> Failure {
    Failure::data(format!(
        "{} is not a job log: no line of it can be read; it was left alone, and nothing was sent",
        path.display()
    ))
    .help("name the job log, or a file that does not exist yet to start a new log")
}

/// What it means for the run that a rehearsal would write to a log of live jobs.
pub fn of_rehearsal(error: &RehearsalError) -> Failure {
    Failure::config(error.to_string())
        .help("name no log, and unset CREATIVEAI_JOBS: --sandbox then uses sandbox-jobs.jsonl")
}

/// What it means for the run that live jobs would enter the log of a sandbox.
pub fn of_mixing(log: &Path) -> Failure {
    Failure::config(format!(
        "{} holds jobs of a sandbox, and live jobs never enter such a log; nothing was sent",
        log.display()
    ))
    .help("name another log, or add --sandbox to keep rehearsing")
}

/// What an id means that may not be entered into a log by hand.
pub fn of_stray_id(id: &GenerationId, log: &Path) -> Failure {
    let log = log.display();
    let (what, other, named) = if id.is_sandbox() {
        ("a sandbox's id", "no job of a sandbox", "rehearsal's log")
    } else {
        (
            "not a sandbox's id",
            "jobs of a sandbox",
            "log of the live jobs",
        )
    };
    Failure::config(format!(
        "{id} is {what}, and {log} holds {other}; nothing was changed"
    ))
    .help(format!("name the {named}"))
}

/// A log that cannot be read, reported as every command reports it.
pub fn of_reading(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<LogError>() {
        Ok(error) => of_log(error).into(),
        Err(error) => error,
    }
}

/// What a database that cannot be used means for the run.
pub fn of_database(error: DatabaseError) -> Failure {
    Failure::new(code_of(error.kind), error.message).help(error.help)
}

/// How a run ends that a database has kept from its work.
pub fn code_of(fault: DatabaseFault) -> Code {
    match fault {
        DatabaseFault::Config => Code::Config,
        DatabaseFault::Temporary => Code::Temporary,
        DatabaseFault::Io => Code::Io,
    }
}

/// What it means for the run that lines could not be appended; `next` is the step where that is for
/// a file's sake.
pub fn of_append(error: &AppendError, next: &str) -> Failure {
    match error.database() {
        Some(error) => of_database(error.clone()),
        None => Failure::io(format!("the job log cannot be written: {error}")).help(next),
    }
}

/// What it means for the run that captures could not be applied.
pub fn of_ingest(error: IngestError) -> Failure {
    match error {
        IngestError::Read(error) => of_log(error),
        IngestError::Write(error) => of_append(
            &error,
            "make room on the disk and replay again; the captures are untouched, and what the log \
             already knows is skipped",
        ),
    }
}

/// What it means for the run that nothing was decided about a manifest.
pub fn of_plan(error: PlanError) -> Failure {
    match error {
        PlanError::Manifest(error) => of_manifest(error),
        PlanError::Log(error) => of_log(error),
    }
}

/// What it means for the run that an attempt could not be made.
pub fn of_retry(error: RetryError) -> Failure {
    match error {
        RetryError::Log(error) => of_log(error),
        RetryError::Request { .. } => Failure::data(error.to_string()),
    }
}

/// A log that is not as it was left: nothing is decided on it before a person has looked.
fn changed(mismatch: &Mismatch) -> Failure {
    Failure::data(format!("{mismatch}; nothing was sent")).help(what_to_look_for(mismatch))
}

/// What may have happened to a log, and what a person can do.
fn what_to_look_for(mismatch: &Mismatch) -> String {
    let log = mismatch.path.display().to_string();
    let causes = match &mismatch.found {
        None => "moved, deleted, on a disk that is not mounted, or not synced to this computer yet",
        Some(_) => "restored from a backup, cut off, replaced, or not synced to this computer yet",
    };
    format!(
        "it may have been {causes}; what the missing lines had ordered would be ordered and paid \
         for again. Look for the newer file and put it back. If this log is right as it is, run \
         `{}`",
        Commands::for_log(Some(&log)).on_log("log accept", "")
    )
}

/// What a person decides about lines of another database, or of an earlier log.
fn which_log(log: &Path, file: &Path, is_earlier: bool) -> String {
    let [log, file] = [log, file].map(|name| words::shell_word(&name.display().to_string()));
    if is_earlier {
        return format!(
            "what they have ordered would be ordered and paid for again. Add them with `creativeai log \
             copy {file} {log}`, here and on each other computer that has worked with the log. If \
             they no longer matter, remove that file, and you will not be asked again"
        );
    }
    format!(
        "what they have ordered may be ordered and paid for again. If these are orders of this log, \
         as after a backup was restored into a new database, add them with `creativeai log copy \
         {file} {log}`. If they belong to the other database, as to a copy for tests, remove that \
         file, and you will not be asked about those lines again"
    )
}

/// Warns a reader that a log is not as it was left.
pub fn warn_of_mismatch(log: &JobLog, printer: &Printer) {
    if let Some(mismatch) = log.mismatch() {
        warn_that_changed(mismatch, printer);
    }
    if let Some((lines, file)) = log.lost() {
        let name = log.name().display().to_string();
        let file = file.display().to_string();
        let [put_back, kept] = [&name, &file].map(|word| words::shell_word(word));
        printer.warn(escape(&format!(
            "{name} has lost {} that this computer has read or written there, as after a \
             failover or a restored backup; they are kept in {file}. What they had ordered would be ordered and \
             paid for again. Put them back with `creativeai log copy {kept} {put_back}`",
            words::count(lines, "line")
        )));
    }
    if let Err(error) = log.holds_all()
        && let LogError::Elsewhere {
            log,
            file,
            is_earlier,
            ..
        } = &error
    {
        let next = which_log(log, file, *is_earlier);
        printer.warn(escape(&format!("{error}; {next}")));
    }
}

/// Warns who writes to a log that it has lost what was there.
pub fn warn_of_lost(writer: &Writer, printer: &Printer) {
    if writer.begins_anew() {
        // Also with --quiet: what the older log has ordered would be ordered again.
        printer.say(format_args!(
            "warning: starting a new job log {}, although an older one was here: its lock file is \
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
}

/// The same of a mismatch.
pub fn warn_that_changed(mismatch: &Mismatch, printer: &Printer) {
    let next = what_to_look_for(mismatch);
    printer.warn(escape(&format!("{mismatch}; {next}")));
}

/// There is no log at `path`.
fn missing(path: &Path) -> Failure {
    let resolved = journal::resolve(path);
    if let Some(mismatch) = resolved
        .ok()
        .and_then(|log| NotedLogs::of_user().missed(&log))
    {
        return changed(&mismatch);
    }
    let shown = path_from_here(path);
    let usual = path.with_file_name(LOG_NAME);
    let rehearsal = path.with_file_name(SANDBOX_LOG_NAME);
    let name = path.file_name().unwrap_or_default();
    let failure = Failure::io(LogError::Missing(shown.to_owned()).to_string());
    if name == LOG_NAME && rehearsal.is_file() {
        failure.help(format!(
            "{SANDBOX_LOG_NAME} is here: `creativeai status --sandbox` shows the rehearsal"
        ))
    } else if name == LOG_NAME || name == SANDBOX_LOG_NAME {
        failure.help(format!(
            "a log is next to its spreadsheet, and {} has none: go to that folder with cd, or name \
             the log. `creativeai submit MANIFEST` creates one",
            escape(&absent::whole(path.parent().unwrap_or(path)))
        ))
    } else {
        // A new log of that name would order every row once more.
        let here = if usual.is_file() {
            format!("{LOG_NAME} is here; ")
        } else {
            String::new()
        };
        let is_log = path.extension().is_some_and(|ending| ending == "jsonl");
        let step = if is_log {
            "check the name of the log"
        } else {
            "check the name of the log; a listing or a SKU is named with --id"
        };
        failure.help(format!("{here}{step}"))
    }
}
