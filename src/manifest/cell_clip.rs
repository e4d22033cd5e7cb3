//! The photo and the prompt of a row: an address, several, or a file; a text, or one that is made of cells.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use url::Url;

use super::cells::{Cells, MAX_CELL};
use super::columns::Columns;
use super::exports::KnownExport;
use super::local::{LocalPhotos, is_path};
use super::odd::{self, Purpose, placeholder_in, trimmed};
use super::options::Options;
use super::problem::excerpt;
use super::reach::{depends_on_path, local_file, out_of_reach};
use super::template::TemplatePiece;
use super::values::{NamedAddress, addresses_in, check_address, is_unusual, photos_in, server_of};

/// How a further address begins.
static HTTP: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("http"));

impl<'a> Cells<'a> {
    /// The address of the row's photo; further ones go to `more_images`.
    pub fn image(
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
                self.add_problem(
                    column,
                    self.missing_message(column, "photo's address"),
                    known.and_then(KnownExport::photo_help).unwrap_or(
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
            vec![NamedAddress {
                name: None,
                address: given,
            }]
        };
        for image in &images {
            if let Some(url) = self.image_problem(column, image.address, options)
                && images.len() == 1
                && !depends_on_path(&url)
            {
                server.unwrap_or_default().clone_into(last_server);
            }
        }
        match images.split_first() {
            Some((first, others)) => {
                self.more_images = others.to_vec();
                self.photo_name = first.name;
                first.address.into()
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
                if !unfit.is_absent || !self.reject_non_address(column, given, "photo's path") {
                    self.add_problem(column, unfit.message, unfit.help);
                }
                given.into()
            }
        }
    }

    /// The photos in a cell that may hold several; none where that is a problem.
    fn images_in(&mut self, column: usize, given: &'a str, split: bool) -> Vec<NamedAddress<'a>> {
        if self.reject_non_address(column, given, "photo's address") {
            return Vec::new();
        }
        let found = photos_in(given);
        match found.as_slice() {
            [_] => found,
            _ if split => found,
            several => {
                let count = several.len();
                self.add_problem(
                    column,
                    format!("there are {count} addresses in this cell, and a clip has one photo"),
                    "give each photo a row of its own, or let --split-images do it: each photo \
                     becomes a clip, and each clip is paid for",
                );
                Vec::new()
            }
        }
    }

    /// Checks one photo's address; it is given back when it is good.
    fn image_problem(&mut self, column: usize, given: &str, options: &Options) -> Option<Url> {
        match check_address(given) {
            Err(reason) => {
                if let Some(refusal) = local_file(given) {
                    self.add_problem(column, refusal.message, refusal.help);
                    return None;
                }
                let help = match addresses_in(given).first() {
                    Some(address) if *address != given => {
                        format!("write only the address: {address}")
                    }
                    _ if given.contains("://") => {
                        "copy the address from a browser that shows the photo".to_owned()
                    }
                    _ => {
                        "the photo is fetched by the vendor, so it must be online: write its full \
                          address, such as https://example.com/kitchen.jpg; a photo on this computer is \
                          uploaded with upload = \"s3://BUCKET/PREFIX\" in [photos] of creativeai.toml"
                            .to_owned()
                    }
                };
                self.add_problem(column, format!("the photo's address {reason}"), help);
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
                Some(refusal) => self.add_problem(column, refusal.message, refusal.help),
                None if given.contains("&amp;") => self.add_problem(
                    column,
                    "the photo's address was copied out of a page's source: it has &amp; in it",
                    "change &amp; to &",
                ),
                None => return Some(url),
            },
        }
        None
    }
}

/// A prompt that was typed, without the space around it; else why it is not sent: a sheet's cell with
/// that text would not be, either.
pub fn check_prompt(text: &str) -> Result<&str, String> {
    let prompt = trimmed(text);
    if prompt.is_empty() {
        return Err("the prompt is empty".to_owned());
    }
    if prompt.len() > MAX_CELL {
        return Err(format!(
            "the prompt is {} bytes long, the most is {MAX_CELL}",
            prompt.len()
        ));
    }
    if let Some(oddity) = odd::find(prompt, Purpose::Words) {
        return Err(format!("{}; {}", oddity.message, oddity.help));
    }
    match placeholder_in(prompt) {
        Some(placeholder) => Err(format!("nothing was filled into {}", excerpt(placeholder))),
        None => Ok(prompt),
    }
}

impl Cells<'_> {
    /// The prompt of the row, or one that is made of its cells.
    pub fn prompt(&mut self, column: Option<usize>, columns: &Columns) -> String {
        let own = self.optional(column);
        match (&columns.template, column) {
            (Some(template), _) if own.is_empty() => self.filled(template),
            (_, Some(column)) => self.required_text(column, "prompt").to_owned(),
            (_, None) => String::new(),
        }
    }

    /// A prompt made of the row's cells.
    fn filled(&mut self, template: &[TemplatePiece]) -> String {
        let mut prompt = String::new();
        let mut last = None;
        for piece in template {
            let (name, columns, fallback) = match piece {
                TemplatePiece::Text(text) => {
                    prompt.push_str(text);
                    continue;
                }
                TemplatePiece::Cell {
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
                    self.reject_odd(column, given, Purpose::Filling);
                    self.reject_placeholder(column, given);
                    last = Some(column);
                    prompt.push_str(given);
                }
                (None, Some(fallback)) => prompt.push_str(fallback),
                (None, None) => self.add_problem(
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
            self.add_problem(
                column,
                format!("with this cell the prompt is longer than {MAX_CELL} bytes"),
                "shorten it",
            );
        }
        prompt.trim().to_owned()
    }
}
