//! Lines that a full disk kept out of the log, taken back into it.

mod saved;

use std::io::{self, Read};

pub use saved::MARK;

use crate::jobs::{GenerationId, JobKey, Line, LineError, Lines, LoggedEvent, Status};
use crate::journal::{AppendError, LogError, Writer};

/// What became of a line.
pub enum Recovered {
    /// It is in the log now.
    Taken,
    /// It was there.
    Known,
    /// A refusal, after which its attempt was sent again: it would settle what it does not know of.
    Outdated { job: JobKey, attempt: u32 },
}

/// Why no further line is taken back. Lines before it were.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The lines cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A line, by its number, is not one of a log.
    #[error("{1}")]
    Line(usize, LineError),
    /// A line, by its number, is a rehearsal's, or a live job's, and the log is of the other kind.
    #[error("sandbox and live jobs never share a log")]
    Mixed {
        /// Where it ends, from 1.
        number: usize,
        /// Whether it is a rehearsal's.
        is_sandbox: bool,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Appends every line to recover of `input` that the log does not hold, and gives `each` its number
/// and what became of it. Other lines of saved standard error output are skipped.
pub fn recover(
    input: impl Read,
    writer: &Writer,
    mut each: impl FnMut(usize, Recovered),
) -> Result<(), RecoverError> {
    saved::read(input, |saved| {
        each(saved.number, take_back(&saved.text, saved.number, writer)?);
        Ok(())
    })
}

fn take_back(text: &str, number: usize, writer: &Writer) -> Result<Recovered, RecoverError> {
    let line = Line::parse(text).map_err(|error| RecoverError::Line(number, error))?;
    if is_in(writer, &line, text)? {
        return Ok(Recovered::Known);
    }
    if !fits(&line, writer) {
        let is_sandbox = line.is_sandbox();
        return Err(RecoverError::Mixed { number, is_sandbox });
    }
    if !was_resent(writer, &line)? {
        writer.append_blocking(&Lines::verbatim(text))?;
        // A log of many computers leaves it out where another one has sent the attempt again.
        if is_in(writer, &line, text)? {
            return Ok(Recovered::Taken);
        }
    }
    Ok(Recovered::Outdated {
        job: line.job,
        attempt: line.attempt,
    })
}

/// Whether `line` is a refusal of an attempt that was sent again. An attempt that was sent twice is
/// refused by no reply to one of its requests, so the line is of the first one.
fn was_resent(writer: &Writer, line: &Line<'_>) -> Result<bool, LogError> {
    if line.word.status() != Some(Status::SubmitFailed) {
        return Ok(false);
    }
    let view = writer.view(line.job)?;
    let events = view.iter().flat_map(|view| &view.events);
    let requests = events.filter(|event| {
        event.attempt == line.attempt && event.word.status() == Some(Status::Submitting)
    });
    // Of two requests, a log that was made smaller keeps the later one.
    let later = |event: &LoggedEvent| event.at.is_some_and(|at| at.as_millisecond() > line.at);
    let mut sent = 0;
    for request in requests {
        sent += 1;
        if sent > 1 || later(request) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_in(writer: &Writer, line: &Line<'_>, text: &str) -> Result<bool, LogError> {
    let view = writer.view(line.job)?;
    Ok(view.is_some_and(|view| view.events.iter().any(|known| &*known.text == text)))
}

/// A line of a rehearsal is not taken back into a log of live jobs, nor the reverse.
fn fits(line: &Line<'_>, writer: &Writer) -> bool {
    let ledger = writer.ledger();
    let named = line.generation_id.as_ref();
    let id = named.and_then(|id| GenerationId::parse(id.as_str()));
    let fits_flag = !line.sandbox || ledger.check_mixing(true, true).is_ok();
    fits_flag && id.is_none_or(|id| ledger.may_bind(&id))
}
