//! What was typed, before it is parsed: options that are only made when their command may be the one that was
//! typed, since making those of all commands takes longer than many a command itself; and slips of people who
//! type few commands: the dashes of text programs, and a spreadsheet where a command belongs.

use std::cell::RefCell;
use std::ffi::OsString;
use std::ops::Deref;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use super::{RenameArgs, SubmitArgs};
use crate::manifest::is_sheet;
use crate::output::words::shell_word;

thread_local! {
    /// What was typed, while only what that may need is to be made.
    static TYPED: RefCell<Option<Vec<OsString>>> = const { RefCell::new(None) };
}

/// What `make` gives when commands whose names are not among the words that were typed are made
/// without their options. No word can stand for another command, as none may be abbreviated.
pub fn made_for(typed: &[OsString], make: fn() -> Command) -> Command {
    TYPED.set(Some(typed.to_vec()));
    let command = make();
    TYPED.set(None);
    command
}

fn may_be_typed(name: &str) -> bool {
    TYPED.with_borrow(|typed| {
        let mut words = typed.iter().flatten();
        typed.is_none() || words.any(|word| word == name)
    })
}

/// The options that were typed for a command and that `rename` has, too, as a shell reads them: with
/// these it reads a manifest as that command did. The log is named otherwise, and an agreement is for
/// what was shown.
pub fn for_rename(matches: &ArgMatches) -> Vec<String> {
    let typed = matches.subcommand().map(|(_, typed)| typed);
    typed.map_or_else(Vec::new, |typed| {
        repeated::<RenameArgs>(typed, &["jobs", "yes"])
    })
}

/// The options that were typed for a `run` and that `submit` has, too; `None` for another command. A round
/// waits otherwise, and where the API is goes with every command.
pub fn for_submit(matches: &ArgMatches) -> Option<Vec<String>> {
    let (_, typed) = matches.subcommand().filter(|(name, _)| *name == "run")?;
    let left_out = ["jobs", "wait", "max_failed", "base_url", "api_key_file"];
    Some(repeated::<SubmitArgs>(typed, &left_out))
}

/// The options that were typed and that the command of `T` has, too, but for those `left_out`.
fn repeated<T: Args>(typed: &ArgMatches, left_out: &[&str]) -> Vec<String> {
    let is_typed = |id: &str| {
        !left_out.contains(&id)
            && typed.try_contains_id(id).unwrap_or(false)
            && typed.value_source(id) == Some(ValueSource::CommandLine)
    };
    let command = T::augment_args(Command::new("repeated"));
    let mut repeated = Vec::new();
    for option in command.get_arguments() {
        let id = option.get_id().as_str();
        let Some(long) = option.get_long().filter(|_| is_typed(id)) else {
            continue;
        };
        if !option.get_action().takes_values() {
            repeated.push(format!("--{long}"));
            continue;
        }
        let values = typed.get_raw(id).into_iter().flatten();
        repeated.extend(values.map(|v| format!("--{long} {}", shell_word(&v.to_string_lossy()))));
    }
    repeated
}

/// The options of one command.
#[derive(Clone, Debug)]
pub struct IfTyped<T>(Box<T>);

impl<T> Deref for IfTyped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args> Args for IfTyped<T> {
    fn augment_args(command: Command) -> Command {
        if may_be_typed(command.get_name()) {
            T::augment_args(command)
        } else {
            command
        }
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

impl<T: FromArgMatches> FromArgMatches for IfTyped<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Box::new).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(Box::new).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

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

    use crate::cli::Cli;

    use super::*;

    fn options_of(command: &Command, name: &str) -> usize {
        let found = command.find_subcommand(name).unwrap();
        found.get_arguments().count()
    }

    #[test]
    fn what_rename_has_too_is_repeated_as_it_was_typed() {
        let typed = [
            "creativeai",
            "submit",
            "a.csv",
            "--map",
            "image_url=My photo",
            "--map=sku=Nr",
            "--allow-no-image",
            "--delimiter",
            ";",
            "--where",
            "room=k",
            "--duration",
            "10s",
            "--jobs",
            "x.jsonl",
            "--canary",
            "2",
            "--yes",
            "--max-credits",
            "5",
        ];
        let for_rename = |typed: &[&str]| {
            let matches = Cli::command().try_get_matches_from(typed).unwrap();
            for_rename(&matches).join(" ")
        };
        let repeated = for_rename(&typed);
        for option in [
            "--map sku=Nr",
            "--allow-no-image",
            "--where room=k",
            "--duration 10s",
            &format!("--map {}", shell_word("image_url=My photo")),
            &format!("--delimiter {}", shell_word(";")),
        ] {
            assert!(repeated.contains(option), "{option}: {repeated}");
        }
        for other in ["yes", "jobs", "canary", "credits", "model"] {
            assert!(!repeated.contains(other), "{other}: {repeated}");
        }
        assert_eq!(for_rename(&["creativeai", "status", "--json"]), "");
    }

    #[test]
    fn what_submit_has_too_is_repeated_of_a_round() {
        let typed = [
            "creativeai",
            "run",
            "a.csv",
            "--wait",
            "2h",
            "--exec",
            "true",
            "--map",
            "sku=Nr",
            "--skip-invalid",
            "--jobs",
            "x.jsonl",
        ];
        let for_submit = |typed: &[&str]| {
            let matches = Cli::command().try_get_matches_from(typed).unwrap();
            for_submit(&matches)
        };
        let mut repeated = for_submit(&typed).unwrap();
        repeated.sort();
        assert_eq!(repeated, ["--map sku=Nr", "--skip-invalid"]);
        assert_eq!(for_submit(&["creativeai", "submit", "a.csv"]), None);
    }

    #[test]
    fn only_commands_that_were_typed_have_their_options() {
        let all = Cli::command();
        let typed = ["creativeai", "--json", "status", "retry"].map(OsString::from);
        let some = made_for(&typed, Cli::command);
        for name in ["status", "retry"] {
            assert_eq!(options_of(&some, name), options_of(&all, name), "{name}");
        }
        assert_eq!(options_of(&some, "submit"), 0);
        assert_eq!(
            some.find_subcommand("submit").unwrap().get_about(),
            all.find_subcommand("submit").unwrap().get_about()
        );
        assert!(options_of(&Cli::command(), "submit") > 0, "for this once");
    }

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
