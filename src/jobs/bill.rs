//! What each id of an attempt was charged: one id is one bill.

use super::money::Credits;
use super::status::Status;

/// A figure that the vendor reported, ordered by correction and time: the greatest speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Charge {
    order: i64,
    /// Thousandths of a credit; meaningful when the order is not `i64::MIN`.
    amount: i64,
}

impl Charge {
    /// Nothing was reported.
    pub const NONE: Self = Self {
        order: i64::MIN,
        amount: 0,
    };

    /// A figure in a line of `at`. A correction outranks the first figure; the newest outranks the
    /// rest.
    pub fn reported(amount: Credits, at: i64, is_correction: bool) -> Self {
        Self {
            order: at + if is_correction { 1 << 60 } else { 0 },
            amount: amount.thousandths(),
        }
    }

    /// The figure, where one was reported.
    pub fn credits(self) -> Option<Credits> {
        (self.order != i64::MIN)
            .then(|| Credits::from_number(self.amount as f64 / 1000.0))
            .flatten()
    }
}

/// The ends that the lines of one id reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReportedEnds(u8);

impl ReportedEnds {
    /// What a line of `status` says.
    pub const fn of(status: Status) -> Self {
        Self(match status {
            Status::Failed => 1,
            Status::Completed => 1 << 1,
            _ => 0,
        })
    }

    /// Takes in what another line reported.
    pub fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether this end was reported.
    pub const fn has(self, status: Status) -> bool {
        self.0 & Self::of(status).0 != 0
    }

    /// Whether it failed and nothing else: the vendor gives the credits back.
    pub const fn is_failure(self) -> bool {
        self.has(Status::Failed) && !self.has(Status::Completed)
    }

    /// Whether no end was reported.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// One id of an attempt, and what it was charged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bill {
    /// Hash of the id.
    pub id: u64,
    pub charge: Charge,
    pub ends: ReportedEnds,
}

impl Bill {
    /// Takes in what another line reported of the same id.
    pub fn join(&mut self, charge: Charge, ends: ReportedEnds) {
        self.charge = self.charge.max(charge);
        self.ends.join(ends);
    }
}
