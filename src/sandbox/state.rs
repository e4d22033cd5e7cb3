//! What a running sandbox remembers: only what it was sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::job::Endpoint;
use super::options::Options;
use super::plan::{Draw, Occasion, Scenario};
use super::reply::BACKUP_MODELS;
use super::request::Request;
use super::token::Token;
use crate::jobs::{Credits, GenerationId};

/// A submission that was accepted and billed.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// The id it was given, whether or not the client has learned it.
    pub id: GenerationId,
    /// When.
    #[serde(serialize_with = "milliseconds")]
    pub at: Timestamp,
    /// The header `Idempotency-Key`. As with the vendor, it changes nothing.
    pub idempotency_key: Option<String>,
    /// Where it was sent.
    pub endpoint: Endpoint,
    /// The body as it was sent, byte for byte; a JSON object.
    #[serde(serialize_with = "as_json")]
    pub body: Box<str>,
    /// Credits taken.
    pub credits: Credits,
}

impl Accepted {
    /// The body, read again.
    pub fn request(&self) -> Option<Request<'_>> {
        Request::parse(self.endpoint, &self.body).ok()
    }
}

fn milliseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

fn as_json<S: Serializer>(body: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match serde_json::from_str::<&RawValue>(body) {
        Ok(raw) => raw.serialize(serializer),
        Err(_) => serializer.serialize_str(body),
    }
}

/// There are not enough credits left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfCredits;

#[derive(Debug)]
pub(super) struct SandboxState {
    pub options: Options,
    /// Start of every `output_url`.
    pub origin: String,
    /// Distinguishes this process's ids from those of others.
    process: u64,
    memory: Mutex<JobStore>,
}

#[derive(Debug, Default)]
struct JobStore {
    accepted: Vec<Arc<Accepted>>,
    taken: Credits,
    posts: u64,
    others: u64,
    seen: HashMap<u64, u32>,
}

impl SandboxState {
    pub fn new(options: Options, origin: String) -> Self {
        Self {
            options,
            origin,
            process: fastrand::u64(..),
            memory: Mutex::default(),
        }
    }

    /// Counts a submission.
    pub fn post(&self, draw: Draw) -> Occasion {
        let mut memory = self.memory();
        let running = memory.posts;
        memory.posts += 1;
        memory.occasion(draw, running)
    }

    /// Counts anything else that has a name.
    pub fn other(&self, draw: Draw) -> Occasion {
        let mut memory = self.memory();
        let running = memory.others;
        memory.others += 1;
        memory.occasion(draw, running)
    }

    /// Accepts and bills a submission.
    pub fn accept(
        &self,
        request: &Request<'_>,
        body: Box<str>,
        key: Option<String>,
        plan: &Scenario,
    ) -> Result<(Token, Arc<Accepted>), OutOfCredits> {
        let now = self.options.clock.now().as_millisecond();
        let mut token = Token {
            endpoint: request.endpoint,
            ending: plan.ending,
            starts_processing: plan.starts_processing,
            asked_for_backup: request
                .model()
                .is_some_and(|m| m.as_str() == BACKUP_MODELS[0]),
            complaint: plan.complaint,
            at: Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH),
            render_ms: plan.render.as_millis() as u32,
            charged: plan.charged,
            process: self.process,
            number: 0,
            frame: request.frame(),
        };
        let mut memory = self.memory();
        let spent = memory.taken + plan.taken;
        if self.options.balance.is_some_and(|balance| spent > balance) {
            return Err(OutOfCredits);
        }
        token.number = memory.accepted.len() as u32;
        let accepted = Arc::new(Accepted {
            id: token.id().ok_or(OutOfCredits)?,
            at: token.at,
            idempotency_key: key,
            endpoint: request.endpoint,
            body,
            credits: plan.taken,
        });
        memory.taken = spent;
        memory.accepted.push(accepted.clone());
        Ok((token, accepted))
    }

    /// What was submitted under an id, if it was to this process.
    pub fn find(&self, token: &Token) -> Option<Arc<Accepted>> {
        if token.process != self.process {
            return None;
        }
        self.memory().accepted.get(token.number as usize).cloned()
    }

    /// Everything accepted, in order.
    pub fn accepted(&self) -> Vec<Arc<Accepted>> {
        self.memory().accepted.clone()
    }

    /// Submissions seen, accepted, and credits taken.
    pub fn counts(&self) -> (u64, usize, Credits) {
        let memory = self.memory();
        (memory.posts, memory.accepted.len(), memory.taken)
    }

    /// Where the clip of a job is. Links expire with [`Options::link_lifetime`]; the `n`th fresh
    /// one says so.
    pub fn output_url(&self, token: &Token, now: Option<Timestamp>) -> String {
        let file = match token.endpoint {
            Endpoint::Video => "mp4",
            Endpoint::Voice => "mp3",
        };
        let url = format!("{}/_sandbox/clips/{token}.{file}", self.origin);
        match now.map_or(0, |now| self.link_age(token, now)) {
            0 => url,
            fresh => format!("{url}?fresh={fresh}"),
        }
    }

    /// How many lifetimes of a link have passed since the job's end.
    pub fn link_age(&self, token: &Token, now: Timestamp) -> u64 {
        let Some(lifetime) = self.options.link_lifetime else {
            return 0;
        };
        let since = now.as_millisecond() - token.ends_at().as_millisecond();
        since.max(0) as u64 / (lifetime.as_millis() as u64).max(1)
    }

    fn memory(&self) -> MutexGuard<'_, JobStore> {
        // Nothing is left half done by a panic: every change is a single push or addition.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobStore {
    fn occasion(&mut self, draw: Draw, running: u64) -> Occasion {
        let seen = self.seen.entry(draw.number()).or_default();
        let repeat = *seen;
        *seen = seen.saturating_add(1);
        Occasion { running, repeat }
    }
}
