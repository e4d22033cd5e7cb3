//! The computer's clock, which may say anything.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;

/// What time it is. A clock beyond what can be written as a time counts as standing at its end;
/// [`check`] has refused to run by it before.
pub fn now() -> Timestamp {
    saturated(SystemTime::now())
}

/// Refuses a clock whose year has no four digits: what it says could be written into no log.
pub fn check(clock: SystemTime) -> Result<(), BadClock> {
    match Timestamp::try_from(clock) {
        Ok(time) if (0..=9999).contains(&jiff::tz::TimeZone::UTC.to_datetime(time).year()) => {
            Ok(())
        }
        _ => Err(BadClock {
            is_late: clock > SystemTime::UNIX_EPOCH,
        }),
    }
}

fn saturated(clock: SystemTime) -> Timestamp {
    let end = if clock > SystemTime::UNIX_EPOCH {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    };
    Timestamp::try_from(clock).unwrap_or(end)
}

/// A clock outside the years that a log line can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadClock {
    is_late: bool,
}

impl fmt::Display for BadClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.is_late {
            "after the year 9999"
        } else {
            "before the year 0"
        };
        write!(f, "the clock of this computer stands {end}")
    }
}

impl std::error::Error for BadClock {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const YEAR: u64 = 31_556_952;

    fn late(years: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(years * YEAR)
    }

    #[test]
    fn a_year_without_four_digits_is_refused_and_never_a_panic() {
        for years in [0, 56, 129, 8028] {
            assert_eq!(check(late(years)), Ok(()), "{}", 1970 + years);
        }
        // Windows knows no year after 30828.
        let furthest = if cfg!(windows) {
            28_000
        } else {
            200_000_000_000
        };
        for years in [8031, 20_000, furthest] {
            let clock = late(years);
            let error = check(clock).unwrap_err();
            assert!(error.to_string().contains("after the year 9999"), "{error}");
            assert_eq!(saturated(clock), Timestamp::MAX);
        }
    }

    // Windows has no time before 1601.
    #[cfg(unix)]
    #[test]
    fn so_is_one_before_the_year_0() {
        let early = |years: u64| SystemTime::UNIX_EPOCH - Duration::from_secs(years * YEAR);
        assert_eq!(check(early(1000)), Ok(()));
        for years in [1971, 20_000, 200_000_000_000] {
            let error = check(early(years)).unwrap_err();
            assert!(error.to_string().contains("before the year 0"), "{error}");
        }
        assert_eq!(saturated(early(20_000)), Timestamp::MIN);
    }
}
