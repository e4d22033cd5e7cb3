//! Observations in, the lines that they add to the log out. Polls, replayed captures and the
//! receiver all come through here; the rule is in [`jobs`](crate::jobs).

use crate::jobs::{Attribution, Binding, JobKey, Lines, NewObservation, Observation};
use crate::journal::{LogError, Writer};

/// What an observation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// `line` adds something to what the log knows of this attempt.
    New {
        /// The job.
        job: JobKey,
        /// The attempt.
        attempt: u32,
        /// To be appended.
        line: Lines,
        /// How the id and the attempt belong together.
        binding: Binding,
    },
    /// Nothing that the log does not hold.
    Known,
    /// No job of this log has that id; the text says why none was given it.
    UnknownId(&'static str),
}

/// Turns observations into lines for one log.
#[derive(Clone, Copy)]
pub struct Observer<'a> {
    /// The log.
    pub writer: &'a Writer,
    /// What time it is.
    pub clock: &'a (dyn Fn() -> jiff::Timestamp + Sync),
    /// Whether lines are marked as a rehearsal's.
    pub sandbox: bool,
}

impl Observer<'_> {
    /// Decides what `seen` adds. Between deciding and appending no other observation of the same
    /// job may be decided.
    pub fn decide(&self, seen: &Observation<'_>) -> Result<Ingested, LogError> {
        // The job's lines are only read where the ledger does not suffice, and without its lock.
        let compare = match self.writer.ledger().attribute(seen) {
            Attribution::Known => return Ok(Ingested::Known),
            Attribution::News(news) => return Ok(self.line(&news, seen)),
            Attribution::Compare {
                job,
                attempt,
                has_seen,
            } => Some((job, attempt, has_seen)),
            Attribution::UnknownId => None,
        };
        let Some((job, attempt, has_seen)) = compare else {
            return self.bind(seen);
        };
        let Some(view) = self.writer.view(job)? else {
            return Ok(Ingested::UnknownId("its job has vanished from the log"));
        };
        let news = view.news(attempt, seen, has_seen);
        Ok(news.map_or(Ingested::Known, |news| self.line(&news, seen)))
    }

    /// An id that no job has may be that of an attempt whose reply was lost.
    fn bind(&self, seen: &Observation<'_>) -> Result<Ingested, LogError> {
        let Some((job, attempt)) = seen.correlation else {
            return Ok(Ingested::UnknownId("no job of this log has this id"));
        };
        if !self.writer.ledger().may_bind(&seen.id) {
            return Ok(Ingested::UnknownId(
                "a sandbox's id never enters a log of live jobs, or the other way around",
            ));
        }
        let Some(view) = self.writer.view(job)? else {
            return Ok(Ingested::UnknownId(
                "the job that its address names is not in this log",
            ));
        };
        let adopted = view.bind(attempt, seen);
        Ok(adopted.map_or_else(Ingested::UnknownId, |news| self.line(&news, seen)))
    }

    fn line(&self, news: &NewObservation<'_>, seen: &Observation<'_>) -> Ingested {
        Ingested::New {
            job: news.job.key,
            attempt: news.attempt,
            line: news.event(seen, (self.clock)(), self.sandbox).into(),
            binding: news.binding.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
