//! What counts against each cap. It is counted once from the folded log, and from then on again for each
//! job that a line speaks of: every computer does so, with the log's row locked and everything that
//! others have committed folded, so that all of them count the same.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::announce::{Announcement, ClaimCap, ReachedCap};
use super::super::file::{LineReader, LogError};
use super::lines::LineBatch;
use crate::jobs::{Credits, JobKey, JobState, JobView, Ledger};

/// The caps of a writer, and what counts against each.
pub(super) struct CapTotals {
    caps: Arc<[ClaimCap]>,
    each: Vec<CapTotal>,
    /// Jobs that lines spoke of since they were counted.
    changed: HashSet<JobKey>,
    lines: LineReader,
    path: PathBuf,
}

#[derive(Default)]
struct CapTotal {
    total: Credits,
    of_job: HashMap<JobKey, Credits>,
}

impl CapTotal {
    fn of(&self, job: JobKey) -> Credits {
        self.of_job.get(&job).copied().unwrap_or_default()
    }

    fn set(&mut self, job: JobKey, credits: Credits) {
        self.total = self.total.beyond(self.of(job)) + credits;
        if credits == Credits::ZERO {
            self.of_job.remove(&job);
        } else {
            self.of_job.insert(job, credits);
        }
    }
}

impl CapTotals {
    /// Counts everything. `path` is the copy of the log that `ledger` has folded.
    pub fn of(caps: &Arc<[ClaimCap]>, path: &Path, ledger: &Ledger) -> io::Result<Self> {
        let mut sums = Self {
            each: caps.iter().map(|_| CapTotal::default()).collect(),
            caps: Arc::clone(caps),
            changed: HashSet::new(),
            lines: LineReader::new(File::open(path)?),
            path: path.to_owned(),
        };
        for job in ledger.jobs() {
            sums.count(job.key, ledger)?;
        }
        Ok(sums)
    }

    /// Whether these are the caps that are counted for.
    pub fn is_for(&self, caps: &Arc<[ClaimCap]>) -> bool {
        Arc::ptr_eq(&self.caps, caps)
    }

    /// Takes note of the jobs that lines speak of.
    pub fn note(&mut self, jobs: impl Iterator<Item = JobKey>) {
        self.changed.extend(jobs);
    }

    /// Counts those jobs again; their lines have been folded.
    pub fn catch_up(&mut self, ledger: &Ledger) -> io::Result<()> {
        for job in std::mem::take(&mut self.changed) {
            self.count(job, ledger)?;
        }
        Ok(())
    }

    fn count(&mut self, job: JobKey, ledger: &Ledger) -> io::Result<()> {
        let has_parts = self.caps.iter().any(|cap| cap.counts.is_some());
        let view = if has_parts {
            self.view(job, ledger)?
        } else {
            None
        };
        for (cap, sum) in self.caps.iter().zip(&mut self.each) {
            let credits = match (&cap.counts, &view) {
                (Some(counts), Some(view)) => counts(view),
                (Some(_), None) => Credits::ZERO,
                (None, _) => ledger.job(job).map_or(Credits::ZERO, JobState::committed),
            };
            sum.set(job, credits);
        }
        Ok(())
    }

    fn view(&self, job: JobKey, ledger: &Ledger) -> io::Result<Option<JobView>> {
        let view = self.lines.view(&self.path, ledger, job);
        view.map_err(|error| match error {
            LogError::Io { error, .. } => error,
            other => io::Error::other(other),
        })
    }

    /// What an attempt adds to each cap that `lines` announce.
    pub fn added_by(
        &self,
        what: &Announcement,
        lines: &LineBatch,
        ledger: &Ledger,
    ) -> io::Result<Vec<Credits>> {
        let has_parts = self.caps.iter().any(|cap| cap.counts.is_some());
        let after = if has_parts {
            self.announced(what.job, lines, ledger)?
        } else {
            None
        };
        let added = self.caps.iter().zip(&self.each).map(|(cap, sum)| {
            match (&cap.counts, &after) {
                (Some(counts), Some(after)) => counts(after).beyond(sum.of(what.job)),
                // What cannot be looked at counts everywhere.
                _ => what.more,
            }
        });
        Ok(added.collect())
    }

    /// The job as it stands once the attempt is announced.
    fn announced(
        &self,
        job: JobKey,
        lines: &LineBatch,
        ledger: &Ledger,
    ) -> io::Result<Option<JobView>> {
        let known = self.view(job, ledger)?;
        let known = known.iter().flat_map(|view| &view.events);
        let known = known.map(|event| &*event.text);
        // Lines of other jobs are left out.
        let lines = known.chain(lines.lines().map(|line| line.text.as_str()));
        let view = JobView::fold(job, lines, ledger.rates());
        view.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
    }

    /// The caps that would be passed by adding `added` once `granted` was added.
    pub fn reached(&self, added: &[Credits], granted: &[Credits]) -> Vec<ReachedCap> {
        let mut reached = Vec::new();
        for (place, (cap, sum)) in self.caps.iter().zip(&self.each).enumerate() {
            let granted = granted.get(place).copied().unwrap_or_default();
            let added = added.get(place).copied().unwrap_or_default();
            let committed = sum.total + granted;
            if added > Credits::ZERO && committed + added > cap.most {
                reached.push(ReachedCap { place, committed });
            }
        }
        reached
    }
}
