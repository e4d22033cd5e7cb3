//! What the lock's file remembers of the log: how long it was after the newest commit, and a digest
//! of its last block. A log that is shorter, or has another block there, was cut off, replaced or
//! restored behind our back.
//!
//! The memory is written after the log's own sync and is not synced itself, so it can be behind the
//! log but never ahead of it; and a memory that is behind is still true of a longer log. Two records
//! are written in turns, each with its own checksum: whatever instant a process is killed at, one of
//! them is whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::companion::CompanionFile;
use super::lock::{self, HOLDER_WIDTH, padded};
use super::read::fill_at;
use crate::text::format;
use crate::{clock, disk};

/// Bytes before the log's end that are digested, at most.
pub(super) const BLOCK: usize = 4096;
/// Bytes of a record's line. All lines together are one sector, which a disk writes as a whole.
const RECORD_WIDTH: usize = 176;
/// The part of a record before its checksum.
const CHECK: &str = ",\"check\":\"";

/// How the log was after a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogMemory {
    /// Its length in bytes.
    pub length: u64,
    /// SHA-256 of its last block, the first half, hexadecimal.
    digest: String,
    /// When that was.
    at: String,
    /// Counts the records; the newest one speaks.
    number: u64,
    /// The log is being replaced: the record before this one is as true.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    or_before: bool,
}

impl LogMemory {
    /// When the log was so; where it cannot be read, the epoch.
    pub fn at(&self) -> Timestamp {
        self.at.parse().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Whether a log was there that held anything.
    pub fn has_lines(&self) -> bool {
        self.length > 0
    }

    fn to_line(&self) -> io::Result<String> {
        let mut line = serde_json::to_string(self)?;
        line.pop();
        let check = check_of(&line);
        line.extend([CHECK, &check, "\"}"]);
        Ok(line)
    }

    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let (text, check) = line.split_at(line.rfind(CHECK)?);
        let check = check.strip_prefix(CHECK)?.strip_suffix("\"}")?;
        (check == check_of(text)).then(|| serde_json::from_str(line).ok())?
    }

    /// Whether `file`, which is `len` bytes long, still holds what is remembered.
    fn holds(&self, file: &File, len: u64) -> io::Result<bool> {
        Ok(len >= self.length && self.digest == digest_of(&block_before(file, self.length)?))
    }
}

fn check_of(text: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(text.as_bytes())[..4])
}

/// The digest of a log's last block.
fn digest_of(block: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(block)[..16])
}

/// The block of `file` that ends at `end`.
pub(super) fn block_before(file: &File, end: u64) -> io::Result<Vec<u8>> {
    let start = end.saturating_sub(BLOCK as u64);
    let mut block = vec![0; (end - start) as usize];
    if fill_at(file, &mut block, start)? < block.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(block)
}

/// The records in a lock's file: the newest, and the one before it.
#[derive(Clone, Debug, Default)]
struct Records {
    newest: Option<LogMemory>,
    before: Option<LogMemory>,
    /// Where the next one goes.
    free: usize,
}

impl Records {
    fn read(file: &File) -> io::Result<Self> {
        let mut bytes = [0; HOLDER_WIDTH + 2 * RECORD_WIDTH];
        fill_at(file, &mut bytes, 0)?;
        let record = |slot: usize| {
            let start = HOLDER_WIDTH + slot * RECORD_WIDTH;
            let line = std::str::from_utf8(bytes.get(start..start + RECORD_WIDTH)?).ok()?;
            LogMemory::parse(line)
        };
        let [first, second] = [record(0), record(1)];
        let number = |record: &Option<LogMemory>| record.as_ref().map(|record| record.number);
        Ok(if first.is_some() && number(&first) >= number(&second) {
            Self {
                newest: first,
                before: second,
                free: 1,
            }
        } else {
            Self {
                newest: second,
                before: first,
                free: 0,
            }
        })
    }

    /// Compares the file at `path` with what is remembered of it; `file` is the opened one, if it
    /// is there at all.
    fn compare(&self, path: &Path, file: Option<&File>) -> io::Result<Option<Mismatch>> {
        let Some(newest) = self.newest.as_ref().filter(|newest| newest.has_lines()) else {
            return Ok(None);
        };
        let mismatch = |found| Mismatch {
            path: path.to_owned(),
            remembered: Some(newest.clone()),
            found,
        };
        let Some(file) = file else {
            return Ok(Some(mismatch(None)));
        };
        let meta = file.metadata()?;
        let len = meta.len();
        let also = self.before.as_ref().filter(|_| newest.or_before);
        for memory in [Some(newest), also].into_iter().flatten() {
            if memory.holds(file, len)? {
                return Ok(None);
            }
        }
        let changed = meta.modified().ok();
        Ok(Some(mismatch(Some(FileState {
            length: len,
            changed: changed.and_then(|time| Timestamp::try_from(time).ok()),
        }))))
    }
}

/// A log that is not as it was left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", describe(.path, .remembered.as_ref(), .found.as_ref()))]
pub struct Mismatch {
    /// The log.
    pub path: PathBuf,
    /// How it was left; `None` when no more is known than that it was there.
    pub remembered: Option<LogMemory>,
    /// How it is; `None` when it is gone.
    pub found: Option<FileState>,
}

/// A log's file as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Its length in bytes.
    pub length: u64,
    /// When it was last changed, where the system says so.
    pub changed: Option<Timestamp>,
}

/// What happened to a log that is not as it was left.
fn describe(path: &Path, remembered: Option<&LogMemory>, found: Option<&FileState>) -> String {
    let path = path.display();
    let Some(remembered) = remembered else {
        return format!(
            "the job log {path} is gone or empty, although this computer wrote orders to it"
        );
    };
    let length = format::count(remembered.length, "byte");
    let at = moment(remembered.at());
    let Some(found) = found else {
        return format!(
            "the job log {path} is gone; it was {length} long when it was last written, {at}"
        );
    };
    let what = if found.length < remembered.length {
        "is shorter than"
    } else {
        "has different content from"
    };
    let changed = found.changed.map(|at| format!(", changed {}", moment(at)));
    format!(
        "the job log {path} {what} it was left: it was {length} long when it was last written, \
         {at}; it is {} long now{}",
        format::count(found.length, "byte"),
        changed.unwrap_or_default(),
    )
}

/// A time for people: how long ago, and when.
fn moment(at: Timestamp) -> String {
    let ago = format::ago(clock::now(), at);
    let when = format::moment(at);
    if when.starts_with(&ago) {
        when
    } else {
        format!("{ago} ({when})")
    }
}

/// What a reader without the lock compares a log with.
#[derive(Clone, Debug)]
pub struct MemoryReader {
    path: PathBuf,
    records: Records,
}

impl MemoryReader {
    /// Read it before the log is opened: a memory never is ahead of the log.
    pub fn of(log: &Path) -> Self {
        // A lock's file that cannot be read remembers nothing for this reader; a writer says so.
        let records = lock::open_to_read(&CompanionFile::Lock.of(log))
            .and_then(|file| Records::read(&file))
            .unwrap_or_default();
        Self {
            path: log.to_owned(),
            records,
        }
    }

    /// What speaks against `file`, the opened log. A memory that has changed since it was read
    /// shows that a writer is at work, who has compared them himself.
    pub fn mismatch(&self, file: Option<&File>) -> Option<Mismatch> {
        let mismatch = self.records.compare(&self.path, file).ok()??;
        (Self::of(&self.path).records.newest == self.records.newest).then_some(mismatch)
    }
}

/// What is remembered of a log that is not there.
pub fn remembered_of_absent(log: &Path) -> Option<Mismatch> {
    if fs::symlink_metadata(log).is_ok() {
        return None;
    }
    MemoryReader::of(log).mismatch(None)
}

/// Whether a lock beside the log remembers how it was left.
pub fn is_remembered(log: &Path) -> bool {
    MemoryReader::of(log).records.newest.is_some()
}

/// The memory of a log whose lock is held.
#[derive(Debug)]
pub struct MemoryWriter {
    file: Arc<File>,
    records: Records,
    is_unsynced: bool,
}

impl MemoryWriter {
    /// Reads what is remembered in the lock's `file`.
    pub fn new(file: Arc<File>) -> io::Result<Self> {
        let records = Records::read(&file)?;
        Ok(Self {
            file,
            records,
            is_unsynced: false,
        })
    }

    /// What is remembered, if anything.
    pub fn newest(&self) -> Option<&LogMemory> {
        self.records.newest.as_ref()
    }

    /// What speaks against the log at `path`, opened as `file` where it is there.
    pub fn compare(&self, path: &Path, file: Option<&File>) -> io::Result<Option<Mismatch>> {
        self.records.compare(path, file)
    }

    /// Remembers that the log is `length` bytes long and ends with `block`; with `or_before`, or
    /// that it still is as remembered before.
    pub fn remember(&mut self, length: u64, block: &[u8], or_before: bool) -> io::Result<()> {
        let number = self.records.newest.as_ref().map_or(0, |r| r.number);
        let memory = LogMemory {
            length,
            digest: digest_of(block),
            at: format!("{:.3}", clock::now()),
            number: number + 1,
            or_before,
        };
        let line = padded(memory.to_line()?, RECORD_WIDTH)?;
        let place = HOLDER_WIDTH + self.records.free * RECORD_WIDTH;
        lock::write_at(&self.file, &line, place as u64)?;
        self.records.before = self.records.newest.replace(memory);
        self.records.free = 1 - self.records.free;
        self.is_unsynced = true;
        Ok(())
    }

    /// Makes what is remembered durable.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.is_unsynced {
            disk::sync_data(&self.file)?;
            self.is_unsynced = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
