//! A log that is read, and shown as was asked: once, or anew whenever it has changed, until nothing is
//! under way.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::jobs::{
    StatusQuery, StatusView, all_listed, array, audience, csv, listed, money, summary, table,
};
use crate::clock;
use crate::commands::open::refuse_spreadsheet;
use crate::commands::runtime::on_one_thread;
use crate::commands::{damage, signals};
use crate::disk::path_from_here;
use crate::engine::named::jobs_named;
use crate::engine::stop::Stop;
use crate::exit::{Code, Failure};
use crate::jobs::{JobView, Ledger, Rates};
use crate::journal::JobLog;
use crate::output::failure::warn_of_mismatch;
use crate::output::{self, Printer, Tally, in_order, json, stopped, unrecovered, words};
use crate::text::escape;

/// Reads the log at `path` and shows it. A missing log is a [`LogError`](crate::journal::LogError) inside the error.
pub fn run(
    args: &StatusQuery,
    path: &Path,
    rates: Rates,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let ledger = Ledger::new(rates);
    let needs_views = args.show != StatusView::Summary || !args.filters.is_empty();
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
pub fn show(args: &StatusQuery, log: &JobLog, printer: &mut Printer) -> anyhow::Result<()> {
    match &args.show {
        StatusView::Summary => summary(args, log, printer),
        StatusView::Audience(wording) => audience(args, wording, log, printer),
        StatusView::One(name) => one(args, name, log, printer),
        StatusView::Csv(dialect) => csv(args, *dialect, log, printer),
        StatusView::Money { by, since, csv } => {
            let money = money(args, by.as_deref(), *since, log)?;
            match () {
                () if args.json => printer.document(&money.to_json()),
                () if *csv => money.write_csv(printer),
                () => money.print(&log.ledger().rates().clone(), printer),
            }
            .map_err(Into::into)
        }
        StatusView::Table if args.json => {
            let listed = all_listed(args, log, |_| ())?;
            let keys = listed.into_iter().map(|(place, ())| place.key);
            let elements = log.map_views_of(keys, |view| json::element(&view.to_json()));
            array(elements.map(|element| Ok(element??)), printer)
        }
        StatusView::Table => table(args, log, printer),
    }?;
    Ok(printer.flush()?)
}

fn one(args: &StatusQuery, name: &str, log: &JobLog, printer: &mut Printer) -> anyhow::Result<()> {
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

/// How often it is looked whether the log has changed, which costs nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often ages and waits are refreshed while the log is unchanged.
const REDRAW_EVERY: u32 = 30;

/// Shows the log at `path` until every clip has ended, or until a signal, which the code says.
pub fn watch(
    args: &StatusQuery,
    path: &Path,
    rates: &Rates,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let stop = Stop::default();
    signals::watch(&stop);
    let mut shown = ShownLine::default();
    while !stop.is_set() {
        let seen = mark(path);
        let log = JobLog::read(path, Ledger::new(rates.clone()).without_ids())?;
        let tally = Tally::of(log.ledger().jobs());
        if printer.is_terminal() {
            let mut args = args.clone();
            args.now = clock::now();
            // Up to the corner, and away with what was there.
            write!(printer.out(), "\u{1b}[H\u{1b}[2J")?;
            run(&args, path, rates.clone(), printer)?;
        } else {
            shown.line(&tally, args.show == StatusView::Summary, printer)?;
            shown.warn(&log, printer);
        }
        printer.flush()?;
        if tally.under_way() == 0 || printer.is_closed() {
            // What is missing in a log that was cut off may be under way still.
            return Ok(match log.mismatch() {
                Some(_) => Code::Data,
                None => Code::Success,
            });
        }
        on_one_thread(async {
            until_changed(path, seen, &stop).await;
            Ok(())
        })?;
    }
    Ok(stopped::ending_of_server(&stop).code())
}

/// What was shown where lines cannot be drawn over.
#[derive(Default)]
struct ShownLine {
    last: Option<String>,
    /// A log that is not as it was left is warned of once.
    has_warned: bool,
}

impl ShownLine {
    /// One line for each change; with money, where only sums are wanted.
    fn line(
        &mut self,
        tally: &Tally,
        with_money: bool,
        printer: &mut Printer,
    ) -> anyhow::Result<()> {
        let mut line = match tally.jobs {
            0 => "no jobs".to_owned(),
            _ => tally.listed(),
        };
        if with_money {
            line = format!("{line}; {}", words::credits(tally.committed()));
        }
        if self.last.as_ref() != Some(&line) {
            writeln!(printer.out(), "{} {line}", words::moment(clock::now()))?;
            self.last = Some(line);
        }
        Ok(())
    }

    fn warn(&mut self, log: &JobLog, printer: &Printer) {
        if log.mismatch().is_some() && !self.has_warned {
            warn_of_mismatch(log, printer);
            self.has_warned = true;
        }
    }
}

/// By which it is seen that a file has changed.
fn mark(path: &Path) -> Option<(u64, SystemTime)> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}

/// Returns once the log is another than it was, or is to be shown anew, or the run is to stop.
async fn until_changed(path: &Path, seen: Option<(u64, SystemTime)>, stop: &Stop) {
    for _ in 0..REDRAW_EVERY {
        let look = stop.or(tokio::time::sleep(LOOK_EVERY)).await;
        if look.is_none() || mark(path) != seen {
            return;
        }
    }
}
