//! `status`: a log that is read, and shown as was asked.

use std::path::Path;

use super::args::{Show, StatusArgs};
use super::jobs::{all_listed, array, audience, csv, listed, table};
use super::summary::{money, summary};
use crate::commands::damage;
use crate::commands::open::refuse_spreadsheet;
use crate::disk::path_from_here;
use crate::engine::named::jobs_named;
use crate::exit::Failure;
use crate::jobs::{JobView, Ledger, Rates};
use crate::journal::JobLog;
use crate::output::failure::warn_of_mismatch;
use crate::output::{self, Printer, in_order, json, unrecovered};
use crate::text::escape;

/// Reads the log at `path` and shows it. A missing log is a [`LogError`](crate::journal::LogError) inside the error.
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
    Ok(printer.flush()?)
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
