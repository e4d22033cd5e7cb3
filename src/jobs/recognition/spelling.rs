//! How programs spell ids anew: zeros lost, numbers rounded, dates made, letters read wrongly.

use std::fmt;

use super::normal;

/// Digits from which on spreadsheet programs show a number as a power of ten.
const LONG: usize = 12;
/// A longer text is not a number that a program has changed.
const LONGEST: usize = 40;

/// An id by what it stands for: a number by its value, a day by its month and number, whatever
/// letters, blanks and encoding did to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// What spellings of one id share.
    pub value: String,
    /// Where it may also be another one's rounding: the name under which it is kept for that, and
    /// the one under which its counterparts are.
    pub rounded: Option<(String, String)>,
}

impl Spelling {
    /// What an id stands for.
    pub fn of(id: &str) -> Self {
        let id = reread(id);
        let bare = unguarded(&id);
        if let Some(number) = Number::parse(bare) {
            return number.spelling();
        }
        let value = day(bare).unwrap_or_else(|| bare.to_owned());
        Self {
            value,
            rounded: None,
        }
    }
}

/// The normal form of an id, read with the right encoding. That comes first: a wrong one makes
/// blanks and capitals of the bytes.
fn reread(id: &str) -> String {
    normal::reread(id).map_or_else(|| normal::id(id), |read| normal::id(&read))
}

/// Without what keeps a spreadsheet program from reading a number: `'0012`, `="0012"`.
fn unguarded(id: &str) -> &str {
    let formula = id
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'));
    formula.unwrap_or_else(|| id.strip_prefix('\'').unwrap_or(id))
}

/// A number as it is written.
struct Number<'a> {
    is_negative: bool,
    /// Digits before the point, without leading zeros.
    whole: &'a str,
    /// Digits behind it, without trailing zeros.
    fraction: &'a str,
    exponent: Option<i32>,
}

impl<'a> Number<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent.parse().ok()?)),
            None => (text, None),
        };
        let (is_negative, digits) = match mantissa.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
        let are_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let fits = !whole.is_empty()
            && text.len() <= LONGEST
            && are_digits(whole)
            && are_digits(fraction)
            && !digits.ends_with(['.', ',']);
        fits.then(|| Self {
            is_negative,
            whole: whole.trim_start_matches('0'),
            fraction: fraction.trim_end_matches('0'),
            exponent,
        })
    }

    fn spelling(&self) -> Spelling {
        let sign = if self.is_negative { "-" } else { "" };
        let mut digits = format!("{}{}", self.whole, self.fraction);
        let exponent = self.exponent.unwrap_or(0);
        let point = i64::try_from(self.whole.len()).unwrap_or(0) + i64::from(exponent);
        // The digits may begin with zeros behind the point.
        let zeros = digits.len() - digits.trim_start_matches('0').len();
        digits.drain(..zeros);
        let digits = digits.trim_end_matches('0');
        let point = point - zeros as i64;
        let value = match digits {
            "" => "#0".to_owned(),
            // The value as digits and the place of the point: `12345` and `12345.0` are `#12345~5`.
            digits => format!("#{sign}{digits}~{point}"),
        };
        let power = format!("{sign}{point}");
        let rounded = (point >= LONG as i64).then(|| match self.exponent {
            Some(_) => (format!("#rounded~{power}"), format!("#exact~{power}")),
            None => (format!("#exact~{power}"), format!("#rounded~{power}")),
        });
        Spelling { value, rounded }
    }

    fn value(&self) -> f64 {
        let text = format!(
            "{}.{}e{}",
            self.whole,
            self.fraction,
            self.exponent.unwrap_or(0)
        );
        // Without digits it is zero.
        let text = if text.starts_with('.') {
            format!("0{text}")
        } else {
            text
        };
        text.parse().unwrap_or(0.0)
    }

    /// Whether `exact` is what this one, rounded, was made of.
    fn is_rounded(&self, exact: &Number<'_>) -> bool {
        let Some(exponent) = self.exponent else {
            return false;
        };
        let places = self.fraction.len() as i32;
        let half = 0.5 * 10f64.powi(exponent.saturating_sub(places).clamp(-300, 300));
        (self.value() - exact.value()).abs() <= half * 1.000_001
    }
}

/// The months as programs abbreviate them in dates, in some languages.
const MONTHS: [(&str, u32); 25] = [
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("apr", 4),
    ("abr", 4),
    ("avr", 4),
    ("may", 5),
    ("mai", 5),
    ("jun", 6),
    ("juin", 6),
    ("jul", 7),
    ("juil", 7),
    ("aug", 8),
    ("ago", 8),
    ("aoû", 8),
    ("sep", 9),
    ("set", 9),
    ("oct", 10),
    ("okt", 10),
    ("out", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
];

/// Two numbers that a spreadsheet program takes for a day and a month, whichever comes first, or a
/// month and a year; a year beside both is left out.
fn day(id: &str) -> Option<String> {
    if id.len() > 12 {
        return None;
    }
    let mut numbers = Vec::new();
    let mut months = Vec::new();
    for part in parts(id) {
        match part.parse::<u32>() {
            Ok(number) => numbers.push(number),
            Err(_) => months.push(month(part)?),
        }
    }
    let is_year = |number: u32| number > 31;
    match (months.as_slice(), numbers.as_slice()) {
        ([month], [number]) => Some(pair(*month, *number)),
        // A day, a month's name, a year.
        ([month], [day, _]) => Some(pair(*month, *day)),
        ([], &[a, b]) if (1..=12).contains(&a) || (1..=12).contains(&b) => Some(pair(a, b)),
        ([], &[year, a, b]) if is_year(year) && !is_year(a) && !is_year(b) => Some(pair(a, b)),
        ([], &[a, b, _]) if !is_year(a) && !is_year(b) => Some(pair(a, b)),
        _ => None,
    }
}

fn pair(a: u32, b: u32) -> String {
    format!("@{}-{}", a.min(b), a.max(b))
}

/// Runs of digits and of letters. Everything else parts them.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['-', '/', '.', ' ']);
        let first = rest.chars().next()?;
        let same = |c: char| c.is_ascii_digit() == first.is_ascii_digit() && !"-/. ".contains(c);
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        rest = behind;
        Some(part)
    })
}

fn month(name: &str) -> Option<u32> {
    let is_meant = |known: &str| name == known || (name.len() <= 9 && name.starts_with(known));
    MONTHS
        .into_iter()
        .rfind(|(known, _)| is_meant(known))
        .map(|(_, month)| month)
}

/// Why an id is likely to be spelt as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// `0012345` became `12345`, or the reverse.
    LeadingZeros,
    /// `120` became `120.0`.
    Number,
    /// `401234567890123` became `4.01235E+14`.
    Rounded,
    /// `3-12` became `12-Mar`.
    Date,
    /// `Müller` became `MÃ¼ller`.
    Encoding,
    /// Letters of another case, or signs that cannot be seen.
    Case,
    /// Other blanks or punctuation.
    Punctuation,
    /// Nothing that a program does: someone corrected it.
    Corrected,
}

impl Cause {
    /// Why `old` is likely to have become `new`.
    pub fn of(old: &str, new: &str) -> Self {
        if normal::id(old) == normal::id(new) {
            return Self::Case;
        }
        let were_misread = normal::reread(old).is_some() || normal::reread(new).is_some();
        let (old, new) = (reread(old), reread(new));
        if were_misread && old == new {
            return Self::Encoding;
        }
        let numbers = (
            Number::parse(unguarded(&old)),
            Number::parse(unguarded(&new)),
        );
        if let (Some(before), Some(after)) = &numbers {
            if before.is_rounded(after) || after.is_rounded(before) {
                return Self::Rounded;
            }
            if before.spelling().value == after.spelling().value {
                let is_whole = |id: &str| id.bytes().all(|b| b.is_ascii_digit());
                let whole = is_whole(&old) && is_whole(&new);
                return if whole {
                    Self::LeadingZeros
                } else {
                    Self::Number
                };
            }
        }
        let bare = |id: &str| {
            id.chars()
                .filter(|c| c.is_alphanumeric())
                .collect::<String>()
        };
        if day(&old).is_some() && day(&old) == day(&new) {
            Self::Date
        } else if bare(&old) == bare(&new) && !bare(&old).is_empty() {
            Self::Punctuation
        } else {
            Self::Corrected
        }
    }

    /// One word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeadingZeros => "leading_zeros",
            Self::Number => "number",
            Self::Rounded => "rounded",
            Self::Date => "date",
            Self::Encoding => "encoding",
            Self::Case => "case",
            Self::Punctuation => "punctuation",
            Self::Corrected => "corrected",
        }
    }

    /// Whether a spreadsheet program does that by itself.
    pub const fn is_spreadsheets(self) -> bool {
        matches!(
            self,
            Self::LeadingZeros | Self::Number | Self::Rounded | Self::Date
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeadingZeros => "a spreadsheet program may have removed the leading zeros",
            Self::Number => "a spreadsheet program may have turned the id into a number",
            Self::Rounded => "a spreadsheet program may have rounded the long number",
            Self::Date => "a spreadsheet program may have turned the id into a date",
            Self::Encoding => "the sheet may have been read with the wrong --encoding",
            Self::Case => "only letter case or invisible characters differ",
            Self::Punctuation => "only blanks or punctuation differ",
            Self::Corrected => "the id may have been corrected",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_one(a: &str, b: &str) -> bool {
        let (a, b) = (Spelling::of(a), Spelling::of(b));
        let is_kept = |a: &Spelling, b: &Spelling| match (&a.rounded, &b.rounded) {
            (Some((kept, _)), Some((_, sought))) => kept == sought,
            _ => false,
        };
        a.value == b.value || is_kept(&a, &b) || is_kept(&b, &a)
    }

    #[test]
    fn spellings_of_one_id_are_one_and_have_their_cause() {
        for (old, new, cause) in [
            ("0012345", "12345", Cause::LeadingZeros),
            ("12345", "0012345", Cause::LeadingZeros),
            ("120", "120.0", Cause::Number),
            ("120", "120,00", Cause::Number),
            ("0012345", "12345.0", Cause::Number),
            ("1E5", "100000", Cause::Rounded),
            ("401234567890123", "4.01235E+14", Cause::Rounded),
            ("401234567890123", "4.01e14", Cause::Rounded),
            ("4.01235E+14", "401234567890123", Cause::Rounded),
            ("3-12", "12-Mar", Cause::Date),
            ("3-12", "03-Dec", Cause::Date),
            ("3/12", "12/3/2026", Cause::Date),
            ("12-Mar", "3-12", Cause::Date),
            ("3-12", "2026-03-12", Cause::Date),
            ("SEP2", "2-Sep", Cause::Date),
            ("M\u{fc}ller", "M\u{c3}\u{bc}ller", Cause::Encoding),
            ("M\u{c3}\u{bc}ller", "M\u{fc}ller", Cause::Encoding),
            ("abc-1", "ABC-1", Cause::Case),
            ("'0012", "12", Cause::Number),
        ] {
            assert!(are_one(old, new), "{old} {new}");
            assert_eq!(Cause::of(old, new), cause, "{old} {new}");
        }
        assert_eq!(Cause::of("SKU 12", "SKU-12"), Cause::Punctuation);
        assert_eq!(Cause::of("SKU-12", "SKU-21"), Cause::Corrected);
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
        ] {
            assert!(!are_one(a, b), "{a} {b}");
        }
    }
}
