//! What delivery says while it works and when it has ended.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::jobs::JobKey;

/// What happens, for a progress display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryEvent {
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
    /// These lines say what was done, and the log did not take them in.
    Recover(String),
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
pub struct DeliveryFailure {
    /// The job.
    pub job: JobKey,
    /// Its listing or SKU.
    pub item: String,
    /// What it means.
    pub kind: FailureKind,
    /// What happened and what to do next. It may quote a server, a command or a manifest, so it is
    /// escaped before it reaches a terminal.
    pub message: String,
}

/// One job whose clip arrived, which the log does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmarked {
    /// Whose, and what is wrong with the log.
    pub failure: DeliveryFailure,
    /// What keeps its mark; without it, the mark was only reported.
    pub kept: Option<PathBuf>,
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
