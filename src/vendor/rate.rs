//! `--rate`: how fast requests may start.

use std::str::FromStr;
use std::time::Duration;

/// Requests per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval: Duration,
}

/// What was given as a rate is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rate; give a number per second or minute, such as 5/s or 30/min")]
pub struct RateError(String);

impl Rate {
    /// Reads `5/s` or `30/min`; the number may have a fraction.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        let read = || {
            let (number, unit) = text.split_once('/')?;
            let number = number.trim();
            if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                return None;
            }
            let number: f64 = number.parse().ok()?;
            let seconds = match unit.trim().to_ascii_lowercase().as_str() {
                "s" | "sec" => 1.0,
                "min" | "m" => 60.0,
                _ => return None,
            };
            let interval = Duration::try_from_secs_f64(seconds / number).ok()?;
            // Beyond this it is a typing error: a request a day, a million a second.
            (Duration::from_micros(1)..=Duration::from_secs(86_400))
                .contains(&interval)
                .then_some(Self { interval })
        };
        read().ok_or_else(|| RateError(text.to_owned()))
    }

    /// Time between two requests.
    pub const fn interval(self) -> Duration {
        self.interval
    }
}

impl FromStr for Rate {
    type Err = RateError;
    fn from_str(text: &str) -> Result<Self, RateError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        for (text, millis) in [
            ("5/s", 200),
            ("30/min", 2_000),
            ("0.5/s", 2_000),
            (" 1 / MIN ", 60_000),
        ] {
            assert_eq!(
                Rate::parse(text).unwrap().interval(),
                Duration::from_millis(millis),
                "{text}"
            );
        }
        for bad in [
            "",
            "5",
            "/s",
            "0/s",
            "-1/s",
            "+1/s",
            "5/h",
            "inf/s",
            "1e3/s",
            "1.2.3/s",
            "9999999999/s",
            "0.0000001/min",
        ] {
            let error = Rate::parse(bad).unwrap_err();
            assert!(error.to_string().contains("5/s"), "{bad}");
        }
    }
}
