//! Numbers, times and sizes as people read them.

use jiff::Timestamp;

/// `1 clip`, `1,200 clips`. An `s` makes the plural.
pub fn count(n: u64, thing: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {thing}{s}", number(n))
}

/// `1 row asks`, `1,200 rows ask`.
pub fn counted(n: u64, one: &str, several: &str) -> String {
    format!("{} {}", number(n), choose(n, one, several))
}

/// `3 ready, 2 rendering`: counts that are not zero, with their words.
pub fn listed<'a>(counts: impl IntoIterator<Item = (u64, &'a str)>) -> String {
    let counts = counts.into_iter().filter(|(n, _)| *n > 0);
    let parts: Vec<String> = counts
        .map(|(n, words)| format!("{} {words}", number(n)))
        .collect();
    parts.join(", ")
}

/// The word for one thing, or the one for several.
pub fn choose<'a>(n: u64, one: &'a str, several: &'a str) -> &'a str {
    if n == 1 { one } else { several }
}

/// A sentence about `n` things: `#` stands for the number, `[clip is|clips are]` for what agrees with it.
pub fn agreeing(n: u64, sentence: &str) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('[')
        && let Some((forms, after)) = after.split_once(']')
        && let Some((one, several)) = forms.split_once('|')
    {
        text.extend([before, choose(n, one, several)]);
        rest = after;
    }
    (text + rest).replace('#', &number(n))
}

/// `1,200`.
pub fn number(n: u64) -> String {
    group_digits(&n.to_string())
}

/// Digits with a comma between thousands.
pub(crate) fn group_digits(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How long ago `then` was: `just now`, `40 s ago`, `2 min ago`, `3 h ago`, `5 days ago`, then
/// the day.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    match now.duration_since(then).as_secs() {
        // A clock that is a little ahead is not news.
        ..10 => "just now".to_owned(),
        seconds @ ..60 => format!("{seconds} s ago"),
        seconds @ ..3_600 => format!("{} min ago", seconds / 60),
        seconds @ ..86_400 => format!("{} h ago", seconds / 3_600),
        seconds @ ..172_800 => format!("{} day ago", seconds / 86_400),
        seconds @ ..2_592_000 => format!("{} days ago", seconds / 86_400),
        _ => day(then),
    }
}

/// `2026-03-12`, as everywhere in UTC.
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// `2026-03-12 09:22:18 UTC`: a time for a person, by the clock of this computer.
#[cfg(all(feature = "cli", not(test)))]
pub fn moment(at: Timestamp) -> String {
    moment_in(at, jiff::tz::TimeZone::system())
}

/// `2026-03-12 09:22:18 UTC`: what embeds the library has no computer's time zone. Unit tests
/// have the same one on every computer.
#[cfg(any(not(feature = "cli"), test))]
pub fn moment(at: Timestamp) -> String {
    moment_in(at, jiff::tz::TimeZone::UTC)
}

/// `2026-03-12 09:22:18 UTC`, wherever the computer is.
pub fn moment_utc(at: Timestamp) -> String {
    moment_in(at, jiff::tz::TimeZone::UTC)
}

fn moment_in(at: Timestamp, zone: jiff::tz::TimeZone) -> String {
    at.to_zoned(zone)
        .strftime("%Y-%m-%d %H:%M:%S %Z")
        .to_string()
}

/// How long something takes: `40 s`, `2 min`, `2 min 30 s`, `3 h 5 min`.
pub fn duration(seconds: u64) -> String {
    let two = |a: u64, unit: &str, b: u64, small: &str| match b {
        0 => format!("{a} {unit}"),
        b => format!("{a} {unit} {b} {small}"),
    };
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        _ => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
    }
}

/// `12 bytes`, `1.5 MB`: in thousands, as disks are sold.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if n < 1000 {
        return count(n, "byte");
    }
    let mut size = n as f64 / 1000.0;
    let mut unit = 0;
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// `1st`, `2nd`, `13th`.
pub fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_agrees_with_its_number() {
        let sentence = "# [clip is|clips are] ready; [it|they] can be fetched.";
        for (n, expected) in [
            (1, "1 clip is ready; it can be fetched."),
            (1_200, "1,200 clips are ready; they can be fetched."),
        ] {
            assert_eq!(agreeing(n, sentence), expected);
        }
        assert_eq!(agreeing(2, "[x] # [a|b"), "[x] 2 [a|b");
    }

    #[test]
    fn numbers_are_grouped_and_agree_with_their_noun() {
        assert_eq!(count(0, "clip"), "0 clips");
        assert_eq!(count(1, "clip"), "1 clip");
        assert_eq!(count(1_234_567, "clip"), "1,234,567 clips");
    }

    #[test]
    fn the_past_is_reported_in_the_largest_fitting_unit() {
        let now: Timestamp = "2026-03-12T12:00:00Z".parse().unwrap();
        for (then, words) in [
            ("2026-03-12T12:05:00Z", "just now"),
            ("2026-03-12T11:59:55Z", "just now"),
            ("2026-03-12T11:59:20Z", "40 s ago"),
            ("2026-03-12T11:57:59Z", "2 min ago"),
            ("2026-03-12T09:00:00Z", "3 h ago"),
            ("2026-03-11T11:00:00Z", "1 day ago"),
            ("2026-03-07T12:00:00Z", "5 days ago"),
            ("2025-03-07T12:00:00Z", "2025-03-07"),
        ] {
            assert_eq!(ago(now, then.parse().unwrap()), words);
        }
    }

    #[test]
    fn durations_and_sizes_have_two_figures_at_most() {
        assert_eq!(duration(40), "40 s");
        assert_eq!(duration(150), "2 min 30 s");
        assert_eq!(duration(3_600), "1 h");
        assert_eq!(duration(11_100), "3 h 5 min");
        assert_eq!(bytes(12), "12 bytes");
        assert_eq!(bytes(1_500_000), "1.5 MB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(u64::MAX), "18446744.1 TB");
    }
}
