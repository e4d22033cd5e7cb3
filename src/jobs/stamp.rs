//! The time on a new line: a hybrid logical clock, one for each job.
//!
//! Of two verdicts the one that was written last must count, whatever the clocks of the computers
//! that wrote them showed. So a line is stamped with what the clock says, but always later than every
//! line of its job that its writer has read.

use jiff::Timestamp;

use super::time::HORIZON;

/// The `at` of a line about to be written. [`JobState::stamp`](super::JobState::stamp) and
/// [`Ledger::stamp`](super::Ledger::stamp) make it, so no line is written with a bare clock's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(Timestamp);

/// [`Stamp::after`] no line at all.
pub(super) const NO_LINE: i64 = i64::MIN;

impl Stamp {
    /// For the first line of a job.
    pub fn first(now: Timestamp) -> Self {
        Self::after(NO_LINE, now)
    }

    /// For a job whose newest line is of `newest`, in milliseconds since 1970.
    pub(super) fn after(newest: i64, now: Timestamp) -> Self {
        // A clock beyond the horizon knows no time: every reader would take its line for one
        // without a time.
        let clock = now.as_millisecond();
        let clock = if clock < HORIZON { clock } else { 0 };
        let at = clock.max(newest.saturating_add(1));
        // Both are times that a line can hold; the horizon is well before the library's end.
        Self(Timestamp::from_millisecond(at).unwrap_or(now))
    }

    /// The time.
    pub const fn time(self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_line_is_later_than_the_log_and_else_as_the_clock_says() {
        let newest = "2026-03-12T09:20:00.500Z";
        let just_after = "2026-03-12T09:20:00.501Z";
        for (clock, stamp) in [
            ("2026-03-12T10:20:00Z", "2026-03-12T10:20:00Z"),
            (newest, just_after),
            ("2026-03-12T08:20:00Z", just_after),
            ("1970-01-01T00:00:00Z", just_after),
            ("0001-01-01T00:00:00Z", just_after),
            ("-009999-06-01T00:00:00Z", just_after),
            ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
            ("9998-12-31T23:59:59Z", "9998-12-31T23:59:59Z"),
            ("9999-01-01T00:00:00Z", just_after),
            ("9999-12-30T22:00:00Z", just_after),
        ] {
            let found = Stamp::after(time(newest).as_millisecond(), time(clock));
            assert_eq!(found.time(), time(stamp), "{clock}");
        }
    }

    #[test]
    fn the_first_line_of_a_job_has_the_time_of_the_clock_where_that_is_one() {
        for (clock, stamp) in [
            ("2026-03-12T10:20:00Z", "2026-03-12T10:20:00Z"),
            ("1960-01-01T00:00:00Z", "1960-01-01T00:00:00Z"),
            ("9999-06-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(Stamp::first(time(clock)).time(), time(stamp));
        }
        for clock in [Timestamp::MIN, Timestamp::MAX] {
            let _ = Stamp::first(clock);
        }
    }
}
