//! A table that is not a manifest: any columns, each row with its line.

use std::path::Path;
use std::sync::Arc;

use super::header::broken;
use super::header::{detect_delimiter, open_records, skip_to_header};
use super::problem::{ManifestError, Problem, ProblemLocation};
use super::records::ReadFault;
use super::{odd, options::Options, source::OpenFile};

/// A small table, read as a whole: CSV with `,`, `;` or tab, UTF-8 or UTF-16, or a workbook.
#[derive(Debug)]
pub struct Table {
    name: Arc<str>,
    headers: Vec<String>,
    /// The rows with something on them.
    pub rows: Vec<TableRow>,
}

/// A row of a table.
#[derive(Debug)]
pub struct TableRow {
    /// The line on which it starts, counted from 1.
    pub line: u64,
    cells: Vec<String>,
}

impl Table {
    /// Reads `path`; `-` is standard input.
    pub fn read(path: &Path, options: &Options) -> Result<Self, ManifestError> {
        let source = OpenFile::open(path, options)?;
        let (delimiter, header) = detect_delimiter(&source, options)?;
        let headers = header.names;
        let mut records = open_records(&source, delimiter)?;
        let failed = |fault| broken(&source, &headers, fault);
        skip_to_header(&mut records, header.above).map_err(failed)?;
        let mut rows = Vec::new();
        loop {
            let record = match records.next().map_err(|fault: ReadFault| failed(fault))? {
                Some(record) if record.is_blank() => continue,
                Some(record) => record,
                None => break,
            };
            rows.push(TableRow {
                line: record.line,
                cells: record
                    .cells()
                    .map(|cell| odd::trimmed(cell).to_owned())
                    .collect(),
            });
        }
        let name = Arc::clone(&source.name);
        Ok(Self {
            name,
            headers,
            rows,
        })
    }

    /// The places of the columns that are called `name`, in whatever case.
    pub fn columns(&self, name: &str) -> Vec<usize> {
        let headers = self.headers.iter().enumerate();
        let named = headers.filter(|(_, header)| header.eq_ignore_ascii_case(name));
        named.map(|(place, _)| place).collect()
    }

    /// What is wrong with the header.
    pub fn header_problem(&self, message: String, help: &str) -> Problem {
        self.place(1).row(message, help)
    }

    /// What is wrong with a cell.
    pub fn problem(&self, row: &TableRow, column: usize, message: String, help: &str) -> Problem {
        self.place(row.line).column(column, message, help)
    }

    fn place(&self, line: u64) -> ProblemLocation<'_> {
        ProblemLocation {
            file: &self.name,
            line,
            headers: &self.headers,
        }
    }
}

impl TableRow {
    /// A cell without space around it; empty where the row ends before it.
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}
