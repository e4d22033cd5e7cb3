//! What is reported while a batch is sent: attempts, caps, and a look at its canary; and what a dry run says of caps.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::commands::Commands;
use super::printer::Printer;
use super::sending::Sending;
use super::words;
use crate::engine::batch::BatchEvent;
use crate::engine::canary::{self, CheckResult, CheckedClip};
use crate::engine::cap::{Caps, Limit};
use crate::jobs::{Credits, JobView};
use crate::text::escape;

/// The name of the cap that is typed.
pub const TYPED: &str = "--max-credits";

/// Says which caps have kept something back.
pub fn warn_of_cap(cap: &Caps<'_>, printer: &Printer) {
    for limit in cap.reached() {
        if limit.name == TYPED {
            printer.warn(
                "the next clip would exceed --max-credits, which counts everything charged and \
                 reserved in the log; raise it to send the rest",
            );
        } else {
            printer.warn(format_args!(
                "the next clip would exceed the cap of {}: {} are charged or reserved; raise it, \
                 or wait for the next period, to send the rest",
                escape(&limit.name),
                words::credits(limit.committed())
            ));
        }
    }
}

/// What is said of credits that a cap does not admit.
pub const BEYOND: &str = "over the cap, and not sent";

/// What a dry run says of the caps: for people, a line each, and for programs.
pub fn preview_of_caps(
    limits: &[Limit<'_>],
    wanted: impl Iterator<Item = (Option<JobView>, Credits)>,
) -> Vec<(String, Value)> {
    let mut totals = vec![Credits::ZERO; limits.len()];
    for (job, credits) in wanted {
        for (limit, total) in limits.iter().zip(&mut totals) {
            if limit.counts(job.as_ref()) {
                *total += credits;
            }
        }
    }
    let lines = limits.iter().zip(totals).map(|(limit, wanted)| {
        let beyond = (limit.committed + wanted).beyond(limit.most);
        let end = match beyond {
            Credits::ZERO => "within it".to_owned(),
            beyond => format!("{beyond} {BEYOND}"),
        };
        let name = match limit.name.as_str() {
            TYPED => format!("{TYPED} {}", limit.most),
            name => format!("cap of {}", escape(name)),
        };
        let text = format!(
            "{name}: {} charged or reserved, {wanted} more wanted: {end}",
            limit.committed
        );
        let value = json!({
            "cap": limit.name,
            "credits": limit.most,
            "committed": limit.committed,
            "wanted": wanted,
        });
        (text, value)
    });
    lines.collect()
}

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
    pub fn report(&self, event: &BatchEvent<'_>) {
        match event {
            BatchEvent::Begun(most) => {
                let sending = Sending::new(self.printer, *most, self.commands);
                self.sending
                    .replace(Some(sending.of_manifest(self.manifest)));
            }
            BatchEvent::Sending(event) => {
                if let Some(sending) = &*self.sending.borrow() {
                    sending.report(event);
                }
            }
            BatchEvent::Sent(cap) => {
                if let Some(sending) = self.sending.take() {
                    sending.finish();
                }
                warn_of_cap(cap, self.printer);
            }
            BatchEvent::Canary(event) => self.looked(event),
        }
    }

    fn looked(&self, event: &canary::CanaryEvent<'_>) {
        match event {
            canary::CanaryEvent::Seen(seen) => self.seen(seen),
            canary::CanaryEvent::TooManyFaults(faults, all, rest) => self.printer.warn(format_args!(
                "{faults} of {} not as they should be; {} not ordered. Look at `{}`, correct the \
                 sheet, and run the same command again; without --canary it orders the rest",
                words::count(*all, "canary clip"),
                words::count(*rest, "row"),
                self.commands.on_log("status", ""),
            )),
            canary::CanaryEvent::Declined(left, by_others) => self.printer.warn(format_args!(
                "{} not ordered{}. Look at the clips that are ready (`{}`); then run the same \
                 command again without --canary to order the rest, or with --yes to continue without a question",
                words::count(*left, "row"),
                match by_others {
                    0 => String::new(),
                    _ => format!(
                        ", and {} already ordered by another computer",
                        words::count(*by_others, "row")
                    ),
                },
                self.commands.on_log("status", ""),
            )),
            // The question stands on a line that is not finished.
            canary::CanaryEvent::Unanswered => self.printer.say(""),
        }
    }

    fn seen(&self, seen: &CheckedClip) {
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
fn name(seen: &CheckedClip) -> String {
    let Some(view) = &seen.view else {
        return seen.job.to_string();
    };
    let item = view.id().map(|(_, id)| format!("{} ", escape(id)));
    item.unwrap_or_default() + &escape(&words::clip_name(view))
}

/// What a look at the canary came to, as a field of the summary for programs.
pub fn canary_json(looked: &CheckResult) -> (String, Value) {
    let seen = looked
        .seen
        .iter()
        .map(|seen| json!({ "job": seen.job, "name": name(seen), "fault": seen.fault }));
    let seen: Vec<Value> = seen.collect();
    let canary = json!({ "clips": seen, "goes_on": looked.goes_on });
    ("canary".to_owned(), canary)
}
