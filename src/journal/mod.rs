//! Where events are kept: the job log.
//!
//! `file` is the log as a file of JSON lines, `postgres` a log in a database, read by way of a
//! file that mirrors it, and `store` is the one or the other for a writer. Above them are `log`, a log
//! that is read, and `writer`, the right to write to one, which `open` gives; `announce` is the right to
//! send. The rest of the program uses the names that are exported here.

mod address;
mod announce;
mod compact;
mod connection;
mod fault;
mod file;
mod location;
mod log;
mod open;
mod pause;
#[cfg(feature = "postgres")]
mod postgres;
mod store;
mod writer;

pub use address::{Address, redacted};
pub use announce::{
    AnnounceRefusal, Announced, Announcement, CLAIM_HOLDS, CapCount, Claim, ClaimCap, Lease,
    LeaseOutcome, ReachedCap, Renewed, VendorBackoff,
};
pub use compact::{CompactOptions, CompactSummary, compact};
pub use fault::{DatabaseError, DatabaseFault};
pub use file::*;
pub use location::Location;
pub use log::JobLog;
pub use pause::{pause, resume};
#[cfg(feature = "postgres")]
pub use postgres::{
    BeingSent, DurabilityGuarantees, Forward, KeptCapture, LineBatch, ListedBackoff, ListedLog,
    ListedRun, LostLines, Outbox, Rights, SetupResult, at_work, captures_behind, init_log,
    init_statements, list_logs, merge_into, promises, rows_elsewhere, upgrade_tables,
};
pub use store::{DecisionError, PendingAppend};
pub use writer::{RequestRecord, Writer};
