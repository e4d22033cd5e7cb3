//! One round: its steps, each of them a command.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::super::finish::CommandEnd;
use super::super::runtime::on_one_thread;
use super::super::{check, download, publish, reconcile, report, retry, submit};
use super::ending::{self, RoundDone};
use super::notices;
use crate::cli::RunArgs;
use crate::engine::delivery::EXEC_TARGET;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::shopify;
use crate::engine::round::{Round, RoundStep, StepOutcome, UnsentRows};
use crate::exit::{self, Code, Ending, Failure};
use crate::jobs::JobKey;
use crate::output::{Printer, damage::DAMAGE};
use crate::settings::Settings;

/// Longest time for a step that names none; the wait for clips has its own.
const LONGEST_STEP: Duration = Duration::from_secs(3600);

/// What a step tells later ones.
#[derive(Default)]
struct StepResults {
    /// Jobs that are not ordered again, since no row asks for them.
    rowless: BTreeSet<JobKey>,
    /// Rows that were not sent.
    unsent: UnsentRows,
    /// Jobs whose clips no download would get, once one was tried.
    never: Option<BTreeSet<JobKey>>,
}

/// A round by its options and settings.
pub struct RoundRunner<'a> {
    args: &'a RunArgs,
    settings: &'a Settings,
    pub jobs: PathBuf,
}

impl<'a> RoundRunner<'a> {
    pub fn new(args: &'a RunArgs, settings: &'a Settings) -> Result<Self, Failure> {
        Ok(Self {
            jobs: settings.log_of_sheets(args.jobs.as_deref(), &args.manifests)?,
            args,
            settings,
        })
    }

    /// One round, and what is reported about it.
    pub fn round(&self, printer: &mut Printer) -> anyhow::Result<RoundDone> {
        notices::send(&self.settings.notify, &ending::beginning(), printer);
        let result = self.steps(printer);
        if let Err(error) = &result {
            let notice = ending::failure(error);
            notices::send(&self.settings.notify, &notice, printer);
        }
        result
    }

    /// The steps, one after the other.
    fn steps(&self, printer: &mut Printer) -> anyhow::Result<RoundDone> {
        printer.begin_round();
        let before = ending::read(&self.jobs, self.settings)?;
        let has = |step| self.args.has(step) && self.can(step);
        let mut learned = StepResults::default();
        let round = Round::of(has, |step| self.step(step, &mut learned, printer));
        ending::report(
            &round,
            before.as_ref(),
            (&learned.rowless, &learned.unsent),
            &self.jobs,
            self.settings,
            printer,
        )
    }

    /// Steps that work on the log need one: a first round whose spreadsheet has mistakes made none.
    fn can(&self, step: RoundStep) -> bool {
        matches!(step, RoundStep::Check | RoundStep::Submit) || ending::is_there(&self.jobs)
    }

    /// Takes a step. That it could not go on is reported here, and counts as its own doing.
    fn step(&self, step: RoundStep, learned: &mut StepResults, printer: &Printer) -> StepOutcome {
        let mut quiet = printer.of_step();
        printer.detail(format_args!("{step}:"));
        match self.command(step, learned, &mut quiet) {
            Ok(ended) => ended.done,
            Err(error) => {
                let code = exit::code_of(&error);
                let is_damage = exit::fields_of(&error)
                    .iter()
                    .any(|(name, _)| *name == "damaged_lines");
                let is_told = is_damage && !quiet.is_first_to_say(DAMAGE);
                if code != Code::Success && !is_told {
                    quiet.error(format_args!(
                        "{step}: {}",
                        exit::describe(&error, |step| self.settings.typed.repeat_in(step))
                            .trim_end()
                    ));
                }
                CommandEnd::from(code).done
            }
        }
    }

    /// Whether the clip is where this round publishes to; anywhere, if it publishes nowhere.
    fn is_out(&self, delivery: &Delivery) -> bool {
        delivery.is_published(|target| match (&self.args.exec, self.args.to) {
            (Some(_), _) => target == EXEC_TARGET,
            (None, Some(_)) => target.starts_with(shopify::TARGET),
            (None, None) => true,
        })
    }

    /// The command that a step is.
    fn command(
        &self,
        step: RoundStep,
        learned: &mut StepResults,
        printer: &mut Printer,
    ) -> anyhow::Result<CommandEnd> {
        let (args, jobs) = (self.args, self.jobs.clone());
        let mut settings = self.settings.clone();
        settings.network.timeout = Some(match step {
            RoundStep::Wait => settings.run.wait,
            _ => settings.network.timeout.unwrap_or(LONGEST_STEP),
        });
        let settings = &settings;
        match step {
            RoundStep::Check => {
                let mut ending = Ending::default();
                for sheet in args.checks() {
                    ending.note(check::run(&sheet, settings, printer)?);
                }
                Ok(CommandEnd::from(ending.code()))
            }
            RoundStep::Submit => {
                let (args, unsent) = (&args.submit(), &mut learned.unsent);
                on_one_thread(submit::run_in_round(args, settings, unsent, printer))
            }
            RoundStep::Retry => {
                let sheets = (!args.manifests.is_empty()).then(|| args.submit());
                let ended;
                (ended, learned.rowless) =
                    retry::run_for(&args.retry(jobs), sheets.as_ref(), settings, printer)?;
                Ok(ended)
            }
            RoundStep::Wait => reconcile::run(&args.reconcile(jobs), settings, printer),
            RoundStep::Download => {
                let never = learned.never.insert(BTreeSet::new());
                // What was tidied away after it went out is not fetched each night.
                let is_out =
                    |delivery: &Delivery| delivery.was_downloaded() && self.is_out(delivery);
                let ended;
                (ended, *never) =
                    download::run_without(&args.download(jobs), is_out, settings, printer)?;
                Ok(ended)
            }
            RoundStep::Publish => {
                let may_lack_file = |delivery: &Delivery| match &learned.never {
                    Some(never) => never.contains(&delivery.job) || self.is_out(delivery),
                    None => true,
                };
                publish::run_with_files(&args.publish(jobs), &may_lack_file, settings, printer)
            }
            RoundStep::Report => report::run_asked(&RunArgs::report(jobs), settings, printer)
                .map(|()| CommandEnd::from(Code::Success)),
        }
    }
}
