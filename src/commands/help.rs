//! `help`: a command's page, the formats, the exit codes.

use std::io::Write;

use clap::CommandFactory;

use super::environment::{FILES, VARIABLES};
use super::schema::Schemas;
use crate::cli::{Cli, HelpArgs};
use crate::exit::{Code, Failure};
use crate::output::columns;
use crate::text::{escape, shorten, suggest};

/// Topics besides the commands.
const LOG: &str = "log";
const EXIT_CODES: &str = "exit-codes";
const ENVIRONMENT: &str = "environment";
const SCHEMA: &str = "schema";

/// Widest line of the exit codes' table.
const WIDTH: usize = 80;

pub fn run(args: &HelpArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let name = args.schema.as_deref();
    if let Some(name) = name.filter(|_| args.topic.as_deref() != Some(SCHEMA)) {
        let shown = shorten(name, 60);
        let failure = Failure::usage(format!("unexpected word {:?}", escape(&shown)));
        return Err(failure
            .help("help takes one command or topic; `creativeai help` lists the commands")
            .into());
    }
    let text = match args.topic.as_deref() {
        None => Cli::command().render_help().to_string(),
        Some(LOG) => include_str!("topics/log.txt").to_owned(),
        Some(EXIT_CODES) => exit_codes(),
        Some(ENVIRONMENT) => environment(),
        Some(SCHEMA) => name.map_or_else(|| Ok(schemas()), schema_of)?,
        Some(topic) => command_page(topic)?,
    };
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn command_page(topic: &str) -> Result<String, Failure> {
    let mut cli = Cli::command();
    cli.build();
    if let Some(command) = cli.find_subcommand_mut(topic) {
        return Ok(command.render_help().to_string());
    }
    let names: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    let near = suggest::nearest(
        topic,
        names
            .into_iter()
            .chain([LOG, EXIT_CODES, ENVIRONMENT, SCHEMA]),
    );
    let shown = shorten(topic, 60);
    let failure = Failure::usage(format!("cannot find help on {:?}", escape(&shown)));
    Err(match near {
        Some(name) => failure.help(format!("did you mean `creativeai help {name}`?")),
        None => failure.help(
            "`creativeai help` lists the commands; log, exit-codes, environment and schema are topics",
        ),
    })
}

/// The schemas, each with a sentence below.
fn schemas() -> String {
    let text = include_str!("topics/schema.txt");
    format!("{text}\n{}", entries(Schemas::read().all()))
}

/// A schema as JSON.
fn schema_of(name: &str) -> anyhow::Result<String> {
    let schemas = Schemas::read();
    if let Some(schema) = schemas.find(name)? {
        return Ok(format!("{schema:#}\n"));
    }
    let near = suggest::nearest(name, schemas.all().map(|(name, _)| name));
    let shown = shorten(name, 60);
    let failure = Failure::usage(format!("unknown schema {:?}", escape(&shown)));
    Err(match near {
        Some(name) => failure.help(format!("did you mean `creativeai help schema {name}`?")),
        None => failure.help("`creativeai help schema` lists them"),
    }
    .into())
}

/// Names, each with what it is below.
fn entries<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let entry = |(name, about)| {
        let name = columns::lines(name, WIDTH - 2).join("\n  ");
        let about = columns::lines(about, WIDTH - 6).join("\n      ");
        format!("  {name}\n      {about}\n")
    };
    all.map(entry).collect()
}

/// Variables and files.
fn environment() -> String {
    format!(
        "Environment variables\n\n{}\nFiles\n\n{}",
        entries(VARIABLES.into_iter()),
        entries(FILES.into_iter())
    )
}

/// The exit codes as a table.
fn exit_codes() -> String {
    let rows = Code::ALL.map(|code| {
        let meaning = columns::lines(code.meaning(), WIDTH - 7).join("\n       ");
        format!("  {:>3}  {meaning}\n", code.number())
    });
    let rest = include_str!("topics/exit-codes.txt");
    format!("Exit codes\n\n{}\n{rest}", rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::code_of;
    use crate::jobs::{JobFact, LOG_FIELDS, Line, Status};

    fn help(topic: Option<&str>) -> anyhow::Result<String> {
        let mut out = Vec::new();
        let topic = topic.map(str::to_owned);
        run(
            &HelpArgs {
                topic,
                schema: None,
            },
            &mut out,
        )?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn the_log_page_explains_every_status_fact_and_field() {
        let text = help(Some("log")).unwrap();
        let explained = |word: &str| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .any(|w| w == word)
        };
        let words = Status::ALL.map(Status::as_str);
        let facts = JobFact::ALL.map(JobFact::as_str);
        // `step` names a stage of a publication and is of interest to the program only.
        let fields = LOG_FIELDS.into_iter().filter(|name| *name != "step");
        for word in words.into_iter().chain(facts).chain(fields) {
            assert!(explained(word), "{word}");
        }
        assert!(text.lines().all(|l| l.chars().count() <= 86), "too wide");
    }

    #[test]
    fn the_log_pages_examples_are_lines_of_a_log() {
        let text = help(Some("log")).unwrap();
        let (_, rest) = text.split_once("\n\n  {").unwrap();
        let (block, _) = rest.split_once("\n\n").unwrap();
        let joined = format!("{{{block}")
            .replace("\n   ", "")
            .replace("{...}", "{}");
        assert_eq!(joined.lines().count(), 3);
        for line in joined.lines() {
            Line::parse(line.trim()).expect(line);
        }
    }

    #[test]
    fn every_code_is_in_the_table() {
        let text = help(Some("exit-codes")).unwrap();
        for code in Code::ALL {
            assert!(
                text.contains(&format!("\n  {:>3}  ", code.number())),
                "{text}"
            );
        }
        assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn a_commands_page_is_its_help() {
        assert!(help(Some("submit")).unwrap().contains("--max-credits"));
        assert!(help(None).unwrap().contains("reconcile"));
    }

    #[test]
    fn an_unknown_topic_is_a_usage_error_with_a_hint() {
        let error = help(Some("exitcodes")).unwrap_err();
        assert_eq!(code_of(&error), Code::Usage);
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert_eq!(
            failure.next_step(),
            Some("did you mean `creativeai help exit-codes`?")
        );
        assert!(
            help(Some("\x1b[2J"))
                .unwrap_err()
                .to_string()
                .contains("u{1b}")
        );
    }
}
