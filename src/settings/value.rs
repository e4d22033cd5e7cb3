//! Values, as they are written and where they were set.

use std::fmt;
use std::path::PathBuf;

/// A value, numbers as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    /// A decimal number.
    Number(String),
    List(Vec<String>),
    /// Yes or no.
    Truth(bool),
    /// Something that no key takes; the kind in words.
    Other(&'static str),
}

impl Value {
    /// The text, where it is one.
    pub fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(format!(
                "must be a string in quotes, not {}",
                other.in_words()
            )),
        }
    }

    /// The number, where it is one.
    pub fn number(&self) -> Result<&str, String> {
        match self {
            Self::Number(number) => Ok(number),
            other => Err(format!("must be a number, not {}", other.in_words())),
        }
    }

    /// What is written, for values that may be texts (`"5s"`) or numbers (`5`).
    pub fn either(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) | Self::Number(text) => Ok(text),
            other => Err(format!(
                "must be a string or a number, not {}",
                other.in_words()
            )),
        }
    }

    /// The texts of a list, or of one text with commas between them.
    pub fn list(&self) -> Result<Vec<String>, String> {
        match self {
            Self::List(texts) => Ok(texts.clone()),
            Self::Text(text) => Ok(text.split(',').map(|t| t.trim().to_owned()).collect()),
            other => Err(format!(
                "must be a list of strings, not {}",
                other.in_words()
            )),
        }
    }

    /// Yes or no.
    pub fn truth(&self) -> Result<bool, String> {
        match self {
            Self::Truth(truth) => Ok(*truth),
            other => Err(format!("must be true or false, not {}", other.in_words())),
        }
    }

    /// As it was typed; of a list, its texts.
    pub fn as_written(&self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) => text.clone(),
            Self::List(texts) => texts.join(", "),
            Self::Truth(truth) => truth.to_string(),
            Self::Other(kind) => (*kind).to_owned(),
        }
    }

    fn in_words(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::List(_) => "a list",
            Self::Truth(_) => "true or false",
            Self::Other(kind) => kind,
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An option of this name.
    Flag(&'static str),
    /// An environment variable of this name.
    Env(&'static str),
    /// A settings file and a line in it.
    File(PathBuf, usize),
    /// It is not set.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Env(name) => f.write_str(name),
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    /// Where it was set.
    pub origin: Origin,
    /// As it was typed there; empty of an option, since `creativeai config` has none of such a setting.
    pub(super) written: String,
}

impl<T> Setting<T> {
    pub(super) fn new(value: T, origin: Origin, written: String) -> Self {
        Self {
            value,
            origin,
            written,
        }
    }
}

impl<T> Setting<Option<T>> {
    pub(super) fn open(found: Option<Setting<T>>) -> Self {
        match found {
            Some(found) => Self::new(Some(found.value), found.origin, found.written),
            None => Self::new(None, Origin::Default, String::new()),
        }
    }
}

/// A setting as `creativeai config` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// As in the settings file.
    pub name: String,
    /// Empty for nothing.
    pub value: String,
    /// Where it was set.
    pub origin: Origin,
}
