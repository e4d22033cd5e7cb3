//! Groups of options that several commands share.
//!
//! An option that can also be set elsewhere is an `Option`: its default is filled in by
//! [`settings`](crate::settings), and its help says what it is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ColorChoice, ValueEnum, ValueHint};
use jiff::Timestamp;

use crate::clock::Since;
use crate::engine::filter::Filters;
use crate::jobs::{Condition, Seconds};
use crate::manifest::Template;
use crate::output::ProgressStyle;
use crate::settings::table::help;
use crate::settings::values::{self, Pair};
use crate::vendor::Rate;

/// On every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Print one JSON document to standard output, and nothing else
    #[arg(long, global = true)]
    pub json: bool,

    /// Print nothing when all goes well
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print more to standard error; -vv each request to the API as well
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Progress on standard error: auto (a bar on a terminal), json (one object a line) or none
    #[arg(
        long,
        global = true,
        value_name = "HOW",
        hide_possible_values = true,
        default_value = "auto",
        hide_default_value = true
    )]
    pub progress: ProgressStyle,

    /// Colors: auto, always or never [default: auto]
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub color: Option<ColorChoice>,

    /// Read settings from this file only [default: creativeai.toml beside the log or the manifest,
    /// or here, then the user's]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    #[arg(long, global = true, value_name = "NAME", help = help("profile"))]
    pub profile: Option<String>,

    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath,
          help = help("api_key_file"))]
    pub api_key_file: Option<PathBuf>,

    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url,
          help = help("base_url"))]
    pub base_url: Option<String>,

    /// Rehearse: a stand-in for the API inside this command, free of charge
    #[arg(long, global = true, conflicts_with = "base_url")]
    pub sandbox: bool,
}

/// The job log as the positional argument.
#[derive(Args, Clone, Debug, Default)]
pub struct JobsArg {
    /// The job log [default: $CREATIVEAI_JOBS, else jobs.jsonl, with --sandbox sandbox-jobs.jsonl]
    #[arg(value_name = "JOBS", value_hint = ValueHint::FilePath)]
    pub jobs: Option<PathBuf>,
}

impl JobsArg {
    /// The log, where one was typed.
    pub fn typed(&self) -> Vec<&Path> {
        self.jobs.as_deref().into_iter().collect()
    }
}

/// Limits on time for commands that call the API.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Network")]
pub struct ApiArgs {
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration,
          help = help("timeout"))]
    pub timeout: Option<Duration>,

    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration,
          help = help("connect_timeout"))]
    pub connect_timeout: Option<Duration>,

    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration,
          help = help("request_timeout"))]
    pub request_timeout: Option<Duration>,

    #[command(flatten)]
    pub metrics: MetricsArg,
}

/// What a monitoring system may ask for.
#[derive(Args, Clone, Debug, Default)]
pub struct MetricsArg {
    /// Serve what the run has done so far at http://ADDR/metrics, in Prometheus' text format
    #[arg(long = "metrics", id = "metrics", value_name = "ADDR", value_parser = values::address, help_heading = "Network")]
    pub address: Option<SocketAddr>,
}

/// How many requests at once, and how fast.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Network")]
pub struct PaceArgs {
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024),
          help = help("concurrency"))]
    pub concurrency: Option<u16>,

    #[arg(long, value_name = "N/s|N/min", help = help("rate"))]
    pub rate: Option<Rate>,
}

/// How often a waiting command polls.
#[derive(Args, Clone, Debug, Default)]
pub struct IntervalArg {
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration,
          help = help("interval"))]
    pub interval: Option<Duration>,
}

/// On commands that write the log. They stand among the plain options, wherever they are flattened.
#[derive(Args, Clone, Debug, Default)]
pub struct LockArg {
    #[arg(long, help_heading = None, value_name = "DURATION", value_parser = values::duration,
          help = help("lock_wait"))]
    pub lock_wait: Option<Duration>,

    #[cfg(feature = "postgres")]
    #[arg(long, help_heading = None, value_name = "DURATION", value_parser = values::duration,
          help = help("database_wait"))]
    pub database_wait: Option<Duration>,
}

/// Narrows a command to some jobs.
#[derive(Args, Clone, Debug, Default)]
pub struct WhereArgs {
    /// Only jobs whose column has this value; all conditions must match. Also !=, ~ (has), !~, <, <=, > and
    /// >=; the column state is where a clip stands, as in state=failed
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub filters: Vec<Condition>,

    /// Only jobs that changed since then: a day (2026-11-01), a time, or how long ago (24h)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Since>,
}

impl WhereArgs {
    /// Which jobs are meant, `now`.
    pub fn filters(&self, now: Timestamp) -> Filters {
        let since = self.since.and_then(|since| since.from(now));
        Filters::new(self.filters.iter().cloned()).since(since)
    }
}

/// How a manifest is read.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reading the manifest")]
pub struct ManifestArgs {
    /// A column's name in this manifest, e.g. image_url=Photo; repeatable
    #[arg(long, value_name = "CANONICAL=HEADER")]
    pub map: Vec<Pair>,

    /// Encoding of the manifest [default: UTF-8, or UTF-16 with a byte order mark]
    #[arg(long, value_name = "NAME", value_parser = values::encoding)]
    pub encoding: Option<&'static encoding_rs::Encoding>,

    /// Delimiter of the manifest: , ; or tab [default: auto-detected]
    #[arg(long, value_name = "CHAR", value_parser = values::delimiter)]
    pub delimiter: Option<u8>,

    /// Sheet of a workbook (.xlsx, .ods) [default: the first that is not hidden]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,

    /// Accept rows without a photo; their clips are made from the prompt alone
    #[arg(long)]
    pub allow_no_image: bool,

    /// Split a cell with several addresses into one row per photo; each is a clip, and is paid for
    #[arg(long)]
    pub split_images: bool,

    /// Prompt for rows that have none, filled from their columns: "Pan through the {room}, {light|warm
    /// light}"; the text after | replaces an empty cell
    #[arg(long, value_name = "TEXT", value_parser = values::prompt)]
    pub prompt: Option<Template>,

    /// Accept cells that look broken by a spreadsheet program, such as TBD or 12-Mar
    #[arg(long)]
    pub allow_odd_cells: bool,
}

/// What a row of the manifest may leave open.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Defaults for empty cells")]
pub struct ClipArgs {
    #[arg(long, value_name = "NAME", help = help("model"))]
    pub model: Option<String>,

    #[arg(long, value_name = "SECONDS", value_parser = values::seconds, help = help("duration"))]
    pub duration: Option<Seconds>,

    #[arg(long, value_name = "W:H", help = help("aspect_ratio"))]
    pub aspect_ratio: Option<String>,

    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help = help("webhook_url"))]
    pub webhook_url: Option<String>,
}

/// A manifest's rows: what they leave open, and how they are read.
#[derive(Args, Clone, Debug, Default)]
pub struct SheetArgs {
    /// What rows leave open.
    #[command(flatten)]
    pub clip: ClipArgs,

    /// How the manifest is read.
    #[command(flatten)]
    pub reading: ManifestArgs,
}

/// On commands that send to the API, or poll it, and write what it replies to the log.
#[derive(Args, Clone, Debug, Default)]
pub struct CallArgs {
    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,

    /// How fast it sends.
    #[command(flatten)]
    pub pace: PaceArgs,

    /// Limits on time.
    #[command(flatten)]
    pub api: ApiArgs,
}

/// When a listing's or product's clips go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WhenArg {
    /// All of them together, once the last is ready.
    Complete,
}
