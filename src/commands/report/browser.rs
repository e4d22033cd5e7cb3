//! The program that shows pages, as the system has it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::args::ReportArgs;
use crate::output::Printer;
use crate::text::escape;

/// Shows a page in a browser, where that is wanted.
pub fn show(args: &ReportArgs, output: &Path, printer: &Printer) {
    if args.open
        && let Err(why) = open(output)
    {
        printer.warn(format_args!(
            "no browser was opened ({}); open {} yourself",
            escape(&why),
            escape(&output.display().to_string())
        ));
    }
}

/// The error says what is missing.
fn open(page: &Path) -> Result<(), String> {
    let page = std::path::absolute(page).map_err(|error| error.to_string())?;
    let mut command = command(&page);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(error) => Err(format!("{program} cannot be started: {error}")),
    }
}

#[cfg(target_os = "macos")]
fn command(page: &Path) -> Command {
    let mut command = Command::new("open");
    command.arg(page);
    command
}

#[cfg(windows)]
fn command(page: &Path) -> Command {
    // Takes the path as it is, unlike a command line of cmd.
    let mut command = Command::new("rundll32");
    command.arg("url.dll,FileProtocolHandler").arg(page);
    command
}

#[cfg(all(unix, not(target_os = "macos")))]
fn command(page: &Path) -> Command {
    let mut command = Command::new("xdg-open");
    command.arg(page);
    command
}
