//! What a name in a settings file stands for, and which one was probably meant.

use super::table::{CAPS, DEFINITIONS, DefaultValue, OPEN_TABLES, PROFILE};
use crate::text::suggest;

/// Names under which a secret may be put into the file by mistake.
const SECRETS: [&str; 7] = [
    "api_key",
    "apikey",
    "key",
    "verify_keys",
    "token",
    "admin_token",
    "password",
];

/// What a cap is made of.
const OF_A_CAP: [&str; 3] = ["credits", "per", "where"];

/// What the settings file's text says under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// A key with a single value.
    Value,
    Table,
    List,
    /// A secret, which does not belong there.
    Secret,
    /// Nothing that is known.
    Unknown,
}

/// The names that a file may hold.
fn names() -> impl Iterator<Item = &'static str> {
    let written = DEFINITIONS
        .iter()
        .filter(|known| known.usual != DefaultValue::Unwritten);
    written.map(|known| known.name)
}

/// The tables that a file may have, in the order in which `init` writes them.
fn tables() -> impl Iterator<Item = &'static str> + Clone {
    let mut all: Vec<&str> = Vec::new();
    for name in names() {
        let table = name.rsplit_once('.').map(|(table, _)| table);
        let open = OPEN_TABLES.contains(&name).then_some(name);
        let more = table.into_iter().chain(open);
        all.extend(
            more.filter(|table| !all.contains(table))
                .collect::<Vec<_>>(),
        );
    }
    all.into_iter()
}

/// A name without the profile in whose table it stands, and that profile.
fn in_profile(name: &str) -> (Option<&str>, &str) {
    let below = name.strip_prefix(PROFILE).and_then(|n| n.strip_prefix('.'));
    match below.map(|below| below.split_once('.').unwrap_or((below, ""))) {
        Some((profile, name)) => (Some(profile), name),
        None => (None, name),
    }
}

/// A setting's name in the table of a profile.
pub fn of_profile(profile: Option<&str>, name: &str) -> String {
    match profile {
        Some(profile) => format!("{PROFILE}.{profile}.{name}"),
        None => name.to_owned(),
    }
}

/// Whether it can be the name of a profile, which becomes part of file names.
pub fn is_profile(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

/// What follows the name of the list of caps: a number, and what is in that cap.
fn below_caps(name: &str) -> Option<&str> {
    name.strip_prefix(CAPS)?.strip_prefix('.')
}

/// What `name` (dotted) stands for.
pub fn kind(name: &str) -> NameKind {
    match in_profile(name) {
        (Some(_), "") | (None, PROFILE) => return NameKind::Table,
        // A profile holds no other.
        (Some(_), inner) if inner.starts_with(PROFILE) => return NameKind::Unknown,
        (Some(_), inner) => return kind(inner),
        (None, CAPS) => return NameKind::List,
        (None, _) => {}
    }
    if let Some(below) = below_caps(name) {
        return match below.split_once('.') {
            None => NameKind::Table,
            Some((_, field)) if OF_A_CAP.contains(&field) => NameKind::Value,
            Some(_) => NameKind::Unknown,
        };
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    let in_open = |table: &&str| {
        let key = name
            .strip_prefix(*table)
            .and_then(|rest| rest.strip_prefix('.'));
        key.is_some_and(|key| !key.is_empty())
    };
    if tables().any(|table| table == name) {
        NameKind::Table
    } else if OPEN_TABLES.iter().any(in_open) || names().any(|known| known == name) {
        NameKind::Value
    } else if SECRETS.contains(&last.to_lowercase().replace('-', "_").as_str()) {
        NameKind::Secret
    } else {
        NameKind::Unknown
    }
}

/// The table that was probably meant by `name`, or all of them, as a sentence.
pub fn table_suggestion(name: &str) -> String {
    let (_, name) = in_profile(name);
    if let Some(table) = suggest::nearest(name, tables()) {
        return format!("did you mean the table [{table}]?");
    }
    let all: Vec<_> = tables().map(|table| format!("[{table}]")).collect();
    format!(
        "the tables are {} and [{PROFILE}.NAME]; all other settings stand above them",
        all.join(", ")
    )
}

/// The key that was probably meant by `name`, as a sentence.
pub fn suggestion(name: &str) -> Option<String> {
    let (_, name) = in_profile(name);
    if below_caps(name).is_some() {
        return Some(format!("a cap has {}", OF_A_CAP.join(", ")));
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    // A known key in the wrong table is a likelier slip than a typing error.
    let moved = names().find(|known| known.rsplit('.').next() == Some(last));
    let meant = moved.or_else(|| suggest::nearest(name, names().chain(tables())));
    let meant = meant.or_else(|| {
        let lasts = names().filter_map(|known| known.rsplit('.').next());
        let near = suggest::nearest(last, lasts)?;
        names().find(|known| known.rsplit('.').next() == Some(near))
    })?;
    Some(match meant.rsplit_once('.') {
        _ if tables().any(|table| table == meant) => format!("did you mean the table [{meant}]?"),
        Some((table, key)) => format!("did you mean `{key}` in the table [{table}]?"),
        None => format!("did you mean `{meant}`?"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_table() {
        for (name, expected) in [
            ("voice", NameKind::Table),
            ("voice.language", NameKind::Value),
            ("rates.models", NameKind::Table),
            ("rates.models.kling-v3", NameKind::Value),
            ("api-key", NameKind::Secret),
            ("api_key", NameKind::Secret),
            ("shopify.token", NameKind::Secret),
            ("vioce", NameKind::Unknown),
            ("caps", NameKind::List),
            ("caps.0", NameKind::Table),
            ("caps.0.credits", NameKind::Value),
            ("caps.0.credit", NameKind::Unknown),
            ("profile.acme.caps", NameKind::List),
            ("profile.acme.caps.1.where", NameKind::Value),
            ("profile", NameKind::Table),
            ("profile.acme", NameKind::Table),
            ("profile.acme.voice", NameKind::Table),
            ("profile.acme.voice.language", NameKind::Value),
            ("profile.acme.map.sku", NameKind::Value),
            ("profile.acme.api_key", NameKind::Secret),
            ("profile.acme.profile.other", NameKind::Unknown),
            ("profile.acme.modle", NameKind::Unknown),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
        for name in names().filter(|name| !OPEN_TABLES.contains(name) && *name != CAPS) {
            assert_eq!(kind(name), NameKind::Value, "{name}");
            let table = name.rsplit_once('.').map(|(table, _)| table);
            assert!(
                table.is_none_or(|table| tables().any(|known| known == table)),
                "{name}"
            );
        }
    }

    #[test]
    fn the_nearest_right_key_is_suggested() {
        for (name, meant) in [
            ("modle", "did you mean `model`?"),
            ("aspect-ratio", "did you mean `aspect_ratio`?"),
            ("language", "did you mean `language` in the table [voice]?"),
            ("voice.model", "did you mean `model`?"),
            ("downlaod", "did you mean the table [download]?"),
            (
                "download.max_sise",
                "did you mean `max_size` in the table [download]?",
            ),
            ("profile.acme.modle", "did you mean `model`?"),
            ("speeed", "did you mean `speed` in the table [voice]?"),
        ] {
            assert_eq!(suggestion(name).as_deref(), Some(meant), "{name}");
        }
        assert_eq!(suggestion("depth_of_the_sea"), None);
    }
}
