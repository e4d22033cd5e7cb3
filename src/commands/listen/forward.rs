//! `listen --forward`: where deliveries go, and what is reported of that.

use url::Url;

use crate::commands::inputs::shown;
use crate::engine::forward::{Event, Target};
use crate::exit::Failure;
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::text::escape;

/// What becomes of deliveries of a capture file that are left at the end.
pub const LEFT_IN_FILE: &str =
    "the next `creativeai listen --forward` with this capture file sends what is left";
/// The same where the log is in a database.
#[cfg(feature = "postgres")]
pub const LEFT_IN_DATABASE: &str =
    "another receiver of this log with the same --forward sends what is left, or the next one";

/// Prepares requests to `address`, and says where deliveries go.
pub fn target(address: &Url, settings: &Settings, printer: &Printer) -> Result<Target, Failure> {
    let network = &settings.network;
    let (connecting, asking) = (network.connect_timeout, network.request_timeout);
    let target = Target::new(address, shown(address.as_str()), connecting, asking)
        .map_err(|error| Failure::config(error.to_string()))?;
    printer.note(format_args!(
        "verified deliveries are forwarded to {}",
        escape(&target.name)
    ));
    Ok(target)
}

/// Reports what happens to deliveries on their way to `name`; `left` is what becomes of those that are
/// left at the end.
pub fn report(event: &Event<'_>, name: &str, left: &str, printer: &Printer) {
    let name = escape(name);
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
pub fn deliveries(count: u64) -> String {
    let noun = if count == 1 { "delivery" } else { "deliveries" };
    format!("{} {noun}", words::number(count))
}
