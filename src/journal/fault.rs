//! Why a log in a database cannot be used.

/// Why a log in a database cannot be used. It never quotes a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DatabaseError {
    /// What kind of failure it is.
    pub kind: DatabaseFault,
    /// What is wrong.
    pub message: String,
    /// The next step.
    pub help: String,
}

/// Kinds of failures of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseFault {
    /// Someone has to set something right first.
    Config,
    /// It may work later.
    Temporary,
    /// This computer's own files cannot be used.
    Io,
}

impl DatabaseError {
    /// A failure.
    pub fn new(kind: DatabaseFault, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: help.into(),
        }
    }

    /// Something has to be set right first.
    pub fn config(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(DatabaseFault::Config, message, help)
    }
}

/// How the next step ends where nothing has been sent.
#[cfg(feature = "postgres")]
const NOTHING_SENT: &str = "; nothing was sent";

#[cfg(feature = "postgres")]
impl DatabaseError {
    /// It may work later.
    pub(super) fn temporary(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(DatabaseFault::Temporary, message, help)
    }

    /// The same in a run that has sent something before.
    pub(super) fn after_orders(mut self) -> Self {
        if let Some(next) = self.help.strip_suffix(NOTHING_SENT) {
            self.help = format!("{next}; nothing more was sent");
        }
        self
    }
}
