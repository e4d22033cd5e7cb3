//! `submit`: a clip for every row of a manifest that has none yet.

mod batch;
mod other_log;
mod preview;
mod rows;

use batch::send;
use preview::preview;
use rows::PlannedRows;
pub use rows::plan_of;

use super::api::Api;
use super::finish::{CommandEnd, charged, finish, payer};
use super::limits::Limits;
use super::open::OpenLog;
use super::{caps, damage};
use crate::cli::SubmitArgs;
use crate::engine::dispatch::SendCounts;
use crate::engine::plan::{Plan, RecognitionResult, RowCounts};
use crate::engine::restored_rows::{self, RestoreError};
use crate::engine::round::UnsentRows;
use crate::exit::{Code, Failure};
use crate::jobs::{JobState, Ledger};
use crate::output::{Printer, Summary, canary_json, failure, held, stopped};
use crate::settings::Settings;

pub async fn run(
    args: &SubmitArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<CommandEnd> {
    let unsent = &mut UnsentRows::default();
    run_in_round(args, settings, unsent, printer).await
}

/// The same as a step of a round, which hears of rows that were not sent.
pub async fn run_in_round(
    args: &SubmitArgs,
    settings: &Settings,
    unsent: &mut UnsentRows,
    printer: &mut Printer,
) -> anyhow::Result<CommandEnd> {
    let mut rows = PlannedRows::read(args, settings, printer).await?;
    unsent.left_out = std::mem::take(&mut rows.with_mistakes);
    unsent.sheets = rows.inputs.names();
    let path = rows.inputs.log(args.jobs.as_deref(), settings)?;
    if args.dry_run {
        return preview(&mut rows, &path, settings, printer).map(CommandEnd::from);
    }
    let limits = Limits::watch(settings);
    limits.start_timer();
    let api = Api::open(settings).await?;
    let ledger = || new_ledger(args, settings);
    let log = OpenLog::to_send(path, ledger, "submit", limits, settings, printer)?;
    log.check_mixing(&api.base)?;
    log.refuse_unrecovered("nothing was sent")?;
    let accepting = log.commands.submit_with("--accept-damage", &unsent.sheets);
    damage::settle(&log, args.accept_damage, &accepting, printer).await?;
    let found = decide(&mut rows, &log)?;
    let _note = other_log::refuse_or_note(&log, &mut rows, &api.base, printer)?;
    unsent.held = rows.plan.counts.held();
    take_back(&rows, &log, printer).await?;
    let charged_before = charged(jobs_of(&rows.plan, &log.writer.ledger()));
    rows.inputs.keep(&log.path, printer)?;
    let is_new = log.writer.is_new();
    held::announce(&rows.plan, &rows.manifest, &log.path, is_new, printer);
    rows.report(&found, &log.commands, printer);
    held::report_closed(closed(&rows.plan, &log), rows.manifest.name(), printer);
    let payer = payer(rows.plan.counts.send > 0, settings, printer)?;
    let sent = send(&mut rows, &api, &log, printer).await?;
    if !args.wait && sent.tally.is_done(rows.plan.counts.send) {
        log.limits.stop.forget_deadline();
    }
    let mut ending = stopped::ending_of(&log.limits.stop, printer, &log.commands);
    log.look_at_others(printer).await;
    ending.note_if(sent.is_unanswered || sent.tally.later > 0, Code::Temporary);
    let wants_decision = sent.is_capped || !sent.goes_on() || rows.plan.counts.held() > 0;
    ending.note_if(wants_decision, Code::Decision);
    let mut summary = summary_of(&rows.plan, &found, &sent.tally);
    let left_out = rows.left_out();
    let invalid = ("invalid_rows".to_owned(), rows.invalid.into());
    let more = std::iter::once(invalid).chain(left_out).chain(payer);
    summary.more.extend(more);
    summary.more.extend(sent.canary.as_ref().map(canary_json));
    let ledger = log.writer.ledger();
    let jobs = jobs_of(&rows.plan, &ledger);
    finish(&log, summary, charged_before, jobs, ending, printer)
}

/// Decides about every row against the log.
fn decide(rows: &mut PlannedRows<'_>, log: &OpenLog<'_>) -> Result<RecognitionResult, Failure> {
    let (args, writer) = (rows.args, &log.writer);
    let ledger = writer.ledger();
    let found = rows.decide(Some((writer.path(), &ledger)))?;
    writer.expect_rows(rows.plan.all_keys());
    other_log::refuse(log, rows, &ledger)?;
    if rows.plan.counts.send > 0 || args.wait {
        writer.check_form().map_err(failure::of_log)?;
    }
    Ok(found)
}

/// Lets the jobs count again that rows were set back to.
async fn take_back(
    rows: &PlannedRows<'_>,
    log: &OpenLog<'_>,
    printer: &Printer,
) -> Result<(), Failure> {
    let count = restored_rows::note(&rows.plan, &log.writer, log.settings.sandbox).await;
    let count = count.map_err(|error| match error {
        RestoreError::Log(error) => failure::of_log(error),
        RestoreError::Write(error) => failure::of_append(
            &error,
            "make room on the disk and run the same command again; nothing was sent",
        ),
    })?;
    held::report_set_back(count, rows.manifest.name(), printer);
    Ok(())
}

/// The jobs of the manifest's rows.
fn jobs_of<'a>(plan: &'a Plan, ledger: &'a Ledger) -> impl Iterator<Item = &'a JobState> {
    plan.keys().filter_map(|key| ledger.job(key))
}

/// How many of the manifest's rows ask for a clip that a person has closed.
fn closed(plan: &Plan, log: &OpenLog<'_>) -> u64 {
    let ledger = log.writer.ledger();
    let closed = jobs_of(plan, &ledger).filter(|job| job.is_dismissed());
    closed.count() as u64
}

fn new_ledger(args: &SubmitArgs, settings: &Settings) -> Ledger {
    let ledger = caps::ledger(Ledger::new(settings.rates.clone()), settings);
    if args.wait || args.canary.is_some() {
        // Polling looks into the log; sending does not.
        ledger.with_places().with_items()
    } else {
        ledger
    }
}

/// What the run did, without the states of its jobs.
fn summary_of(plan: &Plan, found: &RecognitionResult, tally: &SendCounts) -> Summary {
    let counts = &plan.counts;
    Summary {
        submitted: tally.accepted,
        left: counts.send.saturating_sub(tally.made() + tally.taken),
        credits_estimated: tally.credits,
        more: held::to_more(found),
        ..Summary::of_rows(RowCounts {
            skip: counts.skip + tally.taken,
            ..*counts
        })
    }
}
