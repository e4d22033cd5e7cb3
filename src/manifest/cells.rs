//! The cells of one row, read one by one, and what is wrong with them.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use crate::jobs::Seconds;
use crate::text::format::ordinal;

use super::{
    local::LocalPhoto,
    odd::{self, Purpose, invisible_within, placeholder_in, trimmed},
    options::Defaults,
    problem::{Problem, ProblemLocation, excerpt},
    records::Record,
    values::NamedAddress,
    values::{check_address, is_clock_time, is_speed, is_unusual},
    workbook::Hidden,
};

/// Longest cell, in bytes of UTF-8.
pub(super) const MAX_CELL: usize = 64 * 1024;

/// The cells of one row, and what is wrong with them so far.
pub(super) struct Cells<'a> {
    pub place: ProblemLocation<'a>,
    pub record: &'a Record<'a>,
    /// Whether a cell that looks broken is meant so.
    pub allow_odd: bool,
    /// What is not shown of a workbook.
    pub workbook: Option<&'a Hidden>,
    /// Where relative paths of photos start.
    pub folder: &'a Path,
    /// The row's photo, where it is on this computer.
    pub photo_file: Option<Arc<LocalPhoto>>,
    /// The name that the cell gives the row's photo.
    pub photo_name: Option<&'a str>,
    /// The photos of the row after its first.
    pub more_images: Vec<NamedAddress<'a>>,
    pub problems: Vec<Problem>,
}

impl<'a> Cells<'a> {
    pub fn trimmed(&self, column: usize) -> &'a str {
        trimmed(self.record.cell(column))
    }

    pub fn optional(&self, column: Option<usize>) -> &'a str {
        column.map_or("", |column| self.trimmed(column))
    }

    /// The message for a required cell that is empty.
    pub fn missing_message(&self, column: usize, what: &str) -> String {
        if column < self.record.len() {
            format!("the {what} is empty")
        } else {
            format!("the row ends before the {what}")
        }
    }

    /// A setting of the clip, where the row has one.
    pub fn setting(&mut self, column: Option<usize>) -> &'a str {
        let given = self.optional(column);
        if let Some(column) = column
            && !given.is_empty()
        {
            self.reject_odd(column, given, Purpose::Setting);
        }
        given
    }

    pub fn or_default(&mut self, column: Option<usize>, default: &str) -> String {
        match self.setting(column) {
            "" => default.to_owned(),
            given => given.to_owned(),
        }
    }

    /// Whether a spreadsheet program broke the cell; then it is a problem.
    pub fn reject_odd(&mut self, column: usize, given: &str, purpose: Purpose) -> bool {
        if self.allow_odd {
            return false;
        }
        let Some(oddity) = odd::find(given, purpose) else {
            return false;
        };
        // An address has its own rules, which the option does not lift.
        let help = if purpose == Purpose::Address {
            oddity.help.into_owned()
        } else {
            format!("{}. If it is intended, add --allow-odd-cells", oddity.help)
        };
        self.add_problem(column, oddity.message, help);
        true
    }

    /// Whether something that cannot be seen is within the cell; then it is a problem.
    pub fn reject_invisible(&mut self, column: usize, given: &str, what: &str) -> bool {
        let Some((hidden, place)) = invisible_within(given) else {
            return false;
        };
        self.add_problem(
            column,
            format!(
                "there is an invisible character (U+{:04X}) in the {what}, as its {} character",
                u32::from(hidden),
                ordinal(place + 1)
            ),
            "delete the cell and type it again, or paste it through a plain-text editor",
        );
        true
    }

    /// Whether a placeholder is left within the cell; then it is a problem.
    pub fn reject_placeholder(&mut self, column: usize, given: &str) -> bool {
        let Some(placeholder) = placeholder_in(given) else {
            return false;
        };
        self.add_problem(
            column,
            format!("a placeholder was left unfilled: {}", excerpt(placeholder)),
            "write what belongs there",
        );
        true
    }

    pub fn add_problem(
        &mut self,
        column: usize,
        message: impl Into<Cow<'static, str>>,
        help: impl Into<String>,
    ) {
        let cell = self.record.cell(column);
        self.problems
            .push(self.place.cell(column, cell, message.into(), help));
    }

    pub fn check_sizes(&mut self) {
        if self.record.raw().len() <= MAX_CELL {
            return;
        }
        for column in 0..self.record.len() {
            let length = self.record.cell(column).len();
            if length > MAX_CELL {
                self.add_problem(
                    column,
                    format!("this cell is {length} bytes long; the maximum is {MAX_CELL}"),
                    "shorten it; if it holds several rows, a closing quote is missing",
                );
            }
        }
    }

    /// An empty cell with a formula is still meant to have a value.
    pub fn check_formula(&mut self, column: usize) {
        let line = self.place.line;
        let is_formula = |workbook: &Hidden| workbook.has_formula(line, column);
        if self.trimmed(column).is_empty() && self.workbook.is_some_and(is_formula) {
            let number = column + 1;
            self.problems
                .retain(|p| p.column.as_ref().is_none_or(|c| c.number != number));
            self.add_problem(
                column,
                "this is a formula whose value was never saved",
                "open the file in a spreadsheet program, and save it there",
            );
        }
    }

    pub fn check_nameless(&mut self, column: usize) {
        if !self.trimmed(column).is_empty() {
            self.add_problem(
                column,
                "this column has no header",
                "give the column a name in the first line, or empty it",
            );
        }
    }

    pub fn id(&mut self, column: usize, name: &str) -> &'a str {
        let id = self.trimmed(column);
        if id.is_empty() {
            self.add_problem(
                column,
                self.missing_message(column, name),
                "write it in every row, even where several rows belong together",
            );
        } else if !self.reject_odd(column, id, Purpose::Id) {
            self.reject_invisible(column, id, name);
        }
        id
    }

    pub fn required_text(&mut self, column: usize, what: &str) -> &'a str {
        let words = self.trimmed(column);
        if words.is_empty() {
            self.add_problem(
                column,
                self.missing_message(column, what),
                "write it, or remove the row",
            );
        } else if !self.reject_odd(column, words, Purpose::Words) {
            self.reject_placeholder(column, words);
        }
        words
    }

    pub fn webhook(
        &mut self,
        column: Option<usize>,
        defaults: &Defaults,
        last: &mut String,
    ) -> Option<String> {
        let given = self.optional(column);
        let Some(column) = column.filter(|_| !given.is_empty()) else {
            return defaults.webhook_url.clone();
        };
        if given != last && !self.reject_non_address(column, given, "webhook's address") {
            match check_address(given) {
                Ok(_) => given.clone_into(last),
                Err(reason) => self.add_problem(
                    column,
                    format!("the webhook's address {reason}"),
                    "write a full address such as https://example.com/webhooks/creativeai",
                ),
            }
        }
        Some(given.to_owned())
    }

    /// Whether the cell holds something else where an address belongs; then it is a problem.
    pub fn reject_non_address(&mut self, column: usize, given: &str, what: &str) -> bool {
        is_unusual(given)
            && (self.reject_odd(column, given, Purpose::Address)
                || self.reject_invisible(column, given, what)
                || self.reject_placeholder(column, given))
    }

    pub fn duration(&mut self, column: Option<usize>, default: Seconds) -> Seconds {
        let given = self.optional(column);
        let Some(column) = column.filter(|_| !given.is_empty()) else {
            return default;
        };
        if self.reject_odd(column, given, Purpose::Setting) {
            return default;
        }
        Seconds::parse(given).unwrap_or_else(|| {
            self.add_problem(
                column,
                format!(
                    "this is not a length in whole seconds, 1 to {}",
                    Seconds::MAX
                ),
                "write 5 or 5s, or leave the cell empty for the default",
            );
            default
        })
    }

    pub fn aspect_ratio(&mut self, column: Option<usize>, default: &str) -> String {
        let given = self.optional(column);
        if let Some(column) = column
            && is_clock_time(given)
        {
            self.add_problem(
                column,
                "this is a time of day: the spreadsheet took the ratio for one",
                "format the column as text and write the ratio again, such as 16:9",
            );
        }
        self.or_default(column, default)
    }

    pub fn speed(&mut self, column: Option<usize>, default: &str) -> String {
        let given = self.optional(column);
        if let Some(column) = column
            && !given.is_empty()
            && !is_speed(given)
            && !self.reject_odd(column, given, Purpose::Setting)
        {
            self.add_problem(
                column,
                "this is not a speed from 0.25 to 4",
                "write a number with a decimal point, such as 1.0",
            );
        }
        if given.is_empty() { default } else { given }.to_owned()
    }
}
