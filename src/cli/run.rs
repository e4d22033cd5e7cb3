//! `run`: the whole round. Its options become those of the commands that it is made of.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::shared::{
    ApiArgs, ClipArgs, IntervalArg, JobsArg, LockArg, ManifestArgs, PaceArgs, WhereArgs,
};
use super::{
    CheckArgs, DownloadArgs, PublishArgs, PublishFlags, ReconcileArgs, ReportArgs, RetryArgs,
    RetryFlags, Service, SubmitArgs,
};
use crate::engine::canary::MostFailed;
use crate::engine::round::{Step, TimeOfDay};
use crate::jobs::Credits;
use crate::settings::table::help;
use crate::settings::{Run, RunFlags, values};

/// `run`.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// The spreadsheets (manifests), as for submit; without one nothing new is ordered
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub manifests: Vec<PathBuf>,

    /// The job log [default: $CREATIVEAI_JOBS, else jobs.jsonl beside the first manifest]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jobs: Option<PathBuf>,

    /// Steps that are left out, in place of those of the settings.
    #[arg(long, value_name = "STEP", hide_possible_values = true, help = help("run.skip"))]
    pub skip: Vec<Step>,

    /// Order no more once the whole log has charged or reserved this many credits
    #[arg(long, value_name = "N", value_parser = values::credits)]
    pub max_credits: Option<Credits>,

    /// Order no more once more orders than this were refused or failed: a number, or a share of the rows
    /// such as 10%
    #[arg(long, value_name = "N|P%")]
    pub max_failed: Option<MostFailed>,

    /// Whether mistakes keep everything from being ordered.
    #[arg(long, help = help("run.skip_invalid"))]
    pub skip_invalid: bool,

    /// Longest wait.
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, help = help("run.wait"))]
    pub wait: Option<Duration>,

    /// How often it polls.
    #[command(flatten)]
    pub interval: IntervalArg,

    /// The service.
    #[arg(
        long,
        value_name = "SERVICE",
        hide_possible_values = true,
        conflicts_with = "exec",
        help = help("run.to")
    )]
    pub to: Option<Service>,

    /// Publish clips with this command, run for each clip, as publish --exec does
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    pub exec: Option<String>,

    /// The shop.
    #[arg(long, value_name = "SHOP", conflicts_with = "exec", help = help("shopify.store"))]
    pub store: Option<String>,

    /// Time between rounds.
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, help = help("run.every"))]
    pub every: Option<Duration>,

    /// Time of rounds.
    #[arg(long, value_name = "HH:MM", conflicts_with = "every", help = help("run.at"))]
    pub at: Option<TimeOfDay>,

    /// Make one round now, whatever the settings say
    #[arg(long, conflicts_with_all = ["every", "at", "watch"])]
    pub once: bool,

    /// Stay, and begin a round when this spreadsheet or folder has changed and is still for 10 seconds
    #[arg(long, value_name = "PATH", conflicts_with_all = ["every", "at"], value_hint = ValueHint::AnyPath)]
    pub watch: Option<PathBuf>,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,

    /// What rows leave open.
    #[command(flatten)]
    pub clip: ClipArgs,

    /// How the manifest is read.
    #[command(flatten)]
    pub reading: ManifestArgs,

    /// How fast it sends.
    #[command(flatten)]
    pub pace: PaceArgs,

    /// Limits on time, of each step.
    #[command(flatten)]
    pub api: ApiArgs,
}

impl RunArgs {
    /// The options that override settings.
    pub fn flags(&self) -> RunFlags {
        RunFlags {
            skip: Some(self.skip.clone()).filter(|steps| !steps.is_empty()),
            skip_invalid: self.skip_invalid.then_some(true),
            wait: self.wait,
            to_shop: self.to.is_some(),
            every: self.every,
            at: self.at,
            once: self.once,
        }
    }

    /// With what the settings say where nothing was typed. A command that was typed takes the clips in
    /// place of the settings' shop.
    #[must_use]
    pub fn settled(&self, run: &Run) -> Self {
        let shop = (run.to_shop && self.exec.is_none()).then_some(Service::Shopify);
        Self {
            skip: run.skip.clone(),
            skip_invalid: run.skip_invalid,
            to: self.to.or(shop),
            ..self.clone()
        }
    }

    /// Whether a step is part of the round: it was not left out, and there is something for it to
    /// work with.
    pub fn has(&self, step: Step) -> bool {
        let can = match step {
            Step::Check | Step::Submit => !self.manifests.is_empty(),
            Step::Publish => self.to.is_some() || self.exec.is_some(),
            _ => true,
        };
        can && !self.skip.contains(&step)
    }

    /// The `check` of the round: one of each manifest.
    pub fn checks(&self) -> impl Iterator<Item = CheckArgs> {
        self.manifests.iter().map(|manifest| CheckArgs {
            manifest: Some(manifest.clone()),
            jobs: self.jobs.clone(),
            skip_invalid: self.skip_invalid,
            notify: false,
            clip: self.clip.clone(),
            reading: self.reading.clone(),
            api: self.api.clone(),
        })
    }

    /// The `submit` of the round.
    pub fn submit(&self) -> SubmitArgs {
        SubmitArgs {
            manifests: self.manifests.clone(),
            rows: Vec::new(),
            jobs: self.jobs.clone(),
            dry_run: false,
            max_credits: self.max_credits,
            max_jobs: None,
            resubmit_changed: false,
            allow_same_clip: false,
            skip_invalid: self.skip_invalid,
            accept_damage: false,
            canary: None,
            yes: false,
            max_failed: self.max_failed,
            wait: false,
            interval: self.interval.clone(),
            no_correlation: false,
            lock: self.lock.clone(),
            clip: self.clip.clone(),
            reading: self.reading.clone(),
            pace: self.pace.clone(),
            api: self.api.clone(),
        }
    }

    /// The `retry --failed` of the round, on `jobs`.
    pub fn retry(&self, jobs: PathBuf) -> RetryArgs {
        RetryArgs {
            manifest_where: Vec::new(),
            jobs: JobsArg { jobs: Some(jobs) },
            which: RetryFlags::failed(),
            dry_run: false,
            yes: true,
            new_prompt: None,
            accept_damage: false,
            max_credits: self.max_credits,
            max_attempts: None,
            id: Vec::new(),
            filter: WhereArgs::default(),
            manifest: Vec::new(),
            lock: self.lock.clone(),
            reading: ManifestArgs::default(),
            pace: self.pace.clone(),
            api: self.api.clone(),
        }
    }

    /// The `reconcile --wait` of the round.
    pub fn reconcile(&self, jobs: PathBuf) -> ReconcileArgs {
        ReconcileArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            wait: true,
            interval: self.interval.clone(),
            replay: Vec::new(),
            confirm: false,
            strict: false,
            recover: None,
            lock: self.lock.clone(),
            pace: self.pace.clone(),
            api: self.api.clone(),
        }
    }

    /// The `download` of the round.
    pub fn download(&self, jobs: PathBuf) -> DownloadArgs {
        DownloadArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            dir: None,
            when: None,
            check: false,
            here_too: false,
            max_size: None,
            filter: WhereArgs::default(),
            concurrency: None,
            lock: self.lock.clone(),
            api: self.api.clone(),
        }
    }

    /// The `publish` of the round.
    pub fn publish(&self, jobs: PathBuf) -> PublishArgs {
        PublishArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            target: PublishFlags::new(self.to, self.exec.clone()),
            target_name: None,
            store: self.store.clone(),
            position: None,
            replace: false,
            alt: None,
            form: None,
            when: None,
            approved: false,
            dry_run: false,
            yes: false,
            filter: WhereArgs::default(),
            concurrency: None,
            exec_timeout: None,
            lock: self.lock.clone(),
            api: self.api.clone(),
        }
    }

    /// The `report` of the round.
    pub fn report(jobs: PathBuf) -> ReportArgs {
        ReportArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            output: None,
            bundle: None,
            audience: None,
            public: Vec::new(),
            open: false,
            filter: WhereArgs::default(),
        }
    }
}
