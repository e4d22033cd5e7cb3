//! A receiver whose log is in a database: each delivery is kept there with what it teaches, in one
//! transaction, before it is answered. Nothing is kept on this computer, and any number of receivers may
//! do so at the same time.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::clock;
use crate::commands::ingest::observation;
use crate::commands::{failure, open};
use crate::engine::observe::{Ingested, Observer};
use crate::exit::Failure;
use crate::jobs::{Binding, Observation};
use crate::journal::{KeptCapture, Writer};
use crate::output::Printer;
use crate::settings::Settings;
use crate::webhook::{Capture, Sink, VerifyKeys, verify};

/// How long a delivery waits for its transaction; the vendor sends it again after the 503.
const PATIENCE: Duration = Duration::from_secs(10);
/// Deliveries of one transaction at most.
const BATCH: usize = 500;

/// Something for the thread that writes.
pub struct Task {
    /// What is kept; nothing only asks whether it could be.
    delivery: Option<(KeptCapture, Option<Observation<'static>>)>,
    done: oneshot::Sender<Result<(), String>>,
}

/// The receiver's hold on the thread.
pub struct Keeper {
    keys: VerifyKeys,
    tasks: mpsc::UnboundedSender<Task>,
}

impl Keeper {
    /// Gives what is handed in to the other side.
    pub fn new(keys: &VerifyKeys) -> (Self, mpsc::UnboundedReceiver<Task>) {
        let (tasks, incoming) = mpsc::unbounded_channel();
        let keys = keys.clone();
        (Self { keys, tasks }, incoming)
    }

    async fn hand_in(
        &self,
        delivery: Option<(KeptCapture, Option<Observation<'static>>)>,
    ) -> anyhow::Result<()> {
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
        let seen = observation(&verify(capture, &self.keys), capture.correlation());
        let mut digest = Sha256::new();
        digest.update(capture.url.as_deref().unwrap_or_default());
        digest.update([b'\n']);
        digest.update(capture.body.bytes());
        let kept = KeptCapture {
            digest: digest.finalize().to_vec(),
            envelope: capture.to_envelope_line(),
        };
        self.hand_in(Some((kept, seen))).await
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
    pub fn run(&self, writer: Writer, mut incoming: mpsc::UnboundedReceiver<Task>) {
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
        let said = |failure: Failure| failure.to_string();
        let writer = match writer {
            Some(writer) => writer,
            None => writer.insert(self.open().map_err(said)?),
        };
        self.write(writer, tasks).map_err(said)
    }

    /// Looks at what others have written, and adds what is new.
    fn write(&self, writer: &Writer, tasks: &mut [Task]) -> Result<(), Failure> {
        let failed = |error| failure::of_append(&error, "the vendor sends the deliveries again");
        writer.refresh_blocking().map_err(failed)?;
        let observer = Observer {
            writer,
            clock: &clock::now,
            sandbox: self.settings.sandbox,
        };
        let keep = |captures: &mut Vec<KeptCapture>, lines: &mut String| {
            let (captures, lines) = (std::mem::take(captures), std::mem::take(lines));
            writer.keep_captures(captures, lines).map_err(failed)?;
            if let Some(metrics) = self.printer.metrics() {
                metrics.log_written();
            }
            Ok::<_, Failure>(())
        };
        let mut captures = Vec::new();
        let mut lines = String::new();
        let mut jobs = HashSet::new();
        for (capture, seen) in tasks.iter_mut().filter_map(|task| task.delivery.take()) {
            let job = seen.as_ref().and_then(|seen| {
                let owner = writer.owner_of(&seen.id).or(seen.correlation);
                owner.map(|(job, _)| job)
            });
            // What another delivery has just said of the job decides what this one adds.
            if job.is_some_and(|job| !jobs.insert(job)) {
                keep(&mut captures, &mut lines)?;
                jobs.clear();
                jobs.extend(job);
            }
            captures.push(capture);
            let Some(seen) = seen else { continue };
            match observer.decide(&seen).map_err(failure::of_log)? {
                Ingested::New { line, binding, .. } => {
                    self.report(&seen, "applied");
                    lines.push_str(&line);
                    if let Binding::BilledTwice { others } = &binding {
                        self.printer.warn(format_args!(
                            "an attempt was billed twice: it is {} and {}. Both are kept; ask the \
                             vendor to refund one",
                            others.join(", "),
                            seen.id
                        ));
                    }
                    if binding != Binding::Known {
                        // The next delivery of this id finds its job only in the log.
                        keep(&mut captures, &mut lines)?;
                    }
                }
                Ingested::Known => self.report(&seen, "known already"),
                Ingested::UnknownId(why) => self.report(&seen, why),
            }
        }
        if captures.is_empty() {
            return Ok(());
        }
        keep(&mut captures, &mut lines)
    }

    fn report(&self, seen: &Observation<'_>, what: &str) {
        let (id, status) = (&seen.id, seen.status);
        self.printer.detail(format_args!("{id}: {status}, {what}"));
    }
}
