//! A receiver that keeps deliveries in a file.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::Scope;
use std::time::Duration;

use super::serve::{ReceiveOutcome, ReceiverContext};
use crate::cli::ListenArgs;
use crate::commands::outputs::{CAPTURES, FORWARDED};
use crate::commands::{damage, open};
use crate::engine::forward::{FileQueue, ForwardTarget, Forwarder, Sender, beside};
use crate::engine::receive::{Applier, COMMAND, CaptureFile, CaptureSink, EndedJobs, TargetLog};
use crate::exit::Failure;
use crate::journal::{self, JobLog, Lock, LockError, LogError};
use crate::output::{Printer, failure};
use crate::settings::Settings;

/// Opens the capture file, or makes it. It must not be one of the log's files.
pub fn open(args: &ListenArgs) -> Result<CaptureFile, Failure> {
    let path = args.capture.as_deref();
    let path = path.unwrap_or(Path::new("captures.jsonl"));
    // Unlike a log, a file of captures that a link names may be made.
    let resolved = match journal::resolve(path) {
        Err(LogError::Dangling { target, .. }) => journal::resolve(&target),
        resolved => resolved,
    };
    let path = resolved.map_err(|error| match error {
        LogError::Io { error, .. } => cannot_write(path, error),
        _ => Failure::config(format!(
            "captures cannot be kept in {}: it is not a regular file",
            path.display()
        ))
        .help("name a file with --capture"),
    })?;
    CAPTURES.check(&path, args.jobs.as_deref())?;
    let lock = Lock::acquire(&path, COMMAND, Duration::ZERO).map_err(|e| taken(&path, e))?;
    CaptureFile::open(path.clone(), lock).map_err(|error| cannot_write(&path, error))
}

/// A log that could never be written to is reported at once, not when the first capture has come. One
/// that is not there yet may still be made by a `submit`.
pub fn check_log(path: &Path, settings: &Settings, printer: &Printer) -> Result<(), Failure> {
    match JobLog::read(path, settings.ledger()) {
        Ok(log) => {
            log.unchanged().map_err(failure::of_log)?;
            damage::warn_of_damage(log.damage(), log.path(), printer);
            log.check_form().map_err(failure::of_log)?;
            open::refuse_live(log.path(), log.ledger(), settings)
        }
        Err(LogError::Missing(_)) => Ok(()),
        Err(error) => Err(failure::of_log(error)),
    }
}

impl<'env> ReceiverContext<'env> {
    /// Serves, with what applies and forwards deliveries beside it.
    pub fn serve_file<'scope>(
        &self,
        file: &'env Arc<CaptureFile>,
        log: Option<TargetLog<'env>>,
        target: Option<ForwardTarget>,
        ended: Option<EndedJobs>,
        scope: &'scope Scope<'scope, 'env>,
    ) -> anyhow::Result<ReceiveOutcome> {
        let (forwarding, outgoing) = match target {
            Some(target) => {
                let (queue, sender) = self.queue(file.path())?;
                let forwarder = Forwarder::new(target, queue, self.report_forward);
                (Some(forwarder), Some(sender))
            }
            None => (None, None),
        };
        let apply = log.map(|log| {
            let (keys, report, stop) = (self.keys, self.report, self.stop);
            let applier = Applier::new(log, file, keys, report, ended, stop);
            let (apply, incoming) = mpsc::channel();
            // It ends with its channel, which the receiver holds.
            scope.spawn(move || applier.run(&incoming));
            apply
        });
        let sink = CaptureSink {
            file: Arc::clone(file),
            keys: self.keys.clone(),
            apply,
            outgoing,
        };
        self.serve(sink, file.path(), forwarding)
    }

    fn queue(&self, captures: &Path) -> Result<(FileQueue<'env>, Sender), Failure> {
        let notes = beside(captures);
        FORWARDED.check(&notes, None)?;
        FileQueue::open(captures, self.keys, self.report_forward).map_err(|error| {
            Failure::io(format!("cannot write to {}", notes.display()))
                .because(error)
                .help("check that you may write there, or name another file with --capture")
        })
    }
}

fn cannot_write(path: &Path, error: std::io::Error) -> Failure {
    Failure::io(format!("cannot write captures to {}", path.display()))
        .because(error)
        .help("check that its folder exists and that you may write there, or name another file with --capture")
}

fn taken(path: &Path, error: LockError) -> Failure {
    let holder = match error {
        LockError::Io { error, .. } => return cannot_write(path, error),
        LockError::Link(link) => {
            let link = link.display();
            return Failure::config(format!("the lock file {link} is a symbolic link"))
                .help("remove the link, or name another file with --capture");
        }
        LockError::Held { holder, .. } => holder,
        LockError::HeldElsewhere { .. } | LockError::HeldTarget { .. } => None,
    };
    Failure::temporary(format!(
        "{} belongs to another `creativeai listen`{}",
        path.display(),
        holder.map_or_else(String::new, |h| format!(" (process {})", h.pid)),
    ))
    .help("name another file with --capture; `reconcile --replay` reads any number of them")
}
