//! The job log's file: read, lock, append with group commit, compact.
//!
//! Readers need no lock: a line is either whole or skipped. A writer reads the log only once it
//! holds the lock, so that no one decides on what another process is about to change.

mod appender;
mod checkpoint;
mod companion;
mod damage;
mod decode;
mod error;
mod fold;
mod held;
mod lock;
mod memory;
mod objects;
mod path;
mod pending;
mod read;
mod recovery;
mod source;
mod tolerant;

pub use appender::Appender;
pub(super) use appender::FoldFn;
pub use checkpoint::Checkpoint;
pub use companion::CompanionFile;
pub use damage::{Damage, Suspect};
pub use error::LogError;
pub(super) use fold::{fold_text, take_text};
pub use held::{HeldLog, LogAcceptance};
pub use lock::{Holder, Lock, LockError};
#[cfg(feature = "postgres")]
pub(super) use lock::{append_options, leads_to};
pub(super) use memory::MemoryReader;
pub use memory::{FileState, LogMemory, Mismatch, is_remembered, remembered_of_absent};
pub use path::{LOG_NAME, SANDBOX_LOG_NAME, may_be_torn, resolve};
pub(super) use pending::Pending;
pub use pending::{AppendError, ExternalChange};
pub use read::{LineReader, for_each_line};
pub(super) use recovery::Recovery;
pub use recovery::{UnrecoveredLines, forget_taken_in, holds_all, not_taken_in};
pub(super) use source::{ReadLog, each_part};
pub use source::{each_line_of, map_lines_of};
pub(super) use tolerant::LogPart;
