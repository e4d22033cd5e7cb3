//! Options that override settings.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{ApiArgs, Cli, ClipArgs, Command, IntervalArg, LockArg, LogVerb, PaceArgs};
use crate::journal::{LOG_NAME, SANDBOX_LOG_NAME};
use crate::output::TypedOptions;
use crate::settings::Flags;

/// The groups of such options that a command has.
#[derive(Default)]
struct Groups<'a> {
    clip: Option<&'a ClipArgs>,
    pace: Option<&'a PaceArgs>,
    api: Option<&'a ApiArgs>,
    interval: Option<&'a IntervalArg>,
    lock: Option<&'a LockArg>,
}

impl Cli {
    /// What commands that people are shown repeat: the log where it was named and is not the usual one.
    pub fn typed(&self) -> TypedOptions {
        let logs = self.command.logs();
        let log = logs.first().map(|log| log.display().to_string());
        TypedOptions {
            log: log.filter(|log| log != LOG_NAME && log != SANDBOX_LOG_NAME),
            ..self.flags().typed()
        }
    }

    /// The options that override settings, as they were typed.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags {
            config: self.global.config.clone(),
            profile: self.global.profile.clone(),
            works_on: self.command.works_on(),
            sandbox: self.global.sandbox,
            base_url: self.global.base_url.clone(),
            api_key_file: self.global.api_key_file.clone(),
            for_rename: self.for_rename.clone(),
            for_submit: self.for_submit.clone(),
            ..Flags::default()
        };
        match &self.command {
            Command::Retry(args) => flags.max_attempts = args.max_attempts,
            Command::Review(args) => flags.max_attempts = args.max_attempts,
            Command::Download(args) => {
                flags.download_dir.clone_from(&args.dir);
                flags.download_max_size = args.max_size;
                flags.download_concurrency = args.concurrency;
            }
            Command::Publish(args) => {
                flags.publish_concurrency = args.concurrency;
                flags.exec_timeout = args.exec_timeout;
                flags.publish_approved = args.approved.then_some(true);
                flags.shopify_store.clone_from(&args.store);
            }
            Command::Run(args) => {
                flags.shopify_store.clone_from(&args.store);
                flags.run = args.flags();
            }
            _ => {}
        }
        let groups = self.command.groups();
        if let Some(clip) = groups.clip {
            flags.model.clone_from(&clip.model);
            flags.duration = clip.duration;
            flags.aspect_ratio.clone_from(&clip.aspect_ratio);
            flags.webhook_url.clone_from(&clip.webhook_url);
        }
        if let Some(pace) = groups.pace {
            (flags.concurrency, flags.rate) = (pace.concurrency, pace.rate);
        }
        if let Some(api) = groups.api {
            flags.timeout = api.timeout;
            flags.connect_timeout = api.connect_timeout;
            flags.request_timeout = api.request_timeout;
        }
        flags.interval = groups.interval.and_then(|group| group.interval);
        flags.lock_wait = groups.lock.and_then(|group| group.lock_wait);
        #[cfg(feature = "postgres")]
        {
            flags.database_wait = groups.lock.and_then(|group| group.database_wait);
        }
        flags
    }
}

impl Command {
    /// Where `--metrics` wants them served.
    pub fn metrics(&self) -> Option<SocketAddr> {
        match self {
            Self::Listen(args) => args.metrics.address,
            _ => self.groups().api.and_then(|api| api.metrics.address),
        }
    }

    /// The log and the manifests that are named, the log first.
    fn works_on(&self) -> Vec<PathBuf> {
        let manifests: &[PathBuf] = match self {
            Self::Submit(args) => &args.manifests,
            Self::Run(args) => &args.manifests,
            Self::Check(args) => args.manifest.as_slice(),
            Self::Rename(args) => args.from_manifest.as_slice(),
            Self::Retry(args) => args.manifest.as_slice(),
            _ => &[],
        };
        let logs = self.logs().into_iter().map(Path::to_owned);
        logs.chain(manifests.iter().cloned()).collect()
    }

    #[rustfmt::skip] // One line for each group reads as a table.
    fn groups(&self) -> Groups<'_> {
        let mut groups = Groups::default();
        (groups.clip, groups.pace, groups.api, groups.interval, groups.lock) = match self {
            Self::Submit(a) => (Some(&a.sheet.clip), Some(&a.call.pace), Some(&a.call.api), Some(&a.interval), Some(&a.call.lock)),
            Self::Reconcile(a) => (None, Some(&a.call.pace), Some(&a.call.api), Some(&a.interval), Some(&a.call.lock)),
            Self::Run(a) => (Some(&a.sheet.clip), Some(&a.call.pace), Some(&a.call.api), Some(&a.interval), Some(&a.call.lock)),
            Self::Retry(a) => (None, Some(&a.call.pace), Some(&a.call.api), None, Some(&a.call.lock)),
            Self::Download(a) => (None, None, Some(&a.api), None, Some(&a.lock)),
            Self::Publish(a) => (None, None, Some(&a.api), None, Some(&a.lock)),
            Self::Review(a) => (None, None, Some(&a.api), None, Some(&a.lock)),
            Self::Check(a) => (Some(&a.sheet.clip), None, Some(&a.api), None, None),
            Self::Rename(a) => (Some(&a.sheet.clip), None, None, None, Some(&a.lock)),
            Self::Resolve(a) => (None, None, None, None, Some(&a.lock)),
            Self::Compact(a) => (None, None, None, None, Some(&a.lock)),
            Self::Log(a) => {
                let lock = match &a.verb {
                    LogVerb::Accept(a) => Some(&a.lock),
                    LogVerb::Copy(a) => Some(&a.lock),
                    LogVerb::Pause(_) | LogVerb::Resume(_) => None,
                    #[cfg(feature = "postgres")]
                    LogVerb::Init(_) | LogVerb::List(_) | LogVerb::Upgrade(_) | LogVerb::Captures(_) => None,
                };
                (None, None, None, None, lock)
            }
            Self::Status(_) | Self::Report(_) | Self::Listen(_) | Self::Sandbox(_) | Self::Init(_)
            | Self::Config | Self::Completions(_) | Self::Man(_) | Self::Help(_) => return groups,
        };
        groups
    }
}
