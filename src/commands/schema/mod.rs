//! `help schema`: JSON Schemas (draft 2020-12) of everything that programs read.
//!
//! The documents are made in many places, each where its numbers are; here they are promised. The
//! tests hold every document that they see to its schema, and allow no field that is not in it.

mod batch;
mod common;
mod files;
mod job;
mod log;
mod log_line;
mod model;
mod results;
mod status;

use serde_json::{Value, json};

use model::Document;

/// Something that programs read.
pub struct Schema {
    /// A command, or the name of a file's or stream's lines.
    pub name: &'static str,
    /// What it describes.
    pub about: &'static str,
    documents: &'static [Document],
    /// Whether the run that prints it may have failed.
    may_fail: bool,
}

/// All of them, commands first, in the order of the help.
pub fn all() -> impl Iterator<Item = &'static Schema> {
    results::COMMANDS.iter().chain(files::FILES)
}

/// The schema of that name.
pub fn find(name: &str) -> Option<&'static Schema> {
    all().find(|schema| schema.name == name)
}

impl Schema {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        let failure = self.may_fail.then_some(&common::ERROR);
        let documents: Vec<&Document> = self.documents.iter().chain(failure).collect();
        let mut schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": format!("creativeai {}", self.name),
            "description": self.about,
        });
        if let [document] = documents[..] {
            merge(&mut schema, document.kind.to_json());
            return schema;
        }
        let refs = documents.iter().map(|document| {
            let place = format!("#/$defs/{}", document.name);
            json!({ "$ref": place })
        });
        schema["anyOf"] = refs.collect();
        for document in &documents {
            let mut part = json!({ "description": document.about });
            merge(&mut part, document.kind.to_json());
            schema["$defs"][document.name] = part;
        }
        schema
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_command_has_a_schema() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn no_two_schemas_and_no_two_documents_of_one_have_one_name() {
        let mut names: Vec<&str> = all().map(|schema| schema.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for schema in all() {
            let mut names: Vec<&str> = schema.documents.iter().map(|d| d.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), schema.documents.len(), "{}", schema.name);
        }
    }
}
