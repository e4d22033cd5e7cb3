//! Options of `log`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueHint};

use super::shared::{JobsArg, LockArg};
#[cfg(feature = "postgres")]
use crate::journal::Rights;

/// `log`.
#[derive(Args, Clone, Debug)]
#[command(arg_required_else_help = true)]
pub struct LogArgs {
    /// What is done.
    #[command(subcommand)]
    pub verb: LogVerb,
}

/// What `log` can do.
#[derive(Subcommand, Clone, Debug)]
pub enum LogVerb {
    /// Accept a job log as it is, after it was restored, replaced or deleted on purpose
    #[command(
        after_help = "The file beside the log remembers how the log was left. A log that is shorter, is another or is gone
is used for nothing that sends: orders that only the lost part knows would be placed and paid for
again. Look for the newer file first. Where there is none, this shows what is remembered and what is
there, and asks whether that is right. What the lost part had ordered has then to be settled by hand.

Examples:
  creativeai log accept
  creativeai log accept june.jsonl --yes"
    )]
    Accept(AcceptArgs),

    /// Make a job log in a PostgreSQL database, and its tables where there are none
    #[cfg(feature = "postgres")]
    #[command(
        after_help = "A log in a database is never made by a slip of a name: only this command makes one. What is there
already stays as it is.

Examples:
  creativeai log init 'postgres://me@db.example/logs?log=shop'
  creativeai log init 'postgres://me@db.example/logs' --grant-to robots
  creativeai log init 'postgres://me@db.example/logs' --print-sql > tables.sql"
    )]
    Init(LogInitArgs),

    /// List the job logs of a database, with their sizes
    #[cfg(feature = "postgres")]
    #[command(after_help = "Examples:
  creativeai log list postgres://me@db.example/logs
  creativeai log list postgres://me@db.example/logs --json")]
    List(LogAddressArgs),

    /// Print the captures that receivers keep with a log in a database, as `reconcile --replay -` reads them
    #[cfg(feature = "postgres")]
    #[command(after_help = "Examples:
  creativeai log captures 'postgres://me@db.example/logs?log=shop' > captures.jsonl
  creativeai log captures 'postgres://me@db.example/logs?log=shop' | creativeai reconcile --replay -")]
    Captures(LogAddressArgs),

    /// Bring the tables of a database up to date with this creativeai
    #[cfg(feature = "postgres")]
    #[command(
        after_help = "Other computers with an older creativeai go on as long as the new tables allow it; a creativeai that
is too old says so and touches nothing.

Examples:
  creativeai log upgrade postgres://me@db.example/logs
  creativeai log upgrade postgres://me@db.example/logs --json"
    )]
    Upgrade(LogAddressArgs),

    /// Let nothing more be ordered from a job log until `log resume`, on whatever computer
    #[command(
        after_help = "What is in flight is finished. submit and retry then send nothing and say who has paused the log
(3). The pause stays until it is taken away.

Examples:
  creativeai log pause
  creativeai log pause 'postgres://me@db.example/logs?log=shop'"
    )]
    Pause(LogPauseArgs),

    /// Let a paused job log go on
    #[command(after_help = "Examples:
  creativeai log resume
  creativeai log resume 'postgres://me@db.example/logs?log=shop'")]
    Resume(LogPauseArgs),

    /// Copy the lines of one job log into another, file or database; what is there stays
    #[command(
        after_help = "Lines are a set: what the other log holds already is not added again, and a copy that was stopped can
be run again. A file is made where there is none; a log in a database is made with `log init`. Use
only one of the two logs from then on: each of them would order what only the other one knows.

Examples:
  creativeai log copy jobs.jsonl 'postgres://me@db.example/logs?log=shop'
  creativeai log copy 'postgres://me@db.example/logs?log=shop' backup.jsonl"
    )]
    Copy(LogCopyArgs),
}

impl LogVerb {
    /// The job logs that were typed.
    pub fn logs(&self) -> Vec<&Path> {
        match self {
            Self::Accept(args) => args.jobs.typed(),
            Self::Pause(args) | Self::Resume(args) => args.jobs.typed(),
            #[cfg(feature = "postgres")]
            Self::Init(args) => vec![&args.address],
            #[cfg(feature = "postgres")]
            Self::List(args) | Self::Upgrade(args) | Self::Captures(args) => vec![&args.address],
            Self::Copy(args) => vec![&args.from, &args.to],
        }
    }
}

/// `log accept`.
#[derive(Args, Clone, Debug)]
pub struct AcceptArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,

    /// Do not ask; required where there is no terminal
    #[arg(short, long)]
    pub yes: bool,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,
}

/// `log pause` and `log resume`.
#[derive(Args, Clone, Debug)]
pub struct LogPauseArgs {
    /// The log.
    #[command(flatten)]
    pub jobs: JobsArg,
}

/// `log init`.
#[cfg(feature = "postgres")]
#[derive(Args, Clone, Debug)]
pub struct LogInitArgs {
    /// The log's address: postgres://USER@HOST/DATABASE?log=NAME
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub address: PathBuf,

    /// Show the statements and do nothing
    #[arg(long)]
    pub print_sql: bool,

    /// Give this role the rights that a command needs which writes to the log
    #[arg(long, value_name = "ROLE")]
    pub grant_to: Option<String>,

    /// With --grant-to: only the rights to read
    #[arg(long, requires = "grant_to")]
    pub read_only: bool,
}

#[cfg(feature = "postgres")]
impl LogInitArgs {
    /// The role that gets rights, and which.
    pub fn grant(&self) -> Option<(&str, Rights)> {
        let rights = if self.read_only {
            Rights::Read
        } else {
            Rights::Write
        };
        self.grant_to.as_deref().map(|role| (role, rights))
    }
}

/// `log list` and `log upgrade`.
#[cfg(feature = "postgres")]
#[derive(Args, Clone, Debug)]
pub struct LogAddressArgs {
    /// The database's address: postgres://USER@HOST/DATABASE
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub address: PathBuf,
}

/// `log copy`.
#[derive(Args, Clone, Debug)]
pub struct LogCopyArgs {
    /// The log to read: a file or an address
    #[arg(value_name = "FROM", value_hint = ValueHint::FilePath)]
    pub from: PathBuf,

    /// The log to add to: a file or an address
    #[arg(value_name = "TO", value_hint = ValueHint::FilePath)]
    pub to: PathBuf,

    /// How long it waits for the log.
    #[command(flatten)]
    pub lock: LockArg,
}
