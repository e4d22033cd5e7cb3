//! What a plan sends: all of it, or a canary first and the rest once its clips are good. Clips are
//! asked for meanwhile where too many failed ones end the run, and waited for at the end.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::canary::{self, Canary, CheckResult, FailureLimit};
use super::cap::Caps;
use super::dispatch::{self, Attempt, Dispatcher, SendCounts};
use super::poll::{PollSchedule, Poller};
use super::stop::StopReason;
use super::submit::Orders;
use crate::jobs::{AttemptState, JobKey, JobState, Status};
use crate::journal::LogError;
use crate::manifest::{Manifest, ManifestError};
use crate::vendor::Throttle;

/// How long other computers that are sending a canary's orders are waited for. One that is not heard of
/// for a minute counts as gone.
const OTHERS: Duration = Duration::from_secs(120);
/// How often it is looked whether they have.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// What happens while a batch is sent.
pub enum BatchEvent<'a> {
    /// So many attempts are sent at most.
    Begun(u64),
    /// What happens to one of them.
    Sending(dispatch::DispatchEvent<'a>),
    /// They are sent, within these caps.
    Sent(&'a Caps<'a>),
    /// What a look at the canary finds out.
    Canary(canary::CanaryEvent<'a>),
}

/// Why a batch cannot go on. What was sent is in the log.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The manifest is not the one that was planned, or cannot be read again.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A clip of the canary cannot be kept while it is looked at.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What became of a batch.
#[derive(Default)]
pub struct BatchResult {
    /// What was sent.
    pub tally: SendCounts,
    /// Whether a cap has kept something back.
    pub is_capped: bool,
    /// Whether the vendor could not be asked for every clip.
    pub is_unanswered: bool,
    /// What the look at the canary came to.
    pub canary: Option<CheckResult>,
}

impl BatchResult {
    /// Whether the rest of the rows is ordered, too.
    pub fn goes_on(&self) -> bool {
        self.canary.as_ref().is_none_or(|canary| canary.goes_on)
    }
}

/// What a plan decided, and what sending it takes.
pub struct Batch<'a> {
    /// The rows; also the log, and what ends the run.
    pub orders: Orders<'a>,
    /// Rows at most.
    pub most: u64,
    /// Who may send when.
    pub throttle: &'a Throttle,
    /// Asks for clips that are waited for.
    pub poller: Poller<'a>,
    /// Asks for clips while others are sent.
    pub watcher: Option<Poller<'a>>,
    /// The first few of the rows.
    pub canary: Option<Canary<'a>>,
    /// How many orders may be refused or fail.
    pub max_failed: Option<FailureLimit>,
    /// Whether all clips are waited for.
    pub wait: bool,
    /// The caps, counted again from the log: what a canary was charged is in them.
    pub cap: &'a dyn Fn() -> Result<Caps<'a>, LogError>,
    /// Takes each event.
    pub report: &'a dyn Fn(BatchEvent<'_>),
}

impl Batch<'_> {
    /// Sends the rows, and waits for their clips where that is asked for.
    pub async fn run(&self, manifest: &mut Manifest) -> Result<BatchResult, BatchError> {
        let mut sent = BatchResult::default();
        match self.canary.as_ref().filter(|_| self.most > 0) {
            Some(canary) => self.send_canary(canary, manifest, &mut sent).await?,
            None => self.send(manifest, self.most, &|_| true, &mut sent).await?,
        }
        let stop = self.orders.stop;
        if self.wait && sent.goes_on() && !stop.is_set() {
            let covers = |job: &JobState| self.orders.plan.covers(job);
            sent.is_unanswered |= !self.poller.ask(PollSchedule::UntilEnded, covers).await?;
            let renders = self.failed_renders();
            if let Some(failed) = self.passes_limit(&sent.tally, renders) {
                stop.set(StopReason::TooManyFailed(failed));
            }
        }
        Ok(sent)
    }

    /// Sends a few rows, waits for their clips and looks at them; then sends the others.
    async fn send_canary(
        &self,
        canary: &Canary<'_>,
        manifest: &mut Manifest,
        sent: &mut BatchResult,
    ) -> Result<(), BatchError> {
        let rows = canary.rows(self.orders.plan, manifest, self.most)?;
        let few = rows.len() as u64;
        let is_canary = |index: u32| rows.contains_key(&index);
        self.send(manifest, few, &is_canary, sent).await?;
        let jobs: HashSet<JobKey> = rows.values().copied().collect();
        self.wait_for_others(&jobs).await;
        let covers = |job: &JobState| jobs.contains(&job.key);
        sent.is_unanswered |= !self.poller.ask(PollSchedule::UntilEnded, covers).await?;
        if self.orders.stop.is_set() {
            return Ok(());
        }
        let rest = self.left_beside(&rows, few).await;
        let most = self.max_failed.unwrap_or(FailureLimit::Count(0));
        let view = |job: &JobKey| Ok((*job, self.orders.writer.view(*job)?));
        let clips = rows.values().map(view).collect::<Result<_, LogError>>()?;
        let report = |event: canary::CanaryEvent<'_>| (self.report)(BatchEvent::Canary(event));
        sent.canary = canary
            .look(clips, rest, most, self.orders.stop, &report)
            .await?;
        match &sent.canary {
            Some(canary) if canary.goes_on => {
                let rest = self.most - few;
                self.send(manifest, rest, &|index| !is_canary(index), sent)
                    .await?;
            }
            Some(canary) if canary.is_declined => {
                let left = self.left_beside(&rows, few).await;
                report(canary::CanaryEvent::Declined(left, self.most - few - left));
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns once no other computer is sending one of these orders: what it makes is looked at, too.
    async fn wait_for_others(&self, jobs: &HashSet<JobKey>) {
        let Orders { writer, stop, .. } = self.orders;
        let until = Instant::now() + OTHERS;
        while writer.is_shared() && Instant::now() < until {
            // Where that fails, what is known is looked at.
            let is_known = writer.refresh().await.is_ok();
            let is_being_sent = {
                let ledger = writer.ledger();
                let known = jobs.iter().filter_map(|job| ledger.job(*job));
                known
                    .flat_map(JobState::attempts)
                    .any(AttemptState::is_being_sent)
            };
            let pause = tokio::time::sleep(self.poller.interval.min(BETWEEN_LOOKS));
            if !is_known || !is_being_sent || stop.or(pause).await.is_none() {
                return;
            }
        }
    }

    /// How many of the rows beside the canary no computer has ordered yet.
    async fn left_beside(&self, canary: &BTreeMap<u32, JobKey>, few: u64) -> u64 {
        let Orders { writer, plan, .. } = self.orders;
        // Where that fails, they are counted as far as they are known.
        let _ = writer.refresh().await;
        let ledger = writer.ledger();
        let rest = plan.sent().filter(|place| !canary.contains_key(place));
        let open = rest.filter(|place| plan.is_open(*place as usize, &ledger));
        (open.count() as u64).min(self.most - few)
    }

    /// Sends at most `most` of the rows that `is_now` picks, and adds what came of it to `sent`.
    async fn send(
        &self,
        manifest: &mut Manifest,
        most: u64,
        is_now: &dyn Fn(u32) -> bool,
        sent: &mut BatchResult,
    ) -> Result<(), BatchError> {
        let Orders {
            writer,
            stop,
            rates,
            ..
        } = self.orders;
        (self.report)(BatchEvent::Begun(most));
        let report = |event: dispatch::DispatchEvent<'_>| (self.report)(BatchEvent::Sending(event));
        let now = || writer.now();
        let cap = (self.cap)()?;
        let job = |attempt: &Attempt| attempt.as_job(rates);
        let before = sent.tally;
        let renders = Cell::new(self.failed_renders());
        let too_many_failed = |tally: &SendCounts| {
            let failed = self.passes_limit(&before.and(*tally), renders.get());
            failed.map(StopReason::TooManyFailed)
        };
        let client = self.poller.client;
        let dispatcher = Dispatcher::new(client, writer, self.throttle, stop, &now, &report)
            .within(&cap, &job)
            .at_most(most)
            .until(&too_many_failed);
        let attempts = self.orders.attempts(manifest, is_now)?;
        let is_sent = Notify::new();
        let sending = async {
            let tally = dispatcher.run(attempts, self.poller.concurrency).await;
            is_sent.notify_one();
            tally
        };
        let (tally, watched) = tokio::join!(sending, self.watch(&is_sent, &renders));
        watched?;
        (self.report)(BatchEvent::Sent(&cap));
        sent.is_capped |= cap.is_reached();
        sent.tally = before.and(tally);
        Ok(())
    }

    /// Asks, while orders are still sent, which clips have failed: a batch that goes wrong is stopped
    /// early.
    async fn watch(&self, is_sent: &Notify, renders: &Cell<u64>) -> Result<(), LogError> {
        let Some(watcher) = &self.watcher else {
            return Ok(());
        };
        loop {
            let pause = self.orders.stop.or(tokio::time::sleep(watcher.interval));
            tokio::select! {
                () = is_sent.notified() => return Ok(()),
                waited = pause => if waited.is_none() {
                    return Ok(());
                },
            }
            // What could not be asked for is asked for again.
            let covers = |job: &JobState| self.orders.plan.covers(job);
            watcher.ask(PollSchedule::One, covers).await?;
            renders.set(self.failed_renders());
        }
    }

    /// Clips of the batch that could not be made, whatever run has learned it.
    fn failed_renders(&self) -> u64 {
        if self.max_failed.is_none() {
            return 0;
        }
        let ledger = self.orders.writer.ledger();
        let jobs = self.orders.plan.keys().filter_map(|key| ledger.job(key));
        let failed = jobs.filter(|job| job.is_counted() && job.status() == Status::Failed);
        failed.count() as u64
    }

    /// How many orders were refused or have failed, where that is more than a person allows. What was
    /// not accepted for now says nothing about the orders.
    fn passes_limit(&self, tally: &SendCounts, renders: u64) -> Option<u64> {
        let failed = tally.refused + renders;
        let all = self.orders.plan.counts.skip + self.most;
        let is_passed = self.max_failed?.is_passed(failed, all);
        is_passed.then_some(failed)
    }
}
