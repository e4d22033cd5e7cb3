//! `retry`: new attempts for what failed, or the same attempts again whose outcome is unknown.

mod consent;
mod search;

use std::collections::BTreeSet;
use std::path::Path;

use super::api::{self, Api};
use super::caps;
use super::damage;
use super::limits::Limits;
use super::open;
use super::photos;
use super::submit;
use super::{Ended, on_one_thread};
use crate::cli::{RetryArgs, SubmitArgs};
use crate::commands::finish;
use crate::engine::cap::Cap;
use crate::engine::dispatch::{Attempt, Dispatcher, Event, SendCounts};
use crate::engine::retry::{Log, Retried, RetryError, Wanted};
use crate::engine::stop::Stop;
use crate::exit::{self, Code, Ending, Failure};
use crate::jobs::JobKey;
use crate::journal::{JobLog, Writer};
use crate::output::{self, Commands, Printer, Sending, Summary, Tally};
use crate::output::{failure, retry::Preview, stopped};
use crate::settings::Settings;
use consent::consent;
use search::{Found, find};

/// Runs the command.
pub fn run(args: &RetryArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Ended> {
    run_for(args, None, settings, printer).map(|(ended, _)| ended)
}

/// The same as a step of a round: of the jobs of the rows in `sheets` alone, where the round has such.
/// Also gives the jobs that would have got an attempt, were they in a row.
pub fn run_for(
    args: &RetryArgs,
    sheets: Option<&SubmitArgs>,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<(Ended, BTreeSet<JobKey>)> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    if !args.dry_run {
        settings.require_key()?;
    }
    if args.dry_run {
        let code = dry_run(args, settings, &path, printer)?;
        return Ok((Ended::from(code), BTreeSet::new()));
    }
    let limits = Limits::of_time(settings);
    open::refuse_absent(&path)?;
    let ledger = || settings.ledger();
    let writer = open::open_to_send(&path, ledger, settings, "retry", &limits, printer)?;
    on_one_thread(async {
        damage::settle(&writer, args.accept_damage, settings, printer).await?;
        Ok(())
    })?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    open::refuse_unrecovered(writer.path(), &path, &commands, "nothing was sent")?;
    let has_work = || {
        writer
            .ledger()
            .jobs()
            .any(|job| args.which.choice().takes(job))
    };
    let rows = sheets
        .filter(|_| has_work())
        .map(|sheets| submit::plan_of(sheets, settings, &writer))
        .transpose()?;
    let log = Log::Written(&writer);
    let found = find(args, rows.as_ref(), settings, log, printer, &commands)?;
    let attempts = &found.wanted;
    if attempts.is_empty() && !found.lacks_requests {
        output::retry::nothing(args.which.choice(), printer, &commands);
    }
    let charged_before = finish::charged(writer.ledger().jobs());
    let mut summary = Summary::new("retry");
    let mut ending = Ending::default();
    if !attempts.is_empty() {
        writer.check_form().map_err(failure::of_log)?;
        if args.which.choice() != Retried::Failed {
            consent(args, &found, settings, &writer, printer, &commands)?;
        }
        summary.more.extend(finish::payer(true, settings, printer)?);
        let cap = caps::of_writer(args.max_credits, settings, &writer).map_err(failure::of_log)?;
        let wanted = attempts.len() as u64;
        let (tally, stopped) = on_one_thread(send(
            &found, settings, &writer, &limits, printer, &cap, &commands,
        ))?;
        ending.join(stopped);
        ending.note_if(cap.is_reached(), Code::Decision);
        ending.note_if(tally.later + tally.taken > 0, Code::Temporary);
        output::caps::warn(&cap, printer);
        summary.submitted = tally.accepted;
        summary.left = wanted.saturating_sub(tally.made());
        summary.credits_estimated = tally.credits;
    }
    let ledger = writer.ledger();
    let ended = finish::finish(
        summary,
        charged_before,
        ledger.jobs(),
        ending,
        settings,
        &commands,
        printer,
    )?;
    Ok((ended, found.rowless))
}

/// Shows what would be sent. The log is only read.
fn dry_run(
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
    open::warn_unrecovered(&log, path, &commands, printer)?;
    let found = find(args, None, settings, Log::Read(&log), printer, &commands)?;
    let limits = caps::of_log(args.max_credits, settings, Some(&log)).map_err(failure::of_log)?;
    let view = |wanted: &Wanted| log.view(wanted.job).ok().flatten();
    let wanted = found.wanted.iter().map(|wanted| {
        let job = (!limits.is_empty()).then(|| view(wanted)).flatten();
        (job, wanted.more)
    });
    let preview = Preview {
        caps: output::caps::preview(&limits, wanted),
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

/// The attempts that are made, each read when its turn comes.
async fn made<'a>(
    found: &'a Found<'_>,
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
    found: &Found<'_>,
    settings: &Settings,
    writer: &Writer,
    limits: &Limits,
    printer: &Printer,
    cap: &Cap<'_>,
    commands: &Commands,
) -> anyhow::Result<(SendCounts, Ending)> {
    limits.watch_signals();
    limits.start_timer();
    let stop = &limits.stop;
    let api = Api::open(settings).await?;
    open::check_mixing(writer, settings, &api.base)?;
    let attempts = made(found, settings, stop, printer).await?;
    let concurrency = settings.network.concurrency_for(found.column);
    let throttle = api::throttle(settings, concurrency, limits.deadline);
    let reporter = Sending::new(printer, found.wanted.len() as u64, commands);
    let report = |event: Event<'_>| reporter.report(&event);
    let now = || writer.now();
    let dispatcher = Dispatcher::new(&api.client, writer, &throttle, stop, &now, &report);
    let sent = found.retries.send(attempts, cap, dispatcher, concurrency);
    let (tally, made) = sent.await;
    reporter.finish();
    open::look_at_others(writer, printer).await;
    let mut ending = stopped::ending_of(stop, printer, commands);
    if let Err(error) = made {
        let failure = failure::of_retry(error);
        ending.note(failure.code());
        let text = exit::describe(&failure.into(), |step| commands.repeat_in(step));
        printer.error(text.trim_end());
    }
    Ok((tally, ending))
}
