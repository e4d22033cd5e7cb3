//! Why a run stops before its input ends, for everything that waits.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use crate::journal::{AppendError, DatabaseError};

/// A reason to start nothing new. Requests in flight are still drained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The person, or the system, asked: SIGINT (2) or SIGTERM (15).
    Signal(u8),
    /// The log cannot be written any more.
    Disk(String),
    /// The log's database cannot be written to.
    Away(DatabaseError),
    /// Another program did something to the log while it was written to.
    Disturbed(String),
    /// Lines that the log did not take in are in this file.
    Kept(PathBuf),
    /// The vendor refused the key or the credits: the HTTP status, and what was reported.
    Denied(u16, String),
    /// Three outcomes in a row are unknown.
    ThreeUnknown,
    /// Three times 404 or 405 in a row, and nothing accepted: the address is probably wrong.
    WrongAddress,
    /// So many orders were refused or have failed, more than a person allows.
    TooManyFailed(u64),
    /// The vendor gave one id to two orders.
    SameId(String),
    /// A sandbox's id came for a live log, or the reverse.
    Mixed,
    /// Another computer has begun a rehearsal in the log meanwhile, where this run orders live jobs, or
    /// the reverse.
    LogTaken {
        /// Whether the other one rehearses.
        by_rehearsal: bool,
    },
    /// The log is paused: by whom, since when.
    Paused(String),
    /// The next attempt would go beyond the cap on the whole log.
    CapReached,
    /// `--timeout` has passed.
    Deadline,
    /// The input is not what was checked before the first request.
    Input(String),
    /// Everything else of this part of the run would fail as one thing of it has, whose failure says
    /// why.
    Shared,
}

impl StopReason {
    /// Why lines could not be appended.
    pub fn of_append(error: &AppendError) -> Self {
        if let Some(database) = error.database() {
            return Self::Away(database.clone());
        }
        match error.disturbed() {
            Some(disturbed) => Self::Disturbed(disturbed.to_string()),
            None => Self::Disk(error.to_string()),
        }
    }
}

/// The one place that says whether a run goes on. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    reasons: Arc<Reasons>,
    /// Orders of the run that are being sent.
    in_flight: Arc<AtomicUsize>,
    /// What stops the run, where this is a part of it.
    run: Option<Arc<Reasons>>,
}

/// An order that is being sent.
#[derive(Debug)]
pub struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

type Reasons = watch::Sender<Vec<StopReason>>;

impl Stop {
    /// Of a part of the run: it ends with the run, and may end by itself before.
    #[must_use]
    pub fn part(&self) -> Self {
        Self {
            reasons: Arc::default(),
            in_flight: Arc::clone(&self.in_flight),
            run: Some(Arc::clone(&self.reasons)),
        }
    }

    /// Stops the run. Every reason is kept, in order.
    pub fn set(&self, reason: StopReason) {
        self.reasons.send_if_modified(|reasons| {
            let is_new = !reasons.contains(&reason);
            if is_new {
                reasons.push(reason);
            }
            is_new
        });
    }

    /// Forgets that the time is up, where nothing was left to do by then.
    pub fn forget_deadline(&self) {
        self.reasons.send_if_modified(|reasons| {
            let before = reasons.len();
            reasons.retain(|reason| *reason != StopReason::Deadline);
            reasons.len() < before
        });
    }

    /// Notes that an order is about to be sent. It is in doubt if the process ends before that is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        InFlight(Arc::clone(&self.in_flight))
    }

    /// How many orders are being sent.
    pub fn count_in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Whether this is the last hold on it: the run it belonged to is over.
    pub fn is_forgotten(&self) -> bool {
        Arc::strong_count(&self.reasons) == 1
    }

    /// Whether the run is to stop.
    pub fn is_set(&self) -> bool {
        let is_set = |reasons: &Arc<Reasons>| !reasons.borrow().is_empty();
        is_set(&self.reasons) || self.run.as_ref().is_some_and(is_set)
    }

    /// Every reason so far.
    pub fn reasons(&self) -> Vec<StopReason> {
        self.reasons.borrow().clone()
    }

    /// Returns once the run is to stop.
    pub async fn wait(&self) {
        let any = |reasons: &[StopReason]| !reasons.is_empty();
        match &self.run {
            None => until(&self.reasons, any).await,
            Some(run) => tokio::select! {
                () = until(&self.reasons, any) => {}
                () = until(run, any) => {}
            },
        }
    }

    /// Returns once someone has asked the run to stop.
    pub async fn signaled(&self) {
        let asked =
            |reasons: &[StopReason]| reasons.iter().any(|r| matches!(r, StopReason::Signal(_)));
        until(&self.reasons, asked).await;
    }

    /// What `future` gives, or `None` when the run is to stop first.
    pub async fn or<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.wait() => None,
            done = future => Some(done),
        }
    }
}

/// Returns once the reasons are as asked for.
async fn until(reasons: &Reasons, asked: impl Fn(&[StopReason]) -> bool) {
    // The sender outlives this, so the channel cannot close.
    let _ = reasons.subscribe().wait_for(|r| asked(r)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_the_time_is_up_is_forgotten_and_nothing_else() {
        let run = Stop::default();
        run.set(StopReason::Deadline);
        run.forget_deadline();
        assert!(!run.is_set());
        run.set(StopReason::Signal(15));
        run.forget_deadline();
        assert_eq!(run.reasons(), [StopReason::Signal(15)]);
    }

    #[tokio::test]
    async fn a_part_stops_with_its_run_but_not_the_run_with_it() {
        let run = Stop::default();
        let (failed, other) = (run.part(), run.part());
        failed.set(StopReason::Shared);
        assert!(failed.is_set() && !run.is_set() && !other.is_set());
        failed.wait().await;
        run.set(StopReason::Signal(15));
        assert!(other.is_set());
        assert_eq!(other.or(std::future::ready(())).await, None);
        assert!(other.reasons().is_empty(), "they are the run's");
    }
}
