//! Reading a log: in place where it is what this tool writes, else from a copy in which each of its
//! lines is one line.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use super::damage::{Damage, is_torn, is_whole};
use super::error::LogError;
use super::fold;
use super::read::{LineReader, MAX_LINE, for_each_line};
use super::tolerant::{self, Form, LogPart};
use crate::jobs::{Digest, JobKey, JobView, Ledger};

/// A log that has been read.
#[derive(Debug)]
pub struct ReadLog {
    pub lines: LineReader,
    /// What could not be read, and no person has accepted.
    pub damage: Vec<Damage>,
    pub form: Form,
}

impl ReadLog {
    /// Folds the log `file` at `path` into `ledger`, which has taken in nothing yet.
    pub fn read(path: &Path, file: File, ledger: &mut Ledger) -> Result<Self, LogError> {
        read(file, ledger).map_err(|error| LogError::io("read the job log", path, error))
    }

    /// Whether a writer could add lines. A file in another encoding would become one that nothing
    /// can read any more.
    pub fn check_form(&self, path: &Path) -> Result<(), LogError> {
        match self.form {
            None => Ok(()),
            Some(form) => Err(LogError::Form {
                path: path.to_owned(),
                form,
            }),
        }
    }

    /// Whether all of it was read in place.
    pub(super) fn is_plain(&self) -> bool {
        self.damage.is_empty() && self.form.is_none()
    }
}

impl LineReader {
    /// A job of the log at `path` with all its fields. The ledger must keep places.
    pub(in super::super) fn view(
        &self,
        path: &Path,
        ledger: &Ledger,
        key: JobKey,
    ) -> Result<Option<JobView>, LogError> {
        let failed = |error| LogError::io("read the job log", path, error);
        let texts = ledger
            .places(key)
            .into_iter()
            .map(|offset| self.line_at(offset))
            .collect::<io::Result<Vec<_>>>()
            .map_err(failed)?;
        let view = JobView::fold(key, texts.iter().map(String::as_str), ledger.rates());
        let mut view = view.map_err(|error| {
            failed(io::Error::new(
                io::ErrorKind::InvalidData,
                error.to_string(),
            ))
        })?;
        // No line says this.
        if let (Some(view), Some(job)) = (&mut view, ledger.job(key)) {
            for attempt in job.attempts().filter(|attempt| attempt.is_being_sent()) {
                view.state.mark_being_sent(attempt.number);
                view.sender = ledger.sender(key).map(Box::from);
            }
        }
        Ok(view)
    }
}

fn read(mut file: File, ledger: &mut Ledger) -> io::Result<ReadLog> {
    let empty = ledger.clone();
    let len = file.metadata().map_or(0, |meta| meta.len());
    expect(ledger, len);
    // On Windows reading at a place moves the file's own place, too.
    file.rewind()?;
    fold::fold(&mut file, ledger)?;
    let lines = LineReader::new(file.try_clone()?);
    if ledger.unreadable() == 0 || has_only_torn(&lines, len, ledger)? {
        return Ok(ReadLog {
            lines,
            damage: Vec::new(),
            form: None,
        });
    }
    *ledger = empty;
    file.rewind()?;
    read_copy(file, ledger)
}

/// Hands each part of the log at `path` to `each`, as the tolerant reader finds it.
pub(in super::super) fn each_part(
    path: &Path,
    each: impl FnMut(LogPart<'_>) -> io::Result<()>,
) -> io::Result<()> {
    tolerant::read(File::open(path)?, each).map(drop)
}

/// Hands the text of each line of the log at `path` to `each`, in the order in which `ledger` has
/// taken them in.
pub fn each_line_of(
    path: &Path,
    ledger: &Ledger,
    mut each: impl FnMut(&str),
) -> Result<(), LogError> {
    let read = if ledger.is_of_copy() {
        each_part(path, |part| {
            if let LogPart::Line(line) = part {
                each(line);
            }
            Ok(())
        })
    } else {
        File::open(path).and_then(|mut file| {
            for_each_line(&mut file, |_, line| {
                if let Ok(line) = line {
                    each(line);
                }
            })
        })
    };
    read.map_err(|error| LogError::io("read the job log", path, error))
}

/// Passes on what `map` makes of each line of the log at `path`, in the order in which `ledger` has
/// taken them in. Lines are mapped on every core.
pub fn map_lines_of<T: Send>(
    path: &Path,
    ledger: &Ledger,
    map: impl Fn(&str, &mut Vec<T>) + Sync,
    mut each: impl FnMut(T),
) -> Result<(), LogError> {
    if ledger.is_of_copy() {
        let mut made = Vec::new();
        return each_line_of(path, ledger, |line| {
            map(line, &mut made);
            made.drain(..).for_each(&mut each);
        });
    }
    let read = File::open(path).and_then(|mut file| fold::map_lines(&mut file, map, each));
    read.map_err(|error| LogError::io("read the job log", path, error))
}

/// About as long as the first two lines of a job are.
const BYTES_OF_A_JOB: u64 = 640;
/// Jobs for which room is made at once.
const MOST_EXPECTED: usize = 4_000_000;

fn expect(ledger: &mut Ledger, len: u64) {
    let jobs = usize::try_from(len / BYTES_OF_A_JOB).unwrap_or(MOST_EXPECTED);
    ledger.expect(jobs.min(MOST_EXPECTED));
}

/// Whether what could not be read is nothing but torn lines, which are harmless.
fn has_only_torn(lines: &LineReader, len: u64, ledger: &Ledger) -> io::Result<bool> {
    let Some(places) = ledger.unreadable_places() else {
        return Ok(false);
    };
    for &place in places {
        let line = lines.bytes_at(place)?;
        let end = place + line.len() as u64;
        let next = lines.bytes_at((end + 1).min(len))?;
        let is_last = end + 1 >= len;
        // A changed byte may look like a carriage return before the newline.
        let is_usual_end = !line.ends_with(b"\r") || next.ends_with(b"\r");
        let [line, next] = [&line, &next].map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let goes_on = || std::str::from_utf8(next).is_ok_and(is_whole) || is_torn(next);
        if Damage::torn(0, line).is_orphan(ledger) {
            return Ok(false);
        }
        if line.len() >= MAX_LINE || !is_torn(line) || !is_usual_end || !(is_last || goes_on()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_copy(mut file: File, ledger: &mut Ledger) -> io::Result<ReadLog> {
    let read = file.metadata()?.len();
    let mut copy = BufWriter::new(tempfile::tempfile()?);
    let mut unreadable = 0;
    let mut damage = Vec::new();
    let mut torn = Vec::new();
    let form = tolerant::read(&mut file, |part| {
        match part {
            LogPart::Line(line) => {
                copy.write_all(line.as_bytes())?;
                return copy.write_all(b"\n");
            }
            LogPart::Torn(number, text) => torn.push(Damage::torn(number, text)),
            LogPart::Damaged(found, _) => damage.push(found.clone()),
        }
        unreadable += 1;
        Ok(())
    })?;
    let mut copy = copy.into_inner().map_err(io::IntoInnerError::into_error)?;
    let len = copy.stream_position()?;
    copy.rewind()?;
    expect(ledger, len);
    fold::fold(&mut copy, ledger)?;
    ledger.count_unreadable(unreadable);
    ledger.resume_at(read, len);
    torn.retain(|line| line.is_orphan(ledger));
    damage.append(&mut torn);
    damage.sort_by_key(|found| found.line);
    let mut accepted = ledger.accepted_damage().clone();
    damage.retain(|found| !takes_one(&mut accepted, found.digest));
    Ok(ReadLog {
        lines: LineReader::of_copy(copy, len, file, read),
        damage,
        form,
    })
}

/// Each time that a line was accepted, one such line is: another like it is new damage.
fn takes_one(accepted: &mut HashMap<Digest, u64>, digest: Digest) -> bool {
    match accepted.get_mut(&digest) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
