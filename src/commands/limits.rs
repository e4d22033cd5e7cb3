//! What ends a run before its work does: a signal, or `--timeout`.

use std::path::Path;

use tokio::time::Instant;

use super::signals;
use crate::engine;
use crate::engine::open::{LockWait, OpenError};
use crate::engine::stop::{Stop, StopReason};
use crate::exit::{Code, Failure};
use crate::jobs::Ledger;
use crate::journal::{Lock, LogError, Writer};
use crate::output::{Printer, failure, words};
use crate::settings::Settings;

/// What ends a run early.
#[derive(Debug)]
pub struct Limits {
    /// Set by a signal, by `--timeout`, and by whatever else ends the run.
    pub stop: Stop,
    /// When the whole run has to be over.
    pub deadline: Option<Instant>,
}

impl Limits {
    /// Only `--timeout`, counted from now: a signal ends the process at once, as it does where a
    /// person is asked something.
    pub fn of_time(settings: &Settings) -> Self {
        let timeout = settings.network.timeout;
        Self {
            stop: Stop::default(),
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        }
    }

    /// Signals as well: the first one stops the run in good order.
    pub fn watch(settings: &Settings) -> Self {
        let limits = Self::of_time(settings);
        limits.watch_signals();
        limits
    }

    /// From now on the first signal stops the run in good order.
    pub fn watch_signals(&self) {
        signals::watch(&self.stop);
    }

    /// Starts the timer that stops the run. It needs a runtime.
    pub fn start_timer(&self) {
        if let Some(deadline) = self.deadline {
            let stop = self.stop.clone();
            tokio::spawn(async move {
                tokio::time::sleep_until(deadline).await;
                stop.set(StopReason::Deadline);
            });
        }
    }

    /// Locks and reads a log. Another command that has it is waited for as long as `--lock-wait`
    /// and these limits allow.
    pub fn lock(
        &self,
        path: &Path,
        ledger: impl Fn() -> Ledger,
        command: &str,
        settings: &Settings,
        printer: &Printer,
    ) -> Result<Writer, Failure> {
        let writer = self.once_free(settings, printer, |patience, say| {
            engine::open::open(path, ledger, command, patience, say)
        })?;
        writer.wait_for_database(settings.database_wait);
        Ok(writer)
    }

    /// Takes the right to hand clips of a log to a receiver, which is waited for like the log itself. It
    /// is to be had before the log.
    pub fn lock_target(
        &self,
        path: &Path,
        target: &str,
        command: &str,
        settings: &Settings,
        printer: &Printer,
    ) -> Result<Option<Lock>, Failure> {
        self.once_free(settings, printer, |patience, say| {
            engine::open::open_target(path, target, command, patience, say)
        })
    }

    fn once_free<T>(
        &self,
        settings: &Settings,
        printer: &Printer,
        open: impl FnOnce(&LockWait<'_>, &dyn Fn(&LogError)) -> Result<T, OpenError>,
    ) -> Result<T, Failure> {
        let patience = LockWait {
            limit: settings.lock_wait,
            stop: &self.stop,
            deadline: self.deadline,
        };
        let say = |held: &LogError| {
            let most = words::duration(settings.lock_wait.as_secs());
            printer.note(format_args!("{held}; waiting for it, at most {most}"));
        };
        open(&patience, &say).map_err(|error| match error {
            OpenError::Log(error) => failure::of_log(error),
            OpenError::Stopped(held, number) => {
                let message = format!("{held}; stopped while waiting for it, nothing was sent");
                Failure::new(Code::of_signal(number), message)
                    .help("run the same command again to go on")
            }
            OpenError::Late(held) => Failure::temporary(format!(
                "{held}; --timeout has passed while waiting for it, nothing was sent"
            ))
            .help("run the same command again when that one is done"),
        })
    }
}
