//! Job logs in a `PostgreSQL` database, for several machines.
//!
//! A log is the same set of lines as in a file. What is read is a mirror of it, a file that is
//! caught up before each use and folded by the same code.

mod login;
mod logs;
mod mirror;
mod record;
mod schema;
mod session;
mod tls;

pub use logs::{
    Listed, Made, Merge, Promises, init_log, init_statements, list_logs, merge_into, promises,
    upgrade_tables,
};
pub use mirror::{Lost, catch_up, copy};
pub use record::Recorder;
pub use schema::Rights;
