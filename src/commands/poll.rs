//! Asking the vendor where jobs stand: once, or until all have ended.

use std::cell::Cell;
use std::time::Duration;

use futures::future::{Fuse, FusedFuture, FutureExt, ready};
use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use super::failure;
use super::open::{self, Api};
use crate::clock;
use crate::commands::sending::Polling;
use crate::engine::observe::{Ingested, Observer};
use crate::engine::stop::{Reason, Stop};
use crate::exit::{Code, Ending};
use crate::jobs::{Facts, GenerationId, JobKey, JobState, Observation, Status, Via};
use crate::journal::Writer;
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{Endpoint, PollOutcome, Throttle};

/// Failed polls of one job in a row after which this run leaves it alone.
const MAX_FAILURES: u32 = 5;
/// Bytes of lines that gather at most before polling waits for the disk.
const MOST_LEARNED: usize = 1 << 18;
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
    /// What else is limited, where something is sent meanwhile.
    shared: Option<&'a Throttle>,
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

/// What a poll came to. Neither, when it has ended as the log knows, or when the run stops.
#[derive(Default)]
struct Asked {
    /// It is to be asked for again.
    left: Option<Target>,
    /// What was learned.
    line: Option<String>,
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
            shared: None,
            open: Cell::new(0),
        }
    }

    /// Under the limits of what is sent meanwhile.
    #[must_use]
    pub fn sharing(self, throttle: &'a Throttle) -> Self {
        let shared = Some(throttle);
        Self { shared, ..self }
    }

    /// Asks once for every unfinished attempt of the jobs that `covers` picks.
    pub async fn once(&self, covers: impl Fn(&JobState) -> bool) -> anyhow::Result<Ending> {
        let targets = self.targets(covers)?;
        self.open.set(targets.len());
        let reporter = Polling::new(self.printer, targets.len() as u64);
        let own = self.throttle();
        let throttle = self.shared.unwrap_or(&own);
        let left = self.pass(targets, throttle, &reporter).await?;
        reporter.end_round();
        drop(reporter);
        let failed = left.iter().any(|t| t.failures > 0);
        Ok(ending(failed))
    }

    /// Asks until every attempt has ended, the run stops, or what is left cannot be asked for.
    pub async fn wait(&self, covers: impl Fn(&JobState) -> bool) -> anyhow::Result<Ending> {
        let mut targets = self.targets(covers)?;
        self.open.set(targets.len());
        let reporter = Polling::new(self.printer, targets.len() as u64);
        let throttle = self.throttle();
        let mut gave_up = false;
        while !targets.is_empty() && !self.stop.is_set() {
            let now = Instant::now();
            let (due, later): (Vec<_>, Vec<_>) = targets.into_iter().partition(|t| t.due <= now);
            targets = later;
            targets.extend(self.pass(due, &throttle, &reporter).await?);
            reporter.end_round();
            let (given_up, kept): (Vec<_>, Vec<_>) = targets
                .into_iter()
                .partition(|t| t.failures >= MAX_FAILURES);
            targets = kept;
            if let Some(first) = given_up.first() {
                gave_up = true;
                let whose = match given_up.len() {
                    1 => self.name(first),
                    n => words::count(n as u64, "clip"),
                };
                reporter.warn(format_args!(
                    "{whose} could not be asked for {MAX_FAILURES} times in a row; the next \
                     reconcile asks again"
                ));
            }
            if let Some(next) = targets.iter().map(|t| t.due).min() {
                self.stop.or(tokio::time::sleep_until(next)).await;
            }
        }
        drop(reporter);
        Ok(ending(gave_up))
    }

    /// What a person calls a clip: its listing or SKU, and the vendor's id.
    fn name(&self, target: &Target) -> String {
        let view = self.writer.view(target.job).ok().flatten();
        match view.as_ref().and_then(|view| view.id()) {
            Some((_, id)) => format!("{} ({})", escape(id), target.id),
            None => target.id.to_string(),
        }
    }

    fn throttle(&self) -> Throttle {
        // The run's deadline stops the polling itself; see `Stop`.
        open::throttle(self.settings, self.concurrency, None)
    }

    fn targets(&self, covers: impl Fn(&JobState) -> bool) -> anyhow::Result<Vec<Target>> {
        let unfinished: Vec<JobState> = self
            .writer
            .ledger()
            .jobs()
            .filter(|job| covers(job) && job.to_poll().next().is_some())
            .cloned()
            .collect();
        let mut targets = Vec::new();
        let mut silent = 0;
        for job in unfinished {
            for (number, id, endpoint) in self.ids(&job)? {
                if !self.api.client.can_poll(endpoint) {
                    silent += 1;
                    continue;
                }
                targets.push(Target {
                    job: job.key,
                    attempt: number,
                    id,
                    endpoint,
                    failures: 0,
                    due: Instant::now(),
                });
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

    /// The attempts to ask for, by what and where.
    fn ids(&self, job: &JobState) -> anyhow::Result<Vec<(u32, GenerationId, Endpoint)>> {
        let plain = job.plain_attempt();
        if let Some(attempt) = plain {
            let record = self.writer.request_of(job.key).map_err(failure::of_log)?;
            if let Some(id) = record.generation_id {
                let endpoint = Endpoint::of_request(&record.request.unwrap_or_default());
                return Ok(vec![(attempt.number, id, endpoint)]);
            }
        }
        let view = self.writer.view(job.key).map_err(failure::of_log)?;
        let mut found = Vec::new();
        for attempt in job.to_poll() {
            let known = view.as_ref().and_then(|v| v.attempts.get(&attempt.number));
            let Some(known) = known else { continue };
            let request = known.request.as_ref().map_or("", |r| r.get());
            let endpoint = Endpoint::of_request(request);
            // One that was taken twice may be finished under either id.
            let ids = known.generation_ids().filter_map(GenerationId::parse);
            found.extend(ids.map(|id| (attempt.number, id, endpoint)));
        }
        Ok(found)
    }

    /// Whether another of its ids has brought its end.
    fn has_ended(&self, target: &Target) -> bool {
        let ledger = self.writer.ledger();
        let attempt = ledger
            .job(target.job)
            .and_then(|j| j.attempt(target.attempt));
        attempt.is_some_and(|a| !a.may_be_asked_for())
    }

    /// Asks for each target once. What is left to ask for comes back.
    async fn pass(
        &self,
        targets: Vec<Target>,
        throttle: &Throttle,
        reporter: &Polling<'_>,
    ) -> anyhow::Result<Vec<Target>> {
        let mut left = Vec::new();
        let mut asked = stream::iter(targets)
            .map(|target| self.ask(target, throttle, reporter))
            .buffer_unordered(self.concurrency.max(1));
        // What was learned gathers while there are answers to be read, and is written down when
        // there are none, or when it has become much. That keeps no one from asking on.
        let mut learned = String::new();
        let mut appending = std::pin::pin!(Fuse::terminated());
        let ended = loop {
            tokio::select! {
                biased;
                asked = asked.next(), if learned.len() < MOST_LEARNED => match asked {
                    Some(Ok(Asked { left: target, line })) => {
                        left.extend(target);
                        learned.extend(line);
                    }
                    Some(Err(error)) => break Err(error),
                    None => break Ok(left),
                },
                () = &mut appending, if !appending.is_terminated() => {}
                () = ready(()), if appending.is_terminated() && !learned.is_empty() => {
                    let lines = std::mem::take(&mut learned);
                    appending.set(self.append(lines).fuse());
                }
            }
        };
        if !appending.is_terminated() {
            appending.await;
        }
        self.append(learned).await;
        ended
    }

    async fn append(&self, lines: String) {
        if lines.is_empty() {
            return;
        }
        if let Err(error) = self.writer.append(&lines).await {
            // Nothing is lost: the next poll says the same.
            self.stop.set(Reason::of_append(&error));
        }
    }

    async fn ask(
        &self,
        mut target: Target,
        throttle: &Throttle,
        reporter: &Polling<'_>,
    ) -> anyhow::Result<Asked> {
        let stopped = Ok(Asked::default());
        let Some(Some(permit)) = self.stop.or(throttle.permit()).await else {
            return stopped;
        };
        if self.stop.is_set() || self.has_ended(&target) {
            return stopped;
        }
        let interval = self.settings.network.interval;
        match self.api.client.poll(target.endpoint, &target.id).await {
            PollOutcome::Seen { status, body } => {
                permit.succeeded();
                let facts = body.payload().facts();
                let ended = usize::from(status.is_terminal());
                let open = self.open.get().saturating_sub(ended);
                self.open.set(open);
                reporter.seen(&target.id, status, &facts, open as u64);
                let line = self.learn(&target, status, facts)?;
                target.failures = 0;
                target.due = Instant::now() + interval;
                Ok(Asked {
                    left: (!status.is_terminal()).then_some(target),
                    line,
                })
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
                reporter.trouble(self.name(&target), &error);
                target.due = Instant::now() + backoff(interval, target.failures);
                Ok(Asked {
                    left: Some(target),
                    line: None,
                })
            }
            PollOutcome::Denied { http_status, error } => {
                self.stop.set(Reason::Denied(http_status, error));
                stopped
            }
        }
    }

    /// What is to be written down of an answer.
    fn learn(
        &self,
        target: &Target,
        status: Status,
        facts: Facts<'_>,
    ) -> anyhow::Result<Option<String>> {
        let observer = Observer {
            writer: self.writer,
            clock: &clock::now,
            sandbox: self.settings.sandbox,
        };
        let seen = Observation {
            id: target.id.clone(),
            status,
            facts,
            via: Via::Poll,
            correlation: Some((target.job, target.attempt)),
        };
        Ok(match observer.decide(&seen).map_err(failure::of_log)? {
            Ingested::New { line, .. } => Some(line),
            _ => None,
        })
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
