//! `rename`: another name for what was ordered.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::shared::{LockArg, SheetArgs};
use crate::settings::values::Pair;

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

    /// With --from-manifest: only rows whose cell in this column has this value; several must all
    /// hold. Other rows keep the clips that they have
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
