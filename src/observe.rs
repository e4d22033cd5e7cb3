//! Observations in, the lines that teach the log something out.
//!
//! Polls, replayed captures and the listener all come through here, so that whoever saw a clip
//! finish, in whatever order and however often, the folded log is the same. What teaches nothing
//! appends nothing.

use serde_json::Value;

use crate::api::Payload;
use crate::job_log::{LogError, Writer};
use crate::jobs::{
    AttemptView, Found, GenerationId, IdColumn, JobKey, JobView, Known, Ledger, Record, Status,
    Text,
};

/// How an observation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The status call's answer.
    Poll,
    /// A webhook whose signature holds.
    Webhook,
}

impl Via {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Webhook => "webhook",
        }
    }
}

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
            facts: Facts::of(&payload),
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

/// The fields of a payload that the log keeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts<'a> {
    /// Where the clip is.
    pub output_url: Option<Text<'a>>,
    /// Credits charged.
    pub credits: Option<f64>,
    /// Credits charged after a correction.
    pub adjusted_credits: Option<f64>,
    /// Whether another provider served it.
    pub failover_used: Option<bool>,
    /// The model that served it, where it is told apart.
    pub model_actual: Option<Text<'a>>,
    /// The model that the payload names.
    pub model: Option<Text<'a>>,
    /// RFC 3339.
    pub completed_at: Option<Text<'a>>,
    /// What went wrong.
    pub error: Option<Text<'a>>,
    /// While rendering: e.g. `Encoding`.
    pub phase: Option<Text<'a>>,
    /// While rendering: of no documented unit.
    pub progress: Option<f64>,
    /// While rendering: seconds left.
    pub eta_seconds: Option<f64>,
    /// The prompt, to recognise an attempt by.
    pub prompt: Option<Text<'a>>,
}

impl<'a> Facts<'a> {
    /// Longest text kept of each field, in bytes.
    const MAX_TEXT: usize = 8192;

    /// What `payload` tells.
    pub fn of(payload: &Payload<'a>) -> Self {
        let text =
            |text: Option<Text<'a>>| text.filter(|text| text.as_str().len() <= Self::MAX_TEXT);
        let error = |error: String| Text(cap(error, Self::MAX_TEXT).into());
        Self {
            output_url: text(payload.output_url()),
            credits: payload.credits(),
            adjusted_credits: payload.adjusted_credits(),
            failover_used: payload.failover_used(),
            model_actual: text(payload.model_actual()),
            model: text(payload.model()),
            completed_at: text(payload.completed_at()),
            error: payload.error().map(error),
            phase: text(payload.phase()),
            progress: payload.progress(),
            eta_seconds: payload.eta_seconds(),
            prompt: payload.prompt(),
        }
    }

    /// The same, independent of what they were read from.
    pub fn into_owned(self) -> Facts<'static> {
        Facts {
            output_url: self.output_url.map(Text::into_owned),
            model_actual: self.model_actual.map(Text::into_owned),
            model: self.model.map(Text::into_owned),
            completed_at: self.completed_at.map(Text::into_owned),
            error: self.error.map(Text::into_owned),
            phase: self.phase.map(Text::into_owned),
            prompt: self.prompt.map(Text::into_owned),
            ..self
        }
    }

    /// Names and values that a line of `status` holds; `model` is the one asked for.
    pub(crate) fn fields(&self, status: Status, model: Option<&str>) -> Vec<(&'static str, Value)> {
        let mut out = Vec::new();
        self.each_field(status, model, &mut |name, value| {
            out.push((name, value.to_value()));
        });
        out
    }

    /// The same as they stand in a line: `"credits":5,"error":"x"`.
    fn text(&self, status: Status, model: Option<&str>) -> String {
        let mut out = Vec::with_capacity(256);
        self.each_field(status, model, &mut |name, value| {
            if !out.is_empty() {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            // Writing into memory cannot fail, and these always serialise.
            let _ = match value {
                Told::Text(text) => serde_json::to_writer(&mut out, text),
                Told::Number(number) => serde_json::to_writer(&mut out, &number),
                Told::Bool(value) => serde_json::to_writer(&mut out, &value),
            };
        });
        String::from_utf8(out).unwrap_or_default()
    }

    fn each_field(
        &self,
        status: Status,
        model: Option<&str>,
        each: &mut dyn FnMut(&'static str, Told<'_>),
    ) {
        if status.is_rendering() {
            put(each, "phase", self.phase.as_ref().map(Told::text));
            put(each, "progress", number(self.progress));
            put(each, "eta_seconds", number(self.eta_seconds));
            return;
        }
        let served = self.model_actual.as_ref().or_else(|| {
            let served = self.model.as_ref()?;
            model
                .is_some_and(|asked| asked != served.as_str())
                .then_some(served)
        });
        put(each, "output_url", self.output_url.as_ref().map(Told::text));
        put(each, "credits", number(self.credits));
        put(each, "adjusted_credits", number(self.adjusted_credits));
        put(each, "failover_used", self.failover_used.map(Told::Bool));
        put(each, "model_actual", served.map(Told::text));
        put(
            each,
            "completed_at",
            self.completed_at.as_ref().map(Told::text),
        );
        put(each, "error", self.error.as_ref().map(Told::text));
    }
}

/// A field's value on its way into a line.
enum Told<'a> {
    Text(&'a str),
    Number(serde_json::Number),
    Bool(bool),
}

impl<'a> Told<'a> {
    fn text(text: &'a Text<'_>) -> Self {
        Self::Text(text.as_str())
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(*text),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Bool(value) => Value::from(*value),
        }
    }
}

fn put<'a>(
    each: &mut dyn FnMut(&'static str, Told<'a>),
    name: &'static str,
    value: Option<Told<'a>>,
) {
    if let Some(value) = value {
        each(name, value);
    }
}

fn number(number: Option<f64>) -> Option<Told<'static>> {
    json_number(number?).map(Told::Number)
}

/// A whole number as JSON writes it without a point, as the vendor does.
fn json_number(number: f64) -> Option<serde_json::Number> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Some(serde_json::Number::from(number as i64))
    } else {
        serde_json::Number::from_f64(number)
    }
}

fn cap(mut text: String, max: usize) -> String {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
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
        /// To be appended.
        line: String,
        /// How the id and the attempt belong together.
        binding: Binding,
    },
    /// Nothing that the log does not hold.
    Known {
        /// The job.
        job: JobKey,
    },
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
        if self.is_settled(job, attempt, seen) {
            return Ok(Learned::Known { job });
        }
        let Some(view) = self.writer.view(job)? else {
            return Ok(Learned::UnknownId("its job has vanished from the log"));
        };
        let known = view.attempts.get(&attempt);
        if self.has_seen(job, attempt, seen.status) && known.is_some_and(|known| !adds(known, seen))
        {
            return Ok(Learned::Known { job });
        }
        let line = self.line(&view, attempt, seen);
        Ok(Learned::New {
            job,
            attempt,
            line,
            binding: Binding::Known,
        })
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
        if attempt.has_seen(seen.status) {
            let is_old = if seen.status.is_terminal() {
                let told = seen.facts.text(seen.status, known.model);
                ledger.has_been_told(attempt, seen.status, &told)
            } else {
                true
            };
            return is_old.then_some((Learned::Known { job: job.key }, found.index));
        }
        let further = |status: &Status| *status > seen.status && attempt.has_seen(*status);
        if !seen.status.is_terminal() && Status::ALL.iter().any(further) {
            return Some((Learned::Known { job: job.key }, found.index));
        }
        let Known { owner, model } = known;
        let text = seen.facts.text(seen.status, model);
        let sandbox = self.sandbox || job.is_sandbox();
        let new = Learned::New {
            job: job.key,
            attempt: attempt.number,
            line: self.line_of(job.key, attempt.number, owner, &text, seen, sandbox),
            binding: Binding::Known,
        };
        Some((new, found.index))
    }

    /// Whether the status alone shows that nothing can be learned.
    fn is_settled(&self, job: JobKey, attempt: u32, seen: &Observation<'_>) -> bool {
        if seen.status.is_terminal() {
            return false;
        }
        Status::ALL
            .into_iter()
            .any(|s| s >= seen.status && self.has_seen(job, attempt, s))
    }

    fn has_seen(&self, job: JobKey, attempt: u32, status: Status) -> bool {
        let ledger = self.writer.ledger();
        let attempt = ledger.job(job).and_then(|j| j.attempt(attempt));
        attempt.is_some_and(|a| a.has_seen(status))
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
        if !is_own_prompt(known, seen.facts.prompt.as_ref().map(Text::as_str)) {
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
        let line = self.line(&view, attempt, seen);
        Ok(Learned::New {
            job,
            attempt,
            line,
            binding,
        })
    }

    fn line(&self, view: &JobView, attempt: u32, seen: &Observation<'_>) -> String {
        let asked = view
            .attempts
            .get(&attempt)
            .and_then(|a| a.request_value("model"))
            .and_then(|model| model.as_str().map(str::to_owned));
        let text = seen.facts.text(seen.status, asked.as_deref());
        let sandbox = self.sandbox || view.state.is_sandbox();
        self.line_of(view.key(), attempt, view.id(), &text, seen, sandbox)
    }

    fn line_of(
        &self,
        job: JobKey,
        attempt: u32,
        owner: Option<(IdColumn, &str)>,
        told: &str,
        seen: &Observation<'_>,
        sandbox: bool,
    ) -> String {
        Record::new((self.clock)(), job, attempt, seen.status)
            .with_id(owner)
            .with("generation_id", &seen.id)
            .with_fields(told)
            .with("via", seen.via.as_str())
            .in_sandbox(sandbox)
            .finish()
    }
}

/// Whether an end that is known already is told with anything new.
///
/// A missing field is always news. A different value is news from a poll, which is as fresh as can
/// be; among captures the one that is greater by its own time and content wins, so that their
/// order does not matter.
fn adds(known: &AttemptView, seen: &Observation<'_>) -> bool {
    let asked = known.request_value("model");
    let told = seen
        .facts
        .fields(seen.status, asked.as_ref().and_then(Value::as_str));
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
        let names = told.iter().map(|(name, _)| *name);
        let time = value("completed_at").as_str().unwrap_or("").to_owned();
        (
            time,
            names.map(|n| value(n).to_string()).collect::<Vec<_>>(),
        )
    };
    let new = |name: &str| {
        let found = told.iter().find(|(n, _)| *n == name);
        found.map_or(Value::Null, |(_, value)| value.clone())
    };
    old("via") == "webhook" && key(&new) > key(&old)
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| Some(a) == b.as_f64())
}

fn is_own_prompt(attempt: &AttemptView, prompt: Option<&str>) -> bool {
    let own = attempt
        .request_value("prompt")
        .or_else(|| attempt.request_value("text"));
    matches!((own.as_ref().and_then(Value::as_str), prompt), (Some(own), Some(told)) if own == told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Ledger, Rates};
    use std::time::Duration;

    const SUBMITTING: &str = r#"{"at":"2026-03-12T09:20:00.412Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","listing_id":"LST-1","request":{"model":"kling-v3","prompt":"pan left"}}"#;
    const PENDING: &str = r#"{"at":"2026-03-12T09:20:01.000Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"pending","listing_id":"LST-1","generation_id":"vgen_1"}"#;

    struct Log {
        _dir: tempfile::TempDir,
        writer: Writer,
    }

    fn log(lines: &[&str]) -> Log {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.jsonl");
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        let ledger = Ledger::new(Rates::default()).with_places();
        let writer = Writer::open(&path, ledger, "test", Duration::ZERO).unwrap();
        Log { _dir: dir, writer }
    }

    impl Log {
        fn decide(&self, seen: &Observation<'_>) -> Learned {
            let clock = || jiff::Timestamp::from_second(1_773_310_000).unwrap();
            Observer {
                writer: &self.writer,
                clock: &clock,
                sandbox: false,
            }
            .decide(seen)
            .unwrap()
        }

        fn learn(&self, seen: &Observation<'_>) -> bool {
            match self.decide(seen) {
                Learned::New { line, .. } => {
                    self.writer.append_blocking(&line).unwrap();
                    true
                }
                _ => false,
            }
        }

        fn json(&self) -> Value {
            let key = self.writer.ledger().jobs().next().unwrap().key;
            self.writer.view(key).unwrap().unwrap().to_json()
        }
    }

    fn seen(body: &str, via: Via) -> Observation<'_> {
        let payload = Payload::parse(body.as_bytes()).unwrap();
        Observation {
            id: payload.id().unwrap(),
            status: Status::from_vendor(payload.status().unwrap().as_str()).unwrap(),
            facts: Facts::of(&payload),
            via,
            correlation: None,
        }
    }

    const DONE: &str = r#"{"id":"vgen_1","status":"completed","output_url":"https://x/1.mp4","credits":5,"prompt":"pan left","completed_at":"2026-03-12T09:22:17Z"}"#;

    #[test]
    fn an_end_is_learned_once() {
        let log = log(&[SUBMITTING, PENDING]);
        assert!(log.learn(&seen(DONE, Via::Webhook)));
        assert!(!log.learn(&seen(DONE, Via::Webhook)));
        assert!(!log.learn(&seen(DONE, Via::Poll)));
        assert!(!log.learn(&seen(r#"{"id":"vgen_1","status":"processing"}"#, Via::Poll)));
        let json = log.json();
        assert_eq!(json["status"], "completed");
        assert_eq!(json["credits"], 5);
        assert_eq!(json["listing_id"], "LST-1");
    }

    #[test]
    fn a_late_failure_is_kept_and_flagged_but_does_not_undo_the_clip() {
        let log = log(&[SUBMITTING, PENDING]);
        assert!(log.learn(&seen(DONE, Via::Webhook)));
        assert!(log.learn(&seen(
            r#"{"id":"vgen_1","status":"failed","error":"late"}"#,
            Via::Webhook
        )));
        let json = log.json();
        assert_eq!(json["status"], "completed");
        assert_eq!(json["conflict"], "two_ends");
    }

    #[test]
    fn two_captures_that_differ_end_alike_in_either_order() {
        let other = DONE.replace("1.mp4", "2.mp4");
        let ends: Vec<Value> = [[DONE, other.as_str()], [other.as_str(), DONE]]
            .iter()
            .map(|order| {
                let log = log(&[SUBMITTING, PENDING]);
                for body in order {
                    log.learn(&seen(body, Via::Webhook));
                }
                assert!(
                    !order
                        .iter()
                        .any(|body| log.learn(&seen(body, Via::Webhook)))
                );
                log.json()["output_url"].clone()
            })
            .collect();
        assert_eq!(ends[0], ends[1]);
    }

    #[test]
    fn a_lost_reply_is_found_by_the_address_of_its_capture() {
        let log = log(&[SUBMITTING]);
        let mut capture = seen(DONE, Via::Webhook);
        assert!(matches!(log.decide(&capture), Learned::UnknownId(_)));
        capture.correlation = Some((JobKey::parse("5b1f0c9a77d2e318").unwrap(), 1));
        assert!(matches!(
            log.decide(&capture),
            Learned::New {
                binding: Binding::Adopted,
                ..
            }
        ));
        assert!(log.learn(&capture));
        assert_eq!(log.json()["generation_id"], "vgen_1");
    }

    #[test]
    fn a_capture_with_another_prompt_is_not_adopted() {
        let log = log(&[SUBMITTING]);
        let other = DONE.replace("pan left", "pan right");
        let mut capture = seen(&other, Via::Webhook);
        capture.correlation = Some((JobKey::parse("5b1f0c9a77d2e318").unwrap(), 1));
        assert!(matches!(log.decide(&capture), Learned::UnknownId(_)));
    }

    #[test]
    fn a_second_id_for_an_attempt_is_billed_twice() {
        let log = log(&[SUBMITTING, PENDING]);
        let other = DONE.replace("vgen_1", "vgen_2");
        let mut capture = seen(&other, Via::Webhook);
        capture.correlation = Some((JobKey::parse("5b1f0c9a77d2e318").unwrap(), 1));
        let learned = log.decide(&capture);
        assert!(
            matches!(&learned, Learned::New { binding: Binding::BilledTwice { others }, .. } if others == &["vgen_1"]),
            "{learned:?}"
        );
        log.learn(&capture);
        assert_eq!(log.json()["conflict"], "billed_twice");
        assert_eq!(
            log.json()["generation_ids"],
            serde_json::json!(["vgen_1", "vgen_2"])
        );
    }
}
