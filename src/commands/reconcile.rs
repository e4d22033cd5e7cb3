//! `reconcile`: what has become of the jobs, by polling, from captures, or from recovered lines.

use super::open::{self, Api};
use super::poll::Poller;
use super::tell::{self, Summary};
use crate::cli::{ReconcileArgs, Source};
use crate::exit::{Code, Ending};
use crate::job_log::Writer;
use crate::jobs::IdColumn;
use crate::output::Printer;
use crate::settings::Settings;
use crate::stop::Stop;

/// Runs the command.
pub async fn run(
    args: &ReconcileArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let stop = Stop::default();
    open::watch_signals(&stop);
    let mut summary = Summary::new("reconcile");
    let mut ending = Ending::default();
    let writer = match args.source() {
        Source::Poll { wait } => {
            open::watch_deadline(settings, &stop);
            let api = Api::open(settings).await?;
            let writer = open::write_log(&path, settings, "reconcile", printer)?;
            open::check_mixing(&writer, settings, &api.base)?;
            ending.join(poll(&api, &writer, &stop, settings, printer, wait).await?);
            writer
        }
        Source::Replay { .. } => todo_replay()?,
        Source::Recover(_) => todo_replay()?,
    };
    ending.join(open::ending_of(&stop, printer));
    ending.join(tell::ending_of_jobs(writer.ledger().jobs()));
    summary.count_jobs(writer.ledger().jobs());
    tell::finish(summary, ending, settings, printer)
}

fn todo_replay() -> anyhow::Result<Writer> {
    anyhow::bail!("not yet")
}

async fn poll(
    api: &Api,
    writer: &Writer,
    stop: &Stop,
    settings: &Settings,
    printer: &Printer,
    wait: bool,
) -> anyhow::Result<Ending> {
    let concurrency = settings.network.concurrency_for(IdColumn::Sku);
    let poller = Poller {
        api,
        writer,
        stop,
        settings,
        printer,
        concurrency,
    };
    if wait {
        poller.wait(|_| true).await
    } else {
        poller.once(|_| true).await
    }
}
