//! `log init`, `log list`, `log upgrade`, `log captures`: logs in databases.

use std::path::Path;

use serde_json::value::RawValue;

use crate::cli::{LogAddressArgs, LogInitArgs};
use crate::commands::addresses;
use crate::exit::Code;
use crate::jobs::{Ledger, Rates};
use crate::journal::{self, JobLog, SetupResult};
use crate::output::{Printer, failure, headed, words};
use crate::text::escape;

pub fn init(args: &LogInitArgs, printer: &mut Printer) -> anyhow::Result<Code> {
    let address = addresses::address(&args.address)?;
    let grant = args.grant();
    if args.print_sql {
        let text = journal::init_statements(&address, grant);
        if printer.options().json {
            printer.document(&serde_json::json!({
                "command": "log init",
                "text": text,
                "exit_code": 0,
            }))?;
        } else {
            printer.text(&text)?;
        }
        return Ok(Code::Success);
    }
    let made = journal::init_log(&address, grant).map_err(failure::of_database)?;
    let tables = match made {
        SetupResult { from: 0, to, .. } => format!("its tables are new, at version {to}"),
        SetupResult { from, to, .. } if from == to => format!("its tables are at version {to}"),
        SetupResult { from, to, .. } => format!("its tables went from version {from} to {to}"),
    };
    printer.note(format_args!(
        "{address} {}; {tables}",
        if made.log {
            "is made"
        } else {
            "was there already"
        },
    ));
    if made.log {
        warn_of_earlier(&args.address, printer);
    }
    if let Some((role, _)) = grant {
        printer.note(format_args!("the role {} has its rights", escape(role)));
    }
    printer.json(|| {
        serde_json::json!({
            "command": "log init",
            "log": address.to_string(),
            "made": made.log,
            "version": made.to,
            "version_before": made.from,
            "exit_code": 0,
        })
    })?;
    Ok(Code::Success)
}

/// Warns where this computer remembers orders of a log that stood in the place of a new one.
fn warn_of_earlier(address: &Path, printer: &Printer) {
    // The log is made; what hinders its being read is the next command's to say.
    if let Ok(log) = JobLog::read(address, Ledger::new(Rates::default())) {
        failure::warn_of_mismatch(&log, printer);
    }
}

/// Lists the logs of a database.
pub fn list(args: &LogAddressArgs, printer: &mut Printer) -> anyhow::Result<Code> {
    let address = addresses::address(&args.address)?;
    let logs = journal::list_logs(&address).map_err(failure::of_database)?;
    if printer.options().json {
        let rows: Vec<_> = logs
            .iter()
            .map(|log| {
                serde_json::json!({
                    "log": log.name,
                    "lines": log.lines,
                    "bytes": log.bytes,
                    "created_at": log.created_at,
                })
            })
            .collect();
        printer.document(&serde_json::json!({
            "command": "log list",
            "logs": rows,
            "exit_code": 0,
        }))?;
        return Ok(Code::Success);
    }
    if logs.is_empty() {
        printer.note(format_args!("{address}: the database holds no job log yet"));
        return Ok(Code::Success);
    }
    let heads = ["LOG", "       LINES", "         BYTES", "MADE"];
    let rows = logs.into_iter().map(|log| {
        [
            escape(&log.name).into_owned(),
            words::number(log.lines.unsigned_abs()),
            words::number(log.bytes.unsigned_abs()),
            log.created_at,
        ]
    });
    printer.text(&headed(heads, rows))?;
    Ok(Code::Success)
}

/// Brings the tables up to date.
pub fn upgrade(args: &LogAddressArgs, printer: &mut Printer) -> anyhow::Result<Code> {
    let address = addresses::address(&args.address)?;
    let made = journal::upgrade_tables(&address).map_err(failure::of_database)?;
    if made.from == made.to {
        printer.note(format_args!(
            "{address}: the tables are at version {} already",
            made.to
        ));
    } else {
        printer.note(format_args!(
            "{address}: the tables went from version {} to {}",
            made.from, made.to
        ));
    }
    printer.json(|| {
        serde_json::json!({
            "command": "log upgrade",
            "version": made.to,
            "version_before": made.from,
            "exit_code": 0,
        })
    })?;
    Ok(Code::Success)
}

/// Prints the captures that receivers keep with a log.
pub fn captures(args: &LogAddressArgs, printer: &mut Printer) -> anyhow::Result<Code> {
    let address = addresses::address(&args.address)?;
    let is_json = printer.options().json;
    let mut captures: Vec<Box<RawValue>> = Vec::new();
    let (mut count, mut last) = (0, 0);
    while !printer.is_closed() {
        let part = journal::captures_behind(&address, last).map_err(failure::of_database)?;
        let Some((newest, _)) = part.last() else {
            break;
        };
        last = *newest;
        count += part.len() as u64;
        for (_, envelope) in part {
            if is_json {
                captures.push(RawValue::from_string(envelope)?);
            } else {
                writeln!(printer.out(), "{envelope}")?;
            }
        }
    }
    if is_json {
        printer.document(&serde_json::json!({
            "command": "log captures",
            "captures": captures,
            "exit_code": 0,
        }))?;
    } else {
        let captures = words::count(count, "capture");
        printer.note(format_args!("{address}: {captures}"));
    }
    Ok(Code::Success)
}
