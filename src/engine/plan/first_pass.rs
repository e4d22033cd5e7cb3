//! The first pass over a manifest: what is noted of each row.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::hash_table::Entry;

use super::decision::{Decision, RowLocation};
use super::{ListedIds, Plan, RowEntry};
use crate::jobs::recognition::Outline;
use crate::jobs::{Credits, Rates};
use crate::manifest::{Manifest, ManifestError, Problem, Row, RowFault};

impl Plan {
    /// A plan that can report each listing's or SKU's share. It keeps their ids.
    pub fn with_shares() -> Self {
        Self {
            items: Some(ListedIds::default()),
            ..Self::default()
        }
    }

    /// A plan of all rows of a manifest. Rows with mistakes are left out.
    pub fn of(manifest: &mut Manifest, rates: &Rates) -> Result<Self, ManifestError> {
        Self::of_sound_rows(manifest, rates, drop)
    }

    /// The same; `problem` takes each mistake.
    pub fn of_sound_rows(
        manifest: &mut Manifest,
        rates: &Rates,
        mut problem: impl FnMut(Problem),
    ) -> Result<Self, ManifestError> {
        let mut plan = Self::default();
        for row in manifest.rows()? {
            match row {
                Ok(row) => {
                    plan.note(&row, rates);
                }
                Err(RowFault::Problems { problems, row }) => {
                    problems.into_iter().for_each(&mut problem);
                    plan.note_invalid(row.as_deref(), rates);
                }
                Err(RowFault::Broken(error)) => return Err(error),
            }
        }
        Ok(plan)
    }

    /// Notes a row of the first pass. `Some(place)` when it repeats the row there.
    pub fn note(&mut self, row: &Row, rates: &Rates) -> Option<RowLocation> {
        if row.is_left_out {
            self.add(row, rates, Decision::LeftOut);
            return None;
        }
        let index = self.add(row, rates, Decision::Send);
        let first = self.first_or_insert(index)?;
        if let Some(first) = &mut self.rows[first as usize] {
            first.is_hidden &= row.is_hidden;
        }
        self.hold(index as usize, Decision::Duplicate);
        Some(self.place(first))
    }

    /// Notes a row with mistakes: still one whose clip may be in the log.
    pub fn note_invalid(&mut self, row: Option<&Row>, rates: &Rates) {
        if let Some(row) = row {
            self.add(row, rates, Decision::Invalid);
        } else {
            self.rows.push(None);
            self.subjects.push(0);
        }
    }

    fn add(&mut self, row: &Row, rates: &Rates, decision: Decision) -> u32 {
        let key = row.key();
        let index = self.rows.len() as u32;
        let is_same_file = |(_, file): &(u32, Arc<str>)| Arc::ptr_eq(file, &row.file);
        if !self.files.last().is_some_and(is_same_file) {
            self.files.push((index, Arc::clone(&row.file)));
        }
        let price = self.price(rates.estimate(&row.clip));
        let outline = Outline::of(&row.id, &row.clip, &row.variant);
        let item = outline.id;
        if let Some(items) = &mut self.items {
            items.places.entry(item).or_insert_with(|| {
                items.ids.push(row.id.clone());
                items.ids.len() as u32 - 1
            });
        }
        self.rows.push(Some(RowEntry {
            key,
            digest: row.digest as u32,
            item,
            clip: outline.clip,
            price,
            line: u32::try_from(row.line).unwrap_or(u32::MAX),
            detail: outline.detail,
            decision,
            is_hidden: row.is_hidden,
        }));
        self.subjects.push(outline.subject);
        if decision.is_unchecked() {
            self.left_out.entry(key).or_insert(item);
        }
        index
    }

    /// The first row with the key of the row at `index`; `None` when that is this row, which can be
    /// found by its key from now on.
    pub(super) fn first_or_insert(&mut self, index: u32) -> Option<u32> {
        let (rows, hasher) = (&self.rows, &self.hasher);
        let key = |index: u32| rows[index as usize].as_ref().map(|note| note.key.number());
        let own = key(index);
        let hash_of = |index: &u32| hasher.hash_one(key(*index).unwrap_or_default());
        let has_key = |other: &u32| key(*other) == own;
        match self.first.entry(hash_of(&index), has_key, hash_of) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(entry) => {
                entry.insert(index);
                None
            }
        }
    }

    fn price(&mut self, credits: Credits) -> u32 {
        let known = self.prices.iter().rposition(|price| *price == credits);
        let place = known.unwrap_or(self.prices.len());
        if known.is_none() {
            self.prices.push(credits);
        }
        place as u32
    }
}
