//! What a run has sent, in numbers.

use crate::jobs::Credits;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendCounts {
    /// Attempts accepted.
    pub accepted: u64,
    /// Attempts refused for good.
    pub refused: u64,
    /// Attempts given up for now.
    pub gave_up: u64,
    /// Attempts of unknown outcome, and those whose outcome could not be written down.
    pub unknown: u64,
    /// Attempts that other computers have made.
    pub taken: u64,
    /// Attempts that the next run decides about again.
    pub later: u64,
    /// What the accepted and the unknown ones are expected to cost.
    pub credits: Credits,
}

impl SendCounts {
    /// Attempts that the run has made, whatever came of them.
    pub fn made(&self) -> u64 {
        self.accepted + self.refused + self.gave_up + self.unknown
    }

    /// Whether each of `wanted` attempts has had its outcome, so that none waits for another run.
    pub fn is_done(&self, wanted: u64) -> bool {
        self.made() + self.taken >= wanted && self.gave_up + self.later == 0
    }

    /// What two runs did together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
            gave_up: self.gave_up + other.gave_up,
            unknown: self.unknown + other.unknown,
            taken: self.taken + other.taken,
            later: self.later + other.later,
            credits: self.credits + other.credits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_or_left_waits_for_another_run() {
        let sent = SendCounts {
            accepted: 2,
            unknown: 1,
            taken: 1,
            ..SendCounts::default()
        };
        assert!(sent.is_done(4));
        assert!(!sent.is_done(5));
        assert!(!SendCounts { gave_up: 1, ..sent }.is_done(4));
        assert!(!SendCounts { later: 1, ..sent }.is_done(4));
    }
}
