//! One row, checked: every problem in it at once, or the clip that is wanted.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;
use url::Url;

use crate::jobs::{Clip, Seconds, Video, Voice};

use super::{
    Defaults, Options, Row,
    chosen::Chosen,
    columns::{Columns, Kind},
    exports::Known,
    local::{LocalPhoto, LocalPhotos, is_path},
    odd::{self, Purpose, invisible_within, placeholder_in, trimmed},
    photo::{addresses_in, depends_on_path, local_file, out_of_reach},
    problem::{Place, Problem, excerpt},
    records::Record,
    template::Piece,
    values::{check_address, is_clock_time, is_speed, is_unusual, server_of},
};

/// Longest cell, in bytes of UTF-8.
const MAX_CELL: usize = 64 * 1024;

/// How a further address begins.
static HTTP: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("http"));

/// Checks rows of one manifest.
pub(super) struct Checker<'a> {
    pub place: Place<'a>,
    pub columns: &'a Columns,
    pub chosen: &'a Chosen,
    /// Where relative paths of photos start.
    pub folder: &'a Path,
    pub options: &'a Options,
    pub delimiter: u8,
    /// The webhook address checked last: it is usually the same in every row.
    pub last_webhook: String,
    /// The server of the photo checked last, as written: most photos of a sheet have one.
    pub last_server: String,
    /// Further rows of the row checked last, one for each of its other photos; the last comes first.
    pub others: Vec<Row>,
}

impl Checker<'_> {
    /// The row's clip, or everything that is wrong with the row.
    pub fn check(&mut self, record: &Record<'_>) -> Result<Row, Vec<Problem>> {
        self.place.line = record.line;
        if let Some(problem) = self.shape_problem(record) {
            return Err(vec![problem]);
        }
        if !self.chosen.matches(record) {
            return Ok(self.left_out(record));
        }
        let mut cells = Cells {
            place: self.place,
            record,
            allow_odd: self.options.allow_odd_cells,
            folder: self.folder,
            more_images: Vec::new(),
            photo_file: None,
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
            Kind::Video { .. } => cells.video(columns, self.options, &mut self.last_server),
            Kind::Voice { .. } => cells.voice(&columns.kind, &self.options.defaults),
        };
        for &column in &columns.nameless {
            cells.check_nameless(column);
        }
        match clip {
            Some(clip) if cells.problems.is_empty() => {
                let more_images = std::mem::take(&mut cells.more_images);
                let row = Row {
                    file: Arc::clone(self.place.file),
                    line: record.line,
                    id: id.to_owned(),
                    variant: variant.to_owned(),
                    clip,
                    photo_file: cells.photo_file,
                    webhook_url,
                    is_left_out: false,
                    carried: columns
                        .carried
                        .iter()
                        .map(|&column| record.cell(column).to_owned())
                        .collect(),
                    digest: record.digest(),
                };
                let others = more_images.iter().rev();
                self.others
                    .extend(others.filter_map(|image| with_image(&row, image)));
                Ok(row)
            }
            _ => {
                let number = |problem: &Problem| problem.column.as_ref().map(|c| c.number);
                cells.problems.sort_by_key(number);
                Err(cells.problems)
            }
        }
    }

    /// A row that `--where` leaves out: what its clip may be recognized by, unchecked, since nothing
    /// is sent for it.
    fn left_out(&mut self, record: &Record<'_>) -> Row {
        let columns = self.columns;
        let defaults = &self.options.defaults;
        let cell = |column: Option<usize>| column.map_or("", |at| trimmed(record.cell(at)));
        let or_default = |column, default: &str| match cell(column) {
            "" => default.to_owned(),
            given => given.to_owned(),
        };
        let mut photos = Vec::new();
        let mut photo_file = None;
        let clip = match columns.kind {
            Kind::Video {
                image_url,
                prompt,
                model,
                duration,
                aspect_ratio,
            } => {
                let other = columns.known.as_ref();
                let other = other.and_then(|known| known.other_photo(record));
                let own = cell(image_url);
                photos = photos_in(if own.is_empty() { cell(other) } else { own });
                let local = self.options.local_photos.as_ref();
                let local = local.filter(|_| photos.len() == 1 && is_path(photos[0]));
                photo_file = local.and_then(|local| local.find(photos[0], self.folder).ok());
                let online = photo_file.as_ref().map(|photo| photo.address.as_str());
                Clip::Video(Video {
                    image_url: online.unwrap_or(photos[0]).to_owned(),
                    prompt: cell(prompt).to_owned(),
                    model: or_default(model, &defaults.model),
                    duration: Seconds::parse(cell(duration)).unwrap_or(defaults.duration),
                    aspect_ratio: or_default(aspect_ratio, &defaults.aspect_ratio),
                })
            }
            Kind::Voice {
                text,
                voice,
                language,
                speed,
            } => Clip::Voice(Voice {
                text: cell(Some(text)).to_owned(),
                voice: or_default(voice, &defaults.voice),
                language: or_default(language, &defaults.language),
                speed: or_default(speed, &defaults.speed),
            }),
        };
        let row = Row {
            file: Arc::clone(self.place.file),
            line: record.line,
            id: cell(Some(columns.id)).to_owned(),
            variant: cell(columns.variant).to_owned(),
            clip,
            photo_file,
            webhook_url: None,
            carried: vec![String::new(); columns.carried.len()],
            is_left_out: true,
            digest: record.digest(),
        };
        let others = photos.iter().skip(1).rev();
        self.others
            .extend(others.filter_map(|photo| with_image(&row, photo)));
        row
    }

    /// Whether one record may be several rows, so that only a check says how many it is.
    pub fn may_make_several_rows(&self) -> bool {
        self.options.split_images || !self.options.conditions.is_empty()
    }

    /// Whether a row asks for nothing: it is blank, or the export it is from has such rows.
    pub fn passes_over(&self, record: &Record<'_>) -> bool {
        let known = self.columns.known.as_ref();
        record.is_blank() || known.is_some_and(|known| known.passes_over(record))
    }

    /// Whether the row's cells can be distinguished at all.
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
        // Programs write more or fewer delimiters than the header has, where cells are empty.
        let fits = match found.cmp(&expected) {
            Ordering::Equal => true,
            Ordering::Greater => (expected..found).all(|n| record.cell(n).trim().is_empty()),
            Ordering::Less => !self.may_be_cut(record),
        };
        if fits {
            return None;
        }
        if found < expected && !record.is_ended() {
            return Some(self.place.row(
                "the file ends within this row",
                "it may have been cut off: export or copy it again; if the row is whole, end it \
                 with a line break",
            ));
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

    /// Whether a row with fewer cells than the header may have lost some: the file ends in it, or a
    /// quote swallowed some.
    fn may_be_cut(&self, record: &Record<'_>) -> bool {
        let swallowed = |cell: &str| {
            let first_line = cell.find(['\n', '\r']);
            first_line.is_some_and(|end| cell[end..].contains(char::from(self.delimiter)))
        };
        !record.is_ended() || record.cells().any(swallowed)
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

/// The photos in a cell; at least one, which may be empty.
fn photos_in(given: &str) -> Vec<&str> {
    let found = addresses_in(given);
    match found.as_slice() {
        // A name and its address, as Airtable writes an attachment.
        [only] if !given.starts_with("http") && given.ends_with(')') => vec![only],
        [] | [_] => vec![given],
        _ => found,
    }
}

fn count(cells: usize) -> String {
    match cells {
        1 => "1 cell".to_owned(),
        n => format!("{n} cells"),
    }
}

/// The same row with another photo.
fn with_image(row: &Row, image: &str) -> Option<Row> {
    let Clip::Video(video) = &row.clip else {
        return None;
    };
    let clip = Clip::Video(Video {
        image_url: image.to_owned(),
        ..video.clone()
    });
    Some(Row {
        clip,
        ..row.clone()
    })
}

/// The cells of one row, and what is wrong with them so far.
struct Cells<'a> {
    place: Place<'a>,
    record: &'a Record<'a>,
    /// Whether a cell that looks broken is meant so.
    allow_odd: bool,
    /// Where relative paths of photos start.
    folder: &'a Path,
    /// The row's photo, where it is on this computer.
    photo_file: Option<Arc<LocalPhoto>>,
    /// The photos of the row after its first.
    more_images: Vec<&'a str>,
    problems: Vec<Problem>,
}

impl<'a> Cells<'a> {
    fn trimmed(&self, column: usize) -> &'a str {
        trimmed(self.record.cell(column))
    }

    fn optional(&self, column: Option<usize>) -> &'a str {
        column.map_or("", |column| self.trimmed(column))
    }

    /// That a cell which has to be there holds nothing.
    fn lacking(&self, column: usize, what: &str) -> String {
        if column < self.record.len() {
            format!("the {what} is empty")
        } else {
            format!("the row ends before the {what}")
        }
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
                self.lacking(column, name),
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
                self.lacking(column, what),
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

    /// The address of the row's photo; further ones go to `more_images`.
    fn image(
        &mut self,
        column: Option<usize>,
        columns: &Columns,
        options: &Options,
        last_server: &mut String,
    ) -> Cow<'a, str> {
        let known = columns.known.as_ref();
        let column = match known.and_then(|known| known.other_photo(self.record)) {
            Some(other) if self.optional(column).is_empty() => Some(other),
            _ => column,
        };
        let given = self.optional(column);
        let Some(column) = column else {
            return given.into();
        };
        if given.is_empty() {
            if !options.allow_no_image {
                self.complain(
                    column,
                    self.lacking(column, "photo's address"),
                    known.and_then(Known::photo_help).unwrap_or(
                        "write it; to allow clips made from the prompt alone: --allow-no-image",
                    ),
                );
            }
            return given.into();
        }
        if let Some(local) = options.local_photos.as_ref().filter(|_| is_path(given)) {
            return self.local_photo(column, given, local);
        }
        let unusual = is_unusual(given);
        let may_be_several = unusual || HTTP.find(&given.as_bytes()[4..]).is_some();
        // What is wrong in such a cell stands behind its server.
        let server = server_of(given).filter(|_| !may_be_several && !given.contains("&amp;"));
        if server.is_some_and(|server| server == last_server) {
            return given.into();
        }
        let images = if may_be_several {
            self.images_in(column, given, options.split_images)
        } else {
            vec![given]
        };
        for image in &images {
            if let Some(url) = self.image_problem(column, image, options)
                && images.len() == 1
                && !depends_on_path(&url)
            {
                server.unwrap_or_default().clone_into(last_server);
            }
        }
        match images.split_first() {
            Some((first, others)) => {
                self.more_images = others.to_vec();
                (*first).into()
            }
            None => given.into(),
        }
    }

    /// Where the photo on this computer that a cell names will be online.
    fn local_photo(&mut self, column: usize, given: &'a str, local: &LocalPhotos) -> Cow<'a, str> {
        match local.find(given, self.folder) {
            Ok(photo) => {
                let address = photo.address.clone();
                self.photo_file = Some(photo);
                address.into()
            }
            Err(unfit) => {
                if !unfit.is_absent || !self.is_no_address(column, given, "photo's path") {
                    self.complain(column, unfit.message, unfit.help);
                }
                given.into()
            }
        }
    }

    /// The photos in a cell that may hold several; none where that is a problem.
    fn images_in(&mut self, column: usize, given: &'a str, split: bool) -> Vec<&'a str> {
        if self.is_no_address(column, given, "photo's address") {
            return Vec::new();
        }
        let found = photos_in(given);
        match found.as_slice() {
            [_] => found,
            _ if split => found,
            several => {
                let count = several.len();
                self.complain(
                    column,
                    format!("there are {count} addresses in this cell, and a clip has one photo"),
                    "give each photo a row of its own, or have that done with --split-images: each \
                     is a clip, and is paid",
                );
                Vec::new()
            }
        }
    }

    /// Checks one photo's address; it is given back when it is good.
    fn image_problem(&mut self, column: usize, given: &str, options: &Options) -> Option<Url> {
        match check_address(given) {
            Err(reason) => {
                if let Some(told) = local_file(given) {
                    self.complain(column, told.message, told.help);
                    return None;
                }
                let help = match addresses_in(given).first() {
                    Some(address) if *address != given => {
                        format!("write only the address: {address}")
                    }
                    _ if given.contains("://") => {
                        "copy the address out of a browser that shows the photo".to_owned()
                    }
                    _ => {
                        "the photo is fetched by the vendor, so it must be online: write its whole \
                          address, such as https://example.com/kitchen.jpg; a photo on this computer is \
                          uploaded with upload = \"s3://BUCKET/PREFIX\" in [photos] of creativeai.toml"
                            .to_owned()
                    }
                };
                self.complain(column, format!("the photo's address {reason}"), help);
            }
            // The cell is not shown: messages end up in cron's mail.
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                self.problems.push(self.place.column(
                    column,
                    "the photo's address holds a user name or password",
                    "it would be sent to the vendor and kept in the log: use an address that \
                     works without one",
                ));
            }
            Ok(url) => match out_of_reach(&url, options.allow_own_photos) {
                Some(told) => self.complain(column, told.message, told.help),
                None if given.contains("&amp;") => self.complain(
                    column,
                    "the photo's address was copied out of a page's source: it has &amp; in it",
                    "write & in place of &amp;",
                ),
                None => return Some(url),
            },
        }
        None
    }

    /// The prompt of the row, or one that is made of its cells.
    fn prompt(&mut self, column: Option<usize>, columns: &Columns) -> String {
        let own = self.optional(column);
        match (&columns.template, column) {
            (Some(template), _) if own.is_empty() => self.filled(template),
            (_, Some(column)) => self.words(column, "prompt").to_owned(),
            (_, None) => String::new(),
        }
    }

    /// A prompt made of the row's cells.
    fn filled(&mut self, template: &[Piece]) -> String {
        let mut prompt = String::new();
        let mut last = None;
        for piece in template {
            let (name, columns, fallback) = match piece {
                Piece::Text(text) => {
                    prompt.push_str(text);
                    continue;
                }
                Piece::Cell {
                    name,
                    columns,
                    fallback,
                } => (name, columns, fallback),
            };
            let filled = columns
                .iter()
                .find(|column| !self.trimmed(**column).is_empty());
            match (filled, fallback) {
                (Some(&column), _) => {
                    let given = self.trimmed(column);
                    self.is_odd(column, given, Purpose::Filling);
                    self.has_placeholder(column, given);
                    last = Some(column);
                    prompt.push_str(given);
                }
                (None, Some(fallback)) => prompt.push_str(fallback),
                (None, None) => self.complain(
                    columns.first().copied().unwrap_or_default(),
                    format!("the prompt asks for {{{name}}}, and this cell is empty"),
                    format!(
                        "fill it in, or give the prompt a text for empty cells: {{{name}|text}}"
                    ),
                ),
            }
        }
        if let Some(column) = last
            && prompt.len() > MAX_CELL
        {
            self.complain(
                column,
                format!("with this cell the prompt is longer than {MAX_CELL} bytes"),
                "shorten it",
            );
        }
        prompt.trim().to_owned()
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
                format!(
                    "this is not a length in whole seconds, 1 to {}",
                    Seconds::MAX
                ),
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
                "this is not a speed from 0.25 to 4",
                "write a number with a decimal point, such as 1.0",
            );
        }
        if given.is_empty() { default } else { given }.to_owned()
    }

    fn video(
        &mut self,
        columns: &Columns,
        options: &Options,
        last_server: &mut String,
    ) -> Option<Clip> {
        let Kind::Video {
            image_url,
            prompt,
            model,
            duration,
            aspect_ratio,
        } = columns.kind
        else {
            return None;
        };
        let defaults = &options.defaults;
        Some(Clip::Video(Video {
            image_url: self
                .image(image_url, columns, options, last_server)
                .into_owned(),
            prompt: self.prompt(prompt, columns),
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
