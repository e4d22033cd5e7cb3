//! Lines of the job log.

use super::job::{
    DOWNLOADED, ENDED, OWNER, PUBLISHED, REFUSAL, RENDERING, REQUEST, RESOLVED, REVIEWED, ways,
};
use super::model::Kind::{Any, Count, Flag, Job, Number, Object, Open, Text, Time, Word, Words};
use super::model::{Document, Field, fields};

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

const SEEN: &[Field] = fields! {
    always "generation_id" Text => "The vendor's id.";
    maybe "submitted_at" Time => "When the vendor accepted the order.";
    maybe "via" Words(ways) => "How the word came; missing on the reply to an order.";
};

const ERROR: &[Field] = fields! {
    maybe "error" Text => "What went wrong.";
};

pub const LOG: &[Document] = &[
    Document {
        name: "submitting",
        about: "The request is about to be sent. Columns that the manifest carries along are further fields.",
        kind: Open(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Word("submitting") => "An attempt begins.";
            },
            OWNER,
            fields! {
                maybe "variant" Any => "Distinguishes clips of one photo.";
                maybe "line" Count => "The line of the manifest on which the row starts.";
                always "credits_estimated" Number => "What the attempt is expected to cost.";
                always "request" Open(&[]) => "The request's body, as it is sent.";
            },
        ]),
    },
    Document {
        name: "not_accepted",
        about: "No acceptance is known. `unknown` may have been accepted and billed; `submit_failed` was not.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Words(|| vec!["unknown", "submit_failed"]) => "Whether it may have been accepted.";
            },
            OWNER,
            fields! {
                always "error" Text => "What the vendor or the network said.";
                maybe "variant" Any => "Distinguishes clips of one photo.";
            },
            REFUSAL,
            REQUEST,
        ]),
    },
    Document {
        name: "rendering",
        about: "The vendor has accepted the order.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Words(|| vec!["pending", "processing"]) => "Whether it waits or is rendered.";
            },
            OWNER,
            SEEN,
            RENDERING,
        ]),
    },
    Document {
        name: "ended",
        about: "The vendor has made the clip, or could not.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Words(|| vec!["failed", "completed"]) => "How rendering has ended.";
            },
            OWNER,
            SEEN,
            ENDED,
            ERROR,
        ]),
    },
    Document {
        name: "publishing",
        about: "How far a publication has come. It changes no state.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Word("completed") => "The clip is ready.";
            },
            OWNER,
            GENERATION,
            fields! {
                always "step" Text => "The step that is done.";
            },
            PUBLISHED,
            ERROR,
        ]),
    },
    Document {
        name: "downloaded",
        about: "The clip is on disk, or in a bucket.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Word("downloaded") => "A fact.";
            },
            OWNER,
            GENERATION,
            DOWNLOADED,
        ]),
    },
    Document {
        name: "published",
        about: "A target has the clip.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Word("published") => "A fact.";
            },
            OWNER,
            GENERATION,
            PUBLISHED,
        ]),
    },
    Document {
        name: "resolved",
        about: "A person has settled a doubt, or closed the job.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Word("resolved") => "A fact.";
            },
            OWNER,
            GENERATION,
            RESOLVED,
        ]),
    },
    Document {
        name: "superseded",
        about: "An edited row has replaced the job.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Word("superseded") => "A fact.";
                always "by_job" Job => "The edited row's job.";
            },
            OWNER,
        ]),
    },
    Document {
        name: "renamed",
        about: "The job's listing, SKU or photo goes by another name.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Word("renamed") => "A fact.";
                maybe "image_url" Text => "The photo's new address.";
                always "by" Text => "Who: a user name.";
            },
            OWNER,
        ]),
    },
    Document {
        name: "reviewed",
        about: "A person has looked at the clip.",
        kind: Object(&[
            HEAD,
            ATTEMPT,
            fields! {
                always "status" Word("reviewed") => "A fact.";
            },
            OWNER,
            GENERATION,
            REVIEWED,
        ]),
    },
    Document {
        name: "damaged",
        about: "A person has accepted that a line is damaged.",
        kind: Object(&[
            HEAD,
            fields! {
                always "status" Word("damaged") => "A fact.";
                always "damaged_line" Text => "The line's digest.";
                maybe "damaged_text" Text => "What stands there.";
                maybe "damaged_text_b64" Text => "The same, where it is not text.";
            },
        ]),
    },
];
