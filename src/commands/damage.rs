//! A log that cannot be read in full: nothing is sent before a person has agreed to what that means.

use std::collections::BTreeSet;
use std::path::Path;

use super::failure;
use crate::clock;
use crate::exit::Failure;
use crate::jobs::{
    AcceptedDamage, Event, IdColumn, JobKey, JobState, Ledger, Refusal, Salvaged, What,
};
use crate::journal::{Damage, JobLog, Suspect, Writer};
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::text::escape;

/// Damaged lines that are reported one by one; further ones are counted.
const MOST_LISTED: usize = 20;
/// Jobs that are named for one of them.
const MOST_NAMED: usize = 5;

/// Says what of a log was left out, to those who only look or learn.
pub fn warn(ledger: &Ledger, damage: &[Damage], path: &Path, printer: &Printer) {
    warn_of_torn(ledger, damage, path, printer);
    warn_of_damage(damage, path, printer);
}

fn warn_of_torn(ledger: &Ledger, damage: &[Damage], path: &Path, printer: &Printer) {
    let torn = ledger.unreadable().saturating_sub(damage.len() as u64);
    if torn > 0 {
        printer.warn(format_args!(
            "{} of {} cannot be read and {} left out; nothing is deleted. A line that was cut \
             off by a crash is harmless: its job shows as unknown",
            words::count(torn, "line"),
            escape(&path.display().to_string()),
            if torn == 1 { "was" } else { "were" },
        ));
    }
}

/// Says that a log cannot be read in full.
pub fn warn_of_damage(damage: &[Damage], path: &Path, printer: &Printer) {
    if let Some(first) = damage.first() {
        printer.warn(format_args!(
            "{} of {} {} skipped as damaged, the first one on line {}: {}. What is shown may be \
             less than what was ordered; `submit` and `retry` send nothing until this is settled",
            words::count(damage.len() as u64, "line"),
            escape(&path.display().to_string()),
            if damage.len() == 1 { "was" } else { "were" },
            first.line,
            escape(&first.what),
        ));
    }
}

/// Before anything is sent: a damaged log stops the run, unless the damage is accepted. Then the
/// jobs it speaks of are marked as in doubt first, durably, so that they are not sent.
pub async fn settle(
    writer: &Writer,
    accept: bool,
    settings: &Settings,
    printer: &Printer,
) -> Result<(), Failure> {
    let damage = writer.damage();
    warn_of_torn(&writer.ledger(), damage, writer.path(), printer);
    if damage.is_empty() {
        return Ok(());
    }
    if !accept {
        return Err(refusal(damage, &writer.ledger(), writer.path(), "sent"));
    }
    writer.check_form().map_err(failure::of_log)?;
    let mut marks = marks(damage, &writer.ledger(), writer.path(), settings)?;
    for found in damage {
        let accepted = AcceptedDamage {
            digest: found.digest,
            text: None,
        };
        marks.text.push_str(&accepted.line(clock::now()));
    }
    writer.append(&marks.text).await.map_err(|error| {
        Failure::io(format!("the job log cannot be written: {error}"))
            .help("make room on the disk and run the same command again; nothing was sent")
    })?;
    warn_of_marks(damage, &marks, printer);
    Ok(())
}

/// The same for a log that is to be compacted, which quotes the damaged lines: lines that mark their
/// jobs as in doubt. `None` where there is no damage.
pub fn settle_quoted(
    log: &JobLog,
    accept: bool,
    settings: &Settings,
    printer: &Printer,
) -> Result<Option<String>, Failure> {
    let damage = log.damage();
    if damage.is_empty() {
        return Ok(None);
    }
    if !accept {
        return Err(refusal(damage, log.ledger(), log.path(), "changed"));
    }
    let marks = marks(damage, log.ledger(), log.path(), settings)?;
    warn_of_marks(damage, &marks, printer);
    Ok(Some(marks.text))
}

fn warn_of_marks(damage: &[Damage], marks: &Marks, printer: &Printer) {
    printer.warn(format_args!(
        "{} accepted; {} marked as unknown and not sent",
        words::count(damage.len() as u64, "damaged line"),
        words::count(marks.count, "job"),
    ));
}

/// The same for runs that only show what would be sent.
pub fn refuse(log: &JobLog, accept: bool) -> Result<(), Failure> {
    if accept || log.damage().is_empty() {
        return Ok(());
    }
    Err(refusal(log.damage(), log.ledger(), log.path(), "sent"))
}

/// Why a damaged log stops the run; nothing was `done`.
pub fn refusal(damage: &[Damage], ledger: &Ledger, path: &Path, done: &str) -> Failure {
    let mut message = vec![format!(
        "{} cannot be read in full: {} damaged. What is in them may have been ordered and paid for, \
         so nothing was {done}",
        failure::path_from_here(path).display(),
        match damage.len() {
            1 => "1 line is".to_owned(),
            count => format!("{} lines are", words::number(count as u64)),
        },
    )];
    message.extend(damage.iter().take(MOST_LISTED).map(|found| {
        let job = speaks_of(found, ledger);
        format!("  line {}: {}; {job}", found.line, found.what)
    }));
    if damage.len() > MOST_LISTED {
        let more = words::number((damage.len() - MOST_LISTED) as u64);
        message.push(format!("  and {more} more"));
    }
    Failure::data(message.join("\n"))
        .help(
            "take the file back from a backup, or correct those lines; or add --accept-damage, \
             which marks these jobs as unknown, leaves them out and goes on",
        )
        .counting("damaged_lines", damage.len() as u64)
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
    format!("it speaks of {}{more}", names.join("; "))
}

/// Lines that keep the jobs of damaged lines from being sent.
#[derive(Default)]
struct Marks {
    text: String,
    count: u64,
}

fn marks(
    damage: &[Damage],
    ledger: &Ledger,
    path: &Path,
    settings: &Settings,
) -> Result<Marks, Failure> {
    let now = clock::now();
    let in_sandbox = settings.sandbox || ledger.is_rehearsal();
    let mut marks = Marks::default();
    let mut marked = BTreeSet::new();
    let mut items = BTreeSet::new();
    let mut add = |job: Option<(JobKey, u32)>,
                   item: Option<(IdColumn, &str)>,
                   order: Option<&Salvaged>,
                   line: u64| {
        let error = format!("line {line} of the log is damaged; it may have been ordered");
        let refusal = Refusal {
            error: &error,
            http_status: None,
            temporary: false,
        };
        let what = What::Doubted { refusal, order };
        let event = match job {
            Some((key, number)) => Event::new(ledger.stamp(key, now), key, number, what),
            None => Event::without_job(now, what),
        };
        marks.text += &event.of_item(item).in_sandbox(in_sandbox).line();
        marks.count += 1;
    };
    for found in damage {
        for suspect in found.suspects(ledger) {
            match suspect {
                Suspect::Job(key, attempt) => {
                    let number = attempt_in_doubt(ledger.job(key), attempt);
                    if let Some(number) = number.filter(|_| marked.insert(key)) {
                        // These recognize the job's row when its key changes.
                        let item = found.item().map(|(column, id)| (*column, id.as_str()));
                        let order = found.order_of(key);
                        add(Some((key, number)), item, order, found.line);
                    }
                }
                Suspect::Item(column, id) => {
                    if items.insert(id.clone()) {
                        add(None, Some((column, &id)), None, found.line);
                    }
                }
            }
        }
    }
    for (key, number, line) in jobs_of(&items, damage, path, settings)? {
        if marked.insert(key) {
            add(Some((key, number)), None, None, line);
        }
    }
    Ok(marks)
}

/// The attempt to be marked as unknown, so that the job is not sent: the one that was named, unless
/// it has ended; then the next one. `None` where the job is never sent anyhow.
fn attempt_in_doubt(job: Option<&JobState>, named: Option<u32>) -> Option<u32> {
    let Some(job) = job else {
        return Some(named.unwrap_or(1));
    };
    if !job.may_get_new_attempt() {
        return None;
    }
    let newest = job.newest().number;
    let number = named.unwrap_or(newest);
    Some(match job.attempt(number) {
        Some(_) => newest.saturating_add(1),
        None => number,
    })
}

/// Jobs of listings or SKUs that damaged lines name, which a run might send again.
fn jobs_of(
    items: &BTreeSet<String>,
    damage: &[Damage],
    path: &Path,
    settings: &Settings,
) -> Result<Vec<(JobKey, u32, u64)>, Failure> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let line = damage.first().map_or(0, |found| found.line);
    // The writer's ledger may not keep where lines stand.
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    let jobs = log.ledger().jobs();
    let keys = jobs.filter_map(|job| Some((job.key, attempt_in_doubt(Some(job), None)?)));
    let mut found = Vec::new();
    for (key, number) in keys {
        let view = log.view(key).map_err(failure::of_log)?;
        let is_theirs = view
            .as_ref()
            .and_then(|view| view.id())
            .is_some_and(|(_, id)| items.contains(id));
        if is_theirs {
            found.push((key, number, line));
        }
    }
    Ok(found)
}
