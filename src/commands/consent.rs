//! A question to a person, before what costs money or cannot be taken back.

use std::fmt::Display;
use std::io::{self, IsTerminal};

use crate::exit::Failure;
use crate::output::Printer;

/// How a run ends that has no yes.
pub struct NoConsent {
    /// What it has not done, as in `nothing was sent`.
    pub end: &'static str,
    /// The next step where no one can be asked.
    pub without_terminal: String,
    /// The next step after a no.
    pub after_no: String,
}

/// Asks, unless `--yes` has answered.
pub fn ask(
    question: impl Display,
    yes: bool,
    no_consent: NoConsent,
    printer: &Printer,
) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    let end = no_consent.end;
    if !io::stdin().is_terminal() {
        let why = format!("without a terminal to ask on, --yes is required; {end}");
        return Err(Failure::usage(why).help(no_consent.without_terminal).into());
    }
    if printer.confirm(question)? {
        return Ok(());
    }
    Err(Failure::decision(end).help(no_consent.after_no).into())
}
