//! What captures add to a log, in few large appends: replays and the receiver share it.

use hashbrown::HashMap;

use super::observe::{Ingested, Observer};
use crate::jobs::{Binding, GenerationId, JobKey, Lines, Observation, Status, Text, Via};
#[cfg(feature = "postgres")]
use crate::journal::KeptCapture;
use crate::journal::{AppendError, LogError, PendingAppend};
use crate::vendor::Payload;
use crate::webhook::Verification;

/// Bytes of lines that are made durable together.
const BATCH: usize = 3 << 17;

/// What a verified payload says.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
pub enum PayloadStatus<'a> {
    /// Where a generation stands.
    Seen(Observation<'a>),
    /// An unknown status.
    UnknownWord(GenerationId, Text<'a>),
    /// Nothing: why.
    Nothing(&'static str),
}

impl<'a> PayloadStatus<'a> {
    /// Of a payload whose signature holds, with the job and attempt that the capture's address
    /// names.
    pub fn of(payload: &Payload<'a>, correlation: Option<(JobKey, u32)>) -> Self {
        let Some(id) = payload.id() else {
            return Self::Nothing("it names no valid generation id");
        };
        let Some(word) = payload.status() else {
            return Self::Nothing("it has no status");
        };
        match Status::from_vendor(word.as_str()) {
            Some(status) => Self::Seen(Observation {
                id,
                status,
                facts: payload.facts(),
                via: Via::Webhook,
                correlation,
            }),
            None => Self::UnknownWord(id, word),
        }
    }

    /// The same, independent of what it was read from.
    pub fn into_owned(self) -> PayloadStatus<'static> {
        match self {
            Self::Seen(seen) => PayloadStatus::Seen(seen.into_owned()),
            Self::UnknownWord(id, word) => PayloadStatus::UnknownWord(id, word.into_owned()),
            Self::Nothing(why) => PayloadStatus::Nothing(why),
        }
    }
}

/// What a capture says that is verified, with the job and attempt that its address names.
pub fn observation(
    verification: &Verification<'_>,
    correlation: Option<(JobKey, u32)>,
) -> Option<Observation<'static>> {
    let Verification::Verified(payload) = verification else {
        return None;
    };
    match PayloadStatus::of(payload, correlation) {
        PayloadStatus::Seen(seen) => Some(seen.into_owned()),
        _ => None,
    }
}

/// What an observation came to.
#[derive(Debug)]
pub enum Applied {
    /// It added something to the log.
    New {
        /// The job.
        job: JobKey,
        /// The attempt.
        attempt: u32,
        /// How the id and the attempt belong together.
        binding: Binding,
    },
    /// The log knew it.
    Known,
    /// No job of the log has its id; the text says why none was given it.
    UnknownId(&'static str),
}

/// Why an observation could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] LogError),
    /// What was added could not be written.
    #[error("{}{}", if .0.database().is_some() { "" } else { "the job log cannot be written: " }, .0)]
    Write(#[from] AppendError),
}

/// Decides what observations add, and appends it.
///
/// Lines wait to be made durable together, and the disk is waited for one batch later. So an
/// observation of a job with a waiting line has that written first: only then is it clear what the
/// observation adds.
pub struct Ingest<'a> {
    observer: Observer<'a>,
    lines: Lines,
    /// Deliveries that are kept with these lines.
    #[cfg(feature = "postgres")]
    captures: Vec<KeptCapture>,
    waiting: UnfoldedObservations,
    /// The batch before, on its way to the disk.
    appending: Option<(PendingAppend, UnfoldedObservations)>,
}

/// What lines that are not folded yet are about, by job.
type UnfoldedObservations = HashMap<JobKey, Observation<'static>>;

impl<'a> Ingest<'a> {
    /// For one log.
    pub fn new(observer: Observer<'a>) -> Self {
        Self {
            observer,
            lines: Lines::default(),
            #[cfg(feature = "postgres")]
            captures: Vec::new(),
            waiting: UnfoldedObservations::default(),
            appending: None,
        }
    }

    /// Takes an observation in. What it added is durable after [`flush`](Self::flush).
    pub fn take(&mut self, seen: Observation<'static>) -> Result<Applied, IngestError> {
        if self.is_repeated(&seen)? {
            return Ok(Applied::Known);
        }
        match self.observer.decide(&seen)? {
            Ingested::New {
                job,
                attempt,
                line,
                binding,
            } => {
                if binding != Binding::Known && !self.has_captures() {
                    self.flush()?;
                    let owner = self.observer.writer.bind((job, attempt), &seen.id, &line)?;
                    if owner.is_some() {
                        // Another computer has meanwhile found the job of this id.
                        return self.take(seen);
                    }
                } else {
                    self.lines.extend([line.clone()]);
                    self.waiting.insert(job, seen);
                    if binding != Binding::Known {
                        // The next capture of this id finds its job only in the log.
                        self.flush()?;
                    } else if self.lines.len() >= BATCH {
                        self.send()?;
                    }
                }
                Ok(Applied::New {
                    job,
                    attempt,
                    binding,
                })
            }
            Ingested::Known => Ok(Applied::Known),
            Ingested::UnknownId(why) => Ok(Applied::UnknownId(why)),
        }
    }

    /// Has a delivery kept with the log, in a database, in one transaction with what `seen` adds, which
    /// is to be taken next.
    #[cfg(feature = "postgres")]
    pub fn keep(
        &mut self,
        capture: KeptCapture,
        seen: Option<&Observation<'_>>,
    ) -> Result<(), IngestError> {
        if let Some(seen) = seen {
            self.is_repeated(seen)?;
        }
        self.captures.push(capture);
        Ok(())
    }

    /// Whether deliveries wait, which are kept together with what they teach.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_self, reason = "a file keeps none")
    )]
    fn has_captures(&self) -> bool {
        #[cfg(feature = "postgres")]
        let has_captures = !self.captures.is_empty();
        #[cfg(not(feature = "postgres"))]
        let has_captures = false;
        has_captures
    }

    /// Whether it says what a line says that waits. Has others of the job written first.
    fn is_repeated(&mut self, seen: &Observation<'_>) -> Result<bool, IngestError> {
        let job = self.observer.writer.owner_of(&seen.id);
        let Some((job, _)) = job.or(seen.correlation) else {
            return Ok(false);
        };
        let Some(waiting) = self.waiting_for(job) else {
            return Ok(false);
        };
        // Deliveries are repeated; a repetition adds nothing.
        if waiting.id == seen.id && waiting.status == seen.status && waiting.facts == seen.facts {
            return Ok(true);
        }
        self.flush()?;
        Ok(false)
    }

    fn waiting_for(&self, job: JobKey) -> Option<&Observation<'static>> {
        let before = self.appending.as_ref().map(|(_, waiting)| waiting);
        self.waiting.get(&job).or_else(|| before?.get(&job))
    }

    /// Makes everything durable.
    pub fn flush(&mut self) -> Result<(), IngestError> {
        self.send()?;
        self.send()
    }

    /// Sends what waits on its way to the disk, and waits for the batch before.
    fn send(&mut self) -> Result<(), IngestError> {
        let waiting = std::mem::take(&mut self.waiting);
        let writer = self.observer.writer;
        #[cfg(feature = "postgres")]
        if !self.captures.is_empty() {
            let captures = std::mem::take(&mut self.captures);
            writer.keep_captures(captures, &std::mem::take(&mut self.lines))?;
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        let next = (!lines.is_empty()).then(|| (writer.begin_append(&lines), waiting));
        let Some((appending, _)) = std::mem::replace(&mut self.appending, next) else {
            return Ok(());
        };
        Ok(appending.wait()?)
    }
}
