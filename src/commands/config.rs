//! `config`: every setting, and where it comes from.

use std::io::Write;

use serde_json::{Value, json};

use crate::output::headed;
use crate::settings::{Origin, SettingRow, Settings};
use crate::text::escape;

/// Shows the settings as a table, or as one JSON document.
pub fn run(settings: &Settings, json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    if json {
        let rows: Vec<Value> = settings.rows().iter().map(row_json).collect();
        let files: Vec<_> = settings
            .files()
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        writeln!(out, "{:#}", json!({ "settings": rows, "files": files }))?;
    } else {
        table(settings, out)?;
    }
    Ok(out.flush()?)
}

fn table(settings: &Settings, out: &mut dyn Write) -> std::io::Result<()> {
    let rows = settings.rows().iter().map(|row| {
        let value = without_password(&row.value);
        let value = if value.is_empty() { "-" } else { &value };
        [row.name.as_str(), value, &row.origin.to_string()].map(|cell| escape(cell).into_owned())
    });
    write!(out, "{}", headed(["SETTING", "VALUE", "FROM"], rows))?;
    if settings.files().is_empty() {
        writeln!(
            out,
            "\nNo settings file was found; `creativeai init` writes one."
        )?;
    }
    Ok(())
}

fn row_json(row: &SettingRow) -> Value {
    let value = Some(without_password(&row.value)).filter(|value| !value.is_empty());
    let mut object = json!({ "name": row.name, "value": value });
    let origin = match &row.origin {
        Origin::Flag(option) => json!({ "origin": "flag", "option": option }),
        Origin::Env(variable) => json!({ "origin": "environment", "variable": variable }),
        Origin::File(path, line) => {
            json!({ "origin": "file", "file": path.display().to_string(), "line": line })
        }
        Origin::Default => json!({ "origin": "default" }),
    };
    if let (Value::Object(object), Value::Object(origin)) = (&mut object, origin) {
        object.extend(origin);
    }
    object
}

/// Addresses may carry a password, which does not belong on a screen.
fn without_password(value: &str) -> String {
    let Ok(mut url) = url::Url::parse(value) else {
        return value.to_owned();
    };
    if url.password().is_some() && url.set_password(Some("***")).is_ok() {
        url.to_string()
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Env, Flags};

    fn settings(vars: &[(&str, &str)]) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        let find = |name: &str| {
            let found = vars.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.into())
        };
        Settings::resolve(&Flags::default(), &Env::new(find, dir.path())).unwrap()
    }

    fn shown(settings: &Settings, json: bool) -> String {
        let mut out = Vec::new();
        run(settings, json, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_stand_beside_their_origins_and_keys_are_not_shown() {
        let settings = settings(&[
            ("CREATIVEAI_API_KEY", "rph_live_1"),
            ("CREATIVEAI_BASE_URL", "https://me:secret@example.com/v1"),
            ("CREATIVEAI_WEBHOOK_URL", "https://example.com/\u{202e}x"),
        ]);
        let text = shown(&settings, false);
        let line = |name: &str| text.lines().find(|l| l.starts_with(name)).unwrap();
        assert!(line("api_key ").ends_with("CREATIVEAI_API_KEY"), "{text}");
        assert!(
            line("base_url ").contains("https://me:***@example.com/v1 "),
            "{text}"
        );
        assert!(line("webhook_url ").contains("\\u{202e}"), "{text}");
        assert!(line("model ").ends_with("default"), "{text}");
        assert!(line("timeout ").contains("  -  "), "{text}");
        for text in [text.clone(), shown(&settings, true)] {
            assert!(
                !text.contains("rph_live") && !text.contains("secret"),
                "{text}"
            );
        }
    }

    #[test]
    fn json_is_one_document() {
        let settings = settings(&[("CREATIVEAI_JOBS", "a.jsonl")]);
        let document: Value = serde_json::from_str(&shown(&settings, true)).unwrap();
        let rows = document["settings"].as_array().unwrap();
        let row = |name: &str| rows.iter().find(|r| r["name"] == name).unwrap();
        assert_eq!(
            *row("jobs"),
            json!({"name": "jobs", "value": "a.jsonl", "origin": "environment", "variable": "CREATIVEAI_JOBS"})
        );
        assert_eq!(row("timeout")["value"], Value::Null);
    }
}
