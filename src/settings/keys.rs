//! Every key that `creativeai.toml` may hold, with its default and what it is for. The settings
//! file that `init` writes and the check for unknown keys come from the same list.

use crate::output::hint;

/// A key of the settings file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// With its table: `voice.language`.
    pub name: &'static str,
    /// The default as TOML writes it, or an example where there is no default.
    pub value: Value,
    /// One sentence for the settings file.
    pub about: &'static str,
}

/// What stands beside a key in the settings file that `init` writes.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// What holds when nobody says anything.
    Default(&'static str),
    /// There is no default; this could stand there.
    Example(&'static str),
}

const fn key(name: &'static str, default: &'static str, about: &'static str) -> Key {
    let value = Value::Default(default);
    Key { name, value, about }
}

const fn open(name: &'static str, example: &'static str, about: &'static str) -> Key {
    let value = Value::Example(example);
    Key { name, value, about }
}

/// The table whose keys are the vendor's model names.
pub const MODELS: &str = "rates.models";

/// The table whose keys are the manifest's columns.
pub const MAP: &str = "map";

/// Tables whose keys can be any.
const OPEN_TABLES: [&str; 2] = [MODELS, MAP];

/// All keys; those of one table stand together, those of none first.
pub const KEYS: [Key; 35] = [
    key(
        "base_url",
        "\"https://api.creativeai.run\"",
        "Where the API is.",
    ),
    open(
        "api_key_file",
        "\"~/keys/creativeai\"",
        "File that holds the API key; only you may be able to read it.",
    ),
    open(
        "webhook_url",
        "\"https://example.com/webhooks/creativeai\"",
        "Where the API reports finished clips; without it they are polled.",
    ),
    open(
        "jobs",
        "\"jobs.jsonl\"",
        "The job log. Without this: jobs.jsonl beside the manifest, or in the current folder.",
    ),
    key("model", "\"kling-v3\"", "Model for rows that name none."),
    key(
        "duration",
        "\"5s\"",
        "Length of a clip for rows that say none.",
    ),
    key(
        "aspect_ratio",
        "\"16:9\"",
        "Shape of a clip for rows that say none.",
    ),
    key(
        "duration_style",
        "\"text\"",
        "How a length is sent: \"text\" sends \"5s\", \"integer\" sends 5.",
    ),
    open(
        "concurrency",
        "3",
        "Requests at once. Without this: 3 for listings, 4 for SKUs.",
    ),
    open(
        "rate",
        "\"100/min\"",
        "At most so many requests in a second (5/s) or a minute (100/min).",
    ),
    open("timeout", "\"2h\"", "Stop a whole run after this long."),
    key(
        "connect_timeout",
        "\"10s\"",
        "Longest wait for a connection.",
    ),
    key("request_timeout", "\"60s\"", "Longest wait for one reply."),
    key(
        "max_retry_wait",
        "\"15m\"",
        "Longest single wait when the API asks to come back later.",
    ),
    key(
        "interval",
        "\"10s\"",
        "With --wait: time between two polls of a job.",
    ),
    key(
        "lock_wait",
        "\"5s\"",
        "Longest wait for another command to let go of the log.",
    ),
    key(
        "max_attempts",
        "3",
        "Attempts that a job gets in all, retries included.",
    ),
    open(
        MAP,
        "image_url = \"Photo\"",
        "What manifests call a column. A file without that header is read as it is.",
    ),
    key("voice.voice", "\"alloy\"", "Voice for rows that name none."),
    key(
        "voice.language",
        "\"en\"",
        "Language for rows that name none.",
    ),
    key("voice.speed", "\"1.0\"", "Speed for rows that say none."),
    key(
        "voice.poll_path",
        "\"/api/generate/voice/{id}\"",
        "Where to ask for a voice job; the vendor documents none. \"\" never asks.",
    ),
    key(
        "rates.video_per_5s",
        "5",
        "Credits for each started 5 seconds of video.",
    ),
    key(
        "rates.voice",
        "1",
        "Credits for one voice job; the vendor publishes none.",
    ),
    key(
        "rates.dollars_low",
        "0.071",
        "Dollars for a credit in the largest pack.",
    ),
    key("rates.dollars_high", "0.10", "Dollars for a single credit."),
    open(
        MODELS,
        "\"seedance-1.5-pro\" = 3",
        "Credits for each started 5 seconds of single models.",
    ),
    key("download.dir", "\"videos\"", "Folder for downloaded clips."),
    key("download.max_size", "\"500MB\"", "Largest clip to accept."),
    key("download.concurrency", "4", "Clips downloaded at once."),
    key("publish.concurrency", "2", "Clips published at once."),
    key(
        "publish.exec_timeout",
        "\"10m\"",
        "Longest time --exec may take for one clip.",
    ),
    open("shopify.store", "\"example.myshopify.com\"", "The shop."),
    key(
        "shopify.api_version",
        "\"2026-10\"",
        "Version of the shop's Admin API.",
    ),
    open(
        "shopify.token_file",
        "\"~/keys/shopify\"",
        "File that holds the shop's Admin API token; SHOPIFY_ADMIN_TOKEN goes before it.",
    ),
];

/// Names under which somebody may try to put a secret into the file.
const SECRETS: [&str; 7] = [
    "api_key",
    "apikey",
    "key",
    "verify_keys",
    "token",
    "admin_token",
    "password",
];

/// What the settings file's text says under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key with a single value.
    Value,
    /// A table of keys.
    Table,
    /// A secret, which does not belong there.
    Secret,
    /// Nothing that is known.
    Unknown,
}

/// What `name` (dotted) stands for.
pub fn kind(name: &str) -> Kind {
    let last = name.rsplit('.').next().unwrap_or(name);
    let table = format!("{name}.");
    let in_open = |table: &&str| {
        let key = name
            .strip_prefix(*table)
            .and_then(|rest| rest.strip_prefix('.'));
        key.is_some_and(|key| !key.is_empty())
    };
    if OPEN_TABLES.contains(&name) || KEYS.iter().any(|k| k.name.starts_with(&table)) {
        Kind::Table
    } else if OPEN_TABLES.iter().any(in_open) || KEYS.iter().any(|k| k.name == name) {
        Kind::Value
    } else if SECRETS.contains(&last.to_lowercase().replace('-', "_").as_str()) {
        Kind::Secret
    } else {
        Kind::Unknown
    }
}

/// The tables there are.
const TABLES: [&str; 7] = [
    MAP, "voice", "rates", MODELS, "download", "publish", "shopify",
];

/// The table that was probably meant by `name`, or all of them, as a sentence.
pub fn table_suggestion(name: &str) -> String {
    if let Some(table) = hint::nearest(name, TABLES) {
        return format!("did you mean the table [{table}]?");
    }
    let all: Vec<_> = TABLES.iter().map(|table| format!("[{table}]")).collect();
    format!(
        "the tables are {}; all other settings stand above them",
        all.join(", ")
    )
}

/// The key that was probably meant by `name`, as a sentence.
pub fn suggestion(name: &str) -> Option<String> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let tables = TABLES;
    // A known key in the wrong table is a likelier slip than a typing error.
    let names = || KEYS.iter().map(|k| k.name);
    let moved = names().find(|known| known.rsplit('.').next() == Some(last));
    let meant = moved.or_else(|| hint::nearest(name, names().chain(tables)));
    let meant = meant.or_else(|| {
        let lasts = names().filter_map(|known| known.rsplit('.').next());
        let near = hint::nearest(last, lasts)?;
        names().find(|known| known.rsplit('.').next() == Some(near))
    })?;
    Some(match meant.rsplit_once('.') {
        _ if tables.contains(&meant) => format!("did you mean the table [{meant}]?"),
        Some((table, key)) => format!("did you mean `{key}` in the table [{table}]?"),
        None => format!("did you mean `{meant}`?"),
    })
}

/// The commented settings file. `set` are keys without a table that stand there for good, each
/// with its value as TOML.
pub fn template(set: &[(&str, String)]) -> String {
    let mut lines: Vec<String> = HEAD.lines().map(str::to_owned).collect();
    let mut table = "";
    for key in &KEYS {
        let (Value::Default(value) | Value::Example(value)) = key.value;
        let about = format!("# {}", key.about);
        if OPEN_TABLES.contains(&key.name) {
            let [table, example] = [format!("# [{}]", key.name), format!("# {value}")];
            lines.extend([String::new(), about, table, example]);
            continue;
        }
        let (own_table, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if own_table != table {
            table = own_table;
            lines.extend([String::new(), format!("[{table}]")]);
        } else if table.is_empty() {
            lines.push(String::new());
        }
        lines.push(about);
        lines.push(match set.iter().find(|(set, _)| *set == key.name) {
            Some((_, value)) => format!("{name} = {value}"),
            None => format!("# {name} = {value}"),
        });
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What the settings file that `init` writes begins with.
const HEAD: &str = "\
# Settings of creativeai. Whatever is commented out shows the default, or an example
# where there is none. An option on the command line, then an environment variable, go
# before this file; the file of the same name in the user's settings folder comes after
# it. `creativeai config` shows what holds, and why. No key belongs in here.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_once_and_by_their_table() {
        for (i, key) in KEYS.iter().enumerate() {
            assert!(
                KEYS[..i].iter().all(|other| other.name != key.name),
                "{}",
                key.name
            );
            assert!(key.about.ends_with(['.', '\"']), "{}", key.about);
        }
        assert_eq!(kind("voice"), Kind::Table);
        assert_eq!(kind("voice.language"), Kind::Value);
        assert_eq!(kind("rates.models"), Kind::Table);
        assert_eq!(kind("rates.models.kling-v3"), Kind::Value);
        assert_eq!(kind("api-key"), Kind::Secret);
        assert_eq!(kind("shopify.token"), Kind::Secret);
        assert_eq!(kind("vioce"), Kind::Unknown);
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
            ("speeed", "did you mean `speed` in the table [voice]?"),
        ] {
            assert_eq!(suggestion(name).as_deref(), Some(meant), "{name}");
        }
        assert_eq!(suggestion("colour_of_the_sky"), None);
    }
}
