//! The jobs that open rows are like, and what is done about each row.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::decision::Decision;
use super::decision::RowLocation;
use super::further::FurtherRows;
use super::held::{Allowed, ChangeDoubt, Held, RecognitionResult};
use super::marks::marks_of;
use super::open::OpenRows;
use super::regenerated::RegeneratedRows;
use super::{Plan, PlanError};
use crate::jobs::recognition::{Marks, Recognition, Similarity};
use crate::jobs::{Clip, Credits, JobKey, JobState, Ledger, Status};
use crate::manifest::{Manifest, Row};

/// A held row, and the jobs that it may stand for, by their places in the ledger.
pub(super) struct HeldRow {
    /// Its place among the rows.
    pub index: usize,
    pub held: Held,
    pub job: u32,
    /// The jobs whose photo it may be.
    pub moved: Vec<u32>,
    pub clip: Clip,
    pub variant: String,
}

/// Why a row may not be sent by itself, and the job that stands for it.
pub(super) struct HoldReason {
    pub decision: Decision,
    pub job: u32,
    pub doubt: ChangeDoubt,
    pub moved: Vec<u32>,
    /// Where that job's row is, in another file.
    pub other: Option<RowLocation>,
}

impl HoldReason {
    pub fn of((decision, job): (Decision, u32)) -> Self {
        Self {
            decision,
            job,
            doubt: ChangeDoubt::Edited,
            moved: Vec::new(),
            other: None,
        }
    }

    /// `moved` are the jobs whose photo it may be.
    pub fn changed(job: u32, doubt: ChangeDoubt, moved: Vec<u32>) -> Self {
        Self {
            doubt,
            moved,
            ..Self::of((Decision::Changed, job))
        }
    }
}

/// The jobs of one clip, under whatever id, by what a row may do with them. Distinguished once, however
/// many rows ask for the clip: thousands may share a photo and a prompt.
#[derive(Default)]
struct ClipJobs {
    /// Accepted and in no row: those that count before those that were replaced, then by place.
    free: Vec<u32>,
    /// So many of them, from the first on, are claimed.
    claimed: usize,
    /// Never accepted and in no row. Ordered again, they would bring the clip that a row brings.
    refused: Vec<u32>,
    /// Accepted, each in a row, by place.
    standing: Vec<u32>,
}

/// What is known of rows and jobs while they are compared.
pub(super) struct RowSearch<'a> {
    pub(super) plan: &'a mut Plan,
    /// Rows of jobs in several files.
    pub(super) further: FurtherRows,
    pub(super) ledger: &'a Ledger,
    pub(super) known: &'a Recognition,
    allowed: Allowed,
    most_listed: usize,
    /// Jobs for which a renamed row is held already.
    claimed: HashSet<u32>,
    /// Jobs of rows that are left out, and that may be theirs although their key is another.
    kept: HashSet<u32>,
    /// The jobs of clips that rows of the last pass ask for.
    clips: HashMap<u64, ClipJobs>,
    /// Jobs of which a row has the photo elsewhere.
    pub(super) moved: HashSet<u32>,
    /// Rows whose photo addresses were regenerated.
    pub(super) regenerated: RegeneratedRows,
    /// Refused jobs that a row with another photo replaces.
    corrected: HashSet<u32>,
    held: Vec<HeldRow>,
}

impl<'a> RowSearch<'a> {
    /// Nothing is compared yet.
    pub fn of(
        plan: &'a mut Plan,
        ledger: &'a Ledger,
        known: &'a Recognition,
        allowed: Allowed,
        most_listed: usize,
    ) -> Self {
        Self {
            plan,
            further: FurtherRows::default(),
            ledger,
            known,
            allowed,
            most_listed,
            claimed: HashSet::new(),
            kept: HashSet::new(),
            clips: HashMap::new(),
            moved: HashSet::new(),
            regenerated: RegeneratedRows::default(),
            corrected: HashSet::new(),
            held: Vec::new(),
        }
    }

    /// Decides about the rows in three steps, so that what is certain is settled before what is likely.
    /// Gives the first held ones.
    pub fn run(
        mut self,
        manifest: &mut Manifest,
        mut open: OpenRows,
        found: &mut RecognitionResult,
    ) -> Result<Vec<HeldRow>, PlanError> {
        open.keep_if(manifest, |index, row| {
            let marks = marks_of(row);
            self.keep(index, row, &marks);
            if let Some(place) = self.same(row, &marks) {
                self.match_row(index, place);
                found.same += u64::from(!row.is_left_out);
                return self.plan.is_open(index, self.ledger);
            }
            self.note_in_place(&marks);
            self.known.has_like(&marks) || self.corrected(&marks).is_some()
        })?;
        open.keep_if(manifest, |index, row| {
            let is_open = self.plan.is_open(index, self.ledger);
            if is_open {
                self.note_regenerated(index, row);
            }
            is_open
        })?;
        self.note_stable(manifest)?;
        found.rotated = self.match_regenerated();
        self.further = self.plan.further_rows();
        open.keep_if(manifest, |index, row| {
            if !row.is_left_out && !self.regenerated.matched.contains(&index) {
                self.hold_or_send(index, row);
            }
            false
        })?;
        Ok(self.held)
    }

    pub(super) fn job(&self, place: u32) -> Option<&'a JobState> {
        self.ledger.job_at(place)
    }

    pub(super) fn is_accepted(&self, place: u32) -> bool {
        self.job(place).is_some_and(JobState::maybe_accepted)
    }

    pub(super) fn is_in_a_row(&self, place: u32) -> bool {
        self.kept.contains(&place) || self.job(place).is_some_and(|job| self.plan.holds(job))
    }

    /// A job that was or may have been accepted, and is in no row.
    pub(super) fn is_free(&self, place: u32) -> bool {
        self.is_accepted(place) && !self.is_in_a_row(place)
    }

    /// A free job whose photo no open row has under its id.
    pub(super) fn is_elsewhere(&self, place: u32) -> bool {
        self.is_free(place) && !self.regenerated.in_place.contains(&place)
    }

    /// Jobs that count come before those that were replaced, older ones before newer ones.
    pub(super) fn rank(&self, place: u32) -> (bool, u32) {
        (self.job(place).is_some_and(JobState::is_superseded), place)
    }

    /// Notes the jobs of a row that is left out where its prompt may have been another one: a template's
    /// that this run does not know, or the one that a mistake is in.
    fn keep(&mut self, index: usize, row: &Row, marks: &Marks) {
        if self.plan.is_invalid(index) {
            let jobs = self
                .known
                .of_subject(marks)
                .chain(self.known.of_kind(marks));
            let jobs = jobs.chain(self.known.of_clip(marks));
            self.kept.extend(jobs.map(|like| like.job()));
        } else if row.is_left_out && row.clip.words().is_empty() {
            let jobs = self.known.of_subject(marks).filter(Similarity::has_same_id);
            self.kept.extend(jobs.map(|like| like.job()));
        }
    }

    pub(super) fn match_row(&mut self, index: usize, place: u32) {
        if let Some(job) = self.job(place) {
            self.plan.match_to_job(index, job);
        }
    }

    /// The job whose row this is, as far as a person sees.
    fn same(&self, row: &Row, marks: &Marks) -> Option<u32> {
        if self.ledger.job(row.key()).is_some() {
            return None;
        }
        let same = self.known.of_clip_and_id(marks);
        let same = same.filter(|like| like.has_same_wording() && self.is_free(like.job()));
        same.map(|like| like.job()).max_by_key(|&place| {
            let (is_replaced, _) = self.rank(place);
            (!is_replaced, place)
        })
    }

    /// Decides about a row that is not a job's own.
    fn hold_or_send(&mut self, index: usize, row: &Row) {
        let marks = marks_of(row);
        let key = self.plan.key_of(index, row);
        self.report_apart(&marks);
        let mut replaced = self.replaced(key, &marks);
        let reason = self.reason_to_hold(row, key, &marks, &replaced);
        let reason = reason.map(HoldReason::of).or_else(|| {
            let reason = self.elsewhere(&marks);
            let reason = reason.or_else(|| self.corrected_version(key, &marks))?;
            replaced.push(reason.job);
            Some(reason)
        });
        let reason = reason.or_else(|| self.other_version(index, &marks));
        if let Some(mut reason) = reason {
            let (decision, place) = (reason.decision, reason.job);
            if decision == Decision::Renamed {
                self.claim(place, &marks);
            }
            if !self.is_allowed(decision) {
                if self.known.of_bare(&marks).any(|bare| bare.job() == place) {
                    reason.doubt = ChangeDoubt::Bare;
                }
                self.hold(index, row, reason);
                return;
            }
            if decision == Decision::Renamed && !self.allowed.same_clip {
                self.replace(index, &[place]);
                return;
            }
        }
        let corrected = self.corrected(&marks);
        self.corrected.extend(corrected);
        let refused = self.take_refused(&marks).into_iter().chain(corrected);
        for place in refused {
            if !replaced.contains(&place) {
                replaced.push(place);
            }
        }
        self.replace(index, &replaced);
    }

    fn replace(&mut self, index: usize, places: &[u32]) {
        let jobs = places.iter().filter_map(|&place| self.job(place));
        let keys = jobs.map(|job| job.key).collect();
        self.plan.replace(index, keys);
    }

    /// The jobs that a row replaces when it is sent: about the same, or never accepted with the photo
    /// elsewhere, and in no row.
    fn replaced(&self, key: JobKey, marks: &Marks) -> Vec<u32> {
        let known = self.known;
        let made_anew = known.of_file(marks).filter(Similarity::may_be_made_anew);
        let elsewhere = known.of_name(marks).chain(made_anew);
        let elsewhere = elsewhere.chain(known.of_path(marks));
        let refused = elsewhere.filter(|like| like.has_same_id() && !self.is_accepted(like.job()));
        let likes = known.of_subject(marks).chain(refused);
        let mut seen = HashSet::new();
        let places = likes.chain(known.of_bare(marks)).map(|like| like.job());
        let places = places.filter(|&place| {
            let is_replaced =
                |job: &JobState| job.key != key && !job.is_superseded() && !self.plan.holds(job);
            seen.insert(place) && self.job(place).is_some_and(is_replaced)
        });
        places.collect()
    }

    /// A job of the row's id that was refused or has failed, and whose row is gone: with the same prompt and
    /// settings and another photo, which was likely corrected, or with an address that may be the row's.
    fn corrected(&self, marks: &Marks) -> Option<u32> {
        let likes = self.known.of_kind(marks).chain(self.known.of_token(marks));
        let likes = likes.filter(Similarity::has_same_id);
        let mut places = likes.map(|like| like.job());
        places.find(|&place| {
            let has_no_clip = |job: &JobState| job.is_counted() && job.may_get_new_attempt();
            !self.is_in_a_row(place)
                && !self.corrected.contains(&place)
                && self.job(place).is_some_and(has_no_clip)
        })
    }

    /// The job whose photo corrects that of the row's own job, where the row was set back to the older photo:
    /// its row is gone, and it may be paid for.
    fn corrected_version(&self, key: JobKey, marks: &Marks) -> Option<HoldReason> {
        let own = self.ledger.job(key)?;
        let likes = self.known.of_kind(marks).filter(Similarity::has_same_id);
        let places = likes.map(|like| like.job());
        let mut newer = places.filter(|&place| {
            let is_newer = |job: &JobState| job.key != key && job.is_counted();
            self.is_free(place) && self.job(place).is_some_and(is_newer)
        });
        let newer = newer.next().filter(|_| own.is_superseded())?;
        Some(HoldReason::of((Decision::Changed, newer)))
    }

    /// Distinguishes the jobs of the row's clip, unless that was done for another row.
    fn report_apart(&mut self, marks: &Marks) {
        if self.clips.contains_key(&marks.clip()) {
            return;
        }
        let mut jobs = ClipJobs::default();
        for place in self.known.of_clip(marks).map(|like| like.job()) {
            let (is_replaced, _) = self.rank(place);
            match (self.is_accepted(place), self.is_in_a_row(place)) {
                (true, true) => jobs.standing.push(place),
                (true, false) => jobs.free.push(place),
                (false, false) if !is_replaced => jobs.refused.push(place),
                (false, _) => {}
            }
        }
        jobs.standing.sort_unstable();
        jobs.free.sort_unstable_by_key(|&place| self.rank(place));
        self.clips.insert(marks.clip(), jobs);
    }

    fn claim(&mut self, place: u32, marks: &Marks) {
        self.claimed.insert(place);
        if let Some(jobs) = self.clips.get_mut(&marks.clip()) {
            let rest = jobs.free[jobs.claimed..].iter();
            let claimed = rest.take_while(|place| self.claimed.contains(place));
            jobs.claimed += claimed.count();
        }
    }

    /// Jobs of the row's clip that were never accepted. The first row that is sent replaces them.
    fn take_refused(&mut self, marks: &Marks) -> Vec<u32> {
        let jobs = self.clips.get_mut(&marks.clip());
        jobs.map_or_else(Vec::new, |jobs| std::mem::take(&mut jobs.refused))
    }

    fn is_allowed(&self, reason: Decision) -> bool {
        match reason {
            Decision::Changed => self.allowed.changed,
            Decision::Renamed => self.allowed.changed || self.allowed.same_clip,
            _ => self.allowed.same_clip,
        }
    }

    /// Why a row may not be sent by itself, and the job that stands for it.
    fn reason_to_hold(
        &self,
        row: &Row,
        key: JobKey,
        marks: &Marks,
        replaced: &[u32],
    ) -> Option<(Decision, u32)> {
        let accepted = replaced.iter().copied();
        let accepted: Vec<u32> = accepted.filter(|&place| self.is_accepted(place)).collect();
        let same_id = self.known.of_subject(marks).filter(Similarity::has_same_id);
        let same_id: HashSet<u32> = same_id.map(|like| like.job()).collect();
        // The photo's own id first, then one that a program may have made of it.
        let own = accepted.iter().find(|place| same_id.contains(place));
        let changed = |place: &u32| (Decision::Changed, *place);
        let held = own.map(changed);
        let held = held.or_else(|| Some((Decision::Renamed, self.renamed(marks, &accepted)?)));
        let held = held.or_else(|| accepted.first().map(changed));
        held.or_else(|| Some((Decision::SameClip, self.standing(row, key, marks)?)))
    }

    /// The job of the same clip that has a row of its own.
    fn standing(&self, row: &Row, key: JobKey, marks: &Marks) -> Option<u32> {
        let other = |place: u32| self.job(place).filter(|job| job.key != key);
        if !marks.has_photo {
            // Many listings may share their words: only a clip of the same id is the same.
            let of_id = self
                .known
                .of_subject(marks)
                .filter(Similarity::has_same_wording);
            let mut places = of_id.map(|like| like.job());
            return places.find(|&place| {
                other(place).is_some() && self.is_accepted(place) && self.is_in_a_row(place)
            });
        }
        // Under its own id, another query may ask for another part of the photo.
        let is_same = |job: &JobState, place| {
            self.known.has_query(place, marks) || !self.plan.holds_under(job, &row.id)
        };
        let mut standing = self.clips.get(&marks.clip())?.standing.iter().copied();
        standing.find(|&place| other(place).is_some_and(|job| is_same(job, place)))
    }

    /// The job of the same clip under another id whose row is gone: one whose id is alike before
    /// others, one that counts before one that was replaced.
    fn renamed(&self, marks: &Marks, alike: &[u32]) -> Option<u32> {
        let jobs = self.clips.get(&marks.clip());
        let free = jobs.map_or(&[][..], |jobs| &jobs.free);
        let unclaimed = jobs.map_or(&[][..], |jobs| &jobs.free[jobs.claimed..]);
        let may_be =
            |place: &u32| !self.known.has_id(*place, marks) && !self.claimed.contains(place);
        let is_of_clip = |place: &u32| {
            let rank = self.rank(*place);
            free.binary_search_by_key(&rank, |&other| self.rank(other))
                .is_ok()
        };
        let alike_and_free = alike.iter().copied().filter(is_of_clip).filter(may_be);
        let first = unclaimed.iter().copied().find(may_be);
        let moved = self
            .known
            .of_name(marks)
            .filter(Similarity::may_be_made_anew);
        let moved = moved.map(|like| like.job());
        let moved = moved
            .filter(|&place| self.is_elsewhere(place))
            .filter(may_be);
        let all = alike_and_free.chain(first).chain(moved);
        all.max_by_key(|place| (alike.contains(place), Reverse(self.rank(*place))))
    }

    fn hold(&mut self, index: usize, row: &Row, reason: HoldReason) {
        self.plan.hold(index, reason.decision);
        let Some(job) = self.job(reason.job) else {
            return;
        };
        if self.held.len() < self.most_listed {
            let is_failed = job.status() == Status::Failed;
            self.held.push(HeldRow {
                index,
                held: Held {
                    doubt: reason.doubt,
                    other: reason.other,
                    is_refunded: is_failed && job.committed() == Credits::ZERO,
                    ..Held::of(row, reason.decision, job.key)
                },
                job: reason.job,
                moved: reason.moved,
                clip: row.clip.clone(),
                variant: row.variant.clone(),
            });
        }
    }
}
