//! `retry`: new attempts for what failed, or the same attempts again whose outcome is unknown.

mod consent;
mod preview;
mod search;

use std::collections::BTreeSet;

use super::api;
use super::finish::{CommandEnd, charged, finish, payer};
use super::limits::Limits;
use super::open::{self, OpenLog};
use super::runtime::on_one_thread;
use super::{caps, damage, photos, submit};
use crate::cli::{RetryArgs, SubmitArgs};
use crate::engine::cap::Caps;
use crate::engine::dispatch::{Attempt, DispatchEvent, Dispatcher, SendCounts};
use crate::engine::retry::{RetryError, RetryKind, RetryLog};
use crate::engine::stop::Stop;
use crate::exit::{self, Code, Ending, Failure};
use crate::jobs::JobKey;
use crate::output::{self, Commands, Printer, Sending, Summary};
use crate::output::{failure, stopped};
use crate::settings::Settings;
use consent::consent;
use preview::dry_run;
use search::{RetryPlan, find};

pub fn run(
    args: &RetryArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<CommandEnd> {
    run_for(args, None, settings, printer).map(|(ended, _)| ended)
}

/// The same as a step of a round: of the jobs of the rows in `sheets` alone, where the round has such.
/// Also gives the jobs that would have got an attempt, were they in a row.
pub fn run_for(
    args: &RetryArgs,
    sheets: Option<&SubmitArgs>,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<(CommandEnd, BTreeSet<JobKey>)> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    if args.dry_run {
        let code = dry_run(args, settings, &path, printer)?;
        return Ok((CommandEnd::from(code), BTreeSet::new()));
    }
    settings.require_key()?;
    let limits = Limits::of_time(settings);
    open::refuse_absent(&path)?;
    let ledger = || settings.ledger();
    let log = OpenLog::to_send(path, ledger, "retry", limits, settings, printer)?;
    let accepting = accepting_damage(sheets, &log.commands);
    on_one_thread(async {
        let settled = damage::settle(&log, args.accept_damage, &accepting, printer).await;
        Ok(settled?)
    })?;
    log.refuse_unrecovered("nothing was sent")?;
    let which = args.which.choice();
    let has_work = |_: &&SubmitArgs| log.writer.ledger().jobs().any(|job| which.takes(job));
    let plan = |sheets| submit::plan_of(sheets, settings, &log.writer);
    let rows = sheets.filter(has_work).map(plan).transpose()?;
    let of_log = RetryLog::Written(&log.writer);
    let found = find(
        args,
        rows.as_ref(),
        settings,
        of_log,
        printer,
        &log.commands,
    )?;
    if found.wanted.is_empty() && !found.lacks_requests && !found.is_being_sent {
        output::retry::nothing(which, printer, &log.commands);
    }
    let charged_before = charged(log.writer.ledger().jobs());
    let mut summary = Summary::new("retry");
    let mut ending = Ending::default();
    if !found.wanted.is_empty() {
        ending = order(args, &found, &log, &mut summary, printer)?;
    }
    ending.note_if(found.is_being_sent, Code::Temporary);
    let ledger = log.writer.ledger();
    let jobs = ledger.jobs();
    let ended = finish(&log, summary, charged_before, jobs, ending, printer)?;
    Ok((ended, found.rowless))
}

/// How a person accepts a damaged log.
fn accepting_damage(sheets: Option<&SubmitArgs>, commands: &Commands) -> String {
    const OPTION: &str = "--accept-damage";
    if sheets.is_none() && commands.is_round() {
        let retry = commands.on_log("retry", &format!("--failed {OPTION}"));
        return format!("run `{retry}`");
    }
    let sheets = sheets.iter().flat_map(|args| &args.manifests);
    let sheets: Vec<String> = sheets.map(|sheet| sheet.display().to_string()).collect();
    commands.submit_with(OPTION, &sheets)
}

/// Sends what was found, once a person has agreed.
fn order(
    args: &RetryArgs,
    found: &RetryPlan<'_>,
    log: &OpenLog<'_>,
    summary: &mut Summary,
    printer: &Printer,
) -> anyhow::Result<Ending> {
    log.writer.check_form().map_err(failure::of_log)?;
    if args.which.choice() != RetryKind::Failed {
        consent(args, found, log, printer)?;
    }
    summary.more.extend(payer(true, log.settings, printer)?);
    let cap = caps::of_open(args.max_credits, log).map_err(failure::of_log)?;
    let (tally, mut ending) = on_one_thread(send(found, log, &cap, printer))?;
    ending.note_if(cap.is_reached(), Code::Decision);
    ending.note_if(tally.later + tally.taken > 0, Code::Temporary);
    output::batch::warn_of_cap(&cap, printer);
    summary.submitted = tally.accepted;
    summary.left = (found.wanted.len() as u64).saturating_sub(tally.made());
    summary.credits_estimated = tally.credits;
    Ok(ending)
}

/// The attempts that are made, each read when its turn comes.
async fn made<'a>(
    found: &'a RetryPlan<'_>,
    settings: &Settings,
    stop: &Stop,
    printer: &Printer,
) -> Result<Box<dyn Iterator<Item = Result<Option<Attempt>, RetryError>> + 'a>, Failure> {
    if !photos::are_renewed(settings) {
        return Ok(Box::new(
            found
                .wanted
                .iter()
                .map(|wanted| found.retries.attempt(wanted)),
        ));
    }
    // Nothing is sent before every photo is there.
    let mut attempts = found.attempts()?;
    photos::renew(&mut attempts, &found.photos, settings, stop, printer).await?;
    Ok(Box::new(
        attempts.into_iter().map(|attempt| Ok(Some(attempt))),
    ))
}

async fn send(
    found: &RetryPlan<'_>,
    log: &OpenLog<'_>,
    cap: &Caps<'_>,
    printer: &Printer,
) -> anyhow::Result<(SendCounts, Ending)> {
    let (settings, writer, commands) = (log.settings, &log.writer, &log.commands);
    let stop = &log.limits.stop;
    log.limits.watch_signals();
    log.limits.start_timer();
    let api = log.api().await?;
    let attempts = made(found, settings, stop, printer).await?;
    let concurrency = settings.network.concurrency_for(found.column);
    let throttle = api::throttle(settings, concurrency, log.limits.deadline);
    let reporter = Sending::new(printer, found.wanted.len() as u64, commands);
    let report = |event: DispatchEvent<'_>| reporter.report(&event);
    let now = || writer.now();
    let dispatcher = Dispatcher::new(&api.client, writer, &throttle, stop, &now, &report);
    let sent = found.retries.send(attempts, cap, dispatcher, concurrency);
    let (tally, made) = sent.await;
    reporter.finish();
    log.look_at_others(printer).await;
    let mut ending = stopped::ending_of(stop, printer, commands);
    if let Err(error) = made {
        let failure = failure::of_retry(error);
        ending.note(failure.code());
        let text = exit::describe(&failure.into(), |step| commands.repeat_in(step));
        printer.error(text.trim_end());
    }
    Ok((tally, ending))
}
