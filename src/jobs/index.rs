//! How jobs are found: by an id, by what they are about; and where their lines stand.

use std::collections::HashMap;

use hashbrown::HashTable;

use super::JobState;
use super::gist::Gist;

/// No line, no job: the end of a chain.
pub(super) const END: u32 = u32::MAX;

/// Where the lines of each job stand: a chain of offsets, newest first.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Offset of a line, in the low bytes' order.
    offsets: Vec<[u8; 6]>,
    /// The line before it of the same job.
    before: Vec<u32>,
    heads: Vec<u32>,
}

impl Places {
    pub fn note(&mut self, job: u32, offset: u64) {
        let job = job as usize;
        if self.heads.len() <= job {
            self.heads.resize(job + 1, END);
        }
        let mut low = [0; 6];
        low.copy_from_slice(&offset.to_le_bytes()[..6]);
        self.before.push(self.heads[job]);
        self.heads[job] = self.offsets.len() as u32;
        self.offsets.push(low);
    }

    /// Offsets of a job's lines, ascending.
    pub fn of(&self, job: u32) -> Vec<u64> {
        let mut next = self.heads.get(job as usize).copied().unwrap_or(END);
        let mut offsets = Vec::new();
        while let Some(low) = self.offsets.get(next as usize) {
            let mut offset = [0; 8];
            offset[..6].copy_from_slice(low);
            offsets.push(u64::from_le_bytes(offset));
            next = self.before[next as usize];
        }
        offsets.sort_unstable();
        offsets
    }
}

/// Which job has an id.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Jobs by the smallest id of their first attempt.
    first: HashTable<u32>,
    /// Jobs by every other id they have, or were once said to have.
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

    /// The jobs that have an id, or were once said to.
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

/// What a manifest is compared with.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    /// Hash of each job's subject; 0 for none.
    of_job: Vec<u64>,
    /// The newest job of each subject, and, job by job, the one before it.
    by_subject: HashTable<u32>,
    before: Vec<u32>,
    /// Owners (listings, SKUs) of jobs known only from the vendor's sample scripts.
    keyless_owners: HashMap<u64, Vec<u32>>,
}

impl Subjects {
    /// Makes room for so many jobs at once, while there are none.
    pub fn reserve(&mut self, jobs: usize) {
        debug_assert!(self.by_subject.is_empty(), "what is in it would be lost");
        self.by_subject.reserve(jobs, |_| 0);
    }

    /// Takes in what a line of a job is about.
    pub fn note(&mut self, gist: &Gist, job: u32) {
        let index = job as usize;
        if self.of_job.len() <= index {
            self.of_job.resize(index + 1, 0);
            self.before.resize(index + 1, END);
        }
        if gist.keyless_owner != 0 {
            let jobs = self.keyless_owners.entry(gist.keyless_owner).or_default();
            if !jobs.contains(&job) {
                jobs.push(job);
            }
        }
        let subject = gist.subject;
        if subject == 0 || self.of_job[index] != 0 {
            return;
        }
        self.of_job[index] = subject;
        let of_job = &self.of_job;
        match self
            .by_subject
            .find_mut(subject, |&i| of_job[i as usize] == subject)
        {
            Some(newest) => self.before[index] = std::mem::replace(newest, job),
            None => {
                self.by_subject
                    .insert_unique(subject, job, |&i| of_job[i as usize]);
            }
        }
    }

    /// The jobs about `subject`, newest first.
    pub fn jobs_of(&self, subject: u64) -> impl Iterator<Item = u32> {
        let newest = self
            .by_subject
            .find(subject, |&i| self.of_job[i as usize] == subject)
            .copied();
        std::iter::successors(newest, |&job| {
            Some(self.before[job as usize]).filter(|&before| before != END)
        })
    }

    /// The jobs of an owner that are known only from the vendor's sample scripts.
    pub fn keyless_of(&self, owner: u64) -> impl Iterator<Item = u32> {
        self.keyless_owners
            .get(&owner)
            .into_iter()
            .flatten()
            .copied()
    }
}
