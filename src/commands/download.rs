//! `download`: finished clips on disk.

mod check;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use etcetera::BaseStrategy;

use super::deliver::{self, ApiOnDemand};
use super::limits::Limits;
use super::{Ended, on_runtime, open, outputs};
use crate::cli::DownloadArgs;
use crate::engine::delivery::bucket::Bucket;
use crate::engine::delivery::plan::{Delivery, gather, plan};
use crate::engine::delivery::{self, Download, DownloadOptions};
use crate::exit::{Code, Failure};
use crate::journal::Writer;
use crate::output::{self, Event, Printer, Progress};
use crate::output::{delivery::Downloaded, failure, stopped};
use crate::settings::Settings;
use crate::text::is_address;

/// The wait before a first repeat.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Runs the command.
pub fn run(
    args: &DownloadArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Ended> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let filters = open::filters(&args.filter);
    if args.check {
        let checked = check::run(&path, args.dir.as_deref(), &filters, settings, printer);
        return checked.map(Ended::from);
    }
    let limits = Limits::watch(settings);
    let stop = &limits.stop;
    let writer = open::write_log(&path, settings, "download", &limits, printer)?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    let when = deliver::when(args.when);
    let dir = &settings.download.dir;
    let bucket = bucket_of(&dir.to_string_lossy())?;
    if bucket.is_none() {
        outputs::check_folder(dir, writer.path())?;
    }
    let is_new = bucket.is_none() && !dir.exists();
    let folder = match &bucket {
        Some(_) => waiting_room(&writer),
        None => dir.clone(),
    };
    let folder = delivery::prepare(&folder).map_err(|e| {
        Failure::io(format!("clips cannot be kept in {}", folder.display()))
            .because(e)
            .help("choose another folder with --dir")
    })?;
    let dir = match &bucket {
        Some(bucket) => PathBuf::from(bucket.address()),
        None => folder.clone(),
    };
    let mut deliveries = gather(&writer, |view| filters.matches(view)).map_err(failure::of_log)?;
    deliver::warn_of_filters(&filters, &deliveries, &writer, printer);
    let options = DownloadOptions {
        dir: folder,
        bucket: bucket.map(Arc::new),
        concurrency: usize::from(settings.download.concurrency),
        max_size: settings.download.max_size,
        retry_delay: RETRY_DELAY,
        here_too: args.here_too,
    };
    let client = deliver::client(settings);
    let (summary, mut own) = on_runtime(async {
        limits.start_timer();
        let api = ApiOnDemand::new(&writer, settings);
        api.at_hand(&mut deliveries).await?;
        let plan = plan(&deliveries, when, &writer.folder(), &dir);
        let total = plan
            .groups
            .iter()
            .map(|group| group.clips.len() as u64)
            .sum();
        let progress = Progress::new(Some(total), "fetching", printer);
        let show = |event| output::delivery::show(&event, &progress, printer, Event::Saved);
        let download = Download {
            options: &options,
            client: &client,
            writer: &writer,
            refresh: &api.links(),
            progress: &show,
            stop,
        };
        let summary = download.run(&plan).await;
        drop(progress);
        Ok((summary, stopped::ending_of(stop, printer, &commands)))
    })?;
    if is_new {
        // Only an empty folder goes.
        let _ = std::fs::remove_dir(&dir);
    }
    own.note_if(summary.disk_failed, Code::Io);
    own.note_if(!summary.left.is_empty(), Code::Temporary);
    let deliver::End {
        code,
        done,
        unready,
    } = deliver::end(
        summary.downloaded,
        &summary.failures,
        own,
        Some(&filters),
        &writer,
        &commands,
        printer,
    )?;
    let elsewhere = elsewhere_than(&deliveries, &writer, &dir);
    let elsewhere = elsewhere.map(|file| file.display().to_string());
    let report = Downloaded {
        summary: &summary,
        typed: &settings.download.dir.display().to_string(),
        dir: &dir.to_string_lossy(),
        elsewhere: elsewhere.as_deref(),
        cut: &delivery::cut_since(&deliveries, &writer.folder()),
        unready,
    };
    if printer.options().json {
        printer.document(&report.to_json(code.number()))?;
    } else {
        let sentence = report.sentence();
        printer.conclude(format_args!("download: {sentence}"), code == Code::Success);
    }
    Ok(Ended { code, done })
}

/// The bucket that `dir` names, where it is not a folder.
fn bucket_of(dir: &str) -> Result<Option<Bucket>, Failure> {
    if !is_address(dir) {
        return Ok(None);
    }
    Bucket::open(dir).map(Some).map_err(|error| {
        Failure::config(error.why).help("nothing was sent; `creativeai help download` has examples")
    })
}

/// A clip that was fetched into another folder than `dir`, and is there.
fn elsewhere_than(deliveries: &[Delivery], writer: &Writer, dir: &Path) -> Option<PathBuf> {
    let folder = writer.folder();
    deliveries
        .iter()
        .filter(|delivery| delivery.is_completed && delivery.is_chosen)
        .filter_map(|delivery| Some(delivery.saved.as_ref()?.path(&folder)))
        .find(|path| !path.starts_with(dir) && path.is_file())
}

/// Where clips wait on their way to a bucket: beside the log, or where it is in a database, among what
/// can be made again.
fn waiting_room(writer: &Writer) -> PathBuf {
    let base = etcetera::choose_base_strategy().ok();
    let cache = base.filter(|_| writer.is_shared());
    cache.map_or_else(
        || writer.folder(),
        |base| base.cache_dir().join("creativeai").join("clips"),
    )
}
