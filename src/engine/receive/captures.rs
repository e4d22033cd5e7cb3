//! The capture file, for the receiver.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use crate::engine::forward::{self, Outgoing};
use crate::engine::ingest::observation;
use crate::jobs::Observation;
use crate::journal::{Appender, Lock};
use crate::webhook::{Capture, Sink, Verification, VerifyKeys, verify};

/// The file that deliveries are appended to. One receiver has it at a time.
pub struct CaptureFile {
    path: PathBuf,
    appender: Mutex<Arc<Appender>>,
    held_before: bool,
    /// Bytes of the last delivery if it could not be kept, else 0.
    failed: AtomicUsize,
    _lock: Lock,
}

impl CaptureFile {
    /// Opens the file at `path`, which leads through no link, or makes it. It stays locked.
    pub fn open(path: PathBuf, lock: Lock) -> io::Result<Self> {
        let appender = Appender::open(&path)?;
        let held_before = path.metadata()?.len() > 0;
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

    /// Reopens the file to replace `failed`, which never writes again. Nothing is lost by
    /// that: whatever is not known to be durable was not answered with 200.
    fn reopen(&self, failed: &Arc<Appender>) {
        let mut current = self.appender.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, failed)
            && let Ok(fresh) = Appender::open(&self.path)
        {
            *current = Arc::new(fresh);
        }
    }

    async fn append(&self, line: String) -> anyhow::Result<()> {
        let length = line.len();
        let kept = self.keep(line).await;
        let failed = if kept.is_ok() { 0 } else { length };
        self.failed.store(failed, Ordering::Relaxed);
        kept
    }

    async fn keep(&self, mut line: String) -> anyhow::Result<()> {
        line.push('\n');
        let appender = self.appender();
        let Err(error) = appender.append(&line).await else {
            return Ok(());
        };
        // The disk may have room again by the next delivery. A file that was removed or replaced is
        // recreated at once: nothing is answered with 200 before it is in a file.
        self.reopen(&appender);
        if error.disturbed().is_some() {
            self.appender().append(&line).await?;
            return Ok(());
        }
        Err(error.into())
    }
}

/// Keeps deliveries in a file, and passes them on to what applies and forwards them.
pub struct CaptureSink {
    pub file: Arc<CaptureFile>,
    /// What deliveries are verified with.
    pub keys: VerifyKeys,
    /// What applies them to the log.
    pub apply: Option<mpsc::Sender<Observation<'static>>>,
    pub outgoing: Option<forward::Sender>,
}

impl CaptureSink {
    /// Passes on what is kept. It must not block.
    fn pass_on(&self, capture: &Capture<'_>) {
        if self.apply.is_none() && self.outgoing.is_none() {
            return;
        }
        let verification = verify(capture, &self.keys);
        if let Some(apply) = &self.apply
            && let Some(seen) = observation(&verification, capture.correlation())
        {
            // The applier outlives the server; should it not, the capture is on disk.
            let _ = apply.send(seen);
        }
        if let Some(outgoing) = &self.outgoing
            && matches!(verification, Verification::Verified(_))
        {
            outgoing.send(|| Outgoing::of(capture, &verification));
        }
    }
}

impl Sink for CaptureSink {
    async fn keep(&self, capture: &Capture<'_>) -> anyhow::Result<()> {
        self.file.append(capture.to_envelope_line()).await?;
        self.pass_on(capture);
        Ok(())
    }

    /// After a failure a blank line as long as what did not fit, which readers pass over, shows
    /// whether the disk takes it now.
    async fn ready(&self) -> anyhow::Result<()> {
        match self.file.failed.load(Ordering::Relaxed) {
            0 => Ok(()),
            length => self.file.append(" ".repeat(length)).await,
        }
    }
}
