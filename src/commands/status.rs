//! `status`: where everything stands.

mod asked;
mod jobs;
#[cfg(feature = "postgres")]
pub mod runs;
mod summary;
mod watch;

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;

use super::damage;
use super::open::refuse_spreadsheet;
use crate::disk::path_from_here;
use crate::engine::filter::Filters;
use crate::engine::named::jobs_named;
use crate::exit::Failure;
use crate::jobs::{JobView, Ledger, Rates};
use crate::journal::JobLog;
use crate::output::unrecovered;
use crate::output::{self, Commands, Printer, Wording, failure::warn_of_mismatch, in_order, json};
use crate::text::escape;

pub use asked::run_asked;
use jobs::{all_listed, array, audience, csv, listed, table};
use summary::{money, seek, summary};
use watch::watch;

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// All jobs, grouped by listing or SKU.
    Table,
    /// All jobs in the words of an audience.
    Audience(Wording),
    /// Counts and money.
    Summary,
    /// The jobs that a job's key, a generation id, a listing or a SKU means, in full.
    One(String),
    /// A row for each job.
    Csv(output::Dialect),
    /// Money alone.
    Money {
        /// The column whose values make groups.
        by: Option<String>,
        /// When what counts was ordered at the earliest.
        since: Option<Timestamp>,
        /// For a spreadsheet.
        csv: bool,
    },
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct StatusArgs {
    /// What to show.
    pub show: Show,
    /// Which jobs.
    pub filters: Filters,
    /// As JSON.
    pub json: bool,
    /// How commands that are shown name the log.
    pub commands: Commands,
    /// The same where the log turns out to be a rehearsal's.
    pub rehearsal: Commands,
    /// The present.
    pub now: Timestamp,
}

/// Reads the log at `path` and shows it. Fails with a [`LogError`](crate::journal::LogError) inside when there is no log.
pub fn run(
    args: &StatusArgs,
    path: &Path,
    rates: Rates,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let ledger = Ledger::new(rates);
    let needs_views = args.show != Show::Summary || !args.filters.is_empty();
    let ledger = if needs_views {
        ledger.with_places()
    } else {
        ledger.without_ids()
    };
    let log = JobLog::read(path, ledger)?;
    refuse_spreadsheet(path, log.ledger())?;
    warn_of_mismatch(&log, printer);
    damage::warn_of_damage(log.damage(), path, printer);
    let mut args = args.clone();
    if log.ledger().is_rehearsal() {
        args.commands = args.rehearsal.clone();
    }
    unrecovered::warn(&log, path, &args.commands, printer)?;
    show(&args, &log, printer)
}

/// Shows a log that has been read, with places unless only the summary of all jobs is wanted.
pub fn show(args: &StatusArgs, log: &JobLog, printer: &mut Printer) -> anyhow::Result<()> {
    match &args.show {
        Show::Summary => summary(args, log, printer),
        Show::Audience(wording) => audience(args, wording, log, printer),
        Show::One(name) => one(args, name, log, printer),
        Show::Csv(dialect) => csv(args, *dialect, log, printer),
        Show::Money { by, since, csv } => {
            let money = money(args, by.as_deref(), *since, log)?;
            match () {
                () if args.json => printer.document(&money.to_json()),
                () if *csv => money.write_csv(printer),
                () => money.print(&log.ledger().rates().clone(), printer),
            }
            .map_err(Into::into)
        }
        Show::Table if args.json => {
            let listed = all_listed(args, log, |_| ())?;
            let keys = listed.into_iter().map(|(place, ())| place.key);
            let elements = log.map_views_of(keys, |view| json::element(&view.to_json()));
            array(elements.map(|element| Ok(element??)), printer)
        }
        Show::Table => table(args, log, printer),
    }?;
    printer.flush().context("cannot write to standard output")
}

fn one(args: &StatusArgs, name: &str, log: &JobLog, printer: &mut Printer) -> anyhow::Result<()> {
    let keys = jobs_named(log.path(), log.ledger(), name)?;
    let mut found = Vec::new();
    for key in keys {
        if let Some(view) = log.view(key)? {
            found.extend(listed(args, &view, JobView::clone));
        }
    }
    if found.is_empty() {
        return Err(Failure::usage(format!(
            "{} knows no listing, SKU, job or generation id {}",
            path_from_here(log.name()).display(),
            escape(name)
        ))
        .help(format!(
            "`{}` lists what it knows",
            args.commands.on_log("status", "")
        ))
        .into());
    }
    let found = in_order(found).into_iter().map(|(_, view)| view);
    if args.json {
        return array(
            found.map(|view| Ok(json::element(&view.to_json())?)),
            printer,
        );
    }
    for (i, view) in found.enumerate() {
        if i > 0 {
            writeln!(printer.out(), "\n")?;
        }
        let rates = log.ledger().rates();
        output::history(&view, rates, &args.commands, args.now, printer)?;
    }
    Ok(())
}

/// Says kindly that there is nothing to show.
fn nothing(args: &StatusArgs, log: &JobLog, printer: &Printer) {
    let doubt = if log.ledger().is_empty() {
        None
    } else {
        args.filters.doubt(log.views().flatten())
    };
    let name = path_from_here(log.name()).display().to_string();
    let asked = args.filters.text();
    output::nothing(&name, log.ledger(), &asked, doubt, &args.commands, printer);
}

#[cfg(test)]
mod tests;
