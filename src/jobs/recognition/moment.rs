//! Days and times, as people and programs write them.

use jiff::civil::Date;

use super::number::is_digits;

/// The months as spreadsheet programs shorten them, lower case and without a dot: the place is the
/// month's number less one.
pub const MONTHS: [&[&str]; 12] = [
    &["jan", "janv", "ene", "gen", "sty", "янв", "oca"],
    &["feb", "febr", "fév", "févr", "fev", "lut", "фев", "şub"],
    &["mar", "mär", "mrz", "mars", "mrt", "мар"],
    &["apr", "avr", "abr", "kwi", "апр", "nis"],
    &["may", "mai", "mei", "mag", "maj", "май"],
    &["jun", "juin", "giu", "cze", "июн", "juni"],
    &["jul", "juil", "lug", "lip", "июл", "juli"],
    &["aug", "août", "aoû", "ago", "sie", "авг", "ağu"],
    &["sep", "sept", "set", "wrz", "сен", "eyl"],
    &["oct", "okt", "ott", "out", "paź", "окт", "eki"],
    &["nov", "lis", "ноя", "kas"],
    &["dec", "déc", "dez", "dic", "gru", "дек", "ara"],
];

/// A day, its year perhaps in two digits.
pub(super) fn day_of(year: i16, month: i16, day: i16) -> Option<Date> {
    let year = match year {
        0..=29 => year + 2000,
        30..=99 => year + 1900,
        _ => year,
    };
    let is_likely = (1900..2100).contains(&year);
    let [month, day] = [month, day].map(|part| i8::try_from(part).unwrap_or(0));
    Date::new(year, month, day).ok().filter(|_| is_likely)
}

/// A time of the day in seconds: `9:30`, `09:30:00`, `9:30 pm`.
pub(super) fn clock(text: &str) -> Option<u32> {
    let half = |suffix, begins| Some((text.strip_suffix(suffix)?.trim_end(), Some(begins)));
    let (text, half) = half("am", 0).or(half("pm", 12)).unwrap_or((text, None));
    let part = |part: &str| is_digits(part).then(|| part.parse::<u32>().ok())?;
    let parts: Option<Vec<u32>> = text.split(':').map(part).collect();
    let (hour, minute, second) = match *parts? {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = half.map_or(hour, |begins| hour % 12 + begins);
    let is_time = hour < 10_000 && minute < 60 && second < 60;
    is_time.then_some((hour * 60 + minute) * 60 + second)
}

/// The month that a text names, if it does, and its numbers; `None` where it holds anything else.
pub(super) fn parts(text: &str) -> Option<(Option<i16>, Vec<i16>)> {
    let (mut month, mut numbers) = (None, Vec::new());
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(['-', '/', '.', ',', ' ']);
        let Some(first) = rest.chars().next() else {
            return Some((month, numbers));
        };
        let is_number = first.is_ascii_digit();
        let same = |c: char| c.is_ascii_digit() == is_number && !"-/., ".contains(c);
        let (part, behind) = rest.split_at(rest.find(|c| !same(c)).unwrap_or(rest.len()));
        rest = behind;
        if is_number {
            numbers.push(part.parse().ok()?);
        } else if month.replace(month_named(part)?).is_some() {
            return None;
        }
    }
}

/// The month of a name, short or in full.
fn month_named(name: &str) -> Option<i16> {
    const ENGLISH: &str =
        "january february march april may june july august september october november december";
    let mut months = (1..).zip(MONTHS.iter().zip(ENGLISH.split(' ')));
    let found = months.find(|(_, (short, long))| short.contains(&name) || long == &name);
    found.map(|(month, _)| month)
}
