//! `review --csv`: one row a clip, to be filled in by a person.

use std::io::{self, Write};

use super::csv::Rows;
use super::words;
use crate::disk;
use crate::jobs::{JobView, Look};

/// The columns. Programs read `job`, `attempt` and `verdict` back; the rest is for people.
pub const LOOK_COLUMNS: [&str; 8] = [
    "id", "clip", "prompt", "file", "address", "verdict", "job", "attempt",
];

/// Stands before a job's key: without it a spreadsheet program takes some keys for numbers, such as
/// `1234567890123456` and `12345678901234e5`, and rounds them.
pub const KEY_MARK: &str = "job-";

/// The table being written.
pub struct Looks<W: Write>(Rows<W>);

impl<W: Write> Looks<W> {
    /// Writes the header. On a terminal, cells are escaped as well.
    pub fn new(out: W, for_terminal: bool) -> io::Result<Self> {
        let mut rows = Rows::new(out, b',', for_terminal);
        rows.write(LOOK_COLUMNS.map(str::to_owned))?;
        Ok(Self(rows))
    }

    /// Adds a job with a clip. A verdict that was given stands in its row.
    pub fn push(&mut self, view: &JobView) -> io::Result<()> {
        let speaking = view.effective();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        self.0.write([
            text(view.id().map(|(_, id)| id)),
            words::clip_name(view),
            view.prompt().unwrap_or_default(),
            text(speaking.and_then(|a| a.file_on(&disk::host_name()))),
            text(speaking.and_then(|a| a.fields.text("output_url"))),
            text(view.state.effective().look().map(Look::as_str)),
            format!("{KEY_MARK}{}", view.key()),
            view.state.effective().number.to_string(),
        ])
    }

    /// Brings out the last rows.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}
