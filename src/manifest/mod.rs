//! Spreadsheets in, checked rows out.
//!
//! | file | holds |
//! |---|---|
//! | `sheets.rs` | the manifest: one file, or several |
//! | `sheet.rs` | one file: its header, a pass over its rows |
//! | `table.rs` | a table that is not a manifest |
//! | `header.rs` | where the header is, and the delimiter |
//! | `source.rs` | the open file, read as UTF-8; what cannot be read twice is copied |
//! | `workbook/` | `.xlsx` and `.ods`, one sheet as a table |
//! | `exports.rs` | exports of shops and listing services, known by their headers |
//! | `files.rs` | what is a spreadsheet by its name, what is taken for one |
//! | `records.rs` | rows as cells, with line numbers and quotes that can be trusted |
//! | `damage.rs` | what can be wrong with a row's text: bytes, quotes |
//! | `field.rs` | the names of columns, and `--map` |
//! | `columns.rs`, `roles.rs` | what each column is, by its header |
//! | `options.rs` | how a manifest is to be read |
//! | `check.rs`, `shape.rs` | one row, checked, if `--where` means it; whether it was cut as the header was |
//! | `cells.rs`, `cell_clip.rs` | one row's cells, checked |
//! | `odd/` | cells that a spreadsheet program broke |
//! | `template.rs` | `--prompt`, filled from a row's cells |
//! | `reach.rs` | addresses of photos that the vendor cannot fetch, or that show a page |
//! | `local.rs` | photos on this computer, for those who have them uploaded |
//! | `picture.rs` | what a photo's file is, by its first bytes |
//! | `values.rs` | what single values may look like; the addresses in a cell, each with its name |
//! | `problem.rs` | a row, or what is wrong, where, and what to do |
//!
//! A manifest is read as often as needed over one open file; each pass holds one row at a time.
//! A row that starts on line 12 is reported as line 12, whatever dialect the file is in.

mod cell_clip;
mod cells;
mod check;
mod columns;
mod damage;
mod exports;
mod field;
mod files;
mod header;
mod local;
mod odd;
mod options;
pub mod picture;
mod problem;
mod reach;
mod records;
mod roles;
mod shape;
mod sheet;
mod sheets;
mod source;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod workbook;

pub use cell_clip::check_prompt;
pub use files::{is_sheet, sheets_in};
pub use local::{LocalPhoto, LocalPhotos};
pub use options::{Defaults, Options, RowCondition};
pub use problem::{Column, ManifestError, Problem, Row, RowFault};
#[cfg(test)]
pub use sheets::PASSES;
pub use sheets::{Input, Manifest, ManifestRows};
pub use table::{Table, TableRow};
pub use template::Template;
pub use values::{check_address, is_speed, named_photo};
