//! Spreadsheets in, checked rows out.
//!
//! | file | holds |
//! |---|---|
//! | `sheet.rs` | one file: its header, a pass over its rows |
//! | `table.rs` | a table that is not a manifest |
//! | `header.rs` | where the header is, and what stands between cells |
//! | `source.rs` | the open file, read as UTF-8; what cannot be read twice is copied |
//! | `workbook/` | `.xlsx` and `.ods`, one sheet as a table |
//! | `exports.rs` | exports of shops and listing services, known by their headers |
//! | `foreign.rs` | files that are taken for a spreadsheet |
//! | `records.rs` | rows as cells, with line numbers and quotes that can be trusted |
//! | `damage.rs` | what can be wrong with a row's text: bytes, quotes |
//! | `field.rs` | the names of columns, and `--map` |
//! | `columns.rs` | what each column is, by its header |
//! | `chosen.rs` | `--where`: which rows are meant |
//! | `check.rs` | one row, checked |
//! | `odd/` | cells that a spreadsheet program broke |
//! | `template.rs` | `--prompt`, filled from a row's cells |
//! | `photo.rs` | addresses of photos that the vendor cannot fetch |
//! | `local.rs` | photos on this computer, for those who have them uploaded |
//! | `picture.rs` | what a photo's file is, by its first bytes |
//! | `values.rs` | what single values may look like |
//! | `problem.rs` | what is wrong, where, and what to do |
//!
//! A manifest is read as often as needed over one open file; each pass holds one row at a time.
//! A row that starts on line 12 is reported as line 12, whatever dialect the file is in.

mod cell_photo;
mod cell_prompt;
mod cells;
mod check;
mod chosen;
mod columns;
mod damage;
mod exports;
mod field;
mod foreign;
mod header;
mod local;
mod odd;
mod options;
mod photo;
pub mod picture;
mod problem;
mod records;
mod roles;
mod shape;
mod sheet;
mod source;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod workbook;

use std::{borrow::Cow, collections::VecDeque, io::Read, path::Path, sync::Arc};

use crate::jobs::{Clip, IdColumn, JobKey};

use columns::Columns;
use problem::Place;
use sheet::{Sheet, SheetRows, check_conditions};
use source::Source;

pub use cell_photo::named_photo;
pub use cell_prompt::check_prompt;
pub use chosen::Condition;
pub use local::{LocalPhoto, LocalPhotos};
pub use options::{Defaults, Options};
pub use problem::{Column, ManifestError, Problem, RowFault};
pub use table::{Table, TableRow};
pub use template::Template;
pub use values::{check_address, is_speed};

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
    /// The cells of [`Manifest::carried_columns`], in that order, exactly as written.
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
                Input::File(path) => Source::open(path, &options)?,
                Input::Fetched { name, bytes } => Source::spool(name, *bytes, &options)?,
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
        let source = Source::spool(name, reader, &options)?;
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
            let place = Place {
                file: other.name(),
                line: 1,
                headers: &[],
            };
            return Err(ManifestError::Invalid(vec![place.row(
                format!(
                    "this file names its rows by {}, and {} by {}",
                    other.columns.id_column.name(),
                    first.name(),
                    first.columns.id_column.name()
                ),
                "submit listings and products each with a command of their own",
            )]));
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
    pub fn rows(&mut self) -> Result<Rows<'_>, ManifestError> {
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
        Ok(Rows { parts })
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
type Places = Cow<'static, [Option<usize>]>;

/// One pass over a manifest's rows. Rows in which nothing is written are passed over.
pub struct Rows<'a> {
    /// The files that are still to be read, the first of them perhaps in part.
    parts: VecDeque<(Places, SheetRows<'a>)>,
}

impl Rows<'_> {
    /// Passes over the next row.
    fn pass_over(&mut self) -> Option<Result<(), RowFault>> {
        self.of_next_file(|_, rows| rows.pass_over())
    }

    /// What `read` makes of the first file that still has a row.
    fn of_next_file<T>(
        &mut self,
        mut read: impl FnMut(&Places, &mut SheetRows<'_>) -> Option<Result<T, RowFault>>,
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

impl Iterator for Rows<'_> {
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
