//! The command line's say in the settings.

use std::path::PathBuf;
use std::time::Duration;

use crate::jobs::Seconds;
use crate::vendor::Rate;

/// Options that override a setting; `None` where nothing was typed.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub profile: Option<String>,
    /// Files that the command works on: settings beside them are looked for first.
    pub works_on: Vec<PathBuf>,
    pub sandbox: bool,
    pub base_url: Option<String>,
    pub api_key_file: Option<PathBuf>,
    pub webhook_url: Option<String>,
    pub model: Option<String>,
    pub duration: Option<Seconds>,
    pub aspect_ratio: Option<String>,
    pub concurrency: Option<u16>,
    pub rate: Option<Rate>,
    pub timeout: Option<Duration>,
    pub connect_timeout: Option<Duration>,
    pub request_timeout: Option<Duration>,
    pub interval: Option<Duration>,
    pub lock_wait: Option<Duration>,
    pub database_wait: Option<Duration>,
    pub max_attempts: Option<u32>,
    pub download_dir: Option<PathBuf>,
    pub download_max_size: Option<u64>,
    pub download_concurrency: Option<u16>,
    pub publish_concurrency: Option<u16>,
    pub exec_timeout: Option<Duration>,
    pub publish_approved: Option<bool>,
    pub shopify_store: Option<String>,
}
