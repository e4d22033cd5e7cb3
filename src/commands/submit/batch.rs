//! Sends what a plan decided: at once, or a canary first.

use std::cell::Cell;
use std::collections::HashSet;

use tokio::sync::Notify;

use super::canary::{Look, Verdict, rows};
use super::most_to_send;
use crate::cli::SubmitArgs;
use crate::commands::caps;
use crate::commands::inputs::manifest_failure;
use crate::commands::open::Api;
use crate::commands::poll::Poller;
use crate::commands::sending::Sending;
use crate::engine::dispatch::{Attempt, Dispatcher, Event, SendCounts};
use crate::engine::photos::Placed;
use crate::engine::plan::Plan;
use crate::engine::poll::Rounds;
use crate::engine::stop::{Reason, Stop};
use crate::engine::submit::Orders;
use crate::exit::{Code, Ending};
use crate::jobs::{JobKey, JobState, Status};
use crate::journal::Writer;
use crate::manifest::Manifest;
use crate::output::{Commands, Printer};
use crate::settings::Settings;
use crate::vendor::Throttle;

/// What was sent.
#[derive(Default)]
pub struct Sent {
    pub tally: SendCounts,
    /// What caps and waiting put on the run's end.
    pub ending: Ending,
}

/// What a plan decided, and what sending it takes.
pub struct Batch<'a> {
    pub args: &'a SubmitArgs,
    pub settings: &'a Settings,
    pub plan: &'a Plan,
    pub api: &'a Api,
    pub writer: &'a Writer,
    pub throttle: &'a Throttle,
    pub stop: &'a Stop,
    pub photos: &'a Placed,
    pub commands: &'a Commands,
    pub printer: &'a Printer,
    pub concurrency: usize,
}

impl Batch<'_> {
    /// Sends all of it; with a canary, the rest only once its clips are good and a person agrees.
    pub async fn run(&self, manifest: &mut Manifest) -> anyhow::Result<(Sent, Option<Verdict>)> {
        let most = most_to_send(self.plan, self.args);
        let Some(wanted) = self.args.canary.filter(|_| most > 0) else {
            let mut sent = Sent::default();
            self.send(manifest, most, &|_| true, &mut sent).await?;
            return Ok((sent, None));
        };
        let rows = rows(self.plan, manifest, most, usize::from(wanted))?;
        let few = rows.len() as u64;
        let is_canary = |index: u32| rows.contains_key(&index);
        let mut sent = Sent::default();
        self.send(manifest, few, &is_canary, &mut sent).await?;
        if !self.stop.is_set() {
            sent.ending.join(self.wait_for(rows.values()).await?);
        }
        if self.stop.is_set() {
            // The reason is reported at the end.
            return Ok((sent, None));
        }
        let look = Look {
            api: self.api,
            writer: self.writer,
            settings: self.settings,
            stop: self.stop,
            commands: self.commands,
            printer: self.printer,
        };
        let rest = most - few;
        let verdict = look.judge(rows.values().copied(), rest, self.args).await?;
        if verdict.as_ref().is_some_and(|verdict| verdict.goes_on) {
            let is_rest = |index: u32| !rows.contains_key(&index);
            self.send(manifest, rest, &is_rest, &mut sent).await?;
        }
        Ok((sent, verdict))
    }

    async fn wait_for(&self, jobs: impl Iterator<Item = &JobKey>) -> anyhow::Result<Ending> {
        let jobs: HashSet<_> = jobs.copied().collect();
        let covers = |job: &JobState| jobs.contains(&job.key);
        self.poller(self.printer)
            .ask(Rounds::UntilEnded, covers)
            .await
    }

    /// Polls clips of the batch.
    pub fn poller<'p>(&'p self, printer: &'p Printer) -> Poller<'p> {
        Poller {
            api: self.api,
            writer: self.writer,
            stop: self.stop,
            settings: self.settings,
            printer,
            concurrency: self.concurrency,
            shared: None,
        }
    }

    /// Sends at most `most` of the rows that `is_now` picks, and adds what came of it to `sent`.
    async fn send(
        &self,
        manifest: &mut Manifest,
        most: u64,
        is_now: &dyn Fn(u32) -> bool,
        sent: &mut Sent,
    ) -> anyhow::Result<()> {
        let (args, settings, writer) = (self.args, self.settings, self.writer);
        let reporter = Sending::new(self.printer, most, self.commands).of_manifest(manifest.name());
        let report = |event: Event<'_>| reporter.report(&event);
        let now = || writer.now();
        let client = &self.api.client;
        // Counted anew from the log, so what a canary was charged is in it.
        let cap = caps::of_writer(args.max_credits, settings, writer)?;
        let job = |attempt: &Attempt| attempt.as_job(&settings.rates);
        let before = sent.tally;
        let renders = Cell::new(self.failed_renders());
        let too_many_failed = |tally: &SendCounts| {
            let failed = self.passes_limit(&before.and(*tally), renders.get());
            failed.map(Reason::TooManyFailed)
        };
        let dispatcher = Dispatcher::new(client, writer, self.throttle, self.stop, &now, &report)
            .within(&cap, &job)
            .at_most(most)
            .until(&too_many_failed);
        let orders = Orders {
            plan: self.plan,
            writer,
            stop: self.stop,
            rates: &settings.rates,
            duration_style: settings.video.duration_style,
            photos: self.photos,
            is_now,
            correlate: !args.no_correlation,
            sandbox: settings.sandbox,
        };
        let attempts = orders.attempts(manifest).map_err(manifest_failure)?;
        let is_sent = Notify::new();
        let sending = async {
            let tally = dispatcher.run(attempts, self.concurrency).await;
            is_sent.notify_one();
            tally
        };
        let (tally, watched) = tokio::join!(sending, self.watch(&is_sent, &renders));
        watched?;
        reporter.finish();
        caps::warn(&cap, self.printer);
        sent.ending.note_if(cap.is_reached(), Code::Decision);
        sent.tally = before.and(tally);
        Ok(())
    }

    /// Asks, while orders are still sent, which clips have failed: a batch that goes wrong is stopped
    /// early. Only where their number matters and the run waits for clips at all.
    async fn watch(&self, is_sent: &Notify, renders: &Cell<u64>) -> anyhow::Result<()> {
        if self.args.max_failed.is_none() || !self.args.wait {
            return Ok(());
        }
        let printer = self.printer.without_progress();
        let poller = Poller {
            shared: Some(self.throttle),
            ..self.poller(&printer)
        };
        loop {
            let pause = self
                .stop
                .or(tokio::time::sleep(self.settings.network.interval));
            tokio::select! {
                () = is_sent.notified() => return Ok(()),
                waited = pause => if waited.is_none() {
                    return Ok(());
                },
            }
            // What could not be asked for is asked for again.
            let covers = |job: &JobState| self.plan.covers(job);
            poller.ask(Rounds::One, covers).await?;
            renders.set(self.failed_renders());
        }
    }

    /// Clips of the batch that could not be made, whatever run has learned it.
    fn failed_renders(&self) -> u64 {
        if self.args.max_failed.is_none() {
            return 0;
        }
        let ledger = self.writer.ledger();
        let jobs = self.plan.keys().filter_map(|key| ledger.job(key));
        let failed = jobs.filter(|job| job.is_counted() && job.status() == Status::Failed);
        failed.count() as u64
    }

    /// How many orders were refused or have failed, where that is more than a person allows.
    fn passes_limit(&self, tally: &SendCounts, renders: u64) -> Option<u64> {
        let failed = tally.refused + tally.gave_up + renders;
        let all = self.plan.counts.skip + most_to_send(self.plan, self.args);
        let is_passed = self.args.max_failed?.is_passed(failed, all);
        is_passed.then_some(failed)
    }

    /// The same once the clips were waited for.
    pub fn too_many_failed(&self, tally: &SendCounts) -> Option<u64> {
        self.passes_limit(tally, self.failed_renders())
    }
}
