//! Results of the commands of `log`.

use super::common::{EXIT_CODE, TEXT};
use super::files::CAPTURE_OBJECT;
use super::model::Kind::{Count, Flag, List, Object, OrNull, Text, Word, Words};
use super::model::{Document, Field, fields};

const TABLES: &[Field] = fields! {
    always "version" Count => "The version of the database's tables.";
    always "version_before" Count => "Their version before; 0 where there were none.";
};

const ACCEPTED: &[Field] = fields! {
    always "command" Word("log accept") => "The command.";
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

pub const LOG: &[Document] = &[
    Document {
        name: "init",
        about: "log init",
        kind: Object(&[
            fields! {
                always "command" Word("log init") => "The command.";
                always "log" Text => "The log's address, without its password.";
                always "made" Flag => "Whether the log is new.";
            },
            TABLES,
            EXIT_CODE,
        ]),
    },
    Document {
        name: "statements",
        about: "log init --print-sql",
        kind: Object(&[TEXT, EXIT_CODE]),
    },
    Document {
        name: "list",
        about: "log list",
        kind: Object(&[
            fields! {
                always "command" Word("log list") => "The command.";
                always "logs" List(&Object(&[fields! {
                    always "log" Text => "The log's name.";
                    always "lines" Count => "Its lines.";
                    always "bytes" Count => "Its length.";
                    always "created_at" Text => "When it was made.";
                }])) => "The logs of the database.";
            },
            EXIT_CODE,
        ]),
    },
    Document {
        name: "upgrade",
        about: "log upgrade",
        kind: Object(&[
            fields! {
                always "command" Word("log upgrade") => "The command.";
            },
            TABLES,
            EXIT_CODE,
        ]),
    },
    Document {
        name: "captures",
        about: "log captures",
        kind: Object(&[
            fields! {
                always "command" Word("log captures") => "The command.";
                always "captures" List(&CAPTURE_OBJECT) => "The deliveries.";
            },
            EXIT_CODE,
        ]),
    },
    Document {
        name: "copy",
        about: "log copy",
        kind: Object(&[
            fields! {
                always "command" Word("log copy") => "The command.";
                always "lines" Count => "Lines that were read.";
                always "added" Count => "Those of them that were new.";
                always "in_doubt" Count => "Jobs that both logs have ordered, one of them with a doubt.";
            },
            EXIT_CODE,
        ]),
    },
    Document {
        name: "pause",
        about: "log pause and log resume",
        kind: Object(&[PAUSED, EXIT_CODE]),
    },
    Document {
        name: "accept",
        about: "log accept",
        kind: Object(&[ACCEPTED, EXIT_CODE]),
    },
];
