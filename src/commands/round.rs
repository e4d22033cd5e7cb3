//! `run`: the whole round, once or by a schedule.

mod ending;
mod notices;
mod service;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::{Ended, check, download, on_one_thread, publish, reconcile, report, retry, submit};
use crate::cli::RunArgs;
use crate::engine::round::{Done, Round, Schedule, Step};
use crate::exit::{self, Code, Ending, Failure};
use crate::jobs::JobKey;
use crate::journal::LogError;
use crate::output::{Printer, failure};
use crate::settings::Settings;

/// Longest time for a step that names none; the wait for clips has its own.
const LONGEST_STEP: Duration = Duration::from_secs(3600);

/// Runs the command.
pub fn run(args: &RunArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let args = &args.settled(&settings.run);
    let schedule = match &args.watch {
        Some(path) => &Schedule::Watch(path.clone()),
        None => settings.run.schedule()?,
    };
    match schedule {
        Schedule::Once => {
            let tour = Tour::new(args, settings)?;
            if args.manifests.is_empty() && !ending::is_there(&tour.jobs) {
                return Err(failure::of_log(LogError::Missing(tour.jobs)).into());
            }
            tour.round(printer)
        }
        schedule => service::run(schedule, args, settings, printer),
    }
}

/// A round by its options and settings.
struct Tour<'a> {
    args: &'a RunArgs,
    settings: &'a Settings,
    jobs: PathBuf,
}

impl<'a> Tour<'a> {
    fn new(args: &'a RunArgs, settings: &'a Settings) -> Result<Self, Failure> {
        Ok(Self {
            jobs: settings.log_of_sheets(args.jobs.as_deref(), &args.manifests)?,
            args,
            settings,
        })
    }

    /// One round, and what is reported about it.
    fn round(&self, printer: &mut Printer) -> anyhow::Result<Code> {
        notices::send(&self.settings.notify, &ending::beginning(), printer);
        let result = self.steps(printer);
        if let Err(error) = &result {
            let notice = ending::failure(error);
            notices::send(&self.settings.notify, &notice, printer);
        }
        result
    }

    /// The steps, one after the other.
    fn steps(&self, printer: &mut Printer) -> anyhow::Result<Code> {
        let before = ending::read(&self.jobs, self.settings)?;
        let has = |step| self.args.has(step) && self.can(step);
        let mut rowless = BTreeSet::new();
        let round = Round::of(has, |step| self.step(step, &mut rowless, printer));
        let before = before.as_ref();
        ending::report(&round, before, &rowless, &self.jobs, self.settings, printer)
    }

    /// Steps that work on the log need one: a first round whose spreadsheet has mistakes made none.
    fn can(&self, step: Step) -> bool {
        matches!(step, Step::Check | Step::Submit) || ending::is_there(&self.jobs)
    }

    /// Takes a step. That it could not go on is reported here, and counts as its own doing. `rowless`
    /// becomes the jobs that are not ordered again, since no row asks for them.
    fn step(&self, step: Step, rowless: &mut BTreeSet<JobKey>, printer: &Printer) -> Done {
        let mut quiet = printer.of_step();
        printer.detail(format_args!("{step}:"));
        match self.command(step, rowless, &mut quiet) {
            Ok(ended) => ended.done,
            Err(error) => {
                let code = exit::code_of(&error);
                if code != Code::Success {
                    quiet.error(format_args!(
                        "{step}: {}",
                        exit::describe(&error, |step| self.settings.typed.repeat_in(step))
                            .trim_end()
                    ));
                }
                Ended::from(code).done
            }
        }
    }

    /// The command that a step is.
    fn command(
        &self,
        step: Step,
        rowless: &mut BTreeSet<JobKey>,
        printer: &mut Printer,
    ) -> anyhow::Result<Ended> {
        let (args, jobs) = (self.args, self.jobs.clone());
        let mut settings = self.settings.clone();
        settings.network.timeout = Some(match step {
            Step::Wait => settings.run.wait,
            _ => settings.network.timeout.unwrap_or(LONGEST_STEP),
        });
        let settings = &settings;
        match step {
            Step::Check => {
                let mut ending = Ending::default();
                for sheet in args.checks() {
                    ending.note(check::run(&sheet, settings, printer)?);
                }
                Ok(Ended::from(ending.code()))
            }
            Step::Submit => on_one_thread(submit::run(&args.submit(), settings, printer)),
            Step::Retry => {
                let sheets = (!args.manifests.is_empty()).then(|| args.submit());
                let ended;
                (ended, *rowless) =
                    retry::run_for(&args.retry(jobs), sheets.as_ref(), settings, printer)?;
                Ok(ended)
            }
            Step::Wait => reconcile::run(&args.reconcile(jobs), settings, printer),
            Step::Download => download::run(&args.download(jobs), settings, printer),
            Step::Publish => publish::run(&args.publish(jobs), settings, printer),
            Step::Report => report::run_asked(&RunArgs::report(jobs), settings, printer)
                .map(|()| Ended::from(Code::Success)),
        }
    }
}
