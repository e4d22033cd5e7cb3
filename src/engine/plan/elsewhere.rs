//! Rows whose photo was ordered at another address, or with another content of its file.

use std::collections::HashMap;

use super::decision::Decision;
use super::held::Doubt;
use super::marks::marks_of;
use super::nameless::Group;
use super::search::{Reason, Search};
use crate::jobs::JobState;
use crate::jobs::recognition::{Like, Marks};
use crate::manifest::Row;

impl Search<'_> {
    /// The job whose row this is, its photo's address made anew. Rows whose addresses name no photo wait
    /// for [`Search::adopt_nameless`].
    pub(super) fn rotated(&mut self, index: usize, row: &Row) -> Option<u32> {
        let marks = marks_of(row);
        if !marks.is_nameless {
            let jobs = self.known.of_name(&marks);
            let jobs = jobs.filter(|like| like.has_same_id() && like.may_be_made_anew());
            return self.likeliest(jobs).first().copied();
        }
        let row = (index, row.is_left_out);
        let key = marks.nameless();
        if let Some(group) = self.nameless.groups.get_mut(&key) {
            group.rows.push(row);
        } else {
            let (is_certain, jobs) = self.jobs_of_nameless(&marks);
            let group = Group {
                rows: vec![row],
                jobs,
                kind: (!is_certain).then(|| marks.nameless_kind()),
            };
            self.nameless.groups.insert(key, group);
        }
        None
    }

    /// The jobs in no row that a row may be whose address names no photo: those whose photo has the name
    /// that the row's has, which is certain, else those of which a name is not known. Refused ones count:
    /// each has had its row.
    fn jobs_of_nameless(&self, marks: &Marks) -> (bool, Vec<u32>) {
        let likes = self.known.of_name(marks).filter(|like| {
            let place = like.job();
            let is_counted = self.job(place).is_some_and(JobState::is_counted);
            like.has_same_id()
                && !self.is_in_a_row(place)
                && (self.is_accepted(place) || is_counted)
        });
        let likes: Vec<Like<'_>> = likes.collect();
        let named = likes.iter().filter(|like| like.has_same_photo_name());
        let named: Vec<u32> = named.map(Like::job).collect();
        if named.is_empty() {
            return (false, likes.iter().map(Like::job).collect());
        }
        (true, named)
    }

    /// Takes rows whose addresses name no photo for those of jobs: in their order, where there are as many
    /// jobs as rows. Where there are not, no one can say which is which. Returns how many rows of this
    /// run were taken.
    pub(super) fn adopt_nameless(&mut self) -> u64 {
        let mut unnamed: HashMap<u64, Group> = HashMap::new();
        let mut adopted = 0;
        for group in std::mem::take(&mut self.nameless.groups).into_values() {
            match group.kind {
                None => adopted += self.adopt_in_order(group),
                Some(kind) => match unnamed.get_mut(&kind) {
                    Some(others) => others.rows.extend(group.rows),
                    None => {
                        unnamed.insert(kind, group);
                    }
                },
            }
        }
        for group in unnamed.into_values() {
            adopted += self.adopt_in_order(group);
        }
        adopted
    }

    fn adopt_in_order(&mut self, group: Group) -> u64 {
        let Group {
            mut rows, mut jobs, ..
        } = group;
        jobs.retain(|&place| !self.is_in_a_row(place));
        jobs.sort_unstable_by_key(|&place| self.rank(place));
        jobs.dedup();
        let is_replaced = |place: &u32| self.rank(*place).0;
        if !jobs.iter().all(is_replaced) {
            jobs.retain(|place| !is_replaced(place));
        }
        if rows.len() != jobs.len() {
            return 0;
        }
        rows.sort_unstable();
        let mut adopted = 0;
        for ((row, is_left_out), job) in rows.into_iter().zip(jobs) {
            // The row of a refused job is ordered.
            if self.is_accepted(job) {
                self.adopt(row, job);
                self.nameless.adopted.insert(row);
                adopted += u64::from(!is_left_out);
            }
        }
        adopted
    }

    /// Of jobs with the row's photo elsewhere, those in no row that are the likeliest: that count, and
    /// with the most folders the same; older ones first, as the rows of a sheet are.
    fn likeliest<'k>(&self, likes: impl Iterator<Item = Like<'k>>) -> Vec<u32> {
        let free = likes.filter(|like| self.is_free(like.job()));
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
    pub(super) fn elsewhere(&mut self, marks: &Marks) -> Option<Reason> {
        let known = self.known;
        let in_another_folder = known.of_name(marks).filter(|like| !like.may_be_made_anew());
        let moved = self.likeliest(in_another_folder);
        if let Some(job) = self.one_of(&moved) {
            if !marks.has_photo {
                return Some(Reason::of((Decision::Changed, job)));
            }
            return Some(Reason::changed(job, Doubt::Folder, moved));
        }
        let nameless = self.likeliest(known.of_name(marks).filter(|_| marks.is_nameless));
        if let Some(job) = self.one_of(&nameless) {
            return Some(Reason::changed(job, Doubt::Nameless, nameless));
        }
        for (doubt, jobs) in [
            (Doubt::Place, self.likeliest(known.of_called(marks))),
            (Doubt::Token, self.likeliest(known.of_token(marks))),
        ] {
            if let Some(job) = self.one_of(&jobs) {
                return Some(Reason::changed(job, doubt, jobs));
            }
        }
        let of_file = known.of_path(marks).filter(Like::has_same_wording);
        if let Some(&job) = self.likeliest(of_file).last() {
            return Some(Reason::changed(job, Doubt::File, vec![job]));
        }
        let made_anew = known.of_file(marks).filter(Like::may_be_made_anew);
        let edited = self.likeliest(made_anew.chain(known.of_path(marks)));
        let other = || {
            let places = known.of_other_kind(marks).map(|like| like.job());
            places.filter(|&place| self.is_free(place)).max()
        };
        let job = edited.last().copied().or_else(other)?;
        Some(Reason::of((Decision::Changed, job)))
    }

    /// Each row gets a job of its own, as far as there are enough.
    fn one_of(&mut self, jobs: &[u32]) -> Option<u32> {
        let left = jobs.iter().find(|place| !self.moved.contains(place));
        let job = left.or(jobs.first()).copied()?;
        self.moved.insert(job);
        Some(job)
    }
}
