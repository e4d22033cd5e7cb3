//! Attempts in: a `submitting` line, a POST, an outcome line. `submit` and `retry` are two ways to
//! feed it.
//!
//! The order of things is the tool's promise: the `submitting` line is durable before the POST,
//! the outcome line before it is reported. A process that is killed in between leaves a
//! `submitting` line alone, and every reader takes that for an unknown outcome.
//!
//! An outcome's line need not be durable before the next attempt takes its place: that attempt's
//! own `submitting` line comes after it in the log, and nothing is sent before that one is durable.
//! So both lines share a sync, and never are more attempts in doubt than are sent at a time.

mod attempt;
mod outcome;
mod progress;
mod request;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use futures::stream::{self, StreamExt};

pub use attempt::Attempt;
pub use progress::DispatchEvent;
pub use request::Transport;

pub use crate::engine::counts::SendCounts;

use crate::engine::cap::{Admission, Caps};
use crate::engine::stop::{InFlight, Stop, StopReason};
use crate::jobs::{self, EventKind, GenerationId, JobView, Lines};
use crate::journal::{AnnounceRefusal, Announced, Announcement, Claim, PendingAppend, Writer};
use crate::vendor::{Permit, Throttle};

/// Replies in a row that end the run: of unknown outcome, or 404 and 405 with nothing accepted yet.
const MAX_IN_A_ROW: u32 = 3;

/// An attempt that has its outcome, whose line is on its way to the disk.
struct FinishedAttempt {
    attempt: Attempt,
    outcome: AttemptOutcome,
    line: PendingAppend,
    /// Held until the line is in the log.
    claim: Claim,
    in_flight: InFlight,
}

/// What became of an attempt.
enum AttemptOutcome {
    /// It has this id.
    Accepted(GenerationId),
    /// Refused for good, with this HTTP status.
    Refused(u16, String),
    /// Not accepted this time.
    GaveUp(Option<u16>, String),
    /// The outcome is unknown.
    Unknown(String),
}

/// What a reply shows of those to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ReplyHint {
    /// Nothing that speaks against further requests.
    #[default]
    Clear,
    /// 404 or 405.
    NoSuchPage,
    /// It may or may not have been accepted.
    Unknown,
}

/// Counters that decide whether the batch goes on.
#[derive(Debug, Default)]
struct RunState {
    tally: SendCounts,
    /// Attempts that are announced in the log and have no outcome yet.
    in_flight: usize,
    newest: ReplyHint,
    /// Replies like the newest one since another one came.
    in_a_row: u32,
    any_accepted: bool,
    /// Ids whose lines are being written.
    arriving: HashSet<GenerationId>,
}

/// An attempt's job, as caps on a part of the log look at it.
type JobLookup<'a> = &'a dyn Fn(&Attempt) -> Option<JobView>;

/// Sends attempts.
pub struct Dispatcher<'a, T> {
    /// Sends the requests.
    pub transport: &'a T,
    /// The log.
    pub writer: &'a Writer,
    /// Who may send when.
    pub throttle: &'a Throttle,
    /// Whether to go on.
    pub stop: &'a Stop,
    /// What time it is.
    pub clock: &'a dyn Fn() -> jiff::Timestamp,
    /// Takes each event.
    pub report: &'a dyn Fn(DispatchEvent<'_>),
    /// What may be charged and reserved.
    cap: Option<&'a Caps<'a>>,
    job: JobLookup<'a>,
    /// Attempts of the run at most.
    most: usize,
    /// Why no further one is made after so many.
    enough: &'a dyn Fn(&SendCounts) -> Option<StopReason>,
    state: Mutex<RunState>,
}

impl<'a, T: Transport> Dispatcher<'a, T> {
    /// A dispatcher with nothing sent yet.
    pub fn new(
        transport: &'a T,
        writer: &'a Writer,
        throttle: &'a Throttle,
        stop: &'a Stop,
        clock: &'a dyn Fn() -> jiff::Timestamp,
        report: &'a dyn Fn(DispatchEvent<'_>),
    ) -> Self {
        Self {
            transport,
            writer,
            throttle,
            stop,
            clock,
            report,
            cap: None,
            job: &|_| None,
            most: usize::MAX,
            enough: &|_| None,
            state: Mutex::default(),
        }
    }

    /// Makes only attempts that these caps admit, and says of them which ones were reached. Where
    /// others write to the log as well, that is only known when an attempt is announced. `job` is an
    /// attempt's, for caps on a part of the log.
    #[must_use]
    pub fn within(mut self, cap: &'a Caps<'a>, job: JobLookup<'a>) -> Self {
        self.cap = Some(cap);
        self.job = job;
        self
    }

    /// Makes so many attempts at most.
    #[must_use]
    pub fn at_most(mut self, most: u64) -> Self {
        self.most = usize::try_from(most).unwrap_or(usize::MAX);
        self
    }

    /// Makes no further attempt, and stops the run, once `enough` gives a reason.
    #[must_use]
    pub fn until(mut self, enough: &'a dyn Fn(&SendCounts) -> Option<StopReason>) -> Self {
        self.enough = enough;
        self
    }

    /// Sends every attempt that `attempts` yields, `concurrency` at a time, until it ends or the
    /// run stops; what is in flight is finished and logged either way. The iterator is asked only
    /// for what there is room to send.
    pub async fn run(
        &self,
        attempts: impl Iterator<Item = Attempt>,
        concurrency: usize,
    ) -> SendCounts {
        let stop = self.stop;
        let concurrency = concurrency.max(1);
        let sending = stream::iter(self.admitted(attempts))
            .map(|attempt| self.make(attempt))
            .buffer_unordered(concurrency)
            .filter_map(std::future::ready)
            .map(|settled| self.conclude(settled))
            .buffer_unordered(concurrency)
            .for_each(|()| std::future::ready(()));
        let mut sending = std::pin::pin!(sending);
        tokio::select! {
            biased;
            () = &mut sending => return self.state().tally,
            () = stop.signaled() => {}
        }
        let in_flight = self.state().in_flight;
        if in_flight > 0 {
            (self.report)(DispatchEvent::Draining(in_flight));
        }
        sending.await;
        self.state().tally
    }

    /// The attempts that may be made, one by one; what was sent until then decides.
    fn admitted(&self, attempts: impl Iterator<Item = Attempt>) -> impl Iterator<Item = Attempt> {
        let admitted = attempts.map_while(|attempt| {
            let tally = self.state().tally;
            if let Some(reason) = (self.enough)(&tally) {
                self.stop.set(reason);
            }
            if self.stop.is_set() {
                return None;
            }
            let admission = self.cap.map_or(Admission::Granted, |cap| {
                let job = self.job_for(cap, &attempt);
                cap.admits(attempt.candidate(), &self.writer.ledger(), job.as_ref())
            });
            match admission {
                Admission::Granted => Some(Some(attempt)),
                Admission::Held => Some(None),
                Admission::Over => None,
            }
        });
        admitted.flatten().take(self.most)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an attempt, unless the run stops first, up to its outcome.
    async fn make(&self, attempt: Attempt) -> Option<FinishedAttempt> {
        let Some((permit, claim)) = self.announce(&attempt).await else {
            self.count(&attempt);
            return None;
        };
        let in_flight = self.stop.in_flight();
        self.state().in_flight += 1;
        (self.report)(DispatchEvent::Begun(&attempt));
        let outcome = self.send(&attempt, &claim, permit).await;
        self.state().in_flight -= 1;
        let Some(outcome) = outcome else {
            self.withdraw(&attempt, &claim).await;
            self.count(&attempt);
            return None;
        };
        Some(self.settle(attempt, outcome, (claim, in_flight)))
    }

    /// Lets the caps count what an attempt has come to.
    fn count(&self, attempt: &Attempt) {
        if let Some(cap) = self.cap {
            let job = self.job_for(cap, attempt);
            cap.settle(attempt.candidate(), &self.writer.ledger(), job.as_ref());
        }
    }

    /// An attempt's job, where a cap has to look at it: it may read the log for that.
    fn job_for(&self, cap: &Caps<'_>, attempt: &Attempt) -> Option<JobView> {
        cap.has_parts().then(|| (self.job)(attempt)).flatten()
    }

    /// Announces an attempt once it may be sent.
    async fn announce(&self, attempt: &Attempt) -> Option<(Permit<'a>, Claim)> {
        loop {
            let permit = self.permit().await?;
            if self.stop.is_set() {
                return None;
            }
            match self.writer.announce(self.announcement(attempt)).await {
                Ok(Announced::Granted(claim)) => return Some((permit, claim)),
                Ok(Announced::Refused(AnnounceRefusal::NotBefore(quiet))) => {
                    self.hold_for_others(&quiet);
                }
                Ok(Announced::Refused(refused)) => {
                    self.leave(attempt, refused);
                    return None;
                }
                Err(error) => {
                    // Nothing was sent, so nothing is lost.
                    self.stop.set(StopReason::of_append(&error));
                    return None;
                }
            }
        }
    }

    fn announcement(&self, attempt: &Attempt) -> Announcement {
        Announcement {
            job: attempt.job,
            number: attempt.number,
            resend: attempt.resend,
            sandbox: attempt.sandbox,
            more: attempt.more(),
            replaces: attempt.replaces.iter().map(|(job, _)| *job).collect(),
            lines: self.opening(attempt),
        }
    }

    /// Takes in that an attempt is not made.
    fn leave(&self, attempt: &Attempt, refused: AnnounceRefusal) {
        match refused {
            AnnounceRefusal::Taken => {
                self.state().tally.taken += 1;
                (self.report)(DispatchEvent::Taken(attempt));
            }
            // It is announced again after the wait.
            AnnounceRefusal::NotBefore(_) => {}
            AnnounceRefusal::Later(why) => {
                self.state().tally.later += 1;
                (self.report)(DispatchEvent::Left(attempt, why));
            }
            AnnounceRefusal::Paused(by) => self.stop.set(StopReason::Paused(by)),
            AnnounceRefusal::Mixed => self.stop.set(StopReason::LogTaken {
                by_rehearsal: !attempt.sandbox,
            }),
            AnnounceRefusal::CapReached(reached) => {
                let admission = self.cap.map(|cap| cap.refused(&reached));
                if admission != Some(Admission::Held) {
                    self.stop.set(StopReason::CapReached);
                }
            }
        }
    }

    /// Gives a claim up that was not used in time. It was announced, so the log has to say so: as
    /// long as the claim is this run's.
    async fn withdraw(&self, attempt: &Attempt, claim: &Claim) {
        let why = if claim.holds() {
            "the run was stopped before the request was sent"
        } else {
            "this computer was held up between announcing the request and sending it"
        };
        let error = if attempt.resend {
            format!("it was not sent again: {why}")
        } else {
            why.to_owned()
        };
        let (line, outcome) = self.not_accepted(attempt, None, error);
        match self.writer.withdraw(claim, &line).await {
            Ok(true) => self.close(attempt, outcome),
            Ok(false) => {
                self.state().tally.later += 1;
                let why = "someone else settled it while this computer was held up";
                (self.report)(DispatchEvent::Withdrawn(attempt, why));
            }
            // It stays announced, and so in doubt. Kept for later the line could come too late.
            Err(error) => {
                self.stop.set(StopReason::of_append(&error));
                self.state().tally.unknown += 1;
                let why = "the log could no longer be written, and shows it as unknown";
                (self.report)(DispatchEvent::Withdrawn(attempt, why));
            }
        }
    }

    /// What is made durable before the first POST.
    fn opening(&self, attempt: &Attempt) -> Lines {
        let now = (self.clock)();
        let ledger = self.writer.ledger();
        let at = ledger.stamp(attempt.job, now);
        let mut lines = Lines::from(attempt.event(at, EventKind::Submitting(&attempt.order)));
        let by_job = attempt.job;
        for &(old, number) in &attempt.replaces {
            let what = EventKind::Superseded { by_job };
            let event = jobs::Event::new(ledger.stamp(old, now), old, number, what);
            lines.push(&event.in_sandbox(attempt.sandbox));
        }
        lines
    }

    fn line(&self, attempt: &Attempt, now: jiff::Timestamp, what: EventKind<'_>) -> Lines {
        let at = self.writer.ledger().stamp(attempt.job, now);
        attempt.event(at, what).into()
    }
}

#[cfg(test)]
mod tests;
