//! A job's fields as a command gets them: as JSON, and as variables.
//!
//! A command trusts some of them: it copies the file that `CREATIVEAI_FILE` names. A spreadsheet may be
//! another person's, so no column becomes a variable that the program or its settings own, however its
//! header is spelled and whether or not the job has such a field.

use std::path::Path;

use serde_json::{Map, Value};

use crate::jobs::{JobView, LOG_FIELDS};

/// What every variable begins with.
const PREFIX: &str = "CREATIVEAI_";
/// The variable that names a file with the job as JSON.
pub(super) const INPUT_FILE: &str = "CREATIVEAI_JSON_FILE";

/// Fields that only a command gets, and the photo's address, which a sheet may have under two headers.
const OURS: [&str; 5] = ["file", "file_url", "publish_id", "json_file", "image_url"];

/// The program's settings that are variables, without what they begin with.
const SETTINGS: [&str; 9] = [
    "API_KEY",
    "API_KEY_FILE",
    "BASE_URL",
    "JOBS",
    "NOTIFY_PING",
    "NOTIFY_WEBHOOK",
    "PROFILE",
    "VERIFY_KEYS",
    "WEBHOOK_URL",
];

/// What a column is called whose name is taken begins with this, as in the log.
const SHEET: &str = "sheet_";

/// Bytes of all variables together; what does not fit is in the JSON. Windows takes 32 KiB in all.
const MAX_VARIABLES: usize = 16 << 10;

pub(super) struct JobFields {
    /// The program's own.
    own: Map<String, Value>,
    /// The spreadsheet's columns.
    columns: Map<String, Value>,
}

impl JobFields {
    /// `file` and `file_url` say where the clip was downloaded to.
    pub fn of(
        view: &JobView,
        publish_id: String,
        file: Option<&Path>,
        file_url: Option<&str>,
    ) -> Self {
        let carried: Vec<&str> = view.carried().map(|(name, _)| name).collect();
        let (mut own, mut columns) = (Map::new(), Map::new());
        own.insert("publish_id".to_owned(), publish_id.into());
        if let Some(file) = file {
            own.insert("file".to_owned(), file.to_string_lossy().into());
        }
        if let Some(url) = file_url {
            own.insert("file_url".to_owned(), url.into());
        }
        let Value::Object(fields) = view.to_json() else {
            return Self { own, columns };
        };
        for (name, value) in fields {
            if name == "image_url" || !carried.contains(&name.as_str()) {
                own.entry(name).or_insert(value);
            } else if OURS.contains(&name.as_str()) {
                columns.insert(format!("{SHEET}{name}"), value);
            } else {
                columns.insert(name, value);
            }
        }
        Self { own, columns }
    }

    /// One JSON object.
    pub fn json(&self) -> String {
        let mut all = self.own.clone();
        all.extend(self.columns.clone());
        Value::Object(all).to_string()
    }

    /// `CREATIVEAI_*` for the job's fields, then for its columns; the first of a name stays.
    pub fn variables(&self) -> Vec<(String, String)> {
        let own = self.own.iter().map(|(name, value)| (of_name(name), value));
        let columns = self.columns.iter();
        let columns = columns.map(|(name, value)| (of_column(name), value));
        let mut variables: Vec<(String, String)> = Vec::new();
        let mut size = 0;
        for (name, value) in own.chain(columns) {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                _ => continue,
            };
            let name = format!("{PREFIX}{name}");
            let is_taken = variables.iter().any(|(taken, _)| *taken == name);
            let more = name.len() + value.len() + 2;
            if name == PREFIX || is_taken || value.contains('\0') || size + more > MAX_VARIABLES {
                continue;
            }
            size += more;
            variables.push((name, value));
        }
        variables
    }
}

/// Whether no column may have this variable.
pub(crate) fn is_reserved(variable: &str) -> bool {
    let ours = || OURS.into_iter().chain(LOG_FIELDS);
    let bare = variable.strip_prefix(PREFIX);
    bare.is_none_or(|name| SETTINGS.contains(&name) || ours().any(|own| of_name(own) == name))
}

fn of_column(name: &str) -> String {
    let variable = of_name(name);
    if is_reserved(&format!("{PREFIX}{variable}")) {
        of_name(&format!("{SHEET}{variable}"))
    } else {
        variable
    }
}

fn of_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    name.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::{JobKey, Rates};

    const JOB: &str = "5b1f0c9a77d2e318";

    /// A job that has only been sent, with these columns.
    fn fields(columns: &[&str]) -> JobFields {
        let mut line = json!({
            "at": "2026-10-01T00:00:00Z", "job": JOB, "attempt": 1, "status": "submitting",
            "sku": "S", "request": {"model": "m", "image_url": "https://x/a.jpg"},
        });
        for name in columns {
            line[*name] = "evil".into();
        }
        let line = line.to_string();
        let key = JobKey::parse(JOB).unwrap();
        let view = JobView::fold(key, [line.as_str()], &Rates::default())
            .unwrap()
            .unwrap();
        JobFields::of(&view, "ours".to_owned(), None, None)
    }

    #[test]
    fn no_column_is_a_field_or_a_setting_of_the_program_however_it_is_spelled() {
        let names = [
            "file.",
            "(File #)",
            "file_url",
            "Output-URL",
            "output url!",
            "publish_id",
            "publish id",
            "JSON file",
            "json_file",
            "status?",
            "generation-id",
            "error:",
            "base url",
            "profile",
            "notify webhook",
            "Notify.Ping",
            "jobs",
            "API key",
            "verify-keys",
            "image url.",
            "verdict.",
            "sku?",
            "listing-id",
        ];
        for name in names {
            let fields = fields(&[name]);
            let variables = fields.variables();
            let evil: Vec<_> = variables
                .iter()
                .filter(|(_, value)| value == "evil")
                .collect();
            let [(variable, _)] = *evil else {
                panic!("{name}: {evil:?}");
            };
            assert!(
                variable.starts_with("CREATIVEAI_SHEET_"),
                "{name}: {variable}"
            );
            let json: Value = serde_json::from_str(&fields.json()).unwrap();
            assert_eq!(json["publish_id"], "ours", "{name}");
            assert_eq!(
                (json.get("file"), json.get("file_url")),
                (None, None),
                "{name}"
            );
        }
    }

    #[test]
    fn another_column_keeps_its_name() {
        let variables = fields(&["Delivery target", "title", "json_files"]).variables();
        for name in ["DELIVERY_TARGET", "TITLE", "JSON_FILES"] {
            let variable = (format!("CREATIVEAI_{name}"), "evil".to_owned());
            assert!(variables.contains(&variable), "{variables:?}");
        }
    }
}
