//! `download` and `publish`: finished clips leave the vendor.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::shared::{ApiArgs, JobsArg, LockArg, WhenArg, WhereArgs};
use crate::engine::delivery::shopify::{AltTemplate, Metafield, Presentation};
use crate::settings::table::help;
use crate::settings::values;

/// `download`.
#[derive(Args, Clone, Debug, Default)]
pub struct DownloadArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help = help("download.dir"))]
    pub dir: Option<PathBuf>,

    /// With "complete": a listing's clips only once all of them are ready
    #[arg(long, value_name = "complete", hide_possible_values = true)]
    pub when: Option<WhenArg>,

    /// Fetch nothing: compare each clip on disk with its checksum in the log; with --dir, in that
    /// folder, such as a copy
    #[arg(long, conflicts_with_all = ["when", "max_size", "concurrency"])]
    pub check: bool,

    /// Fetch also what another computer has downloaded already; for a log in a database
    #[arg(long, conflicts_with = "check")]
    pub here_too: bool,

    #[arg(long, value_name = "SIZE", value_parser = values::size,
          help = help("download.max_size"))]
    pub max_size: Option<u64>,

    /// Which jobs.
    #[command(flatten)]
    pub filter: WhereArgs,

    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64),
          help = help("download.concurrency"))]
    pub concurrency: Option<u16>,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,

    /// Limits on time.
    #[command(flatten)]
    pub api: ApiArgs,
}

/// `publish`.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct PublishArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    /// Where clips go.
    #[command(flatten)]
    pub target: PublishFlags,

    /// With --exec: the receiver's name in the log; each name gets each clip once, whatever the
    /// command [default: exec]
    #[arg(long = "target", value_name = "NAME", conflicts_with = "to", value_parser = values::target)]
    pub target_name: Option<String>,

    #[arg(long, value_name = "SHOP", conflicts_with = "exec", help = help("shopify.store"))]
    pub store: Option<String>,

    /// With --to shopify: the clip's place among the product's media, from 1 [default: the last]
    #[arg(long, value_name = "N", conflicts_with = "exec",
          value_parser = clap::value_parser!(u16).range(1..=250))]
    pub position: Option<u16>,

    /// With --to shopify: once the new clip is ready, remove the clip that this tool added for the
    /// row before you edited or rejected it
    #[arg(long, conflicts_with = "exec")]
    pub replace: bool,

    /// With --to shopify: the clip's alt text, with {column} where a value of the row belongs,
    /// {column|otherwise} or {product} for the product's title [default: {product}]
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "exec", value_parser = AltTemplate::parse)]
    pub alt: Option<AltTemplate>,

    /// With --to shopify: "metafield NAMESPACE.KEY" also sets that product metafield to the video
    #[arg(long = "as", num_args = 2, value_names = ["metafield", "NAMESPACE.KEY"],
          conflicts_with = "exec")]
    pub form: Option<Vec<String>>,

    /// With "complete": a listing's clips only once all of them are ready
    #[arg(long, value_name = "complete", hide_possible_values = true)]
    pub when: Option<WhenArg>,

    #[arg(long, help = help("publish.approved"))]
    pub approved: bool,

    /// Show what would be published; nothing is sent, run or written
    #[arg(long)]
    pub dry_run: bool,

    /// With --to shopify: agree, without being asked, to a different shop from the one the clips
    /// went to before, and add again a clip that the shop accepted but does not show
    #[arg(short, long, conflicts_with = "exec")]
    pub yes: bool,

    /// Which jobs.
    #[command(flatten)]
    pub filter: WhereArgs,

    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64),
          help = help("publish.concurrency"))]
    pub concurrency: Option<u16>,

    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration,
          help = help("publish.exec_timeout"))]
    pub exec_timeout: Option<Duration>,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,

    /// Limits on time.
    #[command(flatten)]
    pub api: ApiArgs,
}

impl PublishArgs {
    /// How clips are to look at their products. The error is about `--as`.
    pub fn look(&self) -> Result<Presentation, String> {
        let metafield = match self.form.as_deref() {
            None => None,
            Some([word, name]) if word == METAFIELD => Some(Metafield::parse(name)?),
            Some(_) => return Err("write --as metafield NAMESPACE.KEY".to_owned()),
        };
        Ok(Presentation {
            position: self.position,
            alt: self.alt.clone(),
            replace: self.replace,
            metafield,
        })
    }
}

/// The only form that `--as` knows.
const METAFIELD: &str = "metafield";

/// The targets as flags.
#[derive(Args, Clone, Debug, Default)]
#[group(required = true, multiple = false)]
pub struct PublishFlags {
    /// Attach clips to the products with the same SKU: shopify
    #[arg(long, value_name = "SERVICE", hide_possible_values = true)]
    to: Option<PublishService>,

    /// Run this command for each clip: the job as JSON on its standard input and in the file
    /// CREATIVEAI_JSON_FILE, its fields as CREATIVEAI_* variables (on Windows write !NAME!)
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    exec: Option<String>,
}

/// Services that clips can be published to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PublishService {
    /// A Shopify shop.
    Shopify,
}

/// Where `publish` hands clips on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishTarget<'a> {
    /// A Shopify shop; which one is a setting.
    Shopify,
    /// A command of the user's, once for each clip.
    Exec(&'a str),
}

impl PublishFlags {
    /// A service, or else a command.
    pub(super) fn new(to: Option<PublishService>, exec: Option<String>) -> Self {
        Self { to, exec }
    }

    /// The choice. The command line's rules let exactly one through.
    pub fn target(&self) -> PublishTarget<'_> {
        match &self.exec {
            Some(command) => PublishTarget::Exec(command),
            None => PublishTarget::Shopify,
        }
    }
}
