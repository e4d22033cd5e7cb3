//! `review --csv`: one row a clip, to be filled in by a person.

use std::io::{self, Write};

use super::csv::disarm;
use super::words;
use crate::disk;
use crate::jobs::{JobView, Look};
use crate::text::escape;

/// The columns. Programs read `job`, `attempt` and `verdict` back; the rest is for people.
pub const LOOK_COLUMNS: [&str; 8] = [
    "id", "clip", "prompt", "file", "address", "verdict", "job", "attempt",
];

/// The table being written.
pub struct Looks<W: Write> {
    csv: csv::Writer<W>,
    for_terminal: bool,
}

impl<W: Write> Looks<W> {
    /// Writes the header. On a terminal, cells are escaped as well.
    pub fn new(out: W, for_terminal: bool) -> io::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(LOOK_COLUMNS).map_err(io::Error::from)?;
        Ok(Self { csv, for_terminal })
    }

    /// Adds a job with a clip. A verdict that was given stands in its row.
    pub fn push(&mut self, view: &JobView) -> io::Result<()> {
        let speaking = view.effective();
        let asked = |name| {
            let attempts = view.attempts.values().rev();
            let mut values = attempts.filter_map(|attempt| attempt.request_value(name));
            values.find_map(|value| value.as_str().map(str::to_owned))
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let cells = [
            text(view.id().map(|(_, id)| id)),
            words::clip_name(view),
            asked("prompt")
                .or_else(|| asked("text"))
                .unwrap_or_default(),
            text(speaking.and_then(|a| a.file_on(&disk::host_name()))),
            text(speaking.and_then(|a| a.fields.text("output_url"))),
            text(view.state.effective().look().map(Look::as_str)),
            view.key().to_string(),
            view.state.effective().number.to_string(),
        ];
        let cells = cells.map(|cell| match disarm(cell) {
            cell if self.for_terminal => escape(&cell).into_owned(),
            cell => cell,
        });
        self.csv.write_record(&cells).map_err(io::Error::from)
    }

    /// Brings out the last rows.
    pub fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }
}
