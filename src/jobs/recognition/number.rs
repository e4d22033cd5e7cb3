//! Numbers, as people and programs write them.

/// Digits of a number that spreadsheet programs keep.
pub(super) const KEPT_DIGITS: usize = 15;
/// The longest text that may be a number that a program has changed, in bytes.
const LONGEST: usize = 40;

/// A number as it is written.
pub(super) struct Number {
    pub sign: &'static str,
    /// Without zeros at either end.
    pub digits: String,
    /// Where the point is, from the first of them on.
    pub point: i64,
    /// Whether it is written as a power of ten.
    pub is_power: bool,
}

impl Number {
    /// The numbers that a text may be: `1,234` is one and a part, or some thousand.
    pub fn all(text: &str) -> Vec<Self> {
        let (text, shift) = match text.strip_suffix('%') {
            Some(text) => (text.trim_end(), -2),
            None => (text, 0),
        };
        let (mantissa, exponent) = match text.split_once('e') {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()),
            None => (text, Some(0)),
        };
        let Some(exponent) = exponent.filter(|_| text.len() <= LONGEST) else {
            return Vec::new();
        };
        let (sign, unsigned) = match mantissa.strip_prefix('-') {
            Some(unsigned) => ("-", unsigned),
            None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let mark = unsigned.rfind(['.', ',']);
        let split = mark.map(|at| {
            (
                &unsigned[..at],
                &unsigned[at + 1..],
                unsigned[at..].chars().next(),
            )
        });
        let readings = [Some((unsigned, "0", None)), split];
        let number = |(whole, fraction, mark): (&str, &str, Option<char>)| {
            let whole = ungrouped(whole, mark)?;
            let written = format!("{whole}{fraction}");
            let digits = written.trim_start_matches('0');
            let zeros = (written.len() - digits.len()) as i64;
            let point = whole.len() as i64 + i64::from(exponent) + shift - zeros;
            is_digits(fraction).then(|| Self {
                sign,
                digits: digits.trim_end_matches('0').to_owned(),
                point: if digits.is_empty() { 0 } else { point },
                is_power: text.len() > mantissa.len(),
            })
        };
        readings.into_iter().flatten().filter_map(number).collect()
    }

    /// Its value, or what so many of its digits tell of it: `#12345~5` of `12345` and of `12345.0`.
    pub fn name(&self, most: usize) -> String {
        let digits = &self.digits[..self.digits.len().min(most)];
        format!(
            "#{}{}~{}",
            self.sign,
            digits.trim_end_matches('0'),
            self.point
        )
    }

    /// The number of days that a program may have made of a day or a time: a part of one, or those since
    /// 1899 until some day of the years 1927 to 2173.
    pub fn as_days(&self) -> Option<f64> {
        let is_likely = self.sign.is_empty() && !self.is_power && !self.digits.is_empty();
        let days = format!("0.{}e{}", self.digits, self.point).parse().ok();
        days.filter(|_| is_likely && (self.point == 5 || self.point <= 0))
    }

    /// Whether it is likely to be what a program has left of `whole`.
    pub fn is_left_of(&self, whole: &Self) -> bool {
        let kept = self.digits.len().saturating_sub(1);
        let is_shortened = self.is_power || self.point > KEPT_DIGITS as i64;
        let is_same = (self.sign, self.point) == (whole.sign, whole.point);
        is_shortened && is_same && whole.digits.starts_with(&self.digits[..kept])
    }
}

/// The digits of a whole number, without what stands between its thousands; `mark` stands before its
/// fraction.
fn ungrouped(whole: &str, mark: Option<char>) -> Option<String> {
    if is_digits(whole) {
        return Some(whole.to_owned());
    }
    let separator = whole.chars().find(|c| !c.is_ascii_digit())?;
    let may_separate = ".,' \u{2019}".contains(separator) && Some(separator) != mark;
    let groups: Vec<&str> = whole.split(separator).collect();
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let fits = may_separate
        && groups.iter().all(|group| is_digits(group))
        && !first.starts_with('0')
        && first.len() <= 3
        && last.len() == 3
        // India has groups of two.
        && middle.iter().all(|group| matches!(group.len(), 2 | 3));
    fits.then(|| groups.concat())
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
