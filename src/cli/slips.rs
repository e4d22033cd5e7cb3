//! Slips of people who type few commands: the dashes of text programs, one hyphen for two, a
//! spreadsheet or another program's word where a command belongs.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use crate::manifest::is_sheet;
use crate::output::words::shell_word;

/// What other programs call what a command does here.
const OTHER_WORDS: [(&str, &str); 9] = [
    ("order", "submit"),
    ("send", "submit"),
    ("upload", "submit"),
    ("start", "submit"),
    ("fetch", "download"),
    ("get", "download"),
    ("list", "status"),
    ("show", "status"),
    ("wait", "reconcile --wait"),
];

/// Refuses an option of `command` that does not begin with two hyphens: it would be taken for a file's
/// name, or for several options of one letter.
pub fn check_dashes(typed: &[OsString], command: &mut Command) -> Result<(), Error> {
    let words = typed
        .iter()
        .skip(1)
        .map_while(|word| word.to_str().filter(|word| *word != "--"));
    let Some((word, option)) = words
        .filter_map(|word| Some((word, meant(word)?)))
        .find(|(_, option)| has(command, option.trim_start_matches('-')))
    else {
        return Ok(());
    };
    let what = if word.contains(|c| c != '-' && is_dash(c)) {
        "has a long dash, as text programs write it"
    } else {
        "is no option"
    };
    let message = format!("{word} {what}: type {option}");
    Err(command.error(ErrorKind::UnknownArgument, message))
}

/// The option that a word with other dashes than an option's may stand for.
fn meant(word: &str) -> Option<String> {
    let name = word.trim_start_matches(is_dash);
    let dashes = &word[..word.len() - name.len()];
    let option = if name.len() == 1 {
        format!("-{name}")
    } else {
        format!("--{name}")
    };
    (!dashes.is_empty() && !option.starts_with(&format!("{dashes}{name}"))).then_some(option)
}

fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    )
}

/// Whether a command or one of its subcommands has an option of this name, with or without a value.
fn has(command: &Command, option: &str) -> bool {
    let name = option.split('=').next().unwrap_or(option);
    let mut letters = name.chars();
    let letter = letters.next().filter(|_| letters.next().is_none());
    let mut own = command.get_arguments();
    matches!(name, "help" | "version")
        || own.any(|arg| {
            arg.get_long() == Some(name) || letter.is_some() && arg.get_short() == letter
        })
        || command
            .get_subcommands()
            .any(|command| has(command, option))
}

/// The error for an unknown command, which names the command that was probably meant.
pub fn with_wanted_command(mut error: Error) -> Error {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let path = Path::new(word);
    let tip = if is_sheet(path) || path.is_file() {
        format!(
            "a spreadsheet's clips are ordered by: creativeai submit {}",
            shell_word(word)
        )
    } else if let Some((_, command)) = OTHER_WORDS.iter().find(|(other, _)| other == word) {
        format!("did you mean: creativeai {command}")
    } else {
        return error;
    };
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![StyledStr::from(tip)]),
    );
    error
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn error(line: &str) -> String {
        let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let mut command = Cli::command();
        let checked = check_dashes(&typed, &mut command);
        let parsed = checked.and_then(|()| command.try_get_matches_from(typed).map(drop));
        let error = parsed.map_err(with_wanted_command).err();
        error.map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn options_with_other_dashes_are_named_as_they_are_typed() {
        for (typed, option) in [
            ("–-dry-run", "--dry-run"),
            ("—sandbox", "--sandbox"),
            ("-dry-run", "--dry-run"),
            ("---dry-run", "--dry-run"),
            ("−max-credits=5", "--max-credits=5"),
            ("–q", "-q"),
            ("—help", "--help"),
        ] {
            let error = error(&format!("creativeai submit a.csv {typed}"));
            assert!(error.contains(&format!("type {option}\n")), "{error}");
        }
        for fine in [
            "-vv",
            "–",
            "—other",
            "--dry-run",
            "--prompt –x",
            "-- –-dry-run",
        ] {
            let error = error(&format!("creativeai submit a.csv {fine}"));
            assert_eq!(error, "", "{fine}");
        }
    }

    #[test]
    fn a_word_that_is_no_command_gets_the_command_that_was_wanted() {
        for (typed, tip) in [
            ("June.xlsx", "creativeai submit June.xlsx"),
            ("order a.csv", "creativeai submit"),
            ("get", "creativeai download"),
            ("submti a.csv", "'submit'"),
        ] {
            let error = error(&format!("creativeai {typed}"));
            assert!(error.contains("tip: ") && error.contains(tip), "{error}");
            assert_eq!(error.matches("tip: ").count(), 1, "{error}");
        }
    }
}
