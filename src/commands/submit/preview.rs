//! `submit --dry-run`: what a run would send, and what it would cost.

use std::path::Path;

use serde_json::Value;

use super::other_log;
use super::rows::PlannedRows;
use crate::commands::{caps, damage, open};
use crate::engine::noted_logs::NotedLogs;
use crate::engine::submit::planned;
use crate::exit::{Code, Failure};
use crate::jobs::Ledger;
use crate::journal::{JobLog, LogError};
use crate::output::{self, DryRun, Printer, Tally, failure, held, words};
use crate::settings::Settings;

/// Decides about every row, and shows that.
pub fn preview(
    rows: &mut PlannedRows<'_>,
    path: &Path,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let args = rows.args;
    let ledger = || caps::ledger(Ledger::new(settings.rates.clone()), settings);
    let log = read(path, ledger(), printer)?;
    if let Some(log) = &log {
        damage::refuse(log, args.accept_damage)?;
    }
    let found = rows.decide(log.as_ref().map(|log| (log.path(), log.ledger())))?;
    if let Some(log) = &log {
        damage::warn(log.ledger(), log.damage(), log.path(), printer);
        failure::warn_of_mismatch(log, printer);
    }
    let invalid = rows.plan.counts.invalid;
    let code = if invalid > 0 && !args.skip_invalid {
        Code::Data
    } else {
        Code::Success
    };
    let caps = preview_caps(rows, settings, log.as_ref())?;
    let empty = ledger();
    let ledger = log.as_ref().map_or(&empty, JobLog::ledger);
    let run = DryRun {
        manifest: &rows.manifest,
        plan: &rows.plan,
        rates: &settings.rates,
        caps,
        most: (rows.most() < rows.plan.counts.send).then(|| rows.most()),
    };
    if printer.options().json {
        let states = Tally::of(rows.plan.keys().filter_map(|key| ledger.job(key)));
        let more = held::to_more(&found).into_iter().chain(rows.left_out());
        let document = run.to_json(states, rows.invalid.clone(), more, code.number());
        printer.document(&document)?;
    } else {
        run.print(printer)?;
    }
    if code == Code::Data {
        printer.warn(format_args!(
            "{} cannot be sent, so a real run would send none; correct the rows above, or leave \
             them out with --skip-invalid",
            words::count(invalid, "row")
        ));
    }
    rows.report(&found, &open::commands(path, ledger, settings), printer);
    other_log::warn_beside(path, rows, ledger, settings, printer)?;
    Ok(code)
}

/// Reads the log, where there is one.
fn read(path: &Path, ledger: Ledger, printer: &Printer) -> Result<Option<JobLog>, Failure> {
    match JobLog::read(path, ledger) {
        Ok(log) => Ok(Some(log)),
        Err(LogError::Missing(path)) => {
            if let Some(mismatch) = NotedLogs::of_user().missed(&path) {
                failure::warn_that_changed(&mismatch, printer);
            }
            Ok(None)
        }
        Err(error) => Err(failure::of_log(error)),
    }
}

/// What the caps let through of the rows that would be sent.
fn preview_caps(
    rows: &mut PlannedRows<'_>,
    settings: &Settings,
    log: Option<&JobLog>,
) -> Result<Vec<(String, Value)>, Failure> {
    let limits = caps::of_log(rows.args.max_credits, settings, log).map_err(failure::of_log)?;
    if limits.is_empty() {
        return Ok(Vec::new());
    }
    let style = settings.video.duration_style;
    let planned = planned(&rows.plan, &mut rows.manifest, &settings.rates, style);
    Ok(output::batch::preview_of_caps(
        &limits,
        planned.map_err(failure::of_manifest)?,
    ))
}
