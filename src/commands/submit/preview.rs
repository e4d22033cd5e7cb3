//! `submit --dry-run`: what a run would send, and what it would cost.

use serde_json::Value;

use super::rows::{allowed, left_out, report_left_out};
use crate::cli::SubmitArgs;
use crate::commands::inputs::Inputs;
use crate::commands::{caps, damage, open};
use crate::engine::plan::{self, MOST_LISTED, Plan};
use crate::engine::submit::planned;
use crate::exit::{Code, Failure};
use crate::jobs::Ledger;
use crate::journal::{JobLog, LogError, remembered_of_absent};
use crate::manifest::Manifest;
use crate::output::held::{self, HeldReport};
use crate::output::{self, DryRun, Printer, Tally, failure, words};
use crate::settings::Settings;

/// What the caps let through of the rows that would be sent.
fn preview_caps(
    args: &SubmitArgs,
    settings: &Settings,
    manifest: &mut Manifest,
    plan: &Plan,
    log: Option<&JobLog>,
) -> Result<Vec<(String, Value)>, Failure> {
    let limits = caps::of_log(args.max_credits, settings, log).map_err(failure::of_log)?;
    if limits.is_empty() {
        return Ok(Vec::new());
    }
    let style = settings.video.duration_style;
    let rows = planned(plan, manifest, &settings.rates, style);
    Ok(output::caps::preview(
        &limits,
        rows.map_err(failure::of_manifest)?,
    ))
}

/// Decides about every row, and shows that.
pub fn preview(
    args: &SubmitArgs,
    settings: &Settings,
    manifest: &mut Manifest,
    plan: &mut Plan,
    invalid_rows: Vec<Value>,
    inputs: &Inputs,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let path = &settings.jobs_path(args.jobs.as_deref(), inputs.first_file());
    let ledger = || caps::ledger(Ledger::new(settings.rates.clone()), settings);
    let log = match JobLog::read(path, ledger()) {
        Ok(log) => Some(log),
        Err(LogError::Missing(path)) => {
            if let Some(mismatch) = remembered_of_absent(&path) {
                failure::warn_that_changed(&mismatch, printer);
            }
            None
        }
        Err(error) => return Err(failure::of_log(error).into()),
    };
    if let Some(log) = &log {
        damage::refuse(log, args.accept_damage)?;
    }
    let empty = ledger();
    let known = log.as_ref().map(|log| (log.path(), log.ledger()));
    let found = plan::decide(manifest, plan, known, allowed(args), MOST_LISTED)
        .map_err(failure::of_plan)?;
    if let Some(log) = &log {
        damage::warn(log.ledger(), log.damage(), log.path(), printer);
        failure::warn_of_mismatch(log, printer);
    }
    let counts = plan.counts;
    let code = if counts.invalid > 0 && !args.skip_invalid {
        Code::Data
    } else {
        Code::Success
    };
    let caps = preview_caps(args, settings, manifest, plan, log.as_ref())?;
    let ledger = log.as_ref().map_or(&empty, JobLog::ledger);
    let jobs = plan.keys().filter_map(|key| ledger.job(key));
    let run = DryRun {
        manifest,
        plan,
        rates: &settings.rates,
        caps,
    };
    if printer.options().json {
        let more = held::to_more(&found)
            .into_iter()
            .chain(left_out(args, plan));
        let document = run.to_json(Tally::of(jobs), invalid_rows, more, code.number());
        printer.document(&document)?;
    } else {
        run.print(printer)?;
    }
    if code == Code::Data {
        printer.warn(format_args!(
            "{} cannot be sent, so a real run would send none; correct the rows above, or leave \
             them out with --skip-invalid",
            words::count(counts.invalid, "row")
        ));
    }
    report_left_out(args, plan, printer);
    HeldReport {
        plan,
        files: &inputs.names(),
        found: &found,
        manifest: manifest.name(),
        commands: &open::commands(path, ledger, settings),
        printer,
    }
    .report();
    Ok(code)
}
