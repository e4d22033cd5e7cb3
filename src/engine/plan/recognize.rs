//! Rows whose key is not in the log, compared with its jobs by what makes them the same clip for a
//! person. Nothing is sent before all of them are decided.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::alike;
use super::known::Log;
use super::open::{MOST_HELD, OpenRows};
use super::{Decision, Place, Plan, PlanError, marks_of};
use crate::jobs::recognition::{Cause, Marks, Namesake, Recognition, differences};
use crate::jobs::{Clip, Credits, JobKey, JobState, Ledger, Status};
use crate::manifest::{Manifest, Row};

/// Held rows that are reported one by one; further ones are counted.
pub const MOST_LISTED: usize = 10_000;

/// What a person has let through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed {
    /// Rows that were edited, or renamed, after their clip was ordered.
    pub changed: bool,
    /// Rows that ask for a clip that was ordered under another id.
    pub same_clip: bool,
}

/// A row that is held back.
#[derive(Clone, Debug)]
pub struct Held {
    /// Where it starts.
    pub place: Place,
    /// The listing's or SKU's id.
    pub id: String,
    /// The photo's address.
    pub photo: String,
    /// Why.
    pub reason: Decision,
    /// The job that stands for it.
    pub job: JobKey,
    /// That one's listing or SKU.
    pub job_id: String,
    /// The row of the same sheet that asks for the clip.
    pub other: Option<Place>,
    /// Whether the log holds of that job only what the vendor's sample scripts write: no request, so
    /// that nothing can be compared.
    pub is_bare: bool,
    /// The jobs whose photo it may be, in another folder, as far as only that differs.
    pub moved: Vec<Moved>,
    /// Whether that job failed, and was given back what it would have cost.
    pub is_refunded: bool,
    /// Why the ids are likely to differ.
    pub cause: Option<Cause>,
    /// The columns in which a changed row differs from that job, as far as the log holds what it asked
    /// for.
    pub differs: Vec<&'static str>,
}

/// A job of which a row may have the photo, in another folder.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Its key.
    pub job: JobKey,
    /// The address of the photo that was ordered.
    pub photo: String,
}

/// What recognition found.
#[derive(Debug, Default)]
pub struct Found {
    /// The first held rows.
    pub held: Vec<Held>,
    /// Rows taken for those of jobs although a person cannot see a difference.
    pub same: u64,
    /// Rows taken for those of jobs whose photo's address was made anew.
    pub rotated: u64,
    /// Jobs that were accepted, or may have been.
    pub accepted: u64,
    /// Edited rows, listed or not, of which the log holds only what the vendor's sample scripts write.
    pub bare: u64,
    /// Edited rows, listed or not, whose photo may only be in another folder.
    pub moved: u64,
    /// Of the listed rows that look renamed, how many for which cause.
    pub causes: HashMap<Cause, u64>,
}

/// Decides about every row of the manifest, all of which are noted in `plan`. At most `most_listed`
/// of the held rows are reported one by one.
pub fn decide(
    manifest: &mut Manifest,
    plan: &mut Plan,
    log: Option<(&Path, &Ledger)>,
    allowed: Allowed,
    most_listed: usize,
) -> Result<Found, PlanError> {
    let none = Ledger::new(crate::jobs::Rates::default());
    let ledger = log.map_or(&none, |(_, ledger)| ledger);
    let (open, named) = plan.decide(ledger);
    let mut found = match log {
        Some((path, ledger)) if open > 0 && !ledger.is_empty() => {
            let log = Log { path, ledger };
            let open = plan.open(ledger).collect();
            let open = OpenRows::read(manifest, plan, open, MOST_HELD)?;
            let compared = plan.compared(ledger, &named);
            compare(manifest, plan, log, open, &compared, (allowed, most_listed))?
        }
        _ => Found::default(),
    };
    if !allowed.same_clip {
        alike::hold(manifest, plan, ledger, most_listed, &mut found.held)?;
    }
    Ok(found)
}

/// Compares the open rows with the jobs at whose places `compared` is true.
fn compare(
    manifest: &mut Manifest,
    plan: &mut Plan,
    log: Log<'_>,
    open: OpenRows,
    compared: &[bool],
    (allowed, most_listed): (Allowed, usize),
) -> Result<Found, PlanError> {
    let found = Found {
        accepted: log.ledger.jobs().filter(|job| job.maybe_accepted()).count() as u64,
        ..Found::default()
    };
    if !compared.contains(&true) {
        return Ok(found);
    }
    let known = log.marks(compared, &open.sought)?;
    if known.is_empty() {
        return Ok(found);
    }
    let mut search = Search {
        plan,
        ledger: log.ledger,
        known,
        allowed,
        most_listed,
        claimed: HashSet::new(),
        kept: HashSet::new(),
        clips: HashMap::new(),
        moved: HashSet::new(),
        held_rows: Vec::new(),
        found,
    };
    search.run(manifest, open)?;
    search.plan.count();
    let held_rows = std::mem::take(&mut search.held_rows);
    let mut found = search.found;
    let jobs = held_rows
        .iter()
        .flat_map(|row| std::iter::once(row.job).chain(row.moved.clone()));
    let ordered = log.ordered(jobs)?;
    for (held, row) in found.held.iter_mut().zip(&held_rows) {
        let moved = row.moved.iter().filter_map(|place| {
            let (clip, _) = ordered.get(place)?.clip.as_ref()?;
            Some(Moved {
                job: log.ledger.job_at(*place)?.key,
                photo: clip.image_url().to_owned(),
            })
        });
        held.moved = moved.collect();
        let Some(ordered) = ordered.get(&row.job) else {
            continue;
        };
        held.job_id.clone_from(&ordered.id);
        if let Some((old, old_variant)) = &ordered.clip
            && held.reason == Decision::Changed
        {
            held.differs = differences((&row.clip, &row.variant), (old, old_variant));
        }
        if held.reason == Decision::Renamed {
            let cause = Cause::of(&held.job_id, &held.id);
            held.cause = Some(cause);
            *found.causes.entry(cause).or_default() += 1;
        }
    }
    Ok(found)
}

struct Search<'a> {
    plan: &'a mut Plan,
    ledger: &'a Ledger,
    known: Recognition,
    allowed: Allowed,
    most_listed: usize,
    /// Jobs for which a renamed row is held already.
    claimed: HashSet<u32>,
    /// Jobs of the id and photo of rows that `--where` leaves out and that have no prompt of their
    /// own: their prompt was made of a template that this run does not know.
    kept: HashSet<u32>,
    /// The jobs of clips that rows of the last pass ask for.
    clips: HashMap<u64, ClipJobs>,
    /// Jobs of which a row has the photo in another folder.
    moved: HashSet<u32>,
    /// What is looked up in the log for [`Found::held`].
    held_rows: Vec<HeldRow>,
    found: Found,
}

/// A held row and the jobs that it may stand for, by their places in the ledger.
struct HeldRow {
    job: u32,
    moved: Vec<u32>,
    clip: Clip,
    variant: String,
}

/// Why a row may not be sent by itself, and the job that stands for it.
struct Reason {
    decision: Decision,
    job: u32,
    /// The jobs whose photo it may be, in another folder.
    moved: Vec<u32>,
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

impl Search<'_> {
    /// Three steps, so that what is certain is settled before what is likely.
    fn run(&mut self, manifest: &mut Manifest, mut open: OpenRows) -> Result<(), PlanError> {
        open.keep_if(manifest, |index, row| {
            self.keep(row);
            !self.is_same(index, row)
        })?;
        open.keep_if(manifest, |index, row| {
            self.plan.is_open(index, self.ledger) && !self.is_rotated(index, row)
        })?;
        open.keep_if(manifest, |index, row| {
            self.hold_or_send(index, row);
            false
        })
    }

    fn job(&self, place: u32) -> Option<&JobState> {
        self.ledger.job_at(place)
    }

    /// A job that was or may have been accepted, and is in no row.
    fn is_free(&self, place: u32) -> bool {
        self.job(place)
            .is_some_and(|job| job.maybe_accepted() && !self.is_in_a_row(job, place))
    }

    fn is_in_a_row(&self, job: &JobState, place: u32) -> bool {
        self.plan.holds(job) || self.kept.contains(&place)
    }

    /// Notes the jobs of a row that is left out and has no prompt of its own.
    fn keep(&mut self, row: &Row) {
        if row.is_left_out && row.clip.words().is_empty() {
            let marks = marks_of(row);
            let jobs = self.known.of_subject(&marks);
            self.kept
                .extend(jobs.filter(|like| like.same_id).map(|like| like.job));
        }
    }

    fn adopt(&mut self, index: usize, place: u32) {
        if let Some(job) = self.ledger.job_at(place) {
            self.plan.adopt(index, job);
        }
    }

    /// Takes the row for that of a job, where a person sees no difference. `true` when there is no
    /// more to find about it.
    fn is_same(&mut self, index: usize, row: &Row) -> bool {
        let marks = marks_of(row);
        let is_known = self.ledger.job(row.key()).is_some();
        let same = self
            .known
            .of_clip_and_id(&marks)
            .filter(|like| !is_known && like.same_wording && self.is_free(like.job));
        let newest_last = |place: u32| {
            let is_superseded = self.job(place).is_some_and(JobState::is_superseded);
            (!is_superseded, place)
        };
        if let Some(place) = same
            .map(|like| like.job)
            .max_by_key(|&job| newest_last(job))
        {
            self.adopt(index, place);
            self.found.same += u64::from(!row.is_left_out);
            return !self.plan.is_open(index, self.ledger);
        }
        !self.known.has_like(&marks)
    }

    /// Takes the row for that of a job whose photo's address was made anew.
    fn is_rotated(&mut self, index: usize, row: &Row) -> bool {
        let marks = marks_of(row);
        let may_be = |like: &Namesake| like.same_id && like.may_be_made_anew;
        let place = self
            .likeliest(self.known.of_name(&marks).filter(may_be))
            .first()
            .copied();
        if let Some(place) = place {
            self.adopt(index, place);
            self.found.rotated += u64::from(!row.is_left_out);
        }
        place.is_some()
    }

    /// Of jobs with the row's photo elsewhere, those in no row that are the likeliest: that count, and
    /// with the most folders the same; older ones first, as the rows of a sheet are.
    fn likeliest(&self, namesakes: impl Iterator<Item = Namesake>) -> Vec<u32> {
        let rank = |like: &Namesake| {
            let is_current = self.job(like.job).is_some_and(|job| !job.is_superseded());
            (is_current, like.common_folders)
        };
        let free: Vec<Namesake> = namesakes.filter(|like| self.is_free(like.job)).collect();
        let best = free.iter().map(rank).max();
        let best = free.iter().filter(|like| Some(rank(like)) == best);
        let mut jobs: Vec<u32> = best.map(|like| like.job).collect();
        jobs.sort_unstable();
        jobs.dedup();
        jobs
    }

    /// The job in no row of which the row has the photo in another folder; or the same photo under an
    /// address that was made anew, with other words; or the same words, only one of both with a photo.
    fn elsewhere(&mut self, marks: &Marks) -> Option<Reason> {
        let in_another_folder = |like: &Namesake| !like.may_be_made_anew;
        let moved = self.likeliest(self.known.of_name(marks).filter(in_another_folder));
        // Each row gets a job of its own, as far as there are enough.
        let is_left = |place: &&u32| !self.moved.contains(place);
        if let Some(&job) = moved.iter().find(is_left).or(moved.first()) {
            self.moved.insert(job);
            return Some(Reason {
                decision: Decision::Changed,
                job,
                moved: if marks.has_photo { moved } else { Vec::new() },
            });
        }
        let made_anew = |like: &Namesake| like.may_be_made_anew;
        let made_anew = self.likeliest(self.known.of_file(marks).filter(made_anew));
        let other = self
            .known
            .of_other_kind(marks)
            .filter(|&place| self.is_free(place));
        let job = made_anew.last().copied().or_else(|| other.max())?;
        Some(Reason {
            decision: Decision::Changed,
            job,
            moved: Vec::new(),
        })
    }

    /// Decides about a row that is not a job's own.
    fn hold_or_send(&mut self, index: usize, row: &Row) {
        if row.is_left_out {
            return;
        }
        let marks = marks_of(row);
        let key = self.plan.key_of(index, row);
        self.report_apart(&marks);
        // The jobs that the row replaces: about the same, and in no row.
        let about_the_same = self.known.of_subject(&marks).map(|like| like.job);
        let mut seen = HashSet::new();
        let mut replaced: Vec<u32> = about_the_same
            .chain(self.never_accepted_elsewhere(&marks))
            .chain(self.known.of_bare(&marks))
            .filter(|&place| {
                let is_replaced = |job: &JobState| {
                    job.key != key && !job.is_superseded() && !self.plan.holds(job)
                };
                seen.insert(place) && self.job(place).is_some_and(is_replaced)
            })
            .collect();
        let reason = match self.reason_to_hold(row, key, &marks, &replaced) {
            Some((decision, job)) => Some(Reason {
                decision,
                job,
                moved: Vec::new(),
            }),
            None => self
                .elsewhere(&marks)
                .inspect(|reason| replaced.push(reason.job)),
        };
        if let Some(reason) = reason {
            let (decision, job) = (reason.decision, reason.job);
            if decision == Decision::Renamed {
                self.claim(job, &marks);
            }
            if !self.is_allowed(decision) {
                let is_bare = self.known.of_bare(&marks).any(|bare| bare == job);
                self.hold(index, row, reason, is_bare);
                return;
            }
            if decision == Decision::Renamed && !self.allowed.same_clip {
                let job = self.job(job).map(|job| job.key);
                self.plan.replace(index, job.into_iter().collect());
                return;
            }
        }
        let refused = self.take_refused(&marks);
        let more = refused.iter().filter(|place| !replaced.contains(place));
        let keys = replaced.iter().chain(more);
        let keys = keys.filter_map(|&place| self.job(place)).map(|job| job.key);
        let keys = keys.collect();
        self.plan.replace(index, keys);
    }

    /// Distinguishes the jobs of the row's clip, unless that was done for another row.
    fn report_apart(&mut self, marks: &Marks) {
        if self.clips.contains_key(&marks.clip()) {
            return;
        }
        let mut jobs = ClipJobs::default();
        for place in self.known.of_clip(marks).map(|like| like.job) {
            let Some(job) = self.job(place) else { continue };
            match (job.maybe_accepted(), self.is_in_a_row(job, place)) {
                (true, true) => jobs.standing.push(place),
                (true, false) => jobs.free.push(place),
                (false, false) if !job.is_superseded() => jobs.refused.push(place),
                (false, _) => {}
            }
        }
        jobs.standing.sort_unstable();
        jobs.free.sort_unstable_by_key(|&place| self.rank(place));
        self.clips.insert(marks.clip(), jobs);
    }

    /// Jobs that count come before those that were replaced, older ones before newer ones.
    fn rank(&self, place: u32) -> (bool, u32) {
        (self.job(place).is_some_and(JobState::is_superseded), place)
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

    /// Jobs of the row with the photo elsewhere that were never accepted: with the same words, or
    /// under an address that was made anew.
    fn never_accepted_elsewhere(&self, marks: &Marks) -> impl Iterator<Item = u32> {
        let made_anew = self
            .known
            .of_file(marks)
            .filter(|like| like.may_be_made_anew);
        let elsewhere = self.known.of_name(marks).chain(made_anew);
        elsewhere
            .filter(|like| like.same_id)
            .map(|like| like.job)
            .filter(|&place| self.job(place).is_some_and(|job| !job.maybe_accepted()))
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
        let is_accepted = |place: &u32| self.job(*place).is_some_and(JobState::maybe_accepted);
        let accepted: Vec<u32> = replaced.iter().copied().filter(is_accepted).collect();
        let same_id: HashSet<u32> = self
            .known
            .of_subject(marks)
            .filter(|like| like.same_id)
            .map(|like| like.job)
            .collect();
        let changed = accepted.iter().copied();
        // The photo's own id first, then one that a program may have made of it.
        if let Some(place) = changed.clone().find(|place| same_id.contains(place)) {
            return Some((Decision::Changed, place));
        }
        if let Some(place) = self.renamed(marks, &accepted) {
            return Some((Decision::Renamed, place));
        }
        if let Some(place) = changed.clone().next() {
            return Some((Decision::Changed, place));
        }
        if !marks.has_photo {
            // Many listings may share their words: only a clip of the same id is the same.
            let of_id = self.known.of_subject(marks);
            let standing = of_id.filter(|like| like.same_wording).find(|like| {
                let job = self.job(like.job);
                job.is_some_and(|job| {
                    job.key != key && job.maybe_accepted() && self.is_in_a_row(job, like.job)
                })
            });
            return standing.map(|like| (Decision::SameClip, like.job));
        }
        // Under its own id, another query may ask for another part of the photo.
        let is_elsewhere = |place: &u32| {
            self.job(*place).is_some_and(|job| {
                let is_other_part =
                    !self.known.has_query(*place, marks) && self.plan.holds_under(job, &row.id);
                job.key != key && !is_other_part
            })
        };
        let standing = &self.clips.get(&marks.clip())?.standing;
        let same = standing.iter().copied().find(is_elsewhere);
        same.map(|place| (Decision::SameClip, place))
    }

    /// The job of the same clip under another id whose row is gone: one whose id is alike before
    /// others, one that counts before one that was replaced.
    fn renamed(&self, marks: &Marks, alike: &[u32]) -> Option<u32> {
        let jobs = self.clips.get(&marks.clip());
        let free = jobs.map_or(&[][..], |jobs| &jobs.free);
        let unclaimed = jobs.map_or(&[][..], |jobs| &jobs.free[jobs.claimed..]);
        let may_be =
            |place: &u32| !self.known.has_id(*place, marks) && !self.claimed.contains(place);
        let is_free = |place: &u32| {
            let rank = self.rank(*place);
            free.binary_search_by_key(&rank, |&other| self.rank(other))
                .is_ok()
        };
        let alike_and_free = alike.iter().copied().filter(is_free).filter(may_be);
        let first = unclaimed.iter().copied().find(may_be);
        let moved = self.known.of_name(marks);
        let moved = moved
            .filter(|like| like.may_be_made_anew)
            .map(|like| like.job);
        let moved = moved.filter(|&place| self.is_free(place)).filter(may_be);
        alike_and_free
            .chain(first)
            .chain(moved)
            .max_by_key(|place| {
                let (is_replaced, _) = self.rank(*place);
                (
                    alike.contains(place),
                    !is_replaced,
                    std::cmp::Reverse(*place),
                )
            })
    }

    fn hold(&mut self, index: usize, row: &Row, reason: Reason, is_bare: bool) {
        self.plan.hold(index, reason.decision);
        if reason.decision == Decision::Changed {
            self.found.bare += u64::from(is_bare);
            self.found.moved += u64::from(!is_bare && !reason.moved.is_empty());
        }
        let job = self.job(reason.job).map(|job| {
            let is_refunded = job.status() == Status::Failed && job.committed() == Credits::ZERO;
            (job.key, is_refunded)
        });
        if let Some((job, is_refunded)) = job
            && self.held_rows.len() < self.most_listed
        {
            self.held_rows.push(HeldRow {
                job: reason.job,
                moved: reason.moved,
                clip: row.clip.clone(),
                variant: row.variant.clone(),
            });
            self.found.held.push(Held {
                place: Place {
                    file: Arc::clone(&row.file),
                    line: row.line,
                },
                id: row.id.clone(),
                photo: row.clip.image_url().to_owned(),
                reason: reason.decision,
                job,
                job_id: String::new(),
                other: None,
                is_bare,
                is_refunded,
                moved: Vec::new(),
                cause: None,
                differs: Vec::new(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
