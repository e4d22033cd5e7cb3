//! What can be typed. Types only: what the words mean is decided elsewhere.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help texts, and a terminal shows no markdown"
)]
#![allow(rustdoc::bare_urls, reason = "the same")]

mod batch;
mod flags;
mod hand_over;
mod log;
mod rename;
mod review;
mod run;
mod serve;
mod setup;
mod shared;
mod show;
mod typed;

use std::ffi::OsString;
use std::path::Path;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use batch::{ReconcileArgs, ResolveArgs, RetryArgs, RetryFlags, Source, SubmitArgs};
pub use hand_over::{DownloadArgs, PublishArgs, PublishFlags, Service, Target};
pub use log::{AcceptArgs, LogArgs, LogCopyArgs, LogPauseArgs, LogVerb};
#[cfg(feature = "postgres")]
pub use log::{LogAddressArgs, LogInitArgs};
pub use rename::RenameArgs;
pub use review::{ReviewArgs, Way};
pub use run::RunArgs;
pub use serve::{ListenArgs, SandboxArgs};
pub use setup::{CompletionsArgs, HelpArgs, InitArgs, ManArgs};
pub use shared::{
    ApiArgs, ClipArgs, GlobalArgs, IntervalArg, LockArg, ManifestArgs, MetricsArg, PaceArgs, When,
};
pub use show::{CheckArgs, CompactArgs, ReportArgs, StatusArgs, View};
pub use typed::IfTyped;

/// `--version`: what a report of an error needs. `-V` prints only the number.
const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit ",
    env!("CREATIVEAI_BUILD_COMMIT"),
    "\ntarget ",
    env!("CREATIVEAI_BUILD_TARGET"),
);

/// One spreadsheet row, one finished clip, paid once
#[derive(Parser, Clone, Debug)]
#[command(
    name = "creativeai",
    bin_name = "creativeai",
    version,
    long_version = LONG_VERSION,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    // What is typed after a script's own options counts.
    args_override_self = true,
    max_term_width = 100,
    after_help = "Examples:
  creativeai submit listings.csv --dry-run          what it would cost
  creativeai submit listings.csv --sandbox --wait   rehearse it, free of charge
  creativeai submit listings.csv                    order the clips
  creativeai reconcile --wait && creativeai status  wait for them, and see

Formats and codes are explained by `creativeai help log` and `creativeai help exit-codes`."
)]
pub struct Cli {
    /// On every command.
    #[command(flatten)]
    pub global: GlobalArgs,

    /// Which command.
    #[command(subcommand)]
    pub command: Command,

    /// Options that were typed for `command` and that `rename` has, too, as a shell reads them.
    #[arg(skip)]
    pub for_rename: Vec<String>,
}

impl Cli {
    /// What was typed. Its errors and help keep to `--color` as everything else does.
    pub fn of_process() -> Result<Self, clap::Error> {
        let typed: Vec<OsString> = std::env::args_os().collect();
        let mut command = typed::made_for(&typed, Self::command).color(color_in(&typed));
        let matches = command.try_get_matches_from_mut(typed);
        let parsed = matches.and_then(|matches| {
            let cli =
                Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
            let for_rename = typed::for_rename(&matches);
            Ok(Self { for_rename, ..cli })
        });
        let parsed = parsed.map_err(without_escape_tip);
        // It is of thousands of parts, and the process is about to end or to do something else.
        std::mem::forget(command);
        parsed
    }
}

/// An error without the parser's advice to write `-- --watch`: it makes a mistyped option a file's
/// name.
fn without_escape_tip(mut error: clap::Error) -> clap::Error {
    use clap::error::{ContextKind, ContextValue};
    let Some(ContextValue::StyledStrs(tips)) = error.remove(ContextKind::Suggested) else {
        return error;
    };
    let kept: Vec<_> = tips
        .into_iter()
        .filter(|tip| !tip.to_string().contains("-- -"))
        .collect();
    if !kept.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(kept));
    }
    error
}

/// `--color` in a command line that may be wrong otherwise; the last one counts.
fn color_in(typed: &[OsString]) -> ColorChoice {
    let words = typed.iter().map(|word| word.to_string_lossy());
    let following = words.clone().skip(1).map(Some).chain([None]);
    let values = words.zip(following).filter_map(|(word, next)| {
        let value = match word.strip_prefix("--color") {
            Some("") => next?.into_owned(),
            Some(rest) => rest.strip_prefix('=')?.to_owned(),
            None => return None,
        };
        value.parse().ok()
    });
    values.last().unwrap_or(ColorChoice::Auto)
}

/// The commands.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Order a clip for every row of a spreadsheet that has none yet
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
        after_help = "One round is the commands check, submit, retry --failed, reconcile --wait, download, publish (with
--to or --exec) and report, in this order; --skip leaves steps out. Its code is that of how all
stands at the end. Nothing is said with -q unless a person is needed, or the third round in a row
was not finished.

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
with another prompt (a new bill, said first), the arrows go on and back, space plays.
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
        after_help = "A sandbox that finds no key in the settings takes any; else it takes that one. In the other
terminal, `export CREATIVEAI_API_KEY=sandbox` gives a key for the rehearsal (in PowerShell:
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::engine::retry::Retried;
    use crate::jobs::Credits;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    fn command(line: &str) -> Command {
        parse(line).unwrap().command
    }

    #[test]
    fn what_is_typed_after_a_scripts_own_options_counts() {
        let line = "creativeai run a.csv --max-credits 500 --timeout 1h --skip check --quiet \
                    --max-credits 100 --timeout 2h --skip report --quiet";
        let Command::Run(run) = command(line) else {
            panic!("another command");
        };
        assert_eq!(run.max_credits, Some(Credits::whole(100)));
        assert_eq!(run.skip.len(), 2);
    }

    #[test]
    fn the_definition_has_no_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_commands_help_opens_with_its_sentence_and_ends_with_examples() {
        let mut cli = Cli::command();
        cli.build();
        let about: Vec<_> = cli
            .get_subcommands()
            .map(|c| c.get_about().cloned())
            .collect();
        assert_eq!(about.len(), 21);
        for (command, about) in cli.get_subcommands_mut().zip(about) {
            let help = command.render_help().to_string();
            let first = help.lines().next().unwrap_or_default();
            assert_eq!(first, about.unwrap().to_string(), "{help}");
            let examples = help.rsplit_once("\nExamples:\n").expect(&help).1;
            assert!((2..=3).contains(&examples.trim().lines().count()), "{help}");
            assert!(
                examples
                    .lines()
                    .all(|l| l.trim_start().starts_with("creativeai ")),
                "{help}"
            );
        }
    }

    #[test]
    fn every_example_can_be_typed() {
        let mut cli = Cli::command();
        cli.build();
        for command in cli.get_subcommands_mut() {
            let help = command.render_help().to_string();
            for line in help.rsplit_once("Examples:\n").unwrap().1.lines() {
                let end = line.find(" > ").or(line.find(" < ")).or(line.find(" >> "));
                let end = end
                    .or(line.find(" | "))
                    .or(line.find("   ("))
                    .unwrap_or(line.len());
                let typed = line[..end].trim();
                parse(typed).map_err(|e| e.kind()).expect(typed);
            }
        }
    }

    #[test]
    fn choices_that_exclude_each_other_become_one_value() {
        let Command::Retry(retry) = command("creativeai retry --unknown -y") else {
            panic!("another command")
        };
        assert_eq!(retry.which.choice(), Retried::Unknown);
        for wrong in [
            "creativeai retry",
            "creativeai retry --failed --unknown",
            "creativeai resolve J",
            "creativeai resolve J --dismiss --not-accepted",
            "creativeai resolve J --generation-id ../x",
            "creativeai resolve J --generation-id ID",
            "creativeai publish",
            "creativeai review --csv --from x",
            "creativeai review --csv --port 1",
            "creativeai submit x.csv --canary 3 --dry-run",
            "creativeai submit x.csv --yes",
            "creativeai submit x.csv --max-failed x",
            "creativeai retry --failed --new-prompt x",
            "creativeai retry --rejected --new-prompt TBD",
            "creativeai retry --rejected --new-prompt \u{200b}",
            "creativeai retry --failed --rejected",
            "creativeai publish --to shopify --exec x",
            "creativeai status --csv --summary",
            "creativeai reconcile --strict",
            "creativeai reconcile --wait --replay x",
            "creativeai status --sandbox --base-url http://127.0.0.1:1",
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }

    #[test]
    fn reconcile_learns_from_one_source() {
        let Command::Reconcile(args) = command("creativeai reconcile a.jsonl --replay b c -q")
        else {
            panic!("another command")
        };
        assert_eq!(args.jobs.jobs, Some("a.jsonl".into()));
        let Source::Replay { paths, .. } = args.source() else {
            panic!("another source")
        };
        assert_eq!(paths.len(), 2);
    }

    #[test]
    fn the_sandbox_is_as_usual_unless_something_is_said() {
        let options = |line: &str| match command(line) {
            Command::Sandbox(args) => args.options(),
            _ => panic!("another command"),
        };
        let usual = crate::sandbox::Options::default();
        let typed = options("creativeai sandbox");
        assert_eq!(typed.faults.slow_reply.as_secs(), 10, "the help says so");
        assert!(!typed.faults.throttle.is_possible());
        assert_eq!(typed.webhooks, usual.webhooks);
        assert_eq!(typed.faults.retry_after, usual.faults.retry_after);
        assert_eq!(
            (typed.seed, typed.render_time),
            (usual.seed, usual.render_time)
        );

        let typed = options("creativeai sandbox --out-of-order --late --lost-reply-share each:1");
        assert!(typed.webhooks.faults.out_of_order > 0.99);
        assert!(typed.webhooks.faults.late > 0.99);
        assert!(typed.faults.lost_reply.is_possible());
    }

    #[test]
    fn a_mistyped_option_is_not_taken_for_a_files_name() {
        let advice = |line| {
            let error = parse(line).map_err(without_escape_tip).unwrap_err();
            error.to_string()
        };
        let other = advice("creativeai status --watsh");
        assert!(!other.contains("-- --"), "{other}");
        let near = advice("creativeai status --sumary");
        assert!(
            near.contains("'--summary'") && !near.contains("-- --"),
            "{near}"
        );
    }

    #[test]
    fn a_mistyped_command_gets_a_hint() {
        let error = parse("creativeai submti x.csv").unwrap_err().to_string();
        assert!(error.contains("'submit'"), "{error}");
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        assert!(parse("creativeai --json status").unwrap().global.json);
        assert!(parse("creativeai status --json").unwrap().global.json);
    }
}
