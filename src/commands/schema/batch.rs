//! Results of `submit`, `reconcile` and `retry`.

use super::common::{DOLLARS, code_words};
use super::model::Kind::{Count, Flag, Job, List, Number, Object, OrNull, Text, Words};
use super::model::{Field, fields};

/// What `submit`, `reconcile` and `retry` count of what they did themselves.
pub const DONE: &[Field] = fields! {
    maybe "dry_run" Flag => "Nothing was sent or written.";
    always "submitted" Count => "Attempts that were accepted.";
    always "skipped" Count => "Rows that the log has already.";
    always "duplicates" Count => "Exact duplicates of other rows.";
    always "changed" Count => "Rows held because they were edited.";
    always "renamed" Count => "Rows held: their clip was ordered under another id.";
    always "same_clip" Count => "Rows held: another row has the same clip.";
    always "invalid" Count => "Rows with mistakes.";
    always "left" Count => "Attempts that this run did not come to.";
};

/// The jobs that a command covers, as they stand at its end.
pub const STATES: &[Field] = fields! {
    always "submit_failed" Count => "Jobs that were not accepted.";
    always "unknown" Count => "Jobs that may or may not have been accepted.";
    always "pending" Count => "Jobs in the vendor's queue.";
    always "processing" Count => "Jobs that are rendered.";
    always "completed" Count => "Jobs with a clip.";
    always "failed" Count => "Jobs that failed.";
};

/// What a run of `submit`, `reconcile` or `retry` costs, and why it could not go on.
pub const ENDED: &[Field] = fields! {
    always "credits_estimated" Number => "What this run's orders are expected to cost.";
    always "credits_charged" Number => "What was charged, as far as this run has learned it.";
    maybe "key_ending" OrNull(&Text) => "The last characters of the key that pays.";
    maybe "profile" OrNull(&Text) => "The profile whose key it is.";
    maybe "caps" List(&Object(&[CAP])) => "On a dry run: what is left of each cap.";
    maybe "new" Count => "On a dry run: attempts that would be sent.";
    maybe "error" Text => "Where the run could not go on: what went wrong.";
    maybe "error_code" Words(code_words) => "The same: the exit code as a word.";
    maybe "next" Text => "The same: the next step.";
    maybe "damaged_lines" Count => "Lines of the log that are not whole.";
};

const CAP: &[Field] = fields! {
    always "cap" Text => "The cap's name.";
    always "credits" Number => "The most that may be charged or reserved.";
    always "committed" Number => "What is.";
    always "wanted" Number => "What this run would add.";
};

pub const OF_SHEET: &[Field] = fields! {
    maybe "invalid_rows" List(&Object(&[INVALID])) => "Mistakes of rows.";
    maybe "held" List(&Object(&[HELD])) => "Rows that wait for a person.";
    maybe "left_out" Count => "Rows that --where left out.";
    maybe "dollars" DOLLARS => "On a dry run: what it would cost.";
    maybe "per_id" List(&Object(&[SHARE])) => "On a dry run: what each listing or product would cost.";
    maybe "canary" Object(&[fields! {
        always "clips" List(&Object(&[SEEN])) => "The clips that were ordered first.";
        always "goes_on" Flag => "Whether the rest was ordered.";
    }]) => "What --canary saw.";
};

const INVALID: &[Field] = fields! {
    always "manifest" Text => "The manifest.";
    always "line" Count => "The line on which the row starts.";
    always "column" OrNull(&Text) => "The column's header.";
    always "column_number" OrNull(&Count) => "The column's number, from 1.";
    always "cell" OrNull(&Text) => "The cell, as a spreadsheet names it.";
    always "reason" Text => "What is wrong.";
    always "help" OrNull(&Text) => "What to do.";
};

const HELD: &[Field] = fields! {
    always "manifest" Text => "The manifest.";
    always "line" Count => "The line on which the row starts.";
    always "id" Text => "The row's listing or product.";
    always "reason" Words(|| vec!["changed", "renamed", "same_clip"]) => "Why it waits.";
    always "job" OrNull(&Job) => "The job that it resembles.";
    always "job_id" OrNull(&Text) => "That job's listing or product.";
    maybe "other_line" Count => "The line of the row that asks for the same clip and is not held.";
    maybe "cause" Text => "What may have changed the cell.";
    maybe "differs" List(&Text) => "The columns in which a changed row differs from that job.";
};

const SHARE: &[Field] = fields! {
    maybe "listing_id" Text => "The listing.";
    maybe "sku" Text => "The product.";
    always "new" Count => "Clips.";
    always "credits_estimated" Number => "What they are expected to cost.";
    always "dollars" DOLLARS => "The same in dollars.";
};

const SEEN: &[Field] = fields! {
    always "job" Job => "The job.";
    always "name" Text => "The clip as a person knows it.";
    always "fault" OrNull(&Text) => "Why it is not as it should be.";
};

pub const REPLAYED: &[Field] = fields! {
    maybe "applied" Count => "Captures that taught the log something.";
    maybe "known" Count => "Captures of what the log knew.";
    maybe "rejected" Count => "Captures whose signature is wrong.";
    maybe "unverifiable" Count => "Captures that prove nothing.";
    maybe "unknown_id" Count => "Captures of jobs that the log does not have.";
    maybe "unreadable" Count => "Captures that say nothing.";
    maybe "confirmed" Count => "Jobs that --confirm has settled.";
};

pub const RETRIED: &[Field] = fields! {
    maybe "jobs" List(&Object(&[fields! {
        always "job" Job => "The job.";
        always "attempt" Count => "The attempt's number.";
        always "credits_estimated" Number => "What it is expected to cost.";
    }])) => "On a dry run: what would be sent.";
};
