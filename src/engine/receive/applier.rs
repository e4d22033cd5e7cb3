//! Writes what is captured to a job log, whenever no one else writes to it.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{COMMAND, CaptureFile, Ended, Event, Intake, Log, ReceiveError, Report};
use crate::engine::ingest::{Ingest, IngestError, observation};
use crate::engine::open::check_rehearsal;
use crate::jobs::Observation;
use crate::journal::{Checkpoint, LogError, Writer};
use crate::webhook::{self, VerifiedEntry, VerifyKeys};

/// How long to leave a log alone that another command is writing to.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to leave it alone in any case, so that other commands get their turn when deliveries
/// come in a stream. They look for it every 20 milliseconds.
const BREATH: Duration = Duration::from_millis(60);
/// Observations held in memory; when more wait, they are read from the capture file again.
const MOST_WAITING: usize = 50_000;

/// Writes to one log. It holds the log's lock only while it appends.
pub struct Applier<'a> {
    log: Log<'a>,
    captures: &'a Path,
    keys: &'a VerifyKeys,
    intake: Intake<'a>,
    backlog: Backlog,
    /// What the log held when it was let go of: a trickle does not read a large log each time.
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
    /// receiver, which ended before it could apply them.
    pub fn new(
        log: Log<'a>,
        captures: &'a CaptureFile,
        keys: &'a VerifyKeys,
        report: Report<'a>,
        ended: Option<Ended>,
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
            backlog,
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
                    report(Event::Postponed(error));
                }
                is_warned = applied.is_err();
                self.count();
                thread::sleep(BREATH);
            }
            if !is_open {
                break;
            }
            let next = if self.backlog.is_empty() {
                incoming.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                incoming.recv_timeout(PATIENCE)
            };
            is_open = !matches!(next, Err(RecvTimeoutError::Disconnected));
            let more = next.into_iter().chain(incoming.try_iter());
            self.backlog.add(more, MOST_WAITING);
        }
        if !self.backlog.is_empty() {
            let waiting = self.backlog.waiting.len() as u64;
            report(Event::Left((!self.backlog.in_file).then_some(waiting)));
        }
    }

    fn count(&self) {
        let Backlog { waiting, in_file } = &self.backlog;
        let waiting = waiting.len().max(usize::from(*in_file));
        (self.intake.report)(Event::Waiting(waiting));
    }

    /// Applies everything, first come first served. What could not be applied stays.
    fn apply(&mut self) -> Result<(), ReceiveError> {
        let log = self.log;
        // Not made here: a name that was mistyped would go unnoticed.
        if !log.path.exists() {
            return Err(LogError::Missing(log.path.to_owned()).into());
        }
        let (ledger, again) = ((log.ledger)(), &mut self.checkpoint);
        let writer = Writer::open_again(log.path, ledger, COMMAND, Duration::ZERO, again)?;
        writer.check_form()?;
        check_rehearsal(writer.path(), &writer.ledger(), log.sandbox)?;
        let mut ingest = Ingest::new(log.observer(&writer));
        if self.backlog.in_file {
            self.read_again(&writer, &mut ingest)?;
        }
        for seen in &self.backlog.waiting {
            self.intake.take(seen.clone(), &mut ingest, &writer)?;
        }
        self.intake.finish(ingest, &writer)?;
        self.backlog = Backlog::default();
        self.checkpoint = writer.into_checkpoint();
        Ok(())
    }

    fn read_again(&mut self, writer: &Writer, ingest: &mut Ingest<'_>) -> Result<(), ReceiveError> {
        let observed =
            |entry: &VerifiedEntry<'_>| observation(&entry.verification, entry.correlation());
        let intake = &mut self.intake;
        let read = webhook::replay(
            &[self.captures.to_owned()],
            std::io::empty(),
            self.keys,
            |entry: &[VerifiedEntry<'_>]| entry.iter().filter_map(observed).collect::<Vec<_>>(),
            |batch| {
                let mut batch = batch.into_iter();
                Ok(batch.try_for_each(|seen| intake.take(seen, ingest, writer))?)
            },
        );
        read.map_err(|error| match error.downcast::<IngestError>() {
            Ok(error) => error.into(),
            Err(error) => ReceiveError::Captures(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Facts, GenerationId, Status, Via};

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
}
