//! Before anything is done: can the command work on the log that it names? Where it cannot, it is
//! refused here, and nothing that is secret in an address is shown.

#[cfg(feature = "postgres")]
use std::path::Path;

use crate::cli::Command;
use crate::exit::Failure;
use crate::journal::Location;
use crate::settings::Settings;
use crate::text::escape;

/// Refuses a log that is named in a way that is not understood, and one in a database where the
/// command works on files only.
pub fn check(command: &Command, settings: &Settings) -> Result<(), Failure> {
    let typed = command.logs();
    for name in &typed {
        Location::of(name)
            .map_err(|error| Failure::config(escape(&error.message)).help(error.help))?;
    }
    if works_on_databases(command) {
        return Ok(());
    }
    let usual = settings.jobs_path(None, None);
    let name = match typed.first() {
        Some(typed) => *typed,
        None if uses_the_usual_log(command) => &usual,
        None => return Ok(()),
    };
    match Location::of(name) {
        Ok(Location::Database(address)) => Err(Failure::config(format!(
            "`creativeai {}` works on a job log in a file only, not on {address}; nothing was sent",
            command.name()
        ))
        .help(format!(
            "name a file with {}; all commands but `run` work on a database",
            if takes_an_option(command) {
                "--jobs FILE"
            } else {
                "JOBS"
            }
        ))),
        _ => Ok(()),
    }
}

/// Commands that several computers may run on one log at the same time. None of the others must:
/// they hand clips on.
fn works_on_databases(command: &Command) -> bool {
    !matches!(command, Command::Run(_))
}

/// Whether a command without a log on its command line takes the one that is set.
fn uses_the_usual_log(command: &Command) -> bool {
    !matches!(
        command,
        Command::Listen(_)
            | Command::Sandbox(_)
            | Command::Init(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Help(_)
    )
}

fn takes_an_option(command: &Command) -> bool {
    matches!(
        command,
        Command::Submit(_) | Command::Run(_) | Command::Listen(_)
    )
}

/// The address that `name` means, for commands of databases.
#[cfg(feature = "postgres")]
pub fn address(name: &Path) -> Result<crate::journal::Address, Failure> {
    match Location::of(name) {
        Ok(Location::Database(address)) => Ok(address),
        Ok(Location::File(path)) => Err(Failure::usage(format!(
            "{} is a file, and this command works on databases",
            path.display()
        ))
        .help("name an address: postgres://USER@HOST/DATABASE?log=NAME")),
        Err(error) => Err(Failure::config(error.message).help(error.help)),
    }
}
