//! Names of columns: which are known, which are meant, and `--map`.

use super::problem::ManifestError;

/// A column with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    ListingId,
    Sku,
    ImageUrl,
    Prompt,
    Text,
    Model,
    Duration,
    AspectRatio,
    WebhookUrl,
    Variant,
    Voice,
    Language,
    Speed,
}

/// Every header that is recognized. `prompt` is short for `video_prompt`.
const FIELDS: [(&str, Field); 14] = [
    ("listing_id", Field::ListingId),
    ("sku", Field::Sku),
    ("image_url", Field::ImageUrl),
    ("video_prompt", Field::Prompt),
    ("prompt", Field::Prompt),
    ("text", Field::Text),
    ("model", Field::Model),
    ("duration", Field::Duration),
    ("aspect_ratio", Field::AspectRatio),
    ("webhook_url", Field::WebhookUrl),
    ("variant", Field::Variant),
    ("voice", Field::Voice),
    ("language", Field::Language),
    ("speed", Field::Speed),
];

/// Hyphens, also those of text programs.
const HYPHENS: [char; 3] = ['-', '\u{2010}', '\u{2011}'];

impl Field {
    /// The canonical name.
    pub const fn name(self) -> &'static str {
        let mut n = 0;
        while n < FIELDS.len() {
            if FIELDS[n].1 as u8 == self as u8 {
                return FIELDS[n].0;
            }
            n += 1;
        }
        ""
    }

    /// The field that `header` names, without regard to case, spaces, underscores and hyphens.
    pub fn of(header: &str) -> Option<Self> {
        let header = normalized(header).replace(HYPHENS, "");
        FIELDS
            .iter()
            .find(|(name, _)| normalized(name) == header)
            .map(|&(_, field)| field)
    }

    /// What it is for, in a sentence that begins "cannot find a column for".
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::ListingId | Self::Sku => "the listing's or product's id (listing_id or sku)",
            Self::ImageUrl => "the photo's address (image_url)",
            _ => "what should happen in the clip (video_prompt)",
        }
    }
}

/// Whether a column of that name has a meaning.
pub(super) fn is_field(name: &str) -> bool {
    Field::of(name).is_some()
}

/// Lower case, without spaces and underscores.
pub(super) fn normalized(header: &str) -> String {
    header
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

/// The `--map` option to type. A header that a shell might take for something else is not spelled
/// out, since people copy what they are shown.
pub(super) fn map_option(name: &str, header: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    if !(1..=100).contains(&header.len()) || !header.chars().all(plain) {
        format!("--map {name}=HEADER")
    } else if header.contains(' ') {
        format!("--map \"{name}={header}\"")
    } else {
        format!("--map {name}={header}")
    }
}

/// What exports call the photo's column, the surest first. Shopify's `Image Src` is the product's nth
/// picture, whatever variant stands in its row, so its own picture comes before it.
const PHOTOS: [&str; 14] = [
    "Variant Image",
    "Variant image URL",
    "MediaURL",
    "Image Src",
    "Product image URL",
    "Images",
    "Image URL",
    "Photo URL",
    "Main Image",
    "Featured Image",
    "image_link",
    "main_image_url",
    "Attachments",
    "Picture URL",
];

/// The header that is known to name `field` in some program's export.
pub(super) fn known_name<'h>(
    field: Field,
    headers: &(impl Iterator<Item = &'h str> + Clone),
) -> Option<&'h str> {
    if field != Field::ImageUrl {
        return None;
    }
    PHOTOS.iter().find_map(|known| {
        let known = normalized(known);
        headers.clone().find(|header| normalized(header) == known)
    })
}

/// Whether a header is about something else than what its words sound like: `PhotosChangeTimestamp`
/// is not a photo, and a text for search engines is not a prompt.
pub(super) fn is_misleading(header: &str) -> bool {
    const PARTS: [&str; 16] = [
        "seo",
        "meta",
        "timestamp",
        "count",
        "position",
        "alt text",
        "alttext",
        "width",
        "height",
        "modified",
        "updated",
        "created",
        "google shopping",
        "html",
        "caption",
        "altered",
    ];
    let header = header.to_lowercase();
    PARTS.iter().any(|part| header.contains(part))
}

/// The header most like `wanted`, when one is rather like it.
pub(super) fn nearest<'h>(wanted: &str, headers: impl Iterator<Item = &'h str>) -> Option<&'h str> {
    const LIKE: f64 = 0.6;
    let wanted = normalized(wanted);
    let likeness = |header: &str| {
        let header = normalized(header);
        if header.is_empty() {
            0.0
        } else if header == wanted {
            1.0
        } else if wanted.len() > 2 && (header.ends_with(&wanted) || header.starts_with(&wanted)) {
            0.9
        } else {
            strsim::normalized_damerau_levenshtein(&wanted, &header)
        }
    };
    headers
        .filter(|header| header.len() <= 100)
        .map(|header| (likeness(header), header))
        .filter(|(like, _)| *like >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, header)| header)
}

/// Checks the `--map` options themselves, whatever the file says.
pub(super) fn check_map(map: &[(String, String)]) -> Result<(), ManifestError> {
    for (n, (name, header)) in map.iter().enumerate() {
        let usage = |why: String| {
            Err(ManifestError::Usage(format!(
                "--map {name}={header}: {why}"
            )))
        };
        if name.trim().is_empty() || header.trim().is_empty() {
            return usage(
                "write --map CANONICAL=HEADER, for example --map video_prompt=Scene".into(),
            );
        }
        let same = |other: &str| match (Field::of(name), Field::of(other)) {
            (Some(a), Some(b)) => a == b,
            _ => name == other,
        };
        if map[..n].iter().any(|(other, _)| same(other)) {
            return usage(format!("{name} is given twice"));
        }
        if Field::of(name).is_none()
            && let Some(meant) = misspelled(name).or_else(|| begun(name))
        {
            return usage(format!(
                "did you mean {meant}? To carry the column along under another name, choose one \
                 that is less like {meant}"
            ));
        }
    }
    Ok(())
}

/// The field that a header was probably meant to name, among those that clips of this kind have
/// and that no column names yet. The ids are left out: there is one.
pub(super) fn meant(header: &str, is_voice: bool, found: &[Field]) -> Option<&'static str> {
    let name = misspelled(header)?;
    let field = Field::of(name)?;
    let of_kind = match field {
        Field::ListingId | Field::Sku => false,
        Field::Variant | Field::WebhookUrl => true,
        Field::Text | Field::Voice | Field::Language | Field::Speed => is_voice,
        _ => !is_voice,
    };
    (of_kind && !found.contains(&field)).then_some(name)
}

/// The one field whose name begins like `name`.
fn begun(name: &str) -> Option<&'static str> {
    let name = normalized(name);
    let begins = |field: &&str| name.len() > 2 && normalized(field).starts_with(&name);
    let mut fields = FIELDS.iter().map(|(field, _)| *field).filter(begins);
    fields.next().filter(|_| fields.next().is_none())
}

/// The field that `name` is one or two slips away from.
fn misspelled(name: &str) -> Option<&'static str> {
    let name = normalized(name);
    FIELDS.iter().map(|(field, _)| *field).find(|field| {
        let slips = if field.len() > 5 { 2 } else { 1 };
        name.len() <= 40 && strsim::osa_distance(&normalized(field), &name) <= slips
    })
}
