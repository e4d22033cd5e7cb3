//! Verified deliveries that also go to another address, as they came.
//!
//! One after the other, in the order of arrival, and never before it is kept. Where deliveries wait, and
//! what remembers that the address has taken one, is a [`ForwardQueue`]: beside the file of captures, or in the
//! log's database.

#[cfg(feature = "postgres")]
mod database;
mod file;
#[cfg(test)]
pub(super) mod fixture;
mod forwarded;
mod outgoing;
mod target;

use std::io;
use std::time::Duration;

use tokio::sync::watch;

#[cfg(feature = "postgres")]
pub use self::database::{DatabaseQueue, QueueWaker};
pub use self::file::{FileQueue, Sender};
pub use self::forwarded::beside;
pub use self::outgoing::Outgoing;
pub use self::target::ForwardTarget;
use self::target::SendResult;
use crate::engine::stop::Stop;

/// The wait before a first repeat; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long what is left is sent once the command is to end.
const DRAIN: Duration = Duration::from_secs(10);

/// Deliveries that wait to be forwarded. The one that was given last is the one that is spoken of.
pub trait ForwardQueue {
    /// The next delivery, once there is one; nothing once the receiver has gone and all was come to.
    async fn next(&mut self, end: &mut Shutdown<'_>) -> Option<Outgoing>;

    /// Whether a request may begin for the delivery; else it is left to others.
    async fn may_send(&mut self, end: &mut Shutdown<'_>) -> bool;

    /// Keeps what was given from others, for as long as this is polled. It never returns.
    async fn hold(&mut self);

    /// Notes that the delivery was taken.
    async fn taken(&mut self, one: &Outgoing);

    /// Notes that it was refused.
    async fn refused(&mut self);

    /// Notes that it was not taken until the end.
    fn left(&mut self);

    /// Ends; how many deliveries were not forwarded, or why that is not known.
    async fn close(self) -> Result<u64, String>;
}

/// What a person may want to know.
pub enum ForwardEvent<'e> {
    /// The address has taken a delivery.
    Taken(&'e Outgoing),
    /// It does not want one, and why.
    Refused(&'e Outgoing, &'e str),
    /// It takes none for now, and why.
    Down(&'e str),
    /// It takes deliveries again.
    Up,
    /// So many deliveries were captured before any were to be forwarded, and are not.
    Earlier(u64),
    /// So many deliveries of the capture file are not forwarded, since their signature holds with none of
    /// the keys.
    Unverified(u64),
    /// It cannot be noted what was taken, and why.
    Unnoted(&'e io::Error),
    /// What notes it could not be made shorter, and why.
    NotShortened(&'e io::Error),
    /// The queue cannot be looked at, and why.
    #[cfg(feature = "postgres")]
    Away(&'e str),
    /// It can be looked at again.
    #[cfg(feature = "postgres")]
    Back,
    /// So many deliveries of the log wait for other addresses.
    #[cfg(feature = "postgres")]
    Elsewhere(u64),
    /// A delivery that waits cannot be verified with the keys of this receiver.
    #[cfg(feature = "postgres")]
    Unverifiable,
    /// It cannot be noted that so many deliveries were taken.
    #[cfg(feature = "postgres")]
    Unmarked(usize),
    /// So many are not forwarded at the end.
    Left(u64),
    /// It is not known how many are left, and why.
    LeftUnknown(&'e str),
}

/// Takes what a person may want to know.
pub type ForwardReporter<'a> = &'a dyn Fn(ForwardEvent<'_>);

/// The end of a run.
pub struct Shutdown<'s> {
    /// Set once the command is to end: each delivery is tried once more.
    stop: &'s Stop,
    is_over: watch::Receiver<bool>,
}

impl Shutdown<'_> {
    /// Returns once nothing more is to be sent.
    pub async fn over(&mut self) {
        // The other side outlives this one.
        let _ = self.is_over.wait_for(|is_over| *is_over).await;
    }

    /// Whether nothing more is to be sent.
    #[cfg(feature = "postgres")]
    pub fn is_over(&self) -> bool {
        *self.is_over.borrow()
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForwardStats {
    /// Deliveries that the address has taken.
    pub taken: u64,
    /// Deliveries that it has not taken.
    pub left: u64,
}

/// Sends deliveries to one address.
pub struct Forwarder<'a, Q> {
    target: ForwardTarget,
    queue: Q,
    report: ForwardReporter<'a>,
    taken: u64,
    /// Whether it was reported that the address takes nothing.
    is_said: bool,
}

impl<'a, Q: ForwardQueue> Forwarder<'a, Q> {
    /// Prepares it; nothing is sent yet.
    pub fn new(target: ForwardTarget, queue: Q, report: ForwardReporter<'a>) -> Self {
        Self {
            target,
            queue,
            report,
            taken: 0,
            is_said: false,
        }
    }

    /// Sends what an earlier run has left, then what comes, until the receiver has gone and all is
    /// sent. Once `stop` is set it ends in bounded time.
    pub async fn run(self, stop: &Stop) -> ForwardStats {
        let (over, is_over) = watch::channel(false);
        let ends = async {
            stop.wait().await;
            tokio::time::sleep(DRAIN).await;
            over.send_replace(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            done = self.send_all(Shutdown { stop, is_over }) => done,
            () = ends => ForwardStats::default(),
        }
    }

    async fn send_all(mut self, mut end: Shutdown<'_>) -> ForwardStats {
        while let Some(one) = self.queue.next(&mut end).await {
            self.forward(&one, &mut end).await;
        }
        let left = self.queue.close().await;
        match &left {
            Ok(0) => {}
            Ok(left) => (self.report)(ForwardEvent::Left(*left)),
            Err(why) => (self.report)(ForwardEvent::LeftUnknown(why)),
        }
        ForwardStats {
            taken: self.taken,
            left: left.unwrap_or(0),
        }
    }

    /// Sends one delivery until it is taken or refused, or the end has come.
    async fn forward(&mut self, one: &Outgoing, end: &mut Shutdown<'_>) {
        let mut wait = FIRST_WAIT;
        while self.queue.may_send(end).await {
            let tried = tokio::select! {
                biased;
                () = end.over() => break,
                tried = self.target.send(one) => tried,
                () = self.queue.hold() => break,
            };
            match tried {
                SendResult::Taken => return self.taken(one).await,
                SendResult::Refused(why) => {
                    (self.report)(ForwardEvent::Refused(one, &why));
                    return self.queue.refused().await;
                }
                SendResult::Again(why) => {
                    if !std::mem::replace(&mut self.is_said, true) {
                        (self.report)(ForwardEvent::Down(&why));
                    }
                }
            }
            if end.stop.is_set() {
                break;
            }
            // Jitter, so that several receivers do not come at the same time.
            let jittered = wait.mul_f64(0.75 + fastrand::f64() / 2.0);
            tokio::select! {
                () = tokio::time::sleep(jittered) => {}
                () = end.stop.wait() => {}
                () = self.queue.hold() => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        self.queue.left();
    }

    async fn taken(&mut self, one: &Outgoing) {
        self.taken += 1;
        if std::mem::take(&mut self.is_said) {
            (self.report)(ForwardEvent::Up);
        }
        (self.report)(ForwardEvent::Taken(one));
        self.queue.taken(one).await;
    }
}
