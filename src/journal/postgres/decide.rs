//! What of the announcements of a batch is let through, against what is committed.
//!
//! The log's row is locked while this is decided, and every line that others have committed has been
//! folded. So two computers never decide on the same state.

use std::collections::HashSet;

use futures::future::try_join3;
use tokio_postgres::Error;

use super::super::announce::{AnnounceRefusal, Announcement};
use super::caps::CapTotals;
use super::handle::LogHandle;
use super::lines::{self, LineBatch, NewLine};
use super::runs::{self, ClaimHolder, SeenClaim};
use crate::jobs::recognition::{MarkFilter, Marks, PhotoNotes, Recognition, RequestedClip};
use crate::jobs::{
    Credits, GenerationId, JobFact, JobKey, JobState, Ledger, Line, LineStatus, PHOTO_FILE,
};

/// What others have written since this process has read the log.
#[derive(Debug, Default)]
pub(super) struct ForeignLines {
    /// The jobs that their lines speak of.
    touched: HashSet<JobKey>,
    /// The listings and SKUs that they have ordered for first, or renamed.
    named: HashSet<String>,
    /// Orders of theirs that are in no row of this run.
    foreign: Recognition,
    count: u32,
    /// Why any clip that was never ordered may by now go by the name of one that was.
    unclear: Option<&'static str>,
}

impl ForeignLines {
    /// Takes in a line of theirs that `ledger` does not hold yet. Orders of `rows` are compared by
    /// their keys alone.
    pub fn note(&mut self, text: &str, rows: &HashSet<JobKey>, ledger: &Ledger) {
        let Ok(lines) = Line::whole_parts(text) else {
            self.unclear = Some("another computer has written a line that cannot be read");
            return;
        };
        let everything = MarkFilter::everything();
        for line in &lines {
            let is_first = self.touched.insert(line.job) && ledger.job(line.job).is_none();
            let is_renamed = line.word == LineStatus::Fact(JobFact::Renamed);
            if let Some((_, id)) = line.id.as_ref().filter(|_| is_first || is_renamed) {
                self.named.insert(id.as_str().trim().to_owned());
            }
            if is_renamed {
                self.unclear = Some("another computer has since renamed a clip");
            }
            if rows.contains(&line.job) {
                continue;
            }
            if let Some(marks) = order_in(line) {
                self.foreign.add(self.count, &marks, &everything);
                self.count += 1;
            } else if let (Some((_, id)), true) = (&line.id, line.keyless || is_first) {
                // What was ordered is not known, as after damage that was accepted.
                let ids = [id.as_str()];
                self.foreign.add_bare(self.count, &ids, &everything);
                self.count += 1;
            }
        }
    }

    /// To be called once all are noted.
    pub fn sort(&mut self) {
        self.foreign.sort();
    }

    /// Whether they have written about one of these jobs, or named one of these listings or SKUs.
    pub fn have_written_of(&self, jobs: &[JobKey], names: &[String]) -> bool {
        let is_named = |name: &String| self.named.contains(name.trim());
        jobs.iter().any(|job| self.touched.contains(job)) || names.iter().any(is_named)
    }

    /// Whether one of their orders may be for the clip that `lines` announce, under another key.
    fn has_alike(&self, lines: &str) -> bool {
        let parts = lines
            .lines()
            .filter_map(|line| Line::whole_parts(line).ok());
        let mut marks = parts.flatten().filter_map(|line| order_in(&line));
        marks.any(|marks| self.foreign.has_like(&marks))
    }
}

/// What a line orders, by its marks.
fn order_in(line: &Line<'_>) -> Option<Marks> {
    let asked = line.request.and_then(RequestedClip::parse)?;
    let (_, id) = line.id.as_ref()?;
    let variant = line.other_text("variant").unwrap_or_default();
    let [name, file] = ["photo_name", PHOTO_FILE].map(|field| line.other_text(field));
    let notes = PhotoNotes {
        name: name.as_deref(),
        file: file.as_deref(),
    };
    Some(Marks::of(id.as_str(), &asked.clip()?, &variant, notes))
}

/// What is done about the claims of a batch.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Attempts to claim.
    new: Vec<(JobKey, u32)>,
    /// Attempts whose claim goes over to this run.
    taken_over: Vec<SeenClaim>,
    /// Attempts that no one may send any more.
    voided: Vec<SeenClaim>,
    /// What the batch adds to each cap.
    more: Vec<Credits>,
    /// Attempts that the batch announces.
    granted: HashSet<(JobKey, u32)>,
}

impl Claims {
    /// Decides about an announcement; `None` lets it through.
    pub fn announce(
        &mut self,
        what: &Announcement,
        claimed: &ClaimHolder,
        run: &str,
        others: &ForeignLines,
        ledger: &Ledger,
        (sums, added): (Option<&CapTotals>, &[Credits]),
    ) -> Option<AnnounceRefusal> {
        // An address of this computer may be a sandbox's or not; only `--sandbox` is clear.
        if !what.resend && ledger.check_mixing(what.sandbox, true).is_err() {
            return Some(AnnounceRefusal::Mixed);
        }
        let later = |why: &str| Some(AnnounceRefusal::Later(why.to_owned()));
        let attempt = (what.job, what.number);
        let is_mine = claimed.run.as_deref() == Some(run);
        if let Some(host) = claimed.alive_on.as_ref().filter(|_| !is_mine) {
            if !what.resend && ledger.job(what.job).is_some() {
                return Some(AnnounceRefusal::Taken);
            }
            return later(&format!("{host} is sending it"));
        }
        if others.touched.contains(&what.job) {
            let is_ordered = ledger.job(what.job).is_some_and(JobState::maybe_accepted);
            return if is_ordered && !what.resend {
                Some(AnnounceRefusal::Taken)
            } else {
                later("another computer has since written about it")
            };
        }
        if what.replaces.iter().any(|job| others.touched.contains(job)) {
            return later("another computer has written about the job that it replaces");
        }
        let job = ledger.job(what.job);
        let is_right = match job {
            // After a commit of unknown outcome its own line has been read again.
            Some(_) if is_mine => true,
            Some(job) if what.resend => job.may_be_resent(),
            // A person may order anew what was rejected, and the run has asked for that.
            Some(job) => job.bar_beside_rejected().is_none() && job.newest().number < what.number,
            None => !what.resend,
        };
        if !is_right || !self.granted.insert(attempt) {
            return later("its job has changed since the run began");
        }
        if let Some(why) = others.unclear
            && !job.is_some_and(JobState::maybe_accepted)
        {
            return later(why);
        }
        if job.is_none() && others.has_alike(what.lines.as_str()) {
            return later("another computer has since ordered a clip like it");
        }
        // After a commit of unknown outcome its own line counts already.
        let added = if is_mine { &[] } else { added };
        let reached = sums.map(|sums| sums.reached(added, &self.more));
        if let Some(reached) = reached.filter(|reached| !reached.is_empty()) {
            return Some(AnnounceRefusal::CapReached(reached));
        }
        match &claimed.run {
            None => self.new.push(attempt),
            Some(_) if is_mine => {}
            Some(seen) if what.resend => {
                self.taken_over.push((what.job, what.number, seen.clone()));
            }
            // Claimed, and yet no line of it: it may have been sent.
            Some(_) => {
                return later("its attempt was claimed before, and the log does not say why");
            }
        }
        self.more
            .resize(added.len().max(self.more.len()), Credits::ZERO);
        for (more, added) in self.more.iter_mut().zip(added) {
            *more += *added;
        }
        None
    }

    /// A person says that an attempt was not accepted: from now on no one sends it who has claimed
    /// it before.
    pub fn void(&mut self, job: JobKey, number: u32, claimed: &ClaimHolder) {
        if let Some(seen) = &claimed.run {
            self.voided.push((job, number, seen.clone()));
        }
    }

    /// Writes them down; whether they were as they had been seen.
    pub async fn write(&self, log: &LogHandle<'_>, run: &str) -> Result<bool, Error> {
        let ((), taken_over, voided) = try_join3(
            lines::claim(log, &self.new, run, false),
            runs::reassign(log, &self.taken_over, run),
            runs::reassign(log, &self.voided, runs::SETTLED),
        )
        .await?;
        Ok(taken_over && voided)
    }
}

/// Whether `lines` give an attempt an id that has become another's.
pub(super) fn is_of_another(lines: &LineBatch, ledger: &Ledger) -> bool {
    lines
        .lines()
        .filter_map(NewLine::named)
        .any(|(attempt, id)| has_owner(ledger, &id, attempt))
}

/// Whether an id is that of an attempt other than this one.
pub(super) fn has_owner(ledger: &Ledger, id: &GenerationId, attempt: (JobKey, u32)) -> bool {
    let owner = ledger.by_generation_id(id);
    owner.is_some_and(|(job, number)| (job.key, number) != attempt)
}

#[cfg(test)]
mod tests;
