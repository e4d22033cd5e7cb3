//! One file of a manifest: a table with its own header.

use std::sync::Arc;

use super::{
    check::Checker,
    check::RowFilter,
    columns::Columns,
    field::{is_field, nearest},
    header::{broken, detect_delimiter, open_records, skip_to_header},
    options::{Options, RowCondition},
    problem::{ManifestError, ProblemLocation, excerpt},
    problem::{Row, RowFault},
    records::{Record, RecordReader},
    source::{OpenFile, Utf8Reader},
};
use crate::text::escape;

/// A table whose header has been read and understood.
pub(super) struct Sheet {
    source: OpenFile,
    options: Arc<Options>,
    delimiter: u8,
    pub columns: Columns,
    /// Which rows are meant.
    chosen: RowFilter,
    /// Number of non-empty rows above the header.
    above: usize,
    /// The header's digest, to notice a file that was changed.
    header: u64,
}

impl Sheet {
    /// Reads the header.
    pub fn of(source: OpenFile, options: Arc<Options>) -> Result<Self, ManifestError> {
        let (delimiter, header) = detect_delimiter(&source, &options)?;
        let place = ProblemLocation {
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
        let columns = Columns::find(place, &options).map_err(|mut problems| {
            // The table may be on another sheet of the workbook.
            if let (Some(other), Some(first)) = (source.other_sheets(), problems.first_mut()) {
                let help = first.help.take();
                first.help = Some(match help {
                    Some(help) => format!("{help}; {other}"),
                    None => other,
                });
            }
            ManifestError::Invalid(problems)
        })?;
        Ok(Self {
            above: header.above,
            header: header.digest,
            source,
            chosen: RowFilter::of(&options.conditions, &columns),
            options,
            delimiter,
            columns,
        })
    }

    /// Columns that are carried along although their header is nearly that of a column with a
    /// meaning, each reported in a sentence.
    pub fn doubts(&self) -> impl Iterator<Item = String> + '_ {
        let meant = self.columns.doubts.iter().map(|(header, meant)| {
            format!(
                "column \"{}\" is only carried along; did you mean {meant}?",
                escape(&excerpt(header))
            )
        });
        let template = self.options.prompt.iter();
        let absent = template.flat_map(|template| template.without_column(&self.columns.headers));
        meant.chain(absent.map(|name| {
            format!(
                "cannot find the column \"{}\" for the prompt, so every row gets the text after \
                 the |",
                escape(&excerpt(name))
            )
        }))
    }

    /// Which sheet of several it is; which program's export it is and what maps to what; and what
    /// `--map` only gives a name.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let known = self.columns.known.as_ref();
        let of_export = known.and_then(|known| known.notice(&self.columns.headers));
        let named = self.options.map.iter();
        let named = named.filter(|(name, _)| !is_field(name));
        let carried = named.map(|(name, header)| {
            format!(
                "--map {name}={header}: {name} is not a column that is sent, so \"{header}\" is only \
                 carried along under that name"
            )
        });
        let other_sheets = self.source.other_sheets();
        other_sheets
            .into_iter()
            .chain(of_export)
            .chain(carried)
            .map(|text| escape(&text).into_owned())
    }

    /// The headers of columns that count although the spreadsheet program does not show them.
    pub fn hidden_columns(&self) -> impl Iterator<Item = &str> {
        let hidden = self.source.hidden().into_iter();
        let places = hidden.flat_map(|hidden| {
            let places = self.columns.sent();
            places.filter(|place| hidden.has_column(*place))
        });
        places.map(|place| &*self.columns.headers[place])
    }

    /// What messages call the file.
    pub fn name(&self) -> &Arc<str> {
        &self.source.name
    }

    /// Whether someone wrote to the file since it was opened, by its length and time of change.
    pub fn has_changed(&self) -> Result<bool, ManifestError> {
        self.source.has_changed()
    }

    /// Starts a pass over all rows.
    pub fn rows(&self) -> Result<SheetRows<'_>, ManifestError> {
        let mut records = open_records(&self.source, self.delimiter)?;
        let header = skip_to_header(&mut records, self.above)
            .map_err(|fault| broken(&self.source, &[], fault))?;
        if header != Some(self.header) {
            return Err(ManifestError::Changed(Arc::clone(&self.source.name)));
        }
        Ok(SheetRows {
            source: &self.source,
            records: Some(records),
            checker: Checker {
                place: ProblemLocation {
                    file: &self.source.name,
                    line: 0,
                    headers: &self.columns.headers,
                },
                columns: &self.columns,
                chosen: &self.chosen,
                folder: &self.source.folder,
                options: &self.options,
                delimiter: self.delimiter,
                workbook: self.source.hidden(),
                last_webhook: String::new(),
                last_server: String::new(),
                others: Vec::new(),
            },
        })
    }
}

/// One pass over a table's rows. Empty rows are skipped.
pub(super) struct SheetRows<'a> {
    source: &'a OpenFile,
    /// `None` once nothing more can be read.
    records: Option<RecordReader<Utf8Reader<'a>>>,
    checker: Checker<'a>,
}

impl SheetRows<'_> {
    /// Passes over the next row, without checking it where each record is one row.
    pub fn pass_over(&mut self) -> Option<Result<(), RowFault>> {
        if self.checker.may_make_several_rows() {
            return match self.next()? {
                Err(fault @ RowFault::Broken(_)) => Some(Err(fault)),
                _ => Some(Ok(())),
            };
        }
        self.record(|_, _| Ok(()))
    }

    /// What `read` makes of the next record that asks for something.
    fn record<T>(
        &mut self,
        read: impl FnOnce(&mut Checker<'_>, &Record<'_>) -> Result<T, RowFault>,
    ) -> Option<Result<T, RowFault>> {
        loop {
            match self.records.as_mut()?.next() {
                Ok(Some(record)) if self.checker.skips(&record) => {}
                Ok(Some(record)) => return Some(read(&mut self.checker, &record)),
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

impl Iterator for SheetRows<'_> {
    type Item = Result<Row, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.checker.others.pop() {
            return Some(Ok(row));
        }
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method is one of a checker of a single lifetime"
        )]
        self.record(|checker, record| checker.check(record))
    }
}

/// Refuses a condition on a column that no file has: it was mistyped.
pub(super) fn check_conditions(
    conditions: &[RowCondition],
    sheets: &[Sheet],
) -> Result<(), ManifestError> {
    let is_known = |condition: &&RowCondition| {
        let mut sheets = sheets.iter();
        sheets.any(|sheet| sheet.columns.called(&condition.column).is_some())
    };
    let Some(unknown) = conditions.iter().find(|condition| !is_known(condition)) else {
        return Ok(());
    };
    let headers = || sheets.iter().flat_map(|sheet| &sheet.columns.headers);
    let near = nearest(&unknown.column, headers().map(String::as_str));
    let help = near.map_or_else(
        || {
            let mut shown: Vec<String> = Vec::new();
            for header in headers().filter(|header| !header.is_empty()) {
                let header = excerpt(header);
                if shown.len() < MOST_HEADERS && !shown.contains(&header) {
                    shown.push(header);
                }
            }
            format!("the columns are: {}", shown.join(", "))
        },
        |near| format!("did you mean {}?", excerpt(near)),
    );
    Err(ManifestError::Usage(format!(
        "--where {}={}: no column is called that, so no row was sent; {help}",
        unknown.column, unknown.value
    )))
}

/// Headers that are listed.
const MOST_HEADERS: usize = 20;
