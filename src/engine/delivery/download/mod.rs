//! Fetching what is due: each clip once, whole, checked, and reported in the log.

mod put;
mod run;
mod whole;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::bucket::Bucket;
use super::client::FetchClient;
use super::facts::Delivery;
use super::outcome::{DeliveryEvent, DeliveryFailure};
use crate::engine::stop::Stop;
use crate::jobs::JobKey;
use crate::journal::Writer;

/// How to fetch.
#[derive(Clone, Debug)]
pub struct DownloadOptions {
    /// The target folder, [prepared](super::prepare); with a bucket, the folder for parts.
    pub dir: PathBuf,
    /// The bucket that clips go to instead.
    pub bucket: Option<Arc<Bucket>>,
    /// Clips fetched at the same time, at least 1.
    pub concurrency: usize,
    /// The largest clip, in bytes.
    pub max_size: u64,
    /// The wait before a first repeat; later ones are longer.
    pub retry_delay: Duration,
    /// Whether clips are fetched that another computer has already.
    pub here_too: bool,
}

/// How it went.
#[derive(Clone, Debug, Default)]
pub struct DownloadSummary {
    /// Clips fetched, or found whole after a crash, and reported in the log.
    pub downloaded: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Clips that were there already.
    pub already: usize,
    /// Clips that wait for others of their listing or SKU, fetched or not.
    pub waiting: usize,
    /// Clips that other computers were fetching, and do not have yet.
    pub left: Vec<Delivery>,
    /// Clips that did not arrive.
    pub failures: Vec<DeliveryFailure>,
    /// Those of them that no later run would get either.
    pub never: BTreeSet<JobKey>,
    /// Whether the disk ended it.
    pub disk_failed: bool,
}

/// Everything a download needs.
pub struct Download<'a, R> {
    /// How to fetch.
    pub options: &'a DownloadOptions,
    /// Whom to fetch with.
    pub client: &'a FetchClient,
    /// The log.
    pub writer: &'a Writer,
    /// Whom to ask for fresh links.
    pub refresh: &'a R,
    /// Takes what happens.
    pub progress: &'a (dyn Fn(DeliveryEvent) + Sync),
    /// Turns true when the run is to end: what has come of a clip is kept for the next run.
    pub stop: &'a Stop,
}
