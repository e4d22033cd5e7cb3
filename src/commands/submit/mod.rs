//! `submit`: a clip for every row of a manifest that has none yet.

mod batch;
mod other_log;
mod preview;
mod rows;

use std::path::Path;

use batch::Sender;
use preview::preview;
pub use rows::{MOST_PROBLEMS, conditions, invalid_row, plan_of};
use rows::{allowed, left_out, read, report_left_out};

use super::api::{self, Api};
use super::caps;
use super::inputs::Inputs;
use super::limits::Limits;
use super::open;
use super::photos;
use super::{Ended, damage};
use crate::cli::SubmitArgs;
use crate::commands::finish;
use crate::engine::dispatch::SendCounts;
use crate::engine::photos::Placed;
use crate::engine::plan::{self, Found, MOST_LISTED, Plan};
use crate::engine::set_back::{self, SetBackError};
use crate::engine::stop::Stop;
use crate::engine::submit::{Orders, photos_to_send};
use crate::exit::{Code, Failure};
use crate::jobs::{Credits, Ledger};
use crate::journal::Writer;
use crate::manifest::Manifest;
use crate::output::held::{self, HeldReport};
use crate::output::{Printer, Summary, canary_json, failure, stopped};
use crate::settings::Settings;

/// Runs the command.
pub async fn run(
    args: &SubmitArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Ended> {
    let mut inputs = Inputs::fetch(&args.manifests, settings).await?;
    let mut manifest = inputs.open(&args.sheet.reading, settings, conditions(&args.rows))?;
    let path = settings.jobs_path(args.jobs.as_deref(), inputs.first_file());
    let (mut plan, invalid_rows) = read(&mut manifest, args, settings, printer)?;
    if args.dry_run {
        return preview(
            args,
            settings,
            &mut manifest,
            &mut plan,
            invalid_rows,
            &inputs,
            printer,
        )
        .map(Ended::from);
    }
    let limits = Limits::watch(settings);
    limits.start_timer();
    let stop = &limits.stop;
    let api = Api::open(settings).await?;
    let ledger = || new_ledger(args, settings);
    let writer = open::open_to_send(&path, ledger, settings, "submit", &limits, printer)?;
    open::check_mixing(&writer, settings, &api.base)?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    open::refuse_unrecovered(writer.path(), &path, &commands, "nothing was sent")?;
    damage::settle(&writer, args.accept_damage, settings, printer).await?;
    let found = decide(args, &path, &mut manifest, &mut plan, &writer)?;
    take_back(&plan, &writer, manifest.name(), settings, printer).await?;
    let charged_before = charged(&plan, &writer.ledger());
    inputs.keep(&path, printer)?;
    held::announce(&plan, &manifest, &path, writer.is_new(), printer);
    report_left_out(args, &plan, printer);
    let concurrency = settings.network.concurrency_for(manifest.id_column());
    let throttle = api::throttle(settings, concurrency, limits.deadline);
    HeldReport {
        plan: &plan,
        found: &found,
        manifest: manifest.name(),
        files: &inputs.names(),
        commands: &commands,
        printer,
    }
    .report();
    let payer = finish::payer(plan.counts.send > 0, settings, printer)?;
    let photos = place_photos(&plan, &mut manifest, args, settings, stop, printer).await?;
    let orders = Orders {
        plan: &plan,
        writer: &writer,
        stop,
        rates: &settings.rates,
        duration_style: settings.video.duration_style,
        photos: &photos,
        correlate: !args.no_correlation,
        sandbox: settings.sandbox,
    };
    let sender = Sender {
        args,
        settings,
        api: &api,
        throttle: &throttle,
        concurrency,
        commands: &commands,
        printer,
    };
    let most = most_to_send(&plan, args);
    let sent = sender.send(orders, most, &mut manifest).await?;
    let tally = sent.tally;
    let mut ending = stopped::ending_of(stop, printer, &commands);
    open::look_at_others(&writer, printer).await;
    ending.note_if(sent.is_unanswered || tally.later > 0, Code::Temporary);
    let wants_decision = sent.is_capped || !sent.goes_on() || plan.counts.held() > 0;
    ending.note_if(wants_decision, Code::Decision);
    let mut summary = summary_of(&plan, &found, &tally);
    let invalid = ("invalid_rows".to_owned(), invalid_rows.into());
    let more = std::iter::once(invalid).chain(left_out(args, &plan));
    summary.more.extend(more.chain(payer));
    summary.more.extend(sent.canary.as_ref().map(canary_json));
    let ledger = writer.ledger();
    let jobs = plan.keys().filter_map(|key| ledger.job(key));
    finish::finish(
        summary,
        charged_before,
        jobs,
        ending,
        settings,
        &commands,
        printer,
    )
}

/// Uploads the photos on this computer of the rows to be sent.
async fn place_photos(
    plan: &Plan,
    manifest: &mut Manifest,
    args: &SubmitArgs,
    settings: &Settings,
    stop: &Stop,
    printer: &Printer,
) -> Result<Placed, Failure> {
    let most = most_to_send(plan, args);
    if most == 0 || settings.photos.upload.is_none() {
        return Ok(Placed::default());
    }
    let local = photos_to_send(plan, manifest, most).map_err(failure::of_manifest)?;
    photos::place(&local, settings, stop, printer).await
}

/// Decides about every row against the log.
fn decide(
    args: &SubmitArgs,
    path: &Path,
    manifest: &mut Manifest,
    plan: &mut Plan,
    writer: &Writer,
) -> Result<Found, Failure> {
    let ledger = writer.ledger();
    let log = Some((writer.path(), &*ledger));
    let found =
        plan::decide(manifest, plan, log, allowed(args), MOST_LISTED).map_err(failure::of_plan)?;
    writer.expect_rows(plan.all_keys());
    other_log::refuse(path, plan, &ledger, args.allow_same_clip)?;
    if plan.counts.send > 0 || args.wait {
        writer.check_form().map_err(failure::of_log)?;
    }
    Ok(found)
}

/// Lets the jobs count again that rows were set back to.
async fn take_back(
    plan: &Plan,
    writer: &Writer,
    manifest: &str,
    settings: &Settings,
    printer: &Printer,
) -> Result<(), Failure> {
    let count = set_back::note(plan, writer, settings.sandbox).await;
    let count = count.map_err(|error| match error {
        SetBackError::Log(error) => failure::of_log(error),
        SetBackError::Write(error) => failure::of_append(
            &error,
            "make room on the disk and run the same command again; nothing was sent",
        ),
    })?;
    held::report_set_back(count, manifest, printer);
    Ok(())
}

/// What the jobs of the manifest were charged so far.
fn charged(plan: &Plan, ledger: &Ledger) -> Credits {
    finish::charged(plan.keys().filter_map(|key| ledger.job(key)))
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
fn summary_of(plan: &Plan, found: &Found, tally: &SendCounts) -> Summary {
    let counts = &plan.counts;
    Summary {
        submitted: tally.accepted,
        skipped: counts.skip + tally.taken,
        left: counts.send.saturating_sub(tally.made() + tally.taken),
        credits_estimated: tally.credits,
        more: held::to_more(found),
        ..Summary::of_rows(counts)
    }
}

fn most_to_send(plan: &Plan, args: &SubmitArgs) -> u64 {
    args.max_jobs
        .map_or(plan.counts.send, |most| most.min(plan.counts.send))
}
