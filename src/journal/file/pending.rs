//! Waiting for a thread that writes lines.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::super::fault::DatabaseError;

/// Why lines are not on disk for certain. After the first such error nothing more is written: a
/// failed sync is never tried again, since the system may have dropped what it could not write.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
pub struct AppendError {
    /// The system's first error.
    pub error: Arc<io::Error>,
    /// The lines concerned.
    pub lines: String,
}

/// What another program did to a file while this process was writing to it. Nothing more is written
/// to it then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalChange {
    /// It is gone from its place.
    #[error("another program removed, moved or replaced the file while it was written to")]
    Gone,
    /// It has another length, in bytes, than this process left it with.
    #[error(
        "another program {} the file while it was written to: it was left {left} bytes long and \
         is {now} bytes long",
        if now < left { "cut off" } else { "added to" }
    )]
    Length {
        /// When this process last wrote to it.
        left: u64,
        /// Now.
        now: u64,
    },
}

impl AppendError {
    /// What is wrong with the log's database, where that is why.
    pub fn database(&self) -> Option<&DatabaseError> {
        self.error.get_ref()?.downcast_ref()
    }

    /// What another program did to the file, where that is why.
    pub fn disturbed(&self) -> Option<ExternalChange> {
        self.error.get_ref()?.downcast_ref().copied()
    }
}

/// Lines that were handed in, and what becomes of them.
pub struct Pending<T> {
    pub(in super::super) done: oneshot::Receiver<Result<T, AppendError>>,
    /// Has them written down where they wait for others.
    pub(in super::super) urge: Box<dyn FnOnce() + Send>,
    /// The lines, should the writer be gone.
    pub(in super::super) lines: String,
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Pending<T> {
    /// Waits until they are durable.
    pub async fn done(mut self) -> Result<T, AppendError> {
        let done = match self.done.try_recv() {
            Err(TryRecvError::Empty) => {
                (self.urge)();
                self.done.await.ok()
            }
            done => done.ok(),
        };
        done.unwrap_or_else(|| Err(gone(self.lines)))
    }

    /// The same for callers that are not async.
    pub fn wait(self) -> Result<T, AppendError> {
        (self.urge)();
        let done = self.done;
        // On a thread of its own: the caller's may be one that drives others.
        let waiting = std::thread::spawn(move || done.blocking_recv());
        match waiting.join() {
            Ok(Ok(done)) => done,
            _ => Err(gone(self.lines)),
        }
    }
}

/// The thread has ended early, which only a panic of it could cause.
fn gone(lines: String) -> AppendError {
    AppendError {
        error: Arc::new(io::Error::other("the log's writer has stopped")),
        lines,
    }
}
