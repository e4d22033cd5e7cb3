//! The computer's clock, which may say anything.

#[cfg(feature = "cli")]
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
#[cfg(feature = "cli")]
use jiff::{SignedDuration, civil::DateTime, tz::TimeZone};

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
        _ if clock > SystemTime::UNIX_EPOCH => Err(BadClock::Late),
        _ => Err(BadClock::Early),
    }
}

/// How long this computer has been running, or a time that is ahead of or behind that by the same amount at
/// each look, the time that it slept included: the time between two looks has passed everywhere.
pub fn uptime() -> Duration {
    #[cfg(unix)]
    {
        // On Apple's systems the monotonic clock goes on during sleep, on Linux it stands still.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
        let time = rustix::time::clock_gettime(CLOCK);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).unwrap_or(0),
        )
    }
    #[cfg(not(unix))]
    {
        // Windows counts sleep in. The computer was running before this process began.
        const BEFORE: Duration = Duration::from_secs(60 * 60);
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        BEFORE + START.get_or_init(std::time::Instant::now).elapsed()
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClock {
    /// Too early.
    #[error("this computer's clock is set before the year 0")]
    Early,
    /// Too late.
    #[error("this computer's clock is set after the year 9999")]
    Late,
}

#[cfg(feature = "cli")]
/// A moment of the past, as people name it: a day or a time of this computer, or how long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// This one.
    At(Timestamp),
    /// A day, or a time of day, without a time zone.
    Civil(DateTime),
    /// So many seconds before the present.
    Ago(i64),
}

#[cfg(feature = "cli")]
impl Since {
    /// Which moment it is, by the clock of this computer; `None` when it is before all times that can
    /// be written.
    pub fn from(self, now: Timestamp) -> Option<Timestamp> {
        self.in_zone(now, &TimeZone::system())
    }

    /// The same by UTC, in which caps count their days.
    pub fn from_utc(self, now: Timestamp) -> Option<Timestamp> {
        self.in_zone(now, &TimeZone::UTC)
    }

    fn in_zone(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            // A day alone begins at midnight.
            Self::Civil(at) => Some(at.to_zoned(zone.clone()).ok()?.timestamp()),
            Self::Ago(seconds) => now.checked_sub(SignedDuration::from_secs(seconds)).ok(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        const UNITS: [(char, i64); 5] = [
            ('s', 1),
            ('m', 60),
            ('h', 3_600),
            ('d', 86_400),
            ('w', 604_800),
        ];
        let text = text.trim();
        if let Some((unit, seconds)) = UNITS.into_iter().find(|(unit, _)| text.ends_with(*unit)) {
            let number: u32 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
            return i64::from(number).checked_mul(seconds).map(Self::Ago);
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(Self::At(at));
        }
        text.parse().ok().map(Self::Civil)
    }
}

#[cfg(feature = "cli")]
impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| {
            format!(
                "{text:?} is not a date or time; write, for example, 2026-11-01, 2026-11-01T18:00 or 24h"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_since_the_start_only_grows() {
        let before = uptime();
        assert!(before > Duration::ZERO || cfg!(windows));
        assert!(uptime() >= before);
    }

    #[cfg(feature = "cli")]
    #[test]
    fn the_past_is_named_by_its_day_its_time_or_its_distance() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let now: Timestamp = "2026-11-10T12:00:00Z".parse().unwrap();
        for (text, at) in [
            ("2026-11-01", "2026-10-31T22:00:00Z"),
            ("2026-11-01T18:00", "2026-11-01T16:00:00Z"),
            ("2026-11-01 18:00:30", "2026-11-01T16:00:30Z"),
            ("2026-11-01T18:00:00Z", "2026-11-01T18:00:00Z"),
            ("24h", "2026-11-09T12:00:00Z"),
            ("2 d", "2026-11-08T12:00:00Z"),
            ("90m", "2026-11-10T10:30:00Z"),
        ] {
            let since = Since::parse(text).expect(text);
            assert_eq!(
                since.in_zone(now, &zone),
                Some(at.parse().unwrap()),
                "{text}"
            );
        }
        for wrong in ["", "yesterday", "h", "-1h", "1.5h", "2026-13-01", "18:00"] {
            assert_eq!(Since::parse(wrong), None, "{wrong}");
        }
    }

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
