//! What sending again may cost, and whether a person wants that.

use std::io::IsTerminal;

use super::search::Found;
use crate::cli::{Retry, RetryArgs};
use crate::commands::{evidence, failure};
use crate::engine::dispatch::Attempt;
use crate::engine::retry::Wanted;
use crate::exit::Failure;
use crate::jobs::Credits;
use crate::journal::Writer;
use crate::output::{self, Commands, Printer, words};
use crate::settings::Settings;
use crate::text::escape;

/// Says what sending again may cost, and asks.
pub fn consent(
    args: &RetryArgs,
    found: &Found<'_>,
    settings: &Settings,
    writer: &Writer,
    printer: &Printer,
    commands: &Commands,
) -> anyhow::Result<()> {
    if args.yes && printer.options().quiet {
        return Ok(());
    }
    if args.which.choice() == Retry::Rejected {
        return consent_to_replace(args, &found.wanted, settings, printer, commands);
    }
    let attempts = &found.attempts()?;
    let seen = evidence::gather(attempts, writer, settings, commands)?;
    for (attempt, evidence) in attempts.iter().zip(&seen) {
        let view = writer.view(attempt.job).map_err(failure::of_log)?;
        let sought = view.as_ref().map(output::sought).unwrap_or_default();
        printer.say(format_args!(
            "{} (job {}, attempt {})",
            escape(&sought),
            attempt.job,
            attempt.number
        ));
        for line in evidence {
            printer.say(format_args!("    {}", escape(line)));
        }
    }
    let most: Credits = attempts.iter().map(Attempt::estimate).sum();
    printer.say(format_args!(
        "It is not known whether {} accepted. If so, sending {} again may be billed a second time: \
         at most {}.",
        if attempts.len() == 1 {
            "this one was"
        } else {
            "these were"
        },
        words::count(attempts.len() as u64, "job"),
        words::money(&settings.rates, most),
    ));
    ask(
        args,
        printer,
        "Send again?",
        format!(
            "look at the vendor's dashboard first; then say what you found (`{}` shows how), or \
             send again: `{}`",
            commands.on_log("status", ""),
            commands.on_log("retry", "--unknown --yes"),
        ),
        format!(
            "look at the vendor's dashboard and say what you found; `{}` shows how",
            commands.on_log("status", "")
        ),
    )
}

/// The same for clips that were rejected: each is certainly billed.
fn consent_to_replace(
    args: &RetryArgs,
    attempts: &[Wanted],
    settings: &Settings,
    printer: &Printer,
    commands: &Commands,
) -> anyhow::Result<()> {
    let most: Credits = attempts.iter().map(|wanted| wanted.estimate).sum();
    let prompt = match &args.new_prompt {
        Some(prompt) => format!("with the prompt “{}”", escape(prompt)),
        None => "with the same prompts".to_owned(),
    };
    printer.say(format_args!(
        "{} rejected. Ordering {} again {prompt} is a new bill: {}.",
        if attempts.len() == 1 {
            "1 clip was".to_owned()
        } else {
            words::count(attempts.len() as u64, "clip") + " were"
        },
        if attempts.len() == 1 { "it" } else { "them" },
        words::money(&settings.rates, most),
    ));
    ask(
        args,
        printer,
        "Order again?",
        format!(
            "to order at that price: `{}`",
            commands.on_log("retry", "--rejected --yes")
        ),
        format!(
            "`{}` shows the clips, where one can be kept after all",
            commands.on_log("review", "")
        ),
    )
}

/// Asks, unless `--yes` has answered. The help is for a run without a terminal, and for a no.
fn ask(
    args: &RetryArgs,
    printer: &Printer,
    question: &str,
    without_terminal: String,
    after_no: String,
) -> anyhow::Result<()> {
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        let missing = "without a terminal to ask on, --yes is required; nothing was sent";
        return Err(Failure::usage(missing).help(without_terminal).into());
    }
    if printer.confirm(question)? {
        return Ok(());
    }
    Err(Failure::decision("nothing was sent").help(after_no).into())
}
