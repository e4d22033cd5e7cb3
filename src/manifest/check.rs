//! One row, checked: every problem in it at once, or the clip that is wanted.

use std::borrow::Cow;

use crate::jobs::{Clip, Seconds, Video, Voice};

use super::{
    Defaults, Options, Row,
    columns::{Columns, Kind},
    odd::{self, Purpose, invisible_within, placeholder_in, trimmed},
    problem::{Place, Problem, excerpt},
    records::Record,
    values::{check_address, is_clock_time, is_speed, is_unusual, server_of},
};

/// Longest cell, in bytes of UTF-8.
const MAX_CELL: usize = 64 * 1024;

/// Checks rows of one manifest.
pub(super) struct Checker<'a> {
    pub place: Place<'a>,
    pub columns: &'a Columns,
    pub options: &'a Options,
    pub delimiter: u8,
    /// The webhook address checked last: it is usually the same in every row.
    pub last_webhook: String,
    /// The server of the photo checked last, as written: most photos of a sheet have one.
    pub last_server: String,
}

impl Checker<'_> {
    /// The row's clip, or everything that is wrong with the row.
    pub fn check(&mut self, record: &Record<'_>) -> Result<Row, Vec<Problem>> {
        self.place.line = record.line;
        if let Some(problem) = self.shape_problem(record) {
            return Err(vec![problem]);
        }
        let mut cells = Cells {
            place: self.place,
            record,
            allow_odd: self.options.allow_odd_cells,
            problems: Vec::new(),
        };
        cells.check_sizes();
        let columns = self.columns;
        let id = cells.id(columns.id, columns.id_column.name());
        let variant = cells.setting(columns.variant);
        let webhook_url = cells.webhook(
            columns.webhook_url,
            &self.options.defaults,
            &mut self.last_webhook,
        );
        let clip = match columns.kind {
            Kind::Video { .. } => cells.video(&columns.kind, self.options, &mut self.last_server),
            Kind::Voice { .. } => cells.voice(&columns.kind, &self.options.defaults),
        };
        for &column in &columns.nameless {
            cells.check_nameless(column);
        }
        match clip {
            Some(clip) if cells.problems.is_empty() => Ok(Row {
                line: record.line,
                id: id.to_owned(),
                variant: variant.to_owned(),
                clip,
                webhook_url,
                carried: columns
                    .carried
                    .iter()
                    .map(|&column| record.cell(column).to_owned())
                    .collect(),
                digest: record.digest(),
            }),
            _ => {
                let number = |problem: &Problem| problem.column.as_ref().map(|c| c.number);
                cells.problems.sort_by_key(number);
                Err(cells.problems)
            }
        }
    }

    /// Whether the row's cells can be told apart at all.
    fn shape_problem(&self, record: &Record<'_>) -> Option<Problem> {
        if let Some(cell) = record.text_after_quote {
            let message = "text follows the quote that closes this cell";
            let (first, last) = (record.line, record.last_line());
            let message = if last > first {
                format!(
                    "{message}, and the row runs from line {first} to line {last}: several rows \
                     may have become one"
                )
            } else {
                message.to_owned()
            };
            return Some(self.place.cell(
                cell,
                record.cell(cell),
                message,
                format!(
                    "close the quote that opens on line {} where the cell ends; a quote that \
                     belongs to the text is written twice (\"\")",
                    record.line_of(cell)
                ),
            ));
        }
        let (found, expected) = (record.len(), self.columns.headers.len());
        if found == expected {
            return None;
        }
        let message = format!("this row has {}, the header has {expected}", count(found));
        Some(if let Some(cell) = record.first_long_cell() {
            self.place.cell(
                cell,
                record.cell(cell),
                format!(
                    "{message}, and it runs from line {} to line {}",
                    record.line,
                    record.last_line()
                ),
                format!(
                    "look at the quote that opens on line {}: its closing quote may be missing",
                    record.line_of(cell)
                ),
            )
        } else {
            self.place.row(message, self.count_help(record))
        })
    }

    fn count_help(&self, record: &Record<'_>) -> String {
        let mark = match self.delimiter {
            b'\t' => "tab".to_owned(),
            other => format!("\"{}\"", char::from(other)),
        };
        let before_space = [self.delimiter, b' ', b'"'];
        if memchr::memmem::find(record.raw(), &before_space).is_some() {
            format!("an opening quote only counts directly after the {mark}: remove the space")
        } else if record.len() > self.columns.headers.len() {
            format!("a cell with a {mark} in its text must stand in double quotes")
        } else {
            format!("an empty cell needs its {mark} too")
        }
    }
}

fn count(cells: usize) -> String {
    match cells {
        1 => "1 cell".to_owned(),
        n => format!("{n} cells"),
    }
}

/// The cells of one row, and what is wrong with them so far.
struct Cells<'a> {
    place: Place<'a>,
    record: &'a Record<'a>,
    /// Whether a cell that looks broken is meant so.
    allow_odd: bool,
    problems: Vec<Problem>,
}

impl<'a> Cells<'a> {
    fn trimmed(&self, column: usize) -> &'a str {
        trimmed(self.record.cell(column))
    }

    fn optional(&self, column: Option<usize>) -> &'a str {
        column.map_or("", |column| self.trimmed(column))
    }

    /// A setting of the clip, where the row has one.
    fn setting(&mut self, column: Option<usize>) -> &'a str {
        let given = self.optional(column);
        if let Some(column) = column
            && !given.is_empty()
        {
            self.is_odd(column, given, Purpose::Setting);
        }
        given
    }

    fn or_default(&mut self, column: Option<usize>, default: &str) -> String {
        match self.setting(column) {
            "" => default.to_owned(),
            given => given.to_owned(),
        }
    }

    /// Whether a spreadsheet program broke the cell; then it is a problem.
    fn is_odd(&mut self, column: usize, given: &str, purpose: Purpose) -> bool {
        if self.allow_odd {
            return false;
        }
        let Some(oddity) = odd::find(given, purpose) else {
            return false;
        };
        // An address has its own rules, which the option does not lift.
        let help = if purpose == Purpose::Address {
            oddity.help.into_owned()
        } else {
            format!("{}. If it is meant so: --allow-odd-cells", oddity.help)
        };
        self.complain(column, oddity.message, help);
        true
    }

    /// Whether something that cannot be seen is within the cell; then it is a problem.
    fn hides_something(&mut self, column: usize, given: &str, what: &str) -> bool {
        let Some((hidden, place)) = invisible_within(given) else {
            return false;
        };
        self.complain(
            column,
            format!(
                "there is an invisible character (U+{:04X}) in the {what}, after {place} others",
                u32::from(hidden)
            ),
            "delete the cell and type it again, or paste it by way of a plain text editor",
        );
        true
    }

    /// Whether a placeholder is left within the cell; then it is a problem.
    fn has_placeholder(&mut self, column: usize, given: &str) -> bool {
        let Some(placeholder) = placeholder_in(given) else {
            return false;
        };
        self.complain(
            column,
            format!("nothing was filled into {}", excerpt(placeholder)),
            "write what belongs there",
        );
        true
    }

    fn complain(
        &mut self,
        column: usize,
        message: impl Into<Cow<'static, str>>,
        help: impl Into<String>,
    ) {
        let cell = self.record.cell(column);
        self.problems
            .push(self.place.cell(column, cell, message.into(), help));
    }

    fn check_sizes(&mut self) {
        if self.record.raw().len() <= MAX_CELL {
            return;
        }
        for column in 0..self.record.len() {
            let length = self.record.cell(column).len();
            if length > MAX_CELL {
                self.complain(
                    column,
                    format!("this cell is {length} bytes long, the most is {MAX_CELL}"),
                    "shorten it; if it holds several rows, a closing quote is missing",
                );
            }
        }
    }

    fn check_nameless(&mut self, column: usize) {
        if !self.trimmed(column).is_empty() {
            self.complain(
                column,
                "this column has no header",
                "give the column a name in the first line, or empty it",
            );
        }
    }

    fn id(&mut self, column: usize, name: &str) -> &'a str {
        let id = self.trimmed(column);
        if id.is_empty() {
            self.complain(
                column,
                format!("the {name} is empty"),
                "write it on every row, also where several rows belong together",
            );
        } else if !self.is_odd(column, id, Purpose::Id) {
            self.hides_something(column, id, name);
        }
        id
    }

    /// A text that has to be there.
    fn words(&mut self, column: usize, what: &str) -> &'a str {
        let words = self.trimmed(column);
        if words.is_empty() {
            self.complain(
                column,
                format!("the {what} is empty"),
                "write it, or remove the row",
            );
        } else if !self.is_odd(column, words, Purpose::Words) {
            self.has_placeholder(column, words);
        }
        words
    }

    fn webhook(
        &mut self,
        column: Option<usize>,
        defaults: &Defaults,
        last: &mut String,
    ) -> Option<String> {
        let given = self.optional(column);
        let Some(column) = column.filter(|_| !given.is_empty()) else {
            return defaults.webhook_url.clone();
        };
        if given != last && !self.is_no_address(column, given, "webhook's address") {
            match check_address(given) {
                Ok(_) => given.clone_into(last),
                Err(reason) => self.complain(
                    column,
                    format!("the webhook's address {reason}"),
                    "write a whole address such as https://example.com/webhooks/creativeai",
                ),
            }
        }
        Some(given.to_owned())
    }

    fn image(
        &mut self,
        column: Option<usize>,
        allow_none: bool,
        last_server: &mut String,
    ) -> &'a str {
        let given = self.optional(column);
        let Some(column) = column else { return given };
        if given.is_empty() {
            if !allow_none {
                self.complain(
                    column,
                    "the photo's address is empty",
                    "write it; to allow clips made from the prompt alone: --allow-no-image",
                );
            }
            return given;
        }
        let server = server_of(given).filter(|_| !is_unusual(given));
        if server.is_some_and(|server| server == last_server) {
            return given;
        }
        if self.is_no_address(column, given, "photo's address") {
            return given;
        }
        match check_address(given) {
            Err(reason) => self.complain(
                column,
                format!("the photo's address {reason}"),
                if given.contains("://") {
                    "copy the address out of a browser that shows the photo"
                } else {
                    "the photo is fetched by the vendor, so it must be online: write its whole \
                     address, such as https://example.com/kitchen.jpg"
                },
            ),
            // The cell is not shown: messages end up in cron's mail.
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                self.problems.push(self.place.column(
                    column,
                    "the photo's address holds a user name or password",
                    "it would be sent to the vendor and kept in the log: use an address that \
                     works without one",
                ));
            }
            Ok(_) => server.unwrap_or_default().clone_into(last_server),
        }
        given
    }

    /// Whether the cell holds something else where an address belongs; then it is a problem.
    fn is_no_address(&mut self, column: usize, given: &str, what: &str) -> bool {
        is_unusual(given)
            && (self.is_odd(column, given, Purpose::Address)
                || self.hides_something(column, given, what)
                || self.has_placeholder(column, given))
    }

    fn duration(&mut self, column: Option<usize>, default: Seconds) -> Seconds {
        let given = self.optional(column);
        let Some(column) = column.filter(|_| !given.is_empty()) else {
            return default;
        };
        if self.is_odd(column, given, Purpose::Setting) {
            return default;
        }
        Seconds::parse(given).unwrap_or_else(|| {
            self.complain(
                column,
                format!("this is no length in whole seconds, 1 to {}", Seconds::MAX),
                "write 5 or 5s, or leave the cell empty for the default",
            );
            default
        })
    }

    fn aspect_ratio(&mut self, column: Option<usize>, default: &str) -> String {
        let given = self.optional(column);
        if let Some(column) = column
            && is_clock_time(given)
        {
            self.complain(
                column,
                "this is a time of day: the spreadsheet took the ratio for one",
                "format the column as text and write the ratio again, such as 16:9",
            );
        }
        self.or_default(column, default)
    }

    fn speed(&mut self, column: Option<usize>, default: &str) -> String {
        let given = self.optional(column);
        if let Some(column) = column
            && !given.is_empty()
            && !is_speed(given)
            && !self.is_odd(column, given, Purpose::Setting)
        {
            self.complain(
                column,
                "this is no speed from 0.25 to 4",
                "write a number with a decimal point, such as 1.0",
            );
        }
        if given.is_empty() { default } else { given }.to_owned()
    }

    fn video(&mut self, kind: &Kind, options: &Options, last_server: &mut String) -> Option<Clip> {
        let &Kind::Video {
            image_url,
            prompt,
            model,
            duration,
            aspect_ratio,
        } = kind
        else {
            return None;
        };
        let defaults = &options.defaults;
        Some(Clip::Video(Video {
            image_url: self
                .image(image_url, options.allow_no_image, last_server)
                .to_owned(),
            prompt: self.words(prompt, "prompt").to_owned(),
            model: self.or_default(model, &defaults.model),
            duration: self.duration(duration, defaults.duration),
            aspect_ratio: self.aspect_ratio(aspect_ratio, &defaults.aspect_ratio),
        }))
    }

    fn voice(&mut self, kind: &Kind, defaults: &Defaults) -> Option<Clip> {
        let &Kind::Voice {
            text,
            voice,
            language,
            speed,
        } = kind
        else {
            return None;
        };
        Some(Clip::Voice(Voice {
            text: self.words(text, "text").to_owned(),
            voice: self.or_default(voice, &defaults.voice),
            language: self.or_default(language, &defaults.language),
            speed: self.speed(speed, &defaults.speed),
        }))
    }
}
