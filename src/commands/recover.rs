//! `reconcile --recover`: takes back lines that a full disk kept out of the log.

mod saved;

use std::io::Read;
use std::path::Path;

pub use saved::MARK;

use super::failure;
use crate::disk;
use crate::exit::Failure;
use crate::jobs::{GenerationId, JobKey, Line};
use crate::journal::{self, Writer};
use crate::output::{Printer, words};
use crate::text::escape;

/// Appends every recovered line of `file` (`-` is standard input) that the log does not hold.
/// Other lines of a saved standard error are passed over. `log` is the log as it was typed. Gives how
/// many were appended.
pub fn run(file: &Path, log: &Path, writer: &Writer, printer: &Printer) -> Result<u64, Failure> {
    let fail = |e: std::io::Error| {
        Failure::io(format!("cannot read {}", file.display()))
            .because(e)
            .help("name the file in which the RECOVER lines were saved; nothing was changed")
    };
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(disk::open(file).map_err(fail)?)
    };
    let (mut taken, mut known, mut outdated) = (0, 0, 0);
    saved::read(input, fail, |line| {
        let place = || format!("{}:{}", file.display(), line.number);
        match append(&line.text, writer, place)? {
            Recovered::Taken => taken += 1,
            Recovered::Known => known += 1,
            Recovered::Outdated { job, attempt } => {
                outdated += 1;
                printer.warn(escape(&format!(
                    "{}: job {job}, attempt {attempt}, was sent again after this refusal, and may \
                     have been accepted then; the line was left out, and the attempt stays as it is",
                    place()
                )));
            }
        }
        Ok(())
    })?;
    if taken + known + outdated == 0 {
        printer.warn(format_args!(
            "no RECOVER line was found in {}; nothing was changed",
            escape(&file.display().to_string())
        ));
    } else {
        let left_out = if outdated > 0 {
            format!(", {} left out", words::number(outdated))
        } else {
            String::new()
        };
        printer.note(format_args!(
            "{} taken back, {} already there{left_out}",
            words::count(taken, "line"),
            words::number(known)
        ));
        let forgotten = journal::forget_taken_in(writer.path(), log, file).map_err(|error| {
            Failure::io(format!("cannot remove {}", file.display()))
                .because(error)
                .help("its lines are in the job log now; remove it")
        })?;
        if forgotten {
            let file = file.display().to_string();
            printer.note(format_args!(
                "{} is removed: its lines are in the job log",
                escape(&file)
            ));
        }
    }
    Ok(taken)
}

/// What became of a line.
enum Recovered {
    /// It is in the log now.
    Taken,
    /// It was there.
    Known,
    /// Its attempt was sent again after it, on a log of many computers: it would settle what it does
    /// not know of.
    Outdated { job: JobKey, attempt: u32 },
}

fn append(text: &str, writer: &Writer, place: impl Fn() -> String) -> Result<Recovered, Failure> {
    let line = Line::parse(text).map_err(|error| {
        Failure::data(format!("{}: {error}", place())).help(
            "copy the whole line, from RECOVER to its last }; lines before it were taken back",
        )
    })?;
    if is_in(writer, &line, text)? {
        return Ok(Recovered::Known);
    }
    check_mixing(&line, writer, &place)?;
    writer
        .append_blocking(&format!("{text}\n"))
        .map_err(|error| {
            failure::of_append(
                &error,
                "make room on the disk and run the same command again",
            )
        })?;
    if is_in(writer, &line, text)? {
        return Ok(Recovered::Taken);
    }
    Ok(Recovered::Outdated {
        job: line.job,
        attempt: line.attempt,
    })
}

fn is_in(writer: &Writer, line: &Line<'_>, text: &str) -> Result<bool, Failure> {
    let view = writer.view(line.job).map_err(failure::of_log)?;
    Ok(view.is_some_and(|view| view.lines.iter().any(|known| &**known == text)))
}

/// A line of a rehearsal is not taken back into a log of live jobs, nor the reverse.
fn check_mixing(
    line: &Line<'_>,
    writer: &Writer,
    place: impl Fn() -> String,
) -> Result<(), Failure> {
    let ledger = writer.ledger();
    let named = line.generation_id.as_ref();
    let id = named.and_then(|id| GenerationId::parse(id.as_str()));
    let fits_flag = !line.sandbox || ledger.check_mixing(true, true).is_ok();
    if fits_flag && id.is_none_or(|id| ledger.may_hold(&id)) {
        return Ok(());
    }
    let (from, into) = if line.is_sandbox() {
        ("of a sandbox", "live jobs")
    } else {
        ("of a live job", "jobs of a sandbox")
    };
    Err(Failure::config(format!(
        "{}: the line is {from}, and {} holds {into}; it was not taken back",
        place(),
        writer.name().display()
    ))
    .help("name the log that the line was meant for; lines before it were taken back"))
}
