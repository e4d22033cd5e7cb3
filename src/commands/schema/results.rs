//! What each command prints with `--json`.

use super::Schema;
use super::batch::{DONE, ENDED, OF_SHEET, REPLAYED, RETRIED, STATES};
use super::common::{EXIT_CODE, TEXT, of};
use super::job::JOB_OBJECT;
use super::log::LOG;
use super::model::Kind::{Any, Count, Flag, Job, List, Number, Object, OrNull, Text, Words};
use super::model::{Document, Field, Kind, documents, fields};
use super::status::STATUS;
use crate::engine::round::Step;

fn steps() -> Vec<&'static str> {
    Step::ALL.map(Step::name).to_vec()
}

const ROUND: &[Field] = fields! {
    always "steps" List(&Words(steps)) => "The steps of the round.";
    always "submitted" Count => "Clips that submit ordered.";
    always "retried" Count => "Clips that retry ordered.";
    always "downloaded" Count => "Clips that download fetched.";
    always "published" Count => "Clips that publish published.";
};

const ROUND_END: &[Field] = fields! {
    always "given_up" List(&Job) => "Jobs that are not ordered again by themselves: after as many attempts as a job gets, or since no row of the sheets asks for them.";
    always "newly_given_up" Count => "Those of them that the last round did not report.";
    always "unfinished_rounds" Count => "Rounds in a row that were not finished.";
    always "credits_charged" Number => "What this round was charged.";
};

const FETCHED: &[Field] = fields! {
    always "dir" Text => "The folder, or the bucket's address.";
    always "downloaded" Count => "Clips that were fetched.";
    always "bytes" Count => "Their length.";
    always "already" Count => "Clips that were there.";
    always "changed" List(&Text) => "Files of those that were changed since they were fetched, and kept.";
    always "waiting" Count => "Clips that wait for the rest of a listing or product.";
    always "failed" Count => "Clips that could not be fetched.";
    always "left_to_others" Count => "Clips that another computer works on.";
};

const CHECKED: &[Field] = fields! {
    always "check" Flag => "Always true.";
    always "whole" Count => "Clips that are as they were fetched.";
    always "bytes" Count => "Their length.";
    always "problems" List(&Object(&[fields! {
        always "job" Job => "The job.";
        always "id" Text => "Its listing or product.";
        always "file" OrNull(&Text) => "The file.";
        always "problem" Words(|| {
                    vec![
                        "not_downloaded",
                        "missing",
                        "altered",
                        "in_bucket",
                        "elsewhere",
                        "unproven",
                        "unreadable",
                    ]
                }) => "What is wrong.";
        always "next" OrNull(&Text) => "What to do.";
    }])) => "Clips that are not.";
};

const PUBLISHED: &[Field] = fields! {
    always "dry_run" Flag => "Nothing was published.";
    always "shop" OrNull(&Text) => "The shop.";
    always "published" Count => "Clips that were published, or would be.";
    always "unmarked" Count => "Those of them that the log does not have as published, since it could not be written.";
    always "already" Count => "Clips that were published before.";
    always "waiting" Count => "Clips that wait for the rest of a listing or product.";
    always "failed" Count => "Clips that could not be published.";
    always "left_to_others" Count => "Clips that another computer works on.";
    always "withdrawn" Count => "Clips that were rejected, dismissed or replaced meanwhile.";
    always "rejected" Count => "Clips held because a person rejected them.";
    always "not_looked_at" Count => "Clips held because no person has kept them.";
    always "would" List(&Text) => "On a dry run: what would be done.";
};

const KEPT_DELIVERIES: &[Field] = fields! {
    always "kept" Count => "Deliveries that were kept.";
    always "unsigned" Count => "Those of them without a signature.";
    always "failed" Count => "Deliveries that could not be kept.";
    always "refused" Count => "Requests that were refused.";
    always "forwarded" Count => "Deliveries that --forward passed on.";
    always "not_forwarded" Count => "Deliveries that --forward could not pass on.";
    always "exec_ok" Count => "Runs of the command of --exec that went well.";
    always "exec_failed" Count => "Runs of it that failed.";
    always "exec_left" Count => "Clips that have ended and that it did not run for.";
};

const COMPACTED: &[Field] = fields! {
    always "jobs" Count => "Jobs in the log.";
    always "lines_before" Count => "Lines before.";
    always "lines_after" Count => "Lines after.";
    always "bytes_before" Count => "Length before.";
    always "bytes_after" Count => "Length after.";
    always "unreadable" Count => "Lines that were left out.";
    always "kept" OrNull(&Text) => "Where the old log is, with --keep.";
};

const FINDINGS: &[Field] = fields! {
    always "checks" List(&Object(&[fields! {
        always "check" Text => "What was looked at.";
        always "ok" Flag => "Whether it is well.";
        always "text" Text => "What was found.";
    }])) => "What was looked at.";
    always "problems" Count => "How many of them are not well.";
};

const WRITTEN: Kind = OrNull(&Object(&[fields! {
    always "file" Text => "The file.";
    always "written" Flag => "False where it was there, and was left alone.";
}]));

const SETTING: &[Field] = fields! {
    always "name" Text => "The setting.";
    always "value" OrNull(&Text) => "Its value; null where there is none.";
    always "origin" Words(|| vec!["flag", "environment", "file", "default"]) => "Where it comes from.";
    maybe "option" Text => "The option that was typed.";
    maybe "variable" Text => "The environment variable.";
    maybe "file" Text => "The settings file.";
    maybe "line" OrNull(&Count) => "The line in it.";
};

const RENAMED: &[Field] = fields! {
    always "renamed" List(&Object(&[fields! {
        always "job" Job => "The job.";
        always "old" Any => "The name it had.";
        always "new" Any => "The name it has now.";
    }])) => "Jobs that go by another name.";
};

const PAGE: &[Field] = fields! {
    always "file" Text => "The page.";
    always "jobs" Count => "Jobs on it.";
    maybe "files" OrNull(&Count) => "Clips and photos beside it, with --bundle.";
    maybe "proof" OrNull(&Text) => "The file of proofs beside it, with --public.";
};

const REVIEWED: &[Field] = fields! {
    always "kept" Count => "Clips kept.";
    always "rejected" Count => "Clips rejected.";
    maybe "ordered" Count => "Clips ordered again.";
    maybe "empty" Count => "Rows of --import without a verdict.";
    maybe "changed" Count => "Verdicts that were new.";
};

const ACCEPTED: &[Field] = fields! {
    always "accepted" Count => "Orders that it had accepted.";
};

const INIT: &[Field] = fields! {
    always "settings" WRITTEN => "The settings file.";
    always "key" WRITTEN => "The key file.";
};

const CONFIG: &[Field] = fields! {
    always "settings" List(&Object(&[SETTING])) => "The settings.";
    always "files" List(&Text) => "The settings files that were read.";
};

const PRINTED: &[Document] = documents! {
    "result" Object(&[TEXT, EXIT_CODE]) => "How it went.";
};

/// What a command prints.
macro_rules! command {
    ($name:literal, $documents:expr) => {
        Schema {
            name: $name,
            about: concat!("What ", $name, " prints with --json."),
            documents: $documents,
            may_fail: true,
        }
    };
}

/// The same of one that says by one document how it went.
macro_rules! result {
    ($name:literal, $($group:expr),+) => {
        command!($name, documents! {
            "result" Object(&[&[of($name)], $($group,)+ EXIT_CODE]) => "How it went.";
        })
    };
}

/// One for each command.
pub const COMMANDS: &[Schema] = &[
    result!("submit", DONE, STATES, ENDED, OF_SHEET),
    result!("reconcile", DONE, STATES, ENDED, REPLAYED),
    result!("retry", DONE, STATES, ENDED, RETRIED),
    result!("run", ROUND, STATES, ROUND_END),
    command!(
        "resolve",
        documents! { "result" OrNull(&JOB_OBJECT) => "The job as it stands now."; }
    ),
    result!("rename", RENAMED),
    command!("status", STATUS),
    result!("report", PAGE),
    command!(
        "download",
        documents! {
            "result" Object(&[&[of("download")], FETCHED, EXIT_CODE]) => "What was fetched.";
            "check" Object(&[&[of("download")], CHECKED, EXIT_CODE]) => "download --check";
        }
    ),
    result!("review", REVIEWED),
    result!("publish", PUBLISHED),
    Schema {
        about: "What listen prints with --json once it is stopped.",
        ..result!("listen", KEPT_DELIVERIES)
    },
    Schema {
        about: "What sandbox prints with --json once it is stopped.",
        ..result!("sandbox", ACCEPTED)
    },
    result!("compact", COMPACTED),
    Schema {
        about: "What the commands of log print with --json.",
        ..command!("log", LOG)
    },
    result!("check", FINDINGS),
    command!(
        "init",
        documents! { "result" Object(&[INIT]) => "What was written."; }
    ),
    command!(
        "config",
        documents! { "result" Object(&[CONFIG]) => "Every setting."; }
    ),
    command!("completions", PRINTED),
    command!("man", PRINTED),
    command!("help", PRINTED),
];
