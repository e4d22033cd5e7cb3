//! The command line's say in the settings.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::round::{RoundStep, TimeOfDay};
use crate::jobs::Seconds;
use crate::output::TypedOptions;
use crate::vendor::{BaseUrl, Rate};

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
    pub for_rename: Vec<String>,
    pub for_submit: Option<Vec<String>>,
    pub run: RunFlags,
}

impl Flags {
    /// What commands that people are shown repeat.
    pub fn typed(&self) -> TypedOptions {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        TypedOptions {
            config: path(&self.config),
            profile: self.profile.clone(),
            api_key_file: path(&self.api_key_file),
            // What is not an address, or holds a password, is not to be typed again.
            base_url: self
                .base_url
                .clone()
                .filter(|url| BaseUrl::parse(url).is_ok()),
            sandbox: self.sandbox,
            for_rename: self.for_rename.clone(),
            for_submit: self.for_submit.clone(),
            log: None,
        }
    }
}

/// Those of `run` alone.
#[derive(Clone, Debug, Default)]
pub struct RunFlags {
    pub skip: Option<Vec<RoundStep>>,
    pub skip_invalid: Option<bool>,
    pub wait: Option<Duration>,
    pub to_shop: bool,
    pub every: Option<Duration>,
    pub at: Option<TimeOfDay>,
    pub once: bool,
}
