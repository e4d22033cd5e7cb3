//! Which rows of a manifest are sent: decided over the whole manifest before the first request.
//!
//! The first pass notes a few words of each row, the second reads again those that are sent. So a
//! million rows need tens of megabytes, not the manifest's size.

mod alike;
mod decision;
mod elsewhere;
mod first_pass;
mod further;
mod held;
mod hidden;
mod known;
mod marks;
mod open;
mod recognize;
mod regenerated;
mod search;
mod shares;
mod versions;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::jobs::recognition::{hash_of, normal};
use crate::jobs::{Credits, JobKey, JobState, Ledger};
use crate::journal::LogError;
use crate::manifest::{ManifestError, Row};

pub use decision::{Decision, RowCounts, RowLocation};
pub use held::{Allowed, ChangeDoubt, Held, MovedPhoto, RecognitionResult};
pub use recognize::{MOST_LISTED, decide};
pub use shares::Share;

/// Why nothing could be decided.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The manifest cannot be read, or is not what it was in the first pass.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The job log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What is kept of a row between the passes.
#[derive(Clone, Copy, Debug)]
struct RowEntry {
    key: JobKey,
    /// Half of the row's: enough to notice that the file was changed meanwhile.
    digest: u32,
    /// Hash of the listing's or SKU's id, as a person sees it.
    item: u64,
    /// [`Outline::clip`](crate::jobs::recognition::Outline::clip).
    clip: u64,
    /// Its place in [`Plan::prices`].
    price: u32,
    /// The line on which it starts. Four bytes; no file that someone edits has more lines.
    line: u32,
    /// [`Outline::detail`](crate::jobs::recognition::Outline::detail).
    detail: u64,
    decision: Decision,
    /// Neither it nor a row that repeats it is shown by the spreadsheet program.
    is_hidden: bool,
}

impl RowEntry {
    /// What rows share that differ at most in what cannot be seen, in how the photo's address is
    /// written, or in its signature.
    fn look(&self) -> (u64, u64, u64) {
        (self.item, self.clip, self.detail)
    }
}

/// The decisions for all rows.
#[derive(Debug, Default)]
pub struct Plan {
    rows: Vec<Option<RowEntry>>,
    /// For each of them [`Outline::subject`](crate::jobs::recognition::Outline::subject); 0 for a row with mistakes.
    subjects: Vec<u32>,
    /// The first row of each key.
    first: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// What clips cost; a manifest has few different ones.
    prices: Vec<Credits>,
    /// The ids of listings or SKUs in the manifest's order, where they are wanted.
    items: Option<ListedIds>,
    /// The jobs that rows replace when they are sent, by the rows' places.
    replaced: HashMap<u32, Vec<JobKey>>,
    /// Rows that repeat another one but for what cannot be seen, each with that one, by their places.
    repeated: Vec<(u32, u32)>,
    /// The files, each with the place of its first row.
    files: Vec<(u32, Arc<str>)>,
    /// The keys of rows that are left out, each with its id's hash.
    left_out: HashMap<JobKey, u64>,
    /// How many rows of each kind there are.
    pub counts: RowCounts,
}

#[derive(Debug, Default)]
struct ListedIds {
    ids: Vec<String>,
    places: hashbrown::HashMap<u64, u32>,
}

impl Plan {
    /// The first row of a key, by its place.
    fn place_of(&self, key: JobKey) -> Option<u32> {
        let has_key = |index: u32| {
            let note = self.rows[index as usize].as_ref();
            note.is_some_and(|note| note.key == key)
        };
        let hash = self.hasher.hash_one(key.number());
        self.first.find(hash, |&index| has_key(index)).copied()
    }

    /// The first row of a key.
    fn find(&self, key: JobKey) -> Option<&RowEntry> {
        self.rows[self.place_of(key)? as usize].as_ref()
    }

    /// Where the row at a place starts.
    fn place(&self, index: u32) -> RowLocation {
        let next = self.files.partition_point(|(first, _)| *first <= index);
        let file = next.checked_sub(1).and_then(|at| self.files.get(at));
        let note = self.rows.get(index as usize).and_then(Option::as_ref);
        RowLocation {
            file: file.map_or_else(|| Arc::from(""), |(_, file)| Arc::clone(file)),
            line: note.map_or(0, |note| u64::from(note.line)),
        }
    }

    /// Decides about every row by its key, once all are noted. Counts the rows whose key alone does
    /// not decide, see [`Plan::is_open`], and notes which jobs are named by a row, by their places in
    /// the ledger.
    pub fn decide(&mut self, ledger: &Ledger) -> (u64, Vec<bool>) {
        let mut open = 0;
        let mut named = vec![false; ledger.jobs().len()];
        let mut new = Vec::new();
        for (place, note) in self.rows.iter_mut().enumerate() {
            let Some(note) = note else { continue };
            if note.decision == Decision::Duplicate {
                continue;
            }
            let job = ledger.place_of(note.key);
            if let Some(job) = job {
                named[job as usize] = true;
            }
            if note.decision.is_unchecked() {
                continue;
            }
            let job = job.and_then(|job| ledger.job_at(job));
            note.decision = job.map_or(Decision::Send, decision_about);
            open += u64::from(is_open(note, job));
            if job.is_none() {
                new.push(place as u32);
            }
        }
        if !new.is_empty() {
            open -= self.leave_out_repeated(&new, ledger);
        }
        self.count();
        (open, named)
    }

    /// Which jobs have to be compared with the open rows, by their places in the ledger: those that
    /// no row names, those that may lose their row or have another photo than it, and those of rows
    /// with an open row's photo (without one, its id), of several files also those of rows with its id. The
    /// other ones have a row of their own and another clip.
    fn compared(&self, ledger: &Ledger, named: &[bool]) -> Vec<bool> {
        let mut subjects = HashSet::new();
        let mut items = HashSet::new();
        for place in self.open(ledger) {
            subjects.insert(self.subjects[place as usize]);
            let note = self.rows[place as usize].as_ref();
            items.extend(note.filter(|_| self.files.len() > 1).map(|note| note.item));
        }
        let jobs = ledger.jobs().zip(named);
        let mut compared: Vec<bool> = jobs
            .map(|(job, named)| !named || job.is_superseded() || job.is_renamed())
            .collect();
        for (note, subject) in self.rows.iter().zip(&self.subjects) {
            let is_compared =
                |note: &&RowEntry| subjects.contains(subject) || items.contains(&note.item);
            if let Some(note) = note.as_ref().filter(is_compared)
                && let Some(job) = ledger.place_of(note.key)
            {
                compared[job as usize] = true;
            }
        }
        compared
    }

    /// Whether a row may still be one that the log holds under another key: it would be sent (or is
    /// left out by `--where`), and its key is not in the log, or only as one that an edited row
    /// replaced.
    pub fn is_open(&self, index: usize, ledger: &Ledger) -> bool {
        let note = self.rows.get(index).and_then(Option::as_ref);
        note.is_some_and(|note| is_open(note, ledger.job(note.key)))
    }

    /// The places of the rows that are open, ascending.
    fn open(&self, ledger: &Ledger) -> impl Iterator<Item = u32> {
        let places = 0..self.rows.len() as u32;
        places.filter(|&place| self.is_open(place as usize, ledger))
    }

    /// Whether a row has mistakes.
    pub fn is_invalid(&self, index: usize) -> bool {
        let note = self.rows.get(index).and_then(Option::as_ref);
        note.is_none_or(|note| note.decision == Decision::Invalid)
    }

    /// What says whether a row is still what it was.
    fn digest(&self, index: u32) -> u32 {
        let note = self.rows.get(index as usize).and_then(Option::as_ref);
        note.map_or(0, |note| note.digest)
    }

    /// The places of the rows whose job the log holds, ascending.
    fn known_rows(&self, ledger: &Ledger) -> Vec<u32> {
        let is_known = |note: &RowEntry| {
            note.decision != Decision::Duplicate && ledger.place_of(note.key).is_some()
        };
        let rows = (0..).zip(&self.rows);
        let known = rows.filter(|(_, note)| note.as_ref().is_some_and(is_known));
        known.map(|(place, _)| place).collect()
    }

    /// The places of the rows that are sent, ascending.
    pub fn sent(&self) -> impl Iterator<Item = u32> {
        self.places(|decision| decision == Decision::Send)
    }

    /// The places of the rows about which this was decided, ascending.
    pub(super) fn places(&self, is: impl Fn(Decision) -> bool) -> impl Iterator<Item = u32> {
        let rows = (0..).zip(&self.rows);
        let rows = rows.filter_map(|(place, row)| Some((place, row.as_ref()?.decision)));
        rows.filter(move |(_, decision)| is(*decision))
            .map(|(place, _)| place)
    }

    /// Takes a row for the one of `job`, which is in no other row.
    pub fn match_to_job(&mut self, index: usize, job: &JobState) {
        let Some(mut note) = self.rows[index] else {
            return;
        };
        if note.decision.is_unchecked() {
            note.key = job.key;
            self.rows[index] = Some(note);
            self.left_out.insert(job.key, note.item);
            return;
        }
        let hash = self.hasher.hash_one(note.key.number());
        let place = index as u32;
        if let Ok(entry) = self.first.find_entry(hash, |&index| index == place) {
            entry.remove();
        }
        note.key = job.key;
        note.decision = decision_about(job);
        self.rows[index] = Some(note);
        self.first_or_insert(place);
    }

    /// Holds a row.
    pub fn hold(&mut self, index: usize, decision: Decision) {
        if let Some(note) = &mut self.rows[index] {
            note.decision = decision;
        }
    }

    /// Notes that a row, when it is sent, replaces these jobs.
    pub fn replace(&mut self, index: usize, jobs: Vec<JobKey>) {
        if !jobs.is_empty() {
            self.replaced.insert(index as u32, jobs);
        }
    }

    /// The jobs that a row replaces when it is sent.
    pub fn replaced(&self, index: usize) -> &[JobKey] {
        self.replaced
            .get(&(index as u32))
            .map_or(&[][..], Vec::as_slice)
    }

    /// Counts the rows of each kind, once all is decided.
    pub fn count(&mut self) {
        let mut counts = RowCounts::default();
        for row in &self.rows {
            let Some(note) = row else {
                counts.invalid += 1;
                continue;
            };
            match note.decision {
                Decision::Send => {
                    counts.send += 1;
                    counts.credits += self.prices[note.price as usize];
                }
                Decision::Skip => counts.skip += 1,
                Decision::Duplicate => counts.duplicate += 1,
                Decision::Changed => counts.changed += 1,
                Decision::Renamed => counts.renamed += 1,
                Decision::SameClip => counts.same_clip += 1,
                Decision::Hidden => counts.hidden += 1,
                Decision::LeftOut => counts.left_out += 1,
                Decision::Invalid => counts.invalid += 1,
            }
        }
        self.counts = counts;
    }

    /// What was decided about the row at `index`; `None` when it is not the row it was.
    pub fn decided(&self, index: usize, row: &Row) -> Option<Decision> {
        let note = self.rows.get(index)?.as_ref()?;
        (note.digest == row.digest as u32).then_some(note.decision)
    }

    /// The key of the row at a place.
    pub fn key_at(&self, place: u32) -> Option<JobKey> {
        let note = self.rows.get(place as usize).and_then(Option::as_ref);
        note.map(|note| note.key)
    }

    /// The key of the job that a row stands for: its own, or that of the job it was taken for.
    pub fn key_of(&self, index: usize, row: &Row) -> JobKey {
        let note = self.rows.get(index).and_then(Option::as_ref);
        note.map_or_else(|| row.key(), |note| note.key)
    }

    /// Whether a job is one of the rows that this run is about.
    pub fn covers(&self, job: &JobState) -> bool {
        self.find(job.key).is_some()
    }

    /// Whether a job is one of the manifest's rows, those included that are left out.
    pub fn holds(&self, job: &JobState) -> bool {
        self.covers(job) || self.left_out.contains_key(&job.key)
    }

    /// Whether a job is one of the manifest's rows, and that has just this id.
    pub fn holds_under(&self, job: &JobState, id: &str) -> bool {
        let item = hash_of(normal::text(id));
        self.find(job.key).is_some_and(|note| note.item == item)
            || self.left_out.get(&job.key) == Some(&item)
    }

    /// Whether any row has this id.
    pub fn has_rows_of(&self, id: &str) -> bool {
        let item = hash_of(normal::text(id));
        self.rows.iter().flatten().any(|note| note.item == item)
    }

    /// Keys of the rows that this run is about.
    pub fn keys(&self) -> impl Iterator<Item = JobKey> + Clone {
        let rows = self.rows.iter().flatten();
        rows.filter(|note| note.decision != Decision::Duplicate && !note.decision.is_unchecked())
            .map(|note| note.key)
    }

    /// The jobs that an edited row replaced and that rows of this run were set back to, where they are
    /// not ordered again.
    pub fn set_back<'a>(&'a self, ledger: &'a Ledger) -> impl Iterator<Item = JobKey> + 'a {
        let skipped = self.rows.iter().flatten();
        let skipped = skipped.filter(|note| note.decision == Decision::Skip);
        let is_superseded = |key: &JobKey| ledger.job(*key).is_some_and(JobState::is_superseded);
        skipped.map(|note| note.key).filter(is_superseded)
    }

    /// Keys of all rows, those included that are left out.
    pub fn all_keys(&self) -> impl Iterator<Item = JobKey> {
        self.rows.iter().flatten().map(|note| note.key)
    }

    /// Whether no row was noted.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn is_open(note: &RowEntry, job: Option<&JobState>) -> bool {
    match note.decision {
        Decision::Send => job.is_none_or(JobState::is_superseded),
        Decision::LeftOut | Decision::Invalid => job.is_none(),
        _ => false,
    }
}

/// What becomes of the row of a job that the log holds. An order without a clip that an edited row
/// replaced is made again when its row is what it was.
fn decision_about(job: &JobState) -> Decision {
    if job.is_ordered_for_its_row() {
        Decision::Send
    } else {
        Decision::Skip
    }
}
