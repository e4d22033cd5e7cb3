//! What happens while attempts are sent, and what it comes to.

use std::time::Duration;

use super::attempt::Attempt;
use crate::jobs::Credits;

/// What happens on the way, for progress and warnings.
#[derive(Clone, Debug)]
pub enum Event<'a> {
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
    /// Another computer has made it; the log says so.
    Taken(&'a Attempt),
    /// Not sent, for this reason; the next run decides anew.
    Left(&'a Attempt, String),
    /// Everybody waits, because the vendor or the network asks for it.
    Waiting(Duration, String),
    /// Something odd about an accepted reply.
    Warning(&'a Attempt, String),
    /// Someone has asked the run to stop; so many attempts are in flight and are waited for.
    Draining(usize),
    /// A line that could not be written: the only trace of what it says.
    Recover(String),
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendCounts {
    /// Attempts that the log announces, whatever came of them.
    pub begun: u64,
    /// Attempts accepted.
    pub accepted: u64,
    /// Attempts refused for good.
    pub refused: u64,
    /// Attempts given up for now.
    pub gave_up: u64,
    /// Attempts of unknown outcome.
    pub unknown: u64,
    /// Attempts that other computers have made.
    pub taken: u64,
    /// Attempts that the next run decides about anew.
    pub later: u64,
    /// What the accepted and the unknown ones are expected to cost.
    pub credits: Credits,
    /// What the refused ones would have cost.
    pub released: Credits,
}

impl SendCounts {
    /// What two runs did together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            begun: self.begun + other.begun,
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
            gave_up: self.gave_up + other.gave_up,
            unknown: self.unknown + other.unknown,
            taken: self.taken + other.taken,
            later: self.later + other.later,
            credits: self.credits + other.credits,
            released: self.released + other.released,
        }
    }
}
