//! How pages are made.

use std::path::PathBuf;

use jiff::Timestamp;

use super::files::{Files, encoded};
use crate::jobs::Rates;
use crate::output::{audience::Wording, commands::Commands};

/// Clips that one page shows; of more there are pages, and one in front.
pub const MOST_ON_ONE_PAGE: usize = 5_000;
/// The folder of the pages, from the page in front: its name without `.html`, and this.
pub const PAGES: &str = "-pages";

/// How the page is made.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// What the page is about: the log's name.
    pub source: String,
    /// How downloaded clips are named.
    pub files: Files,
    /// Folders in which a relative file name of the log is looked for, in this order.
    pub clip_folders: Vec<PathBuf>,
    /// Words what to do next.
    pub commands: Commands,
    /// What credits cost.
    pub rates: Rates,
    /// The present.
    pub now: Timestamp,
    /// Lines of the log that say nothing.
    pub unreadable: u64,
    /// The words for an audience.
    pub wording: Option<Wording>,
    /// Where further pages are, where one page would hold too many clips.
    pub split: Option<PagePaths>,
}

impl ReportOptions {
    /// Whether others than those who pay read the page.
    pub(super) fn is_for_others(&self) -> bool {
        self.wording.as_ref().is_some_and(Wording::is_for_others)
    }
}

/// Where the pages are, seen from each other.
#[derive(Clone, Debug)]
pub struct PagePaths {
    /// The folder of the pages, from the page in front.
    pub folder: String,
    /// The page in front, from the others.
    pub front: String,
}

impl PagePaths {
    /// Pages behind the page of this name.
    pub fn of(front: &str) -> Self {
        let stem = front.strip_suffix(".html").unwrap_or(front);
        Self {
            folder: encoded(&format!("{stem}{PAGES}")),
            front: format!("../{}", encoded(front)),
        }
    }
}
