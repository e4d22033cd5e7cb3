//! Values, and where they were set.

use std::fmt;
use std::path::PathBuf;

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
    /// What holds.
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
pub struct Row {
    /// As in the settings file.
    pub name: String,
    /// Empty for nothing.
    pub value: String,
    /// Where it was set.
    pub origin: Origin,
}
