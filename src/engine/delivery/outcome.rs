//! What delivery says while it works and when it has ended.

use std::io;
use std::time::Duration;

use tokio::sync::watch;

use crate::jobs::JobKey;

/// What happens, for a progress display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A clip is being fetched: `have` of `total` bytes were there already.
    Started {
        /// Whose.
        job: JobKey,
        /// Bytes that an earlier run has fetched.
        have: u64,
        /// The whole clip's size, where the server reported it.
        total: Option<u64>,
    },
    /// Bytes came in.
    Received {
        /// Whose.
        job: JobKey,
        /// How many.
        bytes: u64,
    },
    /// Something will be tried again.
    Waiting {
        /// Whose.
        job: JobKey,
        /// What happened.
        why: String,
        /// When.
        wait: Duration,
    },
    /// It is done, and the log says so.
    Done {
        /// Whose.
        job: JobKey,
    },
    /// It failed; the summary says how.
    Failed {
        /// Whose.
        job: JobKey,
    },
}

/// What a failure means for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// Another run may help: 75.
    MayHelp,
    /// It failed for good, or until someone changes something: 1.
    ForGood,
    /// This machine lacks something, or is set up wrongly: 78.
    Setup,
    /// The other side refused the credentials: 77.
    Refused,
    /// The disk: 74.
    Disk,
}

/// One job whose clip did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The job.
    pub job: JobKey,
    /// Its listing or SKU.
    pub owner: String,
    /// What it means.
    pub kind: FailureKind,
    /// What happened and what to do next. It may quote a server, a command or a manifest, so it is
    /// escaped before it reaches a terminal.
    pub message: String,
}

/// Whether a disk error will meet every other clip too.
pub(super) fn spoils_all(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::FileTooLarge
    )
}

/// The wish to stop: a signal's, or this run's own.
pub(super) struct Halt {
    signal: watch::Receiver<bool>,
    own: watch::Sender<bool>,
}

impl Halt {
    pub fn new(signal: &watch::Receiver<bool>) -> Self {
        Self {
            signal: signal.clone(),
            own: watch::Sender::new(false),
        }
    }

    /// Stops this run from within.
    pub fn halt(&self) {
        self.own.send_replace(true);
    }

    pub fn is_signalled(&self) -> bool {
        *self.signal.borrow()
    }

    pub fn is_on(&self) -> bool {
        self.is_signalled() || *self.own.borrow()
    }

    /// Returns once something wishes to stop.
    pub async fn wait(&self) {
        tokio::select! {
            () = until_true(self.signal.clone()) => {}
            () = until_true(self.own.subscribe()) => {}
        }
    }

    /// Sleeps; `false` when it was woken by a wish to stop.
    pub async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.wait() => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}

async fn until_true(mut flag: watch::Receiver<bool>) {
    // A sender that is gone will never ask to stop.
    if flag.wait_for(|&on| on).await.is_err() {
        std::future::pending::<()>().await;
    }
}
