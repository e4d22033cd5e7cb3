//! One writer at a time: the operating system's lock on a file beside the log, so that a crash
//! leaves none behind.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How often a held lock is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// Who holds a lock, as it says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holder {
    /// The subcommand.
    pub command: String,
    /// The process.
    pub pid: u32,
    /// Since when, RFC 3339.
    pub since: String,
}

/// Why there is no lock.
#[derive(Debug)]
pub enum LockError {
    /// Another process holds it.
    Held {
        /// The log.
        log: PathBuf,
        /// Who, where it can be read.
        holder: Option<Holder>,
    },
    /// The lock's file could not be used.
    Io {
        /// The lock's file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { log, holder } => {
                write!(f, "the job log {} is in use", log.display())?;
                match holder {
                    Some(Holder {
                        command,
                        pid,
                        since,
                    }) => write!(
                        f,
                        " by `creativeai {}` (process {pid}, since {})",
                        crate::output::escape(command),
                        crate::output::escape(since),
                    ),
                    None => f.write_str(" by another process"),
                }
            }
            Self::Io { path, error } => write!(f, "cannot lock {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LockError {}

/// A held lock. Dropping it releases it; its file stays.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// The lock's file for a log.
    pub fn path_for(log: &Path) -> PathBuf {
        let mut name = log.as_os_str().to_owned();
        name.push(".lock");
        PathBuf::from(name)
    }

    /// Takes the lock of `log`, waiting for another holder up to `wait`.
    pub fn acquire(log: &Path, command: &str, wait: Duration) -> Result<Self, LockError> {
        let path = Self::path_for(log);
        let fail = |error| LockError::Io {
            path: path.clone(),
            error,
        };
        let mut file = open(&path).map_err(fail)?;
        let deadline = Instant::now().checked_add(wait);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(fail(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            let left = deadline.map_or(RETRY, |d| d.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(LockError::Held {
                    log: log.to_owned(),
                    holder: read_holder(&path),
                });
            }
            // The system has no event for "the lock is free" that could also be given up on.
            std::thread::sleep(left.min(RETRY));
        }
        let holder = Holder {
            command: command.to_owned(),
            pid: std::process::id(),
            since: format!("{:.0}", crate::clock::now()),
        };
        // What it says only helps people; failing to say it is no reason not to work.
        let _ = tell(&mut file, &holder);
        Ok(Self { _file: file })
    }

    /// Who holds the lock of `log` now; `None` when it is free.
    pub fn holder(log: &Path) -> io::Result<Option<Option<Holder>>> {
        let path = Self::path_for(log);
        let file = match options(false).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(read_holder(&path))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn tell(file: &mut File, holder: &Holder) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    serde_json::to_writer(&mut *file, holder)?;
    file.write_all(b"\n")
}

fn read_holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    let file = options(false).open(path).ok()?;
    file.take(4096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn open(path: &Path) -> io::Result<File> {
    let file = options(true).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ))
    }
}

/// Never follows a link: a lock that somebody could point elsewhere would guard nothing.
fn options(write: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(write)
        .create(write)
        .truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits() as i32);
    }
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
        options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_writer_is_told_who_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("jobs.jsonl");
        let held = Lock::acquire(&log, "submit", Duration::ZERO).unwrap();
        let error = Lock::acquire(&log, "retry", Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`creativeai submit`"), "{error}");
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        assert!(Lock::holder(&log).unwrap().is_some());
        drop(held);
        assert!(Lock::holder(&log).unwrap().is_none());
        Lock::acquire(&log, "retry", Duration::ZERO).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_is_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("jobs.jsonl");
        let target = dir.path().join("precious");
        std::fs::write(&target, "kept").unwrap();
        std::os::unix::fs::symlink(&target, Lock::path_for(&log)).unwrap();
        let error = Lock::acquire(&log, "submit", Duration::ZERO).unwrap_err();
        assert!(matches!(error, LockError::Io { .. }));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "kept");
    }
}
