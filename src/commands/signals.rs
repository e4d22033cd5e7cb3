//! Signals, as reasons to stop.

use crate::exit::Code;
use crate::stop::{Reason, Stop};

/// Turns signals into a stop. The second one ends the process at once; what is in flight then
/// stands in the log as `submitting`, which every reader takes for unknown.
///
/// They have a thread of their own: the run's may be busy reading a long log.
pub fn watch(stop: &Stop) {
    let stop = stop.clone();
    let (ready, watching) = std::sync::mpsc::channel();
    let watch = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // Without it the system's own reaction stays: the process ends, which is safe.
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let mut signals = Signals::new();
            // Whoever waits for it is there.
            let _ = ready.send(());
            stop.set(Reason::Signal(signals.next().await));
            let code = match signals.next().await {
                2 => Code::Interrupted,
                _ => Code::Terminated,
            };
            std::process::exit(i32::from(code.number()));
        });
    };
    let thread = std::thread::Builder::new().name("signals".to_owned());
    if thread.spawn(watch).is_ok() {
        // An error means that nobody watches, as above.
        let _ = watching.recv();
    }
}

/// The signals that ask a process to end. Where no handler can be had, the system's own reaction
/// is to end the process, which is safe.
#[cfg(unix)]
struct Signals([(u8, Option<tokio::signal::unix::Signal>); 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            (2, SignalKind::interrupt()),
            (15, SignalKind::terminate()),
            (15, SignalKind::hangup()),
        ];
        Self(kinds.map(|(number, kind)| (number, signal(kind).ok())))
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

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) -> u8 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => 2,
            Err(_) => std::future::pending().await,
        }
    }
}
