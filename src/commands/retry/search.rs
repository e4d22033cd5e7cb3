//! The attempts that `retry` makes, by its options.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cli::RetryArgs;
use crate::clock;
use crate::commands::inputs::Inputs;
use crate::commands::open;
use crate::engine::dispatch::Attempt;
use crate::engine::plan::Plan;
use crate::engine::retry::{self, Clips, Retries, RetryAttempt, RetryLog};
use crate::exit::Failure;
use crate::jobs::{IdColumn, JobKey, JobView};
use crate::manifest::{LocalPhoto, RowFault};
use crate::output::{self, Commands, Printer, failure};
use crate::settings::Settings;
use crate::text::escape;

/// The attempts to be made, and the photos on this computer that a manifest names.
pub struct RetryPlan<'a> {
    pub wanted: Vec<RetryAttempt>,
    /// Whether the log does not hold what was sent for some jobs, which were named.
    pub lacks_requests: bool,
    /// Whether some get nothing because they are just being sent.
    pub is_being_sent: bool,
    pub photos: Vec<Arc<LocalPhoto>>,
    /// Jobs that get nothing, since no row asks for them.
    pub rowless: BTreeSet<JobKey>,
    /// Whether they are for listings or SKUs.
    pub column: IdColumn,
    pub retries: Retries<'a>,
}

impl RetryPlan<'_> {
    /// All of them with all that is sent and kept of them, for a few.
    pub fn attempts(&self) -> Result<Vec<Attempt>, Failure> {
        let made = self.wanted.iter().map(|one| self.retries.attempt(one));
        let made = made.filter_map(Result::transpose).collect::<Result<_, _>>();
        made.map_err(failure::of_retry)
    }
}

/// The attempts to be made: for jobs of `rows` alone, where there are such.
pub fn find<'a>(
    args: &'a RetryArgs,
    rows: Option<&'a Plan>,
    settings: &'a Settings,
    log: RetryLog<'a>,
    printer: &Printer,
    commands: &Commands,
) -> anyhow::Result<RetryPlan<'a>> {
    let (clips, photos) = read_clips(args, settings)?;
    let filter = args.filter.filters(clock::now());
    let is_meant = |view: &JobView| {
        args.id.is_empty() || args.id.iter().any(|name| retry::is_called(view, name))
    };
    let retries = Retries {
        log,
        covers: Box::new(move |view| filter.matches(view) && is_meant(view)),
        rows,
        clips,
        new_prompt: args.new_prompt.as_deref(),
        max_attempts: settings.max_attempts,
        rates: &settings.rates,
        duration_style: settings.video.duration_style,
        sandbox: settings.sandbox,
    };
    refuse_unknown_names(&args.id, log, commands)?;
    let which = args.which.choice();
    let barred = retries.barred(which, !args.id.is_empty());
    let barred = barred.map_err(failure::of_log)?;
    output::retry::barred(&barred, printer);
    let is_being_sent = barred.iter().any(|barred| barred.is_being_sent);
    if is_being_sent {
        output::retry::being_sent(printer);
    }
    let found = retries.find(which).map_err(failure::of_retry)?;
    if found.is_empty {
        let all = log.keys(|_| true).into_iter();
        let views = all.filter_map(|key| log.view(key).ok().flatten());
        open::warn_of_filters(&args.filter.filters(clock::now()), views, printer);
    }
    let has_manifest = !args.manifest.is_empty();
    let max_attempts = settings.max_attempts;
    output::retry::left_out(&found, which, has_manifest, max_attempts, printer, commands);
    Ok(RetryPlan {
        lacks_requests: !found.requestless.is_empty(),
        is_being_sent,
        wanted: found.wanted,
        photos,
        rowless: found.rowless,
        column: found.column.unwrap_or(IdColumn::Sku),
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
    let mut manifest = inputs.open(&args.reading, settings, &args.manifest_where)?;
    for row in manifest.rows().map_err(failure::of_manifest)? {
        match row {
            Ok(row) if row.is_left_out => {}
            Ok(row) => {
                photos.extend(row.photo_file);
                let clips = clips.entry(row.id).or_default();
                clips.push((row.clip, row.webhook_url));
            }
            Err(RowFault::Broken(error)) => return Err(failure::of_manifest(error).into()),
            Err(fault @ RowFault::Problems { .. }) => {
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
    names: &[String],
    log: RetryLog<'_>,
    commands: &Commands,
) -> Result<(), Failure> {
    let Some((name, near)) = log.first_unknown(names).map_err(failure::of_log)? else {
        return Ok(());
    };
    let failure = Failure::usage(format!(
        "no job, listing or SKU in the log is called {}; nothing was sent",
        escape(name)
    ));
    Err(match near {
        Some(near) => failure.help(format!("did you mean {}?", escape(&near))),
        None => failure.help(format!("`{}` lists them", commands.on_log("status", ""))),
    })
}
