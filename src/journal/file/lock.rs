//! One writer at a time: the operating system's lock on a file beside the log, and on the log's own
//! file, so that neither another name of the log nor a removed lock file lets a second writer in. A
//! crash leaves no lock behind.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::companion::CompanionFile;
use super::read::read_at;
use crate::text::escape;

/// How often a held lock is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// Bytes of the holder's line, with which the lock's file begins.
pub(super) const HOLDER_WIDTH: usize = 160;

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

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (command, since) = (escape(&self.command), escape(&self.since));
        let pid = self.pid;
        write!(f, "`creativeai {command}` (process {pid}, since {since})")
    }
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("the job log {} is in use by {}", log.display(), holder.as_ref().map_or_else(|| "another process".to_owned(), Holder::to_string))]
    Held {
        /// The log.
        log: PathBuf,
        /// Who, where it can be read.
        holder: Option<Holder>,
    },
    /// Another process hands clips of the log to this receiver.
    #[error(
        "clips of {} are being published to {target:?} by {}",
        log.display(),
        holder.as_ref().map_or_else(|| "another process".to_owned(), Holder::to_string)
    )]
    HeldTarget {
        /// The log.
        log: PathBuf,
        /// The receiver, as the log names it.
        target: String,
        /// Who, where it can be read.
        holder: Option<Holder>,
    },
    /// The lock's file is free, but another process holds the log's own file.
    #[error(
        "the job log {} is in use by another process, which opened it under another name (a hard \
         link or a mount) or before its lock file was removed",
        log.display()
    )]
    HeldElsewhere {
        /// The log.
        log: PathBuf,
    },
    /// The lock's file is a symbolic link.
    #[error("the lock file {} is a symbolic link, which would guard nothing", .0.display())]
    Link(PathBuf),
    /// The lock's file could not be used.
    #[error("cannot lock {}: {error}", path.display())]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A held lock. Dropping it releases it; its file stays.
#[derive(Debug)]
pub struct Lock {
    log: PathBuf,
    file: Arc<File>,
    was_there: bool,
    /// Until when the log's own file is waited for; `None` is for ever.
    deadline: Option<Instant>,
}

impl Lock {
    /// Takes the lock of `log`, waiting for another holder up to `wait`.
    pub fn acquire(log: &Path, command: &str, wait: Duration) -> Result<Self, LockError> {
        let path = CompanionFile::Lock.of(log);
        let fail = |error| {
            let path = path.clone();
            match fs::symlink_metadata(&path) {
                Ok(meta) if meta.is_symlink() => LockError::Link(path),
                _ => LockError::Io { path, error },
            }
        };
        let deadline = Instant::now().checked_add(wait);
        let options = options(true);
        let file = wait_until(deadline, || claim(&path, &options)).map_err(fail)?;
        let Some(file) = file else {
            return Err(LockError::Held {
                log: log.to_owned(),
                holder: read_holder(&path),
            });
        };
        let was_there = is_lock_file(&file).map_err(fail)?;
        let holder = Holder {
            command: command.to_owned(),
            pid: std::process::id(),
            since: format!("{:.0}", crate::clock::now()),
        };
        // What it says only helps people: the work goes on without it.
        let _ = write_holder(&file, &holder);
        Ok(Self {
            log: log.to_owned(),
            file: Arc::new(file),
            was_there,
            deadline,
        })
    }

    /// Takes the right to hand clips of `log` to `target`, which has a file of its own beside the log. Who
    /// wants both takes this one first: who has it and not the log may be about to write to it.
    pub fn acquire_target(log: &Path, target: &str, command: &str) -> Result<Self, LockError> {
        let mut name = log.as_os_str().to_owned();
        name.push(".");
        name.push(target);
        let acquired = Self::acquire(Path::new(&name), command, Duration::ZERO);
        acquired.map_err(|error| match error {
            LockError::Held { holder, .. } => LockError::HeldTarget {
                log: log.to_owned(),
                target: target.to_owned(),
                holder,
            },
            error => error,
        })
    }

    /// Whether its file was there before: then a log was, too.
    pub fn was_there(&self) -> bool {
        self.was_there
    }

    pub(in super::super) fn log(&self) -> &Path {
        &self.log
    }

    /// The lock's file, which also holds the memory.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Opens the log's own file to append to it, made (mode 0600) where it is missing, and locks
    /// that as well; `None` when another process has it for too long.
    pub(super) fn claim_log(&self) -> io::Result<Option<File>> {
        let options = append_options();
        let claimed = wait_until(self.deadline, || claim(&self.log, &options));
        if claimed.is_err() && !self.was_there {
            // No log was made, so the next run must not miss one here.
            let _ = self.file.set_len(0);
        }
        claimed
    }

    /// Who holds the lock of `log` now; `None` when it is free.
    pub fn holder(log: &Path) -> io::Result<Option<Option<Holder>>> {
        let path = CompanionFile::Lock.of(log);
        match claim(&path, &options(false)) {
            Ok(Some(_)) => Ok(None),
            Ok(None) => Ok(Some(read_holder(&path))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Tries again until there is something, or the time is up.
fn wait_until<T>(
    deadline: Option<Instant>,
    mut attempt: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<Option<T>> {
    loop {
        if let Some(done) = attempt()? {
            return Ok(Some(done));
        }
        let left = deadline.map_or(RETRY, |d| d.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(None);
        }
        // The system has no event for "the lock is free" that could also be given up on.
        std::thread::sleep(left.min(RETRY));
    }
}

/// Opens and locks a regular file; `None` when another process holds it. On Windows opening it is
/// the lock: what is open this way no one else may write to, rename or remove.
fn claim(path: &Path, options: &OpenOptions) -> io::Result<Option<File>> {
    loop {
        let file = match options.open(path) {
            #[cfg(windows)]
            Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => return Ok(None),
            opened => opened?,
        };
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ));
        }
        #[cfg(unix)]
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        // It may have been replaced or removed before it was locked.
        if leads_to(path, &file)?.is_some() {
            return Ok(Some(file));
        }
    }
}

/// The file at `path` as it is, if it is the opened `file`.
pub(in super::super) fn leads_to(path: &Path, file: &File) -> io::Result<Option<Metadata>> {
    let there = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let held = file.metadata()?;
    Ok(is_same(&there, &held).then_some(there))
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A file that is held here cannot be replaced by others; a length is enough to know of the rest.
#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.is_file() && one.len() == other.len()
}

/// Whether the lock's file has a past. A file of another program is not written to.
fn is_lock_file(file: &File) -> io::Result<bool> {
    const START: &[u8] = b"{\"command\":";
    let mut start = [0; START.len()];
    let len = read_at(file, &mut start, 0)?;
    let start = &start[..len];
    // A power cut may have left zeros, or a part.
    if start.iter().all(|byte| *byte == 0) {
        return Ok(false);
    }
    if START.starts_with(start) {
        return Ok(true);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "there is a file of that name that is not a lock; it was left alone",
    ))
}

fn write_holder(file: &File, holder: &Holder) -> io::Result<()> {
    let line = padded(serde_json::to_string(holder)?, HOLDER_WIDTH)?;
    write_at(file, &line, 0)
}

fn read_holder(path: &Path) -> Option<Holder> {
    let file = open_to_read(path).ok()?;
    let mut bytes = [0; HOLDER_WIDTH];
    let len = read_at(&file, &mut bytes, 0).ok()?;
    let line = bytes[..len].split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice(line).ok()
}

/// Opens a file beside a log without a lock; a link is not followed.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    without_links(&mut options);
    options.open(path)
}

/// Writes all of `bytes` at `offset`.
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, offset);
    #[cfg(windows)]
    {
        let mut written = 0;
        while written < bytes.len() {
            let at = offset + written as u64;
            match std::os::windows::fs::FileExt::seek_write(file, &bytes[written..], at)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => written += count,
            }
        }
        Ok(())
    }
}

/// For the lock's file. It is never followed as a link: a lock that someone could point elsewhere
/// would guard nothing.
fn options(write: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(write)
        .create(write)
        .truncate(false);
    for_one_writer(&mut options);
    without_links(&mut options);
    options
}

/// For the log's own file; links in its name have been resolved.
pub(in super::super) fn append_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).create(true);
    // A handle of Windows that appends could not take lines out again. This one writes where its
    // writer says: no one else can write to the file.
    if cfg!(windows) {
        options.write(true).truncate(false);
    } else {
        options.append(true);
    }
    for_one_writer(&mut options);
    without_links(&mut options);
    options
}

#[cfg(windows)]
const ERROR_SHARING_VIOLATION: i32 = 32;

#[cfg_attr(
    unix,
    expect(unused_variables, reason = "a lock of its own does it there")
)]
fn for_one_writer(options: &mut OpenOptions) {
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        const FILE_SHARE_READ: u32 = 1;
        options.share_mode(FILE_SHARE_READ);
    }
}

/// A link is not followed, and what is made only the user can read.
pub(super) fn without_links(options: &mut OpenOptions) {
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
}

/// A line of exactly `width` bytes.
pub(super) fn padded(mut line: String, width: usize) -> io::Result<Vec<u8>> {
    if line.len() >= width {
        return Err(io::Error::other("a line of the lock's file is too long"));
    }
    while line.len() + 1 < width {
        line.push(' ');
    }
    line.push('\n');
    Ok(line.into_bytes())
}

#[cfg(test)]
mod tests;
