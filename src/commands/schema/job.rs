//! A job, and what is known of one.

use super::model::Kind::{Any, Count, Flag, Job, List, Number, Object, Open, Text, Words};
use super::model::{Field, Kind, fields};
use crate::jobs::{Look, Status, Verdict};

pub fn statuses() -> Vec<&'static str> {
    Status::ALL.map(Status::as_str).to_vec()
}

fn verdicts() -> Vec<&'static str> {
    Verdict::ALL.map(Verdict::as_str).to_vec()
}

fn looks() -> Vec<&'static str> {
    Look::ALL.map(Look::as_str).to_vec()
}

pub fn ways() -> Vec<&'static str> {
    vec!["poll", "webhook"]
}

/// Whose a job is.
pub const OWNER: &[Field] = fields! {
    maybe "listing_id" Text => "The listing, as the manifest names it.";
    maybe "sku" Text => "The product, as the manifest names it.";
};

/// What the vendor says of how far a clip is.
pub const RENDERING: &[Field] = fields! {
    maybe "phase" Text => "What the vendor does just now.";
    maybe "progress" Number => "The vendor's own measure of progress.";
    maybe "eta_seconds" Number => "Seconds left, as the vendor says.";
};

/// What the vendor says of how a clip has ended.
pub const ENDED: &[Field] = fields! {
    maybe "output_url" Text => "Where the clip is; the address expires.";
    maybe "credits" Number => "Credits charged.";
    maybe "adjusted_credits" Number => "Credits charged after a correction; it goes before `credits`.";
    maybe "failover_used" Flag => "Whether another provider made it.";
    maybe "model_actual" Text => "The model that made it, where that is not the one asked for.";
    maybe "completed_at" Text => "When it ended, by the vendor's clock; RFC 3339.";
};

pub const REQUEST: &[Field] = fields! {
    maybe "request" Open(&[]) => "The request's body, as it was sent.";
};

pub const REFUSAL: &[Field] = fields! {
    maybe "http_status" Count => "The HTTP status of the vendor's reply, where there was one.";
    maybe "temporary" Flag => "Nothing was accepted, and the next run sends again by itself.";
};

pub const DOWNLOADED: &[Field] = fields! {
    always "file" Text => "The clip's file, from the log's folder; in a bucket, its address.";
    maybe "bytes" Count => "Its length.";
    maybe "sha256" Text => "Its SHA-256, in hexadecimal digits.";
};

pub const PUBLISHED: &[Field] = fields! {
    always "target" Text => "Who has the clip, e.g. shopify:SHOP.";
    maybe "reference" Text => "What the target calls it.";
};

pub const RESOLVED: &[Field] = fields! {
    always "verdict" Words(verdicts) => "What a person decided.";
    maybe "by" Text => "Who: a user name.";
};

pub const REVIEWED: &[Field] = fields! {
    always "verdict" Words(looks) => "Whether the clip may go out.";
    maybe "by" Text => "Who: a user name.";
};

/// On facts as `status --json` shows them.
const OF_CLIP: &[Field] = fields! {
    maybe "generation_id" Text => "The vendor's id of the clip.";
    maybe "at" Text => "When it was written down.";
};

/// A job as `status --json` shows it.
const JOB: &[Field] = fields! {
    always "job" Job => "The job's key.";
    always "attempt" Count => "The attempt that speaks for the job, from 1.";
    always "attempts" Count => "How many attempts there were.";
    always "status" Words(statuses) => "Where the job stands.";
    maybe "variant" Any => "Distinguishes clips of one photo.";
    maybe "line" Any => "The line of the manifest on which its row starts.";
    maybe "image_url" Text => "The photo's address, where it was renamed.";
    maybe "generation_id" Text => "The vendor's id.";
    maybe "submitted_at" Text => "When the vendor accepted it; RFC 3339.";
    maybe "credits_estimated" Number => "What the attempt was expected to cost.";
    maybe "via" Words(ways) => "How the newest word of the vendor came.";
    maybe "error" Text => "What went wrong.";
    maybe "downloaded" Object(&[DOWNLOADED, OF_CLIP]) => "The clip on disk, or in a bucket.";
    maybe "published" List(&Object(&[PUBLISHED, OF_CLIP])) => "Who has the clip.";
    maybe "resolved" Object(&[RESOLVED, OF_CLIP]) => "How a person has settled a doubt.";
    maybe "reviewed" Object(&[REVIEWED, OF_CLIP]) => "What a person thinks of the clip.";
    maybe "superseded" Any => "The edited row's job that replaced this one; true where that is not known.";
    maybe "renamed" Object(&[
            OWNER,
            OF_CLIP,
            fields! {
        maybe "image_url" Text => "The photo's new address.";
        maybe "by" Text => "Who: a user name.";
    },
        ]) => "The name it goes by now.";
    maybe "dismissed" Flag => "A person has closed it.";
    maybe "sandbox" Flag => "A rehearsal: nothing was paid.";
    maybe "newer_version" Flag => "A newer version of creativeai wrote of it, in words that this one does not know.";
    maybe "conflict" Words(|| vec!["billed_twice", "two_ends"]) => "One request was given two ids, or a clip was reported both as failed and as completed.";
    maybe "generation_ids" List(&Text) => "The ids of a request that was billed twice.";
};

/// A job; columns that the manifest carries along are further fields.
pub const JOB_OBJECT: Kind = Open(&[JOB, OWNER, REFUSAL, RENDERING, ENDED, REQUEST]);
