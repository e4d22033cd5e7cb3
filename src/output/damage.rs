//! What is reported of a log that cannot be read in full.

use std::path::Path;

use super::{printer::Printer, words};
use crate::jobs::Ledger;
use crate::journal::{Damage, Suspect};
use crate::text::escape;

/// Damaged lines that are reported one by one; further ones are counted.
const MOST_LISTED: usize = 20;
/// What steps of a round speak of once only: that a log is damaged.
pub const DAMAGE: &str = "damage";
/// Jobs that are named for one of them.
const MOST_NAMED: usize = 5;

/// Says what of a log was left out, to those who only look or learn.
pub fn warn(ledger: &Ledger, damage: &[Damage], path: &Path, printer: &Printer) {
    warn_of_torn(ledger, damage, path, printer);
    warn_of_damage(damage, path, printer);
}

/// Says what was cut off.
pub fn warn_of_torn(ledger: &Ledger, damage: &[Damage], path: &Path, printer: &Printer) {
    let torn = ledger
        .unreadable()
        .saturating_sub(damage.len() as u64)
        .saturating_sub(ledger.accepted_lines());
    if torn > 0 {
        printer.warn(format_args!(
            "{} of {} cannot be read and {} left out; nothing is deleted. A line that was cut \
             off by a crash is harmless: its job shows as unknown",
            words::count(torn, "line"),
            escape(&path.display().to_string()),
            words::choose(torn, "was", "were"),
        ));
    }
}

/// Says that a log cannot be read in full.
pub fn warn_of_damage(damage: &[Damage], path: &Path, printer: &Printer) {
    if let Some(first) = damage.first()
        && printer.is_first_to_say(DAMAGE)
    {
        let count = damage.len() as u64;
        printer.warn(format_args!(
            "{} of {} {} skipped as damaged, the first one on line {}: {}. What is shown may be \
             less than what was ordered; `submit` and `retry` send nothing until this is settled",
            words::count(count, "line"),
            escape(&path.display().to_string()),
            words::choose(count, "was", "were"),
            first.line,
            escape(&first.what),
        ));
    }
}

/// Says what became of damage that a person has accepted.
pub fn warn_of_marks(damage: &[Damage], jobs: u64, printer: &Printer) {
    printer.warn(format_args!(
        "{} accepted; {} marked as unknown; what is in doubt is not sent",
        words::count(damage.len() as u64, "damaged line"),
        words::count(jobs, "job"),
    ));
}

/// Why a damaged log stops the run; nothing was `done`.
pub fn refusal(damage: &[Damage], ledger: &Ledger, path: &Path, done: &str) -> String {
    let count = damage.len() as u64;
    let mut message = vec![format!(
        "{} cannot be read in full: {} damaged. What is in them may have been ordered and paid for, \
         so nothing was {done}",
        path.display(),
        words::counted(count, "line is", "lines are"),
    )];
    message.extend(damage.iter().take(MOST_LISTED).map(|found| {
        let job = speaks_of(found, ledger);
        format!("  line {}: {}; {job}", found.line, found.what)
    }));
    if damage.len() > MOST_LISTED {
        let more = words::number(count - MOST_LISTED as u64);
        message.push(format!("  and {more} more"));
    }
    message.join("\n")
}

/// Warns of a drive that may lose what it has confirmed.
pub fn warn_of_drive(printer: &Printer) {
    printer.warn(
        "this drive cannot confirm that its cache has been written, as is common for network \
         drives: after a power cut the last lines may be missing; a log on this computer's own \
         drive is safer",
    );
}

fn speaks_of(damage: &Damage, ledger: &Ledger) -> String {
    let suspects = damage.suspects(ledger);
    if suspects.is_empty() {
        return "no job can be read in it: a row whose order stood there would be sent again"
            .to_owned();
    }
    let names: Vec<String> = suspects
        .iter()
        .take(MOST_NAMED)
        .map(|suspect| match suspect {
            Suspect::Job(key, Some(attempt)) => format!("job {key}, attempt {attempt}"),
            Suspect::Job(key, None) => format!("job {key}"),
            Suspect::Item(column, id) => format!("{} {id}", column.word()),
        })
        .collect();
    let more = match suspects.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("it is about {}{more}", names.join("; "))
}
