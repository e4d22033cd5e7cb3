//! Stretches of the calendar, by UTC.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// What a cap counts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From midnight.
    Day,
    /// From Monday.
    Week,
    /// From its first day.
    Month,
    /// From the first of January.
    Year,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// When the one began in which `now` is.
    pub fn start(self, now: Timestamp) -> Timestamp {
        let today = now.to_zoned(TimeZone::UTC).date();
        let first = match self {
            Self::Day => today,
            Self::Week => {
                let days = i64::from(today.weekday().to_monday_zero_offset());
                today.saturating_sub(Span::new().days(days))
            }
            Self::Month => today.first_of_month(),
            Self::Year => today.first_of_year(),
        };
        let midnight = first.to_zoned(TimeZone::UTC);
        midnight.map_or(Timestamp::MIN, |zoned| zoned.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_begins_at_midnight_by_utc() {
        let now: Timestamp = "2026-11-26T17:30:00Z".parse().unwrap();
        for (period, start) in [
            (Period::Day, "2026-11-26T00:00:00Z"),
            (Period::Week, "2026-11-23T00:00:00Z"),
            (Period::Month, "2026-11-01T00:00:00Z"),
            (Period::Year, "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(period.start(now).to_string(), start, "{period:?}");
            assert_eq!(period.start(period.start(now)), period.start(now));
        }
    }
}
