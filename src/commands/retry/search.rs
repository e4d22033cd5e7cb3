//! Finds the attempts that `retry` makes, and says what is left alone, and why.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cli::{Retry, RetryArgs};
use crate::commands::failure;
use crate::commands::inputs::{Inputs, manifest_failure};
use crate::commands::open;
use crate::commands::submit::conditions;
use crate::engine::dispatch::Attempt;
use crate::engine::retry::{self, Clips, Log, Retries, Wanted};
use crate::exit::Failure;
use crate::jobs::{Bar, JobState, JobView, Status};
use crate::manifest::{LocalPhoto, RowFault};
use crate::output::{Commands, Printer, words};
use crate::settings::Settings;
use crate::text::{escape, suggest};

/// The attempts to be made, and the photos on this computer that a manifest names.
pub struct Found<'a> {
    pub wanted: Vec<Wanted>,
    pub photos: Vec<Arc<LocalPhoto>>,
    retries: Retries<'a>,
}

impl Found<'_> {
    /// An attempt with all that is sent and kept of it, read from the log once more.
    pub fn attempt(&self, wanted: &Wanted) -> Result<Option<Attempt>, Failure> {
        self.retries.attempt(wanted).map_err(failure::of_retry)
    }

    /// All of them, for a few.
    pub fn attempts(&self) -> Result<Vec<Attempt>, Failure> {
        let made = self.wanted.iter().map(|wanted| self.attempt(wanted));
        made.filter_map(Result::transpose).collect()
    }
}

/// The attempts to be made.
pub fn find<'a>(
    args: &'a RetryArgs,
    settings: &'a Settings,
    log: Log<'a>,
    printer: &Printer,
    commands: &Commands,
) -> anyhow::Result<Found<'a>> {
    let (clips, photos) = read_clips(args, settings)?;
    let filter = open::filters(&args.filter);
    let retries = Retries {
        log,
        covers: Box::new(move |view| filter.matches(view) && is_named(args, view)),
        clips,
        new_prompt: args.new_prompt.as_deref(),
        max_attempts: settings.max_attempts,
        rates: &settings.rates,
        duration_style: settings.video.duration_style,
        sandbox: settings.sandbox,
    };
    refuse_unknown_names(args, log, commands)?;
    let which = args.which.choice();
    let may_get_one = match which {
        Retry::Failed => JobState::may_be_retried,
        Retry::Rejected => JobState::may_be_replaced,
        Retry::Unknown => JobState::may_be_resent,
    };
    let is_wanted = |job: &JobState| job.is_counted() && may_get_one(job);
    let found = if which == Retry::Unknown {
        let has_doubt = |job: &JobState| job.attempts().any(|a| a.status() == Status::Unknown);
        let barred = |job: &JobState| job.is_counted() && has_doubt(job) && !is_wanted(job);
        report_barred(&retries, barred, printer)?;
        retries.in_doubt()
    } else {
        if !args.id.is_empty() {
            report_barred(&retries, |job| !is_wanted(job), printer)?;
        }
        retries.new_attempts(may_get_one)
    };
    let found = found.map_err(failure::of_retry)?;
    if found.is_empty {
        let all = log.keys(|_| true).into_iter();
        let views = all.filter_map(|key| log.view(key).ok().flatten());
        open::warn_of_filters(&open::filters(&args.filter), views, printer);
    }
    report_left_out(&found, args, settings, printer, commands);
    Ok(Found {
        wanted: found.wanted,
        photos,
        retries,
    })
}

fn read_clips(
    args: &RetryArgs,
    settings: &Settings,
) -> anyhow::Result<(Clips, Vec<Arc<LocalPhoto>>)> {
    let (mut clips, mut photos) = (Clips::new(), Vec::new());
    if args.manifest.is_empty() {
        return Ok((clips, photos));
    }
    let inputs = Inputs::fetch_now(&args.manifest, settings)?;
    let mut manifest = inputs.open(&args.reading, settings, conditions(&args.manifest_where))?;
    for row in manifest.rows().map_err(manifest_failure)? {
        match row {
            Ok(row) if row.is_left_out => {}
            Ok(row) => {
                photos.extend(row.photo_file);
                let clips = clips.entry(row.id).or_default();
                clips.push((row.clip, row.webhook_url));
            }
            Err(RowFault::Broken(error)) => return Err(manifest_failure(error).into()),
            Err(fault @ RowFault::Problems(_)) => {
                return Err(Failure::data(fault.to_string())
                    .help("correct the row and run the same command again; nothing was sent")
                    .into());
            }
        }
    }
    Ok((clips, photos))
}

/// Refuses an --id that no job has: what was meant would stay as it is, and no one would know.
fn refuse_unknown_names(
    args: &RetryArgs,
    log: Log<'_>,
    commands: &Commands,
) -> Result<(), Failure> {
    let mut missing: Vec<&String> = args.id.iter().collect();
    let mut known = BTreeSet::new();
    let keys = if missing.is_empty() {
        Vec::new()
    } else {
        log.keys(|_| true)
    };
    for key in keys {
        let Some(view) = log.view(key).map_err(failure::of_log)? else {
            continue;
        };
        let id = view.id().map(|(_, id)| id.to_owned());
        missing.retain(|name| **name != key.to_string() && id.as_ref() != Some(*name));
        if missing.is_empty() {
            break;
        }
        known.extend(id);
    }
    let Some(name) = missing.first() else {
        return Ok(());
    };
    let near = suggest::nearest(name, known.iter().map(String::as_str));
    let failure = Failure::usage(format!(
        "no job, listing or SKU in the log is called {}; nothing was sent",
        escape(name)
    ));
    Err(match near {
        Some(near) => failure.help(format!("did you mean {}?", escape(near))),
        None => failure.help(format!("`{}` lists them", commands.on_log("status", ""))),
    })
}

/// Whether --id lets a job through.
fn is_named(args: &RetryArgs, view: &JobView) -> bool {
    let key = view.key().to_string();
    let id = view.id().map(|(_, id)| id);
    let is_it = |name: &String| *name == key || Some(name.as_str()) == id;
    args.id.is_empty() || args.id.iter().any(is_it)
}

/// Says why nothing is sent for jobs of these that --id and --where let through.
fn report_barred(
    retries: &Retries<'_>,
    barred: impl Fn(&JobState) -> bool,
    printer: &Printer,
) -> Result<(), Failure> {
    for key in retries.log.keys(barred) {
        let view = retries.log.view(key).map_err(failure::of_log)?;
        let Some(view) = view.filter(&retries.covers) else {
            continue;
        };
        let why = match view.state.bar() {
            _ if view.state.is_superseded() => "an edited row replaced it",
            Some(Bar::InDoubt) if view.state.has_attempt_under_way() => Bar::UnderWay.as_str(),
            Some(bar) => bar.as_str(),
            None => continue,
        };
        let id = view
            .id()
            .map_or_else(String::new, |(_, id)| format!("{} ", escape(id)));
        printer.warn(format_args!("{id}job {key}: nothing is sent, since {why}"));
    }
    Ok(())
}

/// Says which jobs get no attempt, although they might.
fn report_left_out(
    found: &retry::Found,
    args: &RetryArgs,
    settings: &Settings,
    printer: &Printer,
    commands: &Commands,
) {
    let ids = &found.requestless;
    let named = ids.join(", ");
    let named = escape(&named);
    if !ids.is_empty() && args.which.choice() == Retry::Unknown {
        printer.warn(format_args!(
            "the log does not hold what was sent for {named}; `{}` shows how to settle {}",
            commands.on_log("status", ""),
            if ids.len() == 1 { "it" } else { "them" },
        ));
    } else if !ids.is_empty() {
        let why = if args.manifest.is_empty() {
            "so name the spreadsheet with --manifest FILE for"
        } else {
            "and the manifest has no row, or several, for"
        };
        printer.warn(format_args!(
            "the log does not hold what was sent for {}, {why} {named}; nothing was sent for {0}",
            words::count(ids.len() as u64, "job"),
        ));
    }
    if found.exhausted > 0 {
        let text = format!(
            "{} {} left alone after {}: nothing more was sent; --max-attempts N allows more",
            words::count(found.exhausted, "job"),
            if found.exhausted == 1 { "is" } else { "are" },
            words::count(u64::from(settings.max_attempts), "attempt"),
        );
        if printer.is_step() {
            // A round says it once, when the last attempt has failed.
            printer.detail(text);
        } else {
            printer.warn(text);
        }
    }
}
