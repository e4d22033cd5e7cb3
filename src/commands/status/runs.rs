//! `status --runs`: who is at work on a log in a database.

use std::path::Path;

use crate::commands::addresses;
use crate::exit::Code;
use crate::journal::{self, AtWork};
use crate::output::{Printer, failure};
use crate::text::escape;

/// Shows the runs that have something claimed, or had today and were not heard of again.
pub fn run(path: &Path, printer: &mut Printer) -> anyhow::Result<Code> {
    let address = addresses::address(path)?;
    let runs = journal::at_work(&address).map_err(failure::of_database)?;
    if printer.options().json {
        let runs = runs.iter().map(|run| {
            serde_json::json!({
                "host": run.host,
                "process": run.process,
                "command": run.command,
                "started_at": run.started_at,
                "seen_at": run.seen_at,
                "alive": run.is_alive,
            })
        });
        printer.document(&serde_json::Value::Array(runs.collect()))?;
        return Ok(Code::Success);
    }
    if runs.is_empty() {
        printer.note(format_args!("{address}: no one orders from it just now"));
        return Ok(Code::Success);
    }
    let width = |cell: fn(&AtWork) -> &str, least: usize| {
        let widths = runs.iter().map(|run| escape(cell(run)).chars().count());
        widths.max().unwrap_or(0).max(least)
    };
    let host = width(|run| &run.host, 4);
    let command = width(|run| &run.command, 7);
    let mut text = format!(
        "{:host$}  {:>8}  {:command$}  {:20}  LAST HEARD OF\n",
        "HOST", "PROCESS", "COMMAND", "SINCE"
    );
    for run in &runs {
        let row = format!(
            "{:host$}  {:>8}  {:command$}  {:20}  {}{}\n",
            escape(&run.host),
            run.process,
            escape(&run.command),
            run.started_at,
            run.seen_at,
            if run.is_alive { "" } else { ", gone" }
        );
        text.push_str(&row);
    }
    printer.text(&text)?;
    Ok(Code::Success)
}
