//! `review` and `rename`: what a person decides of clips that were looked at, and of other names.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::shared::{ApiArgs, CallArgs, JobsArg, LockArg, SheetArgs, WhereArgs};
use super::{RetryArgs, RetryFlags};
use crate::jobs::{Credits, JobKey};
use crate::settings::table::help;
use crate::settings::values;
use crate::settings::values::Pair;

/// `review`.
#[derive(Args, Clone, Debug)]
pub struct ReviewArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    /// The page's port on this computer [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true, conflicts_with_all = ["csv", "from"])]
    pub port: u16,

    /// Write a table to standard output, one row a clip, with an empty column "verdict" to fill in
    #[arg(long, conflicts_with = "from")]
    pub csv: bool,

    /// Read such a table: keep or reject in its column "verdict"; - reads standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub from: Option<PathBuf>,

    /// With --from: encoding of the table [default: UTF-8, or UTF-16 with a byte order mark]
    #[arg(long, value_name = "NAME", requires = "from", value_parser = values::encoding)]
    pub encoding: Option<&'static encoding_rs::Encoding>,

    /// With --from: delimiter of the table: , ; or tab [default: auto-detected]
    #[arg(long, value_name = "CHAR", requires = "from", value_parser = values::delimiter)]
    pub delimiter: Option<u8>,

    /// Order no more from the page once the whole log has charged or reserved this many credits
    #[arg(long, value_name = "N", value_parser = values::credits, conflicts_with_all = ["csv", "from"])]
    pub max_credits: Option<Credits>,

    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100),
          conflicts_with_all = ["csv", "from"], help = help("max_attempts"))]
    pub max_attempts: Option<u32>,

    /// Which jobs.
    #[command(flatten)]
    pub filter: WhereArgs,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,

    /// Limits on time, of each order.
    #[command(flatten)]
    pub api: ApiArgs,
}

/// How clips are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewMode<'a> {
    /// On a page in a browser.
    Page,
    /// In a table that is written now.
    Csv,
    /// In a table that was filled in.
    From(&'a PathBuf),
}

impl ReviewArgs {
    /// The `retry --rejected` that orders another clip of `job`, once a person has agreed to the bill.
    pub fn order(&self, jobs: PathBuf, job: JobKey, prompt: &str) -> RetryArgs {
        RetryArgs {
            jobs: JobsArg { jobs: Some(jobs) },
            which: RetryFlags::rejected(),
            new_prompt: Some(prompt.to_owned()),
            yes: true,
            max_credits: self.max_credits,
            max_attempts: self.max_attempts,
            id: vec![job.to_string()],
            call: CallArgs {
                lock: self.lock.clone(),
                api: self.api.clone(),
                ..CallArgs::default()
            },
            ..RetryArgs::default()
        }
    }

    /// The choice. The command line's rules let one through.
    pub fn mode(&self) -> ReviewMode<'_> {
        match &self.from {
            Some(file) => ReviewMode::From(file),
            None if self.csv => ReviewMode::Csv,
            None => ReviewMode::Page,
        }
    }
}

/// `rename`.
#[derive(Args, Clone, Debug)]
pub struct RenameArgs {
    /// A listing's or SKU's id (all its clips are meant), a job's key, or a photo's address
    #[arg(value_name = "OLD", required_unless_present = "from_manifest")]
    pub old: Option<String>,

    /// The new id, or the photo's new address
    #[arg(value_name = "NEW", required_unless_present = "from_manifest")]
    pub new: Option<String>,

    /// Give the clips the ids that this manifest's rows have now, after showing the pairs; repeatable,
    /// where several were submitted together
    #[arg(long, value_name = "MANIFEST", value_hint = ValueHint::FilePath,
          conflicts_with_all = ["old", "new"])]
    pub from_manifest: Vec<PathBuf>,

    /// With --from-manifest: only rows whose cell in this column has this value; all conditions
    /// must match. Other rows keep the clips that they have
    #[arg(
        long = "where",
        value_name = "COLUMN=VALUE",
        requires = "from_manifest"
    )]
    pub rows: Vec<Pair>,

    /// The job log [default: $CREATIVEAI_JOBS, else jobs.jsonl, beside the manifest where there is
    /// one]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub jobs: Option<PathBuf>,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,

    /// Which rows, and how they are read.
    #[command(flatten)]
    pub sheet: SheetArgs,
}
