//! How a manifest is to be read.

use std::sync::Arc;

use crate::jobs::Seconds;

use super::{field, local::LocalPhotos, problem::ManifestError, template::Template};

/// What the user says about the file.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options that do not exclude each other"
)]
pub struct Options {
    /// `--map CANONICAL=HEADER`: the column `HEADER` is taken for `CANONICAL`. A name that is no
    /// known column's is what the column is carried under.
    pub map: Vec<(String, String)>,
    /// The same from a settings file, which is for all manifests: what does not fit a file is left
    /// aside.
    pub usual_map: Vec<(String, String)>,
    /// `--encoding`: a WHATWG label such as `windows-1252`. A byte order mark outranks it.
    pub encoding: Option<String>,
    /// `--delimiter`; detected when absent.
    pub delimiter: Option<u8>,
    /// `--sheet`: of a workbook, instead of its first.
    pub sheet: Option<String>,
    /// Whether a row may do without a photo.
    pub allow_no_image: bool,
    /// Whether cells that look broken by a spreadsheet program are taken as they are.
    pub allow_odd_cells: bool,
    /// Whether a cell with several photos is a row for each.
    pub split_images: bool,
    /// Whether photos may be on this computer, as for a stand-in of the vendor that runs here.
    pub allow_own_photos: bool,
    /// Photos on this computer, where they are uploaded.
    pub local_photos: Option<Arc<LocalPhotos>>,
    /// `--prompt`: makes the prompt of rows that have none.
    pub prompt: Option<Template>,
    /// `--where`: rows that do not fulfill all of these are left out.
    pub conditions: Vec<RowCondition>,
    /// Defaults for empty cells.
    pub defaults: Defaults,
}

/// `COLUMN=VALUE`. The column is found without regard to case, spaces and underscores; the value
/// must be the cell's, but for blanks around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowCondition {
    /// The column's header, or the name that it has here.
    pub column: String,
    /// What its cell must hold; may be empty.
    pub value: String,
}

/// Defaults for empty cells and missing columns.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// `--model`.
    pub model: String,
    /// `--duration`.
    pub duration: Seconds,
    /// `--aspect-ratio`.
    pub aspect_ratio: String,
    /// `--webhook-url`.
    pub webhook_url: Option<String>,
    /// The vendor's example voice.
    pub voice: String,
    /// The vendor's example language.
    pub language: String,
    /// As a decimal text.
    pub speed: String,
}

/// The length in both of the vendor's samples.
const FIVE_SECONDS: Seconds = match Seconds::new(5) {
    Some(seconds) => seconds,
    None => panic!("5 is in range"),
};

impl Default for Defaults {
    fn default() -> Self {
        Self {
            model: "kling-v3".to_owned(),
            duration: FIVE_SECONDS,
            aspect_ratio: "16:9".to_owned(),
            webhook_url: None,
            voice: "alloy".to_owned(),
            language: "en".to_owned(),
            speed: "1.0".to_owned(),
        }
    }
}

impl Options {
    /// Checks what can be checked without the file.
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        if let Some(delimiter) = self.delimiter {
            check_delimiter(delimiter)?;
        }
        field::check_map(&self.map)?;
        field::check_map(&self.usual_map)
    }
}

/// Rejects characters that cannot be delimiters.
pub(super) fn check_delimiter(delimiter: u8) -> Result<(), ManifestError> {
    let usable = matches!(delimiter, b'\t' | b' ') || delimiter.is_ascii_punctuation();
    if usable && delimiter != b'"' {
        return Ok(());
    }
    Err(ManifestError::Usage(format!(
        "\"{}\" cannot be a delimiter: use , ; | or tab",
        delimiter.escape_ascii()
    )))
}
