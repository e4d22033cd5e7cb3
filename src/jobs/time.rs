//! RFC 3339 times, as this tool and the vendor write them; the rest is jiff's.

/// Where time ends: 9999-01-01T00:00:00Z, in milliseconds since 1970. A later one is not a time. It is
/// what programs write that know none, and nothing could be later than the last time there is.
pub(super) const HORIZON: i64 = 253_370_764_800_000;

/// Milliseconds since 1970 of an RFC 3339 time; `None` from the [`HORIZON`] on.
pub(super) fn parse_millis(text: &str) -> Option<i64> {
    plain_millis(text.as_bytes()).or_else(|| {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_millisecond)
            .filter(|at| *at < HORIZON)
    })
}

/// The same for the form in which this tool and the vendor write times: `2026-03-12T09:22:18Z`,
/// with or without three digits of a second.
fn plain_millis(text: &[u8]) -> Option<i64> {
    let (text, fraction) = match text.len() {
        20 => (text.strip_suffix(b"Z")?, &b"000"[..]),
        24 => {
            let (text, fraction) = text.strip_suffix(b"Z")?.split_at(19);
            (text, fraction.strip_prefix(b".")?)
        }
        _ => return None,
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0i64, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let marks = [text[4], text[7], text[10], text[13], text[16]];
    let (year, month, day) = (
        number(&text[..4])?,
        number(&text[5..7])?,
        number(&text[8..10])?,
    );
    let (hour, minute, second) = (
        number(&text[11..13])?,
        number(&text[14..16])?,
        number(&text[17..19])?,
    );
    // Days that not every month has, leap seconds and other centuries are left to jiff.
    let is_plain = marks == *b"--T::"
        && (1970..2100).contains(&year)
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_plain {
        return None;
    }
    // Years are counted from March, so that a leap day is a year's last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days_of_years = year * 365 + year / 4 - year / 100 + year / 400;
    let days = days_of_years + (month * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1000 + number(fraction)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_library_writes_them() {
        let last = "2100-03-02T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
        for millis in (-5_000_000..last.as_millisecond()).step_by(39_000_017) {
            let at = jiff::Timestamp::from_millisecond(millis).unwrap();
            let written = format!("{at:.3}");
            assert_eq!(parse_millis(&written), Some(millis), "{written}");
        }
    }

    #[test]
    fn the_year_9999_is_no_time() {
        let last = "9998-12-31T23:59:59.999Z";
        assert_eq!(parse_millis(last), Some(HORIZON - 1));
        for none in [
            "9999-01-01T00:00:00Z",
            "9999-12-30T22:00:00.999Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(parse_millis(none), None, "{none}");
        }
    }

    #[test]
    fn plain_times_are_what_the_library_says_they_are() {
        for hours in (0..1_100_000i64).step_by(911) {
            let time = jiff::Timestamp::from_second(hours * 3607).unwrap();
            for text in [format!("{time}"), format!("{time:.3}")] {
                if let Some(millis) = plain_millis(text.as_bytes()) {
                    assert_eq!(millis, time.as_millisecond(), "{text}");
                }
            }
        }
        for odd in [
            "2026-02-30T00:00:00Z",
            "2026-03-12T24:00:00Z",
            "2026-03-12 09:22:18Z",
            "2026-03-12T09:22:18.1z",
            "2026-03-12T09:22:60Z",
            "2026-03-12T09:2x:18Z",
        ] {
            assert_eq!(plain_millis(odd.as_bytes()), None, "{odd}");
        }
    }
}
