//! Rows of one manifest that ask for the same clip.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::BuildHasher;

use super::{Decision, Note, Place, Plan};
use crate::jobs::Ledger;

impl Plan {
    /// Leaves out rows that repeat another row: the same id, photo, prompt and settings, and only
    /// the address is signed anew. `new` are the places of the rows that the log does not hold,
    /// ascending: none but these are left out. Returns how many were.
    pub(super) fn leave_out_repeated(&mut self, new: &[u32], ledger: &Ledger) -> u64 {
        let stand_ins = self.stand_ins(new, ledger);
        for &(place, _) in &stand_ins {
            self.hold(place as usize, Decision::Duplicate);
        }
        let count = stand_ins.len() as u64;
        self.repeated.extend(stand_ins);
        count
    }

    /// The rows among `new` for which another one stands, each with that one: one of the same look
    /// that the log holds, else the first.
    fn stand_ins(&self, new: &[u32], ledger: &Ledger) -> Vec<(u32, u32)> {
        let look = |place: u32| self.rows[place as usize].as_ref().map(Note::look);
        let hash = |place: u32| self.hasher.hash_one(look(place));
        let has_photo = |place: &u32| look(*place).is_some_and(|(_, clip, _)| clip != 0);
        let mut first: HashTable<u32> = HashTable::with_capacity(new.len());
        let mut repeats = Vec::new();
        for place in new.iter().copied().filter(has_photo) {
            let is_alike = |other: &u32| look(*other) == look(place);
            match first.entry(hash(place), is_alike, |other| hash(*other)) {
                Entry::Occupied(_) => repeats.push(place),
                Entry::Vacant(entry) => {
                    entry.insert(place);
                }
            }
        }
        // Rows that the log holds come before new ones.
        let mut next_new = new.iter().peekable();
        for place in 0..self.rows.len() as u32 {
            if next_new.next_if_eq(&&place).is_some() || !self.may_stand_in(place, ledger) {
                continue;
            }
            let is_alike = |other: &u32| look(*other) == look(place);
            if let Some(first) = first.find_mut(hash(place), is_alike)
                && new.binary_search(first).is_ok()
            {
                repeats.push(std::mem::replace(first, place));
            }
        }
        repeats.sort_unstable();
        let stands_for = |place: u32| {
            let is_alike = |other: &u32| look(*other) == look(place);
            first
                .find(hash(place), is_alike)
                .map(|first| (place, *first))
        };
        repeats.into_iter().filter_map(stands_for).collect()
    }

    /// Whether a row that is not new may stand for another one. One that is left out does only where
    /// its clip was ordered.
    fn may_stand_in(&self, place: u32, ledger: &Ledger) -> bool {
        let note = self.rows[place as usize].as_ref();
        note.is_some_and(|note| match note.decision {
            Decision::Duplicate => false,
            Decision::LeftOut => ledger.job(note.key).is_some(),
            _ => true,
        })
    }

    /// Rows that were left out because they repeat another one but for its signature, each with
    /// that one.
    pub fn repeated(&self) -> impl ExactSizeIterator<Item = (Place, Place)> {
        let repeated = self.repeated.iter();
        repeated.map(|&(row, other)| (self.place(row), self.place(other)))
    }

    /// Rows to be sent that ask for the clip of a row further up, to be sent too, under another id:
    /// how many, and the places of the first `most` of them.
    pub fn twins(&self, most: usize) -> (u64, Vec<(Place, Place)>) {
        let mut seen: HashTable<(u32, &Note)> = HashTable::with_capacity(self.counts.send as usize);
        let (mut count, mut places) = (0, Vec::new());
        for (index, note) in self.rows.iter().enumerate() {
            let is_sent = |note: &&Note| note.decision == Decision::Send && note.clip != 0;
            let Some(note) = note.as_ref().filter(is_sent) else {
                continue;
            };
            let Some(&(other, first)) = seen.find(note.clip, |(_, first)| first.clip == note.clip)
            else {
                seen.insert_unique(note.clip, (index as u32, note), |(_, note)| note.clip);
                continue;
            };
            if first.item != note.item {
                count += 1;
                if places.len() < most {
                    places.push((self.place(index as u32), self.place(other)));
                }
            }
        }
        (count, places)
    }
}
