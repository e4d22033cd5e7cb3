//! Spreadsheets in, checked rows out.
//!
//! | file | holds |
//! |---|---|
//! | `source.rs` | the open file, read as UTF-8; what cannot be read twice is copied |
//! | `records.rs` | rows as cells, with line numbers and quotes that can be trusted |
//! | `damage.rs` | what can be wrong with a row's text: bytes, quotes |
//! | `field.rs` | the names of columns, and `--map` |
//! | `columns.rs` | what each column is, by its header |
//! | `check.rs` | one row, checked |
//! | `odd/` | cells that a spreadsheet program broke |
//! | `values.rs` | what single values may look like |
//! | `problem.rs` | what is wrong, where, and what to do |
//!
//! A manifest is read as often as needed over one open file; each pass holds one row at a time.
//! A row that starts on line 12 is told as line 12, whatever dialect the file is in.

mod check;
mod columns;
mod damage;
mod field;
mod odd;
mod options;
mod problem;
mod records;
mod source;
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
pub use values::check_address;

/// Delimiters that are told apart without `--delimiter`.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A manifest whose header has been read and understood.
pub struct Manifest {
    source: Source,
    options: Options,
    delimiter: u8,
    columns: Columns,
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
        let columns = Columns::find(place, &options.map, options.allow_no_image)
            .map_err(ManifestError::Invalid)?;
        Ok(Self {
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
        self.columns.doubts.iter().map(|(header, meant)| {
            format!(
                "column \"{}\" is only carried along; did you mean {meant}?",
                Escaped(&excerpt(header))
            )
        })
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
        let header = next_header(&mut records).map_err(|f| broken(&self.source, &[], f))?;
        if header.is_none_or(|header| header.digest != self.header) {
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

/// The first row in which something is written.
struct Header {
    line: u64,
    /// Without space around them.
    names: Vec<String>,
    digest: u64,
    text_after_quote: Option<usize>,
    /// What a leading `sep=;` line says.
    separator: Option<u8>,
}

fn open_records(source: &Source, delimiter: u8) -> Result<Records<Text<'_>>, ManifestError> {
    let text = source.rewind().map_err(|e| source.failed("read", e))?;
    Ok(Records::new(text, delimiter, source.encoding().is_some()))
}

fn next_header(records: &mut Records<impl Read>) -> Result<Option<Header>, Fault> {
    let mut separator = None;
    while let Some(record) = records.next()? {
        if record.is_blank() {
            continue;
        }
        if separator.is_none() {
            separator = separator_line(record.raw());
            if separator.is_some() {
                continue;
            }
        }
        return Ok(Some(Header {
            line: record.line,
            names: record.cells().map(|name| name.trim().to_owned()).collect(),
            digest: record.digest(),
            text_after_quote: record.text_after_quote,
            separator,
        }));
    }
    Ok(None)
}

/// The delimiter in the `sep=;` line that Excel writes and reads before the header.
fn separator_line(raw: &[u8]) -> Option<u8> {
    let (head, rest) = raw.split_at_checked(4)?;
    match rest {
        [mark, b'\r' | b'\n', ..] if head.eq_ignore_ascii_case(b"sep=") => Some(*mark),
        _ => None,
    }
}

/// Reads the header with each delimiter; the one that yields most known columns is the file's.
fn detect_delimiter(source: &Source, options: &Options) -> Result<(u8, Header), ManifestError> {
    let read = |delimiter| -> Result<Result<Option<Header>, Fault>, ManifestError> {
        Ok(next_header(&mut open_records(source, delimiter)?))
    };
    let mut best: Option<(u8, Result<Option<Header>, Fault>)> = None;
    let mut best_score = (0, 0);
    let candidates = match options.delimiter {
        Some(delimiter) => vec![delimiter],
        None => DELIMITERS.to_vec(),
    };
    for delimiter in candidates {
        let header = read(delimiter)?;
        let mut score = (0, 0);
        if let Ok(Some(header)) = &header {
            if let (Some(said), None) = (header.separator, options.delimiter) {
                options::check_delimiter(said)?;
                best = Some((said, read(said)?));
                break;
            }
            let known = columns::recognised(&header.names, &options.map);
            score = (known, header.names.len().saturating_sub(1));
        }
        if best.is_none() || score > best_score {
            best_score = score;
            best = Some((delimiter, header));
        }
    }
    match best {
        Some((delimiter, Ok(Some(header)))) => Ok((delimiter, header)),
        Some((_, Err(fault))) => Err(broken(source, &[], fault)),
        _ => {
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
