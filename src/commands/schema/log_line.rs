//! Lines of the job log.

use super::job::{
    DOWNLOADED, ENDED, OWNER, PUBLISHED, REFUSAL, RENDERING, REQUEST, RESOLVED, REVIEWED, ways,
};
use super::model::Kind::{Any, Count, Flag, Job, Number, Object, Open, Text, Time, Word, Words};
use super::model::{Document, Field, always, fields, maybe};

const HEAD: &[Field] = fields! {
    always "at" Time => "When the line was written, in UTC.";
    maybe "sandbox" Flag => "A rehearsal: nothing was paid.";
};

const ATTEMPT: &[Field] = fields! {
    maybe "job" Job => "The job's key; missing only where a damaged line names nothing but a listing or SKU.";
    maybe "attempt" Count => "The attempt's number, from 1.";
};

const GENERATION: &[Field] = fields! {
    maybe "generation_id" Text => "The vendor's id of the clip.";
};

const VARIANT: Field = maybe("variant", Any, "Distinguishes clips of one photo.");

const ORDER: &[Field] = &[
    VARIANT,
    maybe(
        "line",
        Count,
        "The line of the manifest on which the row starts.",
    ),
    always(
        "credits_estimated",
        Number,
        "What the attempt is expected to cost.",
    ),
    always("request", Open(&[]), "The request's body, as it is sent."),
];

const SEEN: &[Field] = fields! {
    always "generation_id" Text => "The vendor's id.";
    maybe "submitted_at" Time => "When the vendor accepted the order.";
    maybe "via" Words(ways) => "How the word came; missing on the reply to an order.";
};

const ERROR: Field = maybe("error", Text, "What went wrong.");

const DAMAGED: &[Field] = fields! {
    always "status" Word("damaged") => "A fact.";
    always "damaged_line" Text => "The line's digest.";
    maybe "damaged_text" Text => "What stands there.";
    maybe "damaged_text_b64" Text => "The same, where it is not text.";
};

/// Lines of an attempt: a name, the object, what `status` is and says, and what follows whose it is.
macro_rules! lines {
    ($($name:literal $object:ident $status:expr, $says:literal, [$($more:expr),*] => $about:literal;)* and $last:expr) => {
        &[$(Document {
            name: $name,
            about: $about,
            kind: $object(&[HEAD, ATTEMPT, &[always("status", $status, $says)], OWNER, $($more),*]),
        },)* $last]
    };
}

pub const LOG: &[Document] = lines! {
    "submitting" Open Word("submitting"), "An attempt begins.", [ORDER]
        => "The request is about to be sent. Columns that the manifest carries along are further fields.";
    "not_accepted" Object Words(|| vec!["unknown", "submit_failed"]), "Whether it may have been accepted.",
        [&[always("error", Text, "What the vendor or the network said."), VARIANT], REFUSAL, REQUEST]
        => "No acceptance is known. `unknown` may have been accepted and billed; `submit_failed` was not.";
    "rendering" Object Words(|| vec!["pending", "processing"]), "Whether it waits or is rendered.", [SEEN, RENDERING]
        => "The vendor has accepted the order.";
    "ended" Object Words(|| vec!["failed", "completed"]), "How rendering has ended.", [SEEN, ENDED, &[ERROR]]
        => "The vendor has made the clip, or could not.";
    "publishing" Object Words(|| vec!["failed", "completed"]), "How rendering has ended.",
        [GENERATION, &[always("step", Text, "The step that is done.")], PUBLISHED, &[ERROR]]
        => "How far a publication has come. It changes no state.";
    "downloaded" Object Word("downloaded"), "A fact.", [GENERATION, DOWNLOADED]
        => "The clip is on disk, or in a bucket.";
    "published" Object Word("published"), "A fact.", [GENERATION, PUBLISHED]
        => "A target has the clip.";
    "resolved" Object Word("resolved"), "A fact.", [GENERATION, RESOLVED]
        => "A person has settled a doubt, or closed the job.";
    "superseded" Object Word("superseded"), "A fact.", [&[always("by_job", Job, "The edited row's job; the job itself where its row was set back to it.")]]
        => "An edited row has replaced the job.";
    "renamed" Object Word("renamed"), "A fact.",
        [&[maybe("image_url", Text, "The photo's new address."), always("by", Text, "Who: a user name.")]]
        => "The job's listing, SKU or photo goes by another name.";
    "reviewed" Object Word("reviewed"), "A fact.", [GENERATION, REVIEWED]
        => "A person has looked at the clip.";
    and Document {
        name: "damaged",
        about: "A person has accepted that a line is damaged.",
        kind: Object(&[HEAD, DAMAGED]),
    }
};
