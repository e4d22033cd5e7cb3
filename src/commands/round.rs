//! `run`: the whole round, once or by a schedule.

mod ending;
mod notices;
mod service;
mod steps;

use self::steps::RoundRunner;
use crate::cli::RunArgs;
use crate::engine::round::Schedule;
use crate::exit::Code;
use crate::journal::LogError;
use crate::output::{Printer, failure};
use crate::settings::Settings;

pub fn run(args: &RunArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let args = &args.settled(&settings.run);
    let schedule = match &args.watch {
        Some(path) => &Schedule::Watch(path.clone()),
        None => settings.run.schedule()?,
    };
    match schedule {
        Schedule::Once => {
            let tour = RoundRunner::new(args, settings)?;
            if args.manifests.is_empty() && !ending::is_there(&tour.jobs) {
                return Err(failure::of_log(LogError::Missing(tour.jobs)).into());
            }
            Ok(tour.round(printer)?.code)
        }
        schedule => service::run(schedule, args, settings, printer),
    }
}
