//! The capture file, for the receiver.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::commands::outputs::CAPTURES;
use crate::exit::Failure;
use crate::journal::{self, Appender, Lock, LockError, LogError};
use crate::webhook::{Capture, Sink};

/// The file that deliveries are appended to. One receiver has it at a time.
pub struct Captures {
    path: PathBuf,
    appender: Mutex<Arc<Appender>>,
    held_before: bool,
    /// Bytes of the last delivery if it could not be kept, else 0.
    failed: AtomicUsize,
    _lock: Lock,
}

impl Captures {
    /// Opens it, or makes it. It must not be one of the files of `jobs`, the log that is written.
    pub fn open(path: &Path, jobs: Option<&Path>) -> Result<Self, Failure> {
        let path = journal::resolve(path).map_err(|error| unusable(path, error))?;
        CAPTURES.check(&path, jobs)?;
        let lock = Lock::acquire(&path, "listen", Duration::ZERO).map_err(|e| taken(&path, e))?;
        let fail = |error| cannot_write(&path, error);
        let appender = Appender::open(&path).map_err(fail)?;
        let held_before = path.metadata().map_err(fail)?.len() > 0;
        Ok(Self {
            appender: Mutex::new(Arc::new(appender)),
            held_before,
            failed: AtomicUsize::new(0),
            path,
            _lock: lock,
        })
    }

    /// Where it is, links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an earlier receiver had left something in it.
    pub fn held_before(&self) -> bool {
        self.held_before
    }

    fn appender(&self) -> Arc<Appender> {
        let current = self.appender.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the file anew in place of `failed`, which never writes again. Nothing is lost by
    /// that: whatever is not known to be durable was not answered with 200.
    fn reopen(&self, failed: &Arc<Appender>) {
        let mut current = self.appender.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, failed)
            && let Ok(fresh) = Appender::open(&self.path)
        {
            *current = Arc::new(fresh);
        }
    }

    async fn keep(&self, mut line: String) -> anyhow::Result<()> {
        line.push('\n');
        let appender = self.appender();
        let Err(error) = appender.append(&line).await else {
            return Ok(());
        };
        // The disk may have room again by the next delivery. A file that was removed or replaced is
        // made anew at once: nothing is answered with 200 that is in no file.
        self.reopen(&appender);
        if error.disturbed().is_some() {
            self.appender().append(&line).await?;
            return Ok(());
        }
        Err(error.into())
    }
}

/// The receiver's hold on it.
pub struct Keeper(pub Arc<Captures>);

impl Keeper {
    async fn append(&self, line: String) -> anyhow::Result<()> {
        let length = line.len();
        let kept = self.0.keep(line).await;
        let failed = if kept.is_ok() { 0 } else { length };
        self.0.failed.store(failed, Ordering::Relaxed);
        kept
    }
}

impl Sink for Keeper {
    async fn keep(&self, capture: &Capture<'_>) -> anyhow::Result<()> {
        self.append(capture.to_envelope_line()).await
    }

    /// After a failure a blank line as long as what did not fit, which readers pass over, shows
    /// whether the disk takes it now.
    async fn ready(&self) -> anyhow::Result<()> {
        match self.0.failed.load(Ordering::Relaxed) {
            0 => Ok(()),
            length => self.append(" ".repeat(length)).await,
        }
    }
}

fn unusable(path: &Path, error: LogError) -> Failure {
    match error {
        LogError::Io { error, .. } => cannot_write(path, error),
        _ => Failure::config(format!(
            "captures cannot be kept in {}: it is not a regular file",
            path.display()
        ))
        .help("name a file with --capture"),
    }
}

fn cannot_write(path: &Path, error: std::io::Error) -> Failure {
    Failure::io(format!("cannot write captures to {}", path.display()))
        .because(error)
        .help("check that its folder exists and that you may write there, or name another file with --capture")
}

fn taken(path: &Path, error: LockError) -> Failure {
    let holder = match error {
        LockError::Io { error, .. } => return cannot_write(path, error),
        LockError::Link(link) => {
            let link = link.display();
            return Failure::config(format!("the lock file {link} is a symbolic link"))
                .help("remove the link, or name another file with --capture");
        }
        LockError::Held { holder, .. } => holder,
        LockError::HeldElsewhere { .. } => None,
    };
    Failure::temporary(format!(
        "{} belongs to another `creativeai listen`{}",
        path.display(),
        holder.map_or_else(String::new, |h| format!(" (process {})", h.pid)),
    ))
    .help("name another file with --capture; `reconcile --replay` reads any number of them")
}
