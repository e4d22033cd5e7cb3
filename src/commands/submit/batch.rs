//! Sends what a plan decided, and waits for it where that is asked for.

use std::io::{self, IsTerminal};

use crate::cli::SubmitArgs;
use crate::commands::api::{self, Api};
use crate::commands::observe::observer;
use crate::commands::{caps, deliver};
use crate::engine::batch::{Batch, BatchError, Event, Sent};
use crate::engine::canary::Canary;
use crate::engine::poll::{self, Poller};
use crate::engine::submit::Orders;
use crate::exit::Failure;
use crate::manifest::Manifest;
use crate::output::{BatchReport, Commands, Polling, Printer, failure, words};
use crate::settings::Settings;
use crate::vendor::Throttle;

/// What sending takes beside the rows.
pub struct Sender<'a> {
    pub args: &'a SubmitArgs,
    pub settings: &'a Settings,
    pub api: &'a Api,
    pub throttle: &'a Throttle,
    pub concurrency: usize,
    pub commands: &'a Commands,
    pub printer: &'a Printer,
}

impl Sender<'_> {
    /// Sends the rows of `orders`, `most` at most.
    pub async fn send(
        &self,
        orders: Orders<'_>,
        most: u64,
        manifest: &mut Manifest,
    ) -> Result<Sent, Failure> {
        let (args, settings, printer) = (self.args, self.settings, self.printer);
        let (writer, stop) = (orders.writer, orders.stop);
        let polling = Polling::new(printer, writer);
        let quiet = printer.without_progress();
        let watching = Polling::new(&quiet, writer);
        let waits = api::throttle(settings, self.concurrency, None);
        let report_poll = |event: poll::Event<'_>| polling.report(&event);
        let report_watch = |event: poll::Event<'_>| watching.report(&event);
        let poller = Poller {
            client: &self.api.client,
            observer: observer(writer, settings),
            stop,
            throttle: &waits,
            interval: settings.network.interval,
            concurrency: self.concurrency,
            report: &report_poll,
        };
        let watcher = Poller {
            throttle: self.throttle,
            report: &report_watch,
            ..poller
        };
        let fetcher = deliver::client(settings);
        let here = |url: &str| self.api.here(url);
        let agrees = |good, rest| -> std::pin::Pin<Box<dyn Future<Output = _>>> {
            Box::pin(self.agrees(good, rest))
        };
        let canary = args.canary.map(|few| Canary {
            few: usize::from(few),
            client: &fetcher,
            here: &here,
            max_size: settings.download.max_size,
            agrees: &agrees,
        });
        let cap = || caps::of_writer(args.max_credits, settings, writer);
        let name = manifest.name().to_owned();
        let reporter = BatchReport::new(printer, self.commands, &name);
        let report = |event: Event<'_>| reporter.report(&event);
        let batch = Batch {
            orders,
            most,
            throttle: self.throttle,
            poller,
            watcher: (args.wait && args.max_failed.is_some()).then_some(watcher),
            canary,
            max_failed: args.max_failed,
            wait: args.wait,
            cap: &cap,
            report: &report,
        };
        batch.run(manifest).await.map_err(batch_failure)
    }

    /// Asks whether so many further rows are ordered, as the first clips are good.
    async fn agrees(&self, good: u64, rest: u64) -> bool {
        if self.args.yes {
            return true;
        }
        let rows = words::count(rest, "row");
        if io::stdin().is_terminal() {
            let good = words::count(good, "canary clip");
            let question = format!("{good} looked at. Order the other {rows}?");
            match self.printer.confirm_meanwhile(question).await {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) => self
                    .printer
                    .warn(format_args!("the question cannot be asked ({error})")),
            }
        }
        self.printer.warn(format_args!(
            "{rows} not ordered. Look at the clips that are ready (`{}`); then run the same command \
             again without --canary to order the rest, or with --yes to go on by itself",
            self.commands.on_log("status", "")
        ));
        false
    }
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
