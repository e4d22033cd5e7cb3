//! The attempts that a retry makes: new ones for jobs that may get one, or those in doubt again.

mod barred;
mod send;

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::value::RawValue;

use super::dispatch::Attempt;
use super::plan::Plan;
use crate::jobs::{
    AttemptView, Clip, Credits, IdColumn, JobKey, JobState, JobView, Ledger, Order, Rates, Status,
};
use crate::journal::{JobLog, LogError, Writer};
use crate::vendor::{
    DurationStyle, Endpoint, as_first_sent, correlated, recorrelated, request_body, with_photo,
    with_prompt,
};

pub use barred::{SkippedJob, is_called, why_left_alone};

/// What is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryKind {
    /// Jobs that are known to have failed, by new attempts.
    Failed,
    /// Attempts whose outcome is unknown, as they were.
    Unknown,
    /// Jobs whose clip a person rejected, by new attempts.
    Rejected,
}

impl RetryKind {
    /// Whether a job gets an attempt.
    pub fn takes(self, job: &JobState) -> bool {
        job.is_counted()
            && match self {
                Self::Failed => job.may_be_retried(),
                Self::Unknown => job.may_be_resent(),
                Self::Rejected => job.may_be_replaced(),
            }
    }
}

/// The log, as far as a search needs it: a dry run only reads, and so needs no lock.
#[derive(Clone, Copy)]
pub enum RetryLog<'a> {
    /// The run writes to it.
    Written(&'a Writer),
    /// It is only read.
    Read(&'a JobLog),
}

impl RetryLog<'_> {
    /// The jobs that are `wanted`.
    pub fn keys(self, wanted: impl Fn(&JobState) -> bool) -> Vec<JobKey> {
        let keys = |ledger: &Ledger| {
            let jobs = ledger.jobs().filter(|job| wanted(job));
            jobs.map(|job| job.key).collect()
        };
        match self {
            Self::Written(writer) => keys(&writer.ledger()),
            Self::Read(log) => keys(log.ledger()),
        }
    }

    /// A job with all its fields.
    pub fn view(self, key: JobKey) -> Result<Option<JobView>, LogError> {
        match self {
            Self::Written(writer) => writer.view(key),
            Self::Read(log) => log.view(key),
        }
    }
}

/// Why an attempt cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What was sent cannot be sent again.
    #[error("job {job}: {why}")]
    Request {
        /// The job.
        job: JobKey,
        /// Why not.
        why: String,
    },
}

/// Clips of a manifest and their webhook addresses by listing or SKU, for logs that hold no requests.
pub type Clips = HashMap<String, Vec<(Clip, Option<String>)>>;

/// An attempt that is to be made. Of many, what is decided is held, and not what was read for that.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RetryAttempt {
    /// The job.
    pub job: JobKey,
    /// The attempt's number.
    #[serde(rename = "attempt")]
    pub number: u32,
    /// What it is expected to cost.
    #[serde(rename = "credits_estimated")]
    pub estimate: Credits,
    /// What it adds to what is reserved.
    #[serde(skip)]
    pub more: Credits,
    #[serde(skip)]
    resend: bool,
}

impl RetryAttempt {
    fn of(attempt: &Attempt) -> Self {
        Self {
            job: attempt.job,
            number: attempt.number,
            estimate: attempt.estimate(),
            more: attempt.more(),
            resend: attempt.resend,
        }
    }
}

/// What a search has found.
#[derive(Debug, Default)]
pub struct RetrySelection {
    /// The attempts to be made.
    pub wanted: Vec<RetryAttempt>,
    /// How many jobs have had all the attempts that they get.
    pub exhausted: u64,
    /// Whether the first of them is for a listing or a SKU.
    pub column: Option<IdColumn>,
    /// Listings and SKUs, else jobs, of which the log does not hold what was sent.
    pub requestless: Vec<String>,
    /// Jobs that get nothing, since no row asks for them.
    pub rowless: BTreeSet<JobKey>,
    /// Whether the run is about no job at all.
    pub is_empty: bool,
}

impl RetrySelection {
    fn add(&mut self, attempt: Option<Attempt>, view: &JobView) {
        match attempt {
            Some(attempt) => {
                self.column = self.column.or(view.id().map(|(column, _)| column));
                self.wanted.push(RetryAttempt::of(&attempt));
            }
            None => self.requestless.push(match view.id() {
                Some((_, id)) => id.to_owned(),
                None => view.key().to_string(),
            }),
        }
    }
}

/// Finds attempts, and makes them.
pub struct Retries<'a> {
    /// The log.
    pub log: RetryLog<'a>,
    /// Which jobs the run is about.
    pub covers: Box<dyn Fn(&JobView) -> bool + 'a>,
    /// The rows whose jobs alone get something, where it is about those of sheets.
    pub rows: Option<&'a Plan>,
    /// For jobs whose request the log does not hold.
    pub clips: Clips,
    /// The prompt of new attempts, where it is another.
    pub new_prompt: Option<&'a str>,
    /// Attempts that a job gets at most.
    pub max_attempts: u32,
    /// What a clip is expected to cost.
    pub rates: &'a Rates,
    /// How the vendor is given a duration.
    pub duration_style: DurationStyle,
    /// Whether the orders go to a sandbox.
    pub sandbox: bool,
}

impl Retries<'_> {
    /// The attempts to be made: new ones, or those in doubt, to be sent again as they were.
    pub fn find(&self, which: RetryKind) -> Result<RetrySelection, RetryError> {
        let mut found = RetrySelection {
            is_empty: true,
            ..RetrySelection::default()
        };
        for key in self.log.keys(|job| which.takes(job)) {
            let Some(view) = self.log.view(key)?.filter(&self.covers) else {
                continue;
            };
            found.is_empty = false;
            if self.rows.is_some_and(|rows| !rows.covers(&view.state)) {
                found.rowless.insert(key);
                continue;
            }
            if which == RetryKind::Unknown {
                let attempts = view.state.attempts();
                for state in attempts.filter(|a| a.status() == Status::Unknown) {
                    found.add(self.repeated(&view, state.number), &view);
                }
            } else if view.state.tries() >= self.max_attempts {
                found.exhausted += 1;
            } else {
                let attempt = self.new_attempt(&view, view.state.newest().number + 1)?;
                found.add(attempt, &view);
            }
        }
        Ok(found)
    }

    /// An attempt with all that is sent and kept of it, read from the log once more.
    pub fn attempt(&self, wanted: &RetryAttempt) -> Result<Option<Attempt>, RetryError> {
        let Some(view) = self.log.view(wanted.job)? else {
            return Ok(None);
        };
        if wanted.resend {
            return Ok(self.repeated(&view, wanted.number));
        }
        self.new_attempt(&view, wanted.number)
    }

    /// An attempt in doubt, as it was.
    fn repeated(&self, view: &JobView, number: u32) -> Option<Attempt> {
        let logged = view.attempts.get(&number)?.request.as_ref()?;
        let body = RawValue::from_string(as_first_sent(logged.get())).ok()?;
        Some(self.make(view, number, body, true))
    }

    fn new_attempt(&self, view: &JobView, number: u32) -> Result<Option<Attempt>, RetryError> {
        let job = view.key();
        let wrong = |why: String| RetryError::Request { job, why };
        let logged = view
            .attempts
            .values()
            .rev()
            .find_map(|attempt: &AttemptView| attempt.request.as_ref());
        let body = match logged {
            Some(request) => request.get().to_owned(),
            None => match self.body_from_manifest(view, number)? {
                Some(body) => body,
                None => return Ok(None),
            },
        };
        let body = match view.new_photo() {
            Some(photo) => with_photo(&body, photo).unwrap_or(body),
            None => body,
        };
        let body = match self.new_prompt {
            Some(prompt) => with_prompt(&body, prompt).unwrap_or(body),
            None => body,
        };
        let body = recorrelated(&body, job, number).map_err(|e| wrong(e.to_string()))?;
        let body = RawValue::from_string(body);
        let body = body.map_err(|e| wrong(format!("its request: {e}")))?;
        Ok(Some(self.make(view, number, body, false)))
    }

    /// The one row of the manifest for a job whose request the log does not hold.
    fn body_from_manifest(
        &self,
        view: &JobView,
        number: u32,
    ) -> Result<Option<String>, RetryError> {
        let rows = view.id().and_then(|(_, id)| self.clips.get(id));
        let Some([(clip, webhook_url)]) = rows.map(Vec::as_slice) else {
            return Ok(None);
        };
        let job = view.key();
        let webhook_url = webhook_url
            .as_ref()
            .map(|url| correlated(url, job, number))
            .transpose()
            .map_err(|e| RetryError::Request {
                job,
                why: e.to_string(),
            })?;
        let style = self.duration_style;
        Ok(Some(request_body(clip, webhook_url.as_deref(), style)))
    }

    fn make(&self, view: &JobView, number: u32, body: Box<RawValue>, resend: bool) -> Attempt {
        let order = Order {
            variant: view.fields.get("variant").cloned(),
            photo_name: view.photo_name().map(str::to_owned),
            columns: view
                .carried()
                .map(|(column, value)| (column.to_owned(), value.clone()))
                .collect(),
            line: view.line(),
            credits_estimated: self.rates.of_request(body.get()),
            request: body,
        };
        Attempt {
            job: view.key(),
            number,
            id: view.id().map(|(column, id)| (column, id.to_owned())),
            endpoint: Endpoint::of_request(order.request.get()),
            order,
            replaces: Vec::new(),
            resend,
            sandbox: self.sandbox || view.state.is_sandbox(),
        }
    }
}
