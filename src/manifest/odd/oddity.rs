//! What is odd about a cell, and what cells are for.

use std::borrow::Cow;

/// What a cell is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) enum Purpose {
    /// Names the row's owner.
    Id,
    /// The photo's or the webhook's address.
    Address,
    /// A prompt, or words to be spoken.
    Words,
    /// Part of a prompt, filled into it.
    Filling,
    /// One of the clip's settings: model, length, shape, voice, variant.
    Setting,
}

/// What is odd about a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::manifest) struct Oddity {
    pub message: Cow<'static, str>,
    pub help: Cow<'static, str>,
}

impl Oddity {
    pub fn new(message: impl Into<Cow<'static, str>>, help: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}
