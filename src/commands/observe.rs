//! What is taken in of what the vendor reports, as it is reported.

use crate::clock;
use crate::engine::observe::Observer;
use crate::jobs::{Binding, GenerationId, JobKey};
use crate::journal::Writer;
use crate::output::Printer;
use crate::settings::Settings;
use crate::text::escape;

/// Takes in what the vendor reports.
pub fn observer<'a>(writer: &'a Writer, settings: &Settings) -> Observer<'a> {
    Observer {
        writer,
        clock: &clock::now,
        sandbox: settings.sandbox,
    }
}

/// Reports how an id came to an attempt, where that is worth a line.
pub fn report_binding(
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
