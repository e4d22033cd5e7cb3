//! What is reported of captures that are taken in.

use super::{printer::Printer, summary::Replayed, words};
use crate::engine::ingest::Applied;
use crate::engine::replay::{CaptureLocation, ReplayEvent};
use crate::jobs::{Binding, GenerationId, JobKey};
use crate::journal::Writer;
use crate::text::escape;

/// Captures of each verification that are reported one by one without `-v`.
const MAX_LISTED: u64 = 20;

/// Reports and counts what becomes of captures.
pub struct ReplayReport<'a> {
    writer: &'a Writer,
    printer: &'a Printer,
    counts: Replayed,
    other_traffic: u64,
}

impl<'a> ReplayReport<'a> {
    /// For captures that go into this log.
    pub fn new(writer: &'a Writer, printer: &'a Printer) -> Self {
        Self {
            writer,
            printer,
            counts: Replayed::default(),
            other_traffic: 0,
        }
    }

    /// Takes an event.
    pub fn report(&mut self, place: CaptureLocation<'_>, event: &ReplayEvent<'_>) {
        let counts = &mut self.counts;
        let (count, what, why) = match event {
            ReplayEvent::Taken(
                id,
                Applied::New {
                    job,
                    attempt,
                    binding,
                },
            ) => {
                counts.applied += 1;
                report_binding(binding, (*job, *attempt), id, self.writer, self.printer);
                return;
            }
            ReplayEvent::Taken(_, Applied::Known) => {
                counts.known += 1;
                return;
            }
            ReplayEvent::UnknownWord(id, word) => {
                counts.known += 1;
                self.printer.warn(format_args!(
                    "{}: {id} is said to be {:?}, an unknown status; ignored",
                    name(place),
                    escape(word)
                ));
                return;
            }
            ReplayEvent::NotAWebhook => {
                self.other_traffic += 1;
                return;
            }
            ReplayEvent::Taken(id, Applied::UnknownId(why)) => {
                (&mut counts.unknown_id, "unknown id", format!("{id}: {why}"))
            }
            ReplayEvent::Rejected(why) => (&mut counts.rejected, "rejected", (*why).to_owned()),
            ReplayEvent::Unverifiable(why) => {
                (&mut counts.unverifiable, "unverifiable", (*why).to_owned())
            }
            ReplayEvent::Unreadable(why) => {
                (&mut counts.unreadable, "unreadable", (*why).to_owned())
            }
        };
        *count += 1;
        let text = format!("{}: {what}: {}", name(place), escape(&why));
        if *count <= MAX_LISTED {
            self.printer.warn(text);
        } else {
            self.printer.detail(text);
        }
    }

    /// Reports what is left to say.
    pub fn finish(self) -> Replayed {
        let counts = self.counts;
        for (n, what) in [
            (counts.rejected, "rejected"),
            (counts.unverifiable, "unverifiable"),
            (counts.unknown_id, "of unknown id"),
            (counts.unreadable, "unreadable"),
        ] {
            if n > MAX_LISTED {
                self.printer.note(format_args!(
                    "and {} more {what}; -v lists them",
                    n - MAX_LISTED
                ));
            }
        }
        if self.other_traffic > 0 {
            self.printer.detail(format_args!(
                "{} skipped: not a delivery of a webhook",
                words::counted(self.other_traffic, "other entry", "other entries")
            ));
        }
        if counts == Replayed::default() && self.other_traffic == 0 {
            self.printer
                .note("no capture was found, so nothing was read");
        }
        if counts.rejected > 0 && counts.applied + counts.known == 0 {
            self.printer.warn(
                "every signed capture was rejected. If the API key was changed since, give the old \
                 one in CREATIVEAI_VERIFY_KEYS and replay again; nothing was changed",
            );
        }
        counts
    }
}

/// Says that so many jobs, with captures that prove nothing, may be asked about.
pub fn report_unconfirmed(count: u64, printer: &Printer) {
    if count > 0 {
        printer.note(format_args!(
            "add --confirm to ask the vendor about {} with captures that prove nothing",
            words::count(count, "unfinished clip"),
        ));
    }
}

/// Says how many of them have ended.
pub fn report_confirmed(asked: u64, ended: u64, printer: &Printer) {
    printer.note(format_args!(
        "asked the vendor about {} with captures that prove nothing: {} ended",
        words::count(asked, "unfinished clip"),
        words::number(ended),
    ));
}

fn name(place: CaptureLocation<'_>) -> String {
    format!(
        "{}:{}",
        escape(&place.file.display().to_string()),
        place.entry
    )
}

/// Reports how an id came to an attempt, where that is worth a line.
pub(super) fn report_binding(
    binding: &Binding,
    (job, attempt): (JobKey, u32),
    id: &GenerationId,
    writer: &Writer,
    printer: &Printer,
) {
    let item = || {
        let view = writer.view(job).ok().flatten();
        let item = view.as_ref().and_then(|view| view.id());
        item.map_or_else(String::new, |(_, id)| format!("{}: ", escape(id)))
    };
    match binding {
        Binding::Known => {}
        Binding::Adopted => printer.note(format_args!(
            "{}job {job}, attempt {attempt}: no reply had said that it was accepted; a signed \
             capture shows that it was, as {id}",
            item()
        )),
        Binding::BilledTwice { others } => printer.warn(format_args!(
            "{}job {job}, attempt {attempt} was billed twice: it is {} and {id}. Both are kept; \
             ask the vendor to refund one",
            item(),
            others.join(", ")
        )),
    }
}
