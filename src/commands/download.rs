//! `download`: finished clips on disk.

mod check;
mod target;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::deliver;
use super::finish::CommandEnd;
use super::limits::Limits;
use super::on_demand::ApiOnDemand;
use super::open::OpenLog;
use super::runtime::on_runtime;
use crate::cli::DownloadArgs;
use crate::clock;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::plan::plan;
use crate::engine::delivery::{self, Download, DownloadOptions, DownloadSummary, RETRY_DELAY};
use crate::exit::Code;
use crate::jobs::JobKey;
use crate::output::{self, MetricEvent, Printer, Progress};
use crate::output::{delivery::Downloaded, stopped};
use crate::settings::Settings;
use target::DownloadTarget;

pub fn run(
    args: &DownloadArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<CommandEnd> {
    run_without(args, |_| false, settings, printer).map(|(ended, _)| ended)
}

/// The same without those clips that `is_left_out`. Also returns the jobs whose clips no later run would
/// get either.
pub fn run_without(
    args: &DownloadArgs,
    is_left_out: impl Fn(&Delivery) -> bool,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<(CommandEnd, BTreeSet<JobKey>)> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let filters = args.filter.filters(clock::now());
    if args.check {
        let checked = check::run(&path, args.dir.as_deref(), &filters, settings, printer);
        return checked.map(|code| (code.into(), BTreeSet::new()));
    }
    let limits = Limits::watch(settings);
    let log = OpenLog::existing(path, "download", limits, settings, printer)?;
    let place = DownloadTarget::of(&log)?;
    let mut deliveries = deliver::gather(&log, &filters, printer)?;
    for delivery in &mut deliveries {
        delivery.is_chosen &= !is_left_out(delivery);
    }
    let summary = on_runtime(fetch(args, &place, &mut deliveries, &log, printer))?;
    place.leave();
    let mut own = stopped::ending_of(&log.limits.stop, printer, &log.commands);
    own.note_if(summary.disk_failed, Code::Io);
    own.note_if(!summary.left.is_empty(), Code::Temporary);
    let (clips, failures) = (summary.downloaded, &summary.failures);
    let end = deliver::end(&log, clips, failures, own, Some(&filters), printer)?;
    let folder = log.writer.folder();
    let elsewhere = elsewhere_than(&place.dir, &deliveries, &folder);
    let example = elsewhere.first().map(|file| file.display().to_string());
    let report = Downloaded {
        summary: &summary,
        typed: &settings.download.dir.display().to_string(),
        dir: &place.dir.to_string_lossy(),
        elsewhere: example.as_deref().map(|file| (elsewhere.len(), file)),
        cut: &delivery::cut_since(&deliveries, &folder),
        unready: end.unready,
    };
    let (code, done) = (end.code, end.done);
    if printer.options().json {
        printer.document(&report.to_json(code.number()))?;
    } else {
        let sentence = report.sentence();
        printer.conclude(format_args!("download: {sentence}"), code == Code::Success);
    }
    Ok((CommandEnd { code, done }, summary.never))
}

async fn fetch(
    args: &DownloadArgs,
    place: &DownloadTarget,
    deliveries: &mut [Delivery],
    log: &OpenLog<'_>,
    printer: &Printer,
) -> anyhow::Result<DownloadSummary> {
    let settings = &log.settings.download;
    let options = DownloadOptions {
        dir: place.folder.clone(),
        bucket: place.bucket.clone(),
        concurrency: usize::from(settings.concurrency),
        max_size: settings.max_size,
        retry_delay: RETRY_DELAY,
        here_too: args.here_too,
    };
    log.limits.start_timer();
    let api = ApiOnDemand::new(log);
    api.at_hand(deliveries).await?;
    let (when, folder) = (deliver::when(args.when), log.writer.folder());
    let plan = plan(deliveries, when, &folder, &place.dir);
    let clips = plan.groups.iter().map(|group| group.clips.len() as u64);
    let progress = Progress::new(Some(clips.sum()), "fetching", printer);
    let show = |event| output::delivery::show(&event, &progress, printer, MetricEvent::Saved);
    let download = Download {
        options: &options,
        client: &deliver::client(log.settings),
        writer: &log.writer,
        refresh: &api.links(),
        progress: &show,
        stop: &log.limits.stop,
    };
    Ok(download.run(&plan).await)
}

/// Clips that were fetched into another folder than `dir`, and are there.
fn elsewhere_than(dir: &Path, deliveries: &[Delivery], log_folder: &Path) -> Vec<PathBuf> {
    deliveries
        .iter()
        .filter(|delivery| delivery.is_completed && delivery.is_chosen)
        .filter_map(|delivery| Some(delivery.saved.as_ref()?.path(log_folder)))
        .filter(|path| !path.starts_with(dir) && path.is_file())
        .collect()
}
