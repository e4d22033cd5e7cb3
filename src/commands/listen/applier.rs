//! Writes what is captured to a job log, whenever no one else writes to it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::on_end::{Clip, Queue};
use crate::commands::failure;
use crate::commands::observe::observer;
use crate::commands::open;
use crate::engine::ingest::{Applied, Ingest, observation};
use crate::exit::Failure;
use crate::jobs::{GenerationId, JobKey, Observation};
use crate::journal::{Checkpoint, LogError, Writer};
use crate::output::{Printer, report_binding, words};
use crate::settings::Settings;
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
    /// The log.
    pub jobs: &'a Path,
    /// The file with all captures.
    pub captures: &'a Path,
    /// What they are verified with.
    pub keys: &'a VerifyKeys,
    /// For the ledger.
    pub settings: &'a Settings,
    /// Takes what was applied.
    pub printer: &'a Printer,
    /// Where clips go that have ended, with what was put there.
    pub ended: Option<Queue>,
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

/// What a pass over captures has found.
#[derive(Default)]
struct Ends {
    /// Generations that have ended by news of this pass.
    new: Vec<GenerationId>,
    /// Jobs and attempts that were queued.
    queued: HashSet<(JobKey, u32)>,
}

impl Applier<'_> {
    /// Applies what comes until the other side has gone. `held_before`: the capture file has
    /// captures of an earlier receiver, which may have ended before it could apply them.
    pub fn run(&self, incoming: &mpsc::Receiver<Observation<'static>>, held_before: bool) {
        let mut backlog = Backlog {
            waiting: Vec::new(),
            in_file: held_before,
        };
        let mut open = true;
        let mut is_warned = false;
        let mut ends = Ends::default();
        // What the log held when it was let go of: a trickle does not read a large log each time.
        let mut checkpoint = None;
        loop {
            if !backlog.is_empty() {
                self.count(&backlog);
                match self.apply(&mut backlog, &mut ends, &mut checkpoint) {
                    Ok(()) => is_warned = false,
                    Err(error) => self.postpone(&error, &mut is_warned),
                }
                self.count(&backlog);
                thread::sleep(BREATH);
            }
            if !open {
                return self.give_up(&backlog);
            }
            let next = if backlog.is_empty() {
                incoming.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                incoming.recv_timeout(PATIENCE)
            };
            open = !matches!(next, Err(RecvTimeoutError::Disconnected));
            backlog.add(next.into_iter().chain(incoming.try_iter()), MOST_WAITING);
        }
    }

    fn count(&self, backlog: &Backlog) {
        if let Some(metrics) = self.printer.metrics() {
            metrics.not_applied(backlog.waiting.len().max(usize::from(backlog.in_file)));
        }
    }

    /// Applies everything, first come first served. What could not be applied stays.
    fn apply(
        &self,
        backlog: &mut Backlog,
        ends: &mut Ends,
        checkpoint: &mut Option<Checkpoint>,
    ) -> Result<(), Failure> {
        let not_now = |error: LogError| Failure::temporary(error.to_string());
        // Not made here: a name that was mistyped would go unnoticed.
        if !self.jobs.exists() {
            return Err(not_now(LogError::Missing(self.jobs.to_owned())));
        }
        let ledger = self.settings.ledger();
        let writer = Writer::open_again(self.jobs, ledger, "listen", Duration::ZERO, checkpoint)
            .map_err(not_now)?;
        writer.check_form().map_err(not_now)?;
        open::check_rehearsal(writer.path(), &writer.ledger(), self.settings)?;
        let mut ingest = Ingest::new(observer(&writer, self.settings));
        if backlog.in_file {
            self.read_again(&writer, &mut ingest, ends)?;
        }
        for seen in &backlog.waiting {
            self.take(seen.clone(), &writer, &mut ingest, ends)?;
        }
        ingest.flush().map_err(failure::of_ingest)?;
        if let Some(metrics) = self.printer.metrics() {
            metrics.log_written();
        }
        drop(ingest);
        *backlog = Backlog::default();
        self.queue_ended(ends, &writer)?;
        *checkpoint = writer.into_checkpoint();
        Ok(())
    }

    /// Queues the clips that have ended. A clip that ended twice, as when late news added something,
    /// is queued once.
    fn queue_ended(&self, ends: &mut Ends, writer: &Writer) -> Result<(), Failure> {
        let new = std::mem::take(&mut ends.new);
        let Some(queue) = &self.ended else {
            return Ok(());
        };
        for (job, _) in new.iter().filter_map(|id| writer.owner_of(id)) {
            let view = writer.view(job).map_err(failure::of_log)?;
            let Some(clip) = view.and_then(|view| Clip::ended(view, queue.target())) else {
                continue;
            };
            if ends.queued.insert((job, clip.attempt())) {
                queue.put(clip);
            }
        }
        Ok(())
    }

    fn take(
        &self,
        seen: Observation<'static>,
        writer: &Writer,
        ingest: &mut Ingest<'_>,
        ends: &mut Ends,
    ) -> Result<(), Failure> {
        let (id, status) = (seen.id.clone(), seen.status);
        match ingest.take(seen).map_err(failure::of_ingest)? {
            Applied::New {
                job,
                attempt,
                binding,
            } => {
                report_binding(&binding, (job, attempt), &id, writer, self.printer);
                self.printer.detail(format_args!("{id}: {status}, applied"));
                if status.is_terminal() && self.ended.is_some() {
                    ends.new.push(id);
                }
            }
            Applied::Known => self
                .printer
                .detail(format_args!("{id}: {status}, known already")),
            Applied::UnknownId(why) => self.not_applied(&id, why),
        }
        Ok(())
    }

    fn not_applied(&self, id: &GenerationId, why: &str) {
        self.printer
            .detail(format_args!("{id}: kept, but not applied: {why}"));
    }

    fn read_again(
        &self,
        writer: &Writer,
        ingest: &mut Ingest<'_>,
        ends: &mut Ends,
    ) -> Result<(), Failure> {
        let observed =
            |entry: &VerifiedEntry<'_>| observation(&entry.verification, entry.correlation());
        let read = webhook::replay(
            &[self.captures.to_owned()],
            std::io::empty(),
            self.keys,
            |entry: &[VerifiedEntry<'_>]| entry.iter().filter_map(observed).collect::<Vec<_>>(),
            |batch| {
                let mut batch = batch.into_iter();
                Ok(batch.try_for_each(|seen| self.take(seen, writer, ingest, ends))?)
            },
        );
        read.map_err(|error| {
            let unreadable = |error| Failure::io(format!("{error:#}"));
            error.downcast().unwrap_or_else(unreadable)
        })
    }

    fn postpone(&self, error: &Failure, is_warned: &mut bool) {
        if !*is_warned {
            self.printer
                .warn(format_args!("{error}; captures are kept and applied later"));
        }
        *is_warned = true;
    }

    fn give_up(&self, backlog: &Backlog) {
        if backlog.is_empty() {
            return;
        }
        let what = if backlog.in_file {
            "some captures are".to_owned()
        } else {
            let n = backlog.waiting.len() as u64;
            let verb = if n == 1 { "is" } else { "are" };
            format!("{} {verb}", words::count(n, "capture"))
        };
        let commands = open::commands_for(self.jobs, false, self.settings);
        let captures = words::shell_word(&self.captures.display().to_string());
        self.printer.warn(format_args!(
            "{what} not in the log yet, but in the capture file; the next `creativeai listen` \
             applies them, or `{}`",
            commands.on_log("reconcile", &format!("--replay {captures}"))
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Facts, Status, Via};

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
