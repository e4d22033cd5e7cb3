//! What is wrong with a manifest, and how it is reported; a row, or why there is none.

use std::sync::Arc;
use std::{fmt, io};

use super::local::LocalPhoto;
use crate::jobs::{Clip, JobKey};
use crate::text::{escape, shorten};

/// Longest part of a cell that is shown, in characters.
const SHOWN: usize = 60;

/// A column as a person finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Counted from 1.
    pub number: usize,
    /// The header's name, at most 61 characters of it; empty for a column without one.
    pub header: String,
}

/// One thing to fix, and where. [`fmt::Display`] writes it as a compiler would: place and message,
/// then the cell, then what to do. Text from the file is escaped, so it is safe on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The manifest's name as the user knows it.
    pub file: Arc<str>,
    /// The line on which the row starts, counted from 1.
    pub line: u64,
    /// The column, where one is to blame.
    pub column: Option<Column>,
    /// The start of the cell, unescaped, at most 61 characters.
    pub cell: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", escape(&self.file), self.line)?;
        if let Some(column) = &self.column {
            write!(f, "column {}", column.number)?;
            if !column.header.is_empty() {
                write!(f, " ({})", escape(&column.header))?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", escape(&self.message))?;
        if let Some(cell) = self.cell.as_deref().filter(|cell| !cell.is_empty()) {
            write!(f, "\n  cell: \"{}\"", escape(cell))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {}", escape(help))?;
        }
        Ok(())
    }
}

/// Where problems of one row (or of the header) are, and how they are made.
#[derive(Clone, Copy)]
pub(super) struct ProblemLocation<'a> {
    pub file: &'a Arc<str>,
    pub line: u64,
    /// All headers; empty before they are known.
    pub headers: &'a [String],
}

impl ProblemLocation<'_> {
    /// A problem of the row as a whole.
    pub fn row(&self, message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem {
            file: Arc::clone(self.file),
            line: self.line,
            column: None,
            cell: None,
            message: message.into(),
            help: Some(help.into()),
        }
    }

    /// A problem of the column at `index`, counted from 0.
    pub fn column(
        &self,
        index: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        let header = self.headers.get(index).map(|header| excerpt(header));
        Problem {
            column: Some(Column {
                number: index + 1,
                header: header.unwrap_or_default(),
            }),
            ..self.row(message, help)
        }
    }

    /// A problem of one cell, which is shown.
    pub fn cell(
        &self,
        index: usize,
        cell: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        Problem {
            cell: Some(excerpt(cell)),
            ..self.column(index, message, help)
        }
    }
}

/// The first [`SHOWN`] characters, with an ellipsis where more follow.
pub(super) fn excerpt(text: &str) -> String {
    shorten(text, SHOWN + 1).into_owned()
}

/// Why a manifest cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The machine failed: not found, not allowed, disk (exit 74).
    #[error("could not {doing} the manifest {}: {}", escape(name), why(source))]
    Io {
        /// The manifest's name.
        name: Arc<str>,
        /// What was tried, e.g. `open`.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The file cannot be split into rows and columns (exit 65). No row can be trusted, so
    /// leaving invalid rows out does not apply.
    #[error("{}", each_on_a_line(.0))]
    Invalid(Vec<Problem>),
    /// The file is not the one that was checked: it changed while it was read (exit 65).
    #[error(
        "{} was changed while it was being read. Save it, then run the same command again: rows \
         that were already sent are skipped",
        escape(.0)
    )]
    Changed(Arc<str>),
    /// An option is wrong, whatever the file says (exit 2).
    #[error("{0}")]
    Usage(String),
}

impl ManifestError {
    /// That a file as a whole is none that can be read.
    pub(super) fn of_file(
        file: &Arc<str>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let place = ProblemLocation {
            file,
            line: 1,
            headers: &[],
        };
        Self::Invalid(vec![place.row(message, help)])
    }
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "the file does not exist".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "you do not have permission to read it".to_owned(),
        _ => error.to_string(),
    }
}

/// Problems as they are shown, one below the other.
pub(super) fn each_on_a_line(problems: &[Problem]) -> String {
    let problems: Vec<_> = problems.iter().map(Problem::to_string).collect();
    problems.join("\n")
}

/// One row that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What messages call the file that it is in.
    pub file: Arc<str>,
    /// The line on which it starts, counted from 1.
    pub line: u64,
    /// The listing's or SKU's id; never empty.
    pub id: String,
    /// Distinguishes clips of the same photo; mostly empty.
    pub variant: String,
    /// What is wanted, defaults filled in.
    pub clip: Clip,
    /// The photo on this computer that [`Video::image_url`](crate::jobs::Video) is the address of
    /// once it is uploaded.
    pub photo_file: Option<Arc<LocalPhoto>>,
    /// The photo's name, where the cell has one in front of the address.
    pub photo_name: Option<String>,
    /// Where the vendor shall report, if anywhere.
    pub webhook_url: Option<String>,
    /// The cells of [`Manifest::carried_columns`](super::Manifest::carried_columns), in that order, exactly as written.
    pub carried: Vec<String>,
    /// Whether `--where` leaves it out. Such a row is not checked, and holds no more than what its
    /// clip may be recognized by.
    pub is_left_out: bool,
    /// Whether the spreadsheet program does not show it: a filter or a person hid it.
    pub is_hidden: bool,
    /// Differs, in all likelihood, when anything in the row differs. Holds for one run only.
    pub digest: u64,
}

impl Row {
    /// The key of the job that this row asks for.
    pub fn key(&self) -> JobKey {
        self.clip.key(&self.id, &self.variant)
    }
}

/// Why a row cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RowFault {
    /// This row cannot be sent, for at least one reason; the next ones may be fine.
    #[error("{}", each_on_a_line(problems))]
    Problems {
        /// Each reason.
        problems: Vec<Problem>,
        /// What its clip may be recognized by, where its cells are those of its columns.
        row: Option<Box<Row>>,
    },
    /// No further row can be read.
    #[error("{0}")]
    Broken(ManifestError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_like_a_compilers_and_cannot_steer_a_terminal() {
        let headers = ["sku".to_owned(), "dura\u{202e}tion".to_owned()];
        let place = ProblemLocation {
            file: &Arc::from("a\u{1b}.csv"),
            line: 7,
            headers: &headers,
        };
        let problem = place.cell(1, "\u{1b}[31mlong\nago", "is not a length", "write 5 or 5s");
        insta::assert_snapshot!(problem.to_string(), @r#"
        a\u{1b}.csv:7: column 2 (dura\u{202e}tion): is not a length
          cell: "\u{1b}[31mlong\nago"
          help: write 5 or 5s
        "#);
    }

    #[test]
    fn a_long_cell_is_cut_between_characters() {
        let shown = excerpt(&"\u{e9}".repeat(100));
        assert_eq!(shown.chars().count(), 61);
        assert_eq!(excerpt("short"), "short");
    }
}
