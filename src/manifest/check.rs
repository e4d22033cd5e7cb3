//! One row: whether it is meant, and every problem in it at once, or the clip that is wanted.

use std::path::Path;
use std::sync::Arc;

use super::cells::Cells;
use super::columns::{ClipColumns, Columns};
use super::field::normalized;
use super::local::is_path;
use super::odd::trimmed;
use super::options::{Defaults, Options, RowCondition};
use super::problem::{Problem, ProblemLocation, Row, RowFault};
use super::records::Record;
use super::values::{NamedAddress, photos_in};
use super::workbook::Hidden;
use crate::jobs::{Clip, Seconds, Video, Voice};

/// Conditions on one file's rows, all of which must hold.
#[derive(Debug, Default)]
pub(super) struct RowFilter(Vec<(Option<usize>, String)>);

impl RowFilter {
    /// For the file with these columns. A column that it does not have is empty in all its rows.
    pub fn of(conditions: &[RowCondition], columns: &Columns) -> Self {
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

/// Checks rows of one manifest.
pub(super) struct Checker<'a> {
    pub place: ProblemLocation<'a>,
    pub columns: &'a Columns,
    pub chosen: &'a RowFilter,
    /// Where relative paths of photos start.
    pub folder: &'a Path,
    pub options: &'a Options,
    pub delimiter: u8,
    /// What is not shown of a workbook, which has neither delimiters nor quotes.
    pub workbook: Option<&'a Hidden>,
    /// The webhook address checked last: it is usually the same in every row.
    pub last_webhook: String,
    /// The server of the photo checked last, as written: most photos of a sheet have one.
    pub last_server: String,
    /// Further rows of the row checked last, one for each of its other photos; the last comes first.
    pub others: Vec<Row>,
}

impl Checker<'_> {
    /// The row's clip, or everything that is wrong with the row.
    pub fn check(&mut self, record: &Record<'_>) -> Result<Row, RowFault> {
        self.place.line = record.line;
        if let Some(problem) = self.shape_problem(record) {
            return Err(RowFault::Problems {
                problems: vec![problem],
                row: None,
            });
        }
        if !self.chosen.matches(record) {
            let mut rows = self.unchecked(record);
            let first = rows.remove(0);
            self.others.extend(rows.into_iter().rev());
            return Ok(first);
        }
        self.checked(record).map_err(|problems| RowFault::Problems {
            problems,
            row: self.unchecked(record).into_iter().next().map(Box::new),
        })
    }

    fn checked(&mut self, record: &Record<'_>) -> Result<Row, Vec<Problem>> {
        let mut cells = Cells {
            place: self.place,
            record,
            allow_odd: self.options.allow_odd_cells,
            workbook: self.workbook,
            folder: self.folder,
            more_images: Vec::new(),
            photo_file: None,
            photo_name: None,
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
            ClipColumns::Video { .. } => cells.video(columns, self.options, &mut self.last_server),
            ClipColumns::Voice { .. } => cells.voice(&columns.kind, &self.options.defaults),
        };
        for column in columns.sent().chain([columns.id]) {
            cells.check_formula(column);
        }
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
                    photo_name: cells.photo_name.map(str::to_owned),
                    webhook_url,
                    is_left_out: false,
                    is_hidden: self.is_hidden(record),
                    carried: columns
                        .carried
                        .iter()
                        .map(|&column| record.cell(column).to_owned())
                        .collect(),
                    digest: record.digest(),
                };
                let others = more_images.iter().rev();
                let others = others.map(|image| with_image(&row, *image));
                self.others.extend(others);
                Ok(row)
            }
            _ => {
                let number = |problem: &Problem| problem.column.as_ref().map(|c| c.number);
                cells.problems.sort_by_key(number);
                Err(cells.problems)
            }
        }
    }

    /// Rows that are left out, one for each photo: what their clips may be recognized by, unchecked, since
    /// nothing is sent for them.
    fn unchecked(&self, record: &Record<'_>) -> Vec<Row> {
        let columns = self.columns;
        let defaults = &self.options.defaults;
        let cell = |column: Option<usize>| column.map_or("", |at| trimmed(record.cell(at)));
        let or_default = |column, default: &str| match cell(column) {
            "" => default.to_owned(),
            given => given.to_owned(),
        };
        let (mut photos, mut photo_file) = (Vec::new(), None);
        let clip = match columns.kind {
            ClipColumns::Video {
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
                let first = photos[0].address;
                let local = local.filter(|_| photos.len() == 1 && is_path(first));
                photo_file = local.and_then(|local| local.find(first, self.folder).ok());
                let online = photo_file.as_ref().map(|photo| photo.address.as_str());
                Clip::Video(Video {
                    image_url: online.unwrap_or(first).to_owned(),
                    prompt: cell(prompt).to_owned(),
                    model: or_default(model, &defaults.model),
                    duration: Seconds::parse(cell(duration)).unwrap_or(defaults.duration),
                    aspect_ratio: or_default(aspect_ratio, &defaults.aspect_ratio),
                })
            }
            ClipColumns::Voice {
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
            photo_name: photos
                .first()
                .and_then(|photo| photo.name)
                .map(str::to_owned),
            webhook_url: None,
            carried: vec![String::new(); columns.carried.len()],
            is_left_out: true,
            is_hidden: self.is_hidden(record),
            digest: record.digest(),
        };
        let others = photos.iter().skip(1);
        let others: Vec<Row> = others.map(|photo| with_image(&row, *photo)).collect();
        std::iter::once(row).chain(others).collect()
    }

    /// Whether the spreadsheet program does not show the row.
    fn is_hidden(&self, record: &Record<'_>) -> bool {
        let hidden = self.workbook;
        hidden.is_some_and(|hidden| hidden.has_line(record.line))
    }

    /// Whether one record may be several rows, so that only a check says how many it is.
    pub fn may_make_several_rows(&self) -> bool {
        self.options.split_images || !self.options.conditions.is_empty()
    }

    /// Whether a row asks for nothing: it is blank, or the export it is from has such rows.
    pub fn skips(&self, record: &Record<'_>) -> bool {
        let known = self.columns.known.as_ref();
        record.is_blank() || known.is_some_and(|known| known.skips(record))
    }
}

/// The same row with another photo.
fn with_image(row: &Row, image: NamedAddress<'_>) -> Row {
    Row {
        clip: row.clip.with_photo(image.address),
        photo_name: image.name.map(str::to_owned),
        ..row.clone()
    }
}

impl Cells<'_> {
    fn video(
        &mut self,
        columns: &Columns,
        options: &Options,
        last_server: &mut String,
    ) -> Option<Clip> {
        let ClipColumns::Video {
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

    fn voice(&mut self, kind: &ClipColumns, defaults: &Defaults) -> Option<Clip> {
        let &ClipColumns::Voice {
            text,
            voice,
            language,
            speed,
        } = kind
        else {
            return None;
        };
        Some(Clip::Voice(Voice {
            text: self.required_text(text, "text").to_owned(),
            voice: self.or_default(voice, &defaults.voice),
            language: self.or_default(language, &defaults.language),
            speed: self.speed(speed, &defaults.speed),
        }))
    }
}
