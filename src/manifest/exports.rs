//! Exports of shops and listing services that are read without `--map`: recognized by their headers.

use super::{
    field::{Field, normalized},
    records::Record,
};

/// What a program's export calls the columns. Further ones go in here.
struct Export {
    /// The program, as in "this is a Shopify products export".
    name: &'static str,
    /// Headers that together no other export has.
    headers: &'static [&'static str],
    /// Which header holds what; of several for one field the first that is there.
    columns: &'static [(Field, &'static str)],
    photo: PhotoRule,
    rows: RowRule,
}

/// Where a row's photo is when its own column is empty.
#[derive(Clone, Copy)]
enum PhotoRule {
    /// Nowhere.
    Own,
    /// In `header`, for rows whose cell under `when` is `is`.
    Else {
        header: &'static str,
        when: &'static str,
        is: &'static str,
    },
}

/// Which rows ask for no clip.
#[derive(Clone, Copy)]
enum RowRule {
    All,
    /// Those that are empty under all of these headers hold a further picture of the row above.
    Filled(&'static [&'static str]),
    /// Those that say under this header that they are no photo.
    Photos(&'static str),
}

const EXPORTS: [Export; 5] = [
    Export {
        name: "a Shopify products export",
        headers: &["Handle", "Variant SKU", "Image Src", "Variant Image"],
        columns: &[
            (Field::Sku, "Variant SKU"),
            // `Image Src` is the product's nth picture, whatever variant stands in its row.
            (Field::ImageUrl, "Variant Image"),
        ],
        photo: PhotoRule::Else {
            header: "Image Src",
            when: "Option1 Value",
            is: "Default Title",
        },
        rows: RowRule::Filled(&["Variant SKU", "Variant Price", "Option1 Value"]),
    },
    Export {
        name: "a Shopify products export",
        headers: &[
            "URL handle",
            "SKU",
            "Product image URL",
            "Variant image URL",
        ],
        columns: &[(Field::Sku, "SKU"), (Field::ImageUrl, "Variant image URL")],
        photo: PhotoRule::Else {
            header: "Product image URL",
            when: "Option1 value",
            is: "Default Title",
        },
        rows: RowRule::Filled(&["SKU", "Price", "Option1 value"]),
    },
    Export {
        name: "a WooCommerce products export",
        headers: &["Type", "SKU", "Published", "Regular price", "Images"],
        columns: &[(Field::Sku, "SKU"), (Field::ImageUrl, "Images")],
        photo: PhotoRule::Own,
        rows: RowRule::All,
    },
    Export {
        name: "a RESO media export of a listing service",
        headers: &["MediaURL"],
        columns: &[
            (Field::ListingId, "ListingId"),
            (Field::ListingId, "ResourceRecordID"),
            (Field::ListingId, "ListingKey"),
            (Field::ListingId, "ResourceRecordKey"),
            (Field::ImageUrl, "MediaURL"),
        ],
        photo: PhotoRule::Own,
        rows: RowRule::Photos("MediaCategory"),
    },
    Export {
        name: "an Airtable export",
        headers: &["Name", "Attachments"],
        columns: &[(Field::ListingId, "Name"), (Field::ImageUrl, "Attachments")],
        photo: PhotoRule::Own,
        rows: RowRule::All,
    },
];

fn column(headers: &[String], name: &str) -> Option<usize> {
    let name = normalized(name);
    headers.iter().position(|header| normalized(header) == name)
}

/// What an export's headers say, for one file.
#[derive(Debug)]
pub(super) struct KnownExport {
    name: &'static str,
    /// Columns (counted from 0) that have a meaning by being this export's.
    pub columns: Vec<(Field, usize)>,
    photo: Option<OtherPhoto>,
    skipped: Option<SkippedRows>,
}

/// Where a row's photo is when its own column is empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct OtherPhoto {
    column: usize,
    when: usize,
    is: &'static str,
}

#[derive(Debug)]
enum SkippedRows {
    Empty(Vec<usize>),
    NoPhoto(usize),
}

impl KnownExport {
    /// The export with these headers.
    pub fn of(headers: &[String]) -> Option<Self> {
        let is_it = |export: &&Export| {
            let mut names = export.headers.iter();
            names.all(|name| column(headers, name).is_some())
        };
        let export = EXPORTS.iter().find(is_it)?;
        let mut columns: Vec<(Field, usize)> = Vec::new();
        let names_row = |field| matches!(field, Field::Sku | Field::ListingId);
        for &(field, name) in export.columns {
            let is_there = columns
                .iter()
                .any(|(other, _)| *other == field || names_row(*other) && names_row(field));
            if let Some(column) = column(headers, name).filter(|_| !is_there) {
                columns.push((field, column));
            }
        }
        let photo = match export.photo {
            PhotoRule::Own => None,
            PhotoRule::Else { header, when, is } => column(headers, header)
                .zip(column(headers, when))
                .map(|(column, when)| OtherPhoto { column, when, is }),
        };
        let passed_over = match export.rows {
            RowRule::All => None,
            RowRule::Filled(names) => {
                let columns = names.iter().filter_map(|name| column(headers, name));
                Some(SkippedRows::Empty(columns.collect()))
            }
            RowRule::Photos(name) => column(headers, name).map(SkippedRows::NoPhoto),
        };
        Some(Self {
            name: export.name,
            columns,
            photo,
            skipped: passed_over,
        })
    }

    /// Leaves out what the user or the file says otherwise: `is_named` are fields that have a column.
    pub fn without(mut self, is_named: impl Fn(Field) -> bool) -> Self {
        self.columns.retain(|(field, _)| !is_named(*field));
        if is_named(Field::ImageUrl) {
            self.photo = None;
        }
        self
    }

    /// What maps to what, in a sentence.
    pub fn notice(&self, headers: &[String]) -> Option<String> {
        use std::fmt::Write;
        if self.columns.is_empty() {
            return None;
        }
        let maps: Vec<String> = self
            .columns
            .iter()
            .map(|(field, column)| format!("{} is \"{}\"", field.name(), headers[*column]))
            .collect();
        let mut text = format!("this is {}: {}", self.name, maps.join(", "));
        // Writing to a string cannot fail.
        if let Some(other) = self.photo {
            let _ = write!(
                text,
                ", for a product without variants \"{}\"",
                headers[other.column]
            );
        }
        let _ = match &self.skipped {
            Some(SkippedRows::Empty(_)) => {
                write!(text, "; rows that only add another picture are skipped")
            }
            Some(SkippedRows::NoPhoto(_)) => {
                write!(text, "; rows whose media is not a photo are skipped")
            }
            None => Ok(()),
        };
        Some(text)
    }

    /// Whether a row asks for no clip.
    pub fn skips(&self, record: &Record<'_>) -> bool {
        let cell = |column: usize| record.cell(column).trim();
        match &self.skipped {
            None => false,
            Some(SkippedRows::Empty(columns)) => columns.iter().all(|c| cell(*c).is_empty()),
            Some(SkippedRows::NoPhoto(column)) => {
                let kind = cell(*column).to_lowercase();
                !(kind.is_empty() || kind.contains("photo") || kind.contains("image"))
            }
        }
    }

    /// The column of the photo for a row whose own is empty.
    pub fn other_photo(&self, record: &Record<'_>) -> Option<usize> {
        let other = self.photo?;
        (record.cell(other.when).trim() == other.is).then_some(other.column)
    }

    /// What to do about a row without a photo.
    pub fn photo_help(&self) -> Option<&'static str> {
        self.photo.map(|_| {
            "the product's picture may show another variant: give this variant its own picture in \
             the shop, or use the product's with --map"
        })
    }
}
