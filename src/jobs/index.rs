//! How jobs are found by an id, and where their lines stand.

use std::collections::HashMap;

use hashbrown::HashTable;

use super::state::JobState;

/// No line, no job: the end of a chain.
pub(super) const END: u32 = u32::MAX;

/// Where the lines of each job stand: a chain of offsets, newest first.
#[derive(Clone, Debug, Default)]
pub(super) struct LineOffsets {
    offsets: Vec<u64>,
    /// The line before it of the same job.
    before: Vec<u32>,
    heads: Vec<u32>,
}

impl LineOffsets {
    pub fn note(&mut self, job: u32, offset: u64) {
        let job = job as usize;
        if self.heads.len() <= job {
            self.heads.resize(job + 1, END);
        }
        self.before.push(self.heads[job]);
        self.heads[job] = self.offsets.len() as u32;
        self.offsets.push(offset);
    }

    /// Offsets of a job's lines, ascending.
    pub fn of(&self, job: u32) -> Vec<u64> {
        let mut next = self.heads.get(job as usize).copied().unwrap_or(END);
        let mut offsets = Vec::new();
        while let Some(offset) = self.offsets.get(next as usize) {
            offsets.push(*offset);
            next = self.before[next as usize];
        }
        offsets.sort_unstable();
        offsets
    }
}

/// Which job has an id.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// Jobs by the smallest id of their first attempt.
    first: HashTable<u32>,
    /// Jobs by every other id they have, or were once reported to have.
    more: HashMap<u64, Vec<u32>>,
}

impl Ids {
    /// Makes room for so many jobs at once, while there are none.
    pub fn reserve(&mut self, jobs: usize) {
        debug_assert!(self.first.is_empty(), "what is in it would be lost");
        self.first.reserve(jobs, |_| 0);
    }

    /// Keeps the job at `index` findable, after a line with `id` (0 for none) was taken in that may
    /// have changed its first id.
    pub fn note(&mut self, jobs: &[JobState], id: u64, id_before: u64, index: u32) {
        let first_id = |i: u32| jobs[i as usize].first_id();
        let now = first_id(index);
        if id_before != now && id_before != 0 {
            // A smaller one came, or an earlier attempt: the table's entry is no longer right.
            if let Ok(entry) = self.first.find_entry(id_before, |&i| i == index) {
                entry.remove();
            }
            let lost = [id_before, now];
            for id in lost.into_iter().filter(|&id| id != 0) {
                self.note_more(id, index);
            }
        }
        // What has it as its first one was noted when it came.
        if id == 0 || (id == now && id == id_before) {
            return;
        }
        let known = self.first.find(id, |&i| first_id(i) == id);
        match known {
            Some(&known) if known == index => {}
            None if id == now && id_before == 0 => {
                self.first.insert_unique(id, index, |&i| first_id(i));
            }
            _ => self.note_more(id, index),
        }
    }

    fn note_more(&mut self, id: u64, index: u32) {
        let jobs = self.more.entry(id).or_default();
        if !jobs.contains(&index) {
            jobs.push(index);
        }
    }

    /// The jobs that have an id, or were once reported to.
    pub fn of(&self, jobs: &[JobState], id: u64) -> impl Iterator<Item = u32> {
        let first = self.first.find(id, |&i| jobs[i as usize].first_id() == id);
        // Hashing costs, and most logs have none.
        let more = if self.more.is_empty() {
            None
        } else {
            self.more.get(&id)
        };
        first.into_iter().chain(more.into_iter().flatten()).copied()
    }
}
