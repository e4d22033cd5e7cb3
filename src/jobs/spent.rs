//! What became of the credits that a job's attempts were ordered for.

use std::ops::AddAssign;

use jiff::Timestamp;

use super::attempt_state::AttemptState;
use super::money::Credits;
use super::state::JobState;
use super::status::Status;
use super::view::JobView;

/// Credits by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Attempts that were accepted, or may have been.
    pub attempts: u64,
    /// Charged for clips; where the vendor has reported no charge, what was expected.
    pub charged: Credits,
    /// Given back for attempts that failed.
    pub refunded: Credits,
    /// Reserved for attempts that are rendered.
    pub under_way: Credits,
    /// Reserved for attempts of unknown outcome.
    pub in_doubt: Credits,
}

impl Spent {
    /// All of it.
    pub fn ordered(&self) -> Credits {
        self.committed() + self.refunded
    }

    /// What counts against a cap.
    pub fn committed(&self) -> Credits {
        self.charged + self.under_way + self.in_doubt
    }

    fn of(attempt: &AttemptState) -> Self {
        let mut spent = Self {
            refunded: attempt.refunded(),
            ..Self::default()
        };
        if attempt.status() == Status::Completed {
            spent.charged =
                attempt.charged().unwrap_or_default() + attempt.unreported() + attempt.assumed();
        }
        let reserved = match attempt.status() {
            Status::Completed => Credits::ZERO,
            _ => attempt.reserved() + attempt.assumed(),
        };
        match attempt.status() {
            Status::Unknown => spent.in_doubt = reserved,
            _ => spent.under_way = reserved,
        }
        spent.attempts = u64::from(attempt.status() != Status::SubmitFailed);
        spent
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.attempts += other.attempts;
        self.charged += other.charged;
        self.refunded += other.refunded;
        self.under_way += other.under_way;
        self.in_doubt += other.in_doubt;
    }
}

impl JobState {
    /// What counts against a cap of one attempt; `None` where there is none of this number.
    pub fn committed_of(&self, number: u32) -> Option<Credits> {
        let attempt = self.attempts().find(|attempt| attempt.number == number)?;
        Some(Spent::of(attempt).committed())
    }
}

impl JobView {
    /// When an attempt was ordered: the time of its first line. `None` where no line has a time.
    pub fn ordered_at(&self, attempt: u32) -> Option<Timestamp> {
        let events = self.events.iter().filter(|event| event.attempt == attempt);
        let times = events.filter_map(|event| event.at);
        times.filter(|at| *at > Timestamp::UNIX_EPOCH).min()
    }

    /// What became of the credits of the attempts that were ordered at `since` or later, and of those
    /// of which no time is known.
    pub fn spent_since(&self, since: Option<Timestamp>) -> Spent {
        let mut spent = Spent::default();
        for attempt in self.state.attempts() {
            let is_later = |since| self.ordered_at(attempt.number).is_none_or(|at| at >= since);
            if since.is_none_or(is_later) {
                spent += Spent::of(attempt);
            }
        }
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{JobKey, Rates};

    const LINES: [&str; 5] = [
        r#"{"at":"2026-10-30T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","listing_id":"L","credits_estimated":5}"#,
        r#"{"at":"2026-11-02T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"failed","listing_id":"L","generation_id":"vgen_1"}"#,
        r#"{"at":"2026-11-03T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":2,"status":"submitting","listing_id":"L","credits_estimated":5}"#,
        r#"{"at":"2026-11-04T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":2,"status":"completed","listing_id":"L","generation_id":"vgen_2","credits":4}"#,
        r#"{"at":"2026-11-05T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":3,"status":"submitting","listing_id":"L","credits_estimated":5}"#,
    ];

    #[test]
    fn a_dismissed_clip_is_paid_for_all_the_same() {
        let key = JobKey::parse("5b1f0c9a77d2e318").unwrap();
        let dismissed = r#"{"at":"2026-11-06T10:00:00Z","job":"5b1f0c9a77d2e318","attempt":3,"status":"resolved","verdict":"dismissed","by":"me"}"#;
        let lines = LINES.iter().copied().chain([dismissed]);
        let view = JobView::fold(key, lines, &Rates::default())
            .unwrap()
            .unwrap();
        assert!(view.state.is_dismissed());
        let nine = Credits::whole(9);
        assert_eq!(view.state.committed(), nine);
        assert_eq!(view.spent_since(None).committed(), nine);
    }

    #[test]
    fn an_order_whose_request_is_not_in_the_log_counts_as_the_shortest_clip() {
        let end = r#"{"at":"2026-03-12T09:22:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"completed","generation_id":"vgen_1"}"#;
        let sent = r#"{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","credits_estimated":3}"#;
        let committed = |lines: &[&str]| {
            let key = JobKey::parse("5b1f0c9a77d2e318").unwrap();
            let view = JobView::fold(key, lines.iter().copied(), &Rates::default());
            view.unwrap().unwrap().state.committed()
        };
        assert_eq!(committed(&[end]), Credits::whole(5));
        for lines in [[sent, end], [end, sent]] {
            assert_eq!(committed(&lines), Credits::whole(3));
        }
    }

    #[test]
    fn credits_count_in_the_time_of_their_order() {
        let key = JobKey::parse("5b1f0c9a77d2e318").unwrap();
        let view = JobView::fold(key, LINES, &Rates::default())
            .unwrap()
            .unwrap();
        let since = |text: &str| view.spent_since(Some(text.parse().unwrap()));
        let all = view.spent_since(None);
        assert_eq!(all.committed(), view.state.committed());
        let all = (all.attempts, all.charged, all.refunded, all.in_doubt);
        let five = Credits::whole(5);
        assert_eq!(all, (3, Credits::whole(4), five, five));
        let november = since("2026-11-01T00:00:00Z");
        assert_eq!((november.attempts, november.refunded), (2, Credits::ZERO));
        assert_eq!(november.ordered(), Credits::whole(9));
        assert_eq!(since("2026-11-05T10:00:00Z").committed(), five);
        assert_eq!(since("2026-12-01T00:00:00Z"), Spent::default());
    }
}
