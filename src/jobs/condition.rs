//! Conditions on a job's columns, as typed after `--where`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// How a column's value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same text.
    Is,
    /// Another text.
    IsNot,
    /// The text is in it, in whatever case.
    Has,
    /// The text is not in it.
    HasNot,
    /// Less, and so on: numbers by what they are, anything else as text, so that dates go by time.
    Less,
    /// At most.
    AtMost,
    /// More.
    More,
    /// At least.
    AtLeast,
}

impl Comparison {
    /// The longer ones first, of which the shorter ones are a part.
    const ALL: [Self; 8] = [
        Self::IsNot,
        Self::HasNot,
        Self::AtMost,
        Self::AtLeast,
        Self::Is,
        Self::Has,
        Self::Less,
        Self::More,
    ];

    /// As typed.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Is => "=",
            Self::IsNot => "!=",
            Self::Has => "~",
            Self::HasNot => "!~",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    /// Whether it holds between what a job has and what was typed.
    pub fn holds(self, has: &str, typed: &str) -> bool {
        match self {
            Self::Is => has == typed,
            Self::IsNot => has != typed,
            Self::Has => contains(has, typed),
            Self::HasNot => !contains(has, typed),
            // What is empty is neither less nor more than anything.
            _ if has.is_empty() => false,
            Self::Less => compare(has, typed) == Some(Ordering::Less),
            Self::AtMost => compare(has, typed).is_some_and(Ordering::is_le),
            Self::More => compare(has, typed) == Some(Ordering::Greater),
            Self::AtLeast => compare(has, typed).is_some_and(Ordering::is_ge),
        }
    }
}

fn contains(has: &str, typed: &str) -> bool {
    has.to_lowercase().contains(&typed.to_lowercase())
}

/// A number and a text do not compare.
fn compare(has: &str, typed: &str) -> Option<Ordering> {
    match (has.parse::<f64>(), typed.parse::<f64>()) {
        (Ok(has), Ok(typed)) => has.partial_cmp(&typed),
        (Err(_), Err(_)) => Some(has.cmp(typed)),
        _ => None,
    }
}

/// `COLUMN=VALUE` and its relatives: `!=`, `~` (has), `!~`, `<`, `<=`, `>`, `>=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// As typed, without blanks around it.
    pub column: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// May be empty, and may hold further signs; without blanks around it.
    pub value: String,
}

impl Condition {
    /// That `column` is `value`.
    pub fn is(column: &str, value: &str) -> Self {
        Self {
            column: column.trim().to_owned(),
            comparison: Comparison::Is,
            value: value.trim().to_owned(),
        }
    }

    /// Whether it holds for what a job has in the column.
    pub fn holds(&self, has: &str) -> bool {
        self.comparison.holds(has.trim(), &self.value)
    }
}

impl FromStr for Condition {
    type Err = String;

    /// The first sign counts, so that a value may hold further ones.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = text.char_indices().find_map(|(at, _)| {
            let rest = &text[at..];
            let sign = Comparison::ALL
                .into_iter()
                .find(|comparison| rest.starts_with(comparison.sign()));
            sign.map(|comparison| (at, comparison))
        });
        let is_name = |name: &str| name.chars().any(|c| !c.is_whitespace() && c != '_');
        match found {
            Some((at, comparison)) if is_name(&text[..at]) => Ok(Self {
                column: text[..at].trim().to_owned(),
                comparison,
                value: text[at + comparison.sign().len()..].trim().to_owned(),
            }),
            _ => Err(format!(
                "{text:?} is not COLUMN=VALUE, as in property_type=residential (also !=, ~, !~, <, \
                 <=, >, >=)"
            )),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.column, self.comparison.sign(), self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(typed: &str, has: &str) -> bool {
        typed.parse::<Condition>().unwrap().holds(has)
    }

    #[test]
    fn each_sign_compares_in_its_way() {
        for (typed, yes, no) in [
            ("room=kitchen", "kitchen", "Kitchen"),
            ("room!=kitchen", "hall", " kitchen "),
            ("prompt~SLOW pan", "A slow pan, left", "A fast pan"),
            ("prompt!~slow", "A fast pan", "Slow"),
            ("line<10", "9", "10"),
            ("line<=10", "10", "10.5"),
            ("line>9", "10", "9"),
            ("line>=9", "9", "8"),
            (
                "completed_at<2026-03-12",
                "2026-03-11T23:00:00Z",
                "2026-03-12T01:00:00Z",
            ),
        ] {
            assert!(holds(typed, yes), "{typed}: {yes}");
            assert!(!holds(typed, no), "{typed}: {no}");
        }
    }

    #[test]
    fn what_is_not_there_is_empty() {
        assert!(holds("room=", ""));
        assert!(holds("room!=kitchen", ""));
        assert!(!holds("line<10", ""));
        assert!(!holds("line>=0", "many"));
    }

    #[test]
    fn the_first_sign_counts_and_a_name_comes_before_it() {
        let condition: Condition = " a = b!=c ".parse().unwrap();
        assert_eq!(condition, Condition::is("a", "b!=c"));
        assert_eq!(condition.to_string(), "a=b!=c");
        for wrong in ["", "rooms", "=4", " _ =4", "!=x", "<3"] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
    }
}
