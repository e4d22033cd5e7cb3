//! `help schema`: JSON Schemas (draft 2020-12) of everything that programs read.
//!
//! The documents are made in many places, each where its numbers are; here they are promised. The
//! tests hold every document that they see to its schema, and allow no field that is not in it.

mod text;

use serde_json::{Value, json};

use text::{Section, kind, sections};

/// A heading for each command and file, with its documents below, for those of every command, and for
/// each group of fields. A line is `name: kind -- what it says`; a field that may be missing has a `?`.
const TEXT: &str = concat!(
    include_str!("commands.txt"),
    include_str!("files.txt"),
    include_str!("job.txt"),
);

pub struct Schemas(Vec<Section>);

impl Schemas {
    pub fn read() -> Self {
        Self(sections(TEXT))
    }

    /// Names, of commands first, in the order of the help, and what they describe.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.sections().map(|section| (section.name, section.about))
    }

    fn sections(&self) -> impl Iterator<Item = &Section> {
        let is_schema = |section: &&Section| matches!(section.mark, "command" | "file");
        self.0.iter().filter(is_schema)
    }

    /// The schema of that name, as JSON.
    pub fn find(&self, name: &str) -> anyhow::Result<Option<Value>> {
        let section = self.sections().find(|section| section.name == name);
        section.map(|section| self.to_json(section)).transpose()
    }

    fn to_json(&self, section: &Section) -> anyhow::Result<Value> {
        let mut schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": format!("creativeai {}", section.name),
            "description": section.about,
        });
        let is_of_every = |every: &&Section| every.mark == "every" && every.name == section.mark;
        let every = self.0.iter().filter(is_of_every);
        let sections = std::iter::once(section).chain(every);
        let documents: Vec<_> = sections.flat_map(|section| &section.entries).collect();
        if let [document] = documents[..] {
            merge(&mut schema, kind(document.kind, &self.0)?);
            return Ok(schema);
        }
        let refs = documents.iter().map(|document| {
            let place = format!("#/$defs/{}", document.name);
            json!({ "$ref": place })
        });
        schema["anyOf"] = refs.collect();
        for document in documents {
            let mut part = json!({ "description": document.about });
            merge(&mut part, kind(document.kind, &self.0)?);
            schema["$defs"][document.name] = part;
        }
        Ok(schema)
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_command_has_a_schema() {
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            assert!(Schemas::read().find(name).unwrap().is_some(), "{name}");
        }
    }

    #[test]
    fn each_schema_is_whole() {
        let schemas = Schemas::read();
        for (name, _) in schemas.all() {
            schemas.find(name).expect(name);
        }
    }

    #[test]
    fn no_two_headings_and_no_two_lines_of_one_have_one_name() {
        let sections = Schemas::read().0;
        let (mut headings, mut lines) = (HashSet::new(), HashSet::new());
        for section in &sections {
            let heading = (section.mark == "group", section.name);
            assert!(headings.insert(heading), "{}", section.name);
            for entry in &section.entries {
                assert!(lines.insert((heading, entry.name)), "{}", entry.name);
            }
        }
    }

    #[test]
    fn each_group_is_in_a_schema() {
        for group in Schemas::read().0.iter().filter(|s| s.mark == "group") {
            let named = |text: &str| {
                text.split(['{', '}', ',', ' '])
                    .any(|word| word == group.name)
            };
            let kinds = TEXT
                .lines()
                .filter_map(|line| line.split(" -- ").next()?.split_once(": "));
            assert!(kinds.map(|(_, kind)| kind).any(named), "{}", group.name);
        }
    }
}
