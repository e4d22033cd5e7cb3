//! Slips of people who type few commands: the dashes of text programs, and a spreadsheet where a command
//! belongs.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use crate::manifest::is_sheet;
use crate::output::words::shell_word;

/// Refuses an option of `command` with a long dash, as text programs write it for two hyphens: it would be
/// taken for a file's name.
pub fn check_dashes(typed: &[OsString], command: &mut Command) -> Result<(), Error> {
    let words = typed.iter().skip(1).map_while(|word| word.to_str());
    for word in words.take_while(|word| *word != "--") {
        let is_dash = |c| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        let name = word.trim_start_matches(is_dash);
        let is_long = !word[..word.len() - name.len()].is_ascii();
        if is_long && has(command, name.split('=').next().unwrap_or(name)) {
            let message =
                format!("{word} has a long dash, as text programs write it: type --{name}");
            return Err(command.error(ErrorKind::UnknownArgument, message));
        }
    }
    Ok(())
}

/// Whether a command or one of its subcommands has an option of this name.
fn has(command: &Command, name: &str) -> bool {
    matches!(name, "help" | "version")
        || command
            .get_arguments()
            .any(|arg| arg.get_long() == Some(name))
        || command.get_subcommands().any(|command| has(command, name))
}

/// The error for an unknown command, which says how a spreadsheet is ordered where one was typed.
pub fn with_wanted_command(mut error: Error) -> Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if is_sheet(Path::new(word)) {
        let tip = format!(
            "a spreadsheet's clips are ordered by: creativeai submit {}",
            shell_word(word)
        );
        error.remove(ContextKind::SuggestedSubcommand);
        let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tips);
    }
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
    fn options_with_long_dashes_are_named_as_they_are_typed() {
        for (typed, option) in [
            ("–-dry-run", "--dry-run"),
            ("—sandbox", "--sandbox"),
            ("−max-credits=5", "--max-credits=5"),
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
    fn a_spreadsheet_in_place_of_a_command_gets_the_command_that_was_wanted() {
        for (typed, tip) in [
            ("June.xlsx", "creativeai submit June.xlsx"),
            ("submti a.csv", "'submit'"),
        ] {
            let error = error(&format!("creativeai {typed}"));
            assert!(error.contains("tip: ") && error.contains(tip), "{error}");
            assert_eq!(error.matches("tip: ").count(), 1, "{error}");
        }
    }
}
