//! `status --runs`: who is at work on a log in a database.

use std::path::Path;

use crate::commands::addresses;
use crate::exit::Code;
use crate::journal;
use crate::output::{Printer, failure, headed};
use crate::text::escape;

/// Shows the runs that have something claimed, or had today and were not heard of again.
pub fn run(path: &Path, printer: &mut Printer) -> anyhow::Result<Code> {
    let address = addresses::address(path)?;
    let (runs, asked) = journal::at_work(&address).map_err(failure::of_database)?;
    if printer.options().json {
        let runs = runs.iter().map(|run| {
            let waits_until = asked.as_ref().filter(|_| run.is_alive);
            serde_json::json!({
                "host": run.host,
                "process": run.process,
                "command": run.command,
                "started_at": run.started_at,
                "seen_at": run.seen_at,
                "alive": run.is_alive,
                "waits_until": waits_until.map(|asked| &asked.until),
            })
        });
        printer.document(&serde_json::Value::Array(runs.collect()))?;
        return Ok(Code::Success);
    }
    if let Some(asked) = asked {
        printer.note(format_args!(
            "{address}: the vendor has asked {} to wait; no computer sends anything before {}",
            escape(&asked.host),
            asked.until
        ));
    }
    if runs.is_empty() {
        printer.note(format_args!(
            "{address}: no one is ordering from it right now"
        ));
        return Ok(Code::Success);
    }
    let heads = ["HOST", " PROCESS", "COMMAND", "SINCE", "LAST HEARD OF"];
    let rows = runs.into_iter().map(|run| {
        let gone = if run.is_alive { "" } else { ", gone" };
        [
            escape(&run.host).into_owned(),
            run.process.to_string(),
            escape(&run.command).into_owned(),
            run.started_at,
            format!("{}{gone}", run.seen_at),
        ]
    });
    printer.text(&headed(heads, rows))?;
    Ok(Code::Success)
}
