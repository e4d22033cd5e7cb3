//! Results of `status`.

use super::common::DOLLARS;
use super::job::{JOB_OBJECT, statuses};
use super::model::Kind::{Count, Flag, Job, List, Number, Object, OrNull, Text, Time, Words};
use super::model::{Document, Field, documents, fields};

const TALLY: &[Field] = fields! {
    always "jobs" Count => "All jobs.";
    always "pending" Count => "In the vendor's queue.";
    always "processing" Count => "Being rendered.";
    always "completed" Count => "With a clip.";
    always "failed" Count => "Failed.";
    always "unknown" Count => "May or may not have been accepted.";
    always "submit_failed" Count => "Not accepted.";
    always "superseded" Count => "Replaced by an edited row.";
    always "dismissed" Count => "Closed by a person.";
    maybe "being_sent" Count => "Being sent by another computer.";
    always "downloaded" Count => "With a clip on disk, or in a bucket.";
    always "published" Count => "With a clip that a target has.";
    always "kept" Count => "With a clip that a person kept.";
    always "rejected" Count => "With a clip that a person rejected.";
    always "billed_twice" Count => "With one request that was given two ids.";
    always "credits_charged" Number => "What was charged.";
    always "credits_reserved" Number => "At stake for clips under way or in doubt.";
    always "credits_refunded" Number => "What failed attempts would have cost.";
    always "credits_estimated" Number => "What was expected.";
    always "dollars" DOLLARS => "What was charged and reserved.";
    always "unreadable_lines" Count => "Lines of the log that say nothing.";
};

const SPENT: &[Field] = fields! {
    always "ordered" Number => "Credits ordered.";
    always "charged" Number => "Of those, charged.";
    always "refunded" Number => "Given back for clips that failed.";
    always "rendering" Number => "For clips under way.";
    always "in_doubt" Number => "For orders without a clear answer.";
    always "attempts" Count => "Orders.";
};

const MONEY: &[Field] = fields! {
    always "by" OrNull(&Text) => "The column that makes the groups.";
    always "since" OrNull(&Time) => "From when on.";
    always "groups" List(&Object(&[
            SPENT,
            fields! {
        always "group" Text => "The column's value.";
    },
        ])) => "A group for each value of the column.";
    always "total" Object(&[SPENT]) => "All of them.";
};

const COPY: &[Field] = fields! {
    always "listing" Text => "The listing or product.";
    always "clip" Text => "What the clip is called.";
    always "job" Job => "The job.";
    always "status" Words(statuses) => "Where it stands.";
    always "copy" Text => "The same in the words for these people.";
};

const AT_WORK: &[Field] = fields! {
    always "host" Text => "The computer.";
    always "process" Count => "Its process.";
    always "command" Text => "What it runs.";
    always "started_at" Text => "Since when.";
    always "seen_at" Text => "When it was last heard of.";
    always "alive" Flag => "Whether it is still at work.";
};

pub const STATUS: &[Document] = documents! {
    "jobs" List(&JOB_OBJECT) => "status, also with --id and filters.";
    "copy" List(&Object(&[COPY])) => "status --audience";
    "summary" Object(&[TALLY]) => "status --summary";
    "money" Object(&[MONEY]) => "status --money";
    "runs" List(&Object(&[AT_WORK])) => "status --runs";
};
