//! Spreadsheets in, checked rows out.
//!
//! | file | holds |
//! |---|---|
//! | `source.rs` | the open file, read as UTF-8; what cannot be read twice is copied |
//! | `foreign.rs` | files that are taken for a spreadsheet |
//! | `records.rs` | rows as cells, with line numbers and quotes that can be trusted |
//! | `damage.rs` | what can be wrong with a row's text: bytes, quotes |
//! | `field.rs` | the names of columns, and `--map` |
//! | `columns.rs` | what each column is, by its header |
//! | `check.rs` | one row, checked |
//! | `odd/` | cells that a spreadsheet program broke |
//! | `template.rs` | `--prompt`, filled from a row's cells |
//! | `photo.rs` | addresses of photos that the vendor cannot fetch |
//! | `values.rs` | what single values may look like |
//! | `problem.rs` | what is wrong, where, and what to do |
//!
//! A manifest is read as often as needed over one open file; each pass holds one row at a time.
//! A row that starts on line 12 is told as line 12, whatever dialect the file is in.

mod check;
mod columns;
mod damage;
mod field;
mod foreign;
mod odd;
mod options;
mod photo;
mod problem;
mod records;
mod source;
mod template;
#[cfg(test)]
mod tests;
mod values;

use std::{io::Read, path::Path, sync::Arc};

use crate::jobs::{Clip, IdColumn, JobKey};

use check::Checker;
use columns::{Columns, Kind};
use damage::Damage;
use problem::{Escaped, Place, excerpt};
use records::{Fault, Records};
use source::{Source, Text};

pub use options::{Defaults, Options};
pub use problem::{Column, ManifestError, Problem, RowFault};
pub use template::Template;
pub use values::check_address;

/// Delimiters that are told apart without `--delimiter`.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A manifest whose header has been read and understood.
pub struct Manifest {
    source: Source,
    options: Options,
    delimiter: u8,
    columns: Columns,
    /// How many rows with something on them stand above the header.
    above: usize,
    /// The header's digest, to notice a file that was changed.
    header: u64,
}

/// One row that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on which it starts, counted from 1.
    pub line: u64,
    /// The listing's or SKU's id; never empty.
    pub id: String,
    /// Tells clips of the same photo apart; mostly empty.
    pub variant: String,
    /// What is wanted, defaults filled in.
    pub clip: Clip,
    /// Where the vendor shall report, if anywhere.
    pub webhook_url: Option<String>,
    /// The cells of [`Manifest::carried_columns`], in that order, exactly as written.
    pub carried: Vec<String>,
    /// Differs, in all likelihood, when anything in the row differs. Holds for one run only.
    pub digest: u64,
}

impl Row {
    /// The key of the job that this row asks for.
    pub fn key(&self) -> JobKey {
        self.clip.key(&self.id, &self.variant)
    }
}

impl Manifest {
    /// Opens the file at `path` and reads its header. `-` is standard input; that, and anything
    /// else that cannot be read twice, is first copied to a temporary file without a name.
    pub fn open(path: &Path, options: Options) -> Result<Self, ManifestError> {
        options.check()?;
        let source = Source::open(path, options.encoding.as_deref())?;
        Self::read_header(source, options)
    }

    /// Copies `reader` to a temporary file without a name and reads its header. `name` is what
    /// messages call it.
    pub fn from_reader(
        name: &str,
        reader: impl Read,
        options: Options,
    ) -> Result<Self, ManifestError> {
        options.check()?;
        let source = Source::spool(name, reader, options.encoding.as_deref())?;
        Self::read_header(source, options)
    }

    fn read_header(source: Source, options: Options) -> Result<Self, ManifestError> {
        let (delimiter, header) = detect_delimiter(&source, &options)?;
        let place = Place {
            file: &source.name,
            line: header.line,
            headers: &header.names,
        };
        if let Some(cell) = header.text_after_quote {
            let help = "close the quote where the header ends";
            let message = "text follows the quote that closes this header";
            let problem = place.column(cell, message, help);
            return Err(ManifestError::Invalid(vec![problem]));
        }
        let columns = Columns::find(place, &options).map_err(ManifestError::Invalid)?;
        Ok(Self {
            above: header.above,
            header: header.digest,
            source,
            options,
            delimiter,
            columns,
        })
    }

    /// Which column names the rows' owners.
    pub fn id_column(&self) -> IdColumn {
        self.columns.id_column
    }

    /// Whether rows ask for spoken words, not for videos.
    pub fn is_voice(&self) -> bool {
        matches!(self.columns.kind, Kind::Voice { .. })
    }

    /// The names under which columns without a meaning here go into the log: their headers, or
    /// what `--map` calls them.
    pub fn carried_columns(&self) -> &[String] {
        &self.columns.carried_names
    }

    /// Columns that are carried along although their header is nearly that of a column with a
    /// meaning, each told in a sentence.
    pub fn doubts(&self) -> impl Iterator<Item = String> + '_ {
        let meant = self.columns.doubts.iter().map(|(header, meant)| {
            format!(
                "column \"{}\" is only carried along; did you mean {meant}?",
                Escaped(&excerpt(header))
            )
        });
        let template = self.options.prompt.iter();
        let absent = template.flat_map(|template| template.without_column(&self.columns.headers));
        meant.chain(absent.map(|name| {
            format!(
                "there is no column \"{}\" for the prompt, so what stands after the | is taken in \
                 every row",
                Escaped(&excerpt(name))
            )
        }))
    }

    /// What messages call the manifest.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// Whether somebody wrote to the file since it was opened, by its length and time of change.
    pub fn has_changed(&self) -> Result<bool, ManifestError> {
        self.source.has_changed()
    }

    /// Starts a pass over all rows.
    pub fn rows(&mut self) -> Result<Rows<'_>, ManifestError> {
        let mut records = open_records(&self.source, self.delimiter)?;
        let header = skip_to_header(&mut records, self.above)
            .map_err(|fault| broken(&self.source, &[], fault))?;
        if header != Some(self.header) {
            return Err(ManifestError::Changed(Arc::clone(&self.source.name)));
        }
        Ok(Rows {
            source: &self.source,
            records: Some(records),
            checker: Checker {
                place: Place {
                    file: &self.source.name,
                    line: 0,
                    headers: &self.columns.headers,
                },
                columns: &self.columns,
                options: &self.options,
                delimiter: self.delimiter,
                last_webhook: String::new(),
                last_server: String::new(),
                others: Vec::new(),
            },
        })
    }
}

#[cfg(test)]
impl Manifest {
    /// A manifest out of a text, for tests of whatever feeds on rows.
    pub(crate) fn from_text(text: &str, options: Options) -> Result<Self, ManifestError> {
        Self::from_reader("test.csv", text.as_bytes(), options)
    }
}

/// One pass over a manifest's rows. Rows in which nothing is written are passed over.
pub struct Rows<'a> {
    source: &'a Source,
    /// `None` once nothing more can be read.
    records: Option<Records<Text<'a>>>,
    checker: Checker<'a>,
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.checker.others.pop() {
            return Some(Ok(row));
        }
        loop {
            match self.records.as_mut()?.next() {
                Ok(Some(record)) if record.is_blank() => {}
                Ok(Some(record)) => {
                    let line = record.line;
                    return Some(
                        self.checker
                            .check(&record)
                            .map_err(|problems| RowFault::Problems { line, problems }),
                    );
                }
                Ok(None) => {
                    self.records = None;
                    return None;
                }
                Err(fault) => {
                    self.records = None;
                    let headers = self.checker.place.headers;
                    return Some(Err(RowFault::Broken(broken(self.source, headers, fault))));
                }
            }
        }
    }
}

/// The row that names the columns.
struct Header {
    line: u64,
    /// Without space around them.
    names: Vec<String>,
    digest: u64,
    text_after_quote: Option<usize>,
    /// How many rows with something on them stand above it.
    above: usize,
}

/// The header is looked for on so many lines: a title, a comment or a date may stand above it.
const HEADER_LINES: u64 = 10;

fn open_records(source: &Source, delimiter: u8) -> Result<Records<Text<'_>>, ManifestError> {
    let text = source.rewind().map_err(|e| source.failed("read", e))?;
    Ok(Records::new(text, delimiter, source.encoding().is_some()))
}

/// The first rows of a file with something on them, among which the header is.
struct Top {
    rows: Vec<Header>,
    /// What a leading `sep=;` line says.
    separator: Option<u8>,
}

fn read_top(records: &mut Records<impl Read>) -> Result<Top, Fault> {
    let mut top = Top {
        rows: Vec::new(),
        separator: None,
    };
    let mut above = 0;
    loop {
        let record = match records.next() {
            Ok(Some(record)) if top.rows.is_empty() || record.line <= HEADER_LINES => record,
            Ok(_) => return Ok(top),
            // The header may well be whole; the pass over the rows finds the damage again.
            Err(Fault::Damage { .. }) if !top.rows.is_empty() => return Ok(top),
            Err(fault) => return Err(fault),
        };
        if is_void(&record) {
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
fn is_void(record: &records::Record<'_>) -> bool {
    let nothing = |b: &u8| b.is_ascii_whitespace() || DELIMITERS.contains(b) || *b == b'"';
    record.is_blank() || record.raw().iter().all(nothing)
}

/// Reads past the header; its digest, `None` where the file ends before.
fn skip_to_header(records: &mut Records<impl Read>, above: usize) -> Result<Option<u64>, Fault> {
    let mut passed = 0;
    while let Some(record) = records.next()? {
        if is_void(&record) {
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
    // A separator at the end of the line is no space to trim, when it is a tab.
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
/// the first that has several cells and is no comment.
fn choose_header(top: Vec<Header>, options: &Options) -> Option<(usize, Header)> {
    let known = |header: &Header| columns::recognised(&header.names, options);
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
fn detect_delimiter(source: &Source, options: &Options) -> Result<(u8, Header), ManifestError> {
    let read = |delimiter| -> Result<Result<Top, Fault>, ManifestError> {
        Ok(read_top(&mut open_records(source, delimiter)?))
    };
    let mut candidates = match options.delimiter {
        Some(delimiter) => vec![delimiter],
        None => DELIMITERS.to_vec(),
    };
    if options.delimiter.is_none()
        && let Ok(Top {
            separator: Some(said),
            ..
        }) = read(candidates[0])?
    {
        options::check_delimiter(said)?;
        candidates = vec![said];
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
        (None, None) => {
            let place = Place {
                file: &source.name,
                line: 1,
                headers: &[],
            };
            Err(ManifestError::Invalid(vec![place.row(
                "the file is empty",
                "its first line names the columns, such as listing_id,image_url,video_prompt",
            )]))
        }
    }
}

/// Says in words why the file cannot be read on.
fn broken(source: &Source, headers: &[String], fault: Fault) -> ManifestError {
    let (line, damage) = match fault {
        Fault::Io(error) => return source.failed("read", error),
        Fault::Damage { line, damage } => (line, damage),
    };
    let place = Place {
        file: &source.name,
        line,
        headers,
    };
    ManifestError::Invalid(vec![match damage {
        Damage::NotUtf8 { column, byte } => place.row(
            format!("byte {column} of this line (0x{byte:02X}) is not UTF-8 text"),
            "save the file as UTF-8, or say what it is: --encoding windows-1252 (older Excel), \
             --encoding macintosh (older Macs)",
        ),
        Damage::Untranslatable => place.row(
            format!(
                "something on this line is not {} text",
                source.encoding().unwrap_or("UTF-8")
            ),
            "save the file as UTF-8, or name another encoding with --encoding",
        ),
        Damage::Nul { first: true } if source.encoding().is_none() => place.row(
            "this looks like UTF-16 without its mark",
            "save the file as UTF-8, or try --encoding utf-16le (or utf-16be)",
        ),
        Damage::Nul { .. } => place.row(
            "there is a NUL character on this line, so this is no text file or a damaged one",
            "export the sheet again as \"CSV UTF-8\"",
        ),
        Damage::TooLong => place.row(
            "this row is longer than 1 MiB",
            "check that the file is a CSV and that its lines end",
        ),
        Damage::OpenQuote { cell } => place.column(
            cell,
            "the quote that opens this cell is never closed, so the rows after it cannot be told \
             apart",
            "close it where the cell ends; a quote that belongs to the text is written twice (\"\")",
        ),
    }])
}
