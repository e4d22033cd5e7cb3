//! The right to fetch or publish clips while no other computer does.
//!
//! A listing or SKU is leased as a whole: its clips end up in one folder, and are distinguished on
//! one product.

use super::facts::Delivery;
use super::outcome::FailureKind;
use crate::jobs::JobView;
use crate::journal::{AppendError, DatabaseFault, LeaseOutcome, LogError, Writer};

/// What is done with the clips.
#[derive(Clone, Copy, Debug)]
pub(super) enum LeasedWork<'a> {
    /// They are fetched.
    Download,
    /// They are published, to this target.
    Publish(&'a str),
}

/// Whose it is.
pub(super) enum ClipLease {
    /// This run's. The job, as all computers have left it.
    Mine(Box<JobView>),
    /// Another run's, for now.
    Another,
}

/// The log cannot be used.
#[derive(Clone, Debug)]
pub(super) struct LogUnusable {
    pub kind: FailureKind,
    pub why: String,
}

impl From<AppendError> for LogUnusable {
    fn from(error: AppendError) -> Self {
        Self {
            kind: kind_of(&error),
            why: error.to_string(),
        }
    }
}

impl From<LogError> for LogUnusable {
    fn from(error: LogError) -> Self {
        Self {
            kind: FailureKind::Disk,
            why: error.to_string(),
        }
    }
}

/// What it means that lines were not taken in.
pub(super) fn kind_of(error: &AppendError) -> FailureKind {
    match error.database().map(|error| error.kind) {
        Some(DatabaseFault::Temporary) => FailureKind::MayHelp,
        Some(DatabaseFault::Config) => FailureKind::Setup,
        Some(DatabaseFault::Io) | None => FailureKind::Disk,
    }
}

/// Takes the lease, and reads the job after that: what others did with it before stands in the log. A
/// computer that slept meanwhile asks again.
pub(super) async fn begin(
    writer: &Writer,
    work: LeasedWork<'_>,
    delivery: &Delivery,
) -> Result<ClipLease, LogUnusable> {
    let name = name(work, delivery);
    loop {
        let LeaseOutcome::Mine(lease) = writer.lease(&name).await? else {
            return Ok(ClipLease::Another);
        };
        let Some(view) = writer.view(delivery.job)? else {
            let why = format!("job {} is no longer in it", delivery.job);
            let kind = FailureKind::MayHelp;
            return Err(LogUnusable { kind, why });
        };
        if lease.holds() {
            return Ok(ClipLease::Mine(Box::new(view)));
        }
    }
}

fn name(work: LeasedWork<'_>, delivery: &Delivery) -> String {
    let item = match &delivery.item {
        Some((column, id)) => format!("{} {id}", column.name()),
        None => format!("job {}", delivery.job),
    };
    match work {
        LeasedWork::Download => format!("download\n{item}"),
        LeasedWork::Publish(target) => format!("publish {target}\n{item}"),
    }
}
