//! Why something was not done with a log in a database.

use std::io;

use tokio_postgres::Error;

use super::super::address::Address;
use super::super::fault::{DatabaseError, DatabaseFault};
use super::session::Session;

/// Why something was not done.
pub(super) enum Failed {
    /// A statement failed, which may mean no more than a lost connection.
    Statement(Error),
    Other(DatabaseError),
}

impl Failed {
    /// The same for a person: what could not be done with the log of `address`, as in "cannot ...".
    pub fn when(self, doing: &str, address: &Address) -> DatabaseError {
        match self {
            Self::Statement(error) => Session::failure(address, doing, &error),
            Self::Other(error) => error,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

impl From<DatabaseError> for Failed {
    fn from(error: DatabaseError) -> Self {
        Self::Other(error)
    }
}

/// Of the copy on this computer.
impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Other(DatabaseError::new(
            DatabaseFault::Io,
            format!("cannot write the local copy of the job log: {error}"),
            "make room in the cache folder and run the same command again; nothing was sent",
        ))
    }
}
