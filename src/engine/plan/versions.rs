//! Detects two versions of a sheet that are read together: a copy made before its rows were edited.

use super::decision::Decision;
use super::held::ChangeDoubt;
use super::search::{HoldReason, RowSearch};
use crate::jobs::recognition::{Marks, Similarity};

impl RowSearch<'_> {
    /// An accepted job whose row is in another file alone: of the row's id and photo, or of a voice's id and
    /// language, with another prompt, text or settings, in one sheet two clips of one photo; or one for which
    /// the row would be held if it had no row.
    pub(super) fn other_version(&self, index: usize, marks: &Marks) -> Option<HoldReason> {
        if self.plan.files.len() < 2 {
            return None;
        }
        // Another query of one address asks for another part of the photo.
        let of_subject = self.known.of_subject(marks);
        let (same, parts): (Vec<Similarity<'_>>, Vec<Similarity<'_>>) =
            of_subject.partition(|like| self.known.has_query(like.job(), marks));
        let is_of_photo =
            |like: &Similarity<'_>| (marks.has_photo || marks.is_voice) && like.has_same_id();
        let is_part = |like: &Similarity<'_>| parts.iter().any(|part| part.job() == like.job());
        let elsewhere = self.known.elsewhere(marks).filter(|like| !is_part(like));
        let likes = same.into_iter().filter(is_of_photo).chain(elsewhere);
        likes.filter(Similarity::has_same_variant).find_map(|like| {
            let place = like.job();
            let (is_replaced, _) = self.rank(place);
            let job = self
                .job(place)
                .filter(|_| !is_replaced && self.is_accepted(place))?;
            let other = self
                .plan
                .in_another_file(job.key, index as u32, &self.further)?;
            Some(HoldReason {
                doubt: ChangeDoubt::Version,
                other: Some(other),
                ..HoldReason::of((Decision::Changed, place))
            })
        })
    }
}
