//! Two versions of a sheet that are read together: a copy that was made before its rows were edited.

use std::collections::HashSet;

use super::Plan;
use super::decision::{Decision, Place};
use super::held::Doubt;
use super::search::{Reason, Search};
use crate::jobs::JobKey;
use crate::jobs::recognition::{Like, Marks};

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
    fn in_another_file(&self, job: JobKey, index: u32, repeated: &Repeated) -> Option<Place> {
        let file = self.file_of(index);
        let first = self.place_of(job)?;
        let is_here = self.file_of(first) == file || repeated.0.contains(&(file, job));
        (!is_here).then(|| self.place(first))
    }
}

impl Search<'_> {
    /// The job of the row's id and photo, accepted with another prompt or settings, whose row is in
    /// another file alone. In one sheet they would be two clips of one photo.
    pub(super) fn other_version(&self, index: usize, marks: &Marks) -> Option<Reason> {
        if self.plan.files.len() < 2 {
            return None;
        }
        let is_of_photo = |like: &Like<'_>| {
            marks.has_photo
                && like.has_same_id()
                && like.has_same_variant()
                && self.known.has_query(like.job(), marks)
        };
        let mut likes = self.known.of_subject(marks).filter(is_of_photo);
        likes.find_map(|like| {
            let place = like.job();
            let (is_replaced, _) = self.rank(place);
            let job = self
                .job(place)
                .filter(|_| !is_replaced && self.is_accepted(place))?;
            let (plan, repeated) = (&self.plan, &self.repeated);
            let other = plan.in_another_file(job.key, index as u32, repeated)?;
            Some(Reason {
                doubt: Doubt::Version,
                other: Some(other),
                ..Reason::of((Decision::Changed, place))
            })
        })
    }
}
