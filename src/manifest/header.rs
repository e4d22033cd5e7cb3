//! Finds a file's header and its delimiter.

use std::io::Read;

use super::{
    columns,
    damage::TextDamage,
    odd,
    options::{self, Options},
    problem::{ManifestError, ProblemLocation},
    records::{ReadFault, Record, RecordReader},
    source::{OpenFile, Utf8Reader},
};

/// Delimiters that are distinguished without `--delimiter`.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The row that names the columns.
pub(super) struct Header {
    pub line: u64,
    /// Without space around them.
    pub names: Vec<String>,
    pub digest: u64,
    pub text_after_quote: Option<usize>,
    /// Number of non-empty rows above it.
    pub above: usize,
}

/// The header is looked for on so many lines: a title, a comment or a date may stand above it.
const HEADER_LINES: u64 = 10;

pub(super) fn open_records(
    source: &OpenFile,
    delimiter: u8,
) -> Result<RecordReader<Utf8Reader<'_>>, ManifestError> {
    let text = source.rewind().map_err(|e| source.failed("read", e))?;
    let records = RecordReader::new(text, delimiter, source.encoding().is_some());
    Ok(records.by_row(source.is_workbook()))
}

/// The first rows of a file with something on them, among which the header is.
struct FirstRows {
    rows: Vec<Header>,
    /// What a leading `sep=;` line says.
    separator: Option<u8>,
}

fn read_top(records: &mut RecordReader<impl Read>) -> Result<FirstRows, ReadFault> {
    let mut top = FirstRows {
        rows: Vec::new(),
        separator: None,
    };
    let mut above = 0;
    loop {
        let record = match records.next() {
            Ok(Some(record)) if top.rows.is_empty() || record.line <= HEADER_LINES => record,
            Ok(_) => return Ok(top),
            // The header may well be whole; the pass over the rows finds the damage again.
            Err(ReadFault::Damage { .. }) if !top.rows.is_empty() => return Ok(top),
            Err(fault) => return Err(fault),
        };
        if is_blank_row(&record) {
            continue;
        }
        let separator = separator_line(record.raw()).filter(|_| above == 0);
        if separator.is_some() {
            top.separator = separator;
        } else {
            top.rows.push(Header {
                line: record.line,
                names: record
                    .cells()
                    .map(|name| odd::trimmed(name).to_owned())
                    .collect(),
                digest: record.digest(),
                text_after_quote: record.text_after_quote,
                above,
            });
        }
        above += 1;
    }
}

/// Whether nothing is on a row, whatever the delimiter is.
fn is_blank_row(record: &Record<'_>) -> bool {
    let nothing = |b: &u8| b.is_ascii_whitespace() || DELIMITERS.contains(b) || *b == b'"';
    record.is_blank() || record.raw().iter().all(nothing)
}

/// Reads past the header; its digest, `None` where the file ends before.
pub(super) fn skip_to_header(
    records: &mut RecordReader<impl Read>,
    above: usize,
) -> Result<Option<u64>, ReadFault> {
    let mut passed = 0;
    while let Some(record) = records.next()? {
        if is_blank_row(&record) {
            continue;
        }
        if passed == above {
            return Ok(Some(record.digest()));
        }
        passed += 1;
    }
    Ok(None)
}

/// The delimiter in the `sep=;` line that Excel writes and reads before the header.
fn separator_line(raw: &[u8]) -> Option<u8> {
    let line = raw.trim_ascii_end();
    // A separator at the end of the line is not a space to trim, when it is a tab.
    let quoted = line.strip_prefix(b"\"").unwrap_or(line);
    let (head, rest) = quoted.split_at_checked(4)?;
    if !head.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    match rest {
        [] => raw.get(line.len()).copied().filter(|mark| *mark == b'\t'),
        [mark] | [mark, b'"'] => Some(*mark),
        _ => None,
    }
}

/// The row of `top` that names most known columns, the first of these. Where none names two, it is
/// the first that has several cells and is not a comment.
fn choose_header(top: Vec<Header>, options: &Options) -> Option<(usize, Header)> {
    let known = |header: &Header| columns::recognized(&header.names, options);
    let best = top.iter().map(known).max().filter(|best| *best >= 2);
    let cells = |header: &Header| header.names.iter().filter(|name| !name.is_empty()).count();
    let is_comment = |header: &Header| header.names[0].starts_with(['#', '/']);
    let place = match best {
        Some(best) => top.iter().position(|header| known(header) == best),
        None => top
            .iter()
            .position(|header| cells(header) > 1 && !is_comment(header)),
    };
    let header = top.into_iter().nth(place.unwrap_or(0))?;
    Some((known(&header), header))
}

/// Reads the file's top with each delimiter; the one that yields most known columns is the file's.
pub(super) fn detect_delimiter(
    source: &OpenFile,
    options: &Options,
) -> Result<(u8, Header), ManifestError> {
    let read = |delimiter| -> Result<Result<FirstRows, ReadFault>, ManifestError> {
        Ok(read_top(&mut open_records(source, delimiter)?))
    };
    let mut candidates = match options.delimiter {
        _ if source.is_workbook() => vec![b','],
        Some(delimiter) => vec![delimiter],
        None => DELIMITERS.to_vec(),
    };
    if options.delimiter.is_none()
        && !source.is_workbook()
        && let Ok(FirstRows {
            separator: Some(declared),
            ..
        }) = read(candidates[0])?
    {
        options::check_delimiter(declared)?;
        candidates = vec![declared];
    }
    let mut best: Option<(u8, Header)> = None;
    let mut best_score = (0, 0);
    let mut fault = None;
    for delimiter in candidates {
        let top = match read(delimiter)? {
            Ok(top) => top,
            Err(found) => {
                fault = fault.or(Some(found));
                continue;
            }
        };
        let Some((known, header)) = choose_header(top.rows, options) else {
            continue;
        };
        let score = (known, header.names.len().saturating_sub(1));
        if best.is_none() || score > best_score {
            best_score = score;
            best = Some((delimiter, header));
        }
    }
    match (best, fault) {
        (Some(best), _) => Ok(best),
        (None, Some(fault)) => Err(broken(source, &[], fault)),
        (None, None) => Err(ManifestError::of_file(
            &source.name,
            "the file is empty",
            "its first line names the columns, such as listing_id,image_url,video_prompt",
        )),
    }
}

/// Says in words why the file cannot be read on.
pub(super) fn broken(source: &OpenFile, headers: &[String], fault: ReadFault) -> ManifestError {
    let (line, damage) = match fault {
        ReadFault::Io(error) => return source.failed("read", error),
        ReadFault::Damage { line, damage } => (line, damage),
    };
    let place = ProblemLocation {
        file: &source.name,
        line,
        headers,
    };
    ManifestError::Invalid(vec![match damage {
        TextDamage::NotUtf8 { column, byte } => place.row(
            format!("byte {column} of this line (0x{byte:02X}) is not UTF-8 text"),
            "save the file as UTF-8, or name its encoding: --encoding windows-1252 (older Excel), \
             --encoding macintosh (older Macs)",
        ),
        TextDamage::Untranslatable => place.row(
            format!(
                "something on this line is not {} text",
                source.encoding().unwrap_or("UTF-8")
            ),
            "save the file as UTF-8, or name another encoding with --encoding",
        ),
        TextDamage::Nul { first: true } if source.encoding().is_none() => place.row(
            "this looks like UTF-16 without a byte order mark",
            "save the file as UTF-8, or try --encoding utf-16le (or utf-16be)",
        ),
        TextDamage::Nul { .. } => place.row(
            "there is a NUL character on this line, so this is not a text file, or it is damaged",
            "export the sheet again as \"CSV UTF-8\"",
        ),
        TextDamage::TooLong { open: Some(cell) } => place.column(
            cell,
            "this row is longer than 1 MiB, and the quote that opens this cell has not been closed",
            "close it where the cell ends; a quote that belongs to the text is written twice (\"\")",
        ),
        TextDamage::TooLong { open: None } => place.row(
            "this row is longer than 1 MiB",
            "check that the file is a CSV and that its lines end",
        ),
        TextDamage::OpenQuote { cell } => place.column(
            cell,
            "the quote that opens this cell is never closed, so the rows after it cannot be told \
             apart",
            "close it where the cell ends; a quote that belongs to the text is written twice (\"\")",
        ),
    }])
}
