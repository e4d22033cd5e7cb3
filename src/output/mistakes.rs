//! What is reported of rows as they are read: mistakes, repeated rows, rows that are left out.

use serde_json::{Value, json};

use super::{held, printer::Printer, words};
use crate::engine::plan::RowLocation;
use crate::exit::Failure;
use crate::manifest::{Problem, Row};
use crate::text::escape;

/// Mistakes of a manifest that are reported one by one; further ones are counted.
pub const MOST_PROBLEMS: usize = 100;

/// Mistakes of rows, each reported as it is found.
pub struct Mistakes<'a> {
    /// Whether the others are sent without these rows.
    are_left_out: bool,
    printer: &'a Printer,
    problems: usize,
    rows: u64,
    /// The mistakes, where a JSON document will hold them.
    document: Vec<Value>,
}

impl<'a> Mistakes<'a> {
    /// None so far.
    pub fn new(are_left_out: bool, printer: &'a Printer) -> Self {
        Self {
            are_left_out,
            printer,
            problems: 0,
            rows: 0,
            document: Vec::new(),
        }
    }

    /// Reports what is wrong with a row.
    pub fn add(&mut self, found: Vec<Problem>) {
        self.rows += 1;
        for problem in found {
            self.problems += 1;
            if self.printer.options().json {
                self.document.push(to_json(&problem));
            }
            if self.problems <= MOST_PROBLEMS && self.are_left_out {
                self.printer.warn(problem);
            } else if self.problems <= MOST_PROBLEMS {
                self.printer.error(problem);
            }
        }
    }

    /// Gives them all. Where nothing may be sent because of them, that is a failure.
    pub fn finish(self, manifest: &str, refuses: bool) -> Result<Vec<Value>, Failure> {
        if self.problems > MOST_PROBLEMS {
            let more = self.problems - MOST_PROBLEMS;
            self.printer.warn(format_args!("and {more} more"));
        }
        if self.rows == 0 || !refuses {
            return Ok(self.document);
        }
        Err(Failure::data(format!(
            "{} of {} cannot be sent, so none was",
            words::count(self.rows, "row"),
            escape(manifest)
        ))
        .help(format!(
            "correct {0} and run the same command again, or leave {0} out with --skip-invalid",
            words::choose(self.rows, "it", "them")
        ))
        .counting("invalid", self.rows)
        .field("invalid_rows", self.document.into()))
    }
}

/// A mistake of a row as an object of the JSON document.
pub fn to_json(problem: &Problem) -> Value {
    let column = problem.column.as_ref();
    json!({
        "manifest": &*problem.file,
        "line": problem.line,
        "column": column.map(|column| &column.header),
        "column_number": column.map(|column| column.number),
        "cell": problem.cell,
        "reason": problem.message,
        "help": problem.help,
    })
}

/// Warns of a row that is the same as the `first`.
pub fn warn_of_twin(row: &Row, first: &RowLocation, printer: &Printer) {
    printer.warn(format_args!(
        "{}:{}: the same row as {}; it is sent once. For a second clip of the same photo, fill in \
         the column variant",
        escape(&row.file),
        row.line,
        held::place_name(first, first.file != row.file)
    ));
}

/// Says how many rows `--where` has left out, as it was typed; `is_all` where no row is left.
pub fn report_left_out(asked: &str, count: u64, is_all: bool, printer: &Printer) {
    if is_all && count > 0 {
        printer.warn(format_args!("no row has {}", escape(asked)));
    } else if count > 0 {
        printer.note(format_args!(
            "{} without {} left out",
            words::count(count, "row"),
            escape(asked)
        ));
    }
}
