//! Clips of a listing or SKU that go out together: whether all of them still are what they were.

use std::collections::HashSet;

use super::due::When;
use super::facts::Delivery;
use super::lease::LeasedWork;
use crate::jobs::{JobKey, ReviewVerdict, Status};
use crate::journal::{LogError, Writer};

/// The clips that were planned, and the log in which others may have written since.
pub(super) struct GroupGuard<'a> {
    writer: &'a Writer,
    /// Every job of the log, as it was; none where each clip goes out by itself.
    planned: &'a [Delivery],
    keys: HashSet<JobKey>,
    work: LeasedWork<'a>,
}

impl<'a> GroupGuard<'a> {
    /// `planned` are all jobs of the log.
    pub fn of(
        writer: &'a Writer,
        planned: &'a [Delivery],
        when: When,
        work: LeasedWork<'a>,
    ) -> Self {
        // While this run writes to a file, no other one does.
        let may_change = when == When::Complete && writer.is_shared();
        let planned = if may_change { planned } else { &[] };
        Self {
            writer,
            planned,
            keys: planned.iter().map(|delivery| delivery.job).collect(),
            work,
        }
    }

    /// Whether all clips of the listing or SKU are finished, as the log stands now. One that was ordered,
    /// ordered anew or rejected since holds the others back.
    pub fn is_complete(&self, delivery: &Delivery) -> Result<bool, LogError> {
        if self.planned.is_empty() {
            return Ok(true);
        }
        let owner = delivery.owner_key();
        let own = self
            .planned
            .iter()
            .filter(|other| other.owner_key() == owner);
        for planned in own {
            let view = self.writer.view(planned.job)?;
            let still_goes = view.is_none_or(|view| {
                let (state, attempt) = (&view.state, view.state.effective());
                let is_rejected = attempt.look() == Some(ReviewVerdict::Rejected);
                let is_as_planned = attempt.number == planned.attempt
                    && state.status() == Status::Completed
                    && !(is_rejected && matches!(self.work, LeasedWork::Publish(_)));
                !state.is_counted() || planned.is_counted && is_as_planned
            });
            if !still_goes {
                return Ok(false);
            }
        }
        let jobs: Vec<JobKey> = {
            let ledger = self.writer.ledger();
            let new = ledger.jobs().filter(|job| job.is_counted());
            let new = new
                .map(|job| job.key)
                .filter(|key| !self.keys.contains(key));
            new.collect()
        };
        for job in jobs {
            let view = self.writer.view(job)?;
            if view.is_some_and(|view| Delivery::of(&view, true).owner_key() == owner) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
