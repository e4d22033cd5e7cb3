//! What the ledger is asked.

use super::Ledger;
use crate::jobs::attempt_state::AttemptState;
use crate::jobs::facts::ReportedFacts;
use crate::jobs::id::{GenerationId, JobKey};
use crate::jobs::items::KnownItem;
use crate::jobs::line::EndFields;
use crate::jobs::money::{Credits, Rates};
use crate::jobs::stamp::Stamp;
use crate::jobs::state::JobState;
use crate::jobs::status::Status;

/// Whose an id is.
#[derive(Clone, Copy, Debug)]
pub struct IdMatch<'a> {
    /// The job.
    pub job: &'a JobState,
    /// The attempt.
    pub attempt: &'a AttemptState,
    /// What a line about it repeats. Needs [`Ledger::with_items`]; `None` also where the log's
    /// lines differ about it.
    pub known: Option<KnownItem<'a>>,
    /// Hash of the id.
    id: u64,
}

impl IdMatch<'_> {
    /// Whether an end of `status` is news of the id, one of several of its attempt, though the
    /// attempt has such an end already.
    pub fn is_news(&self, status: Status) -> bool {
        self.attempt.is_news_of(self.id, status)
    }
}

/// Both a sandbox's and live jobs are in one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixedLog;

impl Ledger {
    /// The job that has an id now. A person may have given it to a job and taken it back; should
    /// two jobs have it, the smaller key is as good as the other.
    fn find_id(&self, id: u64) -> Option<u32> {
        self.ids
            .as_ref()?
            .of(&self.jobs, id)
            .filter(|&i| {
                let mut attempts = self.jobs[i as usize].attempts();
                attempts.any(|a| a.id_hashes().any(|h| h == id))
            })
            .min_by_key(|&i| self.jobs[i as usize].key)
    }

    /// A job's place in [`Ledger::jobs`]; it stays.
    pub fn place_of(&self, key: JobKey) -> Option<u32> {
        self.find(key)
    }

    /// One job.
    pub fn job(&self, key: JobKey) -> Option<&JobState> {
        self.find(key).map(|i| &self.jobs[i as usize])
    }

    /// An active run is sending an attempt right now: the one `on` this computer, if that is known.
    pub fn mark_being_sent(&mut self, key: JobKey, number: u32, on: Option<&str>) {
        if let Some(index) = self.find(key) {
            self.jobs[index as usize].mark_being_sent(number);
            self.senders.insert(key, on.map(Box::from));
        }
    }

    /// Nothing that was marked is being sent any more, as far as is known.
    pub fn forget_being_sent(&mut self) {
        for key in std::mem::take(&mut self.senders).into_keys() {
            if let Some(index) = self.find(key) {
                self.jobs[index as usize].forget_being_sent();
            }
        }
    }

    /// The computer whose run is sending an attempt of a job just now.
    pub fn sender(&self, key: JobKey) -> Option<&str> {
        self.senders.get(&key)?.as_deref()
    }

    /// The time for the next line of a job, when the clock says `now`: later than all of its lines.
    pub fn stamp(&self, key: JobKey, now: jiff::Timestamp) -> Stamp {
        self.job(key)
            .map_or_else(|| Stamp::first(now), |job| job.stamp(now))
    }

    /// The job at a place.
    pub fn job_at(&self, index: u32) -> Option<&JobState> {
        self.jobs.get(index as usize)
    }

    /// Whether every line of `status`, the furthest end of an attempt, says just what `report` does.
    pub(in crate::jobs) fn has_reported(
        &self,
        attempt: &AttemptState,
        status: Status,
        report: &ReportedFacts<'_>,
    ) -> bool {
        let ReportedFacts::End(end) = report else {
            return false;
        };
        // As its fields stand in a line.
        let text = |text: Option<&str>| text.map(|text| serde_json::Value::from(text).to_string());
        let (output_url, error) = (text(end.output_url), text(end.error));
        let (model, completed_at) = (text(end.model_actual), text(end.completed_at));
        let failover_used = end.failover_used.map(|used| used.to_string());
        let fields = EndFields {
            output_url: output_url.as_deref(),
            failover_used: failover_used.as_deref(),
            model_actual: model.as_deref(),
            completed_at: completed_at.as_deref(),
            error: error.as_deref(),
        };
        let charged = [end.credits, end.adjusted_credits];
        attempt.has_reported(status, self.reading.hash_of_end(charged, fields))
    }

    /// All jobs, in the order in which the log first names them.
    pub fn jobs(&self) -> impl ExactSizeIterator<Item = &JobState> + Clone {
        self.jobs.iter()
    }

    /// The job and attempt that an id belongs to.
    pub fn by_generation_id(&self, id: &GenerationId) -> Option<(&JobState, u32)> {
        let found = self.find_generation(id)?;
        Some((found.job, found.attempt.number))
    }

    /// The same with what is known of it without looking into the log.
    pub fn find_generation(&self, id: &GenerationId) -> Option<IdMatch<'_>> {
        let hash = self.reading.id(id.as_str());
        self.found(hash, self.find_id(hash)?)
    }

    fn found(&self, hash: u64, index: u32) -> Option<IdMatch<'_>> {
        let job = &self.jobs[index as usize];
        let attempt = job.attempts().find(|a| a.id_hashes().any(|h| h == hash))?;
        // With several attempts each has its own request.
        let single = job.attempts().nth(1).is_none();
        let items = self.items.as_ref().filter(|_| single);
        Some(IdMatch {
            job,
            attempt,
            known: items.and_then(|items| items.known(job.place())),
            id: hash,
        })
    }

    /// Offsets of a job's lines, ascending. Needs [`Ledger::with_places`].
    pub fn places(&self, key: JobKey) -> Vec<u64> {
        match (self.find(key), &self.places) {
            (Some(index), Some(places)) => places.of(index),
            _ => Vec::new(),
        }
    }

    /// What an attempt of this request would cost by the ledger's rates.
    pub fn rates(&self) -> &Rates {
        &self.reading.rates
    }

    /// Charges and reservations of the whole log, for a cap.
    pub fn committed(&self) -> Credits {
        let sum = || self.jobs.iter().map(JobState::committed).sum();
        self.committed.unwrap_or_else(sum)
    }

    /// Keeps that sum from now on, for those who ask for it after each line.
    pub fn keep_committed(&mut self) {
        self.committed = Some(self.committed());
    }

    /// Whether no line has been taken in.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Lines taken in.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Lines that reported nothing.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// A sandbox's jobs and live ones never share a log. `sandbox` is what the run is about to
    /// write; `rehearsal` says that it talks to a server on this machine, whose ids decide.
    pub fn check_mixing(&self, sandbox: bool, rehearsal: bool) -> Result<(), MixedLog> {
        let clash = if sandbox {
            // A request in doubt at a sandbox that listens has nothing yet that shows where it went.
            self.origin.has_live_id || !(self.jobs.is_empty() || self.origin.has_sandbox)
        } else {
            self.origin.has_rehearsed || (self.origin.has_sandbox && !rehearsal)
        };
        if clash { Err(MixedLog) } else { Ok(()) }
    }

    /// Whether an id may enter: a sandbox's never beside a live one.
    pub fn may_hold(&self, id: &GenerationId) -> bool {
        if id.is_sandbox() {
            !self.origin.has_live_id
        } else {
            !self.origin.has_sandbox
        }
    }

    /// Whether an id may be given to an attempt that the log holds without one. Nothing shows where such
    /// an attempt was sent: a sandbox's id needs a log that is known to be of one, or it would settle a
    /// live order by the rehearsal of the same row.
    pub fn may_bind(&self, id: &GenerationId) -> bool {
        self.may_hold(id) && (!id.is_sandbox() || self.origin.has_sandbox)
    }
}
