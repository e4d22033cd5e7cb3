//! Rows as cells, with the line each one really starts on.
//!
//! Cells are parsed by `csv-core`. What it does not report is added here: line numbers that are
//! right after CRLF, lone CR and blank lines; quotes that are left open or followed by text; bytes
//! that are not text. One row is held at a time, and its size is bounded.

use std::{
    fmt,
    io::{self, Read},
};

use crate::jobs::recognition::hash_of;

use super::damage::{Quotes, TextDamage, check_quotes, count_lines, find_damage};

/// Longest row, in bytes of UTF-8. An open quote must not pull a whole file into memory.
const MAX_ROW: usize = 1024 * 1024;
/// How much is read at a time, in bytes.
const CHUNK: usize = 64 * 1024;

/// Why the rest of the file cannot be split into rows.
#[derive(Debug)]
pub(super) enum ReadFault {
    Io(io::Error),
    /// The text itself is damaged, on this line.
    Damage {
        line: u64,
        damage: TextDamage,
    },
}

impl From<io::Error> for ReadFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads row after row into the same buffers.
#[expect(
    clippy::struct_excessive_bools,
    reason = "where the reader stands, each fact by itself"
)]
pub(super) struct RecordReader<R> {
    input: R,
    /// Whether `input` was translated, so that U+FFFD stands for something that was lost.
    translated: bool,
    delimiter: u8,
    /// Whether rows are counted, not lines.
    by_row: bool,
    core: csv_core::Reader,
    buffer: Vec<u8>,
    /// Where the current row begins in `buffer`.
    start: usize,
    /// Where the unread part begins.
    unread: usize,
    /// Where the filled part ends.
    end: usize,
    at_end: bool,
    /// The line of `buffer[start]`.
    line: u64,
    /// Whether the byte before `start` was CR, so that LF does not begin another line.
    after_cr: bool,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: Read> RecordReader<R> {
    pub fn new(input: R, delimiter: u8, translated: bool) -> Self {
        Self {
            input,
            translated,
            delimiter,
            by_row: false,
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            buffer: vec![0; CHUNK],
            start: 0,
            unread: 0,
            end: 0,
            at_end: false,
            line: 1,
            after_cr: false,
            cells: vec![0; 1024],
            ends: vec![0; 32],
        }
    }

    /// Counts rows in place of lines, as for the table of a workbook.
    pub fn by_row(mut self, by_row: bool) -> Self {
        self.by_row = by_row;
        self
    }

    /// The next row that is not an empty line; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, ReadFault> {
        if !self.skip_empty_lines()? {
            return Ok(None);
        }
        let (length, count) = self.read_cells()?;
        let line = self.line;
        let raw = &self.buffer[self.start..self.unread];
        if let Some((line, damage)) = find_damage(raw, line, self.translated) {
            return Err(ReadFault::Damage { line, damage });
        }
        let quotes = check_quotes(raw, self.delimiter);
        if let Quotes::Open { cell } = quotes {
            let damage = TextDamage::OpenQuote { cell };
            return Err(ReadFault::Damage { line, damage });
        }
        self.line += if self.by_row { 1 } else { count_lines(raw) };
        self.after_cr = raw.last() == Some(&b'\r');
        self.start = self.unread;
        // The cells are the row's bytes without some ASCII ones, so they are text when it is.
        let text = std::str::from_utf8(&self.cells[..length]).map_err(|_| ReadFault::Damage {
            line,
            damage: TextDamage::Untranslatable,
        })?;
        Ok(Some(Record {
            line,
            raw,
            text,
            ends: &self.ends[..count],
            text_after_quote: match quotes {
                Quotes::TextAfter { cell } => Some(cell),
                _ => None,
            },
        }))
    }

    /// Moves to the next row's first byte; `false` at the end of the file.
    fn skip_empty_lines(&mut self) -> Result<bool, ReadFault> {
        loop {
            if self.start == self.end {
                self.unread = self.start;
                if !self.fill()? {
                    return Ok(false);
                }
            }
            match self.buffer[self.start] {
                b'\n' => self.line += u64::from(!self.after_cr),
                b'\r' => self.line += 1,
                _ => {
                    self.unread = self.start;
                    return Ok(true);
                }
            }
            self.after_cr = self.buffer[self.start] == b'\r';
            self.start += 1;
        }
    }

    /// Reads one row's cells; returns their length together and their number.
    fn read_cells(&mut self) -> Result<(usize, usize), ReadFault> {
        use csv_core::ReadRecordResult as Step;
        let (mut length, mut count) = (0, 0);
        loop {
            if self.unread == self.end && !self.at_end {
                self.fill()?;
            }
            let (step, read, written, ended) = self.core.read_record(
                &self.buffer[self.unread..self.end],
                &mut self.cells[length..],
                &mut self.ends[count..],
            );
            self.unread += read;
            length += written;
            count += ended;
            if self.unread - self.start > MAX_ROW {
                return Err(self.too_long());
            }
            match step {
                Step::InputEmpty => {}
                Step::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                Step::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                Step::Record | Step::End => return Ok((length, count)),
            }
        }
    }

    fn too_long(&self) -> ReadFault {
        let raw = &self.buffer[self.start..self.unread];
        let open = match check_quotes(raw, self.delimiter) {
            Quotes::Open { cell } => Some(cell),
            _ => None,
        };
        ReadFault::Damage {
            line: self.line,
            damage: TextDamage::TooLong { open },
        }
    }

    /// Reads more behind what is there, keeping the current row; `false` when there is no more.
    fn fill(&mut self) -> Result<bool, ReadFault> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.unread -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(false);
                }
                Ok(n) => {
                    self.end += n;
                    return Ok(true);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}

/// One row.
pub(super) struct Record<'a> {
    /// The line on which it starts, counted from 1.
    pub line: u64,
    /// Its bytes as read, line end included.
    raw: &'a [u8],
    /// All cells, unquoted, concatenated.
    text: &'a str,
    ends: &'a [usize],
    /// The cell (counted from 0) whose closing quote is followed by text.
    pub text_after_quote: Option<usize>,
}

impl<'a> Record<'a> {
    /// The number of cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at `index`, counted from 0; empty when there is none.
    pub fn cell(&self, index: usize) -> &'a str {
        let Some(&end) = self.ends.get(index) else {
            return "";
        };
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..end]
    }

    pub fn cells(&self) -> impl Iterator<Item = &'a str> + '_ {
        (0..self.len()).map(|index| self.cell(index))
    }

    /// Whether nothing is written in it, as in the `,,,,` that spreadsheets leave behind.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether a line end follows it.
    pub fn is_ended(&self) -> bool {
        matches!(self.raw.last(), Some(b'\n' | b'\r'))
    }

    /// The row's bytes as read.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The line on which the cell at `index` starts.
    pub fn line_of(&self, index: usize) -> u64 {
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        self.line + start.map_or(0, |&start| count_lines(&self.text.as_bytes()[..start]))
    }

    /// The first cell that runs over several lines.
    pub fn first_long_cell(&self) -> Option<usize> {
        self.cells()
            .position(|cell| count_lines(cell.as_bytes()) > 0)
    }

    /// The line on which the row ends.
    pub fn last_line(&self) -> u64 {
        self.line + count_lines(self.text.as_bytes())
    }

    /// A number that differs, in all likelihood, when the row does.
    pub fn digest(&self) -> u64 {
        hash_of(self.raw)
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        f.debug_list().entries(self.cells()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out one byte at a time, so that every boundary falls everywhere.
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Ok(0);
            };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn read(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, ReadFault> {
        let mut records = RecordReader::new(Drip(text), b',', false);
        let mut rows = Vec::new();
        while let Some(record) = records.next()? {
            rows.push((record.line, record.cells().map(str::to_owned).collect()));
        }
        Ok(rows)
    }

    fn lines(text: &str) -> Vec<u64> {
        let rows = read(text.as_bytes()).unwrap();
        rows.into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn a_row_is_counted_from_the_line_it_starts_on_whatever_ends_lines() {
        assert_eq!(lines("a\nb\nc"), [1, 2, 3]);
        assert_eq!(lines("a\r\nb\r\nc\r\n"), [1, 2, 3]);
        assert_eq!(lines("a\rb\rc\r"), [1, 2, 3]);
        assert_eq!(lines("\n\na\n\nb\n"), [3, 5]);
        assert_eq!(lines("\r\n\r\na\r\n\r\nb\r\n"), [3, 5]);
        assert_eq!(lines("\r\ra\r\rb\r"), [3, 5]);
        assert_eq!(lines("\"a\nb\nc\"\nd"), [1, 4]);
        assert_eq!(lines("\"a\r\nb\r\nc\"\r\nd"), [1, 4]);
        assert_eq!(lines("\"a\rb\rc\"\rd"), [1, 4]);
    }

    #[test]
    fn cells_keep_their_line_ends_and_quotes_are_undone() {
        let rows = read(b"\"a \"\"b\"\"\r\nc\",,d\r\n").unwrap();
        assert_eq!(
            rows,
            [(1, vec!["a \"b\"\r\nc".into(), String::new(), "d".into()])]
        );
    }

    #[test]
    fn a_quote_within_an_unquoted_cell_is_only_a_character() {
        let rows = read(b"27\" screen,x\n").unwrap();
        assert_eq!(rows[0].1, ["27\" screen", "x"]);
    }

    fn damage(text: &[u8]) -> (u64, TextDamage) {
        match read(text) {
            Err(ReadFault::Damage { line, damage }) => (line, damage),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_found_where_it_opens() {
        let found = damage(b"a,b\nc,\"d\ne,f\ng,h\n");
        assert_eq!(found, (2, TextDamage::OpenQuote { cell: 1 }));
    }

    #[test]
    fn an_open_quote_in_a_huge_file_does_not_pull_it_into_memory() {
        let input = b"a,b\nc,\"d\n".chain(io::repeat(b'x'));
        let mut records = RecordReader::new(input, b',', false);
        assert!(records.next().unwrap().is_some());
        let fault = records.next().unwrap_err();
        assert!(
            matches!(
                fault,
                ReadFault::Damage {
                    line: 2,
                    damage: TextDamage::TooLong { open: Some(1) }
                }
            ),
            "{fault:?}"
        );
        assert!(records.buffer.len() <= 2 * MAX_ROW);
    }

    #[test]
    fn an_endless_row_is_refused() {
        let mut records = RecordReader::new(io::repeat(b'x'), b',', false);
        let fault = records.next().unwrap_err();
        assert!(matches!(
            fault,
            ReadFault::Damage {
                damage: TextDamage::TooLong { open: None },
                ..
            }
        ));
    }

    #[test]
    fn text_after_a_closing_quote_is_noticed() {
        let text = b"a,\"b,c\nd,\"e\",f\n";
        let mut records = RecordReader::new(&text[..], b',', false);
        let record = records.next().unwrap().unwrap();
        assert_eq!(record.text_after_quote, Some(1));
        assert_eq!((record.line, record.last_line()), (1, 2));
    }

    #[test]
    fn bytes_that_are_no_text_are_found_to_the_byte() {
        assert_eq!(
            damage(b"a,b\nc,\"d\r\nxy\xe9\"\n"),
            (
                3,
                TextDamage::NotUtf8 {
                    column: 3,
                    byte: 0xe9
                }
            )
        );
        assert_eq!(damage(b"a\nb\0\n"), (2, TextDamage::Nul { first: false }));
        assert_eq!(damage(b"s\0k\0u\0"), (1, TextDamage::Nul { first: true }));
    }

    #[test]
    fn a_cells_own_line_is_known() {
        let text = b"\n\"a\nb\",\"c\nd\",e\n";
        let mut records = RecordReader::new(&text[..], b',', false);
        let record = records.next().unwrap().unwrap();
        assert_eq!([0, 1, 2].map(|n| record.line_of(n)), [2, 3, 4]);
        assert_eq!(record.first_long_cell(), Some(0));
    }
}
