//! A receiver whose log is in a database: each delivery is kept there with what it teaches, in one
//! transaction, before it is answered. Nothing is kept on this computer, and any number of receivers may
//! do so at the same time.

use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::{COMMAND, EndedJobs, Intake, IntakeReporter, ReceiveError, TargetLog};
use crate::disk;
use crate::engine::forward::{Outgoing, QueueWaker};
use crate::engine::ingest::{Ingest, IngestError, observation};
use crate::engine::open::check_rehearsal;
use crate::jobs::Observation;
use crate::journal::{Forward, KeptCapture, Writer};
use crate::webhook::{Capture, Sink, VerifyKeys, verify};

/// How long a delivery waits for its transaction; the vendor sends it again after the 503.
const TRANSACTION_LIMIT: Duration = Duration::from_secs(10);
/// Deliveries of one transaction at most.
const BATCH: usize = 500;
/// Deliveries that wait for the next transaction at most. The vendor sends again what finds no room, so
/// while the database hangs the same ones would pile up.
const MOST_WAITING: usize = 2 * BATCH;

/// A delivery that is to be kept.
struct NewDelivery {
    kept: KeptCapture,
    seen: Option<Observation<'static>>,
}

/// Something for the thread that writes.
pub struct RecordTask {
    /// What is kept; nothing only asks whether it could be.
    delivery: Option<NewDelivery>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Has the thread keep deliveries.
pub struct DatabaseSink {
    keys: VerifyKeys,
    /// Its host, and something that no other receiver has.
    receiver: String,
    /// SHA-256 of the address that deliveries are forwarded to.
    target: Option<[u8; 32]>,
    tasks: mpsc::Sender<RecordTask>,
}

impl DatabaseSink {
    /// Gives what is handed in to the other side.
    pub fn new(keys: &VerifyKeys, target: Option<[u8; 32]>) -> (Self, mpsc::Receiver<RecordTask>) {
        let (tasks, incoming) = mpsc::channel(MOST_WAITING);
        let keys = keys.clone();
        let receiver = format!("{} {:032x}", disk::host_name(), fastrand::u128(..));
        let sink = Self {
            keys,
            receiver,
            target,
            tasks,
        };
        (sink, incoming)
    }

    async fn hand_in(&self, delivery: Option<NewDelivery>) -> anyhow::Result<()> {
        let (done, answer) = oneshot::channel();
        let task = RecordTask { delivery, done };
        let kept = async {
            self.tasks.send(task).await.ok()?;
            answer.await.ok()
        };
        match timeout(TRANSACTION_LIMIT, kept).await {
            Ok(Some(kept)) => kept.map_err(anyhow::Error::msg),
            Ok(None) => Err(anyhow::anyhow!("the writer has stopped")),
            Err(_) => Err(anyhow::anyhow!(
                "the database has not answered for {} seconds",
                TRANSACTION_LIMIT.as_secs()
            )),
        }
    }
}

impl Sink for DatabaseSink {
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
        let delivery = NewDelivery {
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
    log: TargetLog<'a>,
    intake: Intake<'a>,
    forwarder: Option<QueueWaker>,
    writer: Option<Writer>,
}

impl<'a> Recorder<'a> {
    /// Opens the log. A receiver that cannot write to it does not begin.
    pub fn open(
        log: TargetLog<'a>,
        report: IntakeReporter<'a>,
        ended: Option<EndedJobs>,
    ) -> Result<Self, ReceiveError> {
        let writer = open(log)?;
        // Opening only reads: a log that may not be written to is reported now, not by every delivery.
        writer.refresh_blocking().map_err(IngestError::Write)?;
        Ok(Self {
            log,
            intake: Intake::new(report, ended),
            forwarder: None,
            writer: Some(writer),
        })
    }

    /// The log's name, for people.
    pub fn name(&self) -> PathBuf {
        let name = self.writer.as_ref().map(Writer::name);
        name.unwrap_or(self.log.path).to_owned()
    }

    /// Wakes what forwards deliveries whenever some are kept.
    pub fn waking(self, forwarder: Option<QueueWaker>) -> Self {
        Self { forwarder, ..self }
    }

    /// Writes what comes, what has gathered in one transaction, until the other side has gone.
    pub fn run(mut self, mut incoming: mpsc::Receiver<RecordTask>) {
        let mut tasks = Vec::new();
        while incoming.blocking_recv_many(&mut tasks, BATCH) > 0 {
            let deliveries = tasks.iter_mut().filter_map(|task| task.delivery.take());
            let deliveries: Vec<_> = deliveries.collect();
            let done = self.record(deliveries).map_err(|error| error.to_string());
            for task in tasks.drain(..) {
                // Who waited may have given up.
                let _ = task.done.send(done.clone());
            }
        }
    }

    fn record(&mut self, deliveries: Vec<NewDelivery>) -> Result<(), ReceiveError> {
        // It gives up once and for all; after that the next delivery reconnects.
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => open(self.log)?,
        };
        writer.refresh_blocking().map_err(IngestError::Write)?;
        if !deliveries.is_empty() {
            let kept = self.keep(deliveries, &writer);
            // A transaction without an answer may have been committed anyway.
            if let Some(forwarder) = &self.forwarder {
                forwarder.wake();
            }
            kept?;
        }
        self.writer = Some(writer);
        Ok(())
    }

    /// Looks at what others have written, and adds what is new.
    fn keep(&mut self, deliveries: Vec<NewDelivery>, writer: &Writer) -> Result<(), ReceiveError> {
        let mut ingest = Ingest::new(self.log.observer(writer));
        for NewDelivery { kept, seen } in deliveries {
            ingest.keep(kept, seen.as_ref())?;
            if let Some(seen) = seen {
                self.intake.take(seen, &mut ingest, writer)?;
            }
        }
        self.intake.finish(ingest, writer)
    }
}

fn open(log: TargetLog<'_>) -> Result<Writer, ReceiveError> {
    let writer = Writer::open(log.path, (log.ledger)(), COMMAND, Duration::ZERO)?;
    check_rehearsal(log.path, &writer.ledger(), log.sandbox)?;
    // The vendor gets its answer at once, and delivers again.
    writer.wait_for_database(Duration::ZERO);
    Ok(writer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn while_the_database_hangs_no_more_than_some_deliveries_wait() {
        let (sink, incoming) = DatabaseSink::new(&VerifyKeys::default(), None);
        let sink = &sink;
        let waiting = (0..MOST_WAITING + 50).map(|_| sink.ready());
        let answers = futures::future::join_all(waiting).await;
        assert!(answers.iter().all(Result::is_err));
        assert_eq!(incoming.len(), MOST_WAITING);
    }
}
