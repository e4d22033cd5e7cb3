//! `reconcile`: what has become of the jobs, by polling, from captures, or from recovered lines.

use std::collections::HashSet;

use super::api::{self, Api};
use super::limits::Limits;
use super::observe::observer;
use super::open;
use super::replay;
use super::{Ended, on_one_thread, recover};
use crate::cli::{ReconcileArgs, Source};
use crate::commands::finish;
use crate::engine::poll::{Event, Poller, Rounds};
use crate::exit::{Code, Ending};
use crate::jobs::{IdColumn, JobKey, JobState};
use crate::journal::Writer;
use crate::output::{Commands, Polling, Printer, Summary, failure, stopped, words};
use crate::settings::Settings;

/// Runs the command.
pub fn run(
    args: &ReconcileArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Ended> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let mut summary = Summary::new("reconcile");
    let mut ending = Ending::default();
    if matches!(
        args.source(),
        Source::Poll { .. } | Source::Replay { confirm: true, .. }
    ) {
        // Before the log is touched, so that a missing key changes nothing.
        settings.require_key()?;
    }
    let limits = match args.source() {
        Source::Poll { .. } => Limits::watch(settings),
        Source::Replay { .. } | Source::Recover(_) => Limits::of_time(settings),
    };
    open::refuse_absent(&path)?;
    // What becomes of jobs is written down without looking into the log for each.
    let ledger = || settings.ledger().with_items();
    let writer = open::open_writer(&path, ledger, settings, "reconcile", &limits, printer)?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    let charged_before = finish::charged(writer.ledger().jobs());
    match args.source() {
        Source::Poll { wait } => {
            let all = |_: &JobState| true;
            let rounds = if wait {
                Rounds::UntilEnded
            } else {
                Rounds::One
            };
            ending.join(on_one_thread(poll(
                &writer, settings, &limits, printer, &commands, rounds, all,
            ))?);
        }
        Source::Replay {
            paths,
            confirm,
            strict,
        } => {
            let (replayed, unproven) = replay::run(paths, &writer, settings, printer)?;
            let doubtful = still_open(&unproven, &writer);
            if confirm {
                let asked = |job: &JobState| doubtful.contains(&job.key);
                if !doubtful.is_empty() {
                    limits.watch_signals();
                    let polled = poll(
                        &writer,
                        settings,
                        &limits,
                        printer,
                        &commands,
                        Rounds::One,
                        asked,
                    );
                    ending.join(on_one_thread(polled)?);
                }
                let open = still_open(&unproven, &writer).len();
                let confirmed = doubtful.len().saturating_sub(open);
                summary.more.insert("confirmed".into(), confirmed.into());
                report_confirmed(doubtful.len(), confirmed, printer);
            } else if !doubtful.is_empty() {
                printer.note(format_args!(
                    "add --confirm to ask the vendor about {} with captures that prove nothing",
                    words::count(doubtful.len() as u64, "unfinished clip"),
                ));
            }
            ending.join(replay::ending(&replayed, strict));
            summary.replayed = Some(replayed);
        }
        Source::Recover(file) => {
            recover::run(file, &path, &writer, printer)?;
        }
    }
    let ledger = writer.ledger();
    finish::finish(
        summary,
        charged_before,
        ledger.jobs(),
        ending,
        settings,
        &commands,
        printer,
    )
}

/// Asks where the jobs stand that `covers` picks.
async fn poll(
    writer: &Writer,
    settings: &Settings,
    limits: &Limits,
    printer: &Printer,
    commands: &Commands,
    rounds: Rounds,
    covers: impl Fn(&JobState) -> bool,
) -> anyhow::Result<Ending> {
    limits.start_timer();
    let stop = &limits.stop;
    let api = Api::open(settings).await?;
    open::check_mixing(writer, settings, &api.base)?;
    let concurrency = settings.network.concurrency_for(IdColumn::Sku);
    let throttle = api::throttle(settings, concurrency, None);
    let polling = Polling::new(printer, writer);
    let report = |event: Event<'_>| polling.report(&event);
    let poller = Poller {
        client: &api.client,
        observer: observer(writer, settings),
        stop,
        throttle: &throttle,
        interval: settings.network.interval,
        concurrency,
        report: &report,
    };
    let is_answered = poller.ask(rounds, covers).await.map_err(failure::of_log)?;
    let mut ending = Ending::default();
    ending.note_if(!is_answered, Code::Temporary);
    ending.join(stopped::ending_of(stop, printer, commands));
    Ok(ending)
}

/// The unfinished jobs of captures that prove nothing.
fn still_open(unproven: &HashSet<JobKey>, writer: &Writer) -> HashSet<JobKey> {
    let ledger = writer.ledger();
    let is_open = |job: &JobKey| {
        let job = ledger.job(*job);
        job.is_some_and(|job| job.to_poll().next().is_some())
    };
    unproven.iter().copied().filter(is_open).collect()
}

fn report_confirmed(asked: usize, ended: usize, printer: &Printer) {
    printer.note(format_args!(
        "asked the vendor about {} with captures that prove nothing: {} ended",
        words::count(asked as u64, "unfinished clip"),
        words::number(ended as u64),
    ));
}
