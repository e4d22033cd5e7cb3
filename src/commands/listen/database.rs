//! A receiver whose log is in a database: each delivery is kept there with what it teaches, in one
//! transaction, before it is answered. Nothing is kept on this computer, and any number of receivers may
//! do so at the same time.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::on_end::{Clip, Queue};
use crate::commands::observe::observer;
use crate::commands::{failure, open};
use crate::disk;
use crate::engine::forward::{Outgoing, Waker};
use crate::engine::ingest::observation;
use crate::engine::observe::Ingested;
use crate::exit::Failure;
use crate::jobs::{Binding, JobKey, Observation};
use crate::journal::{AppendError, Forward, KeptCapture, Writer};
use crate::output::Printer;
use crate::settings::Settings;
use crate::webhook::{Capture, Sink, VerifyKeys, verify};

/// How long a delivery waits for its transaction; the vendor sends it again after the 503.
const PATIENCE: Duration = Duration::from_secs(10);
/// Deliveries of one transaction at most.
const BATCH: usize = 500;

/// A delivery that is to be kept.
struct Delivery {
    kept: KeptCapture,
    seen: Option<Observation<'static>>,
}

/// Something for the thread that writes.
pub struct Task {
    /// What is kept; nothing only asks whether it could be.
    delivery: Option<Delivery>,
    done: oneshot::Sender<Result<(), String>>,
}

/// The receiver's hold on the thread.
pub struct Keeper {
    keys: VerifyKeys,
    /// Its host, and something that no other receiver has.
    receiver: String,
    /// SHA-256 of the address that deliveries are forwarded to.
    target: Option<[u8; 32]>,
    tasks: mpsc::UnboundedSender<Task>,
}

impl Keeper {
    /// Gives what is handed in to the other side.
    pub fn new(
        keys: &VerifyKeys,
        target: Option<[u8; 32]>,
    ) -> (Self, mpsc::UnboundedReceiver<Task>) {
        let (tasks, incoming) = mpsc::unbounded_channel();
        let keys = keys.clone();
        let receiver = format!("{} {:032x}", disk::host_name(), fastrand::u128(..));
        let keeper = Self {
            keys,
            receiver,
            target,
            tasks,
        };
        (keeper, incoming)
    }

    async fn hand_in(&self, delivery: Option<Delivery>) -> anyhow::Result<()> {
        let (done, answer) = oneshot::channel();
        let task = Task { delivery, done };
        self.tasks
            .send(task)
            .map_err(|_| anyhow::anyhow!("the writer has stopped"))?;
        match timeout(PATIENCE, answer).await {
            Ok(Ok(kept)) => kept.map_err(anyhow::Error::msg),
            Ok(Err(_)) => Err(anyhow::anyhow!("the writer has stopped")),
            Err(_) => Err(anyhow::anyhow!(
                "the database has not answered for {} seconds",
                PATIENCE.as_secs()
            )),
        }
    }
}

impl Sink for Keeper {
    async fn keep(&self, capture: &Capture<'_>) -> anyhow::Result<()> {
        let verified = verify(capture, &self.keys);
        let mut digest = Sha256::new();
        digest.update(capture.url.as_deref().unwrap_or_default());
        digest.update([b'\n']);
        digest.update(capture.body.bytes());
        let kept = KeptCapture {
            digest: digest.finalize().to_vec(),
            receiver: self.receiver.clone(),
            envelope: capture.to_envelope_line(),
            forward: self.target.and_then(|target| {
                let digest = Outgoing::of(capture, &verified)?.digest.to_vec();
                Some(Forward { target, digest })
            }),
        };
        let delivery = Delivery {
            kept,
            seen: observation(&verified, capture.correlation()),
        };
        self.hand_in(Some(delivery)).await
    }

    async fn ready(&self) -> anyhow::Result<()> {
        self.hand_in(None).await
    }
}

/// Writes to the log.
pub struct Recorder<'a> {
    /// Its address.
    pub jobs: &'a Path,
    /// For the ledger.
    pub settings: &'a Settings,
    /// Where it reports what was applied.
    pub printer: &'a Printer,
    /// What forwards deliveries once they are kept.
    pub forwarder: Option<Waker>,
    /// Where clips go that have ended.
    pub ended: Option<Queue>,
}

/// What goes into one transaction.
#[derive(Default)]
struct Batch {
    captures: Vec<KeptCapture>,
    lines: String,
    /// Jobs whose clips end with it.
    ended: Vec<JobKey>,
}

impl Recorder<'_> {
    /// Opens the log. A receiver that cannot write to it does not begin.
    pub fn open(&self) -> Result<Writer, Failure> {
        let writer = Writer::open(self.jobs, self.settings.ledger(), "listen", Duration::ZERO);
        let writer = writer.map_err(failure::of_log)?;
        open::check_rehearsal(self.jobs, &writer.ledger(), self.settings)?;
        // The vendor gets its answer at once, and delivers again.
        writer.wait_for_database(Duration::ZERO);
        Ok(writer)
    }

    /// Writes what comes, what has gathered in one transaction, until the other side has gone.
    pub fn run(self, writer: Writer, mut incoming: mpsc::UnboundedReceiver<Task>) {
        let mut writer = Some(writer);
        while let Some(first) = incoming.blocking_recv() {
            let mut tasks = vec![first];
            while tasks.len() < BATCH
                && let Ok(next) = incoming.try_recv()
            {
                tasks.push(next);
            }
            let done = self.record(&mut writer, &mut tasks);
            if done.is_err() {
                // It gives up once and for all; the next delivery connects anew.
                writer = None;
            }
            for task in tasks {
                // Who waited may have given up.
                let _ = task.done.send(done.clone());
            }
        }
    }

    fn record(&self, writer: &mut Option<Writer>, tasks: &mut [Task]) -> Result<(), String> {
        let text_of = |failure: Failure| failure.to_string();
        let writer = match writer {
            Some(writer) => writer,
            None => writer.insert(self.open().map_err(text_of)?),
        };
        self.write(writer, tasks).map_err(text_of)
    }

    /// Looks at what others have written, and adds what is new.
    fn write(&self, writer: &Writer, tasks: &mut [Task]) -> Result<(), Failure> {
        writer.refresh_blocking().map_err(|error| failed(&error))?;
        let observer = observer(writer, self.settings);
        let mut batch = Batch::default();
        let mut jobs = HashSet::new();
        for Delivery { kept, seen } in tasks.iter_mut().filter_map(|task| task.delivery.take()) {
            let job = seen.as_ref().and_then(|seen| {
                let owner = writer.owner_of(&seen.id).or(seen.correlation);
                owner.map(|(job, _)| job)
            });
            // What another delivery has just reported about the job decides what this one adds.
            if job.is_some_and(|job| !jobs.insert(job)) {
                self.keep(std::mem::take(&mut batch), writer)?;
                jobs.clear();
                jobs.extend(job);
            }
            batch.captures.push(kept);
            let Some(seen) = seen else { continue };
            match observer.decide(&seen).map_err(failure::of_log)? {
                Ingested::New { line, binding, .. } => {
                    self.report(&seen, "applied");
                    batch.lines.push_str(&line);
                    batch
                        .ended
                        .extend(job.filter(|_| seen.status.is_terminal()));
                    self.warn_of_bill(&binding, &seen);
                    if binding != Binding::Known {
                        // The next delivery of this id finds its job only in the log.
                        self.keep(std::mem::take(&mut batch), writer)?;
                    }
                }
                Ingested::Known => self.report(&seen, "known already"),
                Ingested::UnknownId(why) => self.report(&seen, why),
            }
        }
        self.keep(batch, writer)
    }

    /// Makes a transaction, and passes on what it has kept.
    fn keep(&self, batch: Batch, writer: &Writer) -> Result<(), Failure> {
        if batch.captures.is_empty() {
            return Ok(());
        }
        let kept = writer.keep_captures(batch.captures, batch.lines);
        // A transaction of which nothing was heard may have been made all the same.
        if let Some(forwarder) = &self.forwarder {
            forwarder.wake();
        }
        kept.map_err(|error| failed(&error))?;
        if let Some(metrics) = self.printer.metrics() {
            metrics.log_written();
        }
        for job in batch.ended {
            self.queue(job, writer)?;
        }
        Ok(())
    }

    /// Queues a clip that has ended.
    fn queue(&self, job: JobKey, writer: &Writer) -> Result<(), Failure> {
        if let Some(queue) = &self.ended {
            let view = writer.view(job).map_err(failure::of_log)?;
            let clip = view.and_then(|view| Clip::ended(view, queue.target()));
            if let Some(clip) = clip {
                queue.put(clip);
            }
        }
        Ok(())
    }

    fn warn_of_bill(&self, binding: &Binding, seen: &Observation<'_>) {
        if let Binding::BilledTwice { others } = binding {
            self.printer.warn(format_args!(
                "an attempt was billed twice: it is {} and {}. Both are kept; ask the vendor to \
                 refund one",
                others.join(", "),
                seen.id
            ));
        }
    }

    fn report(&self, seen: &Observation<'_>, what: &str) {
        let (id, status) = (&seen.id, seen.status);
        self.printer.detail(format_args!("{id}: {status}, {what}"));
    }
}

fn failed(error: &AppendError) -> Failure {
    failure::of_append(error, "the vendor sends the deliveries again")
}
