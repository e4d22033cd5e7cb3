//! `--where`: which rows are meant, by their cells.

use super::{
    columns::Columns,
    field::{nearest, normalised},
    odd::trimmed,
    problem::{ManifestError, excerpt},
    records::Record,
    sheet::Sheet,
};

/// `COLUMN=VALUE`. The column is found without regard to case, spaces and underscores; the value
/// must be the cell's, but for blanks around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column's header, or the name that it has here.
    pub column: String,
    /// What its cell must hold; may be empty.
    pub value: String,
}

/// Conditions on one file's rows, all of which must hold.
#[derive(Debug, Default)]
pub(super) struct Chosen(Vec<(Option<usize>, String)>);

impl Chosen {
    /// For the file with these columns. A column that it does not have is empty in all its rows.
    pub fn of(conditions: &[Condition], columns: &Columns) -> Self {
        let resolved = conditions.iter().map(|condition| {
            let value = trimmed(&condition.value).to_owned();
            (columns.called(&condition.column), value)
        });
        Self(resolved.collect())
    }

    /// Whether a row is meant.
    pub fn matches(&self, record: &Record<'_>) -> bool {
        let cell = |column: &Option<usize>| column.map_or("", |column| record.cell(column));
        let mut conditions = self.0.iter();
        conditions.all(|(column, value)| trimmed(cell(column)) == value)
    }
}

/// Refuses a condition on a column that no file has: it was mistyped.
pub(super) fn check_conditions(
    conditions: &[Condition],
    sheets: &[Sheet],
) -> Result<(), ManifestError> {
    let is_known = |condition: &&Condition| {
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
        "--where {}={}: there is no such column, so no row was sent; {help}",
        unknown.column, unknown.value
    )))
}

/// Headers that are listed.
const MOST_HEADERS: usize = 20;

impl Columns {
    /// The column that a person calls so: by its header, by what it is carried as, or by its meaning.
    fn called(&self, name: &str) -> Option<usize> {
        let name = normalised(name);
        let is_it = |other: &String| normalised(other) == name;
        let by_header = self.headers.iter().position(is_it);
        let carried = || Some(self.carried[self.carried_names.iter().position(is_it)?]);
        by_header.or_else(carried).or_else(|| self.meant_by(&name))
    }
}
