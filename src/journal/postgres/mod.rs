//! Job logs in a `PostgreSQL` database, for several machines.
//!
//! A log is the same set of lines as in a file. What is read is a mirror of it, a file that is
//! caught up before each use and folded by the same code.

mod appender;
mod caps;
mod captures;
mod decide;
mod handle;
mod leases;
mod lines;
mod link;
mod login;
mod logs;
mod mirror;
mod outbox;
mod recent;
mod runs;
mod schema;
mod session;
mod spool;
mod task;
mod tls;

pub use appender::DatabaseAppender;
pub use captures::{KeptCapture, captures_behind};
pub use lines::LineBatch;
pub use link::LocalCopy;
pub use logs::{
    DurabilityGuarantees, ListedLog, SetupResult, init_log, init_statements, list_logs, merge_into,
    pause_log, promises, resume_log, rows_elsewhere, upgrade_tables,
};
pub use mirror::{LostLines, catch_up, copy};
pub use outbox::{Forward, Outbox};
pub use runs::{BeingSent, ListedBackoff, ListedRun, at_work};
pub use schema::Rights;
pub use spool::{left_spools, spools_of};
pub use task::{AcceptedId, DecisionGuard, TaskAnswer, TaskKind};

use std::io;
use std::sync::{Arc, RwLock};

use super::address::Address;
use crate::jobs::Ledger;

/// Starts to write to the log of `address`, of which `local` is a copy that `ledger` has folded.
pub fn write(
    address: &Address,
    source: mirror::MirrorSource,
    local: LocalCopy,
    ledger: &Arc<RwLock<Ledger>>,
    command: &str,
) -> io::Result<DatabaseAppender> {
    let name = source.kept_as();
    let link = link::DatabaseLink::new(address, source, local, Arc::clone(ledger), command);
    let spool = spool::Spool::new(&name, link.run());
    DatabaseAppender::start(link, spool)
}
