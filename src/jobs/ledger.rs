//! The fold: lines in, jobs out, in about a hundred bytes a job.
//!
//! The ledger keeps what decisions need and, for the rest, where in the log a job's lines stand;
//! [`JobView`](super::JobView) folds those again, with all their fields, when somebody asks.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::line::RequestFacts;
use super::{Credits, GenerationId, JobKey, JobState, Line, LineError, Rates};

/// A listing's or SKU's id together with its photo (without query and fragment, since signed
/// addresses rotate), hashed: what stays the same when a row's prompt is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject(u64);

/// Chosen once for the process, so that a manifest's rows and a log's jobs hash alike.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

impl Subject {
    /// The photo of a listing or SKU.
    pub fn of(owner: &str, image_url: &str) -> Self {
        let end = image_url.find(['?', '#']).unwrap_or(image_url.len());
        Self(HASHER.hash_one((owner, &image_url[..end])))
    }

    /// A listing or SKU as a whole.
    pub fn of_owner(owner: &str) -> Self {
        Self(HASHER.hash_one(owner))
    }
}

/// Both a sandbox's and live jobs are in one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mixed;

/// No line: the end of a chain.
const END: u32 = u32::MAX;

/// The folded log.
#[derive(Debug)]
pub struct Ledger {
    rates: Rates,
    hasher: DefaultHashBuilder,
    jobs: Vec<JobState>,
    by_key: HashTable<u32>,
    /// Jobs by the first id of their first attempt.
    by_id: HashTable<u32>,
    /// Hash of that id, job by job; 0 for none.
    first_ids: Vec<u64>,
    /// Jobs by every other id they have, or were once said to have.
    more_ids: HashMap<u64, Vec<u32>>,
    places: Option<Places>,
    subjects: Option<Subjects>,
    /// Whether any id is one that no sandbox made, and whether any line is a sandbox's.
    has_live_id: bool,
    has_sandbox: bool,
    lines: u64,
    unreadable: u64,
}

/// Where the lines of each job stand: a chain of offsets, newest first.
#[derive(Debug, Default)]
struct Places {
    /// Offset of a line, and the line before it of the same job.
    lines: Vec<(u64, u32)>,
    heads: Vec<u32>,
}

/// What a manifest is compared with.
#[derive(Debug, Default)]
struct Subjects {
    of_job: Vec<Option<Subject>>,
    by_subject: HashMap<Subject, Vec<u32>>,
    /// Owners (listings, SKUs) of jobs known only from the vendor's sample scripts.
    keyless_owners: HashMap<Subject, Vec<u32>>,
}

impl Ledger {
    /// An empty ledger; `rates` price attempts whose lines tell no estimate.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            hasher: DefaultHashBuilder::default(),
            jobs: Vec::new(),
            by_key: HashTable::new(),
            by_id: HashTable::new(),
            first_ids: Vec::new(),
            more_ids: HashMap::new(),
            places: None,
            subjects: None,
            has_live_id: false,
            has_sandbox: false,
            lines: 0,
            unreadable: 0,
        }
    }

    /// Also keeps where lines stand, for [`Ledger::places`]. Before the first line.
    #[must_use]
    pub fn with_places(mut self) -> Self {
        self.places = Some(Places::default());
        self
    }

    /// Also keeps what [`Ledger::of_subject`] needs. Before the first line.
    #[must_use]
    pub fn with_subjects(mut self) -> Self {
        self.subjects = Some(Subjects::default());
        self
    }

    /// Takes in the text of one line, which starts at `offset` of the log. Blank lines are none.
    /// A line that says nothing is counted.
    pub fn absorb(&mut self, raw: &str, offset: u64) {
        if raw.trim().is_empty() {
            return;
        }
        match self.try_absorb(raw, offset) {
            Ok(()) => self.lines += 1,
            Err(_) => self.unreadable += 1,
        }
    }

    /// Whether a line would be taken in.
    pub fn accepts(&mut self, raw: &str) -> bool {
        self.try_absorb(raw, 0).is_ok()
    }

    /// Counts a line that is not even text.
    pub fn count_unreadable(&mut self) {
        self.unreadable += 1;
    }

    fn try_absorb(&mut self, raw: &str, offset: u64) -> Result<(), LineError> {
        let line = Line::parse(raw)?;
        let parts = line.parts(Line::parse)?;
        let job = match parts.split_first() {
            None => self.absorb_line(&line),
            Some((first, others)) => {
                // All of them are the same job's.
                let job = self.absorb_line(first);
                for part in others {
                    self.absorb_line(part);
                }
                job
            }
        };
        if let Some(places) = &mut self.places {
            places.heads.resize(self.jobs.len(), END);
            let before = places.heads[job as usize];
            places.heads[job as usize] = places.lines.len() as u32;
            places.lines.push((offset, before));
        }
        Ok(())
    }

    fn absorb_line(&mut self, line: &Line<'_>) -> u32 {
        let index = self.index_of(line.job, line.attempt);
        let id = line
            .generation_id
            .as_ref()
            .map(|id| self.hash_id(id.as_str()));
        self.jobs[index as usize].absorb(line, id, &self.rates);
        if line.is_sandbox() {
            self.has_sandbox = true;
        } else if id.is_some() {
            self.has_live_id = true;
        }
        if let Some(id) = id {
            self.note_id(id, index);
        }
        if self.subjects.is_some() {
            self.note_subject(line, index);
        }
        index
    }

    fn index_of(&mut self, key: JobKey, attempt: u32) -> u32 {
        let jobs = &self.jobs;
        let hasher = &self.hasher;
        let hash = hasher.hash_one(key.number());
        if let Some(&index) = self.by_key.find(hash, |&i| jobs[i as usize].key == key) {
            return index;
        }
        let index = jobs.len() as u32;
        self.by_key.insert_unique(hash, index, |&i| {
            hasher.hash_one(jobs[i as usize].key.number())
        });
        self.jobs.push(JobState::new(key, attempt));
        self.first_ids.push(0);
        index
    }

    fn hash_id(&self, id: &str) -> u64 {
        // 0 stands for no id.
        self.hasher.hash_one(id).max(1)
    }

    fn note_id(&mut self, id: u64, index: u32) {
        let first_ids = &mut self.first_ids;
        let first = &mut first_ids[index as usize];
        if *first == id {
            return;
        }
        if *first == 0
            && self
                .by_id
                .find(id, |&i| first_ids[i as usize] == id)
                .is_none()
        {
            first_ids[index as usize] = id;
            self.by_id
                .insert_unique(id, index, |&i| first_ids[i as usize]);
            return;
        }
        let jobs = self.more_ids.entry(id).or_default();
        if !jobs.contains(&index) {
            jobs.push(index);
        }
    }

    /// The job that has an id now. A person may have given it to a job and taken it back; should
    /// two jobs have it, the smaller key is as good as the other.
    fn find_id(&self, id: u64) -> Option<&JobState> {
        let first = self.by_id.find(id, |&i| self.first_ids[i as usize] == id);
        let more = self.more_ids.get(&id);
        first
            .into_iter()
            .chain(more.into_iter().flatten())
            .map(|&i| &self.jobs[i as usize])
            .filter(|job| job.attempts().any(|a| a.id_hashes().any(|h| h == id)))
            .min_by_key(|job| job.key)
    }

    fn note_subject(&mut self, line: &Line<'_>, index: u32) {
        let owner = line.id.as_ref().map(|(_, id)| id.as_str());
        let request = line.request.and_then(|r| RequestFacts::parse(r.get()));
        let image = request.and_then(|r| r.image_url);
        let subject = match (owner, &image) {
            (Some(owner), Some(image)) => Some(Subject::of(owner, image.as_str())),
            _ => None,
        };
        let keyless_owner = owner.filter(|_| line.keyless).map(Subject::of_owner);
        let Some(subjects) = &mut self.subjects else {
            return;
        };
        subjects.of_job.resize(self.jobs.len(), None);
        if let Some(owner) = keyless_owner {
            let jobs = subjects.keyless_owners.entry(owner).or_default();
            if !jobs.contains(&index) {
                jobs.push(index);
            }
        }
        if subject.is_some() && subjects.of_job[index as usize].is_none() {
            subjects.of_job[index as usize] = subject;
            subjects
                .by_subject
                .entry(subject.unwrap_or(Subject(0)))
                .or_default()
                .push(index);
        }
    }

    /// Jobs about `subject`, under whatever key. Needs [`Ledger::with_subjects`].
    pub fn of_subject(&self, subject: Subject) -> impl Iterator<Item = &JobState> {
        self.subjects
            .as_ref()
            .and_then(|s| s.by_subject.get(&subject))
            .into_iter()
            .flatten()
            .map(|&i| &self.jobs[i as usize])
    }

    /// Jobs of a listing or SKU that are known only from the vendor's sample scripts, whose lines
    /// do not tell the photo. Needs [`Ledger::with_subjects`].
    pub fn keyless_of_owner(&self, owner: Subject) -> impl Iterator<Item = &JobState> {
        self.subjects
            .as_ref()
            .and_then(|s| s.keyless_owners.get(&owner))
            .into_iter()
            .flatten()
            .map(|&i| &self.jobs[i as usize])
    }

    /// One job.
    pub fn job(&self, key: JobKey) -> Option<&JobState> {
        let hash = self.hasher.hash_one(key.number());
        self.by_key
            .find(hash, |&i| self.jobs[i as usize].key == key)
            .map(|&i| &self.jobs[i as usize])
    }

    /// All jobs, in the order in which the log first names them.
    pub fn jobs(&self) -> impl ExactSizeIterator<Item = &JobState> + Clone {
        self.jobs.iter()
    }

    /// The job and attempt that an id belongs to.
    pub fn by_generation_id(&self, id: &GenerationId) -> Option<(&JobState, u32)> {
        let hash = self.hash_id(id.as_str());
        let job = self.find_id(hash)?;
        let attempt = job.attempts().find(|a| a.id_hashes().any(|h| h == hash))?;
        Some((job, attempt.number))
    }

    /// Offsets of a job's lines, ascending. Needs [`Ledger::with_places`].
    pub fn places(&self, key: JobKey) -> Vec<u64> {
        let hash = self.hasher.hash_one(key.number());
        let found = self
            .by_key
            .find(hash, |&i| self.jobs[i as usize].key == key);
        let (Some(&index), Some(places)) = (found, &self.places) else {
            return Vec::new();
        };
        let mut next = places.heads.get(index as usize).copied().unwrap_or(END);
        let mut offsets = Vec::new();
        while let Some(&(offset, before)) = places.lines.get(next as usize) {
            offsets.push(offset);
            next = before;
        }
        offsets.sort_unstable();
        offsets
    }

    /// What an attempt of this request would cost by the ledger's rates.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Charges and reservations of the whole log, for a cap.
    pub fn committed(&self) -> Credits {
        self.jobs.iter().map(JobState::committed).sum()
    }

    /// Whether no line has been taken in.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Lines taken in.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Lines that said nothing.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// A sandbox's jobs and live ones never share a log. `sandbox` is what the run is about to
    /// write; `rehearsal` tells that it talks to a server on this machine, whose ids decide.
    pub fn check_mixing(&self, sandbox: bool, rehearsal: bool) -> Result<(), Mixed> {
        let clash = self.jobs.iter().any(|job| {
            if sandbox {
                !job.is_sandbox()
            } else {
                job.is_sandbox() && !rehearsal
            }
        });
        if clash { Err(Mixed) } else { Ok(()) }
    }

    /// Whether an id may enter: a sandbox's never beside a live one.
    pub fn may_hold(&self, id: &GenerationId) -> bool {
        if id.is_sandbox() {
            !self.has_live_id
        } else {
            !self.has_sandbox
        }
    }
}
