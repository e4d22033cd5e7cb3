//! Rows of one manifest that ask for the same clip.

use hashbrown::HashMap;

use super::decision::{Decision, RowLocation};
use super::held::Held;
use super::marks::marks_of;
use super::open::{MOST_HELD, OpenRows};
use super::{Plan, PlanError, RowEntry};
use crate::jobs::Ledger;
use crate::jobs::recognition::{MarkFilter, Recognition};
use crate::manifest::Manifest;

impl Plan {
    /// Leaves out rows that repeat another row: the same id, photo, prompt and settings for a person's
    /// eye. `new` are the places of the rows that the log does not hold,
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
        let look = |place: u32| self.rows[place as usize].as_ref().map(RowEntry::look);
        let mut first = HashMap::with_capacity(new.len());
        let mut repeats = Vec::new();
        for &place in new {
            if *first.entry(look(place)).or_insert(place) != place {
                repeats.push(place);
            }
        }
        // Rows that the log holds come before new ones.
        let mut next_new = new.iter().peekable();
        for place in 0..self.rows.len() as u32 {
            if next_new.next_if_eq(&&place).is_some() || !self.may_stand_in(place, ledger) {
                continue;
            }
            if let Some(first) = first.get_mut(&look(place))
                && new.binary_search(first).is_ok()
            {
                repeats.push(std::mem::replace(first, place));
            }
        }
        repeats.sort_unstable();
        let with_first = |place: u32| Some((place, *first.get(&look(place))?));
        repeats.into_iter().filter_map(with_first).collect()
    }

    /// Whether a row that is not new may stand for another one. One that is left out does only where
    /// its clip was ordered.
    fn may_stand_in(&self, place: u32, ledger: &Ledger) -> bool {
        let note = self.rows[place as usize].as_ref();
        note.is_some_and(|note| match note.decision {
            Decision::Duplicate => false,
            Decision::LeftOut | Decision::Invalid => ledger.job(note.key).is_some(),
            _ => true,
        })
    }

    /// Rows that were left out because they repeat another one but for what cannot be seen, or for the
    /// signature, each with that one.
    pub fn repeated(&self) -> impl ExactSizeIterator<Item = (RowLocation, RowLocation)> {
        let repeated = self.repeated.iter();
        repeated.map(|&(row, other)| (self.place(row), self.place(other)))
    }

    /// Rows to be sent that ask for the clip of a row further up, to be sent too, under another id:
    /// how many, and the places of the first `most` of them.
    pub fn twins(&self, most: usize) -> (u64, Vec<(RowLocation, RowLocation)>) {
        let mut seen = HashMap::with_capacity(self.counts.send as usize);
        let (mut count, mut places) = (0, Vec::new());
        for (index, note) in self.rows.iter().enumerate() {
            let is_sent = |note: &&RowEntry| note.decision == Decision::Send;
            let Some(note) = note.as_ref().filter(is_sent) else {
                continue;
            };
            let &mut (other, item) = seen.entry(note.clip).or_insert((index as u32, note.item));
            if item != note.item {
                count += 1;
                if places.len() < most {
                    places.push((self.place(index as u32), self.place(other)));
                }
            }
        }
        (count, places)
    }

    /// Places of the rows that ask for a clip that a new row to be sent asks for as well, ascending;
    /// rows that are left out or repeat others aside.
    fn sharing_a_clip(&self, ledger: &Ledger) -> Vec<u32> {
        let is_new = |note: &RowEntry| {
            note.decision == Decision::Send && ledger.place_of(note.key).is_none()
        };
        let rows = || {
            (0..)
                .zip(&self.rows)
                .filter_map(|(at, row)| Some((at, row.as_ref()?)))
        };
        // The clips of new rows, and whether each has another row.
        let mut clips: HashMap<u64, bool> = HashMap::new();
        for (_, note) in rows().filter(|(_, note)| is_new(note)) {
            let is_shared = clips.contains_key(&note.clip);
            clips.insert(note.clip, is_shared);
        }
        let asks =
            |note: &RowEntry| note.decision != Decision::Duplicate && !note.decision.is_unchecked();
        for (_, note) in rows().filter(|(_, note)| asks(note) && !is_new(note)) {
            if let Some(is_shared) = clips.get_mut(&note.clip) {
                *is_shared = true;
            }
        }
        let is_shared = |note: &RowEntry| clips.get(&note.clip).is_some_and(|is_shared| *is_shared);
        let shared = rows().filter(|(_, note)| asks(note) && is_shared(note));
        shared.map(|(place, _)| place).collect()
    }
}

/// Holds new rows that ask for the clip of another row of the sheet, and whose ids or variants are only
/// spelled in another way. Rows that the log holds come before new ones, since they may be ordered.
pub(super) fn hold(
    manifest: &mut Manifest,
    plan: &mut Plan,
    ledger: &Ledger,
    most_listed: usize,
    held: &mut Vec<Held>,
) -> Result<(), PlanError> {
    let places = plan.sharing_a_clip(ledger);
    if places.is_empty() {
        return Ok(());
    }
    let mut rows = OpenRows::read(manifest, plan, places.clone(), MOST_HELD)?;
    let mut known = Recognition::default();
    let mut next = 0;
    rows.keep_if(manifest, |_, row| {
        known.add(next, &marks_of(row), &MarkFilter::everything());
        next += 1;
        true
    })?;
    known.sort();
    let is_new = |place: u32| {
        let note = plan.rows[place as usize].as_ref();
        note.is_some_and(|note| ledger.place_of(note.key).is_none())
    };
    let mut found = Vec::new();
    rows.keep_if(manifest, |place, row| {
        let place = place as u32;
        let Some(note) = plan.rows[place as usize].as_ref() else {
            return false;
        };
        let marks = marks_of(row);
        let is_alike = |job: u32, other: u32| {
            let other = plan.rows[other as usize].as_ref();
            // Under one id, another query may ask for another part of the photo.
            other.is_some_and(|other| {
                other.clip == note.clip && (other.item != note.item || known.has_query(job, &marks))
            })
        };
        let comes_before = |other: u32| (is_new(other), other) < (is_new(place), place);
        let of_id = known.of_subject(&marks).map(|like| like.job());
        let others = of_id.map(|job| (job, places[job as usize]));
        let first = others
            .filter(|&(job, other)| comes_before(other) && is_alike(job, other))
            .map(|(_, other)| other)
            .min_by_key(|&other| (is_new(other), other));
        if let Some(other) = first.filter(|_| note.decision == Decision::Send && is_new(place)) {
            found.push((place, other));
        }
        true
    })?;
    for &(place, _) in &found {
        plan.hold(place as usize, Decision::SameClip);
    }
    plan.count();
    found.truncate(most_listed.saturating_sub(held.len()));
    name(manifest, plan, rows, &found, held)
}

/// Adds rows that are held, each with the one that comes before it, to those that are reported.
fn name(
    manifest: &mut Manifest,
    plan: &Plan,
    mut rows: OpenRows,
    pairs: &[(u32, u32)],
    held: &mut Vec<Held>,
) -> Result<(), PlanError> {
    let mut ids: HashMap<u32, String> = pairs
        .iter()
        .map(|&(_, other)| (other, String::new()))
        .collect();
    let first = held.len();
    rows.keep_if(manifest, |place, row| {
        let place = place as u32;
        if let Some(id) = ids.get_mut(&place) {
            id.clone_from(&row.id);
        }
        if let Ok(at) = pairs.binary_search_by_key(&place, |&(place, _)| place) {
            let other = pairs[at].1;
            let key = plan.rows[other as usize].as_ref().map(|note| note.key);
            held.push(Held {
                other: Some(plan.place(other)),
                ..Held::of(row, Decision::SameClip, key.unwrap_or(row.key()))
            });
        }
        true
    })?;
    for (held, (_, other)) in held[first..].iter_mut().zip(pairs) {
        held.job_id = ids.get(other).cloned().unwrap_or_default();
    }
    Ok(())
}
