//! Holds what programs read to its schema.
//!
//! More strictly than a reader would: a schema allows fields that it does not know, since later
//! versions add some, but this version may print no field that is not described. A library for
//! schemas would not see that, and schemas of this program use few words; any other word fails.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use creativeai::jobs::LOG_FIELDS;
use serde_json::Value;

use super::World;
use super::world::PROGRAM;

/// The schema of that name, as the program prints it.
pub fn schema(name: &str) -> Arc<Value> {
    static KNOWN: Mutex<Option<HashMap<String, Arc<Value>>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    let make = || {
        let world = World::new();
        let mut command = world.command(PROGRAM, &["help", "schema", name]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        Arc::new(serde_json::from_slice(&output.stdout).unwrap())
    };
    Arc::clone(known.entry(name.to_owned()).or_insert_with(make))
}

/// Fails unless `value` is as its schema says. Gives the name of the document that it is.
#[track_caller]
pub fn check(name: &str, value: &Value) -> Option<String> {
    let schema = schema(name);
    match fault(value, &schema, &schema, "") {
        Ok(found) => found,
        Err(why) => panic!("{name} --json is not as its schema says: {why}\n{value}"),
    }
}

/// What a run has printed on standard output, if that is the document of a command.
#[track_caller]
pub fn check_output(args: &[String], stdout: &str) {
    let is_json = args.iter().any(|arg| arg == "--json");
    let Ok(document) = serde_json::from_str(stdout) else {
        // Nothing, or cut off by a signal: that is for the test itself.
        return;
    };
    if let Some(name) = args.iter().find(|arg| is_command(arg)).filter(|_| is_json) {
        check(name, &document);
    }
}

fn is_command(word: &str) -> bool {
    crate::help::COMMANDS.contains(&word)
}

/// Where and why `value` is not as `schema` says, or the document of `root` that it is.
fn fault(
    value: &Value,
    schema: &Value,
    root: &Value,
    place: &str,
) -> Result<Option<String>, String> {
    let words = schema.as_object().unwrap();
    for (word, rule) in words {
        let is_kept = match word.as_str() {
            "$schema" | "title" | "description" | "$defs" | "format" | "additionalProperties" => {
                true
            }
            "type" => is_of_type(value, rule.as_str().unwrap()),
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "minimum" => value.as_f64() >= rule.as_f64(),
            "pattern" => {
                assert_eq!(rule, "^[0-9a-f]{16}$");
                let text = value.as_str().unwrap_or_default();
                text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            }
            "anyOf" => return any_of(value, rule, root, place),
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    fault(item, rule, root, &format!("{place}[{i}]"))?;
                }
                true
            }
            "properties" | "required" => {
                fields(value, schema, root, place)?;
                true
            }
            word => panic!("schemas do not use {word:?}"),
        };
        if !is_kept {
            return Err(format!("{place} is {value}, against {word} {rule}"));
        }
    }
    if words
        .get("format")
        .is_some_and(|format| format == "date-time")
    {
        let time = value.as_str().map(str::parse::<jiff::Timestamp>);
        assert!(time.is_some_and(|time| time.is_ok()), "{place}: {value}");
    }
    Ok(None)
}

fn any_of(
    value: &Value,
    rules: &Value,
    root: &Value,
    place: &str,
) -> Result<Option<String>, String> {
    let mut why = Vec::new();
    for rule in rules.as_array().unwrap() {
        let name = rule["$ref"]
            .as_str()
            .map(|place| place.trim_start_matches("#/$defs/"));
        let rule = name.map_or(rule, |name| &root["$defs"][name]);
        match fault(value, rule, root, place) {
            Ok(_) => return Ok(name.map(str::to_owned)),
            Err(fault) => why.push(format!("\n  {}: {fault}", name.unwrap_or("or"))),
        }
    }
    Err(why.concat())
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        name => panic!("schemas do not use {name:?}"),
    }
}

fn fields(value: &Value, schema: &Value, root: &Value, place: &str) -> Result<(), String> {
    let fields = value.as_object().unwrap();
    for name in schema["required"].as_array().unwrap() {
        if !fields.contains_key(name.as_str().unwrap()) {
            return Err(format!("{place} lacks {name}"));
        }
    }
    let is_open = schema["additionalProperties"] == true;
    for (name, value) in fields {
        match schema["properties"].get(name) {
            Some(rule) => {
                fault(value, rule, root, &format!("{place}.{name}"))?;
            }
            // A column that is carried along has none of the log's names; a body of the vendor's
            // has names of its own.
            None if is_open && (!place.is_empty() || !LOG_FIELDS.contains(&&**name)) => {}
            None => return Err(format!("{place}.{name} is not described")),
        }
    }
    Ok(())
}
