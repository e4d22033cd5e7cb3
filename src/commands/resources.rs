//! What the system has to give before anything is sent, and what becomes of a run when it takes
//! something away later.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

use crate::exit::Failure;
use crate::settings::Settings;

/// Open files that a run needs besides its connections.
#[cfg(unix)]
const FILES: u64 = 28;
/// Connections where their number is not set.
#[cfg(unix)]
const USUAL_CONNECTIONS: u64 = 4;
/// More than any run needs; some systems refuse a higher limit.
#[cfg(unix)]
const ENOUGH_FILES: u64 = 10_240;

/// Makes sure that a run may open the files that it needs. With too few of them it would send
/// what it cannot write down, or wait for connections that never come.
#[cfg(unix)]
pub fn check(settings: &Settings) -> Result<(), Failure> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let Some(now) = limit.current else {
        return Ok(());
    };
    let most = limit.maximum.unwrap_or(ENOUGH_FILES).min(ENOUGH_FILES);
    let raised = Rlimit {
        current: Some(most),
        maximum: limit.maximum,
    };
    // The limit that programs start with is low for the sake of old ones.
    let is_raised = most > now && setrlimit(Resource::Nofile, raised).is_ok();
    let have = if is_raised { most } else { now };
    let connections = settings.network.concurrency.map(u64::from);
    let connections = connections.unwrap_or(USUAL_CONNECTIONS);
    // The sandbox inside this command has the other end of each.
    let ends = if settings.sandbox { 2 } else { 1 };
    let need = FILES + ends * connections;
    if have >= need {
        return Ok(());
    }
    Err(Failure::io(format!(
        "this process may open only {have} files at once, and needs {need}; nothing was sent"
    ))
    .help("raise the limit, for example with `ulimit -n 1024`, or lower --concurrency"))
}

/// Windows has no such limit.
#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same signature on every platform"
)]
pub fn check(_: &Settings) -> Result<(), Failure> {
    Ok(())
}

/// What went wrong inside, the first time, and where.
static BROKEN: Mutex<Option<String>> = Mutex::new(None);

/// Runs `work`. Where a library gives up because the system refuses it something (an event queue
/// that fails, no random numbers), that is a failure like any other, and not the end of the
/// process: the log is closed in good order, and the person learns what to do.
pub fn guard<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    // Someone who looks for a mistake in the program wants to see where it was.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(|place| format!(" ({place})"));
            let text = panic_message(info.payload()) + &place.unwrap_or_default();
            let mut broken = BROKEN.lock().unwrap_or_else(PoisonError::into_inner);
            broken.get_or_insert(text);
        }));
    }
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    let broken = BROKEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (result, broken) {
        (Ok(result), None) => result,
        // The run's own failure says more than what broke on its way.
        (Ok(Err(error)), Some(_)) => Err(error),
        (Ok(Ok(_)), Some(why)) => Err(failure(&why).into()),
        (Err(payload), why) => {
            Err(failure(&why.unwrap_or_else(|| panic_message(&*payload))).into())
        }
    }
}

fn failure(why: &str) -> Failure {
    Failure::io(format!(
        "something essential failed on this computer: {why}"
    ))
    .help(
        "whatever was in flight is in the log, as of unknown outcome; `creativeai status` shows \
         it. Run the same command again, and report this if it happens again",
    )
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it did not say why".to_owned())
}
