//! The rows of a job, where several files are read.

use std::collections::HashMap;

use super::Plan;
use super::decision::{Decision, RowLocation};
use crate::jobs::JobKey;

/// The rows of jobs, where several files are read, beside those that are found by their keys: rows that
/// repeat others, are left out or have mistakes. By the jobs, the rows' places, ascending.
#[derive(Default)]
pub(super) struct FurtherRows(HashMap<JobKey, Vec<u32>>);

impl Plan {
    /// The place of a row's file among all files.
    fn file_of(&self, index: u32) -> usize {
        self.files.partition_point(|(first, _)| *first <= index)
    }

    /// Those rows, as they stand.
    pub(super) fn further_rows(&self) -> FurtherRows {
        let mut further = FurtherRows::default();
        if self.files.len() < 2 {
            return further;
        }
        let is_further =
            |decision: Decision| decision == Decision::Duplicate || decision.is_unchecked();
        for place in self.places(is_further) {
            if let Some(note) = &self.rows[place as usize] {
                further.0.entry(note.key).or_default().push(place);
            }
        }
        further
    }

    /// Where a job's row is, if the file of the row at `index` has none of it.
    pub(super) fn in_another_file(
        &self,
        job: JobKey,
        index: u32,
        further: &FurtherRows,
    ) -> Option<RowLocation> {
        let file = self.file_of(index);
        let further = further.0.get(&job).into_iter().flatten().copied();
        let mut rows = self.place_of(job).into_iter().chain(further).peekable();
        let first = *rows.peek()?;
        let is_here = rows.any(|row| self.file_of(row) == file);
        (!is_here).then(|| self.place(first))
    }
}
