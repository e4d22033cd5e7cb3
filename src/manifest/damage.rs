//! What is wrong with the text of a row, before its cells mean anything.

/// Why the rest of a file cannot be split into rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextDamage {
    /// A byte that no UTF-8 text has there; `column` counts bytes of the line from 1.
    NotUtf8 { column: usize, byte: u8 },
    /// Bytes that the chosen encoding does not have.
    Untranslatable,
    /// A NUL character; `first` when it is the file's very first.
    Nul { first: bool },
    /// A row longer than is read; `open` is the cell whose quote is not closed in what was.
    TooLong { open: Option<usize> },
    /// The quote that opens this cell (counted from 0) is never closed.
    OpenQuote { cell: usize },
}

/// How many lines end in `bytes`: LF, CRLF and lone CR each end one.
pub(super) fn count_lines(bytes: &[u8]) -> u64 {
    let feeds = memchr::memchr_iter(b'\n', bytes).count();
    let lone = memchr::memchr_iter(b'\r', bytes)
        .filter(|&at| bytes.get(at + 1) != Some(&b'\n'))
        .count();
    (feeds + lone) as u64
}

/// The first damage to the text of a row that starts on `line`, with the line it is on.
pub(super) fn find_damage(raw: &[u8], line: u64, translated: bool) -> Option<(u64, TextDamage)> {
    let (at, damage) = if let Err(error) = std::str::from_utf8(raw) {
        let at = error.valid_up_to();
        let line_start = memchr::memrchr2(b'\n', b'\r', &raw[..at]).map_or(0, |before| before + 1);
        let (column, byte) = (at - line_start + 1, raw[at]);
        (at, TextDamage::NotUtf8 { column, byte })
    } else if let Some(at) = memchr::memchr(0, raw) {
        // UTF-16 without a mark is NUL in every other byte of plain text, so at once.
        let first = line == 1 && at < 2;
        (at, TextDamage::Nul { first })
    } else if translated {
        let at = memchr::memmem::find(raw, "\u{fffd}".as_bytes())?;
        (at, TextDamage::Untranslatable)
    } else {
        return None;
    };
    Some((line + count_lines(&raw[..at]), damage))
}

/// What the quotes of a row say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    Fine,
    /// Text follows the quote that closes this cell, counted from 0.
    TextAfter {
        cell: usize,
    },
    /// This cell's quote is never closed.
    Open {
        cell: usize,
    },
}

/// Checks that each cell that begins with a quote also ends with one. `csv-core` reads on
/// whatever comes, and so makes one wrong row of several where a quote is forgotten.
pub(super) fn check_quotes(raw: &[u8], delimiter: u8) -> Quotes {
    if memchr::memchr(b'"', raw).is_none() {
        return Quotes::Fine;
    }
    let (mut at, mut cell) = (0, 0);
    loop {
        if raw.get(at) == Some(&b'"') {
            let Some(after) = quoted_end(raw, at + 1) else {
                return Quotes::Open { cell };
            };
            at = after;
            let next = raw.get(at).copied().unwrap_or(b'\n');
            if next != delimiter && next != b'\n' && next != b'\r' {
                return Quotes::TextAfter { cell };
            }
        }
        match memchr::memchr3(delimiter, b'\n', b'\r', &raw[at.min(raw.len())..]) {
            Some(found) if raw[at + found] == delimiter => at += found + 1,
            _ => return Quotes::Fine,
        }
        cell += 1;
    }
}

/// The place after the closing quote of a cell whose text begins at `at`.
fn quoted_end(raw: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr(b'"', &raw[at..])? + 1;
        if raw.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}
