//! Observations in, the lines that teach the log something out.
//!
//! Polls, replayed captures and the listener all come through here, so that whoever saw a clip
//! finish, in whatever order and however often, the folded log is the same. What teaches nothing
//! appends nothing.

use serde_json::Value;

use crate::jobs::{
    AttemptView, Event, Facts, Found, GenerationId, IdColumn, JobKey, JobState, JobView, Known,
    Ledger, Report, Sighting, Stamp, Status, Via, What,
};
use crate::journal::{LogError, Writer};
use crate::vendor::Payload;

/// What the vendor told of one generation, trusted: polled, or verified by its signature.
#[derive(Clone, Debug)]
pub struct Observation<'a> {
    /// Which generation.
    pub id: GenerationId,
    /// Where it stands.
    pub status: Status,
    /// What else was told.
    pub facts: Facts<'a>,
    /// How it came.
    pub via: Via,
    /// The attempt that the capture's address names, for one whose reply was lost.
    pub correlation: Option<(JobKey, u32)>,
}

impl<'a> Observation<'a> {
    /// What a line tells that was made up of an observation.
    pub fn of_line(line: &'a str, status: Status, via: Via) -> Option<Self> {
        // A line has the names of a payload, but for the id, which no line has otherwise.
        let payload = Payload::parse(line.as_bytes()).ok()?;
        Some(Self {
            id: payload.id()?,
            status,
            facts: payload.facts(),
            via,
            correlation: None,
        })
    }

    /// The same, independent of what it was read from.
    pub fn into_owned(self) -> Observation<'static> {
        let Self {
            id,
            status,
            facts,
            via,
            correlation,
        } = self;
        Observation {
            id,
            status,
            facts: facts.into_owned(),
            via,
            correlation,
        }
    }
}

/// What an observation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Learned {
    /// `line` teaches the log something about this attempt.
    New {
        /// The job.
        job: JobKey,
        /// The attempt.
        attempt: u32,
        /// The time on the line.
        at: Stamp,
        /// To be appended.
        line: String,
        /// How the id and the attempt belong together.
        binding: Binding,
    },
    /// Nothing that the log does not hold.
    Known,
    /// No job of this log has that id; the text says why none was given it.
    UnknownId(&'static str),
}

/// How an id and an attempt came together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The log knew it.
    Known,
    /// The attempt's outcome was in doubt; the capture's address names it.
    Adopted,
    /// The attempt has another id already: the vendor has taken it twice, and billed it twice.
    BilledTwice {
        /// The ids it had.
        others: Vec<String>,
    },
}

/// Turns observations into lines for one log.
#[derive(Clone, Copy)]
pub struct Observer<'a> {
    /// The log.
    pub writer: &'a Writer,
    /// What time it is.
    pub clock: &'a (dyn Fn() -> jiff::Timestamp + Sync),
    /// Whether lines are marked as a sandbox's.
    pub sandbox: bool,
}

impl Observer<'_> {
    /// Decides what `seen` teaches. Between deciding and appending no other observation of the
    /// same job may be decided.
    pub fn decide(&self, seen: &Observation<'_>) -> Result<Learned, LogError> {
        if let Some(learned) = self.decide_unread(seen) {
            return Ok(learned);
        }
        let Some((job, attempt)) = self.writer.owner_of(&seen.id) else {
            return self.adopt(seen);
        };
        let (has_passed, has_seen) = {
            let ledger = self.writer.ledger();
            let found = ledger.find_generation(&seen.id);
            found.map_or((false, false), |found| {
                (
                    found.attempt.has_passed(seen.status),
                    found.attempt.has_seen(seen.status) && !found.is_news(seen.status),
                )
            })
        };
        if has_passed {
            return Ok(Learned::Known);
        }
        let Some(view) = self.writer.view(job)? else {
            return Ok(Learned::UnknownId("its job has vanished from the log"));
        };
        let known = view.attempts.get(&attempt);
        if has_seen && known.is_some_and(|known| !adds(known, seen)) {
            return Ok(Learned::Known);
        }
        Ok(self.new_line(&view, attempt, seen, Binding::Known))
    }

    /// The same without looking into the log, where that suffices: mostly, as long as the ledger
    /// keeps owners.
    pub fn decide_unread(&self, seen: &Observation<'_>) -> Option<Learned> {
        let ledger = self.writer.ledger();
        let found = ledger.find_generation(&seen.id)?;
        self.decide_found(seen, &found, &ledger)
            .map(|(learned, _)| learned)
    }

    /// The same for many observations, as the ledger stands now, in their order; with their jobs'
    /// places in the ledger.
    pub fn decide_all<'s>(
        &self,
        seen: impl Iterator<Item = Option<&'s Observation<'s>>> + Clone,
    ) -> Vec<Option<(Learned, u32)>> {
        let ledger = self.writer.ledger();
        let found = ledger.find_generations(seen.clone().map(|seen| Some(&seen?.id)));
        let decide = |(seen, found): (Option<_>, Option<Found<'_>>)| {
            self.decide_found(seen?, &found?, &ledger)
        };
        seen.zip(found).map(decide).collect()
    }

    fn decide_found(
        &self,
        seen: &Observation<'_>,
        found: &Found<'_>,
        ledger: &Ledger,
    ) -> Option<(Learned, u32)> {
        let Found { job, attempt, .. } = found;
        let known = found.known?;
        if attempt.has_passed(seen.status) {
            return Some((Learned::Known, found.index));
        }
        if attempt.has_seen(seen.status) && !found.is_news(seen.status) {
            let report = seen.facts.report(seen.status, known.model);
            let is_old = ledger.has_been_told(attempt, seen.status, &as_in_line(&report));
            return is_old.then_some((Learned::Known, found.index));
        }
        let Known { owner, model } = known;
        let report = seen.facts.report(seen.status, model);
        let new = self.new_line_of(job, attempt.number, owner, report, seen, Binding::Known);
        Some((new, found.index))
    }

    /// An id that nobody knows may be that of an attempt whose reply was lost.
    fn adopt(&self, seen: &Observation<'_>) -> Result<Learned, LogError> {
        let Some((job, attempt)) = seen.correlation else {
            return Ok(Learned::UnknownId("no job of this log has this id"));
        };
        if !self.writer.ledger().may_hold(&seen.id) {
            return Ok(Learned::UnknownId(
                "a sandbox's id never enters a log with live ones, nor the reverse",
            ));
        }
        let Some(view) = self.writer.view(job)? else {
            return Ok(Learned::UnknownId(
                "the job that its address names is not in this log",
            ));
        };
        let Some(known) = view.attempts.get(&attempt) else {
            return Ok(Learned::UnknownId(
                "the attempt that its address names is not in this log",
            ));
        };
        let Some(prompt) = &seen.facts.prompt else {
            return Ok(Learned::UnknownId(
                "it tells no prompt, so nothing shows that it is of the attempt its address names",
            ));
        };
        if !is_own_prompt(known, prompt.as_str()) {
            return Ok(Learned::UnknownId(
                "its prompt is not that of the attempt its address names",
            ));
        }
        let binding = if known.ids.is_empty() {
            Binding::Adopted
        } else {
            Binding::BilledTwice {
                others: known.ids.iter().cloned().collect(),
            }
        };
        Ok(self.new_line(&view, attempt, seen, binding))
    }

    fn new_line(
        &self,
        view: &JobView,
        attempt: u32,
        seen: &Observation<'_>,
        binding: Binding,
    ) -> Learned {
        let asked = view
            .attempts
            .get(&attempt)
            .and_then(|a| a.request_value("model"))
            .and_then(|model| model.as_str().map(str::to_owned));
        let report = seen.facts.report(seen.status, asked.as_deref());
        self.new_line_of(&view.state, attempt, view.id(), report, seen, binding)
    }

    fn new_line_of(
        &self,
        job: &JobState,
        attempt: u32,
        owner: Option<(IdColumn, &str)>,
        report: Report<'_>,
        seen: &Observation<'_>,
        binding: Binding,
    ) -> Learned {
        let at = job.stamp((self.clock)());
        let sighting = Sighting {
            status: seen.status,
            generation_id: &seen.id,
            submitted_at: None,
            report,
            via: Some(seen.via),
        };
        let line = Event::new(at, job.key, attempt, What::Seen(sighting))
            .of_item(owner)
            .in_sandbox(self.sandbox || job.is_sandbox())
            .line();
        Learned::New {
            job: job.key,
            attempt,
            at,
            line,
            binding,
        }
    }
}

/// Whether an end that is known already is told with anything new.
///
/// A missing field is always news. A different value is news from a poll, which is as fresh as can
/// be; among captures the one that is greater by its own time and content wins, so that their
/// order does not matter.
fn adds(known: &AttemptView, seen: &Observation<'_>) -> bool {
    let asked = known.request_value("model");
    let asked = asked.as_ref().and_then(Value::as_str);
    let report = serde_json::to_value(seen.facts.report(seen.status, asked));
    let Ok(Value::Object(told)) = report else {
        return false;
    };
    if told
        .iter()
        .any(|(name, _)| known.fields.get(name).is_none())
    {
        return true;
    }
    let old = |name: &str| known.fields.get(name).cloned().unwrap_or(Value::Null);
    if told.iter().all(|(name, value)| same(&old(name), value)) {
        return false;
    }
    if seen.via == Via::Poll {
        return true;
    }
    let key = |value: &dyn Fn(&str) -> Value| {
        let names = told.keys();
        let time = value("completed_at").as_str().unwrap_or("").to_owned();
        (
            time,
            names.map(|n| value(n).to_string()).collect::<Vec<_>>(),
        )
    };
    let new = |name: &str| told.get(name).cloned().unwrap_or(Value::Null);
    old("via") == "webhook" && key(&new) > key(&old)
}

/// A report's fields as they stand in a line.
fn as_in_line(report: &Report<'_>) -> String {
    let object = serde_json::to_string(report).unwrap_or_default();
    object
        .trim_start_matches('{')
        .trim_end_matches('}')
        .to_owned()
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| Some(a) == b.as_f64())
}

fn is_own_prompt(attempt: &AttemptView, prompt: &str) -> bool {
    let own = attempt
        .request_value("prompt")
        .or_else(|| attempt.request_value("text"));
    own.as_ref().and_then(Value::as_str) == Some(prompt)
}

#[cfg(test)]
mod tests;
