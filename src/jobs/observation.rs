//! What an observation adds to the log: the rule, without any reading or writing.
//!
//! Polls, replayed captures and the receiver all ask here, so that whichever saw a clip finish, in
//! whatever order and however often, the folded log is the same. What adds nothing is not written.

use std::borrow::Cow;

use serde_json::Value;

use super::event::Event;
use super::event_kind::{EventKind, StatusReport, Via};
use super::facts::Facts;
use super::id::{GenerationId, IdColumn, JobKey};
use super::ledger::Ledger;
use super::stamp::Stamp;
use super::state::JobState;
use super::status::Status;
use super::view::{AttemptView, JobView};

/// What the vendor reported about one generation, trusted: polled, or verified by its signature.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation<'a> {
    /// Which generation.
    pub id: GenerationId,
    /// Where it stands.
    pub status: Status,
    /// What else was reported.
    pub facts: Facts<'a>,
    /// How it came.
    pub via: Via,
    /// The attempt that the capture's address names, for one whose reply was lost.
    pub correlation: Option<(JobKey, u32)>,
}

impl Observation<'_> {
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

/// An observation that adds something to what is known of an attempt.
#[derive(Clone, Debug)]
pub struct NewObservation<'j> {
    /// The job.
    pub job: &'j JobState,
    /// The attempt.
    pub attempt: u32,
    /// How the id and the attempt belong together.
    pub binding: Binding,
    item: Option<(IdColumn, &'j str)>,
    /// The model that was asked for.
    model: Option<Cow<'j, str>>,
}

impl NewObservation<'_> {
    /// What is to be written down, when the clock says `now`.
    pub fn event<'e>(
        &'e self,
        seen: &'e Observation<'_>,
        now: jiff::Timestamp,
        in_sandbox: bool,
    ) -> Event<'e> {
        let at: Stamp = self.job.stamp(now);
        let sighting = StatusReport {
            status: seen.status,
            generation_id: &seen.id,
            submitted_at: None,
            report: seen.facts.report(seen.status, self.model.as_deref()),
            via: Some(seen.via),
        };
        Event::new(
            at,
            self.job.key,
            self.attempt,
            EventKind::Reported(sighting),
        )
        .of_item(self.item)
        .in_sandbox(in_sandbox || self.job.is_sandbox())
    }
}

/// What an observation is to the log, as far as the ledger alone shows.
#[derive(Clone, Debug)]
pub enum Attribution<'l> {
    /// The log holds all of it.
    Known,
    /// It adds something.
    News(NewObservation<'l>),
    /// The lines of this attempt have to be looked at; see [`JobView::news`].
    Compare {
        /// The job.
        job: JobKey,
        /// The attempt.
        attempt: u32,
        /// Whether the log holds this status of it already.
        has_seen: bool,
    },
    /// No job of this log has that id.
    UnknownId,
}

impl Ledger {
    /// What an observation is to the log.
    pub fn attribute(&self, seen: &Observation<'_>) -> Attribution<'_> {
        let Some(found) = self.find_generation(&seen.id) else {
            return Attribution::UnknownId;
        };
        let attempt = found.attempt;
        if attempt.has_passed(seen.status) {
            return Attribution::Known;
        }
        let has_seen = attempt.has_seen(seen.status) && !found.is_news(seen.status);
        match found.known {
            Some(known) if !has_seen => Attribution::News(NewObservation {
                job: found.job,
                attempt: attempt.number,
                binding: Binding::Known,
                item: known.item,
                model: known.model.map(Cow::Borrowed),
            }),
            Some(known)
                if self.has_reported(
                    attempt,
                    seen.status,
                    &seen.facts.report(seen.status, known.model),
                ) =>
            {
                Attribution::Known
            }
            _ => Attribution::Compare {
                job: found.job.key,
                attempt: attempt.number,
                has_seen,
            },
        }
    }
}

impl JobView {
    /// What an observation of one of its attempts adds; `None` where the log holds all of it.
    pub fn news(
        &self,
        attempt: u32,
        seen: &Observation<'_>,
        has_seen: bool,
    ) -> Option<NewObservation<'_>> {
        let known = self.attempts.get(&attempt);
        if has_seen && known.is_some_and(|known| !adds(known, seen)) {
            return None;
        }
        Some(self.news_of(attempt, Binding::Known))
    }

    /// An id that no job has may be that of an attempt whose reply was lost. `Err` says why it is
    /// not that of `attempt`.
    pub fn bind(
        &self,
        attempt: u32,
        seen: &Observation<'_>,
    ) -> Result<NewObservation<'_>, &'static str> {
        let Some(known) = self.attempts.get(&attempt) else {
            return Err("the attempt that its address names is not in this log");
        };
        let Some(prompt) = &seen.facts.prompt else {
            return Err(
                "it has no prompt, so nothing shows that it belongs to the attempt its address names",
            );
        };
        let own = known
            .request_value("prompt")
            .or_else(|| known.request_value("text"));
        if own.as_ref().and_then(Value::as_str) != Some(prompt.as_str()) {
            return Err("its prompt differs from that of the attempt its address names");
        }
        let binding = if known.ids.is_empty() {
            Binding::Adopted
        } else {
            Binding::BilledTwice {
                others: known.ids.iter().cloned().collect(),
            }
        };
        Ok(self.news_of(attempt, binding))
    }

    fn news_of(&self, attempt: u32, binding: Binding) -> NewObservation<'_> {
        NewObservation {
            job: &self.state,
            attempt,
            binding,
            item: self.id(),
            model: self.attempts.get(&attempt).and_then(asked).map(Cow::Owned),
        }
    }
}

/// The model that an attempt asked for.
fn asked(attempt: &AttemptView) -> Option<String> {
    let model = attempt.request_value("model")?;
    model.as_str().map(str::to_owned)
}

/// Whether an end that is known already is reported with anything new.
///
/// A missing field is always news. A different value is news from a poll, which is as fresh as can
/// be; among captures the one that is greater by its own time and content wins, so that their
/// order does not matter.
fn adds(known: &AttemptView, seen: &Observation<'_>) -> bool {
    let asked = asked(known);
    let report = serde_json::to_value(seen.facts.report(seen.status, asked.as_deref()));
    let Ok(Value::Object(received)) = report else {
        return false;
    };
    if received.keys().any(|name| known.fields.get(name).is_none()) {
        return true;
    }
    let old = |name: &str| known.fields.get(name).cloned().unwrap_or(Value::Null);
    if received.iter().all(|(name, value)| same(&old(name), value)) {
        return false;
    }
    if seen.via == Via::Poll {
        return true;
    }
    let key = |value: &dyn Fn(&str) -> Value| {
        let time = value("completed_at").as_str().unwrap_or("").to_owned();
        let values: Vec<_> = received
            .keys()
            .map(|name| value(name).to_string())
            .collect();
        (time, values)
    };
    let new = |name: &str| received.get(name).cloned().unwrap_or(Value::Null);
    old("via") == "webhook" && key(&new) > key(&old)
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| Some(a) == b.as_f64())
}
