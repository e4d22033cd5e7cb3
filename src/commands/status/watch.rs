//! `status --watch`: shown anew whenever the log has changed, until nothing is under way.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::args::{Show, StatusArgs};
use super::show::run;
use crate::clock;
use crate::commands::runtime::on_one_thread;
use crate::commands::signals;
use crate::engine::stop::Stop;
use crate::exit::Code;
use crate::jobs::{Ledger, Rates};
use crate::journal::JobLog;
use crate::output::failure::warn_of_mismatch;
use crate::output::{Printer, Tally, stopped, words};

/// How often it is looked whether the log has changed, which costs nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often ages and waits are shown anew although the log has not changed.
const REDRAW_EVERY: u32 = 30;

/// Shows the log at `path` until every clip has ended, or until a signal, which the code says.
pub fn watch(
    args: &StatusArgs,
    path: &Path,
    rates: &Rates,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let stop = Stop::default();
    signals::watch(&stop);
    let mut shown = Shown::default();
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
            shown.line(&tally, args.show == Show::Summary, printer)?;
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
struct Shown {
    last: Option<String>,
    /// A log that is not as it was left is warned of once.
    has_warned: bool,
}

impl Shown {
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
