//! What an attempt has cost, and what is at stake.

use super::AttemptState;
use crate::jobs::bill::{Bill, Charge};
use crate::jobs::line_facts::ESTIMATE_HELD;
use crate::jobs::money::Credits;
use crate::jobs::status::Status;

impl AttemptState {
    /// What was charged, as far as the vendor has reported: for each id that did not fail alone.
    pub fn charged(&self) -> Option<Credits> {
        let charges = self.standing().filter_map(|bill| self.charge_of(bill));
        charges.reduce(std::ops::Add::add)
    }

    /// What was expected for the ids of which the vendor has reported no charge.
    pub fn unreported(&self) -> Credits {
        let unreported = self
            .standing()
            .filter(|bill| self.charge_of(*bill).is_none());
        self.estimate().times(unreported.count() as u64)
    }

    /// What was expected for every id that counts.
    pub fn expected(&self) -> Credits {
        self.estimate().times(self.standing().count() as u64)
    }

    /// What is at stake: the estimate for each id that may still bring a bill.
    pub fn reserved(&self) -> Credits {
        self.estimate().times(self.open())
    }

    /// What counts against a cap where the log does not hold what was expected: the price of the shortest
    /// clip for each bill, as long as the vendor has reported no charge.
    pub fn assumed(&self) -> Credits {
        if self.estimate & ESTIMATE_HELD != 0 {
            return Credits::ZERO;
        }
        let uncharged = |bill: &Bill| self.charge_of(*bill).is_none();
        let bills = match self.status() {
            Status::Completed => self.standing().filter(uncharged).count() as u64,
            _ => self.open(),
        };
        of_thousandths(self.estimate).times(bills)
    }

    /// How many bills may still come.
    fn open(&self) -> u64 {
        let open = match self.status() {
            Status::Unknown => self.bills().count(),
            status if status.is_rendering() => {
                self.bills().filter(|bill| bill.ends.is_none()).count()
            }
            _ => 0,
        };
        open as u64
    }

    /// What failed would have cost: the vendor gives it back.
    pub fn refunded(&self) -> Credits {
        let or_estimate = |bill| self.charge_of(bill).unwrap_or_else(|| self.estimate());
        if self.has_two_ids() {
            let failed = self.bills().filter(|bill| bill.ends.is_failure());
            failed.map(or_estimate).sum()
        } else if self.status() == Status::Failed {
            self.bills().map(or_estimate).sum()
        } else {
            Credits::ZERO
        }
    }

    /// The bills that stand. Of two ids, one that failed is given back.
    fn standing(&self) -> impl Iterator<Item = Bill> + '_ {
        let is_only = !self.has_two_ids();
        self.bills()
            .filter(move |bill| is_only || !bill.ends.is_failure())
    }

    /// A figure that names no id stands in where none is reported of the id.
    fn charge_of(&self, bill: Bill) -> Option<Credits> {
        let unnamed = self.rare.as_ref().map_or(Charge::NONE, |rare| rare.unnamed);
        if self.has_two_ids() {
            bill.charge.credits().or_else(|| unnamed.credits())
        } else {
            bill.charge.max(unnamed).credits()
        }
    }

    /// What was expected when it was sent, as far as the log holds it.
    pub fn estimate(&self) -> Credits {
        match self.estimate & ESTIMATE_HELD {
            0 => Credits::ZERO,
            _ => of_thousandths(self.estimate & !ESTIMATE_HELD),
        }
    }
}

fn of_thousandths(thousandths: u32) -> Credits {
    Credits::from_number(f64::from(thousandths) / 1000.0).unwrap_or_default()
}
