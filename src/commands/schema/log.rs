//! Results of the commands of `log`.

use super::common::{EXIT_CODE, TEXT, of};
use super::files::CAPTURE_OBJECT;
use super::model::Kind::{Count, Flag, List, Object, OrNull, Text, Words};
use super::model::{Document, Field, documents, fields};

const TABLES: &[Field] = fields! {
    always "version" Count => "The version of the database's tables.";
    always "version_before" Count => "Their version before; 0 where there were none.";
};

const ACCEPTED: &[Field] = fields! {
    always "accepted" Flag => "Whether there was anything to accept.";
    always "bytes_remembered" OrNull(&Count) => "How long the log was.";
    always "remembered_at" OrNull(&Text) => "When that was.";
    always "bytes" OrNull(&Count) => "How long it is.";
};

const PAUSED: &[Field] = fields! {
    always "command" Words(|| vec!["log pause", "log resume"]) => "The command.";
    always "paused" Flag => "Whether the log is paused now.";
    always "paused_before" OrNull(&Text) => "By whom and since when it was before.";
};

const MADE: &[Field] = fields! {
    always "log" Text => "The log's address, without its password.";
    always "made" Flag => "Whether the log is new.";
};

const LISTED: &[Field] = fields! {
    always "logs" List(&Object(&[fields! {
        always "log" Text => "The log's name.";
        always "lines" Count => "Its lines.";
        always "bytes" Count => "Its length.";
        always "created_at" Text => "When it was made.";
    }])) => "The logs of the database.";
};

const CAPTURES: &[Field] = fields! {
    always "captures" List(&CAPTURE_OBJECT) => "The deliveries.";
};

const COPIED: &[Field] = fields! {
    always "lines" Count => "Lines that were read.";
    always "added" Count => "Those of them that were new.";
    always "in_doubt" Count => "Jobs that both logs have ordered, one of them with a doubt.";
};

pub const LOG: &[Document] = documents! {
    "init" Object(&[&[of("log init")], MADE, TABLES, EXIT_CODE]) => "log init";
    "statements" Object(&[TEXT, EXIT_CODE]) => "log init --print-sql";
    "list" Object(&[&[of("log list")], LISTED, EXIT_CODE]) => "log list";
    "upgrade" Object(&[&[of("log upgrade")], TABLES, EXIT_CODE]) => "log upgrade";
    "captures" Object(&[&[of("log captures")], CAPTURES, EXIT_CODE]) => "log captures";
    "copy" Object(&[&[of("log copy")], COPIED, EXIT_CODE]) => "log copy";
    "pause" Object(&[PAUSED, EXIT_CODE]) => "log pause and log resume";
    "accept" Object(&[&[of("log accept")], ACCEPTED, EXIT_CODE]) => "log accept";
};
