//! What each column is, by its header.

use crate::jobs::{IdColumn, LOG_FIELDS};
use crate::text::is_address;

use super::{
    exports::KnownExport,
    field::{Field, is_field, is_misleading, known_name, map_option, meant, nearest, normalized},
    odd::{CURLY_QUOTES, USE_STRAIGHT_QUOTES},
    options::Options,
    problem::{Problem, ProblemLocation},
    roles::{Role, Roles},
    template::TemplatePiece,
};

/// Which column (counted from 0) holds what.
#[derive(Debug)]
pub(super) struct Columns {
    /// Every header, without space around it.
    pub headers: Vec<String>,
    pub id_column: IdColumn,
    pub id: usize,
    pub variant: Option<usize>,
    pub webhook_url: Option<usize>,
    pub kind: ClipColumns,
    /// The columns with a meaning for this kind, each with it.
    fields: Vec<(usize, Field)>,
    /// What makes the prompt of rows that have none.
    pub template: Option<Vec<TemplatePiece>>,
    /// The program's export that the file is.
    pub known: Option<KnownExport>,
    /// Columns without meaning here, carried into the log.
    pub carried: Vec<usize>,
    /// The names they are carried under.
    pub carried_names: Vec<String>,
    /// What carried columns were probably meant to be: the header, and a column's right name.
    pub doubts: Vec<(String, &'static str)>,
    /// Columns without a header. They must be empty.
    pub nameless: Vec<usize>,
}

#[derive(Debug)]
pub(super) enum ClipColumns {
    Video {
        image_url: Option<usize>,
        prompt: Option<usize>,
        model: Option<usize>,
        duration: Option<usize>,
        aspect_ratio: Option<usize>,
    },
    Voice {
        text: usize,
        voice: Option<usize>,
        language: Option<usize>,
        speed: Option<usize>,
    },
}

impl Columns {
    /// Finds each column's meaning; all that is wrong with the header at once.
    pub fn find(place: ProblemLocation<'_>, options: &Options) -> Result<Self, Vec<Problem>> {
        let mut roles = Roles {
            place,
            by_column: vec![None; place.headers.len()],
            problems: Vec::new(),
        };
        let template = roles.template(options);
        if let [only] = place.headers {
            return Err(vec![single_column(place, only, options.delimiter)]);
        }
        if let Some(problem) = headless(place, options) {
            return Err(vec![problem]);
        }
        roles.apply_map(&options.map);
        roles.apply_usual_map(&options.usual_map);
        let known = roles.apply_export();
        roles.recognize();
        let columns = roles.arrange(options);
        match columns {
            Some(columns) if roles.problems.is_empty() => Ok(Self {
                template,
                known,
                ..columns
            }),
            _ => Err(roles.problems),
        }
    }

    /// The columns that say what is ordered, but for the one that names the rows.
    pub fn sent(&self) -> impl Iterator<Item = usize> {
        let columns = self.fields.iter().map(|(column, _)| *column);
        columns.filter(|column| *column != self.id)
    }

    /// The column of a field, by the field's name without what does not count in a header.
    pub fn meant_by(&self, name: &str) -> Option<usize> {
        let field = Field::of(name)?;
        let mut fields = self.fields.iter();
        fields
            .find(|(_, other)| *other == field)
            .map(|(column, _)| *column)
    }
}

impl Roles<'_> {
    /// The column of `field`; a second one is a problem.
    fn column_of(&mut self, field: Field) -> Option<usize> {
        let found: Vec<usize> = self
            .fields()
            .filter(|(_, f)| *f == field)
            .map(|(c, _)| c)
            .collect();
        if let [first, second, ..] = *found {
            let headers = self.place.headers;
            let help = if headers[first] == headers[second] {
                "rename or remove one of them".to_owned()
            } else if LOG_FIELDS.contains(&field.name()) {
                format!(
                    "remove one of them, or carry it along under another name: {}",
                    map_option(&format!("other_{}", field.name()), &headers[second])
                )
            } else {
                format!(
                    "say which one counts: {} or {}",
                    map_option(field.name(), &headers[first]),
                    map_option(field.name(), &headers[second])
                )
            };
            let message = format!("column {} is already the {}", first + 1, field.name());
            self.problems.push(self.place.column(second, message, help));
        }
        found.first().copied()
    }

    /// Puts everything in its place; `None` when something required is missing.
    fn arrange(&mut self, options: &Options) -> Option<Columns> {
        let id = self.find_id();
        let variant = self.column_of(Field::Variant);
        let webhook_url = self.column_of(Field::WebhookUrl);
        let kind = self.find_kind(options);
        let foreign = match kind {
            Some(ClipColumns::Voice { .. }) => [
                Some(Field::ImageUrl),
                Some(Field::Model),
                Some(Field::Duration),
                Some(Field::AspectRatio),
                None,
            ],
            _ => [
                Some(Field::Voice),
                Some(Field::Language),
                Some(Field::Speed),
                None,
                // A prompt was typed, so videos are wanted.
                Some(Field::Text).filter(|_| options.prompt.is_some()),
            ],
        };
        let mut carried = Vec::new();
        let mut carried_names: Vec<String> = Vec::new();
        let mut nameless = Vec::new();
        for (column, role) in self.by_column.iter().enumerate() {
            let name = match role {
                None => {
                    nameless.push(column);
                    continue;
                }
                Some(Role::Field(field)) if foreign.contains(&Some(*field)) => {
                    &self.place.headers[column]
                }
                Some(Role::Field(_)) => continue,
                Some(Role::Carried(name)) => name,
            };
            let name = carried_name(name, self.place.headers, &carried_names);
            if carried_names.contains(&name) {
                let message = "another column has the same name";
                let problem = self.place.column(column, message, "rename one of them");
                self.problems.push(problem);
            }
            carried.push(column);
            carried_names.push(name);
        }
        let (id_column, id) = id?;
        let is_voice = matches!(kind, Some(ClipColumns::Voice { .. }));
        let found: Vec<Field> = self.fields().map(|(_, field)| field).collect();
        let own = |(_, field): &(usize, Field)| !foreign.contains(&Some(*field));
        let fields = self.fields().filter(own).collect();
        let doubts = carried.iter().filter_map(|&column| {
            let header = &self.place.headers[column];
            // What --map calls otherwise is meant so.
            let is_own = self.by_column[column] == Some(Role::Carried(header.clone()));
            let meant = meant(header, is_voice, &found).filter(|_| is_own)?;
            Some((header.clone(), meant))
        });
        Some(Columns {
            doubts: doubts.collect(),
            headers: self.place.headers.to_vec(),
            id_column,
            id,
            variant,
            webhook_url,
            kind: kind?,
            fields,
            template: None,
            known: None,
            carried,
            carried_names,
            nameless,
        })
    }

    fn find_id(&mut self) -> Option<(IdColumn, usize)> {
        let listing = self.column_of(Field::ListingId);
        let sku = self.column_of(Field::Sku);
        match (listing, sku) {
            (Some(_), Some(sku)) => {
                let headers = self.place.headers;
                let help = format!(
                    "a row is one listing or one product. Carry the one that is not the id under \
                     another name, for example {}",
                    map_option("product_sku", &headers[sku])
                );
                let message = "there is a listing_id and a sku, and only one can be the row's id";
                self.problems.push(self.place.column(sku, message, help));
                None
            }
            (Some(column), None) => Some((IdColumn::Listing, column)),
            (None, Some(column)) => Some((IdColumn::Sku, column)),
            (None, None) => {
                self.missing(
                    Field::ListingId,
                    &[
                        ("sku", "sku"),
                        ("listing", "listing_id"),
                        ("product", "sku"),
                        ("listing_id", "listing_id"),
                        ("id", "listing_id"),
                    ],
                );
                None
            }
        }
    }

    fn find_kind(&mut self, options: &Options) -> Option<ClipColumns> {
        let prompt = self.column_of(Field::Prompt);
        let text = self
            .column_of(Field::Text)
            .filter(|_| options.prompt.is_none());
        if let (Some(_), Some(text)) = (prompt, text) {
            let help = format!(
                "keep one of them, or carry the other along under another name, for example {}",
                map_option("caption", &self.place.headers[text])
            );
            let message = "there is a prompt (for videos) and a text (for voices), \
                           so it is not clear what is wanted";
            self.problems.push(self.place.column(text, message, help));
            return None;
        }
        if let Some(text) = text {
            return Some(ClipColumns::Voice {
                text,
                voice: self.column_of(Field::Voice),
                language: self.column_of(Field::Language),
                speed: self.column_of(Field::Speed),
            });
        }
        let image_url = self.column_of(Field::ImageUrl);
        if image_url.is_none() && !options.allow_no_image {
            self.missing(
                Field::ImageUrl,
                &["image_url", "image", "photo", "picture", "url"].map(|word| (word, "image_url")),
            );
        }
        if prompt.is_none() && options.prompt.is_none() {
            self.missing(
                Field::Prompt,
                &["video_prompt", "prompt", "scene", "description"]
                    .map(|word| (word, "video_prompt")),
            );
        }
        Some(ClipColumns::Video {
            image_url,
            prompt,
            model: self.column_of(Field::Model),
            duration: self.column_of(Field::Duration),
            aspect_ratio: self.column_of(Field::AspectRatio),
        })
    }

    /// Reports that a required column is not there, and which may be meant. `words` are what such a
    /// column is often called, each with the name to map it to.
    fn missing(&mut self, field: Field, words: &[(&str, &str)]) {
        let carried = || {
            let roles = self.by_column.iter().zip(self.place.headers);
            roles.filter_map(|(role, header)| match role {
                Some(Role::Carried(_)) => Some(header.as_str()),
                _ => None,
            })
        };
        // What exports are known to call it comes before what only sounds like it.
        let known = || known_name(field, &carried()).map(|near| (words[0].1, near));
        let likely = || carried().filter(|header| !is_misleading(header));
        let near = words
            .iter()
            .find_map(|(word, name)| nearest(word, likely()).map(|near| (*name, near)));
        let near = known().or(near);
        let misnamed = self.renamed_by_map().map(|name| {
            format!(
                "--map names {name}, which is not a column that is sent; write --map {}=HEADER",
                words[0].1
            )
        });
        let mut help = match near {
            None if misnamed.is_some() => misnamed.unwrap_or_default(),
            Some((name, near)) if Field::of(near) == Some(field) => format!(
                "--map gives {near:?} another meaning; leave that out, or write {}",
                map_option(name, near)
            ),
            Some((name, near)) => {
                format!("if it is {near:?}, say so: {}", map_option(name, near))
            }
            None => format!(
                "name it {0} in the file's first line, or say which it is: --map {0}=HEADER",
                field.name(),
            ),
        };
        // Once is enough.
        if near.is_none() && self.problems.iter().all(|p| !p.lists_columns()) {
            help = format!("{help}. {}", self.all_headers());
        }
        if field == Field::Prompt {
            help.push_str(". One for all rows: --prompt \"Slow pan through the room\"");
        }
        if field == Field::ImageUrl {
            help.push_str(". For clips without a photo: --allow-no-image");
        }
        let message = format!("cannot find a column for {}", field.meaning());
        self.problems.push(self.place.row(message, help));
    }

    /// A name that `--map` gave a column, and that means nothing.
    fn renamed_by_map(&self) -> Option<&str> {
        let mut roles = self.by_column.iter().zip(self.place.headers);
        roles.find_map(|(role, header)| match role {
            Some(Role::Carried(name)) if name != header => Some(name.as_str()),
            _ => None,
        })
    }
}

/// Reports that what stands where the header belongs names no columns: it is a row, or its names stand in
/// quotes of a text program, as the cells below will.
fn headless(place: ProblemLocation<'_>, options: &Options) -> Option<Problem> {
    let headers = place.headers;
    let is_address = |header: &String| is_address(header);
    if recognized(headers, options) == 0 && headers.iter().any(is_address) {
        return Some(place.row(
            "this is a row already: the line with the columns' names is missing above it",
            "put a line above it with a name for each column, such as \
             listing_id,image_url,video_prompt",
        ));
    }
    let quoted = |header: &String| {
        let name = header
            .strip_prefix(CURLY_QUOTES)
            .and_then(|name| name.strip_suffix(CURLY_QUOTES));
        name.is_some_and(is_field)
    };
    headers.iter().any(quoted).then(|| {
        place.row(
            "“ and ” do not work as quotes in a CSV; they become part of the names and cells",
            USE_STRAIGHT_QUOTES,
        )
    })
}

/// Reports that the header is one column, which no manifest's is.
fn single_column(place: ProblemLocation<'_>, header: &str, asked: Option<u8>) -> Problem {
    let message = "the first line has only one column";
    let mark = |c: &char| matches!(c, '|' | ':' | '^' | '~' | '#' | '*' | '/');
    let usual = header.chars().find(|c| matches!(c, ',' | ';' | '\t'));
    if let (Some(usual), Some(asked)) = (usual, asked) {
        let name = |mark: char| {
            if mark == '\t' {
                "a tab".to_owned()
            } else {
                mark.to_string()
            }
        };
        let [usual, asked] = [usual, char::from(asked)].map(name);
        let help =
            format!("{usual} seems to separate the columns, not {asked}: leave out --delimiter");
        return place.cell(0, header, message, help);
    }
    if usual.is_some() {
        let help = "the whole line is in quotes: remove the quote at its beginning and at its end, \
                    in the other rows as well";
        return place.cell(0, header, message, help);
    }
    let help = match header.chars().find(mark) {
        Some(mark) => {
            format!("if {mark} separates the columns, add --delimiter \"{mark}\"")
        }
        None => {
            "the first line names the columns, such as listing_id,image_url,video_prompt".into()
        }
    };
    place.cell(0, header, message, help)
}

/// The name under which a column goes into the log: its own, unless the log has a field of that name.
fn carried_name(name: &str, headers: &[String], before: &[String]) -> String {
    // Compared loosely: some readers of JSON do not distinguish `Status` from `status`.
    let same = normalized(name);
    let Some(field) = LOG_FIELDS.iter().find(|field| normalized(field) == same) else {
        return name.to_owned();
    };
    let own = format!("sheet_{field}");
    let is_taken = |name: &String| before.contains(name) || headers.contains(name);
    let numbered = (2..).map(|n| format!("{own}_{n}"));
    let free = std::iter::once(own.clone())
        .chain(numbered)
        .find(|name| !is_taken(name));
    free.unwrap_or(own)
}

/// How many of `headers` mean something, to distinguish delimiters.
pub(super) fn recognized(headers: &[String], options: &Options) -> usize {
    let named = |header: &str| {
        Field::of(header).is_some()
            || options
                .map
                .iter()
                .chain(&options.usual_map)
                .any(|(_, mapped)| normalized(mapped) == normalized(header))
    };
    let exported = KnownExport::of(headers).map_or(0, |known| known.columns.len());
    headers.iter().filter(|header| named(header)).count() + exported
}
