//! Progress, tables, wording, the HTML report.
//!
//! Data goes to standard output, everything else to standard error. What a server or a manifest
//! says is escaped before it gets near a terminal or a page.

#[cfg(feature = "cli")]
mod absent;
pub mod audience;
#[cfg(feature = "cli")]
pub mod batch;
#[cfg(feature = "cli")]
mod canvas;
#[cfg(feature = "cli")]
pub mod columns;
mod commands;
#[cfg(feature = "cli")]
mod csv;
#[cfg(feature = "cli")]
pub mod damage;
#[cfg(feature = "cli")]
pub mod delivery;
mod display_status;
#[cfg(feature = "cli")]
mod dry_run;
#[cfg(feature = "cli")]
pub mod failure;
#[cfg(feature = "cli")]
pub(crate) mod findings;
#[cfg(feature = "cli")]
mod forward;
#[cfg(feature = "cli")]
pub mod held;
#[cfg(feature = "cli")]
mod history;
mod job_summary;
#[cfg(feature = "cli")]
pub mod json;
#[cfg(feature = "cli")]
mod messages;
#[cfg(feature = "cli")]
mod metrics;
#[cfg(feature = "cli")]
pub mod mistakes;
#[cfg(feature = "cli")]
mod money;
#[cfg(feature = "cli")]
mod polling;
#[cfg(feature = "cli")]
mod printer;
#[cfg(feature = "cli")]
mod progress;
#[cfg(feature = "cli")]
pub mod proof;
#[cfg(feature = "cli")]
mod receiving;
#[cfg(feature = "cli")]
pub mod rename;
#[cfg(feature = "cli")]
mod replay;
pub mod report;
#[cfg(feature = "cli")]
mod request_log;
#[cfg(feature = "cli")]
pub mod retry;
#[cfg(feature = "cli")]
pub mod review;
#[cfg(feature = "cli")]
mod round;
#[cfg(feature = "cli")]
mod sending;
#[cfg(feature = "cli")]
pub mod stopped;
#[cfg(feature = "cli")]
mod summary;
#[cfg(feature = "cli")]
mod table;
mod tally;
#[cfg(feature = "cli")]
mod terminal;
mod typed_options;
#[cfg(feature = "cli")]
pub mod unrecovered;
pub mod words;
#[cfg(feature = "cli")]
pub(crate) mod written;

#[cfg(feature = "cli")]
pub use self::{
    batch::{BatchReport, canary_json},
    columns::{aligned, headed},
    csv::{CarriedColumns, CsvTable, Dialect},
    dry_run::DryRun,
    forward::report_forward,
    history::history,
    metrics::{DeliveryMetric, MetricEvent, Metrics},
    money::Money,
    polling::Polling,
    printer::{OutputOptions, Printer, ProgressStyle},
    progress::{Progress, STARTED, WAITING},
    receiving::{Received, Receiving, RequestReport},
    replay::{ReplayReport, report_confirmed, report_unconfirmed},
    review::{KEY_MARK, ReviewTable},
    round::RoundEnd,
    sending::Sending,
    summary::{Replayed, Summary},
    table::{ListingGroup, footer, messages, nothing, rehearsal, table},
};
pub use audience::{Audience, Wording};
pub use commands::Commands;
pub use display_status::{JobSortKey, Tone, in_order};
pub use job_summary::{DoubtfulJob, JobSummary, sought};
pub use tally::{Tally, TallyNotice};
pub use typed_options::TypedOptions;

pub use crate::jobs::DisplayStatus;
