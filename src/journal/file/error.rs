//! Why a log cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use super::super::fault::DatabaseError;
use super::lock::LockError;
use super::memory::Mismatch;
use crate::text::format::count;

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is no such file.
    #[error("cannot find the job log {}", .0.display())]
    Missing(PathBuf),
    /// It is a folder, a pipe or the like.
    #[error("{} is not a regular file, so it cannot be a job log", .0.display())]
    NotRegular(PathBuf),
    /// It is a symbolic link to a file that is not there.
    #[error("the job log {} is a link to {}, which is not there", link.display(), target.display())]
    Dangling {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// It is in iCloud Drive, and only its placeholder on this computer.
    #[error("the job log {} is in iCloud and not on this computer", .0.display())]
    InICloud(PathBuf),
    /// The place for the old log is taken.
    #[error("cannot keep the old log as {}: that file is there already", .0.display())]
    Kept(PathBuf),
    /// Its lock file is a symbolic link.
    #[error("the lock file {} is a symbolic link, which would guard nothing", .0.display())]
    LinkedLock(PathBuf),
    /// Something else has written it again, in a form to which no line can be added.
    #[error("{} can be read, but it is {form}, so nothing can be added to it", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The form, as in "it is ...".
        form: &'static str,
    },
    /// Not all of it can be read.
    #[error("the job log {} cannot be read in full", .0.display())]
    Damaged(PathBuf),
    /// Another process writes to it.
    #[error(transparent)]
    Locked(LockError),
    /// It is in a database that cannot be used.
    #[error(transparent)]
    Database(DatabaseError),
    /// It was cut off, replaced, restored or lost since the last commit.
    #[error(transparent)]
    Changed(Box<Mismatch>),
    /// Another database holds it, too, with lines that this one does not have; or an earlier log stood in
    /// its place.
    #[error(
        "this computer knows {} of {} from {}; they are kept in {}",
        count(*lines, "line"), log.display(), other(*is_earlier), file.display()
    )]
    Elsewhere {
        /// The log's address.
        log: PathBuf,
        /// How many lines.
        lines: u64,
        /// The file that keeps them.
        file: PathBuf,
        /// Whether they are of an earlier log.
        is_earlier: bool,
    },
    /// The system refused.
    #[error("cannot {doing} {}: {error}", path.display())]
    Io {
        /// What was being done, as in "cannot ... FILE".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

fn other(is_earlier: bool) -> &'static str {
    if is_earlier {
        "an earlier log at this address, which was lost or removed"
    } else {
        "another database that is a copy of this one, or the other way around"
    }
}

impl From<DatabaseError> for LogError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl LogError {
    /// What a lock that was not to be had means for the log.
    pub fn from_lock(error: LockError) -> Self {
        match error {
            LockError::Io { path, error } => Self::io("open the lock", &path, error),
            LockError::Link(path) => Self::LinkedLock(path),
            held => Self::Locked(held),
        }
    }

    /// The system refused: `doing` as in "cannot ... FILE".
    pub fn io(doing: &'static str, path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { doing, path, error }
    }
}
