//! What can be typed. Types only: what the words mean is decided elsewhere.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help texts, and a terminal shows no markdown"
)]
#![allow(rustdoc::bare_urls, reason = "the same")]

mod batch;
mod command;
mod deliver;
mod flags;
mod log;
mod review;
mod run;
mod serve;
mod shared;
mod show;
mod typed;

use std::ffi::OsString;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser};

pub use batch::{ReconcileArgs, ReconcileSource, ResolveArgs, RetryArgs, RetryFlags, SubmitArgs};
pub use command::Command;
pub use deliver::{DownloadArgs, PublishArgs, PublishFlags, PublishService, PublishTarget};
pub use log::{AcceptArgs, LogArgs, LogCopyArgs, LogPauseArgs, LogVerb};
#[cfg(feature = "postgres")]
pub use log::{LogAddressArgs, LogInitArgs};
pub use review::{RenameArgs, ReviewArgs, ReviewMode};
pub use run::RunArgs;
pub use serve::{ListenArgs, SandboxArgs};
pub use shared::{
    ApiArgs, ClipArgs, GlobalArgs, IntervalArg, LockArg, ManifestArgs, MetricsArg, PaceArgs,
    WhenArg,
};
pub use show::{
    CheckArgs, CompactArgs, CompletionsArgs, HelpArgs, InitArgs, ManArgs, ReportArgs, StatusArgs,
    View,
};

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

    /// The same for `submit`, where `command` is a round.
    #[arg(skip)]
    pub for_submit: Option<Vec<String>>,
}

impl Cli {
    /// What was typed. Its errors and help keep to `--color` as everything else does.
    pub fn of_process() -> Result<Self, clap::Error> {
        let typed: Vec<OsString> = std::env::args_os().collect();
        let mut command = typed::made_for(&typed, Self::command).color(color_in(&typed));
        let matches = typed::check_dashes(&typed, &mut command)
            .and_then(|()| command.try_get_matches_from_mut(typed));
        let parsed = matches.and_then(|matches| {
            let cli =
                Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
            let for_rename = typed::for_rename(&matches);
            let for_submit = typed::for_submit(&matches);
            Ok(Self {
                for_rename,
                for_submit,
                ..cli
            })
        });
        let parsed = parsed
            .map_err(without_escape_tip)
            .map_err(typed::with_wanted_command);
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

#[cfg(test)]
mod tests;
