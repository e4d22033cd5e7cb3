//! The commands, each with what can be typed after it.

use std::path::Path;

use clap::Subcommand;

use super::batch::{ReconcileArgs, ResolveArgs, RetryArgs, SubmitArgs};
use super::deliver::{DownloadArgs, PublishArgs};
use super::log::LogArgs;
use super::review::{RenameArgs, ReviewArgs};
use super::run::RunArgs;
use super::serve::{ListenArgs, SandboxArgs};
use super::show::{
    CheckArgs, CompactArgs, CompletionsArgs, HelpArgs, InitArgs, ManArgs, ReportArgs, StatusArgs,
};
use super::typed::IfTyped;

/// The commands.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Order a clip for every row of a spreadsheet that does not have one yet
    #[command(after_help = "Examples:
  creativeai submit listings.csv --dry-run
  creativeai submit listings.csv --max-credits 200
  creativeai submit products.csv --map image_url=Photo --sandbox --wait")]
    Submit(IfTyped<SubmitArgs>),

    /// Ask how the ordered clips are doing, or read captured webhooks
    #[command(after_help = "Examples:
  creativeai reconcile --wait --timeout 2h
  creativeai reconcile jobs.jsonl --replay captures.jsonl
  creativeai reconcile --recover recover.txt")]
    Reconcile(IfTyped<ReconcileArgs>),

    /// Order failed clips again, or repeat orders of unknown outcome
    #[command(after_help = "Examples:
  creativeai retry --failed --dry-run
  creativeai retry --failed --max-credits 100
  creativeai retry --unknown --id LST-4202")]
    Retry(IfTyped<RetryArgs>),

    /// The whole round: order what is new, wait, fetch, publish, report; once or by a schedule
    #[command(
        after_help = "One round runs the commands check, submit, retry --failed, reconcile --wait, download, publish (with
--to or --exec) and report, in this order; --skip leaves steps out. The exit code reflects the state
at the end. With -q it prints nothing unless a person is needed, or the third round in a row was not
finished.

Examples:
  creativeai run listings.csv --sandbox
  creativeai run listings.csv --max-credits 500 --exec ./upload.sh -q
  creativeai run listings.csv --at 02:30"
    )]
    Run(IfTyped<RunArgs>),

    /// Settle by hand what became of an order, or close a job for good
    #[command(after_help = "Examples:
  creativeai resolve LST-4202 --generation-id vgen_def456
  creativeai resolve 5b1f0c9a77d2e318 --not-accepted
  creativeai resolve LST-4203 --dismiss --jobs june.jsonl")]
    Resolve(IfTyped<ResolveArgs>),

    /// Give a listing, a SKU or a photo another name; nothing is ordered
    #[command(after_help = "Examples:
  creativeai rename 12345 0012345
  creativeai rename 5b1f0c9a77d2e318 https://cdn.example.com/new/kitchen.jpg
  creativeai rename --from-manifest products.csv")]
    Rename(IfTyped<RenameArgs>),

    /// Show where every clip stands and what it cost
    #[command(after_help = "Examples:
  creativeai status
  creativeai status --money --by client --since 2026-11-01
  creativeai status june.jsonl --where property_type=residential --csv > june.csv")]
    Status(IfTyped<StatusArgs>),

    /// Write a page that shows clips, photos, states and cost
    #[command(after_help = "Examples:
  creativeai report
  creativeai report june.jsonl -o june.html --where delivery_target=website-hero
  creativeai report --public LST-1001 --bundle zip")]
    Report(IfTyped<ReportArgs>),

    /// Fetch finished clips, one folder for each listing or SKU
    #[command(after_help = "Examples:
  creativeai download
  creativeai download --dir s3://my-clips/june --when complete
  creativeai download --check --dir /mnt/backup/videos")]
    Download(IfTyped<DownloadArgs>),

    /// Look at finished clips before they go out: keep them, reject them, or order them again
    #[command(
        after_help = "A page in your browser shows each clip beside its photo. Keys: k keeps, x rejects, o orders again,
with another prompt (a new bill, shown first), the arrows move, space plays.
Verdicts are lines of the log. `publish` leaves out what was rejected, and with --approved publishes
only what was kept. The page is on this computer only, at an address that no one can guess.

Examples:
  creativeai review
  creativeai review --csv > clips.csv
  creativeai review --from clips.csv"
    )]
    Review(IfTyped<ReviewArgs>),

    /// Publish finished clips, each once
    #[command(
        after_help = "A clip that was published is marked in the log, for the receiver it went to: a shop, or the name
given by --target. If the computer stops between the command's success and that mark, the command
runs again for this clip; CREATIVEAI_PUBLISH_ID, the same both times, marks the repetition.

Examples:
  creativeai publish --to shopify --store example.myshopify.com --dry-run
  creativeai publish --to shopify --sandbox --where target_surface=shopify-pdp --position 2
  creativeai publish --exec ./upload.sh --when complete"
    )]
    Publish(IfTyped<PublishArgs>),

    /// Receive webhooks and keep each of them before it is answered
    #[command(after_help = "Examples:
  creativeai listen
  creativeai listen --jobs jobs.jsonl
  creativeai listen --addr 0.0.0.0:8787 --capture /var/lib/creativeai/captures.jsonl")]
    Listen(IfTyped<ListenArgs>),

    /// Run a stand-in for the API on this machine, with faults on request
    #[command(
        after_help = "Without a key in the settings the sandbox accepts any key; otherwise it accepts only that one. In the other
terminal, `export CREATIVEAI_API_KEY=sandbox` sets a key for the rehearsal (in PowerShell:
`$env:CREATIVEAI_API_KEY = 'sandbox'`).

Examples:
  creativeai sandbox
  creativeai sandbox --fail-share 10% --lost-reply-share 2% --seed 7
  creativeai submit listings.csv --base-url http://127.0.0.1:8790   (in another terminal)"
    )]
    Sandbox(IfTyped<SandboxArgs>),

    /// Rewrite the job log without repetitions and past progress; nothing is lost
    #[command(after_help = "Examples:
  creativeai compact
  creativeai compact june.jsonl --keep")]
    Compact(IfTyped<CompactArgs>),

    /// Manage job logs: accept one that was restored; make, list, copy, pause and resume logs
    #[command(after_help = "Examples:
  creativeai log accept june.jsonl
  creativeai log copy jobs.jsonl june.jsonl")]
    Log(IfTyped<LogArgs>),

    /// Check whether everything is ready; spends nothing
    #[command(after_help = "Examples:
  creativeai check
  creativeai check listings.csv")]
    Check(IfTyped<CheckArgs>),

    /// Write a commented settings file and a private key file
    #[command(after_help = "Examples:
  creativeai init
  creativeai init --key-only
  creativeai init --key-file ~/keys/creativeai --key-stdin < key.txt")]
    Init(IfTyped<InitArgs>),

    /// Show every setting and where it comes from
    #[command(after_help = "Examples:
  creativeai config
  creativeai config --json")]
    Config,

    /// Write completions for a shell
    #[command(after_help = "Examples:
  creativeai completions bash > ~/.local/share/bash-completion/completions/creativeai
  creativeai completions fish > ~/.config/fish/completions/creativeai.fish
  creativeai completions powershell >> $PROFILE")]
    Completions(IfTyped<CompletionsArgs>),

    /// Write the manual as man pages
    #[command(after_help = "Examples:
  creativeai man | man -l -
  creativeai man --dir ~/.local/share/man/man1")]
    Man(IfTyped<ManArgs>),

    /// Explain a command, the job log (log) or the exit codes (exit-codes)
    #[command(after_help = "Examples:
  creativeai help submit
  creativeai help log
  creativeai help schema status")]
    Help(IfTyped<HelpArgs>),
}

impl Command {
    /// Whether what it writes to standard output is there to be looked at. The rest is made to be kept:
    /// pages, tables for a spreadsheet, scripts.
    pub fn is_for_people(&self) -> bool {
        match self {
            Self::Status(args) => !args.csv,
            Self::Review(args) => !args.csv,
            Self::Report(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Help(_)
            | Self::Listen(_)
            | Self::Sandbox(_) => false,
            _ => true,
        }
    }

    /// The job logs that were typed with it, files or addresses.
    pub fn logs(&self) -> Vec<&Path> {
        match self {
            Self::Submit(args) => args.jobs.as_deref().into_iter().collect(),
            Self::Run(args) => args.jobs.as_deref().into_iter().collect(),
            Self::Resolve(args) => args.jobs.as_deref().into_iter().collect(),
            Self::Rename(args) => args.jobs.as_deref().into_iter().collect(),
            Self::Listen(args) => args.jobs.as_deref().into_iter().collect(),
            Self::Check(args) => args.jobs.as_deref().into_iter().collect(),
            Self::Reconcile(args) => args.jobs.typed(),
            Self::Retry(args) => args.jobs.typed(),
            Self::Status(args) => args.jobs.typed(),
            Self::Report(args) => args.jobs.typed(),
            Self::Download(args) => args.jobs.typed(),
            Self::Publish(args) => args.jobs.typed(),
            Self::Review(args) => args.jobs.typed(),
            Self::Compact(args) => args.jobs.typed(),
            Self::Log(args) => args.verb.logs(),
            Self::Sandbox(_)
            | Self::Init(_)
            | Self::Config
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Help(_) => Vec::new(),
        }
    }

    /// Its name, as typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Submit(_) => "submit",
            Self::Reconcile(_) => "reconcile",
            Self::Retry(_) => "retry",
            Self::Run(_) => "run",
            Self::Resolve(_) => "resolve",
            Self::Rename(_) => "rename",
            Self::Status(_) => "status",
            Self::Report(_) => "report",
            Self::Download(_) => "download",
            Self::Publish(_) => "publish",
            Self::Review(_) => "review",
            Self::Listen(_) => "listen",
            Self::Sandbox(_) => "sandbox",
            Self::Compact(_) => "compact",
            Self::Log(_) => "log",
            Self::Check(_) => "check",
            Self::Init(_) => "init",
            Self::Config => "config",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
            Self::Help(_) => "help",
        }
    }
}
