//! Values as `creativeai config` shows them.

use std::path::PathBuf;
use std::time::Duration;

use lettre::Address;

use super::values;
use crate::engine::notify::{Event, Security};
use crate::engine::round::{Step, TimeOfDay};
use crate::jobs::{Credits, Seconds};
use crate::vendor::{DurationStyle, Rate};

/// A value that can be shown as a row of `creativeai config`.
pub trait Show {
    /// As a person would write it; empty for nothing.
    fn show(&self) -> String;
}

/// A size in bytes, shown as one.
pub struct Bytes(pub u64);

impl Show for Bytes {
    fn show(&self) -> String {
        values::show_size(self.0)
    }
}

impl Show for DurationStyle {
    fn show(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Integer => "integer".to_owned(),
        }
    }
}

impl Show for Duration {
    fn show(&self) -> String {
        values::show_duration(*self)
    }
}

impl Show for PathBuf {
    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> String {
        let texts: Vec<String> = self.iter().map(Show::show).collect();
        texts.join(", ")
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> String {
        self.as_ref().map(Show::show).unwrap_or_default()
    }
}

macro_rules! shown_as_displayed {
    ($($type:ty),*) => {
        $(impl Show for $type {
            fn show(&self) -> String {
                self.to_string()
            }
        })*
    };
}
shown_as_displayed!(
    String, bool, u16, u32, f64, Rate, Seconds, Credits, Event, Step, TimeOfDay, Security, Address
);
