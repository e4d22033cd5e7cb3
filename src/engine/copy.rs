//! The lines of one log, added to another.

mod doubts;

use std::collections::HashSet;
#[cfg(feature = "postgres")]
use std::io;
use std::path::{Path, PathBuf};
#[cfg(feature = "postgres")]
use std::sync::mpsc;

use crate::jobs::{Digest, Ledger, Lines};
use crate::journal::{self, AppendError, JobLog, LogError, Writer};
#[cfg(feature = "postgres")]
use crate::journal::{Address, LineBatch};

/// Lines that go into one transaction.
#[cfg(feature = "postgres")]
const AT_ONCE: usize = 1000;

/// What was copied.
pub struct CopySummary {
    /// Lines of the first log.
    pub read: u64,
    /// Those of them that the other one did not hold.
    pub added: u64,
    /// Jobs that both have sent, with a doubt.
    pub doubted: u64,
}

/// Why a log is not copied, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the logs cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// It is one log under two names.
    #[error("both names mean the same log; nothing was copied")]
    Same,
    /// A rehearsal's jobs and live ones never share a log.
    #[error("one log is a rehearsal's and the other, {}, is not; nothing was copied", .0.display())]
    Mixed(PathBuf),
    /// The other log, a file, cannot be written.
    #[error("{} cannot be written: {error}", path.display())]
    Append {
        /// The file.
        path: PathBuf,
        /// Why.
        error: AppendError,
    },
}

/// Adds the lines of a log to one in a file.
pub fn into_file(from: &JobLog, to: &Writer) -> Result<CopySummary, CopyError> {
    let path = to.path();
    if same_file::is_same_file(from.path(), path).unwrap_or(false) {
        return Err(CopyError::Same);
    }
    refuse_mixing(from.ledger(), &to.ledger(), path)?;
    // Before what they are about, so that no end in the middle leaves them out.
    let (mut new, mut doubted) = (Lines::default(), 0);
    let candidates = doubts::candidates(from.ledger(), &to.ledger());
    for key in candidates {
        if let (Some(here), Some(there)) = (from.view(key)?, to.view(key)?)
            && let Some(mark) = doubts::mark(&here, &there)
        {
            new.extend([mark]);
            doubted += 1;
        }
    }
    let mut there = HashSet::new();
    journal::each_line_of(path, &to.ledger(), |line| {
        there.insert(Digest::of(line.trim_ascii().as_bytes()));
    })?;
    let (mut read, mut added) = (0, 0);
    lines_of(from, |line| {
        read += 1;
        if there.insert(Digest::of(line.as_bytes())) {
            added += 1;
            new.push_verbatim(line);
        }
    })?;
    to.append_in_parts(&new)
        .map_err(|error| CopyError::Append {
            path: path.to_owned(),
            error,
        })?;
    Ok(CopySummary {
        read,
        added,
        doubted,
    })
}

/// Adds the lines of a log to `to`, which is in a database.
#[cfg(feature = "postgres")]
pub fn into_database(
    from: &JobLog,
    to: &JobLog,
    address: &Address,
) -> Result<CopySummary, CopyError> {
    // However its address is written.
    if from.is_in_database() && same_file::is_same_file(from.path(), to.path()).unwrap_or(false) {
        return Err(CopyError::Same);
    }
    refuse_mixing(from.ledger(), to.ledger(), to.name())?;
    let mut doubted = 0;
    let mut doubts = |there: &[String]| {
        let marks = doubts::mark_all(from, there)?;
        doubted += marks.len() as u64;
        Ok(LineBatch::of(marks.into_iter().collect::<Lines>().as_str()))
    };
    // Read while they are written, so that no more than a few parts are held.
    let (parts, next) = mpsc::sync_channel(2);
    let (read, added) = std::thread::scope(|scope| {
        let reading = scope.spawn(move || read_parts(from, &parts));
        let added = journal::merge_into(address, &mut move || next.recv().ok(), &mut doubts);
        let cut = || io::Error::other("it was not read to its end");
        let panicked = || LogError::io("read the job log", from.name(), cut());
        (reading.join().unwrap_or_else(|_| Err(panicked())), added)
    });
    let (added, read) = (added?, read?);
    Ok(CopySummary {
        read,
        added,
        doubted,
    })
}

/// Sends the lines of a log in parts; how many there are. It ends early where no one takes them any
/// more.
#[cfg(feature = "postgres")]
fn read_parts(from: &JobLog, parts: &mpsc::SyncSender<LineBatch>) -> Result<u64, LogError> {
    let mut part = LineBatch::default();
    let mut read = 0;
    let mut is_taken = true;
    lines_of(from, |line| {
        read += 1;
        if part.len() >= AT_ONCE && is_taken {
            is_taken = parts.send(std::mem::take(&mut part)).is_ok();
        }
        if is_taken {
            part.push(line);
        }
    })?;
    if is_taken && !part.is_empty() {
        // The writer has reported why it takes no more.
        let _ = parts.send(part);
    }
    Ok(read)
}

fn refuse_mixing(from: &Ledger, to: &Ledger, name: &Path) -> Result<(), CopyError> {
    let is_mixed = !from.is_empty() && !to.is_empty() && from.is_rehearsal() != to.is_rehearsal();
    if is_mixed {
        return Err(CopyError::Mixed(name.to_owned()));
    }
    Ok(())
}

/// The whole lines of a log; what a crash has left of one is none.
fn lines_of(log: &JobLog, mut each: impl FnMut(&str)) -> Result<(), LogError> {
    journal::each_line_of(log.path(), log.ledger(), |line| {
        let line = line.trim_ascii();
        if Ledger::accepts(line) {
            each(line);
        }
    })
}
