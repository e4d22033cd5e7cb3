//! `--where`: which rows are meant, by their cells.

use super::{
    columns::Columns, field::normalized, odd::trimmed, options::Condition, records::Record,
};

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

impl Columns {
    /// The column that a person calls so: by its header, by what it is carried as, or by its meaning.
    pub(super) fn called(&self, name: &str) -> Option<usize> {
        let name = normalized(name);
        let is_it = |other: &String| normalized(other) == name;
        let by_header = self.headers.iter().position(is_it);
        let carried = || Some(self.carried[self.carried_names.iter().position(is_it)?]);
        by_header.or_else(carried).or_else(|| self.meant_by(&name))
    }
}
