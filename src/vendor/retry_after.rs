//! How long a server asks to wait.

use std::time::{Duration, SystemTime};

/// The longest wait that is believed: one day.
pub const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a `Retry-After` header: seconds (a decimal fraction is let pass), or an HTTP date.
///
/// A date is measured against the reply's own `Date`, since the two clocks may differ; without a
/// readable one against `now`. A date that has passed means no wait; a wait is capped at
/// [`MAX_WAIT`]; what is neither is `None`.
pub fn parse_retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = if value.starts_with(|c: char| c.is_ascii_digit()) {
        seconds(value)?
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        let from = date
            .and_then(|date| httpdate::parse_http_date(date.trim()).ok())
            .unwrap_or(now);
        until.duration_since(from).unwrap_or_default()
    };
    Some(wait.min(MAX_WAIT))
}

/// Digits with at most one point among them; an exponent is none of HTTP's.
fn seconds(text: &str) -> Option<Duration> {
    if !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let seconds: f64 = text.parse().ok()?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "Thu, 12 Mar 2026 09:20:00 GMT";

    fn wait(value: &str, date: Option<&str>) -> Option<Duration> {
        let now = httpdate::parse_http_date("Thu, 12 Mar 2026 09:19:50 GMT").unwrap();
        parse_retry_after(value, date, now)
    }

    #[test]
    fn seconds_are_read() {
        for (value, seconds) in [("0", 0.0), ("5", 5.0), (" 120 ", 120.0), ("1.5", 1.5)] {
            assert_eq!(
                wait(value, None),
                Some(Duration::from_secs_f64(seconds)),
                "{value}"
            );
        }
    }

    #[test]
    fn a_date_is_measured_against_the_replys_own() {
        let later = "Thu, 12 Mar 2026 09:20:30 GMT";
        assert_eq!(wait(later, Some(DATE)), Some(Duration::from_secs(30)));
        assert_eq!(wait(later, None), Some(Duration::from_secs(40)));
        assert_eq!(wait(later, Some("today")), Some(Duration::from_secs(40)));
        let old_style = "Thursday, 12-Mar-26 09:20:30 GMT";
        assert_eq!(wait(old_style, Some(DATE)), Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_date_that_has_passed_means_no_wait() {
        let past = "Thu, 12 Mar 2026 09:00:00 GMT";
        assert_eq!(wait(past, Some(DATE)), Some(Duration::ZERO));
    }

    #[test]
    fn a_wait_is_capped_at_a_day() {
        let far = "Fri, 31 Dec 9999 23:59:59 GMT";
        for value in ["86401", "99999999999999999999999999", far] {
            assert_eq!(wait(value, Some(DATE)), Some(MAX_WAIT), "{value}");
        }
    }

    #[test]
    fn nonsense_is_none() {
        for value in [
            "",
            " ",
            "soon",
            "-1",
            "+5",
            "1e3",
            "1.2.3",
            ".",
            "5s",
            "inf",
            "NaN",
            "0x10",
            "Thu, 32 Mar 2026 09:20:30 GMT",
        ] {
            assert_eq!(wait(value, Some(DATE)), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_or_exceeds_the_cap(value: String, date: Option<String>) {
            let wait = parse_retry_after(&value, date.as_deref(), SystemTime::UNIX_EPOCH);
            prop_assert!(wait.is_none_or(|wait| wait <= MAX_WAIT));
        }

        #[test]
        fn nothing_like_a_date_panics(
            value in "(Mon|Thu|Sunday)?,? ?[0-9]{1,2}[ -](Feb|Mar|Dec)[ -][0-9]{1,4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
        ) {
            let _ = parse_retry_after(&value, Some(&value), SystemTime::UNIX_EPOCH);
        }

        #[test]
        fn nothing_like_a_number_panics(value in "[0-9]{1,400}(\\.[0-9]{0,30})?") {
            prop_assert!(parse_retry_after(&value, None, SystemTime::UNIX_EPOCH).is_some());
        }
    }
}
