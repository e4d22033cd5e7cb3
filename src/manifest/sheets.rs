//! A manifest: sheets that are read one after the other, as often as needed.

use std::{borrow::Cow, collections::VecDeque, io::Read, path::Path, sync::Arc};

use super::columns::Columns;
use super::options::Options;
use super::problem::{ManifestError, Row, RowFault};
use super::sheet::{Sheet, SheetRows, check_conditions};
use super::source::OpenFile;
use crate::jobs::IdColumn;

/// A manifest whose header has been read and understood: one file, or several that are read one
/// after the other, each with its own header.
pub struct Manifest {
    /// At least one.
    sheets: Vec<Sheet>,
    /// The carried columns of all of them, each once.
    carried: Vec<String>,
    /// What messages call it.
    name: String,
}

/// Where a manifest's text comes from.
pub enum Input<'a> {
    /// A file, or `-` for standard input.
    File(&'a Path),
    /// What was fetched from an address.
    Fetched {
        /// What messages call it.
        name: &'a str,
        /// All of it.
        bytes: &'a [u8],
    },
}

impl Manifest {
    /// Opens the file at `path` and reads its header. `-` is standard input; that, and anything
    /// else that cannot be read twice, is first copied to a temporary file without a name.
    pub fn open(path: &Path, options: Options) -> Result<Self, ManifestError> {
        Self::open_all(&[Input::File(path)], options)
    }

    /// Opens several files, which are read one after the other. All of them name listings, or all
    /// of them name products.
    pub fn open_all(inputs: &[Input<'_>], options: Options) -> Result<Self, ManifestError> {
        options.check()?;
        let options = Arc::new(options);
        let sheets = inputs.iter().map(|input| {
            let source = match input {
                Input::File(path) => OpenFile::open(path, &options)?,
                Input::Fetched { name, bytes } => OpenFile::spool(name, *bytes, &options)?,
            };
            Sheet::of(source, Arc::clone(&options))
        });
        let sheets: Vec<Sheet> = sheets.collect::<Result<_, _>>()?;
        check_conditions(&options.conditions, &sheets)?;
        Self::of(sheets)
    }

    /// Copies `reader` to a temporary file without a name and reads its header. `name` is what
    /// messages call it.
    pub fn from_reader(
        name: &str,
        reader: impl Read,
        options: Options,
    ) -> Result<Self, ManifestError> {
        options.check()?;
        let source = OpenFile::spool(name, reader, &options)?;
        Self::of(vec![Sheet::of(source, Arc::new(options))?])
    }

    fn of(sheets: Vec<Sheet>) -> Result<Self, ManifestError> {
        let Some(first) = sheets.first() else {
            return Err(ManifestError::Usage("name a manifest".to_owned()));
        };
        let mixed = sheets
            .iter()
            .find(|sheet| sheet.columns.id_column != first.columns.id_column);
        if let Some(other) = mixed {
            return Err(ManifestError::of_file(
                other.name(),
                format!(
                    "this file names its rows by {}, and {} by {}",
                    other.columns.id_column.name(),
                    first.name(),
                    first.columns.id_column.name()
                ),
                "submit listings and products with separate commands",
            ));
        }
        let mut carried: Vec<String> = Vec::new();
        for name in sheets.iter().flat_map(|sheet| &sheet.columns.carried_names) {
            if !carried.contains(name) {
                carried.push(name.clone());
            }
        }
        let names: Vec<&str> = sheets.iter().map(|sheet| &**sheet.name()).collect();
        let name = names.join(", ");
        Ok(Self {
            sheets,
            carried,
            name,
        })
    }

    fn first(&self) -> &Columns {
        // There is at least one.
        &self.sheets[0].columns
    }

    /// Which column names the rows' items.
    pub fn id_column(&self) -> IdColumn {
        self.first().id_column
    }

    /// The names under which columns without a meaning here go into the log: their headers, or
    /// what `--map` calls them; of several files those of all.
    pub fn carried_columns(&self) -> &[String] {
        &self.carried
    }

    /// Columns that are carried along although their header is nearly that of a column with a
    /// meaning, each reported in a sentence, with the file's name.
    pub fn doubts(&self) -> impl Iterator<Item = (&str, String)> {
        self.sheets
            .iter()
            .flat_map(|sheet| sheet.doubts().map(|doubt| (&**sheet.name(), doubt)))
    }

    /// The headers of columns that count although the spreadsheet program does not show them, with the
    /// file's name.
    pub fn hidden_columns(&self) -> impl Iterator<Item = (&str, &str)> {
        let sheets = self.sheets.iter();
        sheets.flat_map(|sheet| {
            sheet
                .hidden_columns()
                .map(|header| (&**sheet.name(), header))
        })
    }

    /// Which program's export a file is, and what maps to what, with the file's name.
    pub fn notes(&self) -> impl Iterator<Item = (&str, String)> {
        let sheets = self.sheets.iter();
        sheets.flat_map(|sheet| sheet.notes().map(|note| (&**sheet.name(), note)))
    }

    /// What messages call the manifest.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a file has a column that a person calls so, without regard to case, spaces and
    /// underscores.
    pub fn has_column(&self, name: &str) -> bool {
        let mut sheets = self.sheets.iter();
        sheets.any(|sheet| sheet.columns.called(name).is_some())
    }

    /// Whether it is more than one file.
    pub fn has_several_files(&self) -> bool {
        self.sheets.len() > 1
    }

    /// Whether someone wrote to a file since it was opened, by its length and time of change.
    pub fn has_changed(&self) -> Result<bool, ManifestError> {
        for sheet in &self.sheets {
            if sheet.has_changed()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Starts a pass over all rows.
    pub fn rows(&mut self) -> Result<ManifestRows<'_>, ManifestError> {
        #[cfg(test)]
        PASSES.set(PASSES.get() + 1);
        let mut parts = VecDeque::with_capacity(self.sheets.len());
        for sheet in &self.sheets {
            let own = &sheet.columns.carried_names;
            let place = |name: &String| own.iter().position(|other| other == name);
            let places = if *own == self.carried {
                Cow::Borrowed(&[][..])
            } else {
                self.carried.iter().map(place).collect()
            };
            parts.push_back((places, sheet.rows()?));
        }
        Ok(ManifestRows { parts })
    }

    /// The rows at some places, ascending, each with its place: read once more, without checking
    /// those between them. The file is read no further than to the last of them.
    pub fn rows_at(
        &mut self,
        places: impl IntoIterator<Item = u32>,
    ) -> Result<impl Iterator<Item = (usize, Result<Row, RowFault>)>, ManifestError> {
        let mut places = places.into_iter().peekable();
        // Where nothing is wanted, the file need not be opened again.
        let mut rows = match places.peek() {
            Some(_) => Some(self.rows()?),
            None => None,
        };
        let mut next = 0;
        Ok(std::iter::from_fn(move || {
            let (rows, place) = (rows.as_mut()?, places.next()? as usize);
            while next < place {
                next += 1;
                if let Err(fault) = rows.pass_over()? {
                    return Some((place, Err(fault)));
                }
            }
            next += 1;
            rows.next().map(|row| (place, row))
        }))
    }
}

#[cfg(test)]
thread_local! {
    /// How often a manifest was read, but for its header.
    pub static PASSES: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
impl Manifest {
    /// A manifest out of a text, for tests of whatever feeds on rows.
    pub(crate) fn from_text(text: &str, options: Options) -> Result<Self, ManifestError> {
        Self::from_reader("test.csv", text.as_bytes(), options)
    }
}

/// For each carried column of the manifest its place among a file's; empty where they are the same.
type ColumnMap = Cow<'static, [Option<usize>]>;

/// One pass over a manifest's rows. Empty rows are skipped.
pub struct ManifestRows<'a> {
    /// The files that are still to be read, the first of them perhaps in part.
    parts: VecDeque<(ColumnMap, SheetRows<'a>)>,
}

impl ManifestRows<'_> {
    /// Passes over the next row.
    fn pass_over(&mut self) -> Option<Result<(), RowFault>> {
        self.of_next_file(|_, rows| rows.pass_over())
    }

    /// What `read` makes of the first file that still has a row.
    fn of_next_file<T>(
        &mut self,
        mut read: impl FnMut(&ColumnMap, &mut SheetRows<'_>) -> Option<Result<T, RowFault>>,
    ) -> Option<Result<T, RowFault>> {
        loop {
            let (places, rows) = self.parts.front_mut()?;
            let Some(found) = read(places, rows) else {
                self.parts.pop_front();
                continue;
            };
            if let Err(RowFault::Broken(_)) = found {
                self.parts.clear();
            }
            return Some(found);
        }
    }
}

impl Iterator for ManifestRows<'_> {
    type Item = Result<Row, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.of_next_file(|places, rows| {
            let row = rows.next()?;
            Some(row.map(|mut row| {
                if !places.is_empty() {
                    let cell = |place: &Option<usize>| {
                        place.map_or_else(String::new, |at| std::mem::take(&mut row.carried[at]))
                    };
                    row.carried = places.iter().map(cell).collect();
                }
                row
            }))
        })
    }
}
