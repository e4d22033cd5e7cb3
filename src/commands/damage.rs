//! A log that cannot be read in full: nothing is sent before a person has agreed to what that means.

use std::path::Path;

use super::open::OpenLog;
use crate::clock;
use crate::disk::path_from_here;
use crate::engine::damage::{DoubtMarks, accepted, marks};
use crate::exit::Failure;
use crate::jobs::{Ledger, Lines};
use crate::journal::{Damage, JobLog};
use crate::output::damage::{self, warn_of_marks, warn_of_torn};
use crate::output::{Printer, failure};
use crate::settings::Settings;

pub use crate::output::damage::{warn, warn_of_damage};

/// Before anything is sent: a damaged log stops the run, unless the damage is accepted. Then the
/// jobs it speaks of are marked as in doubt first, durably, so that they are not sent.
/// `accepting` is how a person accepts it.
pub async fn settle(
    log: &OpenLog<'_>,
    accept: bool,
    accepting: &str,
    printer: &Printer,
) -> Result<(), Failure> {
    let writer = &log.writer;
    let damage = writer.damage();
    warn_of_torn(&writer.ledger(), damage, writer.path(), printer);
    if damage.is_empty() {
        return Ok(());
    }
    if !accept {
        let (ledger, path) = (&writer.ledger(), writer.path());
        return Err(refusal(damage, ledger, path, "sent", accepting));
    }
    writer.check_form().map_err(failure::of_log)?;
    let marks = marks_of(damage, &writer.ledger(), writer.path(), log.settings)?;
    let mut lines = marks.lines;
    lines.extend([accepted(damage, clock::now())]);
    writer.append(&lines).await.map_err(|error| {
        Failure::io(format!("the job log cannot be written: {error}"))
            .help("make room on the disk and run the same command again; nothing was sent")
    })?;
    warn_of_marks(damage, marks.count, printer);
    Ok(())
}

/// The same for a log that is to be compacted, which quotes the damaged lines: lines that mark their
/// jobs as in doubt. `None` where there is no damage.
pub fn settle_quoted(
    log: &JobLog,
    accept: bool,
    settings: &Settings,
    printer: &Printer,
) -> Result<Option<Lines>, Failure> {
    let damage = log.damage();
    if damage.is_empty() {
        return Ok(None);
    }
    if !accept {
        let (ledger, path) = (log.ledger(), log.path());
        return Err(refusal(damage, ledger, path, "changed", ACCEPT));
    }
    let marks = marks_of(damage, log.ledger(), log.path(), settings)?;
    warn_of_marks(damage, marks.count, printer);
    Ok(Some(marks.lines))
}

fn marks_of(
    damage: &[Damage],
    ledger: &Ledger,
    path: &Path,
    settings: &Settings,
) -> Result<DoubtMarks, Failure> {
    let empty = settings.ledger();
    let marks = marks(damage, ledger, path, empty, settings.sandbox, clock::now());
    marks.map_err(failure::of_log)
}

/// The same for runs that only show what would be sent.
pub fn refuse(log: &JobLog, accept: bool) -> Result<(), Failure> {
    if accept || log.damage().is_empty() {
        return Ok(());
    }
    let (ledger, path) = (log.ledger(), log.path());
    Err(refusal(log.damage(), ledger, path, "sent", ACCEPT))
}

/// How a person accepts it who has typed a command that has the option.
const ACCEPT: &str = "run the same command with --accept-damage";

/// Why a damaged log stops the run; nothing was `done`. `accepting` is how a person accepts it.
pub fn refusal(
    damage: &[Damage],
    ledger: &Ledger,
    path: &Path,
    done: &str,
    accepting: &str,
) -> Failure {
    let path = path_from_here(path);
    Failure::data(damage::refusal(damage, ledger, path, done))
        .help(format!(
            "take the file back from a backup, or correct those lines; or {accepting}, which marks these \
             jobs as unknown, leaves them out and continues"
        ))
        .counting("damaged_lines", damage.len() as u64)
}
