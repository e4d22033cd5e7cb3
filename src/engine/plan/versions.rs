//! Two versions of a sheet that are read together: a copy that was made before its rows were edited.

use super::decision::Decision;
use super::held::Doubt;
use super::search::{Reason, Search};
use crate::jobs::recognition::{Like, Marks};

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
