//! Spreadsheet programs' own files (`.xlsx`, `.xlsm`, `.ods`): one sheet, written as a table of what
//! its cells show.
//!
//! The table is CSV in a temporary file without a name, and is read like any other from there on: in
//! two passes, a row at a time. Each row of the sheet is one record, so that a record's number is
//! the row's.

mod fault;
mod format;
mod hidden;

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
};

use calamine::{Data, DataRef, DataType, Ods, Reader, Sheet, SheetType, SheetVisible, Xlsx};

use super::odd;
pub(super) use fault::WorkbookError;
use fault::{damaged, unusable};
use format::Format;
pub(super) use hidden::Hidden;

/// Largest unpacked file, in bytes; a list of clips is never that large.
const LARGEST: u64 = 2 << 30;
/// Largest gap, in rows or columns; beyond it a cell is a stray.
const WIDEST: usize = 16_384;

/// The kinds of files that are zip archives within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ArchiveFormat {
    Xlsx,
    Ods,
}

/// Whether a file that begins with `head` is a zip archive, as workbooks are.
pub(super) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

/// One sheet of a workbook as a table.
pub(super) struct SheetTable {
    /// CSV with commas.
    pub table: File,
    /// The sheet's name.
    pub name: String,
    /// Sheets that could have been meant as well: those that are shown, where none was named.
    pub others: Vec<String>,
    /// What is not shown of it.
    pub hidden: Hidden,
}

/// Writes one sheet of the workbook in `file` to a temporary file: the one called `wanted`, or the
/// first that is not hidden.
pub(super) fn to_csv(file: &File, wanted: Option<&str>) -> Result<SheetTable, WorkbookError> {
    let kind = kind_of(file)?;
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0))?;
    let mut table = TableWriter::new()?;
    let (name, others, hidden) = match kind {
        ArchiveFormat::Xlsx => {
            let mut book = Xlsx::new(reader).map_err(|error| damaged(&error))?;
            let (name, others) = choose(book.sheets_metadata(), wanted)?;
            let mut cells = book
                .worksheet_cells_reader(&name)
                .map_err(|error| damaged(&error))?;
            let formats: Vec<Format> = cells
                .styles()
                .iter()
                .map(|style| Format::of(style.number_format.as_ref().map(|f| &*f.format_code)))
                .collect();
            let plain = Format::of(None);
            while let Some((cell, style)) = cells
                .next_cell_with_style_id()
                .map_err(|error| damaged(&error))?
            {
                let format = formats.get(style).unwrap_or(&plain);
                table.put(cell.get_position(), &shown_ref(cell.get_value(), format))?;
            }
            let hidden = Hidden::in_xlsx(BufReader::new(file), &name)?;
            (name, others, hidden)
        }
        ArchiveFormat::Ods => {
            let mut book = Ods::new(reader).map_err(|error| damaged(&error))?;
            let (name, others) = choose(book.sheets_metadata(), wanted)?;
            let range = book
                .worksheet_range(&name)
                .map_err(|error| damaged(&error))?;
            let (top, left) = range.start().unwrap_or_default();
            for (row, column, value) in range.used_cells() {
                let place = (top + row as u32, left + column as u32);
                table.put(place, &shown(value))?;
            }
            let hidden = Hidden::in_ods(BufReader::new(file), &name)?;
            (name, others, hidden)
        }
    };
    Ok(SheetTable {
        table: table.finish()?,
        name,
        others,
        hidden,
    })
}

/// What an archive holds, by the names of its parts, which stand at its end.
fn kind_of(mut file: &File) -> Result<ArchiveFormat, WorkbookError> {
    const TAIL: u64 = 256 * 1024;
    let length = file.seek(SeekFrom::End(0))?;
    let mut names = vec![0; 128];
    file.seek(SeekFrom::Start(0))?;
    let read = file.read(&mut names)?;
    names.truncate(read);
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    file.take(TAIL).read_to_end(&mut names)?;
    let has = |name: &str| memchr::memmem::find(&names, name.as_bytes()).is_some();
    if has("xl/workbook.bin") {
        Err(unusable(
            "this is a binary workbook (.xlsb)",
            "save it as an Excel workbook (.xlsx)",
        ))
    } else if has("xl/worksheets/") {
        Ok(ArchiveFormat::Xlsx)
    } else if has("opendocument.spreadsheet") {
        Ok(ArchiveFormat::Ods)
    } else if has("Index/Document.iwa") || has("Index.zip") || has("Index/Tables/") {
        Err(unusable(
            "this is a file of Apple's Numbers (.numbers)",
            "in Numbers: File > Export To > Excel, or CSV",
        ))
    } else if has("word/document.xml") || has("opendocument.text") {
        Err(unusable(
            "this is a text document, not a spreadsheet",
            "copy its table into a spreadsheet and save that",
        ))
    } else {
        Err(unusable(
            "this is a zip archive, not a spreadsheet",
            "unpack it first, then name the spreadsheet in it",
        ))
    }
}

/// The sheet's name, and those of the others that are shown where none was named.
fn choose(sheets: &[Sheet], wanted: Option<&str>) -> Result<(String, Vec<String>), WorkbookError> {
    let tables = || {
        sheets
            .iter()
            .filter(|sheet| sheet.typ == SheetType::WorkSheet)
    };
    let is_shown = |sheet: &&Sheet| sheet.visible == SheetVisible::Visible;
    let found = match wanted {
        None => tables().find(is_shown).or_else(|| tables().next()),
        Some(wanted) => {
            let same =
                |sheet: &&Sheet| sheet.name.trim().to_lowercase() == wanted.trim().to_lowercase();
            tables()
                .find(|sheet| sheet.name == wanted)
                .or_else(|| tables().find(same))
        }
    };
    let names: Vec<String> = tables().map(|sheet| format!("{:?}", sheet.name)).collect();
    match (found, wanted) {
        (Some(sheet), Some(_)) => Ok((sheet.name.clone(), Vec::new())),
        (Some(sheet), None) => {
            let others = tables().filter(is_shown).map(|other| other.name.clone());
            let others = others.filter(|name| *name != sheet.name).collect();
            Ok((sheet.name.clone(), others))
        }
        (None, Some(wanted)) => Err(unusable(
            format!("cannot find the sheet {wanted:?} in this workbook"),
            format!("its sheets are: {}", names.join(", ")),
        )),
        (None, None) => Err(unusable(
            "this workbook has no sheets",
            "save the table as \"CSV UTF-8\"",
        )),
    }
}

/// What a cell of an ODS file shows, as far as the file says.
fn shown(value: &Data) -> String {
    let plain = Format::of(None);
    match value {
        Data::Float(number) => plain.number(*number),
        Data::DateTimeIso(text) => text
            .strip_suffix("T00:00:00")
            .unwrap_or(text)
            .replace('T', " "),
        Data::DurationIso(text) => duration(text).unwrap_or_else(|| text.clone()),
        Data::DateTime(time) => plain.time(time),
        Data::Bool(truth) => truth.to_string().to_uppercase(),
        Data::Error(error) => error.to_string(),
        other => other.as_string().unwrap_or_default(),
    }
}

/// A time of day from its ISO form `PT16H09M00S`.
fn duration(text: &str) -> Option<String> {
    let rest = text.strip_prefix("PT")?;
    let (hours, rest) = rest.split_once('H')?;
    let (minutes, rest) = rest.split_once('M')?;
    let seconds = rest.strip_suffix('S')?;
    let whole = seconds.split('.').next().unwrap_or(seconds);
    Some(format!("{hours:0>2}:{minutes:0>2}:{whole:0>2}"))
}

/// What a cell of an Excel file shows.
fn shown_ref(value: &DataRef<'_>, format: &Format) -> String {
    match value {
        DataRef::Int(number) => format.number(*number as f64),
        DataRef::Float(number) => format.number(*number),
        DataRef::DateTime(time) => format.time(time),
        other => shown(&Data::from(other.clone())),
    }
}

/// The table as it grows, cell by cell.
struct TableWriter {
    out: csv::Writer<BufWriter<File>>,
    /// The row that is being filled, counted from 0.
    row: usize,
    cells: Vec<String>,
    /// The most cells that a row had so far.
    width: usize,
    written: u64,
}

impl TableWriter {
    fn new() -> Result<Self, WorkbookError> {
        let out = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(BufWriter::new(tempfile::tempfile()?));
        Ok(Self {
            out,
            row: 0,
            cells: Vec::new(),
            width: 0,
            written: 0,
        })
    }

    /// Takes a cell; cells come row by row.
    fn put(&mut self, place: (u32, u32), shown: &str) -> Result<(), WorkbookError> {
        if shown.is_empty() {
            return Ok(());
        }
        let (row, column) = (place.0 as usize, place.1 as usize);
        if column >= WIDEST || row < self.row {
            return Err(unusable(
                format!("the cell in row {} is out of order", row + 1),
                "save the sheet again, or save it as \"CSV UTF-8\"",
            ));
        }
        while self.row < row {
            self.end_row()?;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column].push_str(shown);
        Ok(())
    }

    /// Writes the row. One in which nothing stands is written, too, so that rows keep their numbers.
    fn end_row(&mut self) -> Result<(), WorkbookError> {
        let is_blank = self.cells.iter().all(|cell| odd::trimmed(cell).is_empty());
        if is_blank {
            self.cells.clear();
            self.cells.push(String::new());
        } else {
            self.width = self.width.max(self.cells.len());
            self.cells.resize(self.width, String::new());
        }
        self.written += self
            .cells
            .iter()
            .map(|cell| cell.len() as u64 + 1)
            .sum::<u64>();
        if self.written > LARGEST {
            return Err(unusable(
                "this sheet is larger than 2 GiB",
                "split it into several files",
            ));
        }
        self.out
            .write_record(&self.cells)
            .map_err(io::Error::from)?;
        self.cells.clear();
        self.row += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<File, WorkbookError> {
        if !self.cells.is_empty() {
            self.end_row()?;
        }
        let mut out = self
            .out
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        out.flush()?;
        Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?)
    }
}
