//! A log that another command has is waited for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::noted_logs::NotedLogs;
use super::stop::{Stop, StopReason};
use crate::jobs::Ledger;
use crate::journal::{Location, Lock, LogError, Writer, may_be_torn, resolve};
use crate::manifest::is_sheet;

/// How often a log that is in use is tried again. The system has no event for "the lock is free"
/// that could also be given up on.
pub const RETRY: Duration = Duration::from_millis(20);

/// Why the log cannot be opened for writing.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log cannot be used, or is in use for longer than it is waited for.
    #[error(transparent)]
    Log(#[from] LogError),
    /// This signal came meanwhile.
    #[error("{0}")]
    Stopped(LogError, u8),
    /// The run's time was up meanwhile.
    #[error("{0}")]
    Late(LogError),
}

/// Under `--sandbox` every line is marked as a sandbox's, also a fact that no server has reported: none
/// of them may get into a log of live jobs.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} holds live jobs, and a rehearsal never writes to a live log; nothing was sent",
    .0.display()
)]
pub struct RehearsalError(PathBuf);

/// Refuses the log at `path` where a rehearsal must not write to it.
pub fn check_rehearsal(path: &Path, ledger: &Ledger, sandbox: bool) -> Result<(), RehearsalError> {
    if sandbox && ledger.check_mixing(true, true).is_err() {
        return Err(RehearsalError(path.to_owned()));
    }
    Ok(())
}

/// Whether a spreadsheet was read as a log, however it came to be named as one.
pub fn is_spreadsheet(path: &Path, ledger: &Ledger) -> bool {
    let is_numbers = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("numbers"));
    (is_sheet(path) || is_numbers) && ledger.is_empty() && ledger.unreadable() > 0
}

/// Whether a file of anything else was opened: nothing is appended to a key file or to settings.
pub fn is_foreign(path: &Path, writer: &Writer) -> bool {
    let (ledger, damage) = (writer.ledger(), writer.damage());
    let has_sense = !ledger.is_empty() || damage.iter().any(|d| !d.suspects(&ledger).is_empty());
    let is_blank = ledger.unreadable() == 0 && damage.is_empty();
    !has_sense && !is_blank && !may_be_torn(path)
}

/// How long a log that is in use is waited for.
pub struct LockWait<'a> {
    /// At most so long.
    pub limit: Duration,
    /// A signal ends it.
    pub stop: &'a Stop,
    /// The end of the run does, too.
    pub deadline: Option<Instant>,
}

/// Locks and reads a log. `say` is called once when it is in use and waited for.
pub fn open(
    path: &Path,
    ledger: impl Fn() -> Ledger,
    command: &str,
    patience: &LockWait<'_>,
    say: impl Fn(&LogError),
) -> Result<Writer, OpenError> {
    if let Ok(Location::File(file)) = Location::of(path)
        && let Some(gone) = NotedLogs::of_user().gone(&resolve(&file)?)
    {
        return Err(LogError::Changed(Box::new(gone)).into());
    }
    let open = || Writer::open(path, ledger(), command, Duration::ZERO);
    once_free(open, patience, say)
}

/// The right to hand clips of a log in a file to a receiver, which is to be had before the log. In a
/// database each clip is leased.
pub fn open_target(
    path: &Path,
    target: &str,
    command: &str,
    patience: &LockWait<'_>,
    say: impl Fn(&LogError),
) -> Result<Option<Lock>, OpenError> {
    if Location::is_address(path) {
        return Ok(None);
    }
    let path = resolve(path)?;
    let acquire = || Lock::acquire_target(&path, target, command).map_err(LogError::from_lock);
    once_free(acquire, patience, say).map(Some)
}

/// Tries again until it is not in use.
fn once_free<T>(
    open: impl Fn() -> Result<T, LogError>,
    patience: &LockWait<'_>,
    say: impl Fn(&LogError),
) -> Result<T, OpenError> {
    let until = Instant::now().checked_add(patience.limit);
    let mut is_said = false;
    loop {
        let held = match open() {
            Err(held @ LogError::Locked(_)) => held,
            other => return Ok(other?),
        };
        let signal = patience.stop.reasons().into_iter().find_map(|r| match r {
            StopReason::Signal(number) => Some(number),
            _ => None,
        });
        if let Some(number) = signal {
            return Err(OpenError::Stopped(held, number));
        }
        let is_over = |until: Option<Instant>| until.is_some_and(|until| until <= Instant::now());
        if is_over(patience.deadline) {
            return Err(OpenError::Late(held));
        }
        if is_over(until) {
            return Err(held.into());
        }
        if !std::mem::replace(&mut is_said, true) {
            say(&held);
        }
        std::thread::sleep(RETRY);
    }
}
