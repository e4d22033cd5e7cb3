//! The text in which schemas are written, and what it means as JSON Schema.

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use crate::engine::notify;
use crate::engine::round::RoundStep;
use crate::exit::Code;
use crate::jobs::{ReviewVerdict, Status, Verdict};
use crate::output::{MetricEvent, STARTED, WAITING};

/// A heading and the lines below it.
pub struct Section {
    /// What it is: a `command`, a `file`, a `group` of fields, or what `every` command has.
    pub mark: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    /// Documents of a command or a file, fields of a group.
    pub entries: Vec<Entry>,
}

/// A document or a field.
pub struct Entry {
    pub name: &'static str,
    pub kind: &'static str,
    pub about: &'static str,
    is_always: bool,
}

/// The sections of a text. In a heading the first word says what it is; other lines begin with a name.
pub fn sections(text: &'static str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for line in lines.filter(|line| !line.is_empty()) {
        let (head, rest) = line.split_once(": ").unwrap_or((line, ""));
        if let Some((mark, name)) = head.split_once(' ') {
            sections.push(Section {
                mark,
                name,
                about: rest,
                entries: Vec::new(),
            });
        } else if let Some(section) = sections.last_mut() {
            let (kind, about) = rest.split_once(" -- ").unwrap_or((rest, ""));
            section.entries.push(Entry {
                name: head.trim_end_matches('?'),
                is_always: !head.ends_with('?'),
                kind,
                about,
            });
        }
    }
    sections
}

/// What a kind means; `sections` have the groups that it names.
pub fn kind(kind: &'static str, sections: &[Section]) -> anyhow::Result<Value> {
    let of = |part| self::kind(part, sections);
    let inside = |open, close| kind.strip_prefix(open)?.strip_suffix(close);
    Ok(match kind {
        "text" => json!({ "type": "string" }),
        "time" => json!({ "type": "string", "format": "date-time" }),
        "count" => json!({ "type": "integer", "minimum": 0 }),
        "number" => json!({ "type": "number" }),
        "flag" => json!({ "type": "boolean" }),
        "any" => json!({}),
        "exit_code" => json!({ "enum": Code::ALL.map(Code::number) }),
        "job" => json!({ "type": "string", "pattern": "^[0-9a-f]{16}$" }),
        _ => {
            if let Some(kind) = kind.strip_suffix(" or null") {
                json!({ "anyOf": [of(kind)?, { "type": "null" }] })
            } else if let Some(item) = inside('[', ']') {
                json!({ "type": "array", "items": of(item)? })
            } else if let Some(groups) = inside('{', '}') {
                object(groups, sections)?
            } else if let Some(word) = inside('"', '"') {
                json!({ "const": word })
            } else if let Some(list) = kind.strip_prefix('@') {
                json!({ "enum": list_of(list)? })
            } else if kind.contains('|') {
                json!({ "enum": kind.split('|').collect::<Vec<_>>() })
            } else {
                bail!("the schemas know no {kind:?}")
            }
        }
    })
}

/// An object of the fields of groups, and of single words such as `command=submit`; with `...` it may
/// have others, too.
fn object(groups: &'static str, sections: &[Section]) -> anyhow::Result<Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    let mut add = |name: &str, is_always: bool, mut schema: Value, about: &str| {
        schema["description"] = about.into();
        properties.insert(name.to_owned(), schema);
        required.extend(is_always.then(|| name.to_owned()));
    };
    for name in groups.split(", ").filter(|name| *name != "...") {
        if let Some((name, word)) = name.split_once('=') {
            let schema = json!({ "const": word });
            add(name, true, schema, &format!("The {name}."));
            continue;
        }
        let is_meant = |section: &&Section| section.mark == "group" && section.name == name;
        let group = sections.iter().find(is_meant);
        let group = group.with_context(|| format!("the schemas have no group {name:?}"))?;
        for field in &group.entries {
            let schema = kind(field.kind, sections)?;
            add(field.name, field.is_always, schema, field.about);
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties, "required": required });
    if groups.ends_with("...") {
        schema["additionalProperties"] = true.into();
    }
    Ok(schema)
}

/// A list of words that the program has.
fn list_of(name: &str) -> anyhow::Result<Vec<&'static str>> {
    Ok(match name {
        "statuses" => Status::ALL.map(Status::as_str).to_vec(),
        "verdicts" => Verdict::ALL.map(Verdict::as_str).to_vec(),
        "looks" => ReviewVerdict::ALL.map(ReviewVerdict::as_str).to_vec(),
        "codes" => Code::ALL.map(Code::word).to_vec(),
        "steps" => RoundStep::ALL.map(RoundStep::name).to_vec(),
        "notices" => notify::RoundEvent::ALL
            .map(notify::RoundEvent::name)
            .to_vec(),
        "progress" => {
            let ends = MetricEvent::ALL.map(MetricEvent::words);
            [STARTED, WAITING].into_iter().chain(ends).collect()
        }
        _ => bail!("the schemas know no list {name:?}"),
    })
}
