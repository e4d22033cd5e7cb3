//! Rows whose photo was ordered at another address, or with another content of its file.

use super::decision::Decision;
use super::held::ChangeDoubt;
use super::search::{HoldReason, RowSearch};
use crate::jobs::recognition::{Marks, Similarity};

impl RowSearch<'_> {
    /// Of jobs with the row's photo elsewhere, those in no row that are the likeliest: that count, and
    /// with the most folders the same; older ones first, as the rows of a sheet are.
    fn likeliest<'k>(&self, likes: impl Iterator<Item = Similarity<'k>>) -> Vec<u32> {
        let free = likes.filter(|like| self.is_elsewhere(like.job()));
        let ranked = free.map(|like| {
            let (is_replaced, place) = self.rank(like.job());
            ((!is_replaced, like.common_folders()), place)
        });
        let mut ranked: Vec<_> = ranked.collect();
        let best = ranked.iter().map(|(rank, _)| *rank).max();
        ranked.retain(|(rank, _)| Some(*rank) == best);
        ranked.sort_unstable();
        ranked.dedup();
        ranked.into_iter().map(|(_, place)| place).collect()
    }

    /// The job in no row of which the row has the photo in another folder, or under an address that
    /// names none or another token, or of the same name in a place of another kind, or from a file that was
    /// changed; or the same photo under an address that was made
    /// anew, or from that file, with other words; or the same words, only one of both with a photo.
    pub(super) fn elsewhere(&mut self, marks: &Marks) -> Option<HoldReason> {
        let known = self.known;
        let is_here = |like: &Similarity<'_>| marks.is_nameless || like.has_same_folders();
        let (here, there): (Vec<_>, Vec<_>) = known.of_name(marks).partition(is_here);
        let of_token = known.of_token(marks).filter(Similarity::has_same_wording);
        for (doubt, jobs) in [
            (ChangeDoubt::Nameless, self.likeliest(here.into_iter())),
            (ChangeDoubt::Folder, self.likeliest(there.into_iter())),
            (ChangeDoubt::Place, self.likeliest(known.of_called(marks))),
            (ChangeDoubt::Token, self.likeliest(of_token)),
        ] {
            if let Some(job) = self.one_of(&jobs) {
                if !marks.has_photo {
                    return Some(HoldReason::of((Decision::Changed, job)));
                }
                return Some(HoldReason::changed(job, doubt, jobs));
            }
        }
        let of_file = known.of_path(marks).filter(Similarity::has_same_wording);
        if let Some(&job) = self.likeliest(of_file).last() {
            return Some(HoldReason::changed(job, ChangeDoubt::File, vec![job]));
        }
        let made_anew = known.of_file(marks).filter(Similarity::may_be_made_anew);
        let made_anew = made_anew.chain(known.of_token(marks));
        let edited = self.likeliest(made_anew.chain(known.of_path(marks)));
        let other = || {
            let places = known.of_other_kind(marks).map(|like| like.job());
            places.filter(|&place| self.is_free(place)).max()
        };
        let job = edited.last().copied().or_else(other)?;
        Some(HoldReason::of((Decision::Changed, job)))
    }

    /// Each row gets a job of its own, as far as there are enough.
    fn one_of(&mut self, jobs: &[u32]) -> Option<u32> {
        let left = jobs.iter().find(|place| !self.moved.contains(place));
        let job = left.or(jobs.first()).copied()?;
        self.moved.insert(job);
        Some(job)
    }
}
