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
        after_help = "The file beside the log remembers how the log was left. Nothing is sent with a
log that is shorter, has been replaced or is gone: orders that only the lost part holds would be
placed and paid for again. Look for the newer file first. Where there is none, this shows what is remembered and what is
there, and asks whether that is right. Orders in the lost part then have to be settled by hand.

Examples:
  creativeai log accept
  creativeai log accept june.jsonl --yes"
    )]
    Accept(AcceptArgs),

    /// Create a job log in a PostgreSQL database, and the tables if there are none
    #[cfg(feature = "postgres")]
    #[command(
        after_help = "A mistyped name never creates a log in a database: only this command does.
Existing logs and tables are left unchanged.

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
        after_help = "Computers with an older creativeai continue to work as long as the new tables
allow it; one that is too old says so and changes nothing.

Examples:
  creativeai log upgrade postgres://me@db.example/logs
  creativeai log upgrade postgres://me@db.example/logs --json"
    )]
    Upgrade(LogAddressArgs),

    /// Stop all orders from a job log, on every computer, until `log resume`
    #[command(
        after_help = "Requests in flight are finished. After that submit and retry send nothing and
say who paused the log (3). The pause lasts until `log resume`.

Examples:
  creativeai log pause
  creativeai log pause 'postgres://me@db.example/logs?log=shop'"
    )]
    Pause(LogPauseArgs),

    /// Resume a paused job log
    #[command(after_help = "Examples:
  creativeai log resume
  creativeai log resume 'postgres://me@db.example/logs?log=shop'")]
    Resume(LogPauseArgs),

    /// Copy the lines of one job log into another, file or database; what is there stays
    #[command(
        after_help = "Lines that the other log already holds are not added again, so a copy that was
interrupted can be run again. A file is made where there is none; a log in a database is made with `log init`. Use
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

    /// Grant this role the rights that commands that write to the log need
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
