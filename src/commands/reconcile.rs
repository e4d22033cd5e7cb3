//! `reconcile`: what has become of the jobs, by polling, from captures, or from recovered lines.

use std::collections::HashSet;

use super::api;
use super::finish::{CommandEnd, charged, finish};
use super::limits::Limits;
use super::open::{self, OpenLog};
use super::recover;
use super::replay;
use super::runtime::on_one_thread;
use crate::cli::{ReconcileArgs, ReconcileSource};
use crate::engine::poll::{PollEvent, PollSchedule};
use crate::exit::{Code, Ending};
use crate::jobs::{IdColumn, JobKey, JobState};
use crate::journal::Writer;
use crate::output::{
    Polling, Printer, Summary, failure, report_confirmed, report_unconfirmed, stopped,
};
use crate::settings::Settings;

pub fn run(
    args: &ReconcileArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<CommandEnd> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let source = args.source();
    if matches!(
        source,
        ReconcileSource::Poll { .. } | ReconcileSource::Replay { confirm: true, .. }
    ) {
        // Before the log is touched, so that a missing key changes nothing.
        settings.require_key()?;
    }
    let limits = match source {
        ReconcileSource::Poll { .. } => Limits::watch(settings),
        ReconcileSource::Replay { .. } | ReconcileSource::Recover(_) => Limits::of_time(settings),
    };
    open::refuse_absent(&path)?;
    // What becomes of jobs is written down without looking into the log for each.
    let ledger = || settings.ledger().with_items();
    let log = OpenLog::for_ingest(path, ledger, "reconcile", limits, settings, printer)?;
    let charged_before = charged(log.writer.ledger().jobs());
    let mut summary = Summary::new("reconcile");
    let mut ending = Ending::default();
    match source {
        ReconcileSource::Poll { wait } => {
            let rounds = if wait {
                PollSchedule::UntilEnded
            } else {
                PollSchedule::One
            };
            ending.join(on_one_thread(poll(&log, rounds, |_| true, printer))?);
        }
        ReconcileSource::Replay {
            paths,
            confirm,
            strict,
        } => {
            let (replayed, unproven) = replay::run(paths, &log, printer)?;
            ending.join(settle(&unproven, confirm, &log, &mut summary, printer)?);
            ending.join(replay::ending(&replayed, strict));
            summary.replayed = Some(replayed);
        }
        ReconcileSource::Recover(file) => recover::run(file, &log, printer)?,
    }
    let ledger = log.writer.ledger();
    finish(
        &log,
        summary,
        charged_before,
        ledger.jobs(),
        ending,
        printer,
    )
}

/// Asks the vendor about jobs with captures that prove nothing, or says how it is asked.
fn settle(
    unproven: &HashSet<JobKey>,
    confirm: bool,
    log: &OpenLog<'_>,
    summary: &mut Summary,
    printer: &Printer,
) -> anyhow::Result<Ending> {
    let doubtful = still_open(unproven, &log.writer);
    let count = doubtful.len() as u64;
    if !confirm {
        report_unconfirmed(count, printer);
        return Ok(Ending::default());
    }
    let mut ending = Ending::default();
    if count > 0 {
        log.limits.watch_signals();
        let asked = |job: &JobState| doubtful.contains(&job.key);
        ending = on_one_thread(poll(log, PollSchedule::One, asked, printer))?;
    }
    let open = still_open(unproven, &log.writer).len() as u64;
    let confirmed = count.saturating_sub(open);
    summary.more.insert("confirmed".into(), confirmed.into());
    report_confirmed(count, confirmed, printer);
    Ok(ending)
}

/// Asks where the jobs stand that `covers` picks.
async fn poll(
    log: &OpenLog<'_>,
    rounds: PollSchedule,
    covers: impl Fn(&JobState) -> bool,
    printer: &Printer,
) -> anyhow::Result<Ending> {
    log.limits.start_timer();
    let api = log.api().await?;
    let concurrency = log.settings.network.concurrency_for(IdColumn::Sku);
    let throttle = api::throttle(log.settings, concurrency, None);
    let polling = Polling::new(printer, &log.writer, &log.commands);
    let report = |event: PollEvent<'_>| polling.report(&event);
    let poller = log.poller(&api, &throttle, concurrency, &report);
    let is_answered = poller.ask(rounds, covers).await.map_err(failure::of_log)?;
    let mut ending = stopped::ending_of(&log.limits.stop, printer, &log.commands);
    ending.note_if(!is_answered, Code::Temporary);
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
