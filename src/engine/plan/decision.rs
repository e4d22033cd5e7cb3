//! What becomes of rows, and how many there are of each kind.

use std::sync::Arc;

use crate::jobs::Credits;

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No attempt of it was ever made (or only ones that may simply be made again).
    Send,
    /// The log holds it.
    Skip,
    /// The same row stands further up.
    Duplicate,
    /// An older version of it was accepted; a person decides.
    Changed,
    /// Its clip was accepted under another id, whose row is gone; a person decides.
    Renamed,
    /// Its clip was accepted under another id, whose row is still there; a person decides.
    SameClip,
    /// It was never ordered, and the spreadsheet program does not show it; a person decides.
    Hidden,
    /// `--where` leaves it out.
    LeftOut,
    /// It has mistakes.
    Invalid,
}

impl Decision {
    /// Whether the run is not about the row, which was not checked, or in vain.
    pub(super) const fn is_unchecked(self) -> bool {
        matches!(self, Self::LeftOut | Self::Invalid)
    }
}

/// Where a row starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowLocation {
    /// What messages call its file.
    pub file: Arc<str>,
    /// The line.
    pub line: u64,
}

/// How many rows there are of each kind, and what those to be sent are expected to cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows to be sent.
    pub send: u64,
    /// Rows that the log holds.
    pub skip: u64,
    /// Rows that stand further up already.
    pub duplicate: u64,
    /// Rows held because they were edited.
    pub changed: u64,
    /// Rows held because their clip was ordered under another id, whose row is gone.
    pub renamed: u64,
    /// Rows held because their clip was ordered under another id.
    pub same_clip: u64,
    /// Rows held because the spreadsheet program does not show them.
    pub hidden: u64,
    /// Rows that `--where` leaves out.
    pub left_out: u64,
    /// Rows with mistakes.
    pub invalid: u64,
    /// What the rows to be sent are expected to cost.
    pub credits: Credits,
}

impl RowCounts {
    /// Rows that wait for a person's decision.
    pub fn held(&self) -> u64 {
        self.changed + self.renamed + self.same_clip + self.hidden
    }
}
