//! Which rows of a manifest are sent: decided over the whole manifest before the first request.
//!
//! The first pass notes a few words of each row, the second reads again those that are sent. So a
//! million rows need tens of megabytes, not the manifest's size.

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::jobs::{Credits, JobKey, JobState, Ledger, Rates, Subject};
use crate::manifest::Row;

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No attempt of it was ever made (or only ones that may simply be made again).
    Send,
    /// The log holds it.
    Skip,
    /// The same row stands further up.
    Duplicate,
    /// An older version of it was accepted; a person decides.
    Changed,
}

/// What is kept of a row between the passes.
#[derive(Clone, Copy, Debug)]
struct Note {
    key: JobKey,
    /// Half of the row's: enough to notice that the file was changed meanwhile.
    digest: u32,
    subject: Subject,
    owner: Subject,
    /// Its place in [`Plan::prices`].
    price: u32,
    /// The line on which it starts. Four bytes; no file that somebody edits has more lines.
    line: u32,
    decision: Decision,
}

/// The decisions for all rows.
#[derive(Debug, Default)]
pub struct Plan {
    rows: Vec<Option<Note>>,
    /// The first row of each key.
    first: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// What clips cost; a manifest has few different ones.
    prices: Vec<Credits>,
    /// The ids of listings or SKUs in the manifest's order, where they are wanted.
    owners: Option<Owners>,
    /// How many rows of each kind there are.
    pub counts: Counts,
}

#[derive(Debug, Default)]
struct Owners {
    ids: Vec<String>,
    places: HashMap<Subject, usize>,
}

/// What is to be sent for one listing or SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The listing's or SKU's id.
    pub id: String,
    /// Rows to be sent.
    pub clips: u64,
    /// What they are expected to cost.
    pub credits: Credits,
}

/// How many rows there are of each kind, and what those to be sent are expected to cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows to be sent.
    pub send: u64,
    /// Rows that the log holds.
    pub skip: u64,
    /// Rows that stand further up already.
    pub duplicate: u64,
    /// Rows held because they were edited.
    pub changed: u64,
    /// Rows with mistakes.
    pub invalid: u64,
    /// What the rows to be sent are expected to cost.
    pub credits: Credits,
}

impl Plan {
    /// A plan that can tell each listing's or SKU's share. It keeps their ids.
    pub fn with_shares() -> Self {
        Self {
            owners: Some(Owners::default()),
            ..Self::default()
        }
    }

    /// Notes a row of the first pass. `Some(line)` when it repeats the row of that line.
    pub fn note(&mut self, row: &Row, rates: &Rates) -> Option<u64> {
        let key = row.key();
        let first = self.find(key).map(|note| u64::from(note.line));
        let index = self.rows.len() as u32;
        let price = self.price(rates.estimate(&row.clip));
        let owner = Subject::of_owner(&row.id);
        if let Some(owners) = &mut self.owners {
            owners.places.entry(owner).or_insert_with(|| {
                owners.ids.push(row.id.clone());
                owners.ids.len() - 1
            });
        }
        self.rows.push(Some(Note {
            key,
            digest: row.digest as u32,
            subject: Subject::of_clip(&row.id, &row.clip),
            owner,
            price,
            line: u32::try_from(row.line).unwrap_or(u32::MAX),
            decision: match first {
                None => Decision::Send,
                Some(_) => Decision::Duplicate,
            },
        }));
        if first.is_none() {
            let (rows, hasher) = (&self.rows, &self.hasher);
            let hash_of = |index: u32| {
                let note = rows[index as usize].as_ref();
                hasher.hash_one(note.map_or(0, |note| note.key.number()))
            };
            self.first
                .insert_unique(hash_of(index), index, |&index| hash_of(index));
        }
        first
    }

    fn price(&mut self, credits: Credits) -> u32 {
        let known = self.prices.iter().rposition(|price| *price == credits);
        let place = known.unwrap_or(self.prices.len());
        if known.is_none() {
            self.prices.push(credits);
        }
        place as u32
    }

    /// The first row of a key.
    fn find(&self, key: JobKey) -> Option<&Note> {
        let note = |index: u32| self.rows[index as usize].as_ref();
        let found = self
            .first
            .find(self.hasher.hash_one(key.number()), |&index| {
                note(index).is_some_and(|note| note.key == key)
            });
        note(*found?)
    }

    /// Notes a row with mistakes.
    pub fn note_invalid(&mut self) {
        self.rows.push(None);
    }

    /// Decides about every row, once all are noted.
    pub fn decide(&mut self, ledger: &Ledger, resubmit_changed: bool) {
        let mut counts = Counts::default();
        for index in 0..self.rows.len() {
            let Some(mut note) = self.rows[index] else {
                counts.invalid += 1;
                continue;
            };
            if note.decision != Decision::Duplicate {
                note.decision = self.about(&note, ledger, resubmit_changed);
            }
            match note.decision {
                Decision::Send => {
                    counts.send += 1;
                    counts.credits += self.prices[note.price as usize];
                }
                Decision::Skip => counts.skip += 1,
                Decision::Duplicate => counts.duplicate += 1,
                Decision::Changed => counts.changed += 1,
            }
            self.rows[index] = Some(note);
        }
        self.counts = counts;
    }

    fn about(&self, note: &Note, ledger: &Ledger, resubmit_changed: bool) -> Decision {
        if let Some(job) = ledger.job(note.key) {
            return if job.may_go_again() {
                Decision::Send
            } else {
                Decision::Skip
            };
        }
        let held = self
            .replaced(note.subject, note.owner, ledger)
            .any(JobState::maybe_accepted);
        if held && !resubmit_changed {
            Decision::Changed
        } else {
            Decision::Send
        }
    }

    /// The jobs that `row` replaces: the same listing or SKU and photo under a key that the
    /// manifest no longer has; or, in a log of the vendor's sample scripts, which tell no photo,
    /// the same listing or SKU.
    pub fn replaced_by<'a>(
        &'a self,
        row: &Row,
        ledger: &'a Ledger,
    ) -> impl Iterator<Item = &'a JobState> {
        let subject = Subject::of_clip(&row.id, &row.clip);
        self.replaced(subject, Subject::of_owner(&row.id), ledger)
    }

    fn replaced<'a>(
        &'a self,
        subject: Subject,
        owner: Subject,
        ledger: &'a Ledger,
    ) -> impl Iterator<Item = &'a JobState> {
        ledger
            .of_subject(subject)
            .chain(ledger.keyless_of_owner(owner))
            .filter(|job| self.find(job.key).is_none() && job.is_counted())
    }

    /// What is to be sent for each listing or SKU, once that is decided, in the manifest's order;
    /// those for which nothing is sent are left out.
    pub fn shares(&self) -> Vec<Share> {
        let Some(owners) = &self.owners else {
            return Vec::new();
        };
        let mut shares: Vec<Share> = owners
            .ids
            .iter()
            .map(|id| Share {
                id: id.clone(),
                clips: 0,
                credits: Credits::ZERO,
            })
            .collect();
        let sent = self.rows.iter().flatten();
        for note in sent.filter(|note| note.decision == Decision::Send) {
            let place = owners.places.get(&note.owner);
            if let Some(share) = place.and_then(|place| shares.get_mut(*place)) {
                share.clips += 1;
                share.credits += self.prices[note.price as usize];
            }
        }
        shares.retain(|share| share.clips > 0);
        shares
    }

    /// What was decided about the row at `index`; `None` when it is not the row it was.
    pub fn decided(&self, index: usize, row: &Row) -> Option<Decision> {
        let note = self.rows.get(index)?.as_ref()?;
        (note.digest == row.digest as u32).then_some(note.decision)
    }

    /// Whether the row at `index` was one that is left out for its mistakes.
    pub fn was_invalid(&self, index: usize) -> bool {
        matches!(self.rows.get(index), Some(None))
    }

    /// Whether a job is one of the manifest's rows.
    pub fn holds(&self, job: &JobState) -> bool {
        self.find(job.key).is_some()
    }

    /// Keys of the manifest's rows.
    pub fn keys(&self) -> impl Iterator<Item = JobKey> + Clone {
        let rows = self.rows.iter().flatten();
        rows.filter(|note| note.decision != Decision::Duplicate)
            .map(|note| note.key)
    }

    /// The lines, keys aside, of held rows: at most `most` of them, by their place in the
    /// manifest.
    pub fn held(&self, most: usize) -> Vec<u64> {
        let held = self
            .rows
            .iter()
            .flatten()
            .filter(|n| n.decision == Decision::Changed);
        held.take(most).map(|note| u64::from(note.line)).collect()
    }

    /// Whether no row was noted.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
