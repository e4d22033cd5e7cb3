//! `submit`, `reconcile`, `retry`, `resolve`: the commands that can cost money or settle it.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::shared::{CallArgs, IntervalArg, JobsArg, LockArg, ManifestArgs, SheetArgs, WhereArgs};
use crate::engine::canary::FailureLimit;
use crate::engine::resolve::ResolveVerdict;
use crate::engine::retry::RetryKind;
use crate::jobs::{Credits, GenerationId};
use crate::settings::table::help;
use crate::settings::values::{self, Pair};

/// `submit`.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct SubmitArgs {
    /// The spreadsheets (manifests): CSV, .xlsx, .ods, or an https address that gives one; - reads
    /// standard input
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath, required = true)]
    pub manifests: Vec<PathBuf>,

    /// The job log [default: $CREATIVEAI_JOBS, else jobs.jsonl beside the first manifest]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jobs: Option<PathBuf>,

    /// Count and price what would be sent; no network, nothing written
    #[arg(long)]
    pub dry_run: bool,

    /// Stop before the whole log has charged or reserved more than this
    #[arg(long, value_name = "N", value_parser = values::credits)]
    pub max_credits: Option<Credits>,

    /// Send at most this many in this run; the rest waits for the next run
    #[arg(long, value_name = "N")]
    pub max_jobs: Option<u64>,

    /// Also send rows that were edited, or given another id, after their clip was ordered
    #[arg(long)]
    pub resubmit_changed: bool,

    /// Also send rows whose clip (same photo, prompt and settings) was ordered under another id
    #[arg(long)]
    pub allow_same_clip: bool,

    /// Also send rows that are hidden in a workbook, by a filter or by hand
    #[arg(long)]
    pub include_hidden: bool,

    /// Only rows whose cell in this column has this value; all conditions must match. Other rows stay as
    /// they are, and are not checked
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub rows: Vec<Pair>,

    /// Leave out rows with mistakes instead of stopping
    #[arg(long)]
    pub skip_invalid: bool,

    /// Continue with a damaged log, after marking the jobs of its damaged lines as unknown
    #[arg(long)]
    pub accept_damage: bool,

    /// First order the N rows that differ most, wait, check that their clips play and have the
    /// requested length and aspect ratio, and ask before the rest is ordered
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100), conflicts_with = "dry_run")]
    pub canary: Option<u16>,

    /// With --canary: order the rest without being asked when the first clips are good
    #[arg(short, long, requires = "canary")]
    pub yes: bool,

    /// Stop once more orders than this were refused or failed: a number, or a share of the rows such as
    /// 10%. With --wait clips are asked for while others are still ordered. Also how many clips of the
    /// canary may be bad [default: no limit, and 0 for the canary]
    #[arg(long, value_name = "N|P%", conflicts_with = "dry_run")]
    pub max_failed: Option<FailureLimit>,

    /// Wait until every clip has completed or failed
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,

    /// How often it polls.
    #[command(flatten)]
    pub interval: IntervalArg,

    /// Leave webhook addresses as they are, without the creativeai_job parameter
    #[arg(long)]
    pub no_correlation: bool,

    /// Which rows, and how they are read.
    #[command(flatten)]
    pub sheet: SheetArgs,

    /// How long, how fast, how many at once.
    #[command(flatten)]
    pub call: CallArgs,
}

/// `reconcile`.
#[derive(Args, Clone, Debug, Default)]
pub struct ReconcileArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    /// Poll until every clip has completed or failed
    #[arg(long)]
    pub wait: bool,

    /// How often it polls.
    #[command(flatten)]
    pub interval: IntervalArg,

    /// Read captured webhooks (files, folders or -) instead of polling; no network
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["wait", "recover"])]
    pub replay: Vec<PathBuf>,

    /// With --replay: poll clips whose captures cannot be verified
    #[arg(long, requires = "replay")]
    pub confirm: bool,

    /// With --replay: a rejected or unreadable capture is an error (65)
    #[arg(long, requires = "replay")]
    pub strict: bool,

    /// Take back RECOVER lines that a full disk kept out of the log; - reads standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "wait")]
    pub recover: Option<PathBuf>,

    /// How long, how fast, how many at once.
    #[command(flatten)]
    pub call: CallArgs,
}

/// Where `reconcile` learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReconcileSource<'a> {
    /// The API's status call.
    Poll {
        /// Until all have ended, else once.
        wait: bool,
    },
    /// Captured webhooks.
    Replay {
        /// Files, folders, `-`.
        paths: &'a [PathBuf],
        /// Whether what cannot be verified is polled.
        confirm: bool,
        /// Whether a bad capture is an error.
        strict: bool,
    },
    /// Lines that another run could not write; `-` is standard input.
    Recover(&'a PathBuf),
}

impl ReconcileArgs {
    /// Where to learn from.
    pub fn source(&self) -> ReconcileSource<'_> {
        match &self.recover {
            Some(file) => ReconcileSource::Recover(file),
            None if self.replay.is_empty() => ReconcileSource::Poll { wait: self.wait },
            None => ReconcileSource::Replay {
                paths: &self.replay,
                confirm: self.confirm,
                strict: self.strict,
            },
        }
    }
}

/// `retry`.
#[derive(Args, Clone, Debug, Default)]
pub struct RetryArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    /// Which jobs.
    #[command(flatten)]
    pub which: RetryFlags,

    /// Show what would be sent and what it can cost; no network, nothing written
    #[arg(long)]
    pub dry_run: bool,

    /// With --rejected: use this prompt instead of the old one
    #[arg(long, value_name = "TEXT", value_parser = values::plain_prompt,
        conflicts_with_all = ["failed", "unknown"])]
    pub new_prompt: Option<String>,

    /// With --unknown or --rejected: agree to the cost without being asked
    #[arg(short, long)]
    pub yes: bool,

    /// Continue with a damaged log, after marking the jobs of its damaged lines as unknown
    #[arg(long)]
    pub accept_damage: bool,

    /// Stop before the whole log has charged or reserved more than this
    #[arg(long, value_name = "N", value_parser = values::credits)]
    pub max_credits: Option<Credits>,

    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100),
          help = help("max_attempts"))]
    pub max_attempts: Option<u32>,

    /// Only this job, listing or SKU; repeatable
    #[arg(long, value_name = "ID")]
    pub id: Vec<String>,

    /// Which jobs.
    #[command(flatten)]
    pub filter: WhereArgs,

    /// Spreadsheets with the requests that the log does not hold (logs of the vendor's sample scripts): a
    /// spreadsheet of any kind that submit reads; repeatable
    #[arg(long, value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub manifest: Vec<PathBuf>,

    /// Of that manifest only rows whose cell in this column has this value; all conditions must match.
    /// Other rows are not checked
    #[arg(long, value_name = "COLUMN=VALUE", requires = "manifest")]
    pub manifest_where: Vec<Pair>,

    /// How that manifest is read.
    #[command(flatten)]
    pub reading: ManifestArgs,

    /// How long, how fast, how many at once.
    #[command(flatten)]
    pub call: CallArgs,
}

/// The kinds of `retry` as flags.
#[derive(Args, Clone, Debug, Default)]
#[group(required = true, multiple = false)]
pub struct RetryFlags {
    /// A new attempt for each job that failed or was refused; its credits were given back
    #[arg(long)]
    failed: bool,

    /// Send again what may or may not have been accepted; it may be billed a second time
    #[arg(long)]
    unknown: bool,

    /// A new order for each clip that was rejected in a review; each is a new bill
    #[arg(long)]
    rejected: bool,
}

impl RetryFlags {
    /// `--failed`.
    pub(super) fn failed() -> Self {
        Self {
            failed: true,
            unknown: false,
            rejected: false,
        }
    }

    /// `--rejected`.
    pub fn rejected() -> Self {
        Self {
            failed: false,
            unknown: false,
            rejected: true,
        }
    }

    /// The choice. The command line's rules let exactly one through.
    pub fn choice(&self) -> RetryKind {
        match self {
            Self { failed: true, .. } => RetryKind::Failed,
            Self { rejected: true, .. } => RetryKind::Rejected,
            _ => RetryKind::Unknown,
        }
    }
}

/// `resolve`.
#[derive(Args, Clone, Debug)]
pub struct ResolveArgs {
    /// A job's key (`creativeai status --id ID` shows it), or a listing's or SKU's id that has only
    /// one such job
    #[arg(value_name = "JOB")]
    pub job: String,

    /// The verdict.
    #[command(flatten)]
    pub verdict: ResolveFlags,

    /// The job log [default: $CREATIVEAI_JOBS, else jobs.jsonl]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jobs: Option<PathBuf>,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,
}

/// The verdicts as flags.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct ResolveFlags {
    /// It was accepted, under this id; it is polled from now on
    #[arg(long, value_name = "ID", value_parser = values::generation_id)]
    generation_id: Option<GenerationId>,

    /// The vendor never took it; `retry --failed` may send it again
    #[arg(long)]
    not_accepted: bool,

    /// Close the job for good: no longer retried, polled or counted
    #[arg(long)]
    dismiss: bool,
}

impl ResolveFlags {
    /// The choice. The command line's rules let exactly one through.
    pub fn finding(&self) -> ResolveVerdict {
        match &self.generation_id {
            Some(id) => ResolveVerdict::Accepted(id.clone()),
            None if self.not_accepted => ResolveVerdict::NotAccepted,
            None => ResolveVerdict::Dismissed,
        }
    }
}
