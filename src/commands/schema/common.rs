//! What results of several commands have in common.

use super::model::Kind::{Count, ExitCode, Number, Object, Text, Word, Words};
use super::model::{Document, Field, Kind, always, fields};
use crate::exit::Code;

pub fn code_words() -> Vec<&'static str> {
    Code::ALL.map(Code::word).to_vec()
}

pub const EXIT_CODE: &[Field] = fields! {
    always "exit_code" ExitCode => "What the process ends with: `creativeai help exit-codes`.";
};

/// The field that names the command.
pub const fn of(command: &'static str) -> Field {
    always("command", Word(command), "The command.")
}

const FAILURE: &[Field] = fields! {
    always "error" Text => "What went wrong, with its causes.";
    always "error_code" Words(code_words) => "The exit code as a word.";
    maybe "next" Text => "The next step.";
};

const STRAY: &[Field] = fields! {
    maybe "command" Text => "The command; missing where none was understood.";
    maybe "damaged_lines" Count => "Lines of the log that are not whole.";
};

/// What any command prints that could not go on.
pub const ERROR: Document = Document {
    name: "error",
    about: "The run could not go on.",
    kind: Object(&[STRAY, FAILURE, EXIT_CODE]),
};

pub const DOLLARS: Kind = Object(&[fields! {
    always "low" Number => "By the best price of credits.";
    always "high" Number => "By the dearest.";
}]);

pub const TEXT: &[Field] = fields! {
    always "command" Text => "The command.";
    always "text" Text => "What the command prints without --json.";
};
