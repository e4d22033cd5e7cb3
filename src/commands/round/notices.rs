//! Notices of a round. One that cannot be sent is a warning, and never more.

use crate::commands::runtime::on_one_thread;
use crate::commands::signals;
use crate::engine::notify::{self, Listeners, Notice};
use crate::engine::stop::Stop;
use crate::exit::Code;
use crate::output::{Printer, stopped};
use crate::text::escape;

/// Sends a notice to all who are to hear of it. The code of the signal that came meanwhile, if one did:
/// nothing is waited for then.
pub fn send(listeners: &Listeners, notice: &Notice, printer: &Printer) -> Option<Code> {
    if listeners.is_empty() {
        return None;
    }
    let stop = Stop::default();
    signals::watch(&stop);
    let was_stopped = stop.is_set();
    let sending = Box::pin(notify::send(listeners, notice));
    let failed = on_one_thread(async {
        // That a round was stopped is to be heard of, too.
        if was_stopped {
            return Ok(Some(sending.await));
        }
        Ok(stop.or(sending).await)
    });
    let failed = match failed {
        Ok(Some(failed)) => failed,
        Ok(None) => {
            printer.warn("a notice was not sent: a signal came meanwhile");
            Vec::new()
        }
        Err(error) => vec![error.to_string()],
    };
    for why in failed {
        printer.warn(format_args!(
            "a notice was not sent: {}. The run continues",
            escape(&why)
        ));
    }
    if was_stopped {
        return None;
    }
    let code = stopped::ending_of_server(&stop).code();
    (code != Code::Success).then_some(code)
}
