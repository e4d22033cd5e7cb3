//! `download`: finished clips on disk.

mod check;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::deliver::{self, Links};
use super::failure;
use super::limits::Limits;
use super::stopped;
use super::{Ended, on_runtime, open, outputs};
use crate::cli::DownloadArgs;
use crate::engine::delivery::plan::{gather, plan};
use crate::engine::delivery::{self, Download, DownloadOptions, DownloadSummary};
use crate::engine::round::Done;
use crate::exit::{Code, Failure};
use crate::output::{Event, Printer, Progress, words};
use crate::settings::Settings;
use crate::text::escape;

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
    deliver::check_rehearsal(&writer, settings)?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    let when = deliver::when(args.when);
    let dir = &settings.download.dir;
    let bucket = deliver::bucket_of(&dir.to_string_lossy())?;
    if bucket.is_none() {
        outputs::check_folder(dir, writer.path())?;
    }
    let is_new = bucket.is_none() && !dir.exists();
    let folder = match &bucket {
        Some(_) => deliver::waiting_room(&writer),
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
    let (summary, stopped) = on_runtime(async {
        limits.start_timer();
        let links = Links::new(&writer, settings);
        links.at_hand(&mut deliveries).await?;
        let plan = plan(&deliveries, when, &writer.folder(), &dir);
        let total = plan
            .groups
            .iter()
            .map(|group| group.clips.len() as u64)
            .sum();
        let progress = Progress::new(Some(total), "fetching", printer);
        let show = |event| deliver::show(&event, &progress, printer, Event::Saved);
        let download = Download {
            options: &options,
            client: &client,
            writer: &writer,
            refresh: &links,
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
    let mut ending = deliver::ending(&summary.failures, summary.disk_failed, printer);
    ending.join(stopped);
    ending.note_if(!summary.left.is_empty(), Code::Temporary);
    let covered = |view: &_| filters.matches(view);
    let done = Done {
        own: ending,
        clips: summary.downloaded as u64,
    };
    let others = deliver::ending_of_covered(&writer, covered, filters.is_empty())?;
    let unready = deliver::unready(others, &summary.failures, &commands);
    ending.join(others);
    let elsewhere = deliver::elsewhere(&deliveries, &writer, &dir);
    let code = ending.code();
    report(
        &summary,
        &settings.download.dir,
        &dir,
        elsewhere.as_deref(),
        unready,
        code,
        printer,
    )?;
    Ok(Ended { code, done })
}

fn report(
    summary: &DownloadSummary,
    typed: &Path,
    dir: &Path,
    elsewhere: Option<&Path>,
    unready: Option<String>,
    code: Code,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    if printer.options().json {
        printer.document(&json!({
            "command": "download",
            "dir": dir.to_string_lossy(),
            "downloaded": summary.downloaded,
            "bytes": summary.bytes,
            "already": summary.already,
            "waiting": summary.waiting,
            "failed": summary.failures.len(),
            "left_to_others": summary.left.len(),
            "exit_code": code.number(),
        }))?;
        return Ok(());
    }
    let mut saved = vec![format!(
        "{} fetched into {}",
        words::count(summary.downloaded as u64, "clip"),
        escape(&typed.display().to_string())
    )];
    let there = match elsewhere {
        None => "there already".to_owned(),
        Some(file) => format!(
            "there already, in another folder too: {}",
            escape(&file.display().to_string())
        ),
    };
    for (n, what) in [
        (summary.already, &*there),
        (summary.waiting, "waiting for the rest of a listing or SKU"),
        (summary.failures.len(), "not to be had"),
    ] {
        if n > 0 {
            saved.push(format!("{n} {what}"));
        }
    }
    saved.extend(deliver::left(summary.left.len(), "fetched"));
    if summary.bytes > 0 {
        saved.push(words::bytes(summary.bytes));
    }
    saved.extend(unready);
    printer.conclude(
        format_args!("download: {}", saved.join("; ")),
        code == Code::Success,
    );
    Ok(())
}
