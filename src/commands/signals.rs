//! Signals, as reasons to stop.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Context;

use futures::stream::{self, BoxStream, StreamExt};

use crate::engine::delivery::kill_commands;
use crate::engine::stop::{Stop, StopReason};
use crate::exit::Code;
use crate::output::stopped;

/// What the process's one watcher knows. A process can be of several runs, one after the other.
static WATCHED: Mutex<SignalState> = Mutex::new(SignalState {
    is_watching: false,
    came: None,
    stops: Vec::new(),
});

struct SignalState {
    is_watching: bool,
    /// The first signal.
    came: Option<u8>,
    stops: Vec<Stop>,
}

fn watched() -> MutexGuard<'static, SignalState> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the stop set by the first signal, also when that has come already. Whether there is a watcher.
fn enter(stop: &Stop) -> bool {
    let mut watched = watched();
    watched.stops.retain(|stop| !stop.is_forgotten());
    watched.stops.push(stop.clone());
    if let Some(signal) = watched.came {
        stop.set(StopReason::Signal(signal));
    }
    std::mem::replace(&mut watched.is_watching, true)
}

/// The first signal has come.
fn notify_all(signal: u8) {
    let mut watched = watched();
    watched.came = Some(signal);
    for stop in &watched.stops {
        stop.set(StopReason::Signal(signal));
    }
}

/// Orders that are being sent.
fn in_flight() -> usize {
    let watched = watched();
    let counts = watched.stops.iter().map(Stop::count_in_flight);
    counts.sum()
}

/// Turns signals into a stop. The second one ends the process at once; what is in flight then
/// stands in the log as `submitting`, which every reader takes for unknown, and commands that run for clips
/// are killed.
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
            let signals = stream::select_all(signals().into_iter().flatten());
            let mut signals = signals.chain(stream::pending());
            // What waits for it is there.
            let _ = ready.send(());
            if let Some(first) = signals.next().await {
                notify_all(first);
            }
            if let Some(second) = signals.next().await {
                // Their clips are not marked: the next run starts over with them.
                kill_commands();
                stopped::at_once(in_flight());
                std::process::exit(i32::from(Code::of_signal(second).number()));
            }
        });
    };
    let thread = std::thread::Builder::new().name("signals".to_owned());
    if thread.spawn(watch).is_ok() {
        // An error means that no one watches, as above.
        let _ = watching.recv();
    }
}

/// The signals that ask a process to end, each as a number. Where no handler can be had, the system's own
/// reaction is to end the process, which is safe.
type Signals = Vec<io::Result<BoxStream<'static, u8>>>;

macro_rules! each {
    ($signal:expr => $number:literal) => {
        $signal.map(|mut signal| {
            let came = move |cx: &mut Context<'_>| signal.poll_recv(cx);
            stream::poll_fn(came).map(|()| $number).boxed()
        })
    };
}

#[cfg(unix)]
fn signals() -> Signals {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals = vec![
        each!(signal(SignalKind::interrupt()) => 2),
        each!(signal(SignalKind::terminate()) => 15),
    ];
    // `nohup` means that the run goes on when its terminal has gone.
    if !ignores_hangup() {
        signals.push(each!(signal(SignalKind::hangup()) => 15));
    }
    signals
}

/// Ctrl-C and Ctrl-Break; and the window that is closed, the user who logs off and the shutdown, after
/// which the system waits a few seconds for us.
#[cfg(windows)]
fn signals() -> Signals {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
    vec![
        each!(ctrl_c() => 2),
        each!(ctrl_break() => 2),
        each!(ctrl_close() => 15),
        each!(ctrl_logoff() => 15),
        each!(ctrl_shutdown() => 15),
    ]
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
        let signals = signals();
        assert!(signals.len() == 5 && signals.iter().all(Result::is_ok));
    }
}
