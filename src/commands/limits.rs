//! What ends a run before its work does: a signal, or `--timeout`.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::failure;
use super::signals;
use crate::engine::stop::{Reason, Stop};
use crate::exit::{Code, Failure};
use crate::jobs::Ledger;
use crate::journal::{LogError, Writer};
use crate::output::{Printer, words};
use crate::settings::Settings;

/// How often a log that is in use is tried again. The system has no event for "the lock is free"
/// that could also be given up on.
const RETRY: Duration = Duration::from_millis(20);

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
        signals::watch(&limits.stop);
        limits
    }

    /// Starts the timer that stops the run. It needs a runtime.
    pub fn start_timer(&self) {
        if let Some(deadline) = self.deadline {
            let stop = self.stop.clone();
            tokio::spawn(async move {
                tokio::time::sleep_until(deadline).await;
                stop.set(Reason::Deadline);
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
        let lock_wait = settings.lock_wait;
        let lock_until = Instant::now().checked_add(lock_wait);
        let mut is_said = false;
        loop {
            let held = match Writer::open(path, ledger(), command, Duration::ZERO) {
                Err(held @ LogError::Locked(_)) => held,
                other => {
                    let writer = other.map_err(failure::of_log)?;
                    writer.wait_for_database(settings.database_wait);
                    return Ok(writer);
                }
            };
            if let Some(failure) = self.gives_up(&held) {
                return Err(failure);
            }
            if lock_until.is_some_and(|until| until <= Instant::now()) {
                return Err(failure::of_log(held));
            }
            if !std::mem::replace(&mut is_said, true) {
                let most = words::duration(lock_wait.as_secs());
                printer.note(format_args!("{held}; waiting for it, at most {most}"));
            }
            std::thread::sleep(RETRY);
        }
    }

    /// Why the log is not waited for any longer.
    fn gives_up(&self, held: &LogError) -> Option<Failure> {
        let signal = self.stop.reasons().into_iter().find_map(|r| match r {
            Reason::Signal(number) => Some(number),
            _ => None,
        });
        if let Some(number) = signal {
            let message = format!("{held}; stopped while waiting for it, nothing was sent");
            return Some(
                Failure::new(Code::of_signal(number), message)
                    .help("run the same command again to go on"),
            );
        }
        let is_late = self.deadline.is_some_and(|until| until <= Instant::now());
        is_late.then(|| {
            Failure::temporary(format!(
                "{held}; --timeout has passed while waiting for it, nothing was sent"
            ))
            .help("run the same command again when that one is done")
        })
    }
}
