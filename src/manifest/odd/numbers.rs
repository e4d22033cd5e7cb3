//! What spreadsheet programs make of ids and texts that look like numbers or dates to them.

use super::words::{Oddity, Purpose};
use crate::jobs::recognition::MONTHS;

/// How an oddity's help ends.
const AS_TEXT: &str = "format the column as text, then write the value again";

/// What is odd about a short text that could be a number or a date.
pub(super) fn find(text: &str, purpose: Purpose) -> Option<Oddity> {
    if is_scientific(text) {
        return Some(Oddity::new(
            "a spreadsheet program shortened a long number, and its last digits are gone",
            "format the column as text (or as a number without decimals), then copy the number \
             from where it came from",
        ));
    }
    // Prose may hold numbers and dates as it likes.
    if purpose == Purpose::Filling {
        return None;
    }
    if let Some(typed) = date_typed(text, purpose) {
        let typed = typed.map_or_else(String::new, |typed| {
            format!("Excel turns {typed} into a date: ")
        });
        return Some(Oddity::new(
            "a spreadsheet program turned this into a date",
            format!("{typed}{AS_TEXT}"),
        ));
    }
    match purpose {
        Purpose::Id => id(text),
        Purpose::Words if has_no_words(text) => Some(Oddity::new(
            "this cell holds no words",
            "write the text, or name the column that holds it with --map",
        )),
        _ => None,
    }
}

/// `1.23457E+12` as programs write it. `1E5` and `12E-4` do not have two exponent digits.
fn is_scientific(text: &str) -> bool {
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return false;
    }
    let Some((digits, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let signed = exponent.strip_prefix(['+', '-']);
    let shortened = signed.is_some_and(|rest| rest.len() >= 2 && all_digits(rest))
        // Programs that write no plus sign write the fraction.
        || digits.len() > whole.len() && all_digits(exponent);
    whole.len() == 1 && all_digits(whole) && all_digits(fraction) && shortened
}

/// Whether a program made a date of `text`, and what was probably typed.
#[expect(clippy::option_option, reason = "what was typed is not always known")]
fn date_typed(text: &str, purpose: Purpose) -> Option<Option<String>> {
    if let Some((day, month)) = day_and_month(text) {
        return Some(match day {
            Some(day) if day <= 12 => Some(format!("{month}-{day} or {day}-{month}")),
            Some(day) => Some(format!("{month}-{day} or {day}/{month}")),
            None => None,
        });
    }
    // Further dates and times begin with a digit.
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (date, time) = text
        .split_once([' ', 'T'])
        .map_or((text, None), |(date, time)| (date, Some(time)));
    let is_time = time.is_none_or(|time| {
        let plain = time.trim_end_matches([' ', 'A', 'P', 'M', 'a', 'p', 'm', 'Z']);
        plain.contains(':')
            && plain
                .bytes()
                .all(|b| b.is_ascii_digit() || b":.".contains(&b))
    });
    let iso = is_date_like(date, '-', [4, 2, 2]);
    let local = ['/', '.']
        .iter()
        .any(|mark| is_date_like(date, *mark, [2, 2, 4]) || is_date_like(date, *mark, [4, 2, 2]));
    // A plain ISO date is an id that people choose.
    let is_chosen = iso && time.is_none() && purpose == Purpose::Id;
    if (iso || local) && is_time && !is_chosen {
        return Some(None);
    }
    let is_clock = purpose == Purpose::Id
        && text.split(':').count() == 3
        && super::super::values::is_clock_time(text);
    is_clock.then_some(None)
}

/// Whether `text` is three numbers of at most so many digits between two marks; four are a year.
fn is_date_like(text: &str, mark: char, digits: [usize; 3]) -> bool {
    let mut parts = text.split(mark);
    let fits = |(part, most): (Option<&str>, &usize)| {
        part.is_some_and(|part| {
            let enough = if *most == 4 { 4 } else { 1 };
            (enough..=*most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let all = digits.iter().all(|most| fits((parts.next(), most)));
    all && parts.next().is_none()
}

/// The day, where there is one, and the month of `12-Mar`, `Mar-12`, `12-Mar-26`, `12. Mrz`. No
/// program writes months in capitals: `12-MAR-01` is an id.
fn day_and_month(text: &str) -> Option<(Option<u8>, usize)> {
    let marks = |c: char| matches!(c, '-' | ' ' | '.' | '/');
    if text.len() > 16 || !text.contains(marks) {
        return None;
    }
    let mut parts = text.split(marks).filter(|part| !part.is_empty());
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let day = |part: &str| part.parse().ok().filter(|day| (1..=31).contains(day));
    let is_year =
        |part: &str| matches!(part.len(), 2 | 4) && part.bytes().all(|b| b.is_ascii_digit());
    match (month(first), month(second), third) {
        (None, Some(month), None) => Some((Some(day(first)?), month)),
        (Some(month), None, None) if is_year(second) => Some((None, month)),
        (None, Some(month), Some(year)) if is_year(year) => Some((day(first).map(Some)?, month)),
        _ => None,
    }
}

/// The number of a month by its short name.
fn month(text: &str) -> Option<usize> {
    let mut letters = text.chars();
    letters.next().filter(|c| c.is_alphabetic())?;
    if letters.any(char::is_uppercase) {
        return None;
    }
    let name = text.to_lowercase();
    let found = MONTHS.iter().position(|names| names.contains(&&*name));
    found.map(|place| place + 1)
}

/// Ids that lost digits, or gained some.
fn id(text: &str) -> Option<Oddity> {
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if let Some(whole) = text.strip_suffix(".0").filter(|whole| is_number(whole))
        && whole.len() >= 4
    {
        return Some(Oddity::new(
            "a program took this id for a number with decimals",
            format!("{AS_TEXT}: {whole}"),
        ));
    }
    if text.len() >= 18 && is_number(text) && text[15..].bytes().all(|b| b == b'0') {
        return Some(Oddity::new(
            "a spreadsheet program keeps 15 digits of a number, and the others became 0",
            "format the column as text, then copy the id from where it came from",
        ));
    }
    text.strip_prefix('\'')
        .filter(|rest| is_number(rest))
        .map(|rest| {
            Oddity::new(
                "the apostrophe that keeps a number as text became part of this id",
                format!("write only {rest}"),
            )
        })
}

/// Whether there is nothing but a number, such as a price.
fn has_no_words(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_numeric() || c.is_ascii_punctuation() || c.is_whitespace())
}
