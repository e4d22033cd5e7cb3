//! Where a writer's lines go: to a file, or to a database.

use std::path::PathBuf;

use super::file::{AppendError, Appender, Pending};
#[cfg(feature = "postgres")]
use super::postgres::{DatabaseAppender, TaskAnswer};

/// What takes lines in.
#[derive(Debug)]
pub(super) enum Store {
    File {
        appender: Appender,
        /// It pauses the log where it is there.
        pause: PathBuf,
    },
    #[cfg(feature = "postgres")]
    Database {
        appender: DatabaseAppender,
        /// How far the database's clock is ahead of this computer's.
        clock: jiff::SignedDuration,
    },
}

/// Lines on their way into the log.
#[derive(Debug)]
#[must_use]
pub struct PendingAppend(pub(super) PendingSink);

#[derive(Debug)]
pub(super) enum PendingSink {
    File(Pending<()>),
    #[cfg(feature = "postgres")]
    Database(Pending<TaskAnswer>),
}

impl PendingAppend {
    /// Returns once the lines are durable and folded.
    pub async fn done(self) -> Result<(), AppendError> {
        match self.0 {
            PendingSink::File(pending) => pending.done().await,
            #[cfg(feature = "postgres")]
            PendingSink::Database(pending) => pending.done().await.map(drop),
        }
    }

    /// The same. Whether the lines are in the log as they are: of an accepted reply it may hold what was
    /// to be written otherwise.
    pub async fn done_as_it_is(self) -> Result<bool, AppendError> {
        match self.0 {
            PendingSink::File(pending) => pending.done().await.map(|()| true),
            #[cfg(feature = "postgres")]
            PendingSink::Database(pending) => {
                let answer = pending.done().await?;
                Ok(!matches!(answer, TaskAnswer::Otherwise))
            }
        }
    }

    /// The same for callers that are not async.
    pub fn wait(self) -> Result<(), AppendError> {
        match self.0 {
            PendingSink::File(pending) => pending.wait(),
            #[cfg(feature = "postgres")]
            PendingSink::Database(pending) => pending.wait().map(drop),
        }
    }
}

/// Why what a person has decided was not taken in.
#[derive(Debug)]
pub enum DecisionError {
    /// This computer is sending it right now.
    BeingSent(String),
    /// Another computer has written about it since this one has read the log.
    Outdated,
    /// The log cannot be written to.
    Failed(AppendError),
}
