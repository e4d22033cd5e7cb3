//! What is reported of deliveries that are forwarded to another address.

use super::{Printer, words};
use crate::engine::forward::Event;
use crate::text::escape;

/// Reports what happens to deliveries on their way to `name`, from a capture file or from the database of
/// a log.
pub fn report_forward(event: &Event<'_>, name: &str, in_database: bool, printer: &Printer) {
    let name = escape(name);
    let left = if in_database {
        "another receiver of this log with the same --forward sends what is left, or the next one"
    } else {
        "the next `creativeai listen --forward` with this capture file sends what is left"
    };
    match event {
        Event::Taken(one) => printer.detail(format_args!("{}: forwarded", escape(&one.id))),
        Event::Refused(one, why) => printer.warn(format_args!(
            "{name} does not take the delivery of {} ({}); it is kept, and the next `listen \
             --forward` sends it again",
            escape(&one.id),
            escape(why)
        )),
        Event::Down(why) => printer.warn(format_args!(
            "{name} takes no deliveries ({}); they are kept, and sent when it does",
            escape(why)
        )),
        Event::Up => printer.note(format_args!("{name} takes deliveries again")),
        Event::Earlier(count) => printer.note(format_args!(
            "{} captured earlier: only new ones are forwarded",
            deliveries(*count)
        )),
        Event::Unnoted(why) => printer.warn(format_args!(
            "it cannot be noted what was forwarded ({}); the next run may send it again",
            escape(&why.to_string())
        )),
        Event::NotShortened(why) => printer.warn(format_args!(
            "the file that remembers what was forwarded could not be shortened ({}); it stays as it is",
            escape(&why.to_string())
        )),
        #[cfg(feature = "postgres")]
        Event::Away(why) => printer.warn(format_args!(
            "what is to be forwarded cannot be looked up ({}); it is forwarded once the database \
             answers",
            escape(why)
        )),
        #[cfg(feature = "postgres")]
        Event::Back => printer.note("the database answers again"),
        #[cfg(feature = "postgres")]
        Event::Elsewhere(count) => printer.warn(format_args!(
            "{} of this log not forwarded to another address; a receiver with that --forward sends \
             what is left. The whole address counts, its query included",
            deliveries(*count)
        )),
        #[cfg(feature = "postgres")]
        Event::Unverifiable => printer.warn(
            "a delivery that waits to be forwarded cannot be verified any more; it is kept, and the \
             next `listen --forward` tries it again. Give the key of that time in \
             CREATIVEAI_VERIFY_KEYS",
        ),
        #[cfg(feature = "postgres")]
        Event::Unmarked(count) => printer.warn(format_args!(
            "it cannot be noted that {} forwarded; another receiver may send that again",
            if *count == 1 {
                "a delivery was"
            } else {
                "some deliveries were"
            },
        )),
        Event::Left(count) => printer.warn(format_args!(
            "{} not forwarded to {name}; {left}",
            deliveries(*count)
        )),
        Event::LeftUnknown(why) => printer.warn(format_args!(
            "it is not known what is not forwarded to {name} yet ({}); {left}",
            escape(why)
        )),
    }
}

/// `1 delivery`, `2 deliveries`.
fn deliveries(count: u64) -> String {
    let noun = if count == 1 { "delivery" } else { "deliveries" };
    format!("{} {noun}", words::number(count))
}
