//! The order in which jobs are listed: by listing or SKU as people count, then as in the manifest.

use std::cmp::Ordering;

use rayon::slice::ParallelSliceMut;

use super::natural_sort;
use crate::jobs::{IdColumn, JobKey, JobView};

/// A job among others, and what is shown of it.
pub struct Listed<T> {
    /// Whose it is.
    pub item: Option<(IdColumn, String)>,
    line: u64,
    /// The job.
    pub key: JobKey,
    /// What is shown of it.
    pub shown: T,
}

impl<T> Listed<T> {
    /// This of a job.
    pub fn of(view: &JobView, shown: T) -> Self {
        Self {
            item: view.id().map(|(column, id)| (column, id.to_owned())),
            line: view.line().unwrap_or(u64::MAX),
            key: view.key(),
            shown,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let items = match (&self.item, &other.item) {
            (Some((column, id)), Some((other_column, other_id))) => {
                natural_sort::compare(id, other_id).then_with(|| column.cmp(other_column))
            }
            // What belongs to no one comes last.
            (mine, other) => other.is_some().cmp(&mine.is_some()),
        };
        items.then_with(|| (self.line, self.key).cmp(&(other.line, other.key)))
    }
}

/// Puts jobs in order.
pub fn in_order<T: Send>(mut listed: Vec<Listed<T>>) -> Vec<Listed<T>> {
    listed.par_sort_by(Listed::compare);
    listed
}
