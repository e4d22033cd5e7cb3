//! A log that this process alone may write to, compared with what is remembered of it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::error::LogError;
use super::lock::{Lock, LockError};
use super::memory::{LogMemory, MemoryWriter, Mismatch, block_before};
use super::path::resolve;
use crate::disk::{self, Replacement};

/// The lock of a log, its own file, opened and locked as well, and the memory of it.
#[derive(Debug)]
pub struct HeldLog {
    pub(in super::super) file: File,
    pub(in super::super) keeper: MemoryWriter,
    pub(in super::super) is_new: bool,
    pub(in super::super) lock: Lock,
}

impl HeldLog {
    /// Locks and opens the log, and makes it where there is none. One that is not as it was left is
    /// refused ([`LogError::Changed`]). `command` is what the lock shows others; `wait` is how long
    /// another writer is waited for.
    pub fn open(path: &Path, command: &str, wait: Duration) -> Result<Self, LogError> {
        let path = resolve(path)?;
        let lock = Lock::acquire(&path, command, wait).map_err(LogError::from_lock)?;
        let keeper = keeper_of(&lock)?;
        let is_new = !path.exists();
        if is_new {
            // Before it is made: a new log in the place of a lost one would hide the loss.
            refuse(&keeper, &lock, None)?;
        }
        let file = claim(&lock)?;
        refuse(&keeper, &lock, Some(&file))?;
        Ok(Self {
            file,
            keeper,
            is_new,
            lock,
        })
    }

    /// Refuses a log with a second name, which would go on as the old log: its rows would be ordered again.
    pub fn refuse_second_name(&self) -> Result<(), LogError> {
        let refused = |error| LogError::io("rewrite the job log", self.lock.log(), error);
        if disk::names(&self.file).map_err(refused)? > 1 {
            return Err(refused(io::Error::other(
                "the file has a second name (a hard link), which would keep the old log; remove \
                 that name first",
            )));
        }
        Ok(())
    }

    /// Lets `new` take the log's place, durably, and remembers it. Killed at any instant,
    /// the one and the other are as they were left.
    pub fn replace(mut self, new: Replacement<'_>) -> io::Result<()> {
        let old_len = self.file.metadata()?.len();
        disk::sync_data(&self.file)?;
        let old_block = block_before(&self.file, old_len)?;
        let len = new.file()?.metadata()?.len();
        let block = block_before(new.file()?, len)?;
        self.keeper.remember(old_len, &old_block, false)?;
        self.keeper.remember(len, &block, true)?;
        self.keeper.sync()?;
        // The new file is locked before it gets the name; on Windows a file that is open cannot be
        // replaced.
        #[cfg(unix)]
        let _new = {
            let file = new.file()?.try_clone()?;
            file.lock()?;
            file
        };
        #[cfg(not(unix))]
        drop(self.file);
        new.finish()?;
        self.keeper.remember(len, &block, false)?;
        self.keeper.sync()
    }
}

fn keeper_of(lock: &Lock) -> Result<MemoryWriter, LogError> {
    MemoryWriter::new(lock.file())
        .map_err(|error| LogError::io("read the lock of", lock.log(), error))
}

fn claim(lock: &Lock) -> Result<File, LogError> {
    let log = lock.log();
    match lock.claim_log() {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(LogError::Locked(LockError::HeldElsewhere {
            log: log.to_owned(),
        })),
        Err(error) => Err(LogError::io("open the job log", log, error)),
    }
}

fn refuse(keeper: &MemoryWriter, lock: &Lock, file: Option<&File>) -> Result<(), LogError> {
    let compared = keeper.compare(lock.log(), file);
    match compared.map_err(|error| LogError::io("read the job log", lock.log(), error))? {
        Some(mismatch) => Err(LogError::Changed(Box::new(mismatch))),
        None => Ok(()),
    }
}

/// A log that may differ from what is remembered of it, for a person to look at.
#[derive(Debug)]
pub struct LogAcceptance {
    lock: Lock,
    keeper: MemoryWriter,
    file: Option<File>,
    mismatch: Option<Mismatch>,
}

impl LogAcceptance {
    /// Locks the log and compares it. A log that is not there is not made.
    pub fn open(path: &Path, wait: Duration) -> Result<Self, LogError> {
        let path = resolve(path)?;
        let lock = Lock::acquire(&path, "log accept", wait).map_err(LogError::from_lock)?;
        let keeper = keeper_of(&lock)?;
        let file = path.exists().then(|| claim(&lock)).transpose()?;
        let mismatch = keeper
            .compare(&path, file.as_ref())
            .map_err(|error| LogError::io("read the job log", &path, error))?;
        Ok(Self {
            lock,
            keeper,
            file,
            mismatch,
        })
    }

    /// The log's file, links resolved.
    pub fn path(&self) -> &Path {
        self.lock.log()
    }

    /// Whether there is no log.
    pub fn is_absent(&self) -> bool {
        self.file.is_none()
    }

    /// What is remembered, if anything.
    pub fn remembered(&self) -> Option<&LogMemory> {
        self.keeper.newest()
    }

    /// What speaks against the log.
    pub fn mismatch(&self) -> Option<&Mismatch> {
        self.mismatch.as_ref()
    }

    /// Remembers the log as it is, durably; one that is gone, as one that never was.
    pub fn accept(mut self) -> Result<(), LogError> {
        let path = self.lock.log().to_owned();
        let mut remember = || {
            let (len, block) = match &self.file {
                Some(file) => {
                    let len = file.metadata()?.len();
                    disk::sync_data(file)?;
                    (len, block_before(file, len)?)
                }
                None => (0, Vec::new()),
            };
            self.keeper.remember(len, &block, false)?;
            self.keeper.sync()
        };
        remember().map_err(|error| LogError::io("remember the length of", &path, error))
    }
}
