//! Why a run stops before its input ends, for everything that waits.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::journal::AppendError;

/// A reason to start nothing new. What is in flight is drained all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The person, or the system, asked: SIGINT (2) or SIGTERM (15).
    Signal(u8),
    /// The log cannot be written any more.
    Disk(String),
    /// The log's database cannot be written to.
    Away(String),
    /// Another program did something to the log while it was written to.
    Disturbed(String),
    /// Lines that the log did not take in are in this file.
    Kept(PathBuf),
    /// The vendor refused the key or the credits: the HTTP status, and what was said.
    Denied(u16, String),
    /// Three outcomes in a row are unknown.
    ThreeUnknown,
    /// Three times 404 or 405, and nothing accepted: the address is probably wrong.
    WrongAddress,
    /// So many orders of the run were not accepted, more than a person allows.
    TooManyFailed(u64),
    /// The vendor gave one id to two jobs.
    SameId(String),
    /// A sandbox's id came for a live log, or the reverse.
    Mixed,
    /// The log is paused: by whom, since when.
    Paused(String),
    /// The next attempt would go beyond the cap on the whole log.
    CapReached,
    /// `--timeout` has passed.
    Deadline,
    /// The input is not what was checked before the first request.
    Input(String),
}

impl Reason {
    /// Why lines could not be appended.
    pub fn of_append(error: &AppendError) -> Self {
        if let Some(database) = error.database() {
            return Self::Away(format!("{database}; {}", database.help));
        }
        match error.disturbed() {
            Some(disturbed) => Self::Disturbed(disturbed.to_string()),
            None => Self::Disk(error.to_string()),
        }
    }
}

/// The one place that says whether a run goes on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop {
    reasons: Arc<watch::Sender<Vec<Reason>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            reasons: Arc::new(watch::Sender::new(Vec::new())),
        }
    }
}

impl Stop {
    /// Stops the run. Every reason is kept, in order.
    pub fn set(&self, reason: Reason) {
        self.reasons.send_if_modified(|reasons| {
            let is_new = !reasons.contains(&reason);
            if is_new {
                reasons.push(reason);
            }
            is_new
        });
    }

    /// Whether this is the last hold on it: the run it belonged to is over.
    pub fn is_forgotten(&self) -> bool {
        Arc::strong_count(&self.reasons) == 1
    }

    /// Whether the run is to stop.
    pub fn is_set(&self) -> bool {
        !self.reasons.borrow().is_empty()
    }

    /// Every reason so far.
    pub fn reasons(&self) -> Vec<Reason> {
        self.reasons.borrow().clone()
    }

    /// Returns once the run is to stop.
    pub async fn wait(&self) {
        // The sender lives in `self`, so the channel cannot close.
        let _ = self.reasons.subscribe().wait_for(|r| !r.is_empty()).await;
    }

    /// Returns once someone has asked the run to stop.
    pub async fn signalled(&self) {
        let asked = |reasons: &Vec<Reason>| reasons.iter().any(|r| matches!(r, Reason::Signal(_)));
        let _ = self.reasons.subscribe().wait_for(asked).await;
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

/// The same for a part of a run: it ends with the run, and may end by itself before.
pub struct Halt {
    run: Stop,
    own: watch::Sender<bool>,
}

impl Halt {
    /// For a part of the run that `run` stops.
    pub fn new(run: &Stop) -> Self {
        Self {
            run: run.clone(),
            own: watch::Sender::new(false),
        }
    }

    /// Ends this part.
    pub fn halt(&self) {
        self.own.send_replace(true);
    }

    /// Whether the whole run is to stop.
    pub fn is_run_stopped(&self) -> bool {
        self.run.is_set()
    }

    /// Whether this part is to end.
    pub fn is_on(&self) -> bool {
        self.is_run_stopped() || *self.own.borrow()
    }

    /// Returns once this part is to end.
    pub async fn wait(&self) {
        let mut own = self.own.subscribe();
        tokio::select! {
            () = self.run.wait() => {}
            // The sender lives in `self`, so the channel cannot close.
            _ = own.wait_for(|&on| on) => {}
        }
    }

    /// Sleeps; `false` when this part was to end first.
    pub async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.wait() => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}
