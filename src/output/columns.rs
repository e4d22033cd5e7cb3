//! Text in columns, and sentences in lines, that fit a terminal.

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

/// How much further in the lines stand that continue one.
const HANG: usize = 4;

/// `text` with every line at most `width` columns wide; what continues a line stands further in
/// than its beginning. Words, and commands between backquotes, stay whole, so that they can be
/// copied, even where they are wider than the terminal.
pub fn wrap(text: &str, width: u16) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let further = " ".repeat(indent + HANG);
        let first = usize::from(width).saturating_sub(indent);
        let others = usize::from(width).saturating_sub(further.len());
        let broken = broken(&line[indent..], first, others);
        for (n, part) in broken.into_iter().enumerate() {
            let before = if n == 0 { &line[..indent] } else { &further };
            out.push(format!("{before}{part}"));
        }
    }
    out.join("\n")
}

/// `text`, which begins in column `column`, with lines that end before `width`; what continues it
/// begins in that column, too.
pub fn hanging(text: &str, width: u16, column: usize) -> String {
    let room = usize::from(width).saturating_sub(column);
    let mut out: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let parts = lines(&line[indent..], room.saturating_sub(indent));
        out.extend(parts.iter().map(|part| format!("{:indent$}{part}", "")));
    }
    out.join(&format!("\n{:column$}", ""))
}

/// One paragraph in lines of at most `width` columns.
pub fn lines(text: &str, width: usize) -> Vec<String> {
    broken(text, width, width)
}

/// A paragraph in lines, the first of at most `first` columns, the others of at most `others`.
fn broken(text: &str, first: usize, others: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for unit in units(text) {
        let wide = width_of(&unit);
        let room = if lines.len() < 2 { first } else { others };
        match lines.last_mut() {
            Some(line) if used == 0 || used + 1 + wide <= room => {
                line.push(' ');
                line.push_str(&unit);
                used += 1 + wide;
            }
            _ => {
                lines.push(unit);
                used = wide;
            }
        }
    }
    lines
}

/// What is not broken: words, and all words between two backquotes as one.
fn units(text: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut quoted = false;
    for word in text.split(' ') {
        match units.last_mut() {
            Some(unit) if quoted => {
                unit.push(' ');
                unit.push_str(word);
            }
            _ => units.push(word.to_owned()),
        }
        quoted ^= word.matches('`').count() % 2 == 1;
    }
    if quoted {
        // One of them has no end, so they mean something else.
        return text.split(' ').map(str::to_owned).collect();
    }
    units
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn lines_are_broken_between_words_and_continue_further_in() {
        assert_eq!(
            wrap("error: one two three\n  next: four five six", 14),
            "error: one two\n    three\n  next: four\n      five six"
        );
        assert_eq!(wrap("as it is\n\nand on", 80), "as it is\n\nand on");
    }

    #[test]
    fn what_continues_a_text_in_a_column_stands_below_it() {
        assert_eq!(
            hanging("one two three\n  next: four five", 16, 4),
            "one two\n    three\n      next: four\n      five"
        );
    }

    #[test]
    fn commands_stay_whole() {
        assert_eq!(
            wrap("then use `creativeai retry --unknown`, or wait", 30),
            "then use\n    `creativeai retry --unknown`,\n    or wait"
        );
    }

    #[test]
    fn what_is_wider_than_the_terminal_stays_whole() {
        let link = "https://cdn.example.com/clips/1.mp4";
        assert_eq!(
            wrap(&format!("see {link} now"), 10),
            format!("see\n    {link}\n    now")
        );
        assert_eq!(wrap(link, 0), link);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[a-z` é客]{0,60}(\n[a-z ]{0,30}){0,2}", width in 0u16..50) {
            let words = |t: &str| t.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&wrap(&text, width)), words(&text));
        }

        #[test]
        fn lines_without_commands_fit(text in "( {0,3}([a-z]{1,8} ){0,20}\n){0,3}", width in 20u16..60) {
            for line in wrap(&text, width).lines() {
                prop_assert!(line.trim_end().len() <= usize::from(width), "{}", line);
            }
        }
    }
}
