//! Text in columns that fit a terminal.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width};
use unicode_width::UnicodeWidthStr;

use crate::text::shorten;

/// Columns that `text` takes on a terminal.
pub(super) fn width_of(text: &str) -> usize {
    text.width()
}

/// Labels on the left, each with a text that is wrapped to `width` columns beside it. Without a
/// trailing newline.
pub(super) fn labeled<'a>(
    rows: impl IntoIterator<Item = (&'a str, &'a str)>,
    indent: u16,
    width: u16,
) -> String {
    let mut table = plain_table(width.saturating_sub(indent));
    for (label, text) in rows {
        table.add_row([label, &shorten(text, LONGEST_CELL)]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
        column.set_padding((indent, 2));
    }
    if let Some(column) = table.column_mut(1) {
        column.set_padding((0, 0));
    }
    table.trim_fmt()
}

/// Rows below their headings, for output that may be kept. A column is as wide as its widest cell; one
/// whose heading begins with spaces is flush right.
pub fn headed<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let first = std::iter::once(heads.map(str::to_owned));
    let rows: Vec<_> = first.chain(rows).collect();
    let widest = |index: usize| rows.iter().map(|row| row[index].chars().count()).max();
    let widths: Vec<_> = (0..N).map(|index| widest(index).unwrap_or(0)).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(heads).zip(&widths);
        let cells = cells.map(|((cell, head), width)| {
            if head.starts_with(' ') {
                format!("{cell:>width$}")
            } else {
                format!("{cell:width$}")
            }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

/// Rows of four cells, one line each: the first is shortened where space runs out, the last is
/// flush right. At most `width` columns each.
pub fn aligned<T: AsRef<str>>(rows: &[[T; 4]], width: u16) -> Vec<String> {
    let widest = |index: usize| rows.iter().map(|row| width_of(row[index].as_ref())).max();
    // The other columns are short words of our own, with a gap before each.
    let others = [1, 2, 3].map(|index| widest(index).unwrap_or(0).max(1) + GAP);
    let left = usize::from(width).saturating_sub(others.iter().sum());
    let names = widest(0).unwrap_or(0).min(left).max(SHORTEST_NAME);
    let [state, since, cost] = others;
    let widths = [names, state, since, cost].map(|width| width as u16);
    // A table holds each cell several times over.
    let tables = rows.chunks(ROWS_AT_ONCE);
    tables
        .flat_map(|rows| lines_of(rows, widths, width))
        .collect()
}

fn lines_of<T: AsRef<str>>(rows: &[[T; 4]], widths: [u16; 4], width: u16) -> Vec<String> {
    let mut table = plain_table(width);
    for cells in rows {
        let [name, state, since, cost] = cells.each_ref().map(AsRef::as_ref);
        let cost = Cell::new(cost).set_alignment(CellAlignment::Right);
        let cells = [Cell::new(name), Cell::new(state), Cell::new(since), cost];
        let mut row = Row::from(cells);
        row.max_height(1);
        table.add_row(row);
    }
    for (index, width) in widths.into_iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
            column.set_padding(if index == 0 { (0, 0) } else { (GAP as u16, 0) });
        }
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// Longest text that is wrapped, in characters: the time that a single long word takes grows with its
/// square.
const LONGEST_CELL: usize = 40_000;
/// Blanks between columns.
const GAP: usize = 2;
/// Rows that are laid out together.
const ROWS_AT_ONCE: usize = 1024;
/// Columns that a name gets however narrow the terminal is.
const SHORTEST_NAME: usize = 8;

pub(super) fn plain_table(width: u16) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_one_line_and_fits() {
        let long = "a name that is far too long for so narrow a terminal";
        let rows = [
            [long, "ready", "2 min ago", "5 credits"],
            [
                "客厅的照片客厅的照片客厅的照片",
                "in the queue",
                "",
                "~5 credits",
            ],
        ];
        let lines = aligned(&rows, 50);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| width_of(line) <= 50), "{lines:#?}");
        assert!(
            lines[0].contains('…') && lines[0].ends_with("  5 credits"),
            "{lines:#?}"
        );
    }

    #[test]
    fn labels_stand_beside_wrapped_texts() {
        let text = labeled([("Spent", "one two three four five")], 1, 20);
        assert_eq!(text, " Spent  one two\n        three four\n        five");
    }
}
