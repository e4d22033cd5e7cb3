//! How programs respell ids: zeros lost, numbers grouped or rounded, days and times made, letters
//! read wrongly.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::moment::{clock, day_of, parts};
use super::normal;
use super::number::{KEPT_DIGITS, Number};

/// Digits from which on programs show a number as a power of ten, where its column is narrow.
const LONG: i64 = 6;
/// The longest text that may be a day that a program has changed, in bytes.
const LONGEST: usize = 40;

/// An id by all that it may stand for: a number by its value, a day, a time, whatever letters, blanks
/// and encoding did to it. Two ids are spellings of one where a name under which the one is kept is
/// among those under which the other is sought.
///
/// Most names are both. They differ where a program may have left something off (digits, a year): what
/// is whole is then found by what is not, and two that are whole stay two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spelling {
    /// Under what it is kept; never nothing.
    pub kept: Vec<String>,
    /// Under what its other spellings are.
    pub sought: Vec<String>,
}

impl Spelling {
    /// What an id may stand for.
    pub fn of(id: &str) -> Self {
        let id = reread(id);
        let bare = unguarded(&id);
        let mut spelling = Self::default();
        for number in Number::all(bare) {
            spelling.add_number(&number);
        }
        if spelling.kept.is_empty() && bare.len() <= LONGEST {
            spelling.add_moment(bare);
        }
        if spelling.kept.is_empty() {
            spelling.add(bare.to_owned());
        }
        spelling
    }

    /// What most spellings of one id share, for where one name has to do.
    pub fn value(&self) -> &str {
        &self.kept[0]
    }

    /// Whether another id may be this one.
    pub fn may_be(&self, other: &Self) -> bool {
        self.kept.iter().any(|name| other.sought.contains(name))
    }

    fn add(&mut self, name: String) {
        self.kept.push(name.clone());
        self.sought.push(name);
    }

    /// Adds a name that what is whole shares with what lacks a part, and with nothing that is whole.
    fn add_part(&mut self, name: &str, lacks_a_part: bool) {
        let (own, other) = if lacks_a_part {
            ("part", "whole")
        } else {
            ("whole", "part")
        };
        self.kept.push(format!("{own} {name}"));
        self.sought.push(format!("{other} {name}"));
    }

    fn add_number(&mut self, number: &Number) {
        self.add(number.name(usize::MAX));
        if number.is_power || number.point >= LONG {
            self.add_part(&number.name(0), number.is_power);
        }
        if !number.is_power && number.point > KEPT_DIGITS as i64 {
            self.add_part(
                &number.name(KEPT_DIGITS),
                number.digits.len() <= KEPT_DIGITS,
            );
        }
        // Programs count days from the end of 1899, and a time is a part of a day.
        let Some(days) = number.as_days() else { return };
        let seconds = days.fract() * 86_400.0;
        if (seconds - seconds.round()).abs() > 0.05 {
            return;
        }
        let seconds = seconds.round() as u32;
        let day = date(1899, 12, 30).checked_add((days as i64).days());
        match day {
            Ok(day) if days >= 1.0 => self.add_day(day, seconds),
            _ => self.add(time(seconds)),
        }
    }

    /// Adds what a text may say of days and of the time.
    fn add_moment(&mut self, text: &str) {
        if let Some(seconds) = clock(text) {
            self.add(time(seconds));
            return;
        }
        let colon = text.find(':');
        let (day, seconds) = match colon.and_then(|colon| text[..colon].rfind([' ', 't'])) {
            Some(at) => (&text[..at], clock(&text[at + 1..])),
            None => (text, Some(0)),
        };
        let (Some(seconds), Some((month, numbers))) = (seconds, parts(day)) else {
            return;
        };
        // Each as year, month, day. A month becomes its first day.
        let readings = match (month, numbers.as_slice()) {
            (Some(m), &[n]) => vec![(None, m, Some(n)), (Some(n), m, None)],
            (Some(m), &[a, b]) => vec![(Some(b), m, Some(a)), (Some(a), m, Some(b))],
            (None, &[a, b]) => {
                let both = [(a, b), (b, a)];
                let both = both.map(|(m, n)| [(None, m, Some(n)), (Some(n), m, None)]);
                both.concat()
            }
            (None, &[a, b, c]) => vec![
                (Some(c), b, Some(a)),
                (Some(c), a, Some(b)),
                (Some(a), b, Some(c)),
            ],
            _ => Vec::new(),
        };
        for (year, month, day) in readings {
            // Any leap year does where none is said.
            let Some(date) = day_of(year.unwrap_or(0), month, day.unwrap_or(1)) else {
                continue;
            };
            let of_a_year = of_a_year(date, seconds);
            match (year, day) {
                (None, _) => {
                    self.add_part(&of_a_year, true);
                    self.add(of_a_year);
                }
                (Some(_), None) => self.add(moment(date, seconds)),
                (Some(_), Some(_)) => self.add_day(date, seconds),
            }
        }
    }

    fn add_day(&mut self, day: Date, seconds: u32) {
        self.add(moment(day, seconds));
        self.add_part(&of_a_year(day, seconds), false);
    }
}

fn moment(day: Date, seconds: u32) -> String {
    format!("@{day}{}", time(seconds))
}

fn of_a_year(day: Date, seconds: u32) -> String {
    format!("@{}-{}{}", day.month(), day.day(), time(seconds))
}

fn time(seconds: u32) -> String {
    format!("T{seconds}")
}

/// The normal form of an id, read with the right encoding. That comes first: a wrong one makes
/// blanks and capitals of the bytes.
pub(super) fn reread(id: &str) -> String {
    normal::reread(id).map_or_else(|| normal::id(id), |read| normal::id(&read))
}

/// Without what keeps a spreadsheet program from reading a number: `'0012`, `="0012"`.
pub(super) fn unguarded(id: &str) -> &str {
    let formula = id
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'));
    formula.unwrap_or_else(|| id.strip_prefix('\'').unwrap_or(id))
}

#[cfg(test)]
mod tests {
    use super::super::cause::SpellingCause;
    use super::*;

    fn are_one(a: &str, b: &str) -> bool {
        let (a, b) = (Spelling::of(a), Spelling::of(b));
        assert_eq!(a.may_be(&b), b.may_be(&a), "{a:?} {b:?}");
        a.may_be(&b)
    }

    #[test]
    fn spellings_of_one_id_are_one_and_have_their_cause() {
        for (old, new, cause) in [
            ("0012345", "12345", SpellingCause::LeadingZeros),
            ("12345", "0012345", SpellingCause::LeadingZeros),
            ("120", "120.0", SpellingCause::Number),
            ("120", "120,00", SpellingCause::Number),
            ("0012345", "12345.0", SpellingCause::Number),
            ("1E5", "100000", SpellingCause::Rounded),
            ("401234567890123", "4.01235E+14", SpellingCause::Rounded),
            ("401234567890123", "4.01e14", SpellingCause::Rounded),
            ("4.01235E+14", "401234567890123", SpellingCause::Rounded),
            ("3-12", "12-Mar", SpellingCause::Date),
            ("3-12", "03-Dec", SpellingCause::Date),
            ("3/12", "12/3/2026", SpellingCause::Date),
            ("12-Mar", "3-12", SpellingCause::Date),
            ("3-12", "2026-03-12", SpellingCause::Date),
            ("SEP2", "2-Sep", SpellingCause::Date),
            ("M\u{fc}ller", "M\u{c3}\u{bc}ller", SpellingCause::Encoding),
            ("M\u{c3}\u{bc}ller", "M\u{fc}ller", SpellingCause::Encoding),
            ("abc-1", "ABC-1", SpellingCause::Case),
            ("'0012", "12", SpellingCause::Number),
            ("1234", "1,234", SpellingCause::Number),
            ("1234", "1.234", SpellingCause::Number),
            ("1234", "1 234", SpellingCause::Number),
            ("1234567", "1'234'567", SpellingCause::Number),
            (
                "1234567",
                "1\u{2019}234\u{2019}567,00",
                SpellingCause::Number,
            ),
            ("1234567", "12,34,567", SpellingCause::Number),
            ("1234.5", "1,234.50", SpellingCause::Number),
            ("1,234", "1.234", SpellingCause::Number),
            ("5%", "0.05", SpellingCause::Number),
            ("12345678", "1.23E+07", SpellingCause::Rounded),
            (
                "4012345678901234567",
                "4012345678901230000",
                SpellingCause::Rounded,
            ),
            ("4012345678901234567", "4.01235E+18", SpellingCause::Rounded),
            ("2025-12-01", "45992", SpellingCause::Date),
            ("2025-12-01", "45992.0", SpellingCause::Date),
            ("2025-12-01", "01/12/2025", SpellingCause::Date),
            ("2025-12-01", "12/1/2025", SpellingCause::Date),
            ("2025-12-01", "1.12.25", SpellingCause::Date),
            ("2025-12-01", "25/12/01", SpellingCause::Date),
            ("2025-12-01", "1-Dec-25", SpellingCause::Date),
            ("2025-12-01", "December 1, 2025", SpellingCause::Date),
            ("2025-12-01", "2025-12-01 00:00:00", SpellingCause::Date),
            ("2025-12-01", "2025-12-01T00:00:00", SpellingCause::Date),
            ("01/12/2025", "45992", SpellingCause::Date),
            ("2025-12", "Dec-25", SpellingCause::Date),
            ("2025-12", "45992", SpellingCause::Date),
            ("2025-12", "2025-12-01", SpellingCause::Date),
            ("3-12", "46093", SpellingCause::Date),
            ("March3", "3-Mar", SpellingCause::Date),
            ("2025-12-01 9:30", "45992.3958333333", SpellingCause::Date),
            ("2025-12-01 9:30", "12/1/2025 9:30 AM", SpellingCause::Date),
            ("09:30", "09:30:00", SpellingCause::Date),
            ("9:30", "9:30 am", SpellingCause::Date),
            ("21:30", "9:30:00 PM", SpellingCause::Date),
            ("12:00", "0.5", SpellingCause::Date),
            ("09:30", "0.395833333333333", SpellingCause::Date),
        ] {
            assert!(are_one(old, new), "{old} {new}");
            assert_eq!(SpellingCause::of(old, new), cause, "{old} {new}");
        }
        assert_eq!(
            SpellingCause::of("SKU 12", "SKU-12"),
            SpellingCause::Punctuation
        );
        assert_eq!(
            SpellingCause::of("SKU-12", "SKU-21"),
            SpellingCause::Corrected
        );
    }

    #[test]
    fn different_ids_stay_different() {
        for (a, b) in [
            ("12345", "12346"),
            ("401234567890123", "401234567890999"),
            ("4.01235E+14", "4.01236E+14"),
            ("120", "1200"),
            ("0.5", "0.05"),
            ("1.5", "15"),
            ("12", "-12"),
            ("3-12", "3-13"),
            ("LST-3", "LST-12"),
            ("A1", "A01"),
            ("", "0"),
            ("40-50", "50-40"),
            ("1.23", "123"),
            ("1234", "12,34"),
            ("0,123", "123"),
            ("1,2345", "12345"),
            ("4012345678901234567", "4012345678901234999"),
            ("2024-12-01", "2025-12-01"),
            ("2025-12-01", "2025-01-12"),
            ("45992", "46357"),
            ("45992", "45993"),
            ("2025-12-01", "45993"),
            ("3-1", "3-12"),
            ("3-1", "Mar-12"),
            ("2025-12-01", "2025-12-01 09:30"),
            ("09:30", "21:30"),
            ("9:30", "9-30"),
            ("LIST-5", "5-Nov"),
            ("MARBLE-3", "MARS-3"),
        ] {
            assert!(!are_one(a, b), "{a} {b}");
        }
    }
}
