//! `review` without a browser: a table out, verdicts in.

use std::collections::HashMap;
use std::path::Path;

use super::super::limits::Limits;
use super::super::open::{self, OpenLog};
use super::session::{read_log, write_down};
use crate::engine::filter::Filters;
use crate::engine::review::{self, ClipReview};
use crate::exit::{Code, Failure};
use crate::jobs::{JobKey, ReviewVerdict};
use crate::journal::Writer;
use crate::manifest::{ManifestError, Options, Problem, Table, TableRow};
use crate::output::{JobSortKey, KEY_MARK, Printer, ReviewTable, in_order};
use crate::output::{failure, review::TableSummary};
use crate::settings::Settings;

/// What a cell may say.
const WORDS: &str = "write keep or reject, or leave the cell empty";

pub fn write(
    path: &Path,
    filters: &Filters,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    if printer.options().json {
        return Err(Failure::usage("--csv and --json exclude each other").into());
    }
    let log = read_log(path, settings, printer)?;
    let mut places = Vec::new();
    for view in log.views() {
        let view = view.map_err(failure::of_log)?;
        if review::has_clip(&view) && filters.matches(&view) {
            places.push((JobSortKey::of(&view), ()));
        }
    }
    if places.is_empty() {
        open::warn_of_filters(filters, log.views().flatten(), printer);
    }
    let for_terminal = printer.is_terminal();
    let mut table = ReviewTable::new(printer.out(), for_terminal)?;
    for view in log.views_of(in_order(places).into_iter().map(|(place, ())| place.key)) {
        table.push(&view.map_err(failure::of_log)?)?;
    }
    table.finish()?;
    Ok(Code::Success)
}

/// Takes verdicts in: all of them, or none where a row cannot be understood.
pub fn read(
    file: &Path,
    options: &Options,
    path: &Path,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let table = Table::read(file, options).map_err(|error| table_failure(&error))?;
    let limits = Limits::of_time(settings);
    let log = OpenLog::existing(path.to_owned(), "review", limits, settings, printer)?;
    let writer = &log.writer;
    let (verdicts, empty) = verdicts(&table, writer)?;
    let changed = write_down(&verdicts, writer, "make room on the disk and run it again")?;
    let count = |look| verdicts.iter().filter(|v| v.look == look).count() as u64;
    let read = TableSummary {
        kept: count(ReviewVerdict::Kept),
        rejected: count(ReviewVerdict::Rejected),
        empty,
        changed,
    };
    printer.result(|| read.to_json(), || read.sentence(&log.commands))?;
    Ok(Code::Success)
}

fn table_failure(error: &ManifestError) -> Failure {
    let message = error.to_string();
    match error {
        ManifestError::Io { .. } => {
            Failure::io(message).help("name a table that `creativeai review --csv` wrote")
        }
        _ => Failure::data(format!("{message}\nno verdict was recorded"))
            .help("correct the file and run the same command again"),
    }
}

/// The verdicts of a table, and how many rows have none.
fn verdicts(table: &Table, writer: &Writer) -> Result<(Vec<ClipReview>, u64), Failure> {
    let column = |name: &str| {
        let (message, help) = match *table.columns(name) {
            [place] => return Ok(place),
            [] => (
                format!("cannot find the column {name}"),
                "the columns job, attempt and verdict are those of `creativeai review --csv`",
            ),
            // Two people may have said different things.
            [..] => (
                format!("several columns are called {name}"),
                "keep one of them",
            ),
        };
        let problem = table.header_problem(message, help);
        Err(table_failure(&ManifestError::Invalid(vec![problem])))
    };
    let columns = [column("job")?, column("attempt")?, column("verdict")?];
    let mut seen: HashMap<JobKey, (u64, ReviewVerdict)> = HashMap::new();
    let (mut verdicts, mut problems, mut empty) = (Vec::new(), Vec::new(), 0);
    for row in &table.rows {
        match verdict(table, row, columns) {
            Ok(None) => empty += 1,
            Ok(Some(verdict)) => {
                let view = writer.view(verdict.job).map_err(failure::of_log)?;
                let earlier = seen.insert(verdict.job, (row.line, verdict.look));
                if let Err(stray) = review::check(verdict, view.as_ref()) {
                    let help = "write the table again with `creativeai review --csv`";
                    problems.push(table.problem(row, columns[0], stray.to_string(), help));
                } else if let Some((line, look)) = earlier.filter(|(_, l)| *l != verdict.look) {
                    let message = format!("line {line} says {} of the same clip", look.as_str());
                    problems.push(table.problem(row, columns[2], message, "keep one of them"));
                } else {
                    verdicts.push(verdict);
                }
            }
            Err(problem) => problems.push(*problem),
        }
    }
    if problems.is_empty() {
        return Ok((verdicts, empty));
    }
    Err(table_failure(&ManifestError::Invalid(problems)))
}

/// What a row says; `None` where its verdict is empty.
fn verdict(
    table: &Table,
    row: &TableRow,
    [job, attempt, verdict]: [usize; 3],
) -> Result<Option<ClipReview>, Box<Problem>> {
    let wrong = |column, message: String, help| Box::new(table.problem(row, column, message, help));
    let look = match row.cell(verdict).to_lowercase().as_str() {
        "" => return Ok(None),
        "keep" | "kept" => ReviewVerdict::Kept,
        "reject" | "rejected" => ReviewVerdict::Rejected,
        other => return Err(wrong(verdict, format!("{other:?} is not a verdict"), WORDS)),
    };
    let help = "leave this column as `creativeai review --csv` wrote it";
    let cell = row.cell(job);
    let key = JobKey::parse(cell.strip_prefix(KEY_MARK).unwrap_or(cell));
    let number = row.cell(attempt).parse().ok();
    Ok(Some(ClipReview {
        job: key.ok_or_else(|| wrong(job, "this is not a job's key".to_owned(), help))?,
        attempt: number
            .ok_or_else(|| wrong(attempt, "this is not an attempt's number".to_owned(), help))?,
        look,
    }))
}
