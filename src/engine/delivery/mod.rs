//! Clips on disk, clips published.
//!
//! [`facts`] is what the log says of a job, [`due`] which clips go out, and [`plan`] where those go that are
//! fetched; [`Download`] fetches them, [`exec`] and [`shopify`] publish them. What was done becomes a line of the log, written after it
//! was done: a crash in between means that it is done again, or recognized as done.

pub mod address;
pub mod bucket;
pub mod client;
#[cfg(feature = "report")]
pub mod credentials;
mod download;
pub mod due;
mod error;
pub mod exec;
pub mod facts;
mod fetch;
mod fetcher;
pub mod fields;
mod group_guard;
mod lease;
mod links;
mod media;
pub mod mp4;
pub mod names;
mod outcome;
mod partial_download;
pub mod plan;
mod process;
pub mod proof;
mod publish;
mod reply;
mod sent;
pub mod shopify;
mod target_dir;
mod unpack;

pub use download::{Download, DownloadOptions, DownloadSummary};
pub use error::RefreshError;
pub use exec::{CommandResult, EXEC_TARGET, Exec, ExecOptions, has_run};
pub use fetcher::Refresh;
pub use links::{Links, OnDemand};
pub use media::looks_like_clip;
pub use outcome::{DeliveryEvent, DeliveryFailure, FailureKind, Unmarked};
pub use process::kill_all as kill_commands;
pub use publish::{PublishSummary, publish_id};
pub use target_dir::{cut_since, hold_without_file, prepare};

/// The wait before a first repeat, as people have it.
pub const RETRY_DELAY: std::time::Duration = std::time::Duration::from_secs(1);

#[cfg(test)]
mod tests;
