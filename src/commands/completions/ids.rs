//! Names of listings and SKUs, for the scripts of the shells: `completions --ids=BEGINNING -- WORD...`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::cli::Cli;
use crate::journal::{JobLog, Location};
use crate::output::failure;
use crate::settings::{Env, Flags, Settings};

/// More are of no help on a screen.
const MOST: usize = 1000;

/// Options whose value is the name of a listing or SKU.
const OPTIONS: [&str; 2] = ["id", "public"];
/// Commands whose first word is one.
const COMMANDS: [&str; 2] = ["resolve", "rename"];
/// Commands whose first word is a job log.
const ON_LOG: [&str; 3] = ["status", "retry", "report"];

/// Writes the names that begin so, one a line, where the word behind `words` is one. Nothing else, and
/// nothing for a log in a database: a key must not start a connection.
pub fn write(
    beginning: &str,
    words: &[String],
    env: &Env<'_>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let line = CommandLine::of(words, &Cli::command());
    if !line.expects_id() {
        return Ok(());
    }
    let log = line.log().map(PathBuf::from);
    let flags = Flags {
        config: line.option("config").map(PathBuf::from),
        profile: line.option("profile").map(str::to_owned),
        sandbox: line.has("sandbox"),
        works_on: log.iter().cloned().collect(),
        ..Flags::default()
    };
    let settings = Settings::resolve(&flags, env)?;
    let path = settings.jobs_path(log.as_deref(), None);
    if Location::is_address(&path) || !path.exists() {
        return Ok(());
    }
    let log = JobLog::read(&path, settings.ledger()).map_err(failure::of_log)?;
    let names = log.map_views(|view| view.id().map(|(_, name)| name.to_owned()));
    let mut found = BTreeSet::new();
    for name in names {
        let name = name.map_err(failure::of_log)?;
        let fits = |name: &String| name.starts_with(beginning) && !name.contains(char::is_control);
        found.extend(name.filter(fits));
    }
    for name in found.iter().take(MOST) {
        writeln!(out, "{name}")?;
    }
    Ok(())
}

/// A command line that is not finished.
#[derive(Debug, Default)]
struct CommandLine {
    command: String,
    /// Words that belong to no option.
    words: Vec<String>,
    options: Vec<(String, String)>,
    /// The option whose value comes next.
    open: Option<String>,
}

impl CommandLine {
    fn of(words: &[String], cli: &Command) -> Self {
        let mut line = Self::default();
        let mut command = None;
        for word in words {
            if let Some(name) = line.open.take() {
                line.options.push((name, word.clone()));
            } else if let Some(name) = word.strip_prefix("--") {
                let (name, value) = name.split_once('=').unwrap_or((name, ""));
                let known = [command, Some(cli)].into_iter().flatten();
                let mut known = known.flat_map(Command::get_arguments);
                let takes_value = known.any(|arg| arg.get_long() == Some(name) && takes_value(arg));
                if takes_value && !word.contains('=') {
                    line.open = Some(name.to_owned());
                } else {
                    line.options.push((name.to_owned(), value.to_owned()));
                }
            } else if word.starts_with('-') {
                // Those with one letter take no value.
            } else if let Some(found) = cli.find_subcommand(word).filter(|_| command.is_none()) {
                command = Some(found);
                word.clone_into(&mut line.command);
            } else {
                line.words.push(word.clone());
            }
        }
        line
    }

    fn expects_id(&self) -> bool {
        match &self.open {
            Some(option) => OPTIONS.contains(&&**option),
            None => COMMANDS.contains(&&*self.command) && self.words.is_empty(),
        }
    }

    fn option(&self, name: &str) -> Option<&str> {
        let mut found = self.options.iter().rev();
        let found = found.find(|(option, _)| option == name)?;
        Some(&found.1)
    }

    fn has(&self, name: &str) -> bool {
        self.option(name).is_some()
    }

    fn log(&self) -> Option<&str> {
        let first = self.words.first().map(String::as_str);
        let first = first.filter(|_| ON_LOG.contains(&&*self.command));
        self.option("jobs").or(first)
    }
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> CommandLine {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        CommandLine::of(&words, &Cli::command())
    }

    #[test]
    fn a_name_is_expected_where_a_command_takes_one() {
        for (text, expected) in [
            ("status --id", true),
            ("status", false),
            ("status --id A", false),
            ("status --where", false),
            ("--profile acme status x.jsonl --id", true),
            ("retry --failed --id", true),
            ("report --public", true),
            ("resolve", true),
            ("resolve A", false),
            ("resolve --jobs", false),
            ("resolve --jobs x.jsonl", true),
            ("-v resolve", true),
            ("rename A", false),
            ("--profile", false),
            ("", false),
        ] {
            assert_eq!(line(text).expects_id(), expected, "{text}");
        }
    }

    #[test]
    fn the_log_is_the_one_that_was_typed() {
        assert_eq!(line("status --id").log(), None);
        assert_eq!(line("status x.jsonl --id").log(), Some("x.jsonl"));
        assert_eq!(line("resolve --jobs=y.jsonl").log(), Some("y.jsonl"));
        assert_eq!(line("resolve A").log(), None);
        assert!(line("--sandbox status --id").has("sandbox"));
    }
}
