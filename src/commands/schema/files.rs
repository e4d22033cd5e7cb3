//! Lines of files and streams, and files.

use super::Schema;
use super::log_line::LOG;
use super::model::Kind::{
    Count, ExitCode, Flag, List, Number, Object, Open, OrNull, Text, Time, Words,
};
use super::model::{Document, Field, Kind, documents, fields};
use crate::engine::notify::Event;
use crate::output::{self, STARTED, WAITING};

fn events() -> Vec<&'static str> {
    Event::ALL.map(Event::name).to_vec()
}

fn progress_events() -> Vec<&'static str> {
    let ends = output::Event::ALL.map(output::Event::words);
    [STARTED, WAITING].into_iter().chain(ends).collect()
}

const PROGRESS: &[Field] = fields! {
    always "progress" Text => "What is done with the jobs, as in sending.";
    always "event" Words(progress_events) => "What has just happened: a stage has begun, a job came to an end, or everything waits.";
    always "done" Count => "Jobs of the stage that came to an end.";
    always "total" OrNull(&Count) => "All jobs of the stage, if known.";
    always "rendering" Count => "Jobs that are rendered now.";
    always "bytes" Count => "Bytes that have arrived.";
    maybe "seconds" Number => "On waiting: how long.";
    maybe "why" Text => "On waiting: what for.";
};

const CAPTURE: &[Field] = fields! {
    always "v" Count => "The envelope's version: 1.";
    maybe "received_at" Time => "When the delivery came.";
    maybe "method" Text => "The HTTP method.";
    maybe "url" Text => "Path and query.";
    always "headers" Open(&[]) => "The request's headers; one that came more than once has a list.";
    maybe "body" Text => "The body, byte for byte.";
    maybe "body_b64" Text => "The same in base64, where it is not UTF-8.";
};

/// An envelope of a webhook delivery.
pub const CAPTURE_OBJECT: Kind = Object(&[CAPTURE]);

const NOTICE: &[Field] = fields! {
    always "v" Count => "The version: 1.";
    always "event" Words(events) => "What there is to say.";
    always "text" Text => "The same in a sentence.";
    always "exit_code" OrNull(&ExitCode) => "What the round ends with.";
    always "counts" Open(&[]) => "The fields of the round's result, where it has ended: see the schema of run.";
};

const PROOF: &[Field] = fields! {
    always "statement" Text => "The statement on the page.";
    always "rules" List(&Text) => "The rules that it is meant for.";
    always "made_at" Time => "When the page was made.";
    always "clips" List(&Object(&[PROVEN])) => "The clips on the page.";
};

const PROVEN: &[Field] = fields! {
    always "listing" Text => "The listing or product.";
    always "name" Text => "What the clip is called.";
    always "digitally_generated" Flag => "Always true.";
    always "clip" Text => "Where the clip is.";
    always "sha256" OrNull(&Text) => "The clip's SHA-256.";
    always "bytes" OrNull(&Count) => "The clip's length.";
    always "completed_at" OrNull(&Time) => "When it was made.";
    always "content_credentials" OrNull(&Flag) => "Whether the file carries Content Credentials (C2PA); null where it is not at hand.";
    always "original" Object(&[fields! {
        always "address" OrNull(&Text) => "Where the photo is.";
        always "sha256" OrNull(&Text) => "Its SHA-256.";
    }]) => "The photo that it was made from.";
};

/// A file or stream whose documents are of one kind.
macro_rules! file {
    ($name:literal, $kind:expr, $about:literal) => {
        Schema {
            name: $name,
            about: $about,
            documents: documents! { $name $kind => ""; },
            may_fail: false,
        }
    };
}

/// Lines of files and streams, and files.
pub const FILES: &[Schema] = &[
    Schema {
        name: "log-line",
        about: "A line of the job log as this version writes it. Readers must also take lines of \
                other versions and of the vendor's scripts.",
        documents: LOG,
        may_fail: false,
    },
    file!(
        "progress",
        Object(&[PROGRESS]),
        "A line of standard error with --progress json."
    ),
    file!(
        "capture",
        CAPTURE_OBJECT,
        "A line of the file in which listen keeps webhook deliveries."
    ),
    file!(
        "notice",
        Object(&[NOTICE]),
        "What [notify] posts to a webhook in the format json."
    ),
    file!(
        "proof",
        Object(&[PROOF]),
        "The file beside a page of report --public."
    ),
];
