//! Replies of an earlier run that wait to be taken back into the log.

use std::path::Path;

use super::{commands::Commands, failure, printer::Printer, words};
use crate::exit::Failure;
use crate::journal::{self, JobLog, LogError, UnrecoveredLines};
use crate::text::escape;

/// What was being done where replies that wait cannot be looked at.
const LOOK: &str = "read what is to be taken back into";

/// Nothing more is sent, settled or copied while such replies wait: what they report would be ordered
/// again. `untouched` says what has not happened.
pub fn refuse(
    log: &Path,
    name: &Path,
    commands: &Commands,
    untouched: &str,
) -> Result<(), Failure> {
    match waiting(log, name, commands)? {
        None => Ok(()),
        Some((what, next)) => Err(Failure::data(format!("{what}; {untouched}")).help(next)),
    }
}

/// Warns a reader of the same: what the log calls unknown may have its answer there.
pub fn warn(
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
                "once that run has ended, `{}` adds them, as does every command on this computer that writes",
                commands.on_log("reconcile", "")
            ),
        )
    });
    let beside = waiting(log.path(), name, commands)?;
    if let Some((what, next)) = spooled.or(beside) {
        printer.warn(escape(&format!(
            "{what}, so what is shown as unknown may have been accepted and paid for. Do not \
             settle or resend anything yet; {next}"
        )));
    }
    Ok(())
}

/// What keeps replies of an earlier run that the log has to take back, and the next step.
fn waiting(
    log: &Path,
    name: &Path,
    commands: &Commands,
) -> Result<Option<(String, String)>, Failure> {
    let waiting = journal::not_taken_in(log, name)
        .map_err(|error| failure::of_log(LogError::io(LOOK, log, error)))?;
    let recover = |file: &str| commands.on_log("reconcile", &format!("--recover {file}"));
    Ok(waiting.map(|waiting| match waiting {
        UnrecoveredLines::In(file) => {
            let file = file.display().to_string();
            (
                format!("{file} keeps lines of an earlier run that are not in the job log"),
                format!(
                    "take them back with `{}`, then run the same command again",
                    recover(&words::shell_word(&file))
                ),
            )
        }
        UnrecoveredLines::Elsewhere(file) => (
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
