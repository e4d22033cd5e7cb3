//! What each command prints with `--json`.

use super::Schema;
use super::batch::{OF_SHEET, REPLAYED, RETRIED, SUMMARY};
use super::common::{EXIT_CODE, TEXT};
use super::job::JOB_OBJECT;
use super::log::LOG;
use super::model::Kind::{Any, Count, Flag, Job, List, Number, Object, OrNull, Text, Word, Words};
use super::model::{Document, Field, Kind, fields};
use super::status::STATUS;
use crate::engine::round::Step;

fn steps() -> Vec<&'static str> {
    Step::ALL.map(Step::name).to_vec()
}

const ROUND: &[Field] = fields! {
    always "command" Word("run") => "The command.";
    always "steps" List(&Words(steps)) => "The steps of the round.";
    always "submitted" Count => "Clips that submit ordered.";
    always "retried" Count => "Clips that retry ordered.";
    always "downloaded" Count => "Clips that download fetched.";
    always "published" Count => "Clips that publish published.";
    always "submit_failed" Count => "Jobs that were not accepted.";
    always "unknown" Count => "Jobs that may or may not have been accepted.";
    always "pending" Count => "Jobs in the vendor's queue.";
    always "processing" Count => "Jobs that are rendered.";
    always "completed" Count => "Jobs with a clip.";
    always "failed" Count => "Jobs that failed.";
    always "given_up" List(&Job) => "Jobs that are not ordered again by themselves.";
    always "newly_given_up" Count => "Those of them that the last round did not report.";
    always "unfinished_rounds" Count => "Rounds in a row that were not finished.";
    always "credits_charged" Number => "What this round was charged.";
};

const FETCHED: &[Field] = fields! {
    always "command" Word("download") => "The command.";
    always "dir" Text => "The folder, or the bucket's address.";
    always "downloaded" Count => "Clips that were fetched.";
    always "bytes" Count => "Their length.";
    always "already" Count => "Clips that were there.";
    always "waiting" Count => "Clips that wait for the rest of a listing or product.";
    always "failed" Count => "Clips that could not be fetched.";
    always "left_to_others" Count => "Clips that another computer works on.";
};

const CHECKED: &[Field] = fields! {
    always "command" Word("download") => "The command.";
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
    always "command" Word("publish") => "The command.";
    always "dry_run" Flag => "Nothing was published.";
    always "shop" OrNull(&Text) => "The shop.";
    always "published" Count => "Clips that were published, or would be.";
    always "already" Count => "Clips that were published before.";
    always "waiting" Count => "Clips that wait for the rest of a listing or product.";
    always "failed" Count => "Clips that could not be published.";
    always "left_to_others" Count => "Clips that another computer works on.";
    always "rejected" Count => "Clips held because a person rejected them.";
    always "not_looked_at" Count => "Clips held because no person has kept them.";
    always "would" List(&Text) => "On a dry run: what would be done.";
};

const KEPT_DELIVERIES: &[Field] = fields! {
    always "command" Word("listen") => "The command.";
    always "kept" Count => "Deliveries that were kept.";
    always "unsigned" Count => "Those of them without a signature.";
    always "failed" Count => "Deliveries that could not be kept.";
    always "refused" Count => "Requests that were refused.";
    always "forwarded" Count => "Deliveries that --forward passed on.";
    always "not_forwarded" Count => "Deliveries that --forward could not pass on.";
    always "exec_ok" Count => "Runs of the command of --exec that went well.";
    always "exec_failed" Count => "Runs of it that failed.";
};

const COMPACTED: &[Field] = fields! {
    always "command" Word("compact") => "The command.";
    always "jobs" Count => "Jobs in the log.";
    always "lines_before" Count => "Lines before.";
    always "lines_after" Count => "Lines after.";
    always "bytes_before" Count => "Length before.";
    always "bytes_after" Count => "Length after.";
    always "unreadable" Count => "Lines that were left out.";
    always "kept" OrNull(&Text) => "Where the old log is, with --keep.";
};

const FINDINGS: &[Field] = fields! {
    always "command" Word("check") => "The command.";
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
    always "command" Word("rename") => "The command.";
    always "renamed" List(&Object(&[fields! {
        always "job" Job => "The job.";
        always "old" Any => "The name it had.";
        always "new" Any => "The name it has now.";
    }])) => "Jobs that go by another name.";
};

const PAGE: &[Field] = fields! {
    always "command" Word("report") => "The command.";
    always "file" Text => "The page.";
    always "jobs" Count => "Jobs on it.";
    maybe "files" OrNull(&Count) => "Clips and photos beside it, with --bundle.";
    maybe "proof" OrNull(&Text) => "The file of proofs beside it, with --public.";
};

const REVIEWED: &[Field] = fields! {
    always "command" Word("review") => "The command.";
    always "kept" Count => "Clips kept.";
    always "rejected" Count => "Clips rejected.";
    maybe "ordered" Count => "Clips ordered again.";
    maybe "empty" Count => "Rows of --import without a verdict.";
    maybe "changed" Count => "Verdicts that were new.";
};

/// The result of a command that has one shape.
const fn command(
    name: &'static str,
    about: &'static str,
    documents: &'static [Document],
) -> Schema {
    Schema {
        name,
        about,
        documents,
        may_fail: true,
    }
}

/// A result with the exit code.
macro_rules! result {
    ($($group:expr),+) => {
        &[Document {
            name: "result",
            about: "How it went.",
            kind: Object(&[$($group,)+ EXIT_CODE]),
        }]
    };
}

/// One for each command.
pub const COMMANDS: &[Schema] = &[
    command(
        "submit",
        "What submit prints with --json.",
        result!(
            fields! {
                always "command" Word("submit") => "The command.";
            },
            SUMMARY,
            OF_SHEET
        ),
    ),
    command(
        "reconcile",
        "What reconcile prints with --json.",
        result!(
            fields! {
                always "command" Word("reconcile") => "The command.";
            },
            SUMMARY,
            REPLAYED
        ),
    ),
    command(
        "retry",
        "What retry prints with --json.",
        result!(
            fields! {
                always "command" Word("retry") => "The command.";
            },
            SUMMARY,
            RETRIED
        ),
    ),
    command("run", "What run prints with --json.", result!(ROUND)),
    command(
        "resolve",
        "What resolve prints with --json.",
        &[Document {
            name: "result",
            about: "The job as it stands now.",
            kind: OrNull(&JOB_OBJECT),
        }],
    ),
    command(
        "rename",
        "What rename prints with --json.",
        result!(RENAMED),
    ),
    command("status", "What status prints with --json.", STATUS),
    command("report", "What report prints with --json.", result!(PAGE)),
    command(
        "download",
        "What download prints with --json.",
        &[
            Document {
                name: "result",
                about: "What was fetched.",
                kind: Object(&[FETCHED, EXIT_CODE]),
            },
            Document {
                name: "check",
                about: "download --check",
                kind: Object(&[CHECKED, EXIT_CODE]),
            },
        ],
    ),
    command(
        "review",
        "What review prints with --json.",
        result!(REVIEWED),
    ),
    command(
        "publish",
        "What publish prints with --json.",
        result!(PUBLISHED),
    ),
    command(
        "listen",
        "What listen prints with --json once it is stopped.",
        result!(KEPT_DELIVERIES),
    ),
    command(
        "sandbox",
        "What sandbox prints with --json once it is stopped.",
        result!(fields! {
            always "command" Word("sandbox") => "The command.";
            always "accepted" Count => "Orders that it had accepted.";
        }),
    ),
    command(
        "compact",
        "What compact prints with --json.",
        result!(COMPACTED),
    ),
    command("log", "What the commands of log print with --json.", LOG),
    command("check", "What check prints with --json.", result!(FINDINGS)),
    command(
        "init",
        "What init prints with --json.",
        &[Document {
            name: "result",
            about: "What was written.",
            kind: Object(&[fields! {
                always "settings" WRITTEN => "The settings file.";
                always "key" WRITTEN => "The key file.";
            }]),
        }],
    ),
    command(
        "config",
        "What config prints with --json.",
        &[Document {
            name: "result",
            about: "Every setting.",
            kind: Object(&[fields! {
                always "settings" List(&Object(&[SETTING])) => "The settings.";
                always "files" List(&Text) => "The settings files that were read.";
            }]),
        }],
    ),
    command(
        "completions",
        "What completions prints with --json.",
        result!(TEXT),
    ),
    command("man", "What man prints with --json.", result!(TEXT)),
    command("help", "What help prints with --json.", result!(TEXT)),
];
