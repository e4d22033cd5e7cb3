//! A row of a manifest, or why there is none.

use std::sync::Arc;

use super::local::LocalPhoto;
use super::problem::{ManifestError, Problem, each_on_a_line};
use crate::jobs::{Clip, JobKey};

/// One row that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What messages call the file that it is in.
    pub file: Arc<str>,
    /// The line on which it starts, counted from 1.
    pub line: u64,
    /// The listing's or SKU's id; never empty.
    pub id: String,
    /// Distinguishes clips of the same photo; mostly empty.
    pub variant: String,
    /// What is wanted, defaults filled in.
    pub clip: Clip,
    /// The photo on this computer that [`Video::image_url`](crate::jobs::Video) is the address of
    /// once it is uploaded.
    pub photo_file: Option<Arc<LocalPhoto>>,
    /// The photo's name, where the cell has one in front of the address.
    pub photo_name: Option<String>,
    /// Where the vendor shall report, if anywhere.
    pub webhook_url: Option<String>,
    /// The cells of [`Manifest::carried_columns`](super::Manifest::carried_columns), in that order, exactly as written.
    pub carried: Vec<String>,
    /// Whether `--where` leaves it out. Such a row is not checked, and holds no more than what its
    /// clip may be recognized by.
    pub is_left_out: bool,
    /// Whether the spreadsheet program does not show it: a filter or a person hid it.
    pub is_hidden: bool,
    /// Differs, in all likelihood, when anything in the row differs. Holds for one run only.
    pub digest: u64,
}

impl Row {
    /// The key of the job that this row asks for.
    pub fn key(&self) -> JobKey {
        self.clip.key(&self.id, &self.variant)
    }
}

/// Why a row cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RowFault {
    /// This row cannot be sent, for at least one reason; the next ones may be fine.
    #[error("{}", each_on_a_line(problems))]
    Problems {
        /// Each reason.
        problems: Vec<Problem>,
        /// What its clip may be recognized by, where its cells are those of its columns.
        row: Option<Box<Row>>,
    },
    /// No further row can be read.
    #[error("{0}")]
    Broken(ManifestError),
}
