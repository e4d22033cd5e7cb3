//! Before anything is done: is the log that a command names understood? Where it is not, it is
//! refused here, and nothing that is secret in an address is shown.

#[cfg(feature = "postgres")]
use std::path::Path;

use crate::cli::Command;
use crate::exit::Failure;
use crate::journal::Location;
use crate::text::escape;

/// Refuses a log that is named in a way that is not understood.
pub fn check(command: &Command) -> Result<(), Failure> {
    for name in command.logs() {
        Location::of(name)
            .map_err(|error| Failure::config(escape(&error.message)).help(error.help))?;
    }
    Ok(())
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
