//! How fast a run goes.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::output::words;

/// How fast it goes, and how long it will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    per_second: f64,
    left: Option<Duration>,
}

impl Pace {
    /// `done` of `total` took `elapsed`. `None` while there is nothing to go by.
    pub fn of(done: u64, total: Option<u64>, elapsed: Duration) -> Option<Self> {
        // The first moments say nothing about the rest.
        if done == 0 || elapsed < Duration::from_millis(500) {
            return None;
        }
        let per_second = done as f64 / elapsed.as_secs_f64();
        let left = total.map(|total| total.saturating_sub(done) as f64 / per_second);
        Some(Self {
            per_second,
            left: left.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        })
    }
}

impl Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per_second {
            rate if rate >= 10.0 => write!(f, "{}/s", words::number(rate.round() as u64))?,
            rate if rate >= 1.0 => write!(f, "{rate:.1}/s")?,
            rate => write!(f, "{:.1}/min", rate * 60.0)?,
        }
        match self.left {
            Some(left) if left.as_secs() > 0 => {
                write!(f, ", {} left", words::duration(rough(left.as_secs())))
            }
            _ => Ok(()),
        }
    }
}

/// Seconds of a long time say more than anybody knows.
const fn rough(seconds: u64) -> u64 {
    match seconds {
        ..120 => seconds,
        120..600 => seconds / 10 * 10,
        _ => seconds / 60 * 60,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_the_average_and_the_rest_follows_from_it() {
        let ten = Duration::from_secs(10);
        let pace = Pace::of(50, Some(200), ten).unwrap();
        assert_eq!(pace.left, Some(Duration::from_secs(30)));
        assert_eq!(pace.to_string(), "5.0/s, 30 s left");
        assert_eq!(Pace::of(50, None, ten).unwrap().to_string(), "5.0/s");
        assert_eq!(
            Pace::of(1, Some(20), ten).unwrap().to_string(),
            "6.0/min, 3 min 10 s left"
        );
        assert_eq!(
            Pace::of(99_000, Some(99_000), ten).unwrap().to_string(),
            "9,900/s"
        );
    }

    #[test]
    fn nothing_is_promised_before_there_is_anything_to_go_by() {
        assert_eq!(Pace::of(0, Some(5), Duration::from_secs(9)), None);
        assert_eq!(Pace::of(5, Some(50), Duration::from_millis(9)), None);
        // More than expected must not panic.
        let done = Pace::of(9, Some(5), Duration::from_secs(9)).unwrap();
        assert_eq!(done.to_string(), "1.0/s");
    }
}
