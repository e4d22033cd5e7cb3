//! What may be charged and reserved.

#[cfg(feature = "cli")]
mod rule;

use std::cell::{Cell, RefCell};

use crate::jobs::{Credits, JobKey, JobView, Ledger};
use crate::journal::ReachedCap;

#[cfg(feature = "cli")]
pub(crate) use rule::Rule;

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
    /// What its part of the log was charged and has reserved for attempts of this run.
    added: Cell<Credits>,
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
            added: Cell::new(Credits::ZERO),
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

/// An attempt, as caps count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapCharge {
    /// The job.
    pub job: JobKey,
    /// The attempt's number.
    pub number: u32,
    /// What it adds to what is reserved; nothing, where it was reserved before.
    pub more: Credits,
}

impl CapCharge {
    /// What the log was charged and has reserved for it; `None` where it does not know it.
    fn committed(self, ledger: &Ledger) -> Option<Credits> {
        ledger.job(self.job)?.committed_of(self.number)
    }
}

/// All caps of a run.
///
/// They count an attempt from the moment that it is handed out, since its line may not be in the log
/// yet when the next one is asked for; and from then on what the vendor reports of it.
#[derive(Default)]
pub struct Caps<'a> {
    limits: Vec<Limit<'a>>,
    /// What the log was charged and had reserved before the run.
    before: Credits,
    /// Attempts whose lines may not be in the log yet.
    handed_out: RefCell<Vec<CapCharge>>,
    /// Whether the log counts, since other computers write to it as well.
    is_shared: bool,
}

impl<'a> Caps<'a> {
    /// Caps that all hold, on a log that was charged and has reserved `before`.
    pub fn new(limits: Vec<Limit<'a>>, before: Credits) -> Self {
        Self {
            limits,
            before,
            ..Self::default()
        }
    }

    /// Caps that the log holds, where each attempt is claimed: what this run does is not all that
    /// counts. Only one that was reached holds attempts back before that.
    pub fn shared(limits: Vec<Limit<'a>>) -> Self {
        Self {
            limits,
            is_shared: true,
            ..Self::default()
        }
    }

    /// The log has not let an attempt through because of these caps: what that means for others.
    pub fn refused(&self, reached: &[ReachedCap]) -> Admission {
        let mut admission = Admission::Held;
        for ReachedCap { place, committed } in reached {
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

    /// Whether any cap is on a part of the log, so that jobs have to be looked at.
    pub fn has_parts(&self) -> bool {
        self.limits.iter().any(|limit| limit.covers.is_some())
    }

    /// Whether an attempt may be handed out, by what the log was charged and has reserved until now.
    /// `job` is needed only where a cap is on a part of the log.
    pub fn admits(&self, attempt: CapCharge, ledger: &Ledger, job: Option<&JobView>) -> Admission {
        let counted = || self.counting(job);
        let is_full = |limit: &&Limit<'_>| {
            if self.is_shared {
                limit.reached.get()
            } else {
                !self.fits(attempt.more, limit, ledger)
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
        if admission == Admission::Granted && !self.is_shared && !self.limits.is_empty() {
            for limit in counted() {
                limit.added.set(limit.added.get() + attempt.more);
            }
            self.handed_out.borrow_mut().push(attempt);
        }
        admission
    }

    /// Takes in what an attempt has come to, also where it was not made. `job` is as for
    /// [`Caps::admits`].
    pub fn settle(&self, attempt: CapCharge, ledger: &Ledger, job: Option<&JobView>) {
        self.handed_out.borrow_mut().retain(|one| *one != attempt);
        // One that was reserved before has not been added.
        if self.is_shared || attempt.more == Credits::ZERO {
            return;
        }
        let actual = attempt.committed(ledger).unwrap_or_default();
        for limit in self.counting(job) {
            let added = limit.added.get() + actual;
            limit.added.set(added.beyond(attempt.more));
        }
    }

    fn fits(&self, more: Credits, limit: &Limit<'_>, ledger: &Ledger) -> bool {
        if limit.covers.is_some() {
            return limit.committed + limit.added.get() + more <= limit.most;
        }
        // Of the whole log, the log itself knows what was added, whoever has learned it.
        let handed_out = self.handed_out.borrow();
        let unannounced = handed_out
            .iter()
            .filter(|one| one.committed(ledger).is_none());
        let on_the_way: Credits = unannounced.map(|one| one.more).sum();
        limit.committed + ledger.committed() + on_the_way + more <= limit.most + self.before
    }

    /// The limits that a job counts for.
    fn counting(&self, job: Option<&JobView>) -> impl Iterator<Item = &Limit<'a>> {
        self.limits.iter().filter(move |limit| limit.counts(job))
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

    fn candidate(number: u32) -> CapCharge {
        CapCharge {
            job: JobKey::parse("5b1f0c9a77d2e318").unwrap(),
            number,
            more: Credits::whole(5),
        }
    }

    /// A log with a line for an attempt.
    fn log_with(ledger: &mut Ledger, number: u32, status: &str, more: &str) {
        let line = format!(
            r#"{{"at":"2026-11-01T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":{number},"status":"{status}","listing_id":"L","credits_estimated":5{more}}}"#
        );
        ledger.absorb(&line, 0);
    }

    #[test]
    fn a_cap_counts_what_is_handed_out_and_then_what_the_vendor_reports() {
        for limit in [whole(30, 8), whole(30, 8).of(|_| true)] {
            let cap = Caps::new(vec![limit], Credits::ZERO);
            let mut ledger = Ledger::new(Rates::default());
            let admits = |number, ledger: &Ledger| {
                cap.admits(candidate(number), ledger, job_of("acme").as_ref())
            };
            let settle = |number, ledger: &Ledger| {
                cap.settle(candidate(number), ledger, job_of("acme").as_ref());
            };
            assert_eq!(admits(1, &ledger), Admission::Granted);
            assert_eq!(admits(2, &ledger), Admission::Granted);
            // Its line is in the log; it counts once.
            log_with(&mut ledger, 1, "submitting", "");
            assert_eq!(admits(3, &ledger), Admission::Granted);
            assert_eq!(
                admits(4, &ledger),
                Admission::Granted,
                "8 + 20 is not more than 30"
            );
            let is_full = |admission| assert_ne!(admission, Admission::Granted);
            is_full(admits(5, &ledger));
            // One is refused, one is not made, one costs less than expected.
            log_with(&mut ledger, 1, "submit_failed", r#","http_status":400"#);
            settle(1, &ledger);
            settle(2, &ledger);
            assert_eq!(admits(6, &ledger), Admission::Granted);
            log_with(
                &mut ledger,
                3,
                "completed",
                r#","generation_id":"vgen_3","credits":2"#,
            );
            settle(3, &ledger);
            assert_eq!(admits(7, &ledger), Admission::Granted, "8 + 2 + 10 + 5");
            // And one costs more.
            log_with(
                &mut ledger,
                4,
                "completed",
                r#","generation_id":"vgen_4","credits":50"#,
            );
            settle(4, &ledger);
            is_full(admits(8, &ledger));
        }
    }

    #[test]
    fn without_a_cap_everything_is_admitted() {
        let ledger = Ledger::new(Rates::default());
        let admission = Caps::default().admits(candidate(1), &ledger, None);
        assert_eq!(admission, Admission::Granted);
    }

    #[test]
    fn a_part_that_is_full_holds_only_its_own() {
        let ledger = Ledger::new(Rates::default());
        let cap = Caps::new(vec![whole(20, 0), whole(10, 2).of(is_acme)], Credits::ZERO);
        let admits = |client: &str| cap.admits(candidate(1), &ledger, job_of(client).as_ref());
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
        let ledger = Ledger::new(Rates::default());
        let limits = vec![whole(20, 0), whole(10, 0).of(is_acme)];
        let cap = Caps::shared(limits);
        let admits = |client: &str| cap.admits(candidate(1), &ledger, job_of(client).as_ref());
        for _ in 0..9 {
            assert_eq!(admits("acme"), Admission::Granted, "the log counts");
        }
        let reached = |place| ReachedCap {
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
        let ledger = Ledger::new(Rates::default());
        let cap = Caps::new(vec![whole(10, 10).of(is_acme)], Credits::ZERO);
        let admission = cap.admits(candidate(1), &ledger, None);
        assert_eq!(admission, Admission::Held);
    }
}
