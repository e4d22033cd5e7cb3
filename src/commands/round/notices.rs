//! Notices of a round. One that cannot be sent is a warning, and never more.

use crate::commands::runtime::on_one_thread;
use crate::engine::notify::{self, Listeners, Notice};
use crate::output::Printer;
use crate::text::escape;

/// Sends a notice to all who are to hear of it.
pub fn send(listeners: &Listeners, notice: &Notice, printer: &Printer) {
    if listeners.is_empty() {
        return;
    }
    let failed = on_one_thread(async { Ok(notify::send(listeners, notice).await) });
    let failed = failed.unwrap_or_else(|error| vec![error.to_string()]);
    for why in failed {
        printer.warn(format_args!(
            "a notice was not sent: {}. The run goes on",
            escape(&why)
        ));
    }
}
