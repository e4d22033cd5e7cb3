//! `download --check`: are the clips on disk the ones that were downloaded?

use std::path::Path;

use crate::commands::runtime::on_runtime;
use crate::commands::{damage, open};
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::proof::{Flaw, prove};
use crate::engine::filter::Filters;
use crate::exit::{Code, Ending, Failure};
use crate::journal::JobLog;
use crate::output::{Printer, failure, proof};
use crate::settings::Settings;
use crate::text::is_address;

/// Checks the clips of the log at `path`, in `copy` where a folder was named. Sends nothing and
/// writes nothing.
pub fn run(
    path: &Path,
    copy: Option<&Path>,
    filters: &Filters,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    open::refuse_spreadsheet(path, log.ledger())?;
    open::refuse_live(path, log.ledger(), settings)?;
    damage::warn(log.ledger(), log.damage(), path, printer);
    if let Some(copy) = copy
        && !copy.is_dir()
    {
        let help = if copy.to_str().is_some_and(is_address) {
            "leave out --dir: the log says where each clip is, and those in buckets are asked for there"
        } else {
            "name the folder that holds the clips, or leave out --dir"
        };
        let message = format!("{} is not a folder", copy.display());
        return Err(Failure::io(message).help(help).into());
    }
    let deliveries: Vec<Delivery> = log
        .map_views(|view| Delivery::of(&view, filters.matches(&view)))
        .collect::<Result<_, _>>()
        .map_err(failure::of_log)?;
    let found = prove(&deliveries, &log.folder(), copy);
    let found = on_runtime(async { Ok(found.with_buckets(&deliveries).await) })?;
    if found.whole + found.flawed.len() == 0 {
        open::warn_of_filters(filters, log.views().flatten(), printer);
    }
    let mut ending = Ending::default();
    for flawed in &found.flawed {
        match flawed.flaw {
            Flaw::Unreadable(_) => ending.note(Code::Io),
            // The other computer checks it.
            Flaw::Elsewhere(_) => {}
            _ => ending.note(Code::Failed),
        }
    }
    let commands = open::commands(path, log.ledger(), settings);
    let code = ending.code();
    proof::warn(&found, copy.is_some(), &commands, printer);
    if printer.options().json {
        let document = proof::to_json(&found, copy.is_some(), &commands, code.number());
        printer.document(&document)?;
    } else {
        printer.conclude(proof::sentence(&found), code == Code::Success);
    }
    Ok(code)
}
