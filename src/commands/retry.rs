//! `retry`: new attempts for what failed, or the same attempts again whose outcome is unknown.

mod consent;
mod search;

use std::path::Path;

use serde_json::{Map, Value, json};

use super::caps;
use super::damage;
use super::failure;
use super::limits::Limits;
use super::open::{self, Api};
use super::photos;
use super::stopped;
use super::{Ended, on_one_thread};
use crate::cli::{Retry, RetryArgs};
use crate::commands::finish;
use crate::commands::sending::Sending;
use crate::engine::cap::{Admission, Cap};
use crate::engine::dispatch::{Attempt, Dispatcher, Event, Tally};
use crate::exit::{Code, Ending};
use crate::jobs::{Credits, IdColumn, JobView};
use crate::journal::{JobLog, Writer};
use crate::output::{self, Commands, Printer, Summary, words};
use crate::settings::Settings;
use crate::text::escape;
use consent::consent;
use search::{Found, Log, find};

/// Runs the command.
pub fn run(args: &RetryArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Ended> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    if !args.dry_run {
        settings.require_key()?;
    }
    if args.dry_run {
        return dry_run(args, settings, &path, printer).map(Ended::from);
    }
    let limits = Limits::of_time(settings);
    let writer = open::write_log_to_send(&path, settings, "retry", &limits, printer)?;
    on_one_thread(async {
        damage::settle(&writer, args.accept_damage, settings, printer).await?;
        Ok(())
    })?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    open::refuse_unrecovered(&writer, &path, settings)?;
    let found = find(args, settings, Log::Written(&writer), printer, &commands)?;
    let attempts = &found.attempts;
    if attempts.is_empty() && args.which.choice() == Retry::Unknown {
        printer.note(format_args!(
            "nothing of unknown outcome; for clips that failed: {}",
            commands.on_log("retry", "--failed")
        ));
    }
    if attempts.is_empty() && args.which.choice() == Retry::Rejected {
        printer.note(format_args!(
            "nothing was ordered: no clip that was rejected waits for another; to look at clips: {}",
            commands.on_log("review", "")
        ));
    }
    let charged_before = finish::charged(writer.ledger().jobs());
    let mut summary = Summary::new("retry");
    let mut ending = Ending::default();
    if !attempts.is_empty() {
        writer.check_form().map_err(failure::of_log)?;
        if args.which.choice() != Retry::Failed {
            consent(args, attempts, settings, &writer, printer, &commands)?;
        }
        summary.more.extend(finish::payer(true, settings, printer)?);
        let cap = caps::of_writer(args.max_credits, settings, &writer)?;
        let wanted = attempts.len() as u64;
        let (tally, stopped) =
            on_one_thread(send(found, settings, &writer, printer, &cap, &commands))?;
        ending.join(stopped);
        ending.note_if(cap.is_reached(), Code::Decision);
        ending.note_if(tally.later + tally.taken > 0, Code::Temporary);
        caps::warn(&cap, printer);
        summary.submitted = tally.accepted;
        summary.left = wanted.saturating_sub(tally.begun);
        summary.credits_estimated = tally.credits;
    }
    let ledger = writer.ledger();
    finish::finish(
        summary,
        charged_before,
        ledger.jobs(),
        ending,
        settings,
        &commands,
        printer,
    )
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
    let attempts = find(args, settings, Log::Read(&log), printer, &commands)?.attempts;
    let credits: Credits = attempts.iter().map(Attempt::estimate).sum();
    let limits = caps::of_log(args.max_credits, settings, Some(&log))?;
    let wanted = attempts.iter().map(|attempt| {
        let job = log.view(attempt.job).ok().flatten();
        (job, more_for(attempt))
    });
    let caps = caps::preview(&limits, wanted);
    if printer.options().json {
        let mut summary =
            Summary::new("retry").with_states(&output::Tally::of(log.ledger().jobs()));
        summary.dry_run = true;
        summary.credits_estimated = credits;
        let jobs: Vec<Value> = attempts
            .iter()
            .map(
                |a| json!({ "job": a.job, "attempt": a.number, "credits_estimated": a.estimate() }),
            )
            .collect();
        summary.more = Map::from_iter([
            ("new".to_owned(), attempts.len().into()),
            ("jobs".to_owned(), jobs.into()),
        ]);
        if !caps.is_empty() {
            let caps = caps.into_iter().map(|(_, cap)| cap).collect();
            summary.more.insert("caps".to_owned(), caps);
        }
        printer.document(&summary.to_json())?;
        return Ok(Code::Success);
    }
    for attempt in &attempts {
        let id = attempt.id.as_ref().map_or("", |(_, id)| id.as_str());
        writeln!(
            printer.out(),
            "{}  job {}  attempt {}  {}",
            escape(id),
            attempt.job,
            attempt.number,
            words::credits(attempt.estimate())
        )?;
    }
    for (cap, _) in &caps {
        writeln!(printer.out(), "{cap}")?;
    }
    writeln!(
        printer.out(),
        "{} would be sent, {}. Nothing was sent, nothing was written.",
        words::count(attempts.len() as u64, "job"),
        words::money(&settings.rates, credits)
    )?;
    printer.flush()?;
    Ok(Code::Success)
}

/// What an attempt adds to what is reserved: a repeated one is reserved for already.
fn more_for(attempt: &Attempt) -> Credits {
    if attempt.resend {
        Credits::ZERO
    } else {
        attempt.estimate()
    }
}

/// The job of an attempt, with the columns that the log has of it.
fn job_of(attempt: &Attempt, writer: &Writer, settings: &Settings) -> Option<JobView> {
    let known = writer.view(attempt.job).ok().flatten();
    known.or_else(|| attempt.as_job(&settings.rates))
}

async fn send(
    found: Found,
    settings: &Settings,
    writer: &Writer,
    printer: &Printer,
    cap: &Cap<'_>,
    commands: &Commands,
) -> anyhow::Result<(Tally, Ending)> {
    let limits = Limits::watch(settings);
    limits.start_timer();
    let stop = &limits.stop;
    let api = Api::open(settings).await?;
    open::check_mixing(writer, settings, &api.base)?;
    let mut attempts = found.attempts;
    photos::renew(&mut attempts, &found.photos, settings, stop, printer).await?;
    let column = attempts
        .first()
        .and_then(|a| a.id.as_ref())
        .map_or(IdColumn::Sku, |(c, _)| *c);
    let concurrency = settings.network.concurrency_for(column);
    let throttle = open::throttle(settings, concurrency, limits.deadline);
    let reporter = Sending::new(printer, attempts.len() as u64, commands);
    let report_event = |event: Event<'_>| reporter.report(&event);
    let now = || writer.now();
    let dispatcher =
        Dispatcher::new(&api.client, writer, &throttle, stop, &now, &report_event).within(cap);
    let feed = attempts.into_iter().map_while(|attempt| {
        let job = || job_of(&attempt, writer, settings);
        match cap.admits(more_for(&attempt), &dispatcher.tally(), job) {
            Admission::Granted => Some(Some(attempt)),
            Admission::Held => Some(None),
            Admission::Over => None,
        }
    });
    let feed = feed.flatten();
    let tally = dispatcher.run(feed, concurrency).await;
    reporter.finish();
    open::look_at_others(writer, printer).await;
    Ok((tally, stopped::ending_of(stop, printer, commands)))
}
