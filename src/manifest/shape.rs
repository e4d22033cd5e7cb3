//! Whether a row has the shape that the header asks for.

use std::cmp::Ordering;

use super::{
    check::Checker,
    odd::{CURLY_QUOTES, USE_STRAIGHT_QUOTES},
    problem::Problem,
    records::Record,
};

impl Checker<'_> {
    /// Whether the row can be split into cells at all.
    pub(super) fn shape_problem(&self, record: &Record<'_>) -> Option<Problem> {
        if let Some(cell) = record.text_after_quote {
            let message = "text follows the quote that closes this cell";
            let (first, last) = (record.line, record.last_line());
            let message = if last > first {
                format!(
                    "{message}, and the row runs from line {first} to line {last}: several rows \
                     may have become one"
                )
            } else {
                message.to_owned()
            };
            return Some(self.place.cell(
                cell,
                record.cell(cell),
                message,
                format!(
                    "close the quote that opens on line {} where the cell ends; a quote that \
                     belongs to the text is written twice (\"\")",
                    record.line_of(cell)
                ),
            ));
        }
        let (found, expected) = (record.len(), self.columns.headers.len());
        // Programs write more or fewer delimiters than the header has, where cells are empty.
        let fits = match found.cmp(&expected) {
            Ordering::Equal => true,
            Ordering::Greater => (expected..found).all(|n| record.cell(n).trim().is_empty()),
            Ordering::Less => !self.may_be_cut(record),
        };
        if fits {
            return None;
        }
        if found < expected && !record.is_ended() {
            return Some(self.place.row(
                "the file ends within this row",
                "it may have been cut off: export or copy it again; if the row is whole, end it \
                 with a line break",
            ));
        }
        if self.workbook.is_some()
            && let Some(stray) = (expected..found).find(|&n| !record.cell(n).trim().is_empty())
        {
            return Some(self.place.cell(
                stray,
                record.cell(stray),
                "this column has no header",
                "give the column a name in the first row, or empty it",
            ));
        }
        let message = format!("this row has {}, the header has {expected}", count(found));
        Some(if let Some(cell) = record.first_long_cell() {
            self.place.cell(
                cell,
                record.cell(cell),
                format!(
                    "{message}, and it runs from line {} to line {}",
                    record.line,
                    record.last_line()
                ),
                format!(
                    "look at the quote that opens on line {}: its closing quote may be missing",
                    record.line_of(cell)
                ),
            )
        } else {
            self.place.row(message, self.count_help(record))
        })
    }

    /// Whether a row with fewer cells than the header may have lost some: the file ends in it, or a
    /// quote swallowed some.
    fn may_be_cut(&self, record: &Record<'_>) -> bool {
        let swallowed = |cell: &str| {
            let first_line = cell.find(['\n', '\r']);
            first_line.is_some_and(|end| cell[end..].contains(char::from(self.delimiter)))
        };
        !record.is_ended() || record.cells().any(swallowed)
    }

    fn count_help(&self, record: &Record<'_>) -> String {
        let mark = match self.delimiter {
            b'\t' => "tab".to_owned(),
            other => format!("\"{}\"", char::from(other)),
        };
        let before_space = [self.delimiter, b' ', b'"'];
        if memchr::memmem::find(record.raw(), &before_space).is_some() {
            format!("an opening quote only counts directly after the {mark}: remove the space")
        } else if record.len() > self.columns.headers.len() {
            if record.cells().any(|cell| cell.contains(CURLY_QUOTES)) {
                return format!("“ and ” do not work as quotes in a CSV: {USE_STRAIGHT_QUOTES}");
            }
            format!("a cell with a {mark} in its text must be in double quotes")
        } else {
            format!("an empty cell needs its {mark} too")
        }
    }
}

fn count(cells: usize) -> String {
    match cells {
        1 => "1 cell".to_owned(),
        n => format!("{n} cells"),
    }
}
