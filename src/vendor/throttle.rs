//! Who may send now. One throttle serves all workers of a run, so that one refusal slows
//! everybody.
//!
//! Three things make a worker wait: `--rate`, a pause after throttling, and the number of requests
//! that may be in flight, which halves when the vendor throttles and recovers step by step. Rate
//! and pauses use tokio's clock, so a test can hold it still; and every wait is weighed against
//! the run's deadline before it begins.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Rate;

/// At most this many POSTs for one attempt, the first included.
pub const MAX_POSTS: u32 = 5;
/// The first wait where the vendor names none; each further one doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait where the vendor names none, before jitter.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest wait that the vendor is granted at a time, unless another is set. A run that sleeps
/// for a day because of one header is not seen to be alive.
pub const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);
/// Shortest wait after the first refusal, even when the vendor says "now"; doubles too.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
/// How far a late timer may be caught up with, so that the rate holds on average.
const SLACK: Duration = Duration::from_millis(20);

/// Whether it is worth waiting for another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The next [`Throttle::permit`] comes no earlier than this.
    Until(Instant),
    /// The run's deadline would pass first: give up.
    PastDeadline,
}

/// Shared by all workers of a run.
#[derive(Debug)]
pub struct Throttle {
    state: Mutex<ThrottleState>,
    freed: Notify,
    most: usize,
    rate: Option<Rate>,
    deadline: Option<Instant>,
    longest_asked: Duration,
}

#[derive(Debug)]
struct ThrottleState {
    in_flight: usize,
    limit: usize,
    /// Counts halvings: a burst of refusals to requests of one epoch halves once.
    epoch: u64,
    successes: usize,
    pause_until: Option<Instant>,
    next_start: Instant,
}

/// Why no one may start just now.
enum Blocked {
    Until(Instant),
    Full,
}

impl Throttle {
    /// At most `concurrency` requests in flight (at least one), started no faster than `rate`,
    /// none after `deadline`.
    pub fn new(concurrency: usize, rate: Option<Rate>, deadline: Option<Instant>) -> Self {
        let most = concurrency.max(1);
        Self {
            state: Mutex::new(ThrottleState {
                in_flight: 0,
                limit: most,
                epoch: 0,
                successes: 0,
                pause_until: None,
                next_start: Instant::now(),
            }),
            freed: Notify::new(),
            most,
            rate,
            deadline,
            longest_asked: LONGEST_ASKED,
        }
    }

    /// The same, where one wait that the vendor asks for is at most `longest`.
    #[must_use]
    pub fn with_longest_wait(self, longest: Duration) -> Self {
        Self {
            longest_asked: longest,
            ..self
        }
    }

    /// Waits until a request may start. `None` when that is not before the deadline. It is safe
    /// to drop the future at any time.
    pub async fn permit(&self) -> Option<Permit<'_>> {
        loop {
            match self.try_start() {
                Ok(epoch) => {
                    return Some(Permit {
                        throttle: self,
                        epoch,
                    });
                }
                Err(Blocked::Until(at)) => {
                    if self.is_past_deadline(at) {
                        return None;
                    }
                    sleep_until(at).await;
                }
                Err(Blocked::Full) => match self.deadline {
                    Some(deadline) => timeout_at(deadline, self.freed.notified()).await.ok()?,
                    None => self.freed.notified().await,
                },
            }
        }
    }

    /// How many requests may be in flight now.
    #[cfg(test)]
    fn limit(&self) -> usize {
        self.state().limit
    }

    /// How much of a shared pause is left.
    pub fn pause(&self) -> Option<Duration> {
        let left = self
            .state()
            .pause_until?
            .checked_duration_since(Instant::now())?;
        (!left.is_zero()).then_some(left)
    }

    /// Starts no request for so long, since others were asked to wait.
    pub fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.pause_until = Some(state.pause_until.map_or(until, |old| old.max(until)));
    }

    fn try_start(&self) -> Result<u64, Blocked> {
        let now = Instant::now();
        if self.is_past_deadline(now) {
            return Err(Blocked::Until(now));
        }
        let mut state = self.state();
        if let Some(until) = state.pause_until {
            if now < until {
                return Err(Blocked::Until(until));
            }
            state.pause_until = None;
        }
        if state.in_flight >= state.limit {
            return Err(Blocked::Full);
        }
        if let Some(rate) = self.rate {
            if now < state.next_start {
                return Err(Blocked::Until(state.next_start));
            }
            let earliest = now.checked_sub(SLACK).unwrap_or(now);
            state.next_start = state.next_start.max(earliest) + rate.interval();
        }
        state.in_flight += 1;
        Ok(state.epoch)
    }

    fn is_past_deadline(&self, at: Instant) -> bool {
        self.deadline.is_some_and(|deadline| at >= deadline)
    }

    fn state(&self) -> MutexGuard<'_, ThrottleState> {
        // Nothing in here can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to send one request. Dropping it ends the request, and says nothing about how it went.
#[derive(Debug)]
#[must_use = "a request may be in flight only while its permit lives"]
pub struct Permit<'a> {
    throttle: &'a Throttle,
    epoch: u64,
}

impl Permit<'_> {
    /// The vendor took the request: after as many of these as may be in flight, one more may.
    pub fn succeeded(self) {
        let mut state = self.throttle.state();
        if state.limit == self.throttle.most || state.epoch != self.epoch {
            return;
        }
        state.successes += 1;
        if state.successes >= state.limit {
            state.successes = 0;
            state.limit += 1;
            self.throttle.freed.notify_one();
        }
    }

    /// The vendor asked to slow down, or could not be reached, for the `tries`th time (from 1)
    /// for this attempt. Everybody pauses: as long as the vendor says (up to
    /// the longest wait), else longer with every
    /// try, with jitter.
    pub fn throttled(self, retry_after: Option<Duration>, tries: u32) -> Wait {
        let wait = match retry_after {
            Some(asked) => asked
                .min(self.throttle.longest_asked)
                .max(SHORTEST_WAIT * 2u32.pow(tries.clamp(1, 8) - 1)),
            None => backoff(tries),
        };
        let now = Instant::now();
        let mut state = self.throttle.state();
        if state.epoch == self.epoch {
            state.epoch += 1;
            state.limit = (state.limit / 2).max(1);
            state.successes = 0;
        }
        let until = state.pause_until.unwrap_or(now).max(now + wait);
        state.pause_until = Some(until);
        if self.throttle.is_past_deadline(until) {
            Wait::PastDeadline
        } else {
            Wait::Until(until)
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.throttle.state();
        state.in_flight -= 1;
        let room = state.in_flight < state.limit;
        drop(state);
        if room {
            self.throttle.freed.notify_one();
        }
    }
}

/// The wait after the `tries`th refusal that names none: 1 s, 2 s, 4 s and so on, and up to as
/// much again by chance, so that several runs do not come back together.
fn backoff(tries: u32) -> Duration {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .without_max_times()
        .with_jitter()
        .build()
        .nth(tries.clamp(1, 16) as usize - 1)
        .unwrap_or(LONGEST_WAIT)
}

#[cfg(test)]
mod tests;
