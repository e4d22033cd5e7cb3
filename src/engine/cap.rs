//! What may be charged and reserved.

use std::cell::Cell;

use super::counts::SendCounts;
use crate::jobs::{Credits, JobView};
use crate::journal::Reached;

/// Which jobs count.
type Covers<'a> = Box<dyn Fn(&JobView) -> bool + 'a>;

/// A cap on what the log, or a part of it, may have charged and reserved.
pub struct Limit<'a> {
    /// As people know it.
    pub name: String,
    /// The cap.
    pub most: Credits,
    /// What was charged and reserved before the run.
    pub committed: Credits,
    /// Which jobs count; all without it.
    pub covers: Option<Covers<'a>>,
    handed_out: Cell<Credits>,
    reached: Cell<bool>,
    /// What counted against it when it was reached, where other computers order as well.
    when_reached: Cell<Option<Credits>>,
}

impl<'a> Limit<'a> {
    /// A cap on a log that has `committed` so much.
    pub fn new(name: String, most: Credits, committed: Credits) -> Self {
        Self {
            name,
            most,
            committed,
            covers: None,
            handed_out: Cell::new(Credits::ZERO),
            reached: Cell::new(false),
            when_reached: Cell::new(None),
        }
    }

    /// Only jobs that `covers` accepts count.
    #[must_use]
    pub fn of(self, covers: impl Fn(&JobView) -> bool + 'a) -> Self {
        Self {
            covers: Some(Box::new(covers)),
            ..self
        }
    }

    /// Whether a job counts; one that cannot be looked at does.
    pub fn counts(&self, job: Option<&JobView>) -> bool {
        match (&self.covers, job) {
            (Some(covers), Some(job)) => covers(job),
            _ => true,
        }
    }

    /// What was charged and reserved when it was reached, as far as that is known.
    pub fn committed(&self) -> Credits {
        self.when_reached.get().unwrap_or(self.committed)
    }

    fn fits(&self, more: Credits, tally: &SendCounts) -> bool {
        // Which part of the log refused attempts belong to is not counted: what they give back is free
        // for a part in the next run.
        let released = match self.covers {
            None => tally.released,
            Some(_) => Credits::ZERO,
        };
        self.committed + self.handed_out.get() + more <= self.most + released
    }
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may, and it counts from now on.
    Granted,
    /// Its part of the log has reached a cap; attempts of other parts may fit.
    Held,
    /// The whole log has.
    Over,
}

/// All caps of a run.
///
/// They count an attempt from the moment that it is handed out, since its line may not be in the log
/// yet when the next one is asked for.
#[derive(Default)]
pub struct Cap<'a> {
    limits: Vec<Limit<'a>>,
    /// Whether the log counts, since other computers write to it as well.
    is_shared: bool,
}

impl<'a> Cap<'a> {
    /// Caps that all hold.
    pub fn new(limits: Vec<Limit<'a>>) -> Self {
        Self {
            limits,
            is_shared: false,
        }
    }

    /// Caps that the log holds, where each attempt is claimed: what this run does is not all that
    /// counts. Only one that was reached holds attempts back before that.
    pub fn shared(limits: Vec<Limit<'a>>) -> Self {
        Self {
            limits,
            is_shared: true,
        }
    }

    /// The log has not let an attempt through because of these caps: what that means for others.
    pub fn refused(&self, reached: &[Reached]) -> Admission {
        let mut admission = Admission::Held;
        for Reached { place, committed } in reached {
            if let Some(limit) = self.limits.get(*place) {
                limit.reached.set(true);
                limit.when_reached.set(Some(*committed));
                if limit.covers.is_none() {
                    admission = Admission::Over;
                }
            }
        }
        admission
    }

    /// Whether an attempt that costs `more` may be handed out, after `tally`. `job` is asked for only
    /// where a cap is on a part of the log.
    pub fn admits(
        &self,
        more: Credits,
        tally: &SendCounts,
        job: impl FnOnce() -> Option<JobView>,
    ) -> Admission {
        let has_parts = self.limits.iter().any(|limit| limit.covers.is_some());
        let job = has_parts.then(job).flatten();
        let counted = || {
            self.limits
                .iter()
                .filter(|limit| limit.counts(job.as_ref()))
        };
        let is_full = |limit: &&Limit<'_>| {
            if self.is_shared {
                limit.reached.get()
            } else {
                !limit.fits(more, tally)
            }
        };
        let mut admission = Admission::Granted;
        for limit in counted().filter(is_full) {
            limit.reached.set(true);
            admission = match (admission, &limit.covers) {
                (Admission::Over, _) | (_, None) => Admission::Over,
                _ => Admission::Held,
            };
        }
        if admission == Admission::Granted {
            for limit in counted() {
                limit.handed_out.set(limit.handed_out.get() + more);
            }
        }
        admission
    }

    /// The caps that have held an attempt back.
    pub fn reached(&self) -> impl Iterator<Item = &Limit<'a>> {
        self.limits.iter().filter(|limit| limit.reached.get())
    }

    /// Whether an attempt was not admitted.
    pub fn is_reached(&self) -> bool {
        self.reached().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{JobKey, Rates};

    fn whole(most: u32, committed: u32) -> Limit<'static> {
        Limit::new(
            "cap".to_owned(),
            Credits::whole(most),
            Credits::whole(committed),
        )
    }

    fn job_of(client: &str) -> Option<JobView> {
        let line = format!(
            r#"{{"at":"2026-11-01T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","listing_id":"L","client":"{client}"}}"#
        );
        let key = JobKey::parse("5b1f0c9a77d2e318").unwrap();
        JobView::fold(key, [&*line], &Rates::default()).unwrap()
    }

    fn is_acme(view: &JobView) -> bool {
        view.fields.text("client") == Some("acme")
    }

    #[test]
    fn a_cap_counts_what_is_handed_out_and_gives_back_what_was_refused() {
        let five = Credits::whole(5);
        let cap = Cap::new(vec![whole(20, 8)]);
        let mut tally = SendCounts::default();
        let admits = |more, tally: &SendCounts| cap.admits(more, tally, || None);
        assert_eq!(admits(five, &tally), Admission::Granted);
        assert_eq!(admits(five, &tally), Admission::Granted);
        assert!(!cap.is_reached());
        assert_eq!(
            admits(five, &tally),
            Admission::Over,
            "8 + 15 is more than 20"
        );
        assert!(cap.is_reached());
        tally.released = five;
        assert_eq!(admits(five, &tally), Admission::Granted, "one was refused");
        let repeated = admits(Credits::ZERO, &tally);
        assert_eq!(
            repeated,
            Admission::Granted,
            "a repetition costs nothing more"
        );
    }

    #[test]
    fn without_a_cap_everything_is_admitted() {
        let admission =
            Cap::default().admits(Credits::whole(1000), &SendCounts::default(), || None);
        assert_eq!(admission, Admission::Granted);
    }

    #[test]
    fn a_part_that_is_full_holds_only_its_own() {
        let (five, tally) = (Credits::whole(5), SendCounts::default());
        let cap = Cap::new(vec![whole(20, 0), whole(10, 2).of(is_acme)]);
        let admits = |client: &str| cap.admits(five, &tally, || job_of(client));
        assert_eq!(admits("acme"), Admission::Granted);
        assert_eq!(admits("acme"), Admission::Held, "2 + 10 is more than 10");
        assert_eq!(admits("bolt"), Admission::Granted);
        assert_eq!(admits("bolt"), Admission::Granted);
        assert_eq!(cap.reached().count(), 1);
        // What was held back did not count for the whole: 15 were handed out.
        assert_eq!(admits("bolt"), Admission::Granted);
        assert_eq!(admits("bolt"), Admission::Over);
        assert_eq!(admits("acme"), Admission::Over);
        assert_eq!(cap.reached().count(), 2);
    }

    #[test]
    fn of_a_shared_log_only_a_cap_that_was_reached_holds_back() {
        let (five, tally) = (Credits::whole(5), SendCounts::default());
        let limits = vec![whole(20, 0), whole(10, 0).of(is_acme)];
        let cap = Cap::shared(limits);
        let admits = |client: &str| cap.admits(five, &tally, || job_of(client));
        for _ in 0..9 {
            assert_eq!(admits("acme"), Admission::Granted, "the log counts");
        }
        let reached = |place| Reached {
            place,
            committed: Credits::whole(9),
        };
        assert_eq!(cap.refused(&[reached(1)]), Admission::Held);
        assert_eq!(admits("acme"), Admission::Held);
        assert_eq!(admits("bolt"), Admission::Granted);
        assert_eq!(cap.refused(&[reached(0)]), Admission::Over);
        assert_eq!(admits("bolt"), Admission::Over);
        let committed: Vec<_> = cap.reached().map(Limit::committed).collect();
        assert_eq!(committed, [Credits::whole(9); 2]);
    }

    #[test]
    fn a_job_that_cannot_be_looked_at_counts_everywhere() {
        let cap = Cap::new(vec![whole(10, 10).of(is_acme)]);
        let admission = cap.admits(Credits::whole(1), &SendCounts::default(), || None);
        assert_eq!(admission, Admission::Held);
    }
}
