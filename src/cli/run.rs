//! `run`: the whole round. Its options become those of the commands that it is made of.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::shared::{CallArgs, IntervalArg, JobsArg, SheetArgs};
use super::{
    CheckArgs, DownloadArgs, PublishArgs, PublishFlags, PublishService, ReconcileArgs, ReportArgs,
    RetryArgs, RetryFlags, SubmitArgs,
};
use crate::engine::canary::FailureLimit;
use crate::engine::round::{RoundStep, TimeOfDay};
use crate::jobs::Credits;
use crate::settings::table::help;
use crate::settings::{RunFlags, RunSettings, values};

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
    pub skip: Vec<RoundStep>,

    /// Order no more once the whole log has charged or reserved this many credits
    #[arg(long, value_name = "N", value_parser = values::credits)]
    pub max_credits: Option<Credits>,

    /// Order no more once more orders than this were refused or failed: a number, or a share of the rows
    /// such as 10%
    #[arg(long, value_name = "N|P%")]
    pub max_failed: Option<FailureLimit>,

    /// Whether mistakes keep everything from being ordered.
    #[arg(long, help = help("run.skip_invalid"))]
    pub skip_invalid: bool,

    /// Also order rows that are hidden in a workbook, by a filter or by hand
    #[arg(long)]
    pub include_hidden: bool,

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
    pub to: Option<PublishService>,

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

    /// Keep running, and start a round when this spreadsheet or folder has changed and then stayed unchanged for 10 seconds
    #[arg(long, value_name = "PATH", conflicts_with_all = ["every", "at"], value_hint = ValueHint::AnyPath)]
    pub watch: Option<PathBuf>,

    /// Which rows, and how they are read.
    #[command(flatten)]
    pub sheet: SheetArgs,

    /// How long, how fast, how many at once.
    #[command(flatten)]
    pub call: CallArgs,
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
    pub fn settled(&self, run: &RunSettings) -> Self {
        let shop = (run.to_shop && self.exec.is_none()).then_some(PublishService::Shopify);
        Self {
            skip: run.skip.clone(),
            skip_invalid: run.skip_invalid,
            to: self.to.or(shop),
            ..self.clone()
        }
    }

    /// Whether a step is part of the round: it was not left out, and there is something for it to
    /// work with.
    pub fn has(&self, step: RoundStep) -> bool {
        let can = match step {
            RoundStep::Check | RoundStep::Submit => !self.manifests.is_empty(),
            // Which rows it has can be read once only, and failed clips of others are not ordered.
            RoundStep::Retry => self.manifests.iter().all(|sheet| sheet.as_os_str() != "-"),
            RoundStep::Publish => self.to.is_some() || self.exec.is_some(),
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
            is_before_submit: self.has(RoundStep::Submit),
            notify: false,
            sheet: self.sheet.clone(),
            api: self.call.api.clone(),
        })
    }

    /// The `submit` of the round.
    pub fn submit(&self) -> SubmitArgs {
        SubmitArgs {
            manifests: self.manifests.clone(),
            jobs: self.jobs.clone(),
            max_credits: self.max_credits,
            skip_invalid: self.skip_invalid,
            include_hidden: self.include_hidden,
            max_failed: self.max_failed,
            interval: self.interval.clone(),
            sheet: self.sheet.clone(),
            call: self.call.clone(),
            ..SubmitArgs::default()
        }
    }

    /// The `retry --failed` of the round, on `jobs`.
    pub fn retry(&self, jobs: PathBuf) -> RetryArgs {
        RetryArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            which: RetryFlags::failed(),
            yes: true,
            max_credits: self.max_credits,
            call: self.call.clone(),
            ..RetryArgs::default()
        }
    }

    /// The `reconcile --wait` of the round.
    pub fn reconcile(&self, jobs: PathBuf) -> ReconcileArgs {
        ReconcileArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            wait: true,
            interval: self.interval.clone(),
            call: self.call.clone(),
            ..ReconcileArgs::default()
        }
    }

    /// The `download` of the round.
    pub fn download(&self, jobs: PathBuf) -> DownloadArgs {
        DownloadArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            lock: self.call.lock.clone(),
            api: self.call.api.clone(),
            ..DownloadArgs::default()
        }
    }

    /// The `publish` of the round.
    pub fn publish(&self, jobs: PathBuf) -> PublishArgs {
        PublishArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            target: PublishFlags::new(self.to, self.exec.clone()),
            store: self.store.clone(),
            lock: self.call.lock.clone(),
            api: self.call.api.clone(),
            ..PublishArgs::default()
        }
    }

    /// The `report` of the round.
    pub fn report(jobs: PathBuf) -> ReportArgs {
        ReportArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            ..ReportArgs::default()
        }
    }
}
