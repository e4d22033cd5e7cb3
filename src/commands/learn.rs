//! What captures teach a log, in few large appends: replays and the listener share it.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::open;
use crate::api::Payload;
use crate::exit::Failure;
use crate::job_log::{Appending, Writer};
use crate::jobs::{GenerationId, JobKey, Status};
use crate::observe::{Binding, Facts, Learned, Observation, Observer, Via};
use crate::output::{Printer, escape};
use crate::settings::Settings;

/// Bytes of lines that are made durable together.
const BATCH: usize = 3 << 17;

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

/// What an observation teaches, decided ahead of its turn.
pub struct Ahead {
    /// The job.
    pub job: JobKey,
    /// Its place in the ledger.
    index: u32,
    attempt: u32,
    status: Status,
    line: String,
}

impl Ahead {
    /// Of what an observation of `status` teaches; `None` for anything that needs its turn.
    pub fn of((learned, index): (Learned, u32), status: Status) -> Option<Self> {
        match learned {
            Learned::New {
                job,
                attempt,
                line,
                binding: Binding::Known,
            } => Some(Self {
                job,
                index,
                attempt,
                status,
                line,
            }),
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
    adopted: HashMap<GenerationId, (JobKey, Observation)>,
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
            waiting: Waiting::default(),
            appending: None,
        }
    }

    /// Takes an observation in. What it taught is durable after [`flush`](Self::flush).
    pub fn learn(&mut self, seen: &Observation) -> Result<Learned, Failure> {
        if let Some((job, known)) = self.find(|w| w.adopted.get(&seen.id)) {
            if known.status == seen.status && known.facts == seen.facts {
                return Ok(Learned::Known { job: *job });
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
                return Ok(Learned::Known { job });
            }
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
            if *binding != Binding::Known {
                let adopted = (*job, seen.clone());
                self.waiting.adopted.insert(seen.id.clone(), adopted);
            }
            self.add(*job, line)?;
        }
        Ok(learned)
    }

    /// Takes in what was decided ahead, unless the log has learned something of that attempt since.
    pub fn learn_ahead(&mut self, ahead: Ahead) -> Result<Learned, Failure> {
        let job = ahead.job;
        if let Some(&waiting) = self.find(|w| w.jobs.get(&job)) {
            if essence(&ahead.line) == waiting {
                return Ok(Learned::Known { job });
            }
            self.flush()?;
        }
        let has_seen = {
            let ledger = self.observer.writer.ledger();
            let job = ledger.job_at(ahead.index);
            let attempt = job.and_then(|job| job.attempt(ahead.attempt));
            attempt.is_some_and(|attempt| attempt.has_seen(ahead.status))
        };
        let again = has_seen
            .then(|| Observation::of_line(&ahead.line, ahead.status, Via::Webhook))
            .flatten();
        if let Some(seen) = again {
            return self.learn(&seen);
        }
        self.add(job, &ahead.line)?;
        Ok(Learned::New {
            job,
            attempt: ahead.attempt,
            line: ahead.line,
            binding: Binding::Known,
        })
    }

    fn find<T>(&self, get: impl Fn(&Waiting) -> Option<&T>) -> Option<&T> {
        let before = self.appending.as_ref().map(|(_, waiting)| waiting);
        get(&self.waiting).or_else(|| get(before?))
    }

    fn add(&mut self, job: JobKey, line: &str) -> Result<(), Failure> {
        self.lines.push_str(line);
        self.waiting.jobs.insert(job, essence(line));
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
        let room = String::with_capacity(BATCH + BATCH / 64);
        let lines = std::mem::replace(&mut self.lines, room);
        let waiting = std::mem::take(&mut self.waiting);
        let writer = self.observer.writer;
        let next = (!lines.is_empty()).then(|| (writer.begin_append(lines), waiting));
        let Some((appending, _)) = std::mem::replace(&mut self.appending, next) else {
            return Ok(());
        };
        writer.finish_append(appending).map_err(|error| {
            Failure::io(format!("the job log cannot be written: {error}")).help(
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
