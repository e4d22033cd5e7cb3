//! What happens while attempts are sent.

use std::time::Duration;

use super::attempt::Attempt;

/// What happens on the way, for progress and warnings.
#[derive(Clone, Debug)]
pub enum DispatchEvent<'a> {
    /// Announced in the log; its request leaves now.
    Begun(&'a Attempt),
    /// Accepted, and in the log.
    Accepted(&'a Attempt),
    /// Refused for good, with this HTTP status; nothing was charged.
    Refused(&'a Attempt, u16, String),
    /// Not accepted this time; another run may try again.
    GaveUp(&'a Attempt, String),
    /// Not accepted because of the key or the credits, which is reported once at the run's end.
    Denied(&'a Attempt, String),
    /// May or may not have been accepted and billed.
    Unknown(&'a Attempt, String),
    /// Begun, and not sent after all, for this reason.
    Withdrawn(&'a Attempt, &'static str),
    /// Another computer has made it; the log says so.
    Taken(&'a Attempt),
    /// Not sent, for this reason; the next run decides again.
    Left(&'a Attempt, String),
    /// Everybody waits, because the vendor or the network asks for it.
    Waiting(Duration, String),
    /// Something odd about an accepted reply.
    Warning(&'a Attempt, String),
    /// Someone has asked the run to stop; so many attempts are in flight and are waited for.
    Draining(usize),
    /// The line of an attempt that has ended, which could not be written: the only trace of what it
    /// says.
    Recover(String),
}
