//! A log that this process has read and let go of. If it still holds the same and has only grown,
//! what was added is all that has to be read again.

use std::fs::File;
use std::io;
use std::path::Path;

use super::fold;
use super::memory::block_before;
use super::read::{LineReader, fill_at};
use super::source::ReadLog;
use crate::disk::FileId;
use crate::jobs::Ledger;

/// Most bytes to catch up on; beyond that, reading everything again is as fast.
const MOST: u64 = 16 << 20;

/// What a log held when it was let go of.
#[derive(Debug)]
pub struct Checkpoint {
    ledger: Ledger,
    len: u64,
    /// The end of those bytes.
    block: Vec<u8>,
    identity: FileId,
}

impl Checkpoint {
    /// What the log at `path` holds, of which `source` and `ledger` are all; nothing if it has to
    /// be read again.
    pub(in super::super) fn of(path: &Path, source: &ReadLog, ledger: Ledger) -> Option<Self> {
        if !source.is_plain() || ledger.unreadable() > 0 || ledger.is_of_copy() {
            return None;
        }
        let look = || {
            let file = File::open(path)?;
            let len = file.metadata()?.len();
            io::Result::Ok((block_before(&file, len)?, len, FileId::of(&file)?))
        };
        // If it cannot be examined now, it is read again.
        let (block, len, identity) = look().ok()?;
        Some(Self {
            ledger,
            len,
            block,
            identity,
        })
    }

    /// The folded log with what was added since; nothing if it has to be read again.
    pub(in super::super) fn catch_up(
        mut self,
        file: &File,
    ) -> io::Result<Option<(Ledger, ReadLog)>> {
        let len = file.metadata()?.len();
        let is_same = self.identity == FileId::of(file)?
            && (self.len..=self.len + MOST).contains(&len)
            && self.block == block_before(file, self.len)?;
        if !is_same {
            return Ok(None);
        }
        let mut added = vec![0; (len - self.len) as usize];
        if fill_at(file, &mut added, self.len)? < added.len() {
            return Ok(None);
        }
        let digests = fold::take_text(&added, self.ledger.reading());
        fold::fold_text(&added, self.len, &digests, &mut self.ledger);
        if self.ledger.unreadable() > 0 {
            return Ok(None);
        }
        let source = ReadLog {
            lines: LineReader::new(file.try_clone()?),
            damage: Vec::new(),
            form: None,
        };
        Ok(Some((self.ledger, source)))
    }
}
