//! In which files a job has a row.

use std::collections::HashSet;

use super::Plan;
use super::decision::{Decision, Place};
use crate::jobs::JobKey;

/// Which jobs have a row in which file, where that is not the first row of the job: by the file's place
/// among all.
#[derive(Default)]
pub(super) struct Repeated(HashSet<(usize, JobKey)>);

impl Plan {
    /// The place of a row's file among all files.
    fn file_of(&self, index: u32) -> usize {
        self.files.partition_point(|(first, _)| *first <= index)
    }

    /// The jobs that several files have a row of.
    pub(super) fn repeated_in_files(&self) -> Repeated {
        if self.files.len() < 2 {
            return Repeated::default();
        }
        let places = self.places(|decision| decision == Decision::Duplicate);
        let rows = places.filter_map(|place| {
            let note = self.rows[place as usize].as_ref()?;
            Some((self.file_of(place), note.key))
        });
        Repeated(rows.collect())
    }

    /// Where a job's row is, if the file of the row at `index` has none of it.
    pub(super) fn in_another_file(
        &self,
        job: JobKey,
        index: u32,
        repeated: &Repeated,
    ) -> Option<Place> {
        let file = self.file_of(index);
        let first = self.place_of(job)?;
        let is_here = self.file_of(first) == file || repeated.0.contains(&(file, job));
        (!is_here).then(|| self.place(first))
    }
}
