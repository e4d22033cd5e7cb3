//! The order in which jobs are listed: by listing or SKU as people count, then as in the manifest.

use std::cmp::Ordering;

use rayon::slice::ParallelSliceMut;

use crate::jobs::{IdColumn, JobKey, JobView};
use crate::text::natural_sort;

/// A job's place among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose the job is.
    pub item: Option<(IdColumn, String)>,
    line: u64,
    /// The job.
    pub key: JobKey,
}

impl Place {
    /// Of a job.
    pub fn of(view: &JobView) -> Self {
        Self {
            item: view.id().map(|(column, id)| (column, id.to_owned())),
            line: view.line().unwrap_or(u64::MAX),
            key: view.key(),
        }
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
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

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Things with their jobs' places, in order.
pub fn in_order<T: Send>(mut listed: Vec<(Place, T)>) -> Vec<(Place, T)> {
    listed.par_sort_by(|(one, _), (other, _)| one.cmp(other));
    listed
}
