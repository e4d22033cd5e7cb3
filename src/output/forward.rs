//! What is reported of deliveries that are forwarded to another address.

use super::{printer::Printer, words};
use crate::engine::forward::ForwardEvent;
use crate::text::escape;

/// Reports what happens to deliveries on their way to `name`, from a capture file or from the database of
/// a log.
pub fn report_forward(event: &ForwardEvent<'_>, name: &str, in_database: bool, printer: &Printer) {
    let text = in_words(event, &escape(name), in_database);
    match event {
        ForwardEvent::Taken(_) => printer.detail(text),
        ForwardEvent::Up | ForwardEvent::Earlier(_) => printer.note(text),
        #[cfg(feature = "postgres")]
        ForwardEvent::Back => printer.note(text),
        _ => printer.warn(text),
    }
}

fn in_words(event: &ForwardEvent<'_>, name: &str, in_database: bool) -> String {
    let left = if in_database {
        "another receiver of this log with the same --forward sends what is left, or the next one"
    } else {
        "the next `creativeai listen --forward` with this capture file sends what is left"
    };
    match event {
        ForwardEvent::Taken(one) => format!("{}: forwarded", escape(&one.id)),
        ForwardEvent::Refused(one, why) => format!(
            "{name} did not accept the delivery of {} ({}); it is kept, and the next `listen \
             --forward` sends it again",
            escape(&one.id),
            escape(why)
        ),
        ForwardEvent::Down(why) => format!(
            "{name} does not accept deliveries ({}); they are kept, and sent when it does",
            escape(why)
        ),
        ForwardEvent::Up => format!("{name} accepts deliveries again"),
        ForwardEvent::Earlier(count) => format!(
            "{} captured earlier: only new ones are forwarded",
            deliveries(*count)
        ),
        ForwardEvent::Unverified(count) => format!(
            "{} in the capture file not forwarded: with this key the {} not hold. If the API key was \
             changed since, give the old one in CREATIVEAI_VERIFY_KEYS and start again",
            deliveries(*count),
            words::choose(*count, "signature does", "signatures do")
        ),
        ForwardEvent::Unnoted(why) => format!(
            "cannot record what was forwarded ({}); the next run may send it again",
            escape(&why.to_string())
        ),
        ForwardEvent::NotShortened(why) => format!(
            "the file that remembers what was forwarded could not be shortened ({}); it stays as it is",
            escape(&why.to_string())
        ),
        ForwardEvent::Left(count) => {
            format!("{} not forwarded to {name}; {left}", deliveries(*count))
        }
        ForwardEvent::LeftUnknown(why) => format!(
            "cannot tell what has not been forwarded to {name} yet ({}); {left}",
            escape(why)
        ),
        #[cfg(feature = "postgres")]
        ForwardEvent::Away(why) => format!(
            "what is to be forwarded cannot be looked up ({}); it is forwarded once the database \
             answers",
            escape(why)
        ),
        #[cfg(feature = "postgres")]
        ForwardEvent::Back => "the database answers again".to_owned(),
        #[cfg(feature = "postgres")]
        ForwardEvent::Elsewhere(count) => format!(
            "{} of this log not forwarded to another address; a receiver with that --forward sends \
             what is left. The whole address counts, its query included",
            deliveries(*count)
        ),
        #[cfg(feature = "postgres")]
        ForwardEvent::Unverifiable => UNVERIFIABLE.to_owned(),
        #[cfg(feature = "postgres")]
        ForwardEvent::Unmarked(count) => format!(
            "cannot record that {} forwarded; another receiver may send that again",
            words::choose(*count as u64, "a delivery was", "some deliveries were"),
        ),
    }
}

#[cfg(feature = "postgres")]
const UNVERIFIABLE: &str = "a delivery that waits to be forwarded cannot be verified any more; it is \
     kept, and the next `listen --forward` tries it again. Give the key used at that time in \
     CREATIVEAI_VERIFY_KEYS";

/// `1 delivery`, `2 deliveries`.
fn deliveries(count: u64) -> String {
    words::counted(count, "delivery", "deliveries")
}
