//! Signals, as reasons to stop.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::stop::{Reason, Stop};
use crate::exit::Code;

/// What the process's one watcher knows. A process can be of several runs, one after the other.
static WATCHED: Mutex<Watched> = Mutex::new(Watched {
    is_watching: false,
    came: None,
    stops: Vec::new(),
});

struct Watched {
    is_watching: bool,
    /// The first signal.
    came: Option<u8>,
    /// Whom it stops.
    stops: Vec<Stop>,
}

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the stop set by the first signal, also when that has come already. Whether there is a watcher.
fn enter(stop: &Stop) -> bool {
    let mut watched = watched();
    watched.stops.retain(|stop| !stop.is_forgotten());
    watched.stops.push(stop.clone());
    if let Some(signal) = watched.came {
        stop.set(Reason::Signal(signal));
    }
    std::mem::replace(&mut watched.is_watching, true)
}

/// The first signal has come.
fn notify_all(signal: u8) {
    let mut watched = watched();
    watched.came = Some(signal);
    for stop in &watched.stops {
        stop.set(Reason::Signal(signal));
    }
}

/// Turns signals into a stop. The second one ends the process at once; what is in flight then
/// stands in the log as `submitting`, which every reader takes for unknown.
///
/// They have a thread of their own: the run's may be busy reading a long log.
pub fn watch(stop: &Stop) {
    if enter(stop) {
        return;
    }
    let (ready, watching) = std::sync::mpsc::channel();
    let watch = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // Without it the system's own reaction stays: the process ends, which is safe.
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let mut signals = Signals::new();
            // What waits for it is there.
            let _ = ready.send(());
            notify_all(signals.next().await);
            let code = Code::of_signal(signals.next().await);
            std::process::exit(i32::from(code.number()));
        });
    };
    let thread = std::thread::Builder::new().name("signals".to_owned());
    if thread.spawn(watch).is_ok() {
        // An error means that no one watches, as above.
        let _ = watching.recv();
    }
}

/// The signals that ask a process to end. Where no handler can be had, the system's own reaction
/// is to end the process, which is safe.
#[cfg(unix)]
struct Signals(Vec<(u8, Option<tokio::signal::unix::Signal>)>);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![(2, SignalKind::interrupt()), (15, SignalKind::terminate())];
        // `nohup` means that the run goes on when its terminal has gone.
        if !ignores_hangup() {
            kinds.push((15, SignalKind::hangup()));
        }
        let kinds = kinds.into_iter();
        Self(
            kinds
                .map(|(number, kind)| (number, signal(kind).ok()))
                .collect(),
        )
    }

    async fn next(&mut self) -> u8 {
        let waits = self.0.iter_mut().map(|(number, signal)| {
            Box::pin(async move {
                match signal {
                    Some(signal) => signal.recv().await,
                    None => std::future::pending().await,
                };
                *number
            })
        });
        futures::future::select_all(waits).await.0
    }
}

/// Whether this process was started to ignore SIGHUP. No safe call of the system says so: Linux
/// has it in a file, and elsewhere a shell is asked, which inherits it and sends SIGHUP to itself.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let in_file = if cfg!(target_os = "linux") {
        std::fs::read_to_string("/proc/self/status").ok()
    } else {
        None
    };
    if let Some(ignored) = in_file.as_deref().and_then(ignored_of) {
        let hangup = 1 << (SIGHUP - 1);
        return ignored & hangup != 0;
    }
    let mut shell = std::process::Command::new("/bin/sh");
    let shell = shell
        .args(["-c", "kill -HUP $$"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}

#[cfg(unix)]
const SIGHUP: i32 = rustix::process::Signal::HUP.as_raw();

/// The set of ignored signals in `/proc/self/status`.
#[cfg(unix)]
fn ignored_of(status: &str) -> Option<u64> {
    let set = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(set.trim(), 16).ok()
}

/// What asks a process to end on Windows: Ctrl-C and Ctrl-Break; and the window that is closed, the
/// user who logs off and the shutdown, after which the system waits a few seconds for us.
#[cfg(windows)]
struct Signals {
    ctrl_c: Option<tokio::signal::windows::CtrlC>,
    ctrl_break: Option<tokio::signal::windows::CtrlBreak>,
    close: Option<tokio::signal::windows::CtrlClose>,
    logoff: Option<tokio::signal::windows::CtrlLogoff>,
    shutdown: Option<tokio::signal::windows::CtrlShutdown>,
}

#[cfg(windows)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
        Self {
            ctrl_c: ctrl_c().ok(),
            ctrl_break: ctrl_break().ok(),
            close: ctrl_close().ok(),
            logoff: ctrl_logoff().ok(),
            shutdown: ctrl_shutdown().ok(),
        }
    }

    async fn next(&mut self) -> u8 {
        /// Waits for one of them, for ever where it cannot be had.
        macro_rules! wait {
            ($signal:expr) => {
                async {
                    match &mut $signal {
                        Some(signal) => signal.recv().await,
                        None => std::future::pending().await,
                    }
                }
            };
        }
        tokio::select! {
            _ = wait!(self.ctrl_c) => 2,
            _ = wait!(self.ctrl_break) => 2,
            _ = wait!(self.close) => 15,
            _ = wait!(self.logoff) => 15,
            _ = wait!(self.shutdown) => 15,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_systems_file_says_which_signals_are_ignored() {
        let status = "Name:\tcreativeai\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_of(status), Some(0x1001));
        assert_eq!(ignored_of("Name:\tcreativeai\n"), None);
    }
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_way_to_end_a_program_is_watched() {
        let signals = Signals::new();
        assert!(signals.ctrl_c.is_some() && signals.ctrl_break.is_some());
        assert!(signals.close.is_some() && signals.logoff.is_some());
        assert!(signals.shutdown.is_some());
    }
}
