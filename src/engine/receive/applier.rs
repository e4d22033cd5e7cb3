//! Writes captures to a job log whenever no one else is writing to it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::{
    COMMAND, CaptureFile, EndedJobs, Intake, IntakeEvent, IntakeReporter, ReceiveError, TargetLog,
};
use crate::engine::ingest::{Ingest, observation};
use crate::engine::open::check_rehearsal;
use crate::engine::stop::Stop;
use crate::jobs::{GenerationId, JobKey, Observation};
use crate::journal::{Checkpoint, LogError, Writer};
use crate::vendor::Payload;
use crate::webhook::{self, Verification, VerifiedEntry, VerifyKeys};

/// How long to leave a log alone that another command is writing to.
const LOCK_RETRY: Duration = Duration::from_secs(1);
/// How long to leave it alone in any case, so that other commands get their turn when deliveries
/// come in a stream. They look for it every 20 milliseconds.
const YIELD: Duration = Duration::from_millis(60);
/// Observations held in memory; when more wait, they are read from the capture file again.
const MOST_WAITING: usize = 50_000;

/// How long the capture file is read on once the receiver is to end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);
const UNREAD: &str = "the receiver ends before its capture file is read";

/// Writes to one log. It holds the log's lock only while it appends.
pub struct Applier<'a> {
    log: TargetLog<'a>,
    captures: &'a Path,
    keys: &'a VerifyKeys,
    intake: Intake<'a>,
    stop: &'a Stop,
    parting: Duration,
    backlog: Backlog,
    /// Whether the captures that no key verifies have been reported.
    is_told: bool,
    /// The log's content when its lock was released, so that occasional deliveries do not reread a large log.
    checkpoint: Option<Checkpoint>,
}

/// What is captured and not applied yet.
#[derive(Default)]
struct Backlog {
    waiting: Vec<Observation<'static>>,
    /// There is more, in the capture file.
    in_file: bool,
}

impl Backlog {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.in_file
    }

    fn add(&mut self, more: impl Iterator<Item = Observation<'static>>, most: usize) {
        // What is to be read again anyway need not be held.
        self.waiting.extend(more.filter(|_| !self.in_file));
        if self.waiting.len() > most {
            self.waiting = Vec::new();
            self.in_file = true;
        }
    }
}

impl<'a> Applier<'a> {
    /// For the file with all captures, which are verified with `keys`. It may have some of an earlier
    /// receiver, which ended before it could apply them. Once `stop` is set it ends in bounded time.
    pub fn new(
        log: TargetLog<'a>,
        captures: &'a CaptureFile,
        keys: &'a VerifyKeys,
        report: IntakeReporter<'a>,
        ended: Option<EndedJobs>,
        stop: &'a Stop,
    ) -> Self {
        let backlog = Backlog {
            waiting: Vec::new(),
            in_file: captures.held_before(),
        };
        Self {
            log,
            captures: captures.path(),
            keys,
            intake: Intake::new(report, ended),
            stop,
            parting: SHUTDOWN_LIMIT,
            backlog,
            is_told: false,
            checkpoint: None,
        }
    }

    /// Applies what comes until the other side has gone.
    pub fn run(mut self, incoming: &mpsc::Receiver<Observation<'static>>) {
        let report = self.intake.report;
        let (mut is_open, mut is_warned) = (true, false);
        loop {
            if !self.backlog.is_empty() {
                self.count();
                let applied = self.apply();
                if let Err(error) = &applied
                    && !is_warned
                {
                    report(IntakeEvent::Postponed(error));
                }
                is_warned = applied.is_err();
                self.count();
                thread::sleep(YIELD);
            }
            if !is_open {
                break;
            }
            let next = if self.backlog.is_empty() {
                incoming.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                incoming.recv_timeout(LOCK_RETRY)
            };
            is_open = !matches!(next, Err(RecvTimeoutError::Disconnected));
            let more = next.into_iter().chain(incoming.try_iter());
            self.backlog.add(more, MOST_WAITING);
        }
        if !self.backlog.is_empty() {
            let waiting = self.backlog.waiting.len() as u64;
            report(IntakeEvent::Left(
                (!self.backlog.in_file).then_some(waiting),
            ));
        }
    }

    fn count(&self) {
        let Backlog { waiting, in_file } = &self.backlog;
        let waiting = waiting.len().max(usize::from(*in_file));
        (self.intake.report)(IntakeEvent::Waiting(waiting));
    }

    /// Applies everything, first come first served. What could not be applied stays.
    fn apply(&mut self) -> Result<(), ReceiveError> {
        if self.backlog.in_file {
            self.read_again()?;
        } else {
            let waiting = std::mem::take(&mut self.backlog.waiting);
            let written = self.write(&waiting);
            self.backlog.waiting = waiting;
            written?;
        }
        self.backlog = Backlog::default();
        Ok(())
    }

    /// Takes the log, for as long as the writer lives.
    fn open(&mut self) -> Result<Writer, ReceiveError> {
        let log = self.log;
        // Not made here: a name that was mistyped would go unnoticed.
        if !log.path.exists() {
            return Err(LogError::Missing(log.path.to_owned()).into());
        }
        let (ledger, again) = ((log.ledger)(), &mut self.checkpoint);
        let writer = Writer::open_again(log.path, ledger, COMMAND, Duration::ZERO, again)?;
        writer.check_form()?;
        check_rehearsal(writer.path(), &writer.ledger(), log.sandbox)?;
        Ok(writer)
    }

    fn write(&mut self, some: &[Observation<'static>]) -> Result<(), ReceiveError> {
        let writer = self.open()?;
        let mut ingest = Ingest::new(self.log.observer(&writer));
        for seen in some {
            self.intake.take(seen.clone(), &mut ingest, &writer)?;
        }
        self.intake.finish(ingest, &writer)?;
        self.checkpoint = writer.into_checkpoint();
        Ok(())
    }

    /// Applies what the capture file holds, in parts. Others may have the log while it is read and
    /// verified.
    fn read_again(&mut self) -> Result<(), ReceiveError> {
        // A log that cannot be used now is noticed before all that work.
        self.checkpoint = self.open()?.into_checkpoint();
        let (captures, keys, stop) = (self.captures, self.keys, self.stop);
        let (mut part, mut unproven, mut end) = (Vec::new(), HashMap::new(), None);
        let read = webhook::replay_kept(
            captures,
            keys,
            |entries: &[VerifiedEntry<'_>]| entries.iter().filter_map(kept).collect::<Vec<_>>(),
            |batch| {
                if stop.is_set() {
                    let end = *end.get_or_insert_with(|| Instant::now() + self.parting);
                    ensure!(Instant::now() < end, UNREAD);
                }
                for kept in batch {
                    match kept {
                        CaptureKind::Proven(seen) => part.push(seen),
                        CaptureKind::Unproven(id, named) => drop(unproven.insert(id, named)),
                    }
                }
                if part.len() >= MOST_WAITING {
                    self.write(&part)?;
                    part.clear();
                }
                Ok(())
            },
        );
        read.map_err(|error| match error.downcast::<ReceiveError>() {
            Ok(error) => error,
            Err(error) => ReceiveError::Captures(error),
        })?;
        self.write(&part)?;
        self.report_unproven(&unproven)
    }

    /// Says once of how many clips, whose end the log does not know, deliveries were not applied.
    fn report_unproven(
        &mut self,
        unproven: &HashMap<GenerationId, CorrelatedAttempt>,
    ) -> Result<(), ReceiveError> {
        if unproven.is_empty() || std::mem::replace(&mut self.is_told, true) {
            return Ok(());
        }
        let writer = self.open()?;
        let is_open = |(id, named): &(&GenerationId, &CorrelatedAttempt)| {
            let Some((job, attempt)) = writer.owner_of(id).or(**named) else {
                return false;
            };
            let ledger = writer.ledger();
            let attempt = ledger.job(job).and_then(|job| job.attempt(attempt));
            attempt.is_some_and(|attempt| !attempt.status().is_terminal())
        };
        let count = unproven.iter().filter(is_open).count() as u64;
        self.checkpoint = writer.into_checkpoint();
        if count > 0 {
            (self.intake.report)(IntakeEvent::Unverified(count));
        }
        Ok(())
    }
}

/// The job and attempt that a delivery's address names.
type CorrelatedAttempt = Option<(JobKey, u32)>;

/// A delivery of the capture file.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
enum CaptureKind {
    Proven(Observation<'static>),
    /// None of the keys verifies its signature.
    Unproven(GenerationId, CorrelatedAttempt),
}

fn kept(entry: &VerifiedEntry<'_>) -> Option<CaptureKind> {
    let named = entry.correlation();
    if let Verification::Rejected(_) = entry.verification {
        let payload = Payload::parse(entry.capture()?.body.bytes()).ok()?;
        return Some(CaptureKind::Unproven(payload.id()?, named));
    }
    observation(&entry.verification, named).map(CaptureKind::Proven)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::forward::fixture;
    use crate::jobs::{Facts, GenerationId, Ledger, Rates, Status, Via};

    fn seen(count: usize) -> impl Iterator<Item = Observation<'static>> {
        (0..count).map(|n| Observation {
            id: GenerationId::parse(&format!("vgen_{n}")).unwrap(),
            status: Status::Completed,
            facts: Facts::default(),
            via: Via::Webhook,
            correlation: None,
        })
    }

    #[test]
    fn a_backlog_that_grows_too_long_is_left_in_the_file() {
        let mut backlog = Backlog::default();
        assert!(backlog.is_empty());
        backlog.add(seen(3), 3);
        assert_eq!((backlog.waiting.len(), backlog.in_file), (3, false));
        backlog.add(seen(1), 3);
        assert_eq!((backlog.waiting.len(), backlog.in_file), (0, true));
        backlog.add(seen(1), 3);
        assert!(backlog.waiting.is_empty() && !backlog.is_empty());
    }

    fn ledger() -> Ledger {
        Ledger::new(Rates::default())
    }

    /// What applies the captures in `file` to the log at `path`.
    fn applier<'a>(
        path: &'a Path,
        file: &'a Path,
        keys: &'a VerifyKeys,
        stop: &'a Stop,
    ) -> Applier<'a> {
        drop(Writer::open(path, ledger(), "test", Duration::ZERO).unwrap());
        Applier {
            log: TargetLog {
                path,
                ledger: &ledger,
                sandbox: false,
            },
            captures: file,
            keys,
            intake: Intake::new(&|_| {}, None),
            stop,
            parting: SHUTDOWN_LIMIT,
            backlog: Backlog {
                waiting: Vec::new(),
                in_file: true,
            },
            is_told: false,
            checkpoint: None,
        }
    }

    #[cfg(unix)]
    #[test]
    fn others_may_have_the_log_while_the_capture_file_is_read() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let (path, file) = (dir.path().join("jobs.jsonl"), fixture::pipe(dir.path()));
        let (keys, stop) = (fixture::keys(), Stop::default());
        let mut applier = applier(&path, &file, &keys, &stop);
        let is_free = thread::scope(|scope| {
            let other = scope.spawn(|| {
                // It opens once it is read.
                let mut pipe = std::fs::File::options().write(true).open(&file).unwrap();
                let opened = Writer::open(&path, ledger(), "test", Duration::ZERO);
                pipe.write_all(fixture::line(1).as_bytes()).unwrap();
                opened.is_ok()
            });
            applier.apply().unwrap();
            other.join().unwrap()
        });
        assert!(is_free, "the log is locked while captures are read");
        assert!(applier.backlog.is_empty());
    }

    #[test]
    fn the_end_does_not_wait_for_the_capture_file() {
        let dir = tempfile::tempdir().unwrap();
        let (path, file) = (dir.path().join("jobs.jsonl"), dir.path().join("captures"));
        std::fs::write(&file, fixture::line(1)).unwrap();
        let (keys, stop) = (fixture::keys(), Stop::default());
        let mut applier = applier(&path, &file, &keys, &stop);
        applier.parting = Duration::ZERO;
        stop.set(crate::engine::stop::StopReason::Signal(15));
        let error = applier.apply().unwrap_err();
        assert_eq!(error.to_string(), UNREAD);
        assert!(!applier.backlog.is_empty(), "the next receiver reads it");
    }
}
