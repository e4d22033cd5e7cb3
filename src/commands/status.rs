//! `status`: where everything stands.

mod jobs;
#[cfg(feature = "postgres")]
mod runs;
mod show;

use jobs::{StatusQuery, StatusView};
use show::{run, watch};

use crate::cli::{self, View};
use crate::clock;
use crate::commands::open;
use crate::engine::filter::Filters;
use crate::exit::{Code, Failure};
use crate::output::{Printer, failure};
use crate::settings::Settings;

pub fn run_asked(
    args: &cli::StatusArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    #[cfg(feature = "postgres")]
    if args.runs {
        return runs::run(&path, printer);
    }
    if args.watch && printer.options().json {
        return Err(Failure::usage("--watch and --json exclude each other").into());
    }
    if args.csv && printer.options().json {
        return Err(Failure::usage("--csv and --json exclude each other").into());
    }
    let wanted = StatusQuery {
        show: match args.view() {
            View::Table => match settings.copy.wording(args.audience.as_deref()) {
                Some(wording) => StatusView::Audience(wording),
                None => StatusView::Table,
            },
            View::Summary => StatusView::Summary,
            View::One(id) => StatusView::One(id.to_owned()),
            View::Csv => StatusView::Csv(args.dialect()),
            View::Money => StatusView::Money {
                by: args.by.clone(),
                // As caps count.
                since: (args.filter.since).and_then(|since| since.from_utc(clock::now())),
                csv: args.csv,
            },
        },
        filters: if args.money {
            // With money, a moment is about when it was ordered.
            Filters::new(args.filter.filters.iter().cloned())
        } else {
            args.filter.filters(clock::now())
        },
        json: printer.options().json,
        commands: open::commands_for(&path, false, settings),
        rehearsal: open::commands_for(&path, true, settings),
        now: clock::now(),
    };
    let shown = if args.watch {
        watch(&wanted, &path, &settings.rates, printer)
    } else {
        let shown = run(&wanted, &path, settings.rates.clone(), printer);
        shown.map(|()| Code::Success)
    };
    shown.map_err(failure::of_reading)
}

#[cfg(test)]
mod tests;
