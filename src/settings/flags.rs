//! The command line's say in the settings.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::{ApiArgs, Cli, ClipArgs, Command, IntervalArg, LockArg, LogVerb, PaceArgs};
use crate::jobs::Seconds;
use crate::vendor::Rate;

/// Options that override a setting; `None` where nothing was typed.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is named like its option and its setting")]
pub struct Flags {
    pub config: Option<PathBuf>,
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
    pub max_attempts: Option<u32>,
    pub download_dir: Option<PathBuf>,
    pub download_max_size: Option<u64>,
    pub download_concurrency: Option<u16>,
    pub publish_concurrency: Option<u16>,
    pub exec_timeout: Option<Duration>,
    pub shopify_store: Option<String>,
}

impl Flags {
    /// What was typed.
    pub fn of(cli: &Cli) -> Self {
        let mut flags = Self {
            config: cli.global.config.clone(),
            sandbox: cli.global.sandbox,
            base_url: cli.global.base_url.clone(),
            api_key_file: cli.global.api_key_file.clone(),
            ..Self::default()
        };
        flags.take(&cli.command);
        flags
    }

    fn take(&mut self, command: &Command) {
        match command {
            Command::Submit(args) => {
                self.clip(&args.clip);
                self.pace(&args.pace);
                self.api(&args.api);
                self.waits(Some(&args.interval), Some(&args.lock));
            }
            Command::Reconcile(args) => {
                self.pace(&args.pace);
                self.api(&args.api);
                self.waits(Some(&args.interval), Some(&args.lock));
            }
            Command::Retry(args) => {
                self.pace(&args.pace);
                self.api(&args.api);
                self.waits(None, Some(&args.lock));
                self.max_attempts = args.max_attempts;
            }
            Command::Resolve(args) => self.waits(None, Some(&args.lock)),
            Command::Rename(args) => {
                self.clip(&args.clip);
                self.waits(None, Some(&args.lock));
            }
            Command::Compact(args) => self.waits(None, Some(&args.lock)),
            Command::Log(args) => {
                let LogVerb::Accept(args) = &args.verb;
                self.waits(None, Some(&args.lock));
            }
            Command::Download(args) => {
                self.api(&args.api);
                self.waits(None, Some(&args.lock));
                self.download_dir.clone_from(&args.dir);
                self.download_max_size = args.max_size;
                self.download_concurrency = args.concurrency;
            }
            Command::Publish(args) => {
                self.api(&args.api);
                self.waits(None, Some(&args.lock));
                self.publish_concurrency = args.concurrency;
                self.exec_timeout = args.exec_timeout;
                self.shopify_store.clone_from(&args.store);
            }
            Command::Check(args) => {
                self.clip(&args.clip);
                self.api(&args.api);
            }
            Command::Status(_)
            | Command::Report(_)
            | Command::Listen(_)
            | Command::Sandbox(_)
            | Command::Init(_)
            | Command::Config
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Help(_) => {}
        }
    }

    fn clip(&mut self, args: &ClipArgs) {
        self.model.clone_from(&args.model);
        self.duration = args.duration;
        self.aspect_ratio.clone_from(&args.aspect_ratio);
        self.webhook_url.clone_from(&args.webhook_url);
    }

    fn pace(&mut self, args: &PaceArgs) {
        self.concurrency = args.concurrency;
        self.rate = args.rate;
    }

    fn api(&mut self, args: &ApiArgs) {
        self.timeout = args.timeout;
        self.connect_timeout = args.connect_timeout;
        self.request_timeout = args.request_timeout;
    }

    fn waits(&mut self, interval: Option<&IntervalArg>, lock: Option<&LockArg>) {
        self.interval = interval.and_then(|i| i.interval);
        self.lock_wait = lock.and_then(|l| l.lock_wait);
    }
}
