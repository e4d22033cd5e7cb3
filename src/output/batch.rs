//! What is reported while a batch is sent: attempts, caps, and a look at its canary.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::{caps, commands::Commands, printer::Printer, sending::Sending, words};
use crate::engine::batch::Event;
use crate::engine::canary::{self, Looked, Seen};
use crate::text::escape;

/// Reports how a batch goes.
pub struct BatchReport<'a> {
    printer: &'a Printer,
    commands: &'a Commands,
    manifest: &'a str,
    sending: RefCell<Option<Sending<'a>>>,
}

impl<'a> BatchReport<'a> {
    /// Of rows of `manifest`.
    pub fn new(printer: &'a Printer, commands: &'a Commands, manifest: &'a str) -> Self {
        Self {
            printer,
            commands,
            manifest,
            sending: RefCell::default(),
        }
    }

    /// Takes an event.
    pub fn report(&self, event: &Event<'_>) {
        match event {
            Event::Begun(most) => {
                let sending = Sending::new(self.printer, *most, self.commands);
                self.sending
                    .replace(Some(sending.of_manifest(self.manifest)));
            }
            Event::Sending(event) => {
                if let Some(sending) = &*self.sending.borrow() {
                    sending.report(event);
                }
            }
            Event::Sent(cap) => {
                if let Some(sending) = self.sending.take() {
                    sending.finish();
                }
                caps::warn(cap, self.printer);
            }
            Event::Canary(event) => self.looked(event),
        }
    }

    fn looked(&self, event: &canary::Event<'_>) {
        match event {
            canary::Event::Seen(seen) => self.seen(seen),
            canary::Event::TooManyFaults(faults, all, rest) => self.printer.warn(format_args!(
                "{faults} of {} not as they should be; {} not ordered. Look at `{}`, correct the \
                 sheet, and run the same command again; without --canary it orders the rest",
                words::count(*all, "canary clip"),
                words::count(*rest, "row"),
                self.commands.on_log("status", ""),
            )),
            canary::Event::Declined(left, by_others) => self.printer.warn(format_args!(
                "{} not ordered{}. Look at the clips that are ready (`{}`); then run the same \
                 command again without --canary to order the rest, or with --yes to go on by itself",
                words::count(*left, "row"),
                match by_others {
                    0 => String::new(),
                    _ => format!(
                        ", and {} ordered by another computer meanwhile",
                        words::count(*by_others, "row")
                    ),
                },
                self.commands.on_log("status", ""),
            )),
            // The question stands on a line that is not finished.
            canary::Event::Unanswered => self.printer.say(""),
        }
    }

    fn seen(&self, seen: &Seen) {
        let name = name(seen);
        match &seen.fault {
            Some(fault) => self
                .printer
                .warn(format_args!("canary {name}: {}", escape(fault))),
            None => self.printer.note(format_args!(
                "canary {name}: plays, and has the length and shape that were asked for"
            )),
        }
    }
}

/// A clip as a person knows it.
fn name(seen: &Seen) -> String {
    let Some(view) = &seen.view else {
        return seen.job.to_string();
    };
    let item = view.id().map(|(_, id)| format!("{} ", escape(id)));
    item.unwrap_or_default() + &escape(&words::clip_name(view))
}

/// What a look at the canary came to, as a field of the summary for programs.
pub fn canary_json(looked: &Looked) -> (String, Value) {
    let seen = looked
        .seen
        .iter()
        .map(|seen| json!({ "job": seen.job, "name": name(seen), "fault": seen.fault }));
    let seen: Vec<Value> = seen.collect();
    let canary = json!({ "clips": seen, "goes_on": looked.goes_on });
    ("canary".to_owned(), canary)
}
