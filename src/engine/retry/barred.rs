//! What a retry leaves alone, and names that no job has.

use std::collections::BTreeSet;

use super::{Retries, RetryKind, RetryLog};
use crate::jobs::{AttemptBlock, JobKey, JobState, JobView, Status};
use crate::journal::LogError;
use crate::text::suggest;

/// A job for which nothing is sent.
#[derive(Clone, Debug)]
pub struct SkippedJob {
    /// The job.
    pub job: JobKey,
    /// Its listing or SKU.
    pub id: Option<String>,
    /// Why not, as in `nothing is sent, since ...`.
    pub why: String,
    /// Whether that changes by itself: an attempt of it is being sent.
    pub is_being_sent: bool,
}

impl Retries<'_> {
    /// Jobs that the run is about and that get nothing: those in doubt where doubts are retried, and
    /// where jobs `are_named` one by one all of them.
    pub fn barred(&self, which: RetryKind, are_named: bool) -> Result<Vec<SkippedJob>, LogError> {
        let has_doubt = |job: &JobState| job.attempts().any(|a| a.status() == Status::Unknown);
        let is_barred = |job: &JobState| {
            !which.takes(job)
                && match which {
                    RetryKind::Unknown => job.is_counted() && has_doubt(job),
                    RetryKind::Failed | RetryKind::Rejected => are_named,
                }
        };
        let mut barred = Vec::new();
        for job in self.log.keys(is_barred) {
            let view = self.log.view(job)?.filter(&self.covers);
            barred.extend(view.and_then(|view| {
                let why = why_left_alone(&view.state)?;
                let id = view.id().map(|(_, id)| id.to_owned());
                let is_being_sent = view.state.bar() == Some(AttemptBlock::BeingSent);
                let sender = view.sender.as_deref().filter(|_| is_being_sent);
                let why = match sender {
                    Some(sender) => format!("it is being sent by {sender}"),
                    None => why.to_owned(),
                };
                Some(SkippedJob {
                    job,
                    id,
                    why,
                    is_being_sent,
                })
            }));
        }
        Ok(barred)
    }
}

/// Why no new attempt is made for a job, as in `nothing is sent, since ...`.
pub fn why_left_alone(job: &JobState) -> Option<&'static str> {
    match job.bar() {
        _ if job.is_superseded() => Some("an edited row replaced it"),
        Some(AttemptBlock::InDoubt) if job.has_attempt_under_way() => {
            Some(AttemptBlock::UnderWay.as_str())
        }
        bar => bar.map(AttemptBlock::as_str),
    }
}

impl RetryLog<'_> {
    /// The first of these names that is no job's key, listing or SKU, and the nearest one that is.
    pub fn first_unknown(
        self,
        names: &[String],
    ) -> Result<Option<(&String, Option<String>)>, LogError> {
        let mut missing: Vec<&String> = names.iter().collect();
        let mut known = BTreeSet::new();
        let keys = self.keys(|_| !names.is_empty());
        for key in keys {
            let Some(view) = self.view(key)? else {
                continue;
            };
            missing.retain(|name| !is_called(&view, name));
            if missing.is_empty() {
                break;
            }
            known.extend(view.id().map(|(_, id)| id.to_owned()));
        }
        Ok(missing.first().map(|name| {
            let near = suggest::nearest(name, known.iter().map(String::as_str));
            (*name, near.map(str::to_owned))
        }))
    }
}

/// Whether a name is a job's key, or its listing or SKU.
pub fn is_called(view: &JobView, name: &str) -> bool {
    view.key().to_string() == *name || view.id().is_some_and(|(_, id)| id == name)
}
