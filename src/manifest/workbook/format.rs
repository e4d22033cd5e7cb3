//! What a number or a date looks like in its cell, by the cell's number format: `00000` shows 123 as
//! `00123`, `0%` shows 0.5 as `50%`, `d-mmm` shows the 12th of March as `12-Mar`.

use calamine::ExcelDateTime;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A number format, as far as it changes what ids, prompts and settings look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Format {
    /// Its first section, the one for positive numbers; empty for the usual form.
    code: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Shown as it is.
    Literal(String),
    /// `0`, `#` and `?` before and after the decimal point.
    Digits {
        least: usize,
        decimals: Option<usize>,
    },
    Percent,
    /// `d`, `mmm`, `yyyy`, `hh`, `ss`, `AM/PM` in lower case.
    Time(String),
}

impl Format {
    /// Reads a format code. What is not understood shows numbers in their usual form.
    pub fn of(code: Option<&str>) -> Self {
        let code = code.unwrap_or_default();
        if code.eq_ignore_ascii_case("General") || code == "@" {
            return Self::default();
        }
        // What Excel calls the short date follows the computer's language; this is American.
        let code = if code == "mm-dd-yy" { "m/d/yyyy" } else { code };
        Self {
            code: tokens(code).unwrap_or_default(),
        }
    }

    /// What a number looks like.
    pub fn number(&self, number: f64) -> String {
        let digits = self
            .code
            .iter()
            .filter(|t| matches!(t, Token::Digits { .. }));
        let has_time = self.code.iter().any(|t| matches!(t, Token::Time(_)));
        if digits.count() != 1 || has_time {
            return usual(number);
        }
        let percents = self.code.iter().filter(|t| **t == Token::Percent).count();
        let scaled = number.abs() * 100f64.powi(i32::try_from(percents).unwrap_or(0));
        let mut text = String::new();
        if number < 0.0 {
            text.push('-');
        }
        for token in &self.code {
            match token {
                Token::Literal(literal) => text.push_str(literal),
                Token::Percent => text.push('%'),
                Token::Digits { least, decimals } => {
                    let digits = match decimals {
                        Some(decimals) => format!("{scaled:.decimals$}"),
                        // No program shows a fraction here; an id that has one is none.
                        None => format!("{scaled:.0}"),
                    };
                    let whole = digits.split('.').next().unwrap_or_default().len();
                    text.push_str(&"0".repeat(least.saturating_sub(whole)));
                    text.push_str(&digits);
                }
                Token::Time(_) => {}
            }
        }
        text
    }

    /// What a date or a time looks like.
    pub fn time(&self, time: &ExcelDateTime) -> String {
        let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
        // Half a second is shown as a whole one.
        let second = if milli >= 500 && second < 59 {
            second + 1
        } else {
            second
        };
        if time.is_duration() {
            let seconds = (time.as_f64() * 86_400.0).round() as i64;
            let (hours, rest) = (seconds / 3600, (seconds % 3600).abs());
            return format!("{hours}:{:02}:{:02}", rest / 60, rest % 60);
        }
        if !self.code.iter().any(|t| matches!(t, Token::Time(_))) {
            let date = format!("{year:04}-{month:02}-{day:02}");
            let clock = format!("{hour:02}:{minute:02}:{second:02}");
            return match (time.as_f64() < 1.0, clock == "00:00:00") {
                (true, _) => clock,
                (false, true) => date,
                (false, false) => format!("{date} {clock}"),
            };
        }
        let half_day = self.code.contains(&Token::Time("am/pm".to_owned()));
        let mut text = String::new();
        for (at, token) in self.code.iter().enumerate() {
            let word = match token {
                Token::Literal(literal) => literal.clone(),
                Token::Time(part) => {
                    let name = MONTHS[usize::from(month.clamp(1, 12)) - 1];
                    let hours = match (half_day, hour % 12) {
                        (false, _) => hour,
                        (true, 0) => 12,
                        (true, hour) => hour,
                    };
                    match part.as_str() {
                        "m" if self.is_minute(at) => minute.to_string(),
                        "mm" if self.is_minute(at) => format!("{minute:02}"),
                        "d" => day.to_string(),
                        "dd" => format!("{day:02}"),
                        "m" => month.to_string(),
                        "mm" => format!("{month:02}"),
                        "mmm" => name[..3].to_owned(),
                        "mmmm" => name.to_owned(),
                        "yy" => format!("{:02}", year % 100),
                        "yyyy" => year.to_string(),
                        "h" => hours.to_string(),
                        "hh" => format!("{hours:02}"),
                        "s" => second.to_string(),
                        "ss" => format!("{second:02}"),
                        "am/pm" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
                        _ => String::new(),
                    }
                }
                Token::Digits { .. } | Token::Percent => String::new(),
            };
            text.push_str(&word);
        }
        text.trim().to_owned()
    }

    /// Whether the `m` at this place counts minutes: hours stand before it, or seconds after it.
    fn is_minute(&self, at: usize) -> bool {
        let unit = |token: &Token| match token {
            Token::Time(part) => part.chars().next(),
            _ => None,
        };
        let before = self.code[..at].iter().rev().find_map(unit);
        let after = self.code[at + 1..].iter().find_map(unit);
        before == Some('h') || after == Some('s')
    }
}

/// The first section of a format code; `None` for one that is not understood.
fn tokens(code: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = code.chars().peekable();
    let literal = |found: &mut Vec<Token>, c: char| match found.last_mut() {
        Some(Token::Literal(text)) => text.push(c),
        _ => found.push(Token::Literal(c.to_string())),
    };
    while let Some(c) = rest.next() {
        match c {
            ';' => break,
            '"' => {
                for inside in rest.by_ref().take_while(|c| *c != '"') {
                    literal(&mut found, inside);
                }
            }
            '\\' => literal(&mut found, rest.next()?),
            // Room as wide as a character, or filled with one.
            '_' | '*' => drop(rest.next()),
            // Colors, languages, conditions.
            '[' => rest.by_ref().take_while(|c| *c != ']').for_each(drop),
            '%' => found.push(Token::Percent),
            '0' | '#' | '?' | '.' => {
                let mut digits = c.to_string();
                while let Some(next) = rest.next_if(|c| "0#?.,".contains(*c)) {
                    digits.push(next);
                }
                let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
                found.push(Token::Digits {
                    least: whole.matches('0').count(),
                    decimals: Some(fraction.len()).filter(|decimals| *decimals > 0),
                });
            }
            'A' | 'a' => {
                let suffix: String = rest.by_ref().take(4).collect();
                if !suffix.eq_ignore_ascii_case("m/pm") {
                    return None;
                }
                found.push(Token::Time("am/pm".to_owned()));
            }
            'd' | 'm' | 'y' | 'h' | 's' | 'D' | 'M' | 'Y' | 'H' | 'S' => {
                let unit = c.to_ascii_lowercase();
                let mut part = unit.to_string();
                while rest.next_if(|c| c.to_ascii_lowercase() == unit).is_some() {
                    part.push(unit);
                }
                found.push(Token::Time(part));
            }
            // Powers of ten and the like.
            'E' | 'e' | 'G' | 'g' | '@' => return None,
            other => literal(&mut found, other),
        }
    }
    Some(found)
}

/// A number as a cell without a format shows it, whole numbers without a point. Excel shows eleven
/// digits; all fifteen that it keeps are reported here, since ids need them.
fn usual(number: f64) -> String {
    if number.abs() >= 1e15 {
        // Digits beyond the fifteenth are lost, and must not look as if they were there.
        return format!("{number:.5E}").replace('E', "E+");
    }
    let kept: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    kept.to_string()
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn numbers_look_as_in_their_cells() {
        for (code, number, shown) in [
            ("", 123.0, "123"),
            ("General", 8_801_643_572_341.0, "8801643572341"),
            ("General", 4202.0, "4202"),
            ("General", 0.5, "0.5"),
            ("General", 0.1 + 0.2, "0.3"),
            ("General", -3.0, "-3"),
            ("General", 1.234_567_890_123_456_7e18, "1.23457E+18"),
            ("@", 7.0, "7"),
            ("00000", 123.0, "00123"),
            ("00000", 1_234_567.0, "1234567"),
            ("\"SKU-\"0000", 42.0, "SKU-0042"),
            ("000-000", 42.0, "42"),
            ("0.00", 1.5, "1.50"),
            ("0%", 0.5, "50%"),
            ("0.0%", 0.125, "12.5%"),
            ("#,##0", 1234.0, "1234"),
            ("0.00E+00", 1234.0, "1234"),
            ("[Red]0;-0", 3.0, "3"),
        ] {
            assert_eq!(
                Format::of(Some(code)).number(number),
                shown,
                "{code} {number}"
            );
        }
    }

    #[test]
    fn dates_look_as_in_their_cells() {
        let time = |value| ExcelDateTime::new(value, ExcelDateTimeType::DateTime, false);
        for (code, value, shown) in [
            ("d-mmm", 46_093.0, "12-Mar"),
            ("mmm-yy", 46_093.0, "Mar-26"),
            ("mm-dd-yy", 46_093.0, "3/12/2026"),
            ("yyyy-mm-dd", 46_093.0, "2026-03-12"),
            ("yyyy\\-mm\\-dd hh:mm:ss", 46_093.5, "2026-03-12 12:00:00"),
            ("h:mm", 0.672_916_666_666_667, "16:09"),
            ("h:mm AM/PM", 0.672_916_666_666_667, "4:09 PM"),
            ("dddd", 46_093.0, ""),
            ("General", 46_093.0, "2026-03-12"),
        ] {
            let format = Format::of(Some(code));
            assert_eq!(format.time(&time(value)), shown, "{code}");
        }
        let span = ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false);
        assert_eq!(Format::of(Some("[h]:mm:ss")).time(&span), "36:00:00");
    }
}
