//! What both ways of publishing share: what is published once only, and how the log records it.
//!
//! A `published` line is written only after success. What happens on the way there are lines with
//! the attempt's own status, `completed` or `failed`, and a field `step`: they change no state, and a
//! later run finds them among the job's lines. The first of them is durable before anything is done, so
//! that nothing is done that a full disk would not let the log report.

use std::path::PathBuf;

use futures::StreamExt;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::jobs::{
    self, EventKind, JobKey, JobView, Lines, LoggedEvent, Publication, Status, Text,
};
use crate::journal::{AppendError, Writer};

use super::facts::Delivery;
use super::group_guard::GroupGuard;
use super::lease::kind_of;
use super::outcome::{DeliveryEvent, DeliveryFailure, FailureKind, Unmarked};
use super::sent::REMOVED;
use crate::engine::stop::{Stop, StopReason};

/// How it went.
#[derive(Clone, Debug, Default)]
pub struct PublishSummary {
    /// Clips published; on a dry run, clips that would be.
    pub published: usize,
    /// Those of them that the log does not have as published.
    pub unmarked: Vec<Unmarked>,
    /// Clips that this target has already.
    pub already: usize,
    /// Finished clips that wait for others of their listing or SKU.
    pub waiting: usize,
    /// Clips that a person rejected, dismissed or replaced while the run was at work.
    pub withdrawn: usize,
    /// Clips that were not published.
    pub failures: Vec<DeliveryFailure>,
    /// Clips that other computers were publishing, and have not published yet.
    pub left: Vec<Delivery>,
    /// Whether the disk ended it.
    pub disk_failed: bool,
    /// What ended the run for every job at once, in plain words.
    pub ended_by: Option<String>,
    /// On a dry run: what would be done, one sentence a job.
    pub would: Vec<String>,
}

/// How one clip ended.
pub(super) enum PublishOutcome {
    /// It was published.
    Published,
    /// The same, and the log does not know.
    Unmarked(Unmarked),
    /// The target had it already.
    Already,
    /// It is not to go out any more.
    Withdrawn,
    /// It waits for others of its listing or SKU.
    Waiting,
    /// On a dry run: what would be done, as a sentence.
    Would(String),
    /// It was not published.
    Failed(DeliveryFailure),
    /// It was not, for a reason that every other clip shares.
    Ended(DeliveryFailure),
    /// Another computer publishes it, or others of its listing or SKU.
    Another(Box<Delivery>),
}

/// Publishes clips, as many at once as `concurrency`, and counts what became of them; `None` when the
/// run stopped before. `waiting` clips are not among them.
pub(super) async fn publish_all<F: Future<Output = Option<PublishOutcome>>>(
    each: impl Iterator<Item = F>,
    waiting: usize,
    concurrency: usize,
    stop: &Stop,
) -> PublishSummary {
    let mut summary = PublishSummary {
        waiting,
        ..PublishSummary::default()
    };
    let concurrency = concurrency.max(1);
    let outcomes = futures::stream::iter(each).buffer_unordered(concurrency);
    let mut outcomes = std::pin::pin!(outcomes.filter_map(std::future::ready));
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            PublishOutcome::Published => summary.published += 1,
            PublishOutcome::Unmarked(unmarked) => {
                // Nor would the log know of another one.
                stop.set(StopReason::Shared);
                summary.published += 1;
                summary.unmarked.push(unmarked);
            }
            PublishOutcome::Already => summary.already += 1,
            PublishOutcome::Withdrawn => summary.withdrawn += 1,
            PublishOutcome::Waiting => summary.waiting += 1,
            PublishOutcome::Would(what) => {
                summary.published += 1;
                summary.would.push(what);
            }
            PublishOutcome::Failed(failure) => {
                summary.disk_failed |= failure.kind == FailureKind::Disk;
                summary.failures.push(failure);
            }
            PublishOutcome::Ended(failure) => {
                stop.set(StopReason::Shared);
                // Clips under way at the same time meet the same wall; once is enough.
                if summary.ended_by.is_none() {
                    summary.ended_by = Some(failure.message.clone());
                    summary.failures.push(failure);
                }
            }
            PublishOutcome::Another(delivery) => summary.left.push(*delivery),
        }
    }
    summary
}

impl PublishSummary {
    /// Looks again at what other computers were publishing.
    pub(super) async fn look_again(&mut self, writer: &Writer, target: &str) {
        // What cannot be looked at is left for the next run.
        if self.left.is_empty() || writer.refresh().await.is_err() {
            return;
        }
        let before = self.left.len();
        self.left.retain(|delivery| {
            let view = writer.view(delivery.job).ok().flatten();
            !view.is_some_and(|view| is_published(&view, delivery, target))
        });
        self.already += before - self.left.len();
    }
}

/// The stable name of one publication, for the receiver to recognize a repetition by: 32
/// hexadecimal digits over job, generation id and target.
pub fn publish_id(delivery: &Delivery, target: &str) -> String {
    id_of(delivery.job, delivery.generation_id.as_deref(), target)
}

/// The same of any clip of a job.
pub(super) fn id_of(job: JobKey, generation_id: Option<&str>, target: &str) -> String {
    let id = generation_id.unwrap_or_default();
    let parts = Value::from(["publish", &job.to_string(), id, target].as_slice());
    let mut digits = base16ct::lower::encode_string(&Sha256::digest(parts.to_string().as_bytes()));
    digits.truncate(32);
    digits
}

/// Whether the log says that `target` has this clip. One that this tool has removed there again, it has
/// not.
pub fn is_published(view: &JobView, delivery: &Delivery, target: &str) -> bool {
    let attempt = view.attempts.get(&delivery.attempt);
    let Some(saved) = attempt.and_then(|attempt| attempt.published.get(target)) else {
        return false;
    };
    let is_it = match (saved.text("generation_id"), &delivery.generation_id) {
        (Some(saved), Some(id)) => saved == id,
        _ => true,
    };
    let is_removal = |step: &LoggedStep| {
        step.name == REMOVED && saved.text("reference") == Some(&step.reference)
    };
    is_it && !steps(view, delivery, target).iter().any(is_removal)
}

/// The address of the object in a bucket that was downloaded to, where it was one.
pub(super) fn object_of(delivery: &Delivery) -> Option<&str> {
    let saved = delivery
        .saved
        .as_ref()
        .filter(|saved| saved.is_in_bucket())?;
    Some(&saved.file)
}

/// What the log is given before and after a clip is published.
pub(super) struct PublicationLog<'a> {
    pub writer: &'a Writer,
    pub target: &'a str,
    /// The clips that go out together.
    pub together: GroupGuard<'a>,
    /// Takes what the log does not.
    pub progress: &'a (dyn Fn(DeliveryEvent) + Sync),
    /// Set once the log has taken in a line of this run.
    pub has_room: OnceCell<()>,
}

impl PublicationLog<'_> {
    /// Before a clip is published: makes sure that the log takes lines in. One that was begun before gets
    /// no further line, unless it is the run's first: a command that fails would make the log grow with
    /// each run.
    pub async fn begin(&self, delivery: &Delivery, view: &JobView) -> Result<(), AppendError> {
        let step = LoggedStep {
            name: BEGUN.to_owned(),
            ..LoggedStep::default()
        };
        let announce = || {
            let line = step_line(self.writer, delivery, self.target, &step);
            async move { self.writer.announce_delivery(&line).await }
        };
        if all_steps(view, delivery, self.target).contains(&step) {
            self.has_room.get_or_try_init(announce).await.map(drop)
        } else {
            announce().await
        }
    }

    /// Writes down what is about to be done, durably. Where the log does not take it in, it is not to be
    /// done, and nothing is kept of it.
    pub async fn announce(&self, line: &Lines) -> Result<(), AppendError> {
        if self.writer.is_shared() {
            self.writer.append(line).await
        } else {
            self.writer.announce_delivery(line).await
        }
    }

    /// Writes down what was done. Where the log does not take it in, it is reported and kept beside the
    /// log.
    pub async fn record(&self, lines: &Lines) -> Result<(), (AppendError, Option<PathBuf>)> {
        self.writer.append(lines).await.map_err(|error| {
            (self.progress)(DeliveryEvent::Recover(error.lines.trim_end().to_owned()));
            let kept = self.writer.keep_for_recovery(&error).ok();
            (error, kept)
        })
    }

    /// Marks a clip as published by this line.
    pub async fn mark(&self, delivery: &Delivery, line: &Lines) -> PublishOutcome {
        match self.record(line).await {
            Ok(()) => PublishOutcome::Published,
            Err((error, kept)) => PublishOutcome::Unmarked(Unmarked {
                failure: DeliveryFailure {
                    job: delivery.job,
                    item: delivery.owner_name(),
                    kind: kind_of(&error),
                    message: format!("it was published, but the log cannot be used: {error}"),
                },
                kept,
            }),
        }
    }
}

/// What is about to be done: the clip's publication has begun.
const BEGUN: &str = "begun";

/// A step on the way, as a line reported it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LoggedStep {
    pub name: String,
    pub reference: String,
    pub error: String,
}

/// The steps that were taken for this clip and `target`, oldest first.
pub(super) fn steps(view: &JobView, delivery: &Delivery, target: &str) -> Vec<LoggedStep> {
    let mut steps = all_steps(view, delivery, target);
    steps.retain(|step| step.name != BEGUN);
    steps
}

/// The same, with those that only announce others.
fn all_steps(view: &JobView, delivery: &Delivery, target: &str) -> Vec<LoggedStep> {
    let step = |event: &LoggedEvent| {
        let line = event.line()?;
        let id = line.generation_id.as_ref().map(Text::as_str);
        let is_ours = line.other_text("target").as_deref() == Some(target)
            && id == delivery.generation_id.as_deref();
        let text = |name| line.other_text(name).unwrap_or_default();
        is_ours.then(|| LoggedStep {
            name: text("step"),
            reference: text("reference"),
            error: text("error"),
        })
    };
    let events = view.events.iter();
    events
        .filter(|event| event.attempt == delivery.attempt && event.text.contains("\"step\""))
        .filter_map(step)
        .filter(|step| !step.name.is_empty())
        .collect()
}

/// A step's line. The attempt must have ended, as the delivery says.
pub(super) fn step_line(
    writer: &Writer,
    delivery: &Delivery,
    target: &str,
    step: &LoggedStep,
) -> Lines {
    let status = if delivery.is_completed {
        Status::Completed
    } else {
        Status::Failed
    };
    let step = jobs::PublicationStep {
        status,
        generation_id: delivery.generation_id.as_deref(),
        target,
        step: &step.name,
        reference: &step.reference,
        error: &step.error,
    };
    line(writer, delivery, EventKind::Step(step))
}

/// The line that marks a clip as published.
pub(super) fn published_line(
    writer: &Writer,
    delivery: &Delivery,
    target: &str,
    reference: &str,
) -> Lines {
    let publication = Publication {
        generation_id: delivery.generation_id.as_deref(),
        target,
        reference,
    };
    line(writer, delivery, EventKind::Published(publication))
}

fn line(writer: &Writer, delivery: &Delivery, what: EventKind<'_>) -> Lines {
    let at = writer.ledger().stamp(delivery.job, writer.now());
    let item = delivery.item.as_ref();
    jobs::Event::new(at, delivery.job, delivery.attempt, what)
        .of_item(item.map(|(column, id)| (*column, id.as_str())))
        .in_sandbox(delivery.is_sandbox)
        .into()
}
