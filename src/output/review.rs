//! What is reported of clips that a person has looked at, and `review --csv`: one row a clip, to be filled in
//! by a person.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::commands::Commands;
use super::csv::SafeCsvWriter;
use super::words;
use crate::disk;
use crate::engine::review::{NotOrdered, OrderOutcome};
use crate::jobs::{JobKey, JobView, ReviewVerdict};

/// What was done on the page.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageSummary {
    /// Clips that were kept.
    pub kept: u64,
    /// Clips that were rejected.
    pub rejected: u64,
    /// Clips that were ordered again.
    pub ordered: u64,
}

impl PageSummary {
    /// For programs.
    pub fn to_json(self, exit_code: u8) -> Value {
        json!({
            "command": "review",
            "kept": self.kept,
            "rejected": self.rejected,
            "ordered": self.ordered,
            "exit_code": exit_code,
        })
    }

    /// For people.
    pub fn sentence(self) -> String {
        let [kept, rejected, ordered] = [self.kept, self.rejected, self.ordered].map(words::number);
        format!("review: {kept} kept, {rejected} rejected, {ordered} ordered again")
    }
}

/// What a table said.
#[derive(Clone, Copy, Debug)]
pub struct TableSummary {
    /// Clips that are kept.
    pub kept: u64,
    /// Clips that are rejected.
    pub rejected: u64,
    /// Rows without a verdict.
    pub empty: u64,
    /// Verdicts that were new.
    pub changed: usize,
}

impl TableSummary {
    /// For programs.
    pub fn to_json(self) -> Value {
        json!({
            "command": "review",
            "kept": self.kept,
            "rejected": self.rejected,
            "empty": self.empty,
            "changed": self.changed,
            "exit_code": 0,
        })
    }

    /// For people.
    pub fn sentence(self, commands: &Commands) -> String {
        let parts = [
            Some(format!("{} kept", words::count(self.kept, "clip"))),
            Some(format!("{} rejected", words::number(self.rejected))),
            (self.empty > 0).then(|| format!("{} without a verdict", words::number(self.empty))),
            (self.rejected > 0).then(|| {
                let again = commands.on_log("retry", "--rejected --dry-run");
                format!("`{again}` shows what ordering those again costs")
            }),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("review: {}", parts.join("; "))
    }
}

/// Why a clip is not ordered again, and the next step.
pub fn not_ordered(why: NotOrdered) -> (String, &'static str) {
    match why {
        NotOrdered::Price(price) => (
            format!(
                "this order costs {} now; nothing was ordered",
                words::credits(price)
            ),
            "load the page again",
        ),
        NotOrdered::Often(attempts) => (
            format!(
                "this clip was ordered {}; nothing more was ordered",
                words::count(attempts.into(), "time")
            ),
            "start review with --max-attempts N to allow more",
        ),
    }
}

/// The result of an order on the page: why it was not placed, or what happens next.
pub fn ordered(ordered: &OrderOutcome, job: JobKey, commands: &Commands) -> Result<String, String> {
    match ordered {
        OrderOutcome::Accepted => Ok(format!(
            "Ordered again. `{}` waits for it.",
            commands.on_log("reconcile", "--wait")
        )),
        OrderOutcome::Refused(error) => Err(format!(
            "not accepted, and nothing was charged: {error}. `{}` tries again",
            commands.on_log("retry", "--failed")
        )),
        OrderOutcome::InDoubt => Err(format!(
            "no clear answer came back, so it may have been accepted and paid for. It is not sent \
             again automatically; `{}` shows more",
            commands.look_into(None, job)
        )),
    }
}

/// The columns. Programs read `job`, `attempt` and `verdict` back; the rest is for people.
pub const LOOK_COLUMNS: [&str; 8] = [
    "id", "clip", "prompt", "file", "address", "verdict", "job", "attempt",
];

/// Stands before a job's key: without it a spreadsheet program takes some keys for numbers, such as
/// `1234567890123456` and `12345678901234e5`, and rounds them.
pub const KEY_MARK: &str = "job-";

/// The table being written.
pub struct ReviewTable<W: Write>(SafeCsvWriter<W>);

impl<W: Write> ReviewTable<W> {
    /// Writes the header. On a terminal, cells are escaped as well.
    pub fn new(out: W, for_terminal: bool) -> io::Result<Self> {
        let mut rows = SafeCsvWriter::new(out, b',', for_terminal);
        rows.write(LOOK_COLUMNS.map(str::to_owned))?;
        Ok(Self(rows))
    }

    /// Adds a job with a clip. Its row holds the verdict, if there is one.
    pub fn push(&mut self, view: &JobView) -> io::Result<()> {
        let speaking = view.effective();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        self.0.write([
            text(view.id().map(|(_, id)| id)),
            words::clip_name(view),
            view.prompt().unwrap_or_default(),
            text(speaking.and_then(|a| a.file_on(&disk::host_name()))),
            text(speaking.and_then(|a| a.fields.text("output_url"))),
            text(view.state.effective().look().map(ReviewVerdict::as_str)),
            format!("{KEY_MARK}{}", view.key()),
            view.state.effective().number.to_string(),
        ])
    }

    /// Flushes the last rows.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}
