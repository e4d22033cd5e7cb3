//! Asking the vendor where jobs stand: once, or until all have ended.

use std::cell::Cell;
use std::time::Duration;

use futures::future::{Fuse, FusedFuture, FutureExt, ready};
use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use super::observe::{Ingested, Observer};
use super::stop::{Stop, StopReason};
use crate::jobs::{Facts, GenerationId, JobKey, JobState, Lines, Observation, Status, Via};
use crate::journal::{LogError, VendorBackoff, Writer};
use crate::vendor::{Client, Endpoint, PollOutcome, Throttle};

/// Failed polls of one job in a row after which this run leaves it alone.
pub const MAX_FAILURES: u32 = 5;
/// How often it is looked up whether the vendor has asked another computer to wait.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Bytes of lines that gather at most before polling waits for the disk.
const MOST_LEARNED: usize = 1 << 18;
/// A wait grows to this many intervals at most.
const LONGEST_WAIT: u32 = 4;

/// How often a clip is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollSchedule {
    /// Once.
    One,
    /// Until it has ended, or cannot be asked for.
    UntilEnded,
}

/// One generation to ask for.
#[derive(Clone, Debug)]
pub struct PollTarget {
    /// The job.
    pub job: JobKey,
    /// The attempt's number.
    pub attempt: u32,
    /// What the vendor calls it.
    pub id: GenerationId,
    endpoint: Endpoint,
    /// Failed polls in a row.
    failures: u32,
    due: Instant,
}

/// What happens while clips are asked for.
#[derive(Debug)]
pub enum PollEvent<'a> {
    /// So many are asked for; so many more can only be reported by webhook.
    Begun(u64, u64),
    /// One was asked for.
    Seen {
        /// What the vendor calls it.
        id: &'a GenerationId,
        /// Where it stands.
        status: Status,
        /// What the vendor reported with that.
        facts: &'a Facts<'a>,
    },
    /// One could not be asked for; nothing changes.
    Unavailable(&'a PollTarget, &'a str),
    /// For so long none is asked for: the vendor has asked another computer to wait.
    Waiting(&'a VendorBackoff),
    /// Every one that was due was asked for.
    RoundOver,
    /// These could not be asked for [`MAX_FAILURES`] times in a row, and are left alone.
    GaveUp(&'a [PollTarget]),
    /// No more are asked for.
    Over,
}

/// Polls the jobs of one log.
pub struct Poller<'a> {
    /// Whom to ask.
    pub client: &'a Client,
    /// Takes in what the vendor reports.
    pub observer: Observer<'a>,
    /// Ends the polling, with the run's deadline too.
    pub stop: &'a Stop,
    /// Who may ask when.
    pub throttle: &'a Throttle,
    /// The time between two polls of a clip.
    pub interval: Duration,
    /// Polls in flight at most.
    pub concurrency: usize,
    /// Takes each event.
    pub report: &'a dyn Fn(PollEvent<'_>),
}

/// What a poll came to. Neither, when it has ended as the log knows, or when the run stops.
#[derive(Default)]
struct PollResult {
    /// It is to be asked for again.
    left: Option<PollTarget>,
    /// What was learned.
    line: Option<Lines>,
}

/// The attempts to ask for, by what and where.
fn ids(writer: &Writer, job: &JobState) -> Result<Vec<(u32, GenerationId, Endpoint)>, LogError> {
    let plain = job.plain_attempt();
    if let Some(attempt) = plain {
        let record = writer.request_of(job.key)?;
        if let Some(id) = record.generation_id {
            let endpoint = Endpoint::of_request(&record.request.unwrap_or_default());
            return Ok(vec![(attempt.number, id, endpoint)]);
        }
    }
    let view = writer.view(job.key)?;
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

impl Poller<'_> {
    /// Asks for every unfinished attempt of the jobs that `covers` picks, unless the run is to stop.
    /// Gives whether the vendor could be asked for all of them.
    pub async fn ask(
        &self,
        rounds: PollSchedule,
        covers: impl Fn(&JobState) -> bool,
    ) -> Result<bool, LogError> {
        if self.stop.is_set() {
            return Ok(true);
        }
        let (targets, silent) = self.targets(covers)?;
        (self.report)(PollEvent::Begun(targets.len() as u64, silent));
        let is_answered = self.ask_all(targets, rounds).await;
        (self.report)(PollEvent::Over);
        is_answered
    }

    /// What can be asked for, and how many can only be reported by webhook.
    fn targets(
        &self,
        covers: impl Fn(&JobState) -> bool,
    ) -> Result<(Vec<PollTarget>, u64), LogError> {
        let writer = self.observer.writer;
        let is_open = |job: &&JobState| covers(job) && job.to_poll().next().is_some();
        let unfinished: Vec<JobState> = writer.ledger().jobs().filter(is_open).cloned().collect();
        let (mut open, mut silent) = (Vec::new(), 0);
        for job in unfinished {
            for (attempt, id, endpoint) in ids(writer, &job)? {
                if !self.client.can_poll(endpoint) {
                    silent += 1;
                    continue;
                }
                open.push(PollTarget {
                    job: job.key,
                    attempt,
                    id,
                    endpoint,
                    failures: 0,
                    due: Instant::now(),
                });
            }
        }
        Ok((open, silent))
    }

    async fn ask_all(
        &self,
        mut targets: Vec<PollTarget>,
        rounds: PollSchedule,
    ) -> Result<bool, LogError> {
        let mut is_answered = true;
        while !targets.is_empty() && !self.stop.is_set() {
            let now = Instant::now();
            let (due, later): (Vec<_>, Vec<_>) = targets.into_iter().partition(|t| t.due <= now);
            targets = later;
            targets.extend(self.pass(due).await?);
            (self.report)(PollEvent::RoundOver);
            if rounds == PollSchedule::One {
                return Ok(targets.iter().all(|t| t.failures == 0));
            }
            let (given_up, kept): (Vec<_>, Vec<_>) = targets
                .into_iter()
                .partition(|t| t.failures >= MAX_FAILURES);
            targets = kept;
            if !given_up.is_empty() {
                is_answered = false;
                (self.report)(PollEvent::GaveUp(&given_up));
            }
            if let Some(next) = targets.iter().map(|t| t.due).min() {
                self.stop.or(tokio::time::sleep_until(next)).await;
            }
        }
        Ok(is_answered)
    }

    /// Whether another of its ids has brought its end.
    fn has_ended(&self, target: &PollTarget) -> bool {
        let ledger = self.observer.writer.ledger();
        let attempt = ledger
            .job(target.job)
            .and_then(|j| j.attempt(target.attempt));
        attempt.is_some_and(|a| !a.may_be_asked_for())
    }

    /// Asks for each target once. What is left to ask for comes back.
    async fn pass(&self, targets: Vec<PollTarget>) -> Result<Vec<PollTarget>, LogError> {
        let mut left = Vec::new();
        self.heed_others().await;
        let next_look = Cell::new(Instant::now() + BETWEEN_LOOKS);
        let mut asked = stream::iter(targets)
            .map(|target| self.ask_for(target, &next_look))
            .buffer_unordered(self.concurrency.max(1));
        // What was learned gathers while there are answers to be read, and is written down when
        // there are none, or when it has become much. That keeps no one from asking on.
        let mut learned = Lines::default();
        let mut appending = std::pin::pin!(Fuse::terminated());
        let ended = loop {
            tokio::select! {
                biased;
                asked = asked.next(), if learned.len() < MOST_LEARNED => match asked {
                    Some(Ok(PollResult { left: target, line })) => {
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

    async fn append(&self, lines: Lines) {
        if lines.is_empty() {
            return;
        }
        if let Err(error) = self.observer.writer.append(&lines).await {
            // Nothing is lost: the next poll says the same.
            self.stop.set(StopReason::of_append(&error));
        }
    }

    /// Asks for nothing as long as the vendor has asked another computer to wait.
    async fn heed_others(&self) {
        // A database that is away is noticed when something is written down.
        let quiet = self.stop.or(self.observer.writer.is_quiet()).await;
        if let Some(Ok(Some(quiet))) = quiet {
            if self.throttle.pause().is_none() {
                (self.report)(PollEvent::Waiting(&quiet));
            }
            self.throttle.hold(quiet.left);
        }
    }

    async fn ask_for(
        &self,
        mut target: PollTarget,
        next_look: &Cell<Instant>,
    ) -> Result<PollResult, LogError> {
        let stopped = Ok(PollResult::default());
        if next_look.get() <= Instant::now() {
            next_look.set(Instant::now() + BETWEEN_LOOKS);
            self.heed_others().await;
        }
        let Some(Some(permit)) = self.stop.or(self.throttle.permit()).await else {
            return stopped;
        };
        if self.stop.is_set() || self.has_ended(&target) {
            return stopped;
        }
        // Nothing is lost with an answer that is not waited for: the next poll says the same.
        let asked = self.client.poll(target.endpoint, &target.id);
        let Some(outcome) = self.stop.or(asked).await else {
            return stopped;
        };
        match outcome {
            PollOutcome::Seen { status, body } => {
                permit.succeeded();
                let facts = body.payload().facts();
                (self.report)(PollEvent::Seen {
                    id: &target.id,
                    status,
                    facts: &facts,
                });
                let line = self.line_of(&target, status, facts)?;
                target.failures = 0;
                target.due = Instant::now() + self.interval;
                Ok(PollResult {
                    left: (!status.is_terminal()).then_some(target),
                    line,
                })
            }
            PollOutcome::Unavailable {
                retry_after,
                error,
                http_status,
            } => {
                target.failures += 1;
                if retry_after.is_some() || matches!(http_status, Some(429 | 503)) {
                    permit.throttled(retry_after, target.failures);
                    if let Some(pause) = self.throttle.pause() {
                        self.observer.writer.keep_quiet(pause);
                    }
                }
                (self.report)(PollEvent::Unavailable(&target, &error));
                target.due = Instant::now() + backoff(self.interval, target.failures);
                Ok(PollResult {
                    left: Some(target),
                    line: None,
                })
            }
            PollOutcome::Denied { http_status, error } => {
                self.stop.set(StopReason::Denied(http_status, error));
                stopped
            }
        }
    }

    /// What is to be written down of an answer.
    fn line_of(
        &self,
        target: &PollTarget,
        status: Status,
        facts: Facts<'_>,
    ) -> Result<Option<Lines>, LogError> {
        let seen = Observation {
            id: target.id.clone(),
            status,
            facts,
            via: Via::Poll,
            correlation: Some((target.job, target.attempt)),
        };
        Ok(match self.observer.decide(&seen)? {
            Ingested::New { line, .. } => Some(line),
            _ => None,
        })
    }
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
