//! What captures teach a log, in few large appends: replays and the listener share it.

use std::collections::{HashMap, HashSet};

use super::open;
use crate::api::Payload;
use crate::exit::Failure;
use crate::job_log::Writer;
use crate::jobs::{GenerationId, JobKey, Status};
use crate::observe::{Binding, Facts, Learned, Observation, Observer, Via};
use crate::output::Printer;
use crate::settings::Settings;

/// Bytes of lines that are made durable together.
const BATCH: usize = 1 << 20;

/// What a verified payload tells.
pub enum Told {
    /// Where a generation stands.
    Seen(Box<Observation>),
    /// A status that nobody knows.
    UnknownWord(GenerationId, String),
    /// Nothing: why.
    Nothing(&'static str),
}

impl Told {
    /// Of a payload whose signature holds, and of the job and attempt that its address names.
    pub fn of(payload: &Payload<'_>, correlation: Option<(JobKey, u32)>) -> Self {
        let Some(id) = payload.id() else {
            return Self::Nothing("it names no valid generation id");
        };
        let Some(word) = payload.status() else {
            return Self::Nothing("it tells no status");
        };
        match Status::from_vendor(word.as_str()) {
            Some(status) => Self::Seen(Box::new(Observation {
                id,
                status,
                facts: Facts::of(payload),
                via: Via::Webhook,
                correlation,
            })),
            None => Self::UnknownWord(id, word.0.into_owned()),
        }
    }
}

/// Decides what observations teach, and appends it.
///
/// Lines wait to be made durable together, so an observation of a job with a waiting line has that
/// written first: only then can be told what it adds.
pub struct Learner<'a> {
    observer: Observer<'a>,
    printer: &'a Printer,
    lines: String,
    jobs: HashSet<JobKey>,
    seen: HashMap<GenerationId, (JobKey, Observation)>,
}

impl<'a> Learner<'a> {
    /// For one log.
    pub fn new(writer: &'a Writer, settings: &Settings, printer: &'a Printer) -> Self {
        Self {
            observer: Observer {
                writer,
                clock: &jiff::Timestamp::now,
                sandbox: settings.sandbox,
            },
            printer,
            lines: String::new(),
            jobs: HashSet::new(),
            seen: HashMap::new(),
        }
    }

    /// Takes an observation in. What it taught is durable after [`flush`](Self::flush).
    pub fn learn(&mut self, seen: &Observation) -> Result<Learned, Failure> {
        if let Some((job, known)) = self.seen.get(&seen.id) {
            if known.status == seen.status && known.facts == seen.facts {
                return Ok(Learned::Known { job: *job });
            }
            self.flush()?;
        }
        let owner = self.observer.writer.owner_of(&seen.id);
        let owner = owner.or(seen.correlation);
        if owner.is_some_and(|(job, _)| self.jobs.contains(&job)) {
            self.flush()?;
        }
        let learned = self.observer.decide(seen).map_err(open::log_failure)?;
        if let Learned::New {
            job,
            attempt,
            line,
            binding,
        } = &learned
        {
            self.tell(binding, *job, *attempt, &seen.id);
            self.lines.push_str(line);
            self.jobs.insert(*job);
            self.seen.insert(seen.id.clone(), (*job, seen.clone()));
            if self.lines.len() >= BATCH {
                self.flush()?;
            }
        }
        Ok(learned)
    }

    /// Makes everything durable.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.jobs.clear();
        self.seen.clear();
        if self.lines.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        let appended = self.observer.writer.append_blocking(lines);
        appended.map_err(|error| {
            Failure::io(format!("the job log cannot be written: {error}")).help(
                "make room on the disk and replay again; the captures are untouched, and what the \
                 log knows already is passed over",
            )
        })
    }

    /// Tells how an id came to an attempt, where that is worth telling.
    fn tell(&self, binding: &Binding, job: JobKey, attempt: u32, id: &GenerationId) {
        match binding {
            Binding::Known => {}
            Binding::Adopted => self.printer.note(format_args!(
                "job {job}, attempt {attempt}: no reply had told that it was accepted; a signed \
                 capture shows that it was, as {id}"
            )),
            Binding::BilledTwice { others } => self.printer.warn(format_args!(
                "job {job}, attempt {attempt} was billed twice: it is {} and {id}. Both are kept; \
                 ask the vendor to refund one",
                others.join(", ")
            )),
        }
    }
}
