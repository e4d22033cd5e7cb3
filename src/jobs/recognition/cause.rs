//! Why ids differ, as far as they show it.

use std::fmt;

use super::normal;
use super::number::{Number, is_digits};
use super::spelling::{Spelling, reread, unguarded};

/// Why an id is likely to be spelled as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpellingCause {
    /// `0012345` became `12345`, or the reverse.
    LeadingZeros,
    /// `120` became `120.0`, or `1234` became `1,234`.
    Number,
    /// `401234567890123` became `4.01235E+14`.
    Rounded,
    /// `3-12` became `12-Mar`, `2025-12-01` became `45992`, or `9:30` became `09:30:00`.
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

impl SpellingCause {
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
        for before in Number::all(unguarded(&old)) {
            for after in Number::all(unguarded(&new)) {
                if before.is_left_of(&after) || after.is_left_of(&before) {
                    return Self::Rounded;
                }
                if before.name(usize::MAX) == after.name(usize::MAX) {
                    let whole = is_digits(&old) && is_digits(&new);
                    return if whole {
                        Self::LeadingZeros
                    } else {
                        Self::Number
                    };
                }
            }
        }
        let bare = |id: &str| {
            id.chars()
                .filter(|c| c.is_alphanumeric())
                .collect::<String>()
        };
        if Spelling::of(&old).may_be(&Spelling::of(&new)) {
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

impl fmt::Display for SpellingCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeadingZeros => "a spreadsheet program may have removed the leading zeros",
            Self::Number => "a spreadsheet program may have turned the id into a number",
            Self::Rounded => "a spreadsheet program may have rounded the long number",
            Self::Date => "a spreadsheet program may have turned the id into a date or a time",
            Self::Encoding => "the sheet may have been read with the wrong --encoding",
            Self::Case => "only letter case or invisible characters differ",
            Self::Punctuation => "only blanks or punctuation differ",
            Self::Corrected => "the id may have been corrected",
        })
    }
}
