//! `retry --dry-run`: what a run would send, and what it would cost.

use std::path::Path;

use super::search::find;
use crate::cli::RetryArgs;
use crate::commands::{caps, damage, open};
use crate::engine::retry::{RetryAttempt, RetryLog};
use crate::exit::Code;
use crate::journal::JobLog;
use crate::output::{self, Printer, Tally, failure, retry::Preview, unrecovered};
use crate::settings::Settings;

/// Shows what would be sent. The log is only read.
pub fn dry_run(
    args: &RetryArgs,
    settings: &Settings,
    path: &Path,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    failure::warn_of_mismatch(&log, printer);
    damage::refuse(&log, args.accept_damage)?;
    damage::warn(log.ledger(), log.damage(), log.path(), printer);
    let commands = open::commands(path, log.ledger(), settings);
    unrecovered::warn(&log, path, &commands, printer)?;
    let found = find(
        args,
        None,
        settings,
        RetryLog::Read(&log),
        printer,
        &commands,
    )?;
    let limits = caps::of_log(args.max_credits, settings, Some(&log)).map_err(failure::of_log)?;
    let view = |wanted: &RetryAttempt| log.view(wanted.job).ok().flatten();
    let wanted = found.wanted.iter().map(|wanted| {
        let job = (!limits.is_empty()).then(|| view(wanted)).flatten();
        (job, wanted.more)
    });
    let preview = Preview {
        caps: output::batch::preview_of_caps(&limits, wanted),
        wanted: &found.wanted,
        states: Tally::of(log.ledger().jobs()),
    };
    if printer.options().json {
        printer.document(&preview.to_json())?;
    } else {
        preview.print(view, &settings.rates, printer)?;
    }
    Ok(Code::Success)
}
