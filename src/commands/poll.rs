//! Asking the vendor where jobs stand: once, or until all have ended.

use std::cell::Cell;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use super::open::{self, Api};
use super::tell;
use crate::api::{Endpoint, PollOutcome, Throttle};
use crate::exit::{Code, Ending};
use crate::job_log::Writer;
use crate::jobs::{GenerationId, JobKey, JobState, Status};
use crate::observe::{Facts, Learned, Observation, Observer, Via};
use crate::output::{Printer, escape, words};
use crate::settings::Settings;
use crate::stop::{Reason, Stop};

/// Failed polls of one job in a row after which this run leaves it alone.
const MAX_FAILURES: u32 = 5;
/// A wait grows to this many intervals at most.
const LONGEST_WAIT: u32 = 4;

/// Polls the jobs of one log.
pub struct Poller<'a> {
    api: &'a Api,
    writer: &'a Writer,
    stop: &'a Stop,
    settings: &'a Settings,
    printer: &'a Printer,
    concurrency: usize,
    /// Generations not known to have ended.
    open: Cell<usize>,
}

/// One generation to ask for.
#[derive(Clone, Debug)]
struct Target {
    job: JobKey,
    attempt: u32,
    id: GenerationId,
    endpoint: Endpoint,
    /// Failed polls in a row.
    failures: u32,
    due: Instant,
}

/// What a poll came to.
enum Asked {
    /// It has ended; there is nothing more to ask.
    Ended,
    /// It renders.
    Renders(Target),
    /// Nothing was learned.
    Failed(Target),
    /// The run stops.
    Stopped,
}

impl<'a> Poller<'a> {
    /// A poller with nothing asked for yet.
    pub fn new(
        api: &'a Api,
        writer: &'a Writer,
        stop: &'a Stop,
        settings: &'a Settings,
        printer: &'a Printer,
        concurrency: usize,
    ) -> Self {
        Self {
            api,
            writer,
            stop,
            settings,
            printer,
            concurrency,
            open: Cell::new(0),
        }
    }

    /// Asks once for every unfinished attempt of the jobs that `covers` picks.
    pub async fn once(&self, covers: impl Fn(&JobState) -> bool) -> anyhow::Result<Ending> {
        let targets = self.targets(covers)?;
        self.open.set(targets.len());
        let teller = tell::Polling::new(self.printer, targets.len() as u64);
        let throttle = self.throttle();
        let left = self.pass(targets, &throttle, &teller).await?;
        drop(teller);
        let failed = left.iter().any(|t| t.failures > 0);
        Ok(ending(failed))
    }

    /// Asks until every attempt has ended, the run stops, or what is left cannot be asked for.
    pub async fn wait(&self, covers: impl Fn(&JobState) -> bool) -> anyhow::Result<Ending> {
        let mut targets = self.targets(covers)?;
        self.open.set(targets.len());
        let teller = tell::Polling::new(self.printer, targets.len() as u64);
        let throttle = self.throttle();
        let mut gave_up = false;
        while !targets.is_empty() && !self.stop.is_set() {
            let now = Instant::now();
            let (due, later): (Vec<_>, Vec<_>) = targets.into_iter().partition(|t| t.due <= now);
            targets = later;
            targets.extend(self.pass(due, &throttle, &teller).await?);
            targets.retain(|target| {
                let keep = target.failures < MAX_FAILURES;
                if !keep {
                    gave_up = true;
                    teller.warn(format_args!(
                        "{} could not be asked for {MAX_FAILURES} times in a row; the next \
                         reconcile asks again",
                        target.id
                    ));
                }
                keep
            });
            if let Some(next) = targets.iter().map(|t| t.due).min() {
                self.stop.or(tokio::time::sleep_until(next)).await;
            }
        }
        drop(teller);
        Ok(ending(gave_up))
    }

    fn throttle(&self) -> Throttle {
        // The run's deadline stops the polling itself; see `Stop`.
        open::throttle(self.settings, self.concurrency, None)
    }

    fn targets(&self, covers: impl Fn(&JobState) -> bool) -> anyhow::Result<Vec<Target>> {
        let unfinished: Vec<(JobKey, Vec<u32>)> = self
            .writer
            .ledger()
            .jobs()
            .filter(|job| covers(job))
            .map(|job| (job.key, job.to_poll().map(|a| a.number).collect::<Vec<_>>()))
            .filter(|(_, attempts)| !attempts.is_empty())
            .collect();
        let mut targets = Vec::new();
        let mut silent = 0;
        for (job, attempts) in unfinished {
            let view = self.writer.view(job).map_err(open::log_failure)?;
            for number in attempts {
                let attempt = view.as_ref().and_then(|v| v.attempts.get(&number));
                let Some(attempt) = attempt else {
                    continue;
                };
                let request = attempt.request.as_ref().map_or("", |r| r.get());
                let endpoint = Endpoint::of_request(request);
                if !self.api.client.can_poll(endpoint) {
                    silent += 1;
                    continue;
                }
                let due = Instant::now();
                // One that was taken twice may be finished under either id.
                let ids = attempt.generation_ids().filter_map(GenerationId::parse);
                targets.extend(ids.map(|id| Target {
                    job,
                    attempt: number,
                    id,
                    endpoint,
                    failures: 0,
                    due,
                }));
            }
        }
        if silent > 0 {
            self.printer.note(format_args!(
                "{} can only be reported by webhook: no poll path is set for them",
                words::count(silent, "voice job")
            ));
        }
        Ok(targets)
    }

    /// Asks for each target once. What is left to ask for comes back.
    async fn pass(
        &self,
        targets: Vec<Target>,
        throttle: &Throttle,
        teller: &tell::Polling<'_>,
    ) -> anyhow::Result<Vec<Target>> {
        let mut left = Vec::new();
        let mut asked = stream::iter(targets)
            .map(|target| self.ask(target, throttle, teller))
            .buffer_unordered(self.concurrency.max(1));
        while let Some(asked) = asked.next().await {
            match asked? {
                Asked::Ended | Asked::Stopped => {}
                Asked::Renders(target) | Asked::Failed(target) => left.push(target),
            }
        }
        Ok(left)
    }

    async fn ask(
        &self,
        mut target: Target,
        throttle: &Throttle,
        teller: &tell::Polling<'_>,
    ) -> anyhow::Result<Asked> {
        let Some(Some(permit)) = self.stop.or(throttle.permit()).await else {
            return Ok(Asked::Stopped);
        };
        if self.stop.is_set() {
            return Ok(Asked::Stopped);
        }
        if self.has_ended(&target) {
            return Ok(Asked::Ended);
        }
        let interval = self.settings.network.interval;
        match self.api.client.poll(target.endpoint, &target.id).await {
            PollOutcome::Seen { status, body } => {
                permit.succeeded();
                let facts = Facts::of(&body.payload());
                let ended = usize::from(status.is_terminal());
                let open = self.open.get().saturating_sub(ended);
                self.open.set(open);
                teller.seen(&target.id, status, &facts, open as u64);
                self.learn(&target, status, facts).await?;
                if status.is_terminal() {
                    return Ok(Asked::Ended);
                }
                target.failures = 0;
                target.due = Instant::now() + interval;
                Ok(Asked::Renders(target))
            }
            PollOutcome::Trouble {
                retry_after,
                error,
                http_status,
            } => {
                target.failures += 1;
                if retry_after.is_some() || matches!(http_status, Some(429 | 503)) {
                    permit.throttled(retry_after, target.failures);
                }
                teller.warn(format_args!(
                    "{}: {}; nothing changes, it is asked for again later",
                    target.id,
                    escape(&error)
                ));
                target.due = Instant::now() + backoff(interval, target.failures);
                Ok(Asked::Failed(target))
            }
            PollOutcome::Denied { error, .. } => {
                self.stop.set(Reason::Denied(error));
                Ok(Asked::Stopped)
            }
        }
    }

    /// Whether another of its ids has brought its end.
    fn has_ended(&self, target: &Target) -> bool {
        let ledger = self.writer.ledger();
        let attempt = ledger
            .job(target.job)
            .and_then(|j| j.attempt(target.attempt));
        attempt.is_some_and(|a| a.status().is_terminal())
    }

    async fn learn(&self, target: &Target, status: Status, facts: Facts) -> anyhow::Result<()> {
        let observer = Observer {
            writer: self.writer,
            clock: &jiff::Timestamp::now,
            sandbox: self.settings.sandbox,
        };
        let seen = Observation {
            id: target.id.clone(),
            status,
            facts,
            via: Via::Poll,
            correlation: Some((target.job, target.attempt)),
        };
        let learned = observer.decide(&seen).map_err(open::log_failure)?;
        if let Learned::New { line, .. } = learned
            && let Err(error) = self.writer.append(line).await
        {
            // Nothing is lost: the next poll tells the same.
            self.stop.set(Reason::Disk(error.to_string()));
        }
        Ok(())
    }
}

fn ending(failed: bool) -> Ending {
    let mut ending = Ending::default();
    ending.note_if(failed, Code::Temporary);
    ending
}

/// The wait after so many failures in a row: the interval, doubled each time, up to four of them.
fn backoff(interval: Duration, failures: u32) -> Duration {
    let doubled = 1u32 << failures.saturating_sub(1).min(8);
    interval.saturating_mul(doubled.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_four_intervals() {
        let waits: Vec<u64> = (1..6)
            .map(|n| backoff(Duration::from_secs(10), n).as_secs())
            .collect();
        assert_eq!(waits, [10, 20, 40, 40, 40]);
    }
}
