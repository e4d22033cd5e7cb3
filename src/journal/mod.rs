//! Where events are kept: the job log.
//!
//! `file` is the log as a file of JSON lines, `postgres` a log in a database, read by way of a
//! file that mirrors it. `store` is the one or the other for whoever writes, `announce` what both
//! understand by the right to send. Nothing above this room names those modules; what is needed of them stands
//! here.

mod address;
mod announce;
mod file;
mod location;
mod pause;
#[cfg(feature = "postgres")]
mod postgres;
mod store;

pub use address::{Address, AddressError, redacted};
pub use announce::{Announced, Announcement, CLAIM_HOLDS, Claim, MaySend, Refused};
pub use file::*;
pub use location::{DatabaseError, DatabaseFault, Location};
pub use pause::{pause, resume};
#[cfg(feature = "postgres")]
pub use postgres::{
    AtWork, BeingSent, KeptCapture, Listed, Lost, Made, Merge, Promises, Rights, at_work,
    captures_behind, init_log, init_statements, list_logs, merge_into, promises, rows_elsewhere,
    upgrade_tables,
};
pub use store::{Appending, Unsettled};
