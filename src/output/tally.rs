//! Counts and money over many jobs, from their folded states alone.

mod notices;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::job_summary::DoubtfulJob;
use super::words;
use crate::jobs::{AttemptState, Credits, DisplayStatus, JobKey, JobState, Rates, ReviewVerdict};

pub use notices::TallyNotice;

/// Jobs in doubt that a notice names.
const MOST_SOUGHT: usize = 10;

/// Counts and money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All jobs, those that no longer count included.
    pub jobs: u64,
    display_statuses: [u64; DisplayStatus::ALL.len()],
    /// Jobs whose clip is on disk.
    pub downloaded: u64,
    /// Jobs whose clip was published.
    pub published: u64,
    /// Jobs whose clip a person kept.
    pub kept: u64,
    /// Jobs whose clip a person rejected.
    pub rejected: u64,
    /// Jobs one attempt of which was given more than one id.
    pub billed_twice: u64,
    /// Jobs one attempt of which was reported both as failed and as completed.
    pub two_ends: u64,
    /// Lines of the log that say nothing.
    pub unreadable: u64,
    /// Jobs of which a sandbox wrote.
    rehearsed: u64,
    /// Whether the vendor made any of it.
    is_live: bool,
    /// Jobs in doubt of which no line is a sandbox's: their order may have gone to the vendor.
    pub unplaced: u64,
    /// The first jobs in doubt, one more than are named.
    doubts: Vec<JobKey>,
    /// How a person finds those of them in the vendor's account that are named.
    sought: Vec<String>,
    /// Whether none of those in doubt can be sent again.
    only_by_hand: bool,
    /// Failed and refused jobs, by how many attempts they have had.
    tries: BTreeMap<(DisplayStatus, u32), u64>,
    /// What was charged, as far as the vendor has reported.
    pub charged: Credits,
    /// What is at stake for clips in flight or in doubt.
    pub reserved: Credits,
    /// What failed attempts would have cost.
    pub refunded: Credits,
    /// What was expected for finished clips.
    pub estimated_done: Credits,
    /// What was expected for finished clips of whose charge the vendor has reported nothing.
    pub unreported: Credits,
}

impl Tally {
    /// Over these jobs.
    pub fn of<'a>(jobs: impl IntoIterator<Item = &'a JobState>) -> Self {
        let mut tally = Self::default();
        for job in jobs {
            tally.add(job);
        }
        tally
    }

    /// Jobs whose clip is ready.
    pub fn ready(&self) -> u64 {
        self.display_statuses[DisplayStatus::Ready as usize]
    }

    #[cfg(test)]
    pub(super) fn of_counts(counts: &[(DisplayStatus, u64)]) -> Self {
        let mut tally = Self::default();
        for (display, n) in counts {
            tally.display_statuses[*display as usize] = *n;
        }
        tally
    }

    /// Takes one more in. Money counts whether or not its job still does.
    pub fn add(&mut self, job: &JobState) {
        let effective = job.effective();
        self.jobs += 1;
        self.rehearsed += u64::from(job.is_sandbox());
        self.is_live |= job.is_live();
        let display = DisplayStatus::of(job);
        self.unplaced += u64::from(display == DisplayStatus::Unknown && !job.is_sandbox());
        if display == DisplayStatus::Unknown && self.doubts.len() < MOST_SOUGHT {
            self.doubts.push(job.key);
        }
        if has_no_clip(display) {
            let attempts = job.tries();
            *self.tries.entry((display, attempts)).or_default() += 1;
        }
        self.display_statuses[display as usize] += 1;
        self.downloaded += u64::from(effective.is_downloaded());
        self.published += u64::from(effective.is_published());
        if display == DisplayStatus::Ready {
            self.kept += u64::from(effective.look() == Some(ReviewVerdict::Kept));
            self.rejected += u64::from(effective.look() == Some(ReviewVerdict::Rejected));
        }
        self.billed_twice += u64::from(job.attempts().any(AttemptState::has_two_ids));
        self.two_ends += u64::from(job.attempts().any(AttemptState::has_two_ends));
        self.charged += job.charged();
        self.reserved += job.reserved();
        self.refunded += job.refunded();
        self.estimated_done += job.expected();
        self.unreported += job.unreported();
    }

    /// Whether a sandbox made it, and the vendor nothing of it: then nothing was paid.
    pub fn is_rehearsal(&self) -> bool {
        self.rehearsed > 0 && !self.is_live
    }

    /// Jobs of a sandbox that stand among live ones, where they must never be.
    fn mixed(&self) -> u64 {
        if self.is_live { self.rehearsed } else { 0 }
    }

    /// The first jobs in doubt.
    pub fn doubts(&self) -> &[JobKey] {
        &self.doubts
    }

    /// Names jobs in doubt as a person looks for them; these are the first ones.
    pub fn seek(&mut self, first: &[DoubtfulJob]) {
        let unknown = self.count(DisplayStatus::Unknown);
        let name = |doubt: &DoubtfulJob| match unknown {
            1 => doubt.name.clone(),
            // Which of the commands is whose.
            _ => format!("{}: {}", doubt.job, doubt.name),
        };
        self.sought = first.iter().map(name).collect();
        let is_all = first.len() as u64 == unknown;
        self.only_by_hand = is_all && !first.iter().any(|doubt| doubt.can_be_repeated);
    }

    /// Jobs of a display status that have had at least `most` attempts, and the most that one has had.
    fn given_up(&self, display: DisplayStatus, most: u32) -> (u64, u32) {
        let tries = self.tries.range((display, most)..=(display, u32::MAX));
        tries.fold((0, 0), |(jobs, _), (&(_, attempts), n)| {
            (jobs + n, attempts)
        })
    }

    /// Whether clips failed that `retry --failed` orders again, with `most` attempts for each.
    pub fn can_be_retried(&self, most: u32) -> bool {
        self.count(DisplayStatus::Failed) > self.given_up(DisplayStatus::Failed, most).0
    }

    /// How many jobs stand there.
    pub fn count(&self, display: DisplayStatus) -> u64 {
        self.display_statuses[display as usize]
    }

    /// Jobs that still count.
    pub fn counted(&self) -> u64 {
        let counted = DisplayStatus::ALL.into_iter().filter(|s| s.is_counted());
        counted.map(|s| self.count(s)).sum()
    }

    /// What was paid and may still have to be paid: charges (the estimate where none was reported)
    /// and reservations.
    pub fn committed(&self) -> Credits {
        self.spent() + self.reserved
    }

    /// What was paid: charges, the estimate where none was reported.
    pub fn spent(&self) -> Credits {
        self.charged + self.unreported
    }

    /// Jobs by the words that JSON documents have for states. They count jobs that still count.
    pub fn states(&self) -> [(&'static str, u64); 6] {
        let count = |display| self.count(display);
        let refused = count(DisplayStatus::Refused) + count(DisplayStatus::NotAccepted);
        let refused = count(DisplayStatus::NotSent) + refused;
        let unknown = count(DisplayStatus::Unknown) + count(DisplayStatus::Newer);
        [
            ("submit_failed", refused),
            ("unknown", unknown),
            ("pending", count(DisplayStatus::Queued)),
            ("processing", count(DisplayStatus::Rendering)),
            ("completed", count(DisplayStatus::Ready)),
            ("failed", count(DisplayStatus::Failed)),
        ]
    }

    /// `status --summary --json`. States count jobs that still count; with those replaced and
    /// dismissed they add up to `jobs`. Dollars are for everything charged and reserved.
    pub fn to_json(&self, rates: &Rates) -> Value {
        let states = BTreeMap::from(self.states());
        let mut counts = json!({
            "jobs": self.jobs,
            "pending": states["pending"],
            "processing": states["processing"],
            "completed": states["completed"],
            "failed": states["failed"],
            "unknown": states["unknown"],
            "submit_failed": states["submit_failed"],
            "superseded": self.count(DisplayStatus::Replaced),
            "dismissed": self.count(DisplayStatus::Closed),
            "downloaded": self.downloaded,
            "published": self.published,
            "kept": self.kept,
            "rejected": self.rejected,
            "billed_twice": self.billed_twice,
            "credits_charged": self.charged,
            "credits_reserved": self.reserved,
            "credits_refunded": self.refunded,
            "credits_estimated": self.estimated_done + self.reserved,
            "dollars": words::dollars_json(rates, self.committed()),
            "unreadable_lines": self.unreadable,
        });
        let being_sent = self.count(DisplayStatus::BeingSent);
        if being_sent > 0 {
            counts["being_sent"] = being_sent.into();
        }
        counts
    }

    /// `3 ready, 2 rendering`.
    pub fn listed(&self) -> String {
        words::listed(DisplayStatus::ALL.map(|display| (self.count(display), display.words())))
    }

    /// Jobs that the vendor has accepted and that have not ended.
    pub fn under_way(&self) -> u64 {
        self.count(DisplayStatus::Queued) + self.count(DisplayStatus::Rendering)
    }

    /// The counts that are not zero.
    pub fn counts(&self) -> Vec<(DisplayStatus, u64)> {
        DisplayStatus::ALL
            .into_iter()
            .map(|display| (display, self.count(display)))
            .filter(|(_, n)| *n > 0)
            .collect()
    }

    /// The money, as label and sentence.
    pub fn money(&self, rates: &Rates) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        let mut spent = words::money(rates, self.spent());
        if self.unreported > Credits::ZERO {
            spent = format!(
                "{spent}; the vendor has not reported the charge for {} of them yet, so the estimate counts",
                self.unreported
            );
        }
        if self.estimated_done > Credits::ZERO && self.estimated_done != self.spent() {
            spent = format!("{spent} (expected: {})", self.estimated_done);
        }
        let label = if self.is_rehearsal() {
            "Would have cost"
        } else {
            "Spent"
        };
        lines.push((label, spent));
        if self.reserved > Credits::ZERO {
            let reserved = words::money(rates, self.reserved);
            let reserved = format!("{reserved}, for clips under way or in doubt");
            lines.push(("Reserved", reserved));
        }
        if self.refunded > Credits::ZERO {
            let refunded = words::credits(self.refunded);
            lines.push(("Refunded", format!("{refunded}, for clips that failed")));
        }
        lines
    }

    /// Clips that are ready and that no one has looked at, once any was looked at.
    pub fn to_look_at(&self) -> u64 {
        match self.kept + self.rejected {
            0 => 0,
            looked_at => self.ready().saturating_sub(looked_at),
        }
    }

    /// How far the clips are: `3 of 4 clips ready`.
    pub fn progress(&self) -> String {
        let ready = self.count(DisplayStatus::Ready);
        match self.counted() {
            0 => "nothing to make".to_owned(),
            1 if ready == 1 => "1 clip ready".to_owned(),
            all => format!("{ready} of {} ready", words::count(all, "clip")),
        }
    }
}

/// Whether it brings no clip before it is ordered again.
const fn has_no_clip(display: DisplayStatus) -> bool {
    matches!(
        display,
        DisplayStatus::Failed | DisplayStatus::Refused | DisplayStatus::NotAccepted
    )
}
