//! `reconcile`: what has become of the jobs, by polling, from captures, or from recovered lines.

use std::collections::HashSet;

use super::open::{self, Api};
use super::poll::Poller;
use super::replay::{self, Replay};
use super::tell;
use super::{on_runtime, recover};
use crate::cli::{ReconcileArgs, Source};
use crate::exit::{Code, Ending};
use crate::job_log::Writer;
use crate::jobs::{IdColumn, JobKey, JobState};
use crate::output::{Printer, Summary};
use crate::settings::Settings;
use crate::stop::Stop;

/// Runs the command.
pub fn run(
    args: &ReconcileArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
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
    let writer = open::write_log_to_observe(&path, settings, "reconcile", printer)?;
    match args.source() {
        Source::Poll { wait } => {
            let all = |_: &JobState| true;
            ending.join(on_runtime(poll(&writer, settings, printer, wait, all))?);
        }
        Source::Replay {
            paths,
            confirm,
            strict,
        } => {
            let mut outcome = Replay::run(paths, &writer, settings, printer)?;
            if confirm {
                ending.join(confirm_by_poll(&mut outcome, &writer, settings, printer)?);
            }
            ending.join(replay::ending(&outcome.counts, strict));
            summary.replayed = Some(outcome.counts);
        }
        Source::Recover(file) => {
            recover::run(file, &writer, printer)?;
        }
    }
    tell::finish(summary, writer.ledger().jobs(), ending, settings, printer)
}

/// Asks where the jobs stand that `covers` picks.
async fn poll(
    writer: &Writer,
    settings: &Settings,
    printer: &Printer,
    wait: bool,
    covers: impl Fn(&JobState) -> bool,
) -> anyhow::Result<Ending> {
    let stop = Stop::default();
    open::watch_signals(&stop);
    open::watch_deadline(settings, &stop);
    let api = Api::open(settings).await?;
    open::check_mixing(writer, settings, &api.base)?;
    let concurrency = settings.network.concurrency_for(IdColumn::Sku);
    let poller = Poller::new(&api, writer, &stop, settings, printer, concurrency);
    let mut ending = if wait {
        poller.wait(covers).await?
    } else {
        poller.once(covers).await?
    };
    ending.join(open::ending_of(&stop, printer));
    Ok(ending)
}

/// Settles what captures could not prove with one poll for each job.
fn confirm_by_poll(
    outcome: &mut replay::Outcome,
    writer: &Writer,
    settings: &Settings,
    printer: &Printer,
) -> anyhow::Result<Ending> {
    let doubtful: HashSet<JobKey> = outcome.to_confirm.iter().map(|(job, _)| *job).collect();
    if doubtful.is_empty() {
        return Ok(Ending::default());
    }
    let before = writer.ledger().lines();
    let ending = on_runtime(poll(writer, settings, printer, false, |job| {
        doubtful.contains(&job.key)
    }))?;
    let learned = writer.ledger().lines() - before;
    printer.note(format_args!("asked the vendor about them: {learned} new"));
    Ok(ending)
}
