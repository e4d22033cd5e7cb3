//! `download`: finished clips on disk.

mod check;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::BaseStrategy;

use super::limits::Limits;
use super::on_demand::ApiOnDemand;
use super::open::{self, Open};
use super::{Ended, deliver, on_runtime, outputs};
use crate::cli::DownloadArgs;
use crate::engine::delivery::bucket::Bucket;
use crate::engine::delivery::plan::{Delivery, plan};
use crate::engine::delivery::{self, Download, DownloadOptions, DownloadSummary, RETRY_DELAY};
use crate::exit::{Code, Failure};
use crate::journal::Writer;
use crate::output::{self, Event, Printer, Progress};
use crate::output::{delivery::Downloaded, stopped};
use crate::settings::Settings;
use crate::text::is_address;

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
    let log = Open::existing(path, "download", limits, settings, printer)?;
    let place = Place::of(&log)?;
    let mut deliveries = deliver::gather(&log, &filters, printer)?;
    let summary = on_runtime(fetch(args, &place, &mut deliveries, &log, printer))?;
    place.leave();
    let mut own = stopped::ending_of(&log.limits.stop, printer, &log.commands);
    own.note_if(summary.disk_failed, Code::Io);
    own.note_if(!summary.left.is_empty(), Code::Temporary);
    let (clips, failures) = (summary.downloaded, &summary.failures);
    let end = deliver::end(&log, clips, failures, own, Some(&filters), printer)?;
    let folder = log.writer.folder();
    let elsewhere = elsewhere_than(&place.dir, &deliveries, &folder);
    let elsewhere = elsewhere.map(|file| file.display().to_string());
    let report = Downloaded {
        summary: &summary,
        typed: &settings.download.dir.display().to_string(),
        dir: &place.dir.to_string_lossy(),
        elsewhere: elsewhere.as_deref(),
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
    Ok(Ended { code, done })
}

/// Fetches what is due.
async fn fetch(
    args: &DownloadArgs,
    place: &Place,
    deliveries: &mut [Delivery],
    log: &Open<'_>,
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
    let show = |event| output::delivery::show(&event, &progress, printer, Event::Saved);
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

/// Where clips go.
struct Place {
    /// The folder, or the bucket's address.
    dir: PathBuf,
    bucket: Option<Arc<Bucket>>,
    /// Where clips are on this computer, if only on their way to the bucket.
    folder: PathBuf,
    /// Whether the folder was made for them.
    is_new: bool,
}

impl Place {
    fn of(log: &Open<'_>) -> Result<Self, Failure> {
        let dir = &log.settings.download.dir;
        let bucket = bucket_of(&dir.to_string_lossy())?;
        let folder = if bucket.is_some() {
            waiting_room(&log.writer)
        } else {
            outputs::check_folder(dir, log.writer.path())?;
            dir.clone()
        };
        let is_new = bucket.is_none() && !dir.exists();
        let folder = delivery::prepare(&folder).map_err(|e| {
            Failure::io(format!("clips cannot be kept in {}", folder.display()))
                .because(e)
                .help("choose another folder with --dir")
        })?;
        let address = bucket
            .as_ref()
            .map(|bucket| PathBuf::from(bucket.address()));
        Ok(Self {
            dir: address.unwrap_or_else(|| folder.clone()),
            bucket: bucket.map(Arc::new),
            folder,
            is_new,
        })
    }

    /// Removes a folder into which nothing came.
    fn leave(&self) {
        if self.is_new {
            // Only an empty folder goes.
            let _ = std::fs::remove_dir(&self.dir);
        }
    }
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
fn elsewhere_than(dir: &Path, deliveries: &[Delivery], log_folder: &Path) -> Option<PathBuf> {
    deliveries
        .iter()
        .filter(|delivery| delivery.is_completed && delivery.is_chosen)
        .filter_map(|delivery| Some(delivery.saved.as_ref()?.path(log_folder)))
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
