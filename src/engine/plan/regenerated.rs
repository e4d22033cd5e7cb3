//! Rows whose photo address was regenerated since it was ordered, and the jobs that they may match.

use std::collections::{HashMap, HashSet};

use super::PlanError;
use super::marks::marks_of;
use super::open::rows_at;
use super::search::RowSearch;
use crate::jobs::JobState;
use crate::jobs::recognition::{Marks, PhotoAddress, Similarity};
use crate::manifest::{Manifest, Row};

/// What is known of them.
#[derive(Default)]
pub(super) struct RegeneratedRows {
    /// By the places of the jobs that each of the rows may be as well as any other of them.
    groups: HashMap<Vec<u32>, AmbiguousGroup>,
    /// Places of the rows that were taken for those of jobs.
    pub matched: HashSet<usize>,
    /// Jobs of which an open row has the id and the very address. That row has the better claim, also where
    /// its prompt was edited.
    pub in_place: HashSet<u32>,
    /// Servers of which a row still has its job's very address, tokens included, each with the place of the
    /// first such job.
    stable: HashMap<String, u32>,
}

/// Rows that nothing but their order distinguishes.
#[derive(Default)]
struct AmbiguousGroup {
    /// The rows' places, and whether each is left out.
    rows: Vec<(u32, bool)>,
    /// Whether their photos are in other folders than those of the jobs.
    is_elsewhere: bool,
    /// Servers on which their addresses have tokens.
    servers: HashSet<String>,
}

impl RowSearch<'_> {
    /// Notes the jobs that this row may match if its photo address was regenerated.
    pub(super) fn note_regenerated(&mut self, index: usize, row: &Row) {
        let marks = marks_of(row);
        let (jobs, is_elsewhere) = self.made_anew(&marks);
        if !jobs.is_empty() {
            let group = self.regenerated.groups.entry(jobs).or_default();
            group.rows.push((index as u32, row.is_left_out));
            group.is_elsewhere |= is_elsewhere;
            group.servers.extend(server_of_tokens(row));
        }
    }

    /// Notes the jobs whose very photo this row has.
    pub(super) fn note_in_place(&mut self, marks: &Marks) {
        if marks.has_photo {
            let jobs = self.known.of_subject(marks).filter(Similarity::has_same_id);
            self.regenerated
                .in_place
                .extend(jobs.map(|like| like.job()));
        }
    }

    /// Notes since when addresses on a server were not regenerated: since the first order whose row still has
    /// its very address. Only the servers of rows in question are looked for.
    pub(super) fn note_stable(&mut self, manifest: &mut Manifest) -> Result<(), PlanError> {
        let groups = self.regenerated.groups.values();
        let asked: HashSet<String> = groups.flat_map(|group| group.servers.clone()).collect();
        if asked.is_empty() {
            return Ok(());
        }
        for row in rows_at(manifest, self.plan.known_rows(self.ledger))? {
            let (_, row) = row?;
            let server = server_of_tokens(&row).filter(|server| asked.contains(server));
            if let (Some(server), Some(place)) = (server, self.ledger.place_of(row.key())) {
                let first = self.regenerated.stable.entry(server).or_insert(place);
                *first = place.min(*first);
            }
        }
        Ok(())
    }

    /// The likeliest of the jobs in no row that a row may be: those whose photo has the name that the row's
    /// has, where its address names none; those that count; those in folders of the same names. Also,
    /// whether they are in others. Refused ones count: each has had its row.
    fn made_anew(&self, marks: &Marks) -> (Vec<u32>, bool) {
        let is_in_question = |like: &Similarity<'_>| {
            let place = like.job();
            let is_counted = self.job(place).is_some_and(JobState::is_counted);
            like.has_same_id()
                && (marks.is_nameless || like.may_be_made_anew())
                && (self.is_accepted(place) || is_counted)
                && !self.is_in_a_row(place)
                && !self.regenerated.in_place.contains(&place)
        };
        let likes = self.known.of_name(marks).filter(is_in_question);
        let ranked = likes.map(|like| {
            let (is_replaced, place) = self.rank(like.job());
            let folders = if marks.is_nameless {
                (true, 0)
            } else {
                (like.has_same_folders(), like.common_folders())
            };
            ((like.has_same_photo_name(), !is_replaced, folders), place)
        });
        let ranked: Vec<_> = ranked.collect();
        let Some(best) = ranked.iter().map(|(rank, _)| *rank).max() else {
            return (Vec::new(), false);
        };
        let jobs = ranked.into_iter().filter(|(rank, _)| *rank == best);
        let mut jobs: Vec<u32> = jobs.map(|(_, place)| place).collect();
        jobs.sort_unstable();
        jobs.dedup();
        let (_, _, (is_here, _)) = best;
        (jobs, !is_here)
    }

    /// Takes the rows for those of jobs: in their order, where there are as many jobs as rows. Where there
    /// are not, no one can say which is which. Rows that may be few jobs come first. Returns how many rows
    /// of this run were taken.
    pub(super) fn match_regenerated(&mut self) -> u64 {
        let groups = std::mem::take(&mut self.regenerated.groups);
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_unstable_by_key(|(jobs, group)| (jobs.len(), group.rows.first().copied()));
        let adopted = groups
            .into_iter()
            .map(|(jobs, group)| self.match_in_order(jobs, group));
        adopted.sum()
    }

    fn match_in_order(&mut self, mut jobs: Vec<u32>, group: AmbiguousGroup) -> u64 {
        let all = jobs.len();
        jobs.retain(|&place| !self.is_in_a_row(place));
        // Where other photos of this name kept their folders, one in another folder may be another one.
        // So may one under another token where the token of a photo that was ordered before it stayed.
        let stays = |server| {
            let first = self.regenerated.stable.get(server);
            first.is_some_and(|first| jobs.iter().any(|job| first < job))
        };
        let is_in_doubt = group.is_elsewhere && jobs.len() < all || group.servers.iter().any(stays);
        if group.rows.len() != jobs.len() || is_in_doubt {
            return 0;
        }
        jobs.sort_unstable_by_key(|&place| self.rank(place));
        let mut adopted = 0;
        for ((row, is_left_out), job) in group.rows.into_iter().zip(jobs) {
            // The row of a refused job is ordered.
            if self.is_accepted(job) {
                let row = row as usize;
                self.match_row(row, job);
                self.regenerated.matched.insert(row);
                adopted += u64::from(!is_left_out);
            }
        }
        adopted
    }
}

/// The server of a row's photo, if its address has tokens, which change where an address is regenerated.
fn server_of_tokens(row: &Row) -> Option<String> {
    let photo = PhotoAddress::of(row.clip.image_url());
    let has_tokens = photo.is_nameless() || photo.folders.iter().any(String::is_empty);
    has_tokens.then_some(photo.host)
}
