//! `reconcile --recover`: takes back lines that a full disk kept out of the log.

use std::io::Read;
use std::path::Path;

use super::open::OpenLog;
use crate::disk;
use crate::engine::recover::{RecoverError, Recovered, recover};
use crate::exit::Failure;
use crate::journal::{self, Writer};
use crate::output::{Printer, failure, words};
use crate::text::escape;

/// Takes back the lines of `file` (`-` is standard input).
pub fn run(file: &Path, log: &OpenLog<'_>, printer: &Printer) -> Result<(), Failure> {
    let writer = &log.writer;
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let opened = disk::open(file);
        Box::new(opened.map_err(|error| of_recover(error.into(), file, writer))?)
    };
    let (mut taken, mut known, mut outdated) = (0, 0, 0);
    let each = |number: usize, recovered| match recovered {
        Recovered::Taken => taken += 1,
        Recovered::Known => known += 1,
        Recovered::Outdated { job, attempt } => {
            outdated += 1;
            printer.warn(escape(&format!(
                "{}:{number}: job {job}, attempt {attempt}, was sent again after this refusal, and \
                 may have been accepted then; the line was left out, and the attempt stays as it is",
                file.display()
            )));
        }
    };
    recover(input, writer, each).map_err(|error| of_recover(error, file, writer))?;
    let shown = file.display().to_string();
    if taken + known + outdated == 0 {
        printer.warn(format_args!(
            "no RECOVER line was found in {}; nothing was changed",
            escape(&shown)
        ));
        return Ok(());
    }
    let left_out = match outdated {
        0 => String::new(),
        n => format!(", {} left out", words::number(n)),
    };
    printer.note(format_args!(
        "{} taken back, {} already there{left_out}",
        words::count(taken, "line"),
        words::number(known)
    ));
    let is_new = taken + outdated > 0;
    let removed =
        journal::forget_taken_in(writer.path(), &log.path, file, is_new).map_err(|error| {
            Failure::io(format!("cannot remove {shown}"))
                .because(error)
                .help("its lines are in the job log now; remove it")
        })?;
    for file in removed {
        printer.note(format_args!(
            "removed {}: everything in it is now in the log",
            escape(&file.display().to_string())
        ));
    }
    Ok(())
}

/// Why a line could not be taken back, as the end of the run.
fn of_recover(error: RecoverError, file: &Path, writer: &Writer) -> Failure {
    let file = file.display();
    match error {
        RecoverError::Read(error) => Failure::io(format!("cannot read {file}"))
            .because(error)
            .help(
                "name the file in which the RECOVER lines were saved; what was read before that is \
                 in the log",
            ),
        RecoverError::Line(number, error) => Failure::data(format!("{file}:{number}: {error}"))
            .help(
                "copy the whole line, from RECOVER to its last }; lines before it were taken back",
            ),
        RecoverError::Mixed { number, is_sandbox } => {
            let (from, into) = if is_sandbox {
                ("of a sandbox", "live jobs")
            } else {
                ("of a live job", "jobs of a sandbox")
            };
            Failure::config(format!(
                "{file}:{number}: the line is {from}, and {} holds {into}; it was not taken back",
                writer.name().display()
            ))
            .help("name the log that the line was meant for; lines before it were taken back")
        }
        RecoverError::Log(error) => failure::of_log(error),
        RecoverError::Append(error) => failure::of_append(&error, failure::MAKE_ROOM),
    }
}
