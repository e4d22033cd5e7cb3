//! `submit`: a clip for every row of a manifest that has none yet.

mod batch;
mod canary;
mod held;
mod other_log;

use std::path::Path;

use batch::Batch;
use held::HeldReport;

use serde_json::{Value, json};

use super::caps;
use super::inputs::{Inputs, manifest_failure};
use super::limits::Limits;
use super::open::{self, Api};
use super::photos;
use super::poll::Poller;
use super::{Ended, damage};
use crate::cli::SubmitArgs;
use crate::commands::dry_run;
use crate::commands::failure;
use crate::commands::finish;
use crate::commands::stopped;
use crate::engine::dispatch::Tally;
use crate::engine::photos::Placed;
use crate::engine::plan::{self, Allowed, Decision, Found, Held, MOST_LISTED, Plan, PlanError};
use crate::engine::stop::Stop;
use crate::engine::submit::{photos_to_send, planned};
use crate::exit::{Code, Failure};
use crate::jobs::{Credits, Ledger};
use crate::journal::{JobLog, LogError, Writer, remembered_of_absent};
use crate::manifest::{Condition, Manifest, Problem, RowFault};
use crate::output::{Printer, Summary, Tally as Tallied, words};
use crate::settings::Settings;
use crate::settings::values::Pair;
use crate::text::escape;

/// Mistakes of a manifest that are reported one by one; further ones are counted.
const MOST_PROBLEMS: u64 = 100;

/// Runs the command.
pub async fn run(
    args: &SubmitArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Ended> {
    let mut inputs = Inputs::fetch(&args.manifests, settings).await?;
    let mut manifest = inputs.open(&args.reading, settings, conditions(&args.rows))?;
    let path = settings.jobs_path(args.jobs.as_deref(), inputs.first_file());
    let (mut plan, invalid_rows) = read(&mut manifest, &path, args, settings, printer)?;
    if args.dry_run {
        return dry_run(
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
    caps::refuse_on_databases(&path, settings)?;
    let api = Api::open(settings).await?;
    let ledger = || new_ledger(args, settings);
    let writer = open::open_to_send(&path, ledger, settings, "submit", &limits, printer)?;
    open::check_mixing(&writer, settings, &api.base)?;
    open::refuse_unrecovered(&writer, &path, settings)?;
    damage::settle(&writer, args.accept_damage, settings, printer).await?;
    let found = decide(args, &path, &mut manifest, &mut plan, &writer)?;
    let charged_before = charged(&plan, &writer.ledger());
    inputs.keep(&path, printer)?;
    announce(args, &manifest, &plan, (&path, writer.is_new()), printer);
    let concurrency = settings.network.concurrency_for(manifest.id_column());
    let throttle = open::throttle(settings, concurrency, limits.deadline);
    let commands = open::commands(&path, &writer.ledger(), settings);
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
    let batch = Batch {
        args,
        settings,
        plan: &plan,
        api: &api,
        writer: &writer,
        throttle: &throttle,
        stop,
        photos: &photos,
        commands: &commands,
        printer,
        concurrency,
    };
    let (sent, canary) = batch.run(&mut manifest).await?;
    let tally = sent.tally;
    let goes_on = canary.as_ref().is_none_or(|canary| canary.goes_on);
    let mut ending = sent.ending;
    if args.wait && goes_on && !stop.is_set() {
        let poller = Poller::new(&api, &writer, stop, settings, printer, concurrency);
        ending.join(poller.wait(|job| plan.covers(job)).await?);
    }
    ending.join(stopped::ending_of(stop, printer, &commands));
    open::look_at_others(&writer, printer).await;
    ending.note_if(tally.later > 0, Code::Temporary);
    ending.note_if(!goes_on, Code::Decision);
    ending.note_if(plan.counts.held() > 0, Code::Decision);
    let mut summary = summary_of(&plan, &found, &tally);
    let more = std::iter::once(invalid(invalid_rows)).chain(left_out(args, &plan));
    summary.more.extend(more.chain(payer));
    summary.more.extend(canary.map(|canary| canary.to_json()));
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
    let local = photos_to_send(plan, manifest, most).map_err(manifest_failure)?;
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
        plan::decide(manifest, plan, log, allowed(args), MOST_LISTED).map_err(plan_failure)?;
    writer.expect_rows(plan.all_keys());
    other_log::refuse(path, plan, &ledger, args.allow_same_clip)?;
    if plan.counts.send > 0 || args.wait {
        writer.check_form().map_err(failure::of_log)?;
    }
    Ok(found)
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
fn summary_of(plan: &Plan, found: &Found, tally: &Tally) -> Summary {
    let counts = &plan.counts;
    Summary {
        submitted: tally.accepted,
        skipped: counts.skip + tally.taken,
        duplicates: counts.duplicate,
        changed: counts.changed,
        renamed: counts.renamed,
        same_clip: counts.same_clip,
        invalid: counts.invalid,
        left: counts.send.saturating_sub(tally.begun + tally.taken),
        credits_estimated: tally.credits,
        more: held::to_more(found),
        ..Summary::new("submit")
    }
}

/// What is wrong with rows, as a field of the summary for programs.
fn invalid(rows: Vec<Value>) -> (String, Value) {
    ("invalid_rows".to_owned(), rows.into())
}

/// Which rows are meant.
pub fn conditions(pairs: &[Pair]) -> Vec<Condition> {
    let pairs = pairs.iter();
    pairs
        .map(|pair| Condition {
            column: pair.name.clone(),
            value: pair.value.clone(),
        })
        .collect()
}

/// How many rows `--where` has left out, as a field of the summary for programs.
fn left_out(args: &SubmitArgs, plan: &Plan) -> Option<(String, Value)> {
    let count = plan.counts.left_out;
    (!args.rows.is_empty()).then(|| ("left_out".to_owned(), count.into()))
}

/// Says how many rows `--where` has left out.
fn report_left_out(args: &SubmitArgs, plan: &Plan, printer: &Printer) {
    if args.rows.is_empty() {
        return;
    }
    let texts: Vec<String> = args
        .rows
        .iter()
        .map(|pair| format!("{}={}", pair.name, pair.value))
        .collect();
    let texts = texts.join(" and ");
    let left_out = plan.counts.left_out;
    if plan.keys().next().is_none() && left_out > 0 {
        printer.warn(format_args!("no row has {}", escape(&texts)));
    } else if left_out > 0 {
        printer.note(format_args!(
            "{} without {} left out",
            words::count(left_out, "row"),
            escape(&texts)
        ));
    }
}

/// The rows of a manifest that seem to be renamed: their clips were ordered under ids that are no
/// longer in it. Rows with mistakes are left out.
pub fn renamed_rows(
    manifest: &mut Manifest,
    settings: &Settings,
    path: &Path,
    ledger: &Ledger,
) -> Result<Vec<Held>, Failure> {
    let mut plan = Plan::of(manifest, &settings.rates).map_err(manifest_failure)?;
    let (log, allowed) = (Some((path, ledger)), Allowed::default());
    let found =
        plan::decide(manifest, &mut plan, log, allowed, usize::MAX).map_err(plan_failure)?;
    let renamed = found.held.into_iter();
    Ok(renamed
        .filter(|held| held.reason == Decision::Renamed)
        .collect())
}

fn allowed(args: &SubmitArgs) -> Allowed {
    Allowed {
        changed: args.resubmit_changed,
        same_clip: args.allow_same_clip,
    }
}

fn most_to_send(plan: &Plan, args: &SubmitArgs) -> u64 {
    args.max_jobs
        .map_or(plan.counts.send, |most| most.min(plan.counts.send))
}

/// Reports where everything goes, before anything is sent.
fn announce(
    args: &SubmitArgs,
    manifest: &Manifest,
    plan: &Plan,
    (log, is_new): (&Path, bool),
    printer: &Printer,
) {
    if plan.is_empty() {
        printer.warn(format_args!("{} has no rows", manifest.name()));
    }
    let log = log.display().to_string();
    if is_new {
        printer.note(format_args!("new job log: {}", escape(&log)));
    }
    if manifest.has_several_files() {
        printer.note(format_args!(
            "all of them have one job log: {}",
            escape(&log)
        ));
    }
    report_left_out(args, plan, printer);
}

/// Why nothing was decided, as the end of the run.
fn plan_failure(error: PlanError) -> Failure {
    match error {
        PlanError::Manifest(error) => manifest_failure(error),
        PlanError::Log(error) => failure::of_log(error),
    }
}

/// A plan without a row.
fn plan_for(args: &SubmitArgs, log: &Path) -> Plan {
    let plan = if args.dry_run {
        Plan::with_shares()
    } else {
        Plan::default()
    };
    if log.exists() {
        plan
    } else {
        plan.without_log()
    }
}

/// The first pass: every row is checked before anything is sent. Also gives what is wrong with rows
/// that are left out, where a JSON document will hold it.
fn read(
    manifest: &mut Manifest,
    log: &Path,
    args: &SubmitArgs,
    settings: &Settings,
    printer: &Printer,
) -> Result<(Plan, Vec<Value>), Failure> {
    let mut plan = plan_for(args, log);
    let mut invalid_rows = Vec::new();
    let (mut problems, mut rows) = (0u64, 0u64);
    let name = manifest.name().to_owned();
    for (file, note) in manifest.notes() {
        printer.note(format_args!("{}: {note}", escape(file)));
    }
    for (file, doubt) in manifest.doubts() {
        printer.warn(format_args!("{}: {doubt}", escape(file)));
    }
    for row in manifest.rows().map_err(manifest_failure)? {
        match row {
            Ok(row) => {
                if let Some(first) = plan.note(&row, &settings.rates) {
                    printer.warn(format_args!(
                        "{}:{}: the same row as {}; it is sent once. For a second clip of the \
                         same photo, fill in the column variant",
                        escape(&row.file),
                        row.line,
                        held::told(&first, first.file != row.file)
                    ));
                }
            }
            Err(RowFault::Problems(found)) => {
                rows += 1;
                for problem in found {
                    problems += 1;
                    if printer.voice().json {
                        invalid_rows.push(invalid_row(&problem));
                    }
                    if problems <= MOST_PROBLEMS && args.skip_invalid {
                        printer.warn(problem);
                    } else if problems <= MOST_PROBLEMS {
                        printer.error(problem);
                    }
                }
                plan.note_invalid();
            }
            Err(RowFault::Broken(error)) => return Err(manifest_failure(error)),
        }
    }
    if problems > MOST_PROBLEMS {
        printer.warn(format_args!("and {} more", problems - MOST_PROBLEMS));
    }
    if rows > 0 && !args.skip_invalid && !args.dry_run {
        return Err(Failure::data(format!(
            "{} of {} cannot be sent, so none was",
            words::count(rows, "row"),
            escape(&name)
        ))
        .help(format!(
            "correct {0} and run the same command again, or leave {0} out with --skip-invalid",
            if rows == 1 { "it" } else { "them" }
        ))
        .counting("invalid", rows)
        .field("invalid_rows", invalid_rows.into()));
    }
    Ok((plan, invalid_rows))
}

/// A mistake of a row as an object of the JSON document.
fn invalid_row(problem: &Problem) -> Value {
    let column = problem.column.as_ref();
    json!({
        "manifest": &*problem.file,
        "line": problem.line,
        "column": column.map(|column| &column.header),
        "column_number": column.map(|column| column.number),
        "cell": problem.cell,
        "reason": problem.message,
        "help": problem.help,
    })
}

/// What the caps let through of the rows that would be sent.
fn preview_caps(
    args: &SubmitArgs,
    settings: &Settings,
    manifest: &mut Manifest,
    plan: &Plan,
    log: Option<&JobLog>,
) -> Result<Vec<(String, Value)>, Failure> {
    let limits = caps::of_log(args.max_credits, settings, log)?;
    if limits.is_empty() {
        return Ok(Vec::new());
    }
    let style = settings.video.duration_style;
    let rows = planned(plan, manifest, &settings.rates, style);
    Ok(caps::preview(&limits, rows.map_err(manifest_failure)?))
}

fn dry_run(
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
    let found =
        plan::decide(manifest, plan, known, allowed(args), MOST_LISTED).map_err(plan_failure)?;
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
    dry_run::dry_run(
        dry_run::DryRun {
            manifest: manifest.name(),
            carried: manifest.carried_columns(),
            counts: &counts,
            states: Tallied::of(jobs),
            id_column: manifest.id_column(),
            shares: &plan.shares(),
            invalid_rows,
            more: held::to_more(&found)
                .into_iter()
                .chain(left_out(args, plan))
                .collect(),
            caps,
            code,
        },
        settings,
        printer,
    )?;
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
