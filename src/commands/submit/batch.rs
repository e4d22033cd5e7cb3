//! Sends what a plan decided, and waits for it where that is asked for.

use std::cell::Cell;
use std::io::{self, IsTerminal};

use super::rows::PlannedRows;
use crate::cli::SubmitArgs;
use crate::commands::api::{self, Api};
use crate::commands::open::OpenLog;
use crate::commands::{caps, deliver, photos};
use crate::engine::batch::{Batch, BatchError, BatchEvent, BatchResult};
use crate::engine::canary::Canary;
use crate::engine::photos::PhotoUploads;
use crate::engine::poll::{self, Poller};
use crate::engine::submit::{Orders, photos_to_send};
use crate::exit::Failure;
use crate::output::{BatchReport, Polling, Printer, failure, words};

/// Sends the rows, as many as were asked for.
pub async fn send(
    rows: &mut PlannedRows<'_>,
    api: &Api,
    log: &OpenLog<'_>,
    printer: &Printer,
) -> Result<BatchResult, Failure> {
    let (args, settings, stop) = (rows.args, log.settings, &log.limits.stop);
    let concurrency = settings.network.concurrency_for(rows.manifest.id_column());
    let throttle = api::throttle(settings, concurrency, log.limits.deadline);
    let photos = place_photos(rows, log, printer).await?;
    let polling = Polling::new(printer, &log.writer, &log.commands);
    let quiet = printer.without_progress();
    let watching = Polling::new(&quiet, &log.writer, &log.commands);
    let waits = api::throttle(settings, concurrency, None);
    let report_poll = |event: poll::PollEvent<'_>| polling.report(&event);
    let report_watch = |event: poll::PollEvent<'_>| watching.report(&event);
    let poller = log.poller(api, &waits, concurrency, &report_poll);
    let watcher = Poller {
        throttle: &throttle,
        report: &report_watch,
        ..poller
    };
    let fetcher = deliver::client(settings);
    let here = |url: &str| api.here(url);
    let agrees = |good, rest| -> std::pin::Pin<Box<dyn Future<Output = _>>> {
        Box::pin(agrees(args, good, rest, printer))
    };
    let canary = args.canary.map(|few| Canary {
        few: usize::from(few),
        client: &fetcher,
        here: &here,
        max_size: settings.download.max_size,
        agrees: &agrees,
    });
    let name = rows.manifest.name().to_owned();
    let reporter = BatchReport::new(printer, &log.commands, &name);
    let is_new = Cell::new(log.writer.ledger().is_empty());
    let report = |event: BatchEvent<'_>| {
        // A log is noted once it holds an order: one that stayed empty is not missed.
        if is_new.get() && !log.writer.ledger().is_empty() {
            is_new.set(false);
            log.note_orders(printer);
        }
        reporter.report(&event);
    };
    let batch = Batch {
        most: rows.most(),
        orders: Orders {
            plan: &rows.plan,
            writer: &log.writer,
            stop,
            rates: &settings.rates,
            duration_style: settings.video.duration_style,
            photos: &photos,
            correlate: !args.no_correlation,
            sandbox: settings.sandbox,
        },
        throttle: &throttle,
        poller,
        watcher: (args.wait && args.max_failed.is_some()).then_some(watcher),
        canary,
        max_failed: args.max_failed,
        wait: args.wait,
        cap: &|| caps::of_open(args.max_credits, log),
        report: &report,
    };
    batch.run(&mut rows.manifest).await.map_err(batch_failure)
}

/// Uploads the photos on this computer of the rows to be sent.
async fn place_photos(
    rows: &mut PlannedRows<'_>,
    log: &OpenLog<'_>,
    printer: &Printer,
) -> Result<PhotoUploads, Failure> {
    let most = rows.most();
    if most == 0 || log.settings.photos.upload.is_none() {
        return Ok(PhotoUploads::default());
    }
    let local = photos_to_send(&rows.plan, &mut rows.manifest, most);
    let local = local.map_err(failure::of_manifest)?;
    photos::place(&local, log.settings, &log.limits.stop, printer).await
}

/// Asks whether so many further rows are ordered, as the first clips are good.
async fn agrees(args: &SubmitArgs, good: u64, rest: u64, printer: &Printer) -> bool {
    if args.yes {
        return true;
    }
    if io::stdin().is_terminal() {
        let rows = words::count(rest, "row");
        let good = words::count(good, "canary clip");
        let question = format!("{good} looked at. Order the other {rows}?");
        match printer.confirm_meanwhile(question).await {
            Ok(agrees) => return agrees,
            Err(error) => printer.warn(format_args!("the question cannot be asked ({error})")),
        }
    }
    false
}

/// Why a batch could not go on, as the end of the run.
fn batch_failure(error: BatchError) -> Failure {
    match error {
        BatchError::Manifest(error) => failure::of_manifest(error),
        BatchError::Log(error) => failure::of_log(error),
        BatchError::Io(error) => Failure::io("a clip cannot be kept in a temporary file")
            .because(error)
            .help("make room on the disk; the clips that were ordered are in the log"),
    }
}
