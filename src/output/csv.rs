//! `status --csv`: one row a job, for a spreadsheet.

use std::collections::HashSet;
use std::io::{self, Write};

use serde_json::Value;

use crate::disk;
use crate::jobs::{AttemptState, Credits, JobView, Rates, ReviewVerdict, Status};
use crate::text::{escape, escape_controls, unquoted};

/// Columns of our own; carried columns follow.
const COLUMNS: [&str; 22] = [
    "id",
    "variant",
    "line",
    "job",
    "attempt",
    "status",
    "generation_id",
    "output_url",
    "file",
    "credits",
    "credits_estimated",
    "error",
    "completed_at",
    "flags",
    "listing_id",
    "sku",
    "prompt",
    "photo",
    "model",
    "failover",
    "dollars_low",
    "dollars_high",
];

/// What programs expect of a CSV beyond its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Between two cells.
    pub delimiter: u8,
    /// Whether a byte order mark is in front, by which Excel knows UTF-8.
    pub bom: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: b',',
            bom: false,
        }
    }
}

/// The names of carried columns, in the order in which jobs first have them.
#[derive(Clone, Debug, Default)]
pub struct CarriedColumns {
    names: Vec<String>,
    known: HashSet<String>,
}

impl CarriedColumns {
    /// Takes in the columns of one more job.
    pub fn add(&mut self, view: &JobView) {
        for (name, _) in view.carried() {
            if self.known.insert(name.to_owned()) {
                self.names.push(name.to_owned());
            }
        }
    }
}

/// Rows that do no harm to a spreadsheet, nor to a terminal.
pub(super) struct SafeCsvWriter<W: Write> {
    csv: csv::Writer<W>,
    for_terminal: bool,
}

impl<W: Write> SafeCsvWriter<W> {
    /// Rows that are written to `out`; on a terminal, cells are escaped as well.
    pub(super) fn new(out: W, delimiter: u8, for_terminal: bool) -> Self {
        let mut csv = csv::WriterBuilder::new();
        Self {
            csv: csv.delimiter(delimiter).from_writer(out),
            for_terminal,
        }
    }

    /// Writes a row.
    pub(super) fn write(&mut self, cells: impl IntoIterator<Item = String>) -> io::Result<()> {
        let safe = cells.into_iter().map(|cell| {
            let cell = disarm(cell);
            if self.for_terminal {
                escape(&cell).into_owned()
            } else {
                escape_controls(&cell)
            }
        });
        let safe: Vec<String> = safe.collect();
        self.csv.write_record(&safe).map_err(io::Error::from)
    }

    /// Brings out the last rows.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

/// A CSV being written.
pub struct CsvTable<W: Write> {
    rows: SafeCsvWriter<W>,
    carried: Vec<String>,
    rates: Rates,
}

impl<W: Write> CsvTable<W> {
    /// Writes the header. On a terminal, cells are escaped as well.
    pub fn new(
        mut out: W,
        carried: CarriedColumns,
        rates: Rates,
        dialect: Dialect,
        for_terminal: bool,
    ) -> io::Result<Self> {
        if dialect.bom {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let mut rows = SafeCsvWriter::new(out, dialect.delimiter, for_terminal);
        let own = COLUMNS.into_iter().map(str::to_owned);
        let others = carried.names.iter().map(|name| {
            if COLUMNS.contains(&name.as_str()) {
                format!("manifest_{name}")
            } else {
                name.clone()
            }
        });
        rows.write(own.chain(others))?;
        Ok(Self {
            rows,
            carried: carried.names,
            rates,
        })
    }

    /// Adds a job.
    pub fn push(&mut self, view: &JobView) -> io::Result<()> {
        let own = COLUMNS.iter().map(|name| cell(view, &self.rates, name));
        let carried = self.carried.iter().map(|name| view.fields.get(name));
        let carried = carried.map(|value| value.map_or_else(String::new, text_of));
        self.rows.write(own.chain(carried))
    }

    /// Brings out the last rows.
    pub fn finish(self) -> io::Result<()> {
        self.rows.finish()
    }
}

fn cell(view: &JobView, rates: &Rates, column: &str) -> String {
    let effective = view.effective();
    let field = |name: &str| effective.and_then(|a| a.fields.get(name)).map(text_of);
    let job_field = |name: &str| view.fields.get(name).map(text_of);
    let some = |amount: Credits| (amount > Credits::ZERO).then(|| amount.to_string());
    let cell = match column {
        "id" => view.id().map(|(_, id)| id.to_owned()),
        "variant" | "line" => job_field(column),
        "job" => Some(view.key().to_string()),
        "attempt" => Some(view.state.effective().number.to_string()),
        "status" => Some(view.state.status().as_str().to_owned()),
        "generation_id" => effective.and_then(|a| a.generation_id()).map(str::to_owned),
        "file" => effective
            .and_then(|a| a.file_on(&disk::host_name()))
            .map(str::to_owned),
        "credits" => view.state.effective().charged().map(|c| c.to_string()),
        "credits_estimated" => some(view.state.effective().estimate()),
        // An error that a later success has made good is history.
        "error" if view.state.status().is_rendering() => None,
        "error" if view.state.status() == Status::Completed => None,
        "flags" => Some(flags(view)),
        "listing_id" | "sku" => view
            .id()
            .filter(|(own, _)| own.name() == column)
            .map(|(_, id)| id.to_owned()),
        "prompt" => view.prompt(),
        "photo" => view.photo(),
        // Who made it, where that is known; else who was asked.
        "model" => field("model_actual").or_else(|| view.requested("model").as_ref().map(text_of)),
        "failover" => field("failover_used"),
        "dollars_low" | "dollars_high" => view.state.effective().charged().map(|charged| {
            let (low, high) = rates.dollars(charged);
            let dollars = if column == "dollars_low" { low } else { high };
            format!("{dollars:.3}")
        }),
        other => field(other),
    };
    cell.unwrap_or_default()
}

/// `superseded`, `dismissed`, `temporary`, `downloaded`, `published`, `kept`, `rejected`,
/// `billed_twice`, as they hold.
fn flags(view: &JobView) -> String {
    let job = &view.state;
    let effective = job.effective();
    let flags = [
        ("superseded", job.is_superseded()),
        ("dismissed", job.is_dismissed()),
        ("temporary", effective.is_temporary()),
        ("downloaded", effective.is_downloaded()),
        ("published", effective.is_published()),
        ("kept", effective.look() == Some(ReviewVerdict::Kept)),
        (
            "rejected",
            effective.look() == Some(ReviewVerdict::Rejected),
        ),
        (
            "billed_twice",
            job.attempts().any(AttemptState::has_two_ids),
        ),
    ];
    let held: Vec<_> = flags
        .iter()
        .filter(|(_, holds)| *holds)
        .map(|(name, _)| *name)
        .collect();
    held.join(" ")
}

fn text_of(value: &Value) -> String {
    if value.is_null() {
        String::new()
    } else {
        unquoted(value)
    }
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe in front, which makes it
/// a text.
fn disarm(cell: String) -> String {
    let first = cell.chars().next();
    // The wide forms count as well: some spreadsheets fold them.
    if matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    ) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_moves_the_cursor_when_the_file_is_shown() {
        let mut out = Vec::new();
        let carried = CarriedColumns {
            names: vec!["=\u{1b}[2J".to_owned(), "two\nlines".to_owned()],
            known: HashSet::new(),
        };
        let rates = Rates::default();
        let table = CsvTable::new(&mut out, carried, rates, Dialect::default(), false);
        table.unwrap().finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with(",'=\\u{1b}[2J,\"two\nlines\"\n"), "{text}");
    }

    #[test]
    fn formulas_become_texts() {
        for bad in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1",
        ] {
            assert_eq!(disarm(bad.to_owned()), format!("'{bad}"));
        }
        for good in ["", "a=1", "LST-1", "'", "5"] {
            assert_eq!(disarm(good.to_owned()), good);
        }
    }
}
