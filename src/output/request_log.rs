//! With `-vv`, each request to the API on standard error.

use std::fmt::{self, Write};
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::messages::{Messages, Priority};

/// Where the events come from that are shown. Those of libraries may hold the API key.
const TARGET: &str = concat!(env!("CARGO_CRATE_NAME"), "::vendor");

/// Shows events as lines.
pub(super) struct RequestLog(Arc<Messages>);

impl RequestLog {
    /// Shows this process's requests among its messages.
    pub fn start(messages: &Arc<Messages>) {
        // A second printer of one process adds nothing: the first one shows its requests as well.
        let _ = tracing::subscriber::set_global_default(Self(Arc::clone(messages)));
    }
}

impl Subscriber for RequestLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with(TARGET)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.push(text.0 + "\n", Priority::News);
    }

    // No spans are enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event's text.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a text cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}
