//! `status --summary` and `status --money`: counts and credits.

use jiff::Timestamp;

use super::args::{StatusArgs, nothing};
use crate::engine::filter::Filter;
use crate::jobs::{Condition, JobView, Ledger};
use crate::journal::{JobLog, LogError};
use crate::output::{self, Doubt, Money, Printer, Tally};

pub fn summary(args: &StatusArgs, log: &JobLog, printer: &mut Printer) -> anyhow::Result<()> {
    let mut tally = if args.filters.is_empty() {
        Tally::of(log.ledger().jobs())
    } else {
        let mut tally = Tally::default();
        let matching = |view: JobView| args.filters.matches(&view).then_some(view.state);
        for state in log.map_views(matching).filter_map(Result::transpose) {
            tally.add(&state?);
        }
        tally
    };
    tally.unreadable = log.ledger().unreadable();
    let rates = log.ledger().rates();
    if args.json {
        return Ok(printer.document(&tally.to_json(rates))?);
    }
    if tally.jobs == 0 {
        nothing(args, log, printer);
        return Ok(());
    }
    if !tally.doubts().is_empty() && !log.ledger().has_places() {
        // Only who is in doubt is looked up in the log itself.
        let named = Ledger::new(rates.clone()).with_places();
        seek(&mut tally, &JobLog::read(log.path(), named)?)?;
    } else {
        seek(&mut tally, log)?;
    }
    output::rehearsal(&tally, printer)?;
    Ok(output::footer(&tally, rates, &args.commands, printer)?)
}

/// Names the first jobs in doubt as a person looks for them.
pub fn seek(tally: &mut Tally, log: &JobLog) -> Result<(), LogError> {
    let mut first = Vec::new();
    for key in tally.doubts() {
        first.extend(log.view(*key)?.as_ref().map(Doubt::of));
    }
    tally.seek(&first);
    Ok(())
}

/// What became of the credits of all jobs that were asked for, by groups.
pub fn money(
    args: &StatusArgs,
    by: Option<&str>,
    since: Option<Timestamp>,
    log: &JobLog,
) -> anyhow::Result<Money> {
    let column = by.map(|by| Filter::new(Condition::is(by, "")));
    let mut money = Money::new(by, since);
    let of_job = |view: JobView| {
        let group = column.as_ref().and_then(|column| column.value_of(&view));
        let is_wanted = args.filters.matches(&view);
        is_wanted.then(|| {
            let group = group.unwrap_or_default().trim().to_owned();
            (group, view.spent_since(since))
        })
    };
    for found in log.map_views(of_job) {
        if let Some((group, spent)) = found? {
            money.add(group, spent);
        }
    }
    Ok(money)
}
