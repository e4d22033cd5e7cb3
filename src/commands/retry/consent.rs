//! What sending again may cost, and whether a person wants that.

use super::search::RetryPlan;
use crate::cli::RetryArgs;
use crate::commands::consent::{NoConsent, ask};
use crate::commands::doubt_details;
use crate::commands::open::OpenLog;
use crate::engine::dispatch::Attempt;
use crate::engine::retry::{RetryAttempt, RetryKind};
use crate::jobs::Credits;
use crate::output::{self, Printer, failure, words};
use crate::text::escape;

/// Says what sending again may cost, and asks.
pub fn consent(
    args: &RetryArgs,
    found: &RetryPlan<'_>,
    log: &OpenLog<'_>,
    printer: &Printer,
) -> anyhow::Result<()> {
    if args.yes && printer.options().quiet {
        return Ok(());
    }
    if args.which.choice() == RetryKind::Rejected {
        return consent_to_replace(args, &found.wanted, log, printer);
    }
    let attempts = &found.attempts()?;
    let seen = doubt_details::gather(attempts, log)?;
    for (attempt, evidence) in attempts.iter().zip(&seen) {
        let view = log.writer.view(attempt.job).map_err(failure::of_log)?;
        let sought = view.as_ref();
        let sought = sought.map(|view| output::sought(view, attempt.number));
        let sought = sought.unwrap_or_default();
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
        words::choose(attempts.len() as u64, "this one was", "these were"),
        words::count(attempts.len() as u64, "job"),
        words::money(&log.settings.rates, most),
    ));
    let unasked = NoConsent {
        end: "nothing was sent",
        without_terminal: format!(
            "look at the vendor's dashboard first; then say what you found (`{}` shows how), or \
             send again: `{}`",
            log.commands.on_log("status", ""),
            log.commands.on_log("retry", "--unknown --yes"),
        ),
        after_no: format!(
            "look at the vendor's dashboard and say what you found; `{}` shows how",
            log.commands.on_log("status", "")
        ),
    };
    ask("Send again?", args.yes, unasked, printer)
}

/// The same for clips that were rejected: each is certainly billed.
fn consent_to_replace(
    args: &RetryArgs,
    attempts: &[RetryAttempt],
    log: &OpenLog<'_>,
    printer: &Printer,
) -> anyhow::Result<()> {
    let count = attempts.len() as u64;
    let most: Credits = attempts.iter().map(|wanted| wanted.estimate).sum();
    let prompt = match &args.new_prompt {
        Some(prompt) => format!("with the prompt “{}”", escape(prompt)),
        None => "with the same prompts".to_owned(),
    };
    printer.say(format_args!(
        "{} rejected. Ordering {} again {prompt} is a new bill: {}.",
        words::counted(count, "clip was", "clips were"),
        words::choose(count, "it", "them"),
        words::money(&log.settings.rates, most),
    ));
    let unasked = NoConsent {
        end: "nothing was sent",
        without_terminal: format!(
            "to order at that price: `{}`",
            log.commands.on_log("retry", "--rejected --yes")
        ),
        after_no: format!(
            "`{}` shows the clips, where one can be kept after all",
            log.commands.on_log("review", "")
        ),
    };
    ask("Order again?", args.yes, unasked, printer)
}
