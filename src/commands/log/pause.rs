//! `log pause`, `log resume`: nothing more is ordered until a person lets it go on.

use crate::cli::LogPauseArgs;
use crate::commands::open;
use crate::disk;
use crate::exit::Code;
use crate::journal;
use crate::output::{Printer, failure};
use crate::settings::Settings;
use crate::text::escape;

pub fn pause(
    args: &LogPauseArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let before = journal::pause(&path, &disk::user_and_host()).map_err(failure::of_log)?;
    let name = path.display().to_string();
    let name = escape(&name);
    if let Some(by) = &before {
        printer.note(format_args!("{name} is paused already, {}", escape(by)));
    } else {
        let commands = open::commands_for(&path, false, settings);
        printer.note(format_args!(
            "{name} is paused: nothing more is ordered from it, on any computer; `{}` resumes it",
            commands.on_log("log resume", "")
        ));
    }
    document("log pause", true, before.as_deref(), printer)
}

/// Lets a log go on.
pub fn resume(
    args: &LogPauseArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let before = journal::resume(&path).map_err(failure::of_log)?;
    let name = path.display().to_string();
    let name = escape(&name);
    match &before {
        Some(by) => printer.note(format_args!(
            "{name} is resumed; it was paused {}",
            escape(by)
        )),
        None => printer.note(format_args!("{name} was not paused")),
    }
    document("log resume", false, before.as_deref(), printer)
}

fn document(
    command: &str,
    is_paused: bool,
    before: Option<&str>,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    printer.json(|| {
        serde_json::json!({
            "command": command,
            "paused": is_paused,
            "paused_before": before,
            "exit_code": 0,
        })
    })?;
    Ok(Code::Success)
}
