//! Where events are kept: the job log.
//!
//! `file` is the log as a file of JSON lines, `postgres` a log in a database, read by way of a
//! file that mirrors it. Nothing above this room names those modules; what is needed of them stands
//! here.

mod address;
mod file;
mod location;
#[cfg(feature = "postgres")]
mod postgres;

pub use address::{Address, AddressError};
pub use file::*;
pub use location::{DatabaseError, DatabaseFault, Location, redacted};
#[cfg(feature = "postgres")]
pub use postgres::{
    Listed, Lost, Made, Merge, Promises, Rights, init_log, init_statements, list_logs, merge_into,
    promises, upgrade_tables,
};
