//! The fold: lines in, jobs out, in about a hundred bytes a job.
//!
//! The ledger keeps what decisions need and, for the rest, where in the log a job's lines stand;
//! [`JobView`](super::JobView) folds those again, with all their fields, when someone asks.

mod queries;

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::HashTable;

pub use self::queries::{IdMatch, MixedLog};
use super::damage::{AcceptedDamage, Digest};
use super::id::JobKey;
use super::index::{END, Ids, LineOffsets};
use super::items::Items;
use super::line::Line;
use super::line_facts::{IN_SANDBOX, LineAt, LineFacts, LineKind, ReadLines, ReadOptions};
use super::money::{Credits, Rates};
use super::state::JobState;
use super::status::Status;

/// Jobs that are looked up together, so that the waits for memory overlap.
const LOOKED_UP: usize = 32;

/// Places of unreadable lines that are kept; a log with more is read by another reader anyhow.
const MOST_UNREADABLE: usize = 1000;

/// Where what a log holds comes from.
#[derive(Clone, Copy, Debug, Default)]
struct LogOrigin {
    /// Any id is one that no sandbox made.
    has_live_id: bool,
    /// Any line is a sandbox's.
    has_sandbox: bool,
    /// Any job's first request was one of a run with `--sandbox`.
    has_rehearsed: bool,
}

/// The folded log.
#[derive(Clone, Debug)]
pub struct Ledger {
    reading: ReadOptions,
    jobs: Vec<JobState>,
    by_key: HashTable<u32>,
    ids: Option<Ids>,
    places: Option<LineOffsets>,
    items: Option<Items>,
    origin: LogOrigin,
    /// What its jobs have been charged and have reserved, where that is asked for again and again.
    committed: Option<Credits>,
    lines: u64,
    unreadable: u64,
    /// Where the first of them start.
    unreadable_places: Vec<u64>,
    /// Damaged lines that a person has accepted as such, and how often each.
    accepted: HashMap<Digest, u64>,
    /// Jobs of which runs that are at work are sending an attempt, with their computers.
    senders: HashMap<JobKey, Option<Box<str>>>,
    /// Whether any line reports damage.
    has_damage_lines: bool,
    /// Added to the offset of a line in its file; see [`Ledger::resume_at`].
    place_offset: Option<i64>,
}

impl Ledger {
    /// An empty ledger; `rates` price attempts whose lines report no estimate.
    pub fn new(rates: Rates) -> Self {
        Self {
            reading: ReadOptions::new(rates),
            jobs: Vec::new(),
            by_key: HashTable::new(),
            ids: Some(Ids::default()),
            places: None,
            items: None,
            origin: LogOrigin::default(),
            committed: None,
            lines: 0,
            unreadable: 0,
            unreadable_places: Vec::new(),
            accepted: HashMap::new(),
            senders: HashMap::new(),
            has_damage_lines: false,
            place_offset: None,
        }
    }

    /// Finds no job by an id of the vendor's, for those who only count. Before the first line.
    #[must_use]
    pub fn without_ids(mut self) -> Self {
        self.ids = None;
        self
    }

    /// Also keeps where lines stand, for [`Ledger::places`]. Before the first line.
    #[must_use]
    pub fn with_places(mut self) -> Self {
        self.places = Some(LineOffsets::default());
        self
    }

    /// Whether it holds what a sandbox made; it then holds nothing else.
    pub fn is_rehearsal(&self) -> bool {
        self.jobs().any(JobState::is_sandbox)
    }

    /// Whether it keeps where lines stand.
    pub fn has_places(&self) -> bool {
        self.places.is_some()
    }

    /// Also keeps each job's listing or SKU and its model, for [`Ledger::find_generation`]: then the log
    /// need not be looked at for most of what is observed. Before the first line.
    #[must_use]
    pub fn with_items(mut self) -> Self {
        self.items = Some(Items::default());
        self.reading.items = true;
        self
    }

    /// Makes room for so many jobs at once. Tables that grow step by step are moved each time, and
    /// leave holes behind. Before the first line.
    pub(crate) fn expect(&mut self, jobs: usize) {
        self.jobs.reserve(jobs);
        self.by_key.reserve(jobs, |_| 0);
        if let Some(ids) = &mut self.ids {
            ids.reserve(jobs);
        }
    }

    /// How its lines are to be read for [`Ledger::fold`].
    pub(crate) fn reading(&self) -> &ReadOptions {
        &self.reading
    }

    /// Takes in the text of one line, which starts at `offset` of the log. Blank lines are none.
    /// A line that says nothing is counted.
    pub fn absorb(&mut self, raw: &str, offset: u64) {
        let mut batch = ReadLines::default();
        let at = LineAt {
            start: 0,
            len: raw.len() as u32,
        };
        self.reading.read(raw, at, &mut batch);
        self.fold(raw.as_bytes(), offset, &batch);
    }

    /// Takes in lines that were read from `text`, which starts at `offset` of the log.
    pub(crate) fn fold(&mut self, text: &[u8], offset: u64, batch: &ReadLines) {
        for at in &batch.unreadable {
            self.note_unreadable(offset + u64::from(*at));
        }
        for group in batch.lines.chunks(LOOKED_UP) {
            // What is new among the group's jobs comes after these.
            let known = self.jobs.len();
            let mut found = [END; LOOKED_UP];
            for ((_, read), found) in group.iter().zip(&mut found) {
                if let LineKind::One(facts) = read {
                    *found = self.find(facts.key).unwrap_or(END);
                }
            }
            for ((at, read), found) in group.iter().zip(found) {
                let start = at.start as usize;
                let raw = &text[start..start + at.len as usize];
                let job = match read {
                    LineKind::One(facts) if found != END => {
                        Some(self.absorb_facts(facts, raw, found))
                    }
                    LineKind::One(facts) => {
                        let mut new = self.jobs[known..].iter();
                        let index = match new.position(|job| job.key == facts.key) {
                            Some(at) => (known + at) as u32,
                            None => self.insert(facts.key, facts.attempt),
                        };
                        Some(self.absorb_facts(facts, raw, index))
                    }
                    LineKind::Many => self.absorb_parts(raw),
                    LineKind::Accepted(digest) => {
                        self.has_damage_lines = true;
                        if let Some(digest) = digest {
                            *self.accepted.entry(*digest).or_default() += 1;
                        }
                        continue;
                    }
                };
                let place = offset + u64::from(at.start);
                let Some(job) = job else {
                    self.note_unreadable(place);
                    continue;
                };
                self.lines += 1;
                if let Some(places) = &mut self.places {
                    places.note(
                        job,
                        place.saturating_add_signed(self.place_offset.unwrap_or(0)),
                    );
                }
            }
        }
    }

    /// Whether `raw` is a line of a log: of a job, or of damage that was accepted.
    pub fn accepts(raw: &str) -> bool {
        Line::parts(raw).is_ok() || AcceptedDamage::parse(raw).is_some()
    }

    /// Counts lines that are not even text.
    pub fn count_unreadable(&mut self, lines: u64) {
        self.unreadable += lines;
    }

    fn note_unreadable(&mut self, place: u64) {
        self.unreadable += 1;
        if self.unreadable_places.len() < MOST_UNREADABLE {
            self.unreadable_places.push(place);
        }
    }

    /// Where lines start that say nothing; `None` when there are too many to be kept.
    pub(crate) fn unreadable_places(&self) -> Option<&[u64]> {
        (self.unreadable < MOST_UNREADABLE as u64).then_some(&self.unreadable_places)
    }

    /// How often each damaged line was accepted as such by a person.
    pub(crate) fn accepted_damage(&self) -> &HashMap<Digest, u64> {
        &self.accepted
    }

    /// How many damaged lines a person has accepted as such.
    pub fn accepted_lines(&self) -> u64 {
        self.accepted.values().sum()
    }

    /// Whether a line reports damage that was accepted.
    pub(crate) fn has_accepted_damage(&self) -> bool {
        self.has_damage_lines
    }

    /// From now on a line at `offset` of its file has the place `place`, and so on: what was folded
    /// until now stood in a copy, whose places end there.
    pub(crate) fn resume_at(&mut self, offset: u64, place: u64) {
        self.place_offset = Some(place as i64 - offset as i64);
    }

    /// Whether the log was read from a copy, since not each of its lines is one line of the file.
    pub(crate) fn is_of_copy(&self) -> bool {
        self.place_offset.is_some()
    }

    /// Takes in the lines that a compacted one stands for: all or none.
    fn absorb_parts(&mut self, raw: &[u8]) -> Option<u32> {
        let parts = Line::parts(std::str::from_utf8(raw).ok()?).ok()?;
        let mut job = None;
        for part in &parts {
            let facts = self.reading.facts(part);
            let index = self.index_of(facts.key, facts.attempt);
            job = Some(self.absorb_facts(&facts, part.raw.as_bytes(), index));
        }
        job
    }

    fn absorb_facts(&mut self, facts: &LineFacts, raw: &[u8], index: u32) -> u32 {
        let job = &mut self.jobs[index as usize];
        let id_before = job.first_id();
        if let Some(committed) = &mut self.committed {
            let before = job.committed();
            job.absorb(facts, raw);
            *committed = committed.beyond(before) + job.committed();
        } else {
            job.absorb(facts, raw);
        }
        if facts.flags & IN_SANDBOX != 0 {
            self.origin.has_sandbox = true;
            // The first request of a job tells of `--sandbox` alone: no reply has shown a sandbox yet.
            let is_first = facts.attempt == 1 && facts.word == Status::Submitting.into();
            self.origin.has_rehearsed |= is_first;
        } else if facts.id != 0 {
            self.origin.has_live_id = true;
        }
        if let Some(ids) = &mut self.ids {
            ids.note(&self.jobs, facts.id, id_before, index);
        }
        if let Some(items) = &mut self.items {
            let job = &mut self.jobs[index as usize];
            let mut place = job.place();
            items.note(facts, raw, &mut place);
            job.set_place(place);
        }
        index
    }

    fn find(&self, key: JobKey) -> Option<u32> {
        let hash = self.reading.hasher.hash_one(key.number());
        self.by_key
            .find(hash, |&i| self.jobs[i as usize].key == key)
            .copied()
    }

    fn index_of(&mut self, key: JobKey, attempt: u32) -> u32 {
        self.find(key).unwrap_or_else(|| self.insert(key, attempt))
    }

    /// A job that is not there yet.
    fn insert(&mut self, key: JobKey, attempt: u32) -> u32 {
        let index = self.jobs.len() as u32;
        self.jobs.push(JobState::new(key, attempt));
        let jobs = &self.jobs;
        let hasher = &self.reading.hasher;
        let hash_of = |i: u32| hasher.hash_one(jobs[i as usize].key.number());
        self.by_key
            .insert_unique(hash_of(index), index, |&i| hash_of(i));
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_goes_on_beside_what_is_in_doubt_at_its_sandbox() {
        let line = |job: u8, more: &str| {
            format!(
                r#"{{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e31{job}","attempt":1,"listing_id":"L",{more}}}"#
            )
        };
        let doubt = line(1, r#""status":"submitting""#);
        let accepted = line(2, r#""status":"pending","generation_id":"vgen_sandbox_1""#);
        let paid = line(3, r#""status":"pending","generation_id":"vgen_1""#);
        let may_rehearse = |lines: &[&str]| {
            let mut ledger = Ledger::new(Rates::default());
            for line in lines {
                ledger.absorb(line, 0);
            }
            ledger.check_mixing(true, true).is_ok()
        };
        assert!(may_rehearse(&[]));
        assert!(may_rehearse(&[&doubt, &accepted]));
        assert!(!may_rehearse(&[&doubt]));
        assert!(!may_rehearse(&[&doubt, &paid]));
    }

    /// A server on this computer may be a sandbox that listens, which knows nothing of a log that was
    /// made under `--sandbox`.
    #[test]
    fn no_request_is_sent_for_a_log_that_was_rehearsed() {
        let line = r#"{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","listing_id":"L","sandbox":true}"#;
        let mut ledger = Ledger::new(Rates::default());
        ledger.absorb(line, 0);
        assert!(ledger.check_mixing(true, true).is_ok());
        assert!(ledger.check_mixing(false, true).is_err());
        assert!(ledger.check_mixing(false, false).is_err());
        // An order that a sandbox which listens has answered is repeated there.
        let mut ledger = Ledger::new(Rates::default());
        let first = line.replace(",\"sandbox\":true", "");
        let failed = first.replace("submitting", "failed\",\"generation_id\":\"vgen_sandbox_1");
        let again = line.replace("\"attempt\":1", "\"attempt\":2");
        for line in [&first, &failed, &again] {
            ledger.absorb(line, 0);
        }
        assert!(ledger.check_mixing(false, true).is_ok());
        assert!(ledger.check_mixing(false, false).is_err());
    }

    #[test]
    fn a_refusal_of_one_of_two_logs_does_not_settle_what_the_other_one_has_in_doubt() {
        let line = |second: u8, more: &str| {
            format!(
                r#"{{"at":"2026-03-12T09:20:0{second}Z","job":"5b1f0c9a77d2e318","attempt":1,"listing_id":"L",{more}}}"#
            )
        };
        let announced = |second| line(second, r#""status":"submitting""#);
        let refused = |second, temporary: bool| {
            let why = format!(r#""status":"submit_failed","error":"no","temporary":{temporary}"#);
            line(second, &why)
        };
        let status = |lines: &[String]| {
            let fold = |lines: &mut dyn Iterator<Item = &String>| {
                let mut ledger = Ledger::new(Rates::default());
                for line in lines {
                    ledger.absorb(line, 0);
                    ledger.absorb(line, 0);
                }
                ledger.jobs().next().map(JobState::status)
            };
            let status = fold(&mut lines.iter());
            assert_eq!(fold(&mut lines.iter().rev()), status);
            status.unwrap()
        };
        let lost = line(4, r#""status":"unknown","error":"reset""#);
        for temporary in [true, false] {
            let one = [announced(1), refused(2, temporary)];
            assert_eq!(status(&one), Status::SubmitFailed);
            let [sent, no] = one;
            // Killed, or its reply was lost.
            let killed = [sent.clone(), no.clone(), announced(3)];
            assert_eq!(status(&killed), Status::Unknown);
            let in_doubt = [announced(3), lost.clone(), sent.clone(), no.clone()];
            assert_eq!(status(&in_doubt), Status::Unknown);
            let both = [sent, no, announced(3), refused(5, temporary)];
            assert_eq!(status(&both), Status::SubmitFailed);
        }
        let verdict = line(
            6,
            r#""status":"resolved","verdict":"not_accepted","by":"me""#,
        );
        let settled = [announced(1), refused(2, true), announced(3), verdict];
        assert_eq!(status(&settled), Status::SubmitFailed);
    }

    #[test]
    fn a_job_takes_few_bytes() {
        assert_eq!(std::mem::size_of::<JobState>(), 96);
    }

    #[test]
    fn space_around_a_line_does_not_decide_which_of_two_verdicts_speaks() {
        let line = |verdict: &str| {
            format!(
                r#"{{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e318","status":"resolved","verdict":"{verdict}"}}"#
            )
        };
        let (dismissed, accepted) = (line("dismissed"), line("accepted"));
        let state = |dismissed: &str| {
            let mut ledger = Ledger::new(Rates::default()).with_places();
            ledger.absorb(dismissed, 0);
            ledger.absorb(&accepted, 500);
            let job = ledger.jobs().next().unwrap();
            (job.status(), job.is_dismissed(), ledger.places(job.key))
        };
        let plain = state(&dismissed);
        let spaced = state(&format!(" \t{dismissed}\r"));
        assert_eq!((plain.0, plain.1), (spaced.0, spaced.1));
        assert_eq!((plain.2, spaced.2), (vec![0, 500], vec![2, 500]));
    }
}
