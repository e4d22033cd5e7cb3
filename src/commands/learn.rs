//! What captures teach a log, in few large appends: replays and the listener share it.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::open;
use crate::clock;
use crate::engine::observe::{Binding, Learned, Observation, Observer};
use crate::exit::Failure;
use crate::jobs::{GenerationId, JobKey, Stamp, Status, Text, Via};
use crate::journal::{Appending, Writer};
use crate::output::{Printer, escape};
use crate::settings::Settings;
use crate::vendor::Payload;
use crate::webhook::Grade;

/// Bytes of lines that are made durable together.
const BATCH: usize = 3 << 17;

/// What a verified payload tells.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
pub enum Told<'a> {
    /// Where a generation stands.
    Seen(Observation<'a>),
    /// A status that nobody knows.
    UnknownWord(GenerationId, Text<'a>),
    /// Nothing: why.
    Nothing(&'static str),
}

impl<'a> Told<'a> {
    /// The observation that it is.
    pub fn seen(&self) -> Option<&Observation<'a>> {
        match self {
            Self::Seen(seen) => Some(seen),
            _ => None,
        }
    }

    /// The same, independent of what it was read from, with the job and attempt that the capture's
    /// address names.
    pub fn into_owned(self, correlation: Option<(JobKey, u32)>) -> Told<'static> {
        match self {
            Self::Seen(seen) => Told::Seen(Observation {
                correlation,
                ..seen.into_owned()
            }),
            Self::UnknownWord(id, word) => Told::UnknownWord(id, word.into_owned()),
            Self::Nothing(why) => Told::Nothing(why),
        }
    }

    /// Of a payload whose signature holds.
    pub fn of(payload: &Payload<'a>) -> Self {
        let Some(id) = payload.id() else {
            return Self::Nothing("it names no valid generation id");
        };
        let Some(word) = payload.status() else {
            return Self::Nothing("it tells no status");
        };
        match Status::from_vendor(word.as_str()) {
            Some(status) => Self::Seen(Observation {
                id,
                status,
                facts: payload.facts(),
                via: Via::Webhook,
                correlation: None,
            }),
            None => Self::UnknownWord(id, word),
        }
    }
}

/// What a capture tells that is verified, with the job and attempt that its address names.
pub fn observation(
    grade: &Grade<'_>,
    correlation: Option<(JobKey, u32)>,
) -> Option<Observation<'static>> {
    let Grade::Verified(payload) = grade else {
        return None;
    };
    match Told::of(payload).into_owned(correlation) {
        Told::Seen(seen) => Some(seen),
        _ => None,
    }
}

/// What an observation came to.
pub enum Came {
    /// It taught the log something.
    New,
    /// The log knew it.
    Known,
    /// No job of the log has its id; the text says why none was given it.
    UnknownId(&'static str),
}

/// What an observation teaches, decided ahead of its turn.
pub struct Ahead {
    /// The job.
    pub job: JobKey,
    /// Its place in the ledger.
    index: u32,
    attempt: u32,
    status: Status,
    at: Stamp,
    essence: u64,
}

impl Ahead {
    /// Of what an observation of `status` teaches, and the line for it; `None` for anything that
    /// needs its turn.
    pub fn of((learned, index): (Learned, u32), status: Status) -> Option<(Self, String)> {
        match learned {
            Learned::New {
                job,
                attempt,
                at,
                line,
                binding: Binding::Known,
            } => Some((
                Self {
                    job,
                    index,
                    attempt,
                    status,
                    at,
                    essence: essence(&line),
                },
                line,
            )),
            _ => None,
        }
    }
}

/// Decides what observations teach, and appends it.
///
/// Lines wait to be made durable together, and the disk is waited for one batch later. So an
/// observation of a job with a waiting line has that written first: only then can be told what it
/// adds.
pub struct Learner<'a> {
    observer: Observer<'a>,
    printer: &'a Printer,
    lines: String,
    waiting: Waiting,
    /// The batch before, on its way to the disk.
    appending: Option<(Appending, Waiting)>,
}

/// What lines that are not folded yet are about.
#[derive(Default)]
struct Waiting {
    /// Each job's line, hashed; see [`essence`].
    jobs: HashMap<JobKey, u64>,
    /// Ids that the log did not know before.
    adopted: HashMap<GenerationId, Observation<'static>>,
}

impl<'a> Learner<'a> {
    /// For one log.
    pub fn new(writer: &'a Writer, settings: &Settings, printer: &'a Printer) -> Self {
        Self {
            observer: Observer {
                writer,
                clock: &clock::now,
                sandbox: settings.sandbox,
            },
            printer,
            lines: String::new(),
            waiting: Waiting::default(),
            appending: None,
        }
    }

    /// Takes an observation in. What it taught is durable after [`flush`](Self::flush).
    pub fn learn(&mut self, seen: &Observation<'_>) -> Result<Came, Failure> {
        if let Some(known) = self.find(|w| w.adopted.get(&seen.id)) {
            if known.status == seen.status && known.facts == seen.facts {
                return Ok(Came::Known);
            }
            self.flush()?;
        }
        let owner = self.observer.writer.owner_of(&seen.id);
        if let Some((job, _)) = owner.or(seen.correlation)
            && let Some(&waiting) = self.find(|w| w.jobs.get(&job))
        {
            if let Some(Learned::New { line, .. }) = self.observer.decide_unread(seen)
                && essence(&line) == waiting
            {
                return Ok(Came::Known);
            }
            self.flush()?;
        }
        match self.observer.decide(seen).map_err(open::log_failure)? {
            Learned::New {
                job,
                attempt,
                line,
                binding,
                ..
            } => {
                self.tell(&binding, job, attempt, &seen.id);
                if binding != Binding::Known {
                    let adopted = seen.clone().into_owned();
                    self.waiting.adopted.insert(seen.id.clone(), adopted);
                }
                self.add(job, &line, essence(&line))?;
                Ok(Came::New)
            }
            Learned::Known => Ok(Came::Known),
            Learned::UnknownId(why) => Ok(Came::UnknownId(why)),
        }
    }

    /// Takes in what was decided ahead, with its line, unless the log has learned something of that
    /// job since that the line does not reckon with.
    pub fn learn_ahead(&mut self, ahead: &Ahead, line: &str) -> Result<Came, Failure> {
        if let Some(&waiting) = self.find(|w| w.jobs.get(&ahead.job)) {
            if ahead.essence == waiting {
                return Ok(Came::Known);
            }
            self.flush()?;
        }
        let has_learned = {
            let ledger = self.observer.writer.ledger();
            let job = ledger.job_at(ahead.index);
            let attempt = job.and_then(|job| job.attempt(ahead.attempt));
            job.is_some_and(|job| job.has_reached(ahead.at))
                || attempt.is_some_and(|attempt| {
                    attempt.has_seen(ahead.status) || attempt.has_passed(ahead.status)
                })
        };
        let again = has_learned
            .then(|| Observation::of_line(line, ahead.status, Via::Webhook))
            .flatten();
        if let Some(seen) = again {
            return self.learn(&seen);
        }
        self.add(ahead.job, line, ahead.essence)?;
        Ok(Came::New)
    }

    fn find<T>(&self, get: impl Fn(&Waiting) -> Option<&T>) -> Option<&T> {
        let before = self.appending.as_ref().map(|(_, waiting)| waiting);
        get(&self.waiting).or_else(|| get(before?))
    }

    fn add(&mut self, job: JobKey, line: &str, essence: u64) -> Result<(), Failure> {
        self.lines.push_str(line);
        self.waiting.jobs.insert(job, essence);
        if self.lines.len() >= BATCH {
            self.send()?;
        }
        Ok(())
    }

    /// Makes everything durable.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.send()?;
        self.send()
    }

    /// Sends what waits on its way to the disk, and waits for the batch before.
    fn send(&mut self) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        let writer = self.observer.writer;
        let next = (!self.lines.is_empty()).then(|| (writer.begin_append(&self.lines), waiting));
        self.lines.clear();
        let Some((appending, _)) = std::mem::replace(&mut self.appending, next) else {
            return Ok(());
        };
        writer.finish_append(appending).map_err(|error| {
            open::append_failure(
                &error,
                "make room on the disk and replay again; the captures are untouched, and what the \
                 log knows already is passed over",
            )
        })
    }

    /// The listing or SKU of a job, for the beginning of a sentence.
    fn owner(&self, job: JobKey) -> String {
        let view = self.observer.writer.view(job).ok().flatten();
        let owner = view.as_ref().and_then(|view| view.id());
        owner.map_or_else(String::new, |(_, id)| format!("{}: ", escape(id)))
    }

    /// Tells how an id came to an attempt, where that is worth telling.
    fn tell(&self, binding: &Binding, job: JobKey, attempt: u32, id: &GenerationId) {
        match binding {
            Binding::Known => {}
            Binding::Adopted => self.printer.note(format_args!(
                "{}job {job}, attempt {attempt}: no reply had told that it was accepted; a signed \
                 capture shows that it was, as {id}",
                self.owner(job)
            )),
            Binding::BilledTwice { others } => self.printer.warn(format_args!(
                "{}job {job}, attempt {attempt} was billed twice: it is {} and {id}. Both are kept; \
                 ask the vendor to refund one",
                self.owner(job),
                others.join(", ")
            )),
        }
    }
}

/// A line without the time it was written at, hashed: two lines of one job that are alike in it
/// tell the same.
fn essence(line: &str) -> u64 {
    let told = line.split_once("\"job\":").map_or(line, |(_, told)| told);
    ESSENCE.hash_one(told)
}

static ESSENCE: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);
