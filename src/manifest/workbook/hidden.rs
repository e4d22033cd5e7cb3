//! What a spreadsheet program does not show of a sheet: rows that a filter or a person hid, and columns.

use std::io::{BufRead, BufReader, Read, Seek};
use std::ops::Range;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;

use super::fault::{WorkbookError, damaged};

/// The rows and columns of a sheet that are not shown, counted from 0, in runs and in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Hidden {
    rows: Vec<Range<u64>>,
    columns: Vec<Range<u64>>,
    /// Cells with a formula, but for those whose value was saved as a text: row and column.
    formulas: Vec<(u64, u64)>,
}

impl Hidden {
    /// Whether the row of a line, counted from 1, is hidden.
    pub fn has_line(&self, line: u64) -> bool {
        line.checked_sub(1).is_some_and(|row| has(&self.rows, row))
    }

    /// Whether a column, counted from 0, is hidden.
    pub fn has_column(&self, column: usize) -> bool {
        has(&self.columns, column as u64)
    }

    /// Whether an empty cell holds a formula whose value was never saved: what wrote the file has
    /// calculated nothing.
    pub fn has_formula(&self, line: u64, column: usize) -> bool {
        let cell = (line.saturating_sub(1), column as u64);
        self.formulas.binary_search(&cell).is_ok()
    }

    /// Of the sheet called `name` in an Excel workbook.
    pub fn in_xlsx(file: impl Read + Seek, name: &str) -> Result<Self, WorkbookError> {
        let mut zip = archive(file)?;
        let root = relations(&mut zip, "_rels/.rels")?;
        let book = root
            .into_iter()
            .find(|(_, kind, _)| kind.ends_with("/officeDocument"));
        let book = book.map_or_else(|| "xl/workbook.xml".to_owned(), |(_, _, part)| part);
        let (folder, own) = book.rsplit_once('/').unwrap_or(("", &book));
        let parts = relations(&mut zip, &format!("{folder}/_rels/{own}.rels"))?;
        let mut id = None;
        each_tag(part(&mut zip, &book)?, |tag| {
            if tag.local_name().as_ref() == "sheet" && text(tag, "name")?.as_deref() == Some(name) {
                id = text(tag, "id")?;
            }
            Ok(id.is_none())
        })?;
        let sheet = parts.into_iter().find(|(own, ..)| Some(own) == id.as_ref());
        let Some((_, _, target)) = sheet else {
            return Err(damaged(&"the sheet's part is not named"));
        };
        let path = target
            .strip_prefix('/')
            .map_or_else(|| format!("{folder}/{target}"), str::to_owned);
        Self::in_sheet(part(&mut zip, &path)?)
    }

    fn in_sheet(part: impl BufRead) -> Result<Self, WorkbookError> {
        let mut hidden = Self::default();
        let mut next = 0;
        // Where the cell is, and whether it holds a text, which may be an empty one.
        let (mut cell, mut is_text) = ((0, 0), false);
        each_tag(part, |tag| {
            let is_hidden = || -> Result<bool, WorkbookError> {
                let value = text(tag, "hidden")?;
                Ok(matches!(value.as_deref(), Some("1" | "true")))
            };
            match tag.local_name().as_ref() {
                "col" if is_hidden()? => {
                    let from = number(tag, "min")?.unwrap_or(1).saturating_sub(1);
                    let to = number(tag, "max")?.unwrap_or(from + 1);
                    hidden.columns.push(from..to);
                }
                "row" => {
                    let row = number(tag, "r")?.map_or(next, |row| row.saturating_sub(1));
                    next = row.saturating_add(1);
                    if is_hidden()? {
                        push(&mut hidden.rows, row..next);
                    }
                    cell = (row, 0);
                }
                "c" => {
                    let column = text(tag, "r")?.as_deref().and_then(column_of);
                    let column = column.unwrap_or(cell.1);
                    cell.1 = column + 1;
                    is_text = text(tag, "t")?.as_deref() == Some("str");
                }
                // What programs of later years have added, with formulas of its own, comes last.
                "extLst" => return Ok(false),
                "f" if !is_text => hidden.formulas.push((cell.0, cell.1.saturating_sub(1))),
                _ => {}
            }
            Ok(true)
        })?;
        hidden.formulas.sort_unstable();
        Ok(hidden)
    }

    /// Of the sheet called `name` in an `OpenDocument` workbook.
    pub fn in_ods(file: impl Read + Seek, name: &str) -> Result<Self, WorkbookError> {
        let mut zip = archive(file)?;
        let mut hidden = Self::default();
        let (mut is_in, mut row, mut column, mut cell) = (false, 0_u64, 0_u64, 0_u64);
        each_tag(part(&mut zip, "content.xml")?, |tag| {
            let kind = tag.local_name();
            let (repeated, place, runs) = match kind.as_ref() {
                "table" => {
                    let was_in = is_in;
                    is_in = text(tag, "name")?.as_deref() == Some(name);
                    return Ok(is_in || !was_in);
                }
                "table-cell" | "covered-table-cell" if is_in => {
                    if text(tag, "formula")?.is_some() && text(tag, "value-type")?.is_none() {
                        hidden.formulas.push((row.saturating_sub(1), cell));
                    }
                    let repeated = number(tag, "number-columns-repeated")?.unwrap_or(1);
                    cell = cell.saturating_add(repeated);
                    return Ok(true);
                }
                "table-row" if is_in => ("number-rows-repeated", &mut row, &mut hidden.rows),
                "table-column" if is_in => {
                    ("number-columns-repeated", &mut column, &mut hidden.columns)
                }
                _ => return Ok(true),
            };
            cell = 0;
            let from = *place;
            *place = place.saturating_add(number(tag, repeated)?.unwrap_or(1));
            if text(tag, "visibility")?.is_some_and(|value| value != "visible") {
                push(runs, from..*place);
            }
            Ok(true)
        })?;
        Ok(hidden)
    }
}

/// The column of a cell that is called `AB12`, counted from 0.
fn column_of(cell: &str) -> Option<u64> {
    let letters = cell.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.take(4).fold(0, |number, letter| {
        number * 26 + u64::from(letter.to_ascii_uppercase() - b'A' + 1)
    });
    number.checked_sub(1)
}

/// Whether one of the runs holds a place.
fn has(runs: &[Range<u64>], place: u64) -> bool {
    let before = runs.partition_point(|run| run.end <= place);
    runs.get(before).is_some_and(|run| run.contains(&place))
}

/// Adds a run, to the last one where it goes on with that.
fn push(runs: &mut Vec<Range<u64>>, run: Range<u64>) {
    match runs.last_mut() {
        Some(last) if last.end == run.start => last.end = run.end,
        _ => runs.push(run),
    }
}

fn archive<R: Read + Seek>(file: R) -> Result<ZipArchive<R>, WorkbookError> {
    ZipArchive::new(file).map_err(|error| damaged(&error))
}

type ZipEntry<'a, R> = BufReader<ZipFile<'a, R>>;

/// A part of the archive by its name, which some programs write in other letters.
fn part<'a, R: Read + Seek>(
    zip: &'a mut ZipArchive<R>,
    path: &str,
) -> Result<ZipEntry<'a, R>, WorkbookError> {
    let wanted = path.trim_start_matches('/');
    let is_it = |name: &str| name.replace('\\', "/").eq_ignore_ascii_case(wanted);
    let name = {
        let mut names = zip.file_names().filter_map(Result::ok);
        let found = names.find(|name| is_it(name));
        found.map_or_else(|| wanted.to_owned(), std::borrow::Cow::into_owned)
    };
    let file = zip.by_name(&name).map_err(|error| damaged(&error))?;
    Ok(BufReader::new(file))
}

/// The parts that another one names: id, type and place of each. Empty if it has no list of them.
fn relations<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    path: &str,
) -> Result<Vec<(String, String, String)>, WorkbookError> {
    let mut found = Vec::new();
    each_tag(part(zip, path)?, |tag| {
        if tag.local_name().as_ref() == "Relationship" {
            let value = |name| Ok::<_, WorkbookError>(text(tag, name)?.unwrap_or_default());
            found.push((value("Id")?, value("Type")?, value("Target")?));
        }
        Ok(true)
    })?;
    Ok(found)
}

/// Gives every tag that opens to `take`, until that wants no more.
fn each_tag(
    part: impl BufRead,
    mut take: impl FnMut(&BytesStart<'_>) -> Result<bool, WorkbookError>,
) -> Result<(), WorkbookError> {
    let mut reader = quick_xml::Reader::from_reader(part);
    // As lenient as what reads the cells.
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                if !take(&tag)? {
                    return Ok(());
                }
            }
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(damaged(&error)),
        }
        buffer.clear();
    }
}

/// An attribute by its name without a prefix.
fn text(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, WorkbookError> {
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| damaged(&error))?;
        if attribute.key.local_name().as_ref() == name {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| damaged(&error))?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

fn number(tag: &BytesStart<'_>, name: &str) -> Result<Option<u64>, WorkbookError> {
    Ok(text(tag, name)?.and_then(|value| value.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_count_on_where_they_have_no_number() {
        let sheet = br#"<x:worksheet><x:cols><x:col min="2" max="3" hidden="true"/><x:col min="5"
            max="5" hidden="0"/></x:cols><x:sheetData><x:row r="3" hidden="1"/><x:row hidden="1">
            <x:c/></x:row><x:row/><x:row r="9" hidden="1"/></x:sheetData></x:worksheet>"#;
        let hidden = Hidden::in_sheet(&sheet[..]).unwrap();
        let lines: Vec<u64> = (0..20).filter(|line| hidden.has_line(*line)).collect();
        assert_eq!(lines, [3, 4, 9]);
        let columns: Vec<usize> = (0..9).filter(|place| hidden.has_column(*place)).collect();
        assert_eq!(columns, [1, 2]);
    }

    #[test]
    fn formulas_are_known_by_their_cells() {
        let sheet = br#"<sheetData><row r="2"><c r="A2"><v>1</v></c><c r="AB2"><f>A2</f><v/></c>
            </row><row><c/><c><f>A2</f></c><c t="str"><f>A2</f><v/></c><c/></row></sheetData>
            <extLst><ext><x14:dataValidation><x14:formula1><xm:f>Lists!$A$1</xm:f></x14:formula1>
            </x14:dataValidation></ext></extLst>"#;
        let hidden = Hidden::in_sheet(&sheet[..]).unwrap();
        assert_eq!(hidden.formulas, [(1, 27), (2, 1)]);
        assert!(hidden.has_formula(2, 27) && !hidden.has_formula(2, 26));
    }

    #[test]
    fn a_row_with_the_largest_number_is_no_panic() {
        let sheet = format!(
            r#"<sheetData><row r="{}"/><row/><row hidden="1"/></sheetData>"#,
            u64::MAX
        );
        let hidden = Hidden::in_sheet(sheet.as_bytes()).unwrap();
        assert!(!(0..20).any(|line| hidden.has_line(line)));
    }
}
