//! Rounds by a schedule, until a signal.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Zoned;
use tokio::time::Instant;

use super::Tour;
use crate::cli::RunArgs;
use crate::commands::stopped;
use crate::commands::{on_one_thread, signals};
use crate::engine::round::{Schedule, Seen, Watch};
use crate::engine::stop::Stop;
use crate::exit::{self, Code, Failure};
use crate::output::Printer;
use crate::settings::Settings;
use crate::text::escape;

/// How often what is watched is looked at. Looking works on every drive and every system; their
/// notices of changes do not.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A wait is cut in pieces, after each of which the computer's clock is asked: it may have been set,
/// or the computer may have slept.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Runs rounds until a signal, which the exit code says, as of `listen`.
pub fn run(
    schedule: &Schedule,
    args: &RunArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let stop = Stop::default();
    signals::watch(&stop);
    let mut watch = args.watch.as_deref().map(|path| Watch::new(look(path)));
    let mut began = Zoned::now();
    let mut is_due = schedule.begins_now();
    let mut is_first = true;
    while !stop.is_set() {
        if is_due {
            began = Zoned::now();
            round(&of_this_round(args), settings, is_first, printer)?;
            is_first = false;
        }
        if stop.is_set() {
            break;
        }
        if let (Some(watch), Some(path)) = (&mut watch, args.watch.as_deref()) {
            printer.note(format_args!(
                "watching {}; stop it with Ctrl-C",
                escape(&path.display().to_string())
            ));
            on_one_thread(async {
                until_changed(watch, path, &stop).await;
                Ok(())
            })?;
        } else {
            let next = schedule.next(&began, &Zoned::now());
            let next = next.ok_or_else(|| Failure::usage("no further round can begin"))?;
            printer.note(format_args!(
                "the next round begins at {}; stop it with Ctrl-C",
                next.strftime("%Y-%m-%d %H:%M:%S")
            ));
            on_one_thread(async {
                until(&next, &stop).await;
                Ok(())
            })?;
        }
        is_due = true;
    }
    Ok(stopped::ending_of_server(&stop).code())
}

/// What was typed, with the spreadsheets that are there now where only a place for them was named.
fn of_this_round(args: &RunArgs) -> RunArgs {
    let mut args = args.clone();
    if let (true, Some(path)) = (args.manifests.is_empty(), args.watch.as_deref()) {
        args.manifests = look(path).into_iter().map(|(sheet, ..)| sheet).collect();
    }
    args
}

/// One of many: the next round is tried after one that fails, but the first shows whether
/// the settings are right at all.
fn round(
    args: &RunArgs,
    settings: &Settings,
    is_first: bool,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let (code, error) = match Tour::new(args, settings).round(printer) {
        Ok(code) => (code, None),
        Err(error) => (exit::code_of(&error), Some(error)),
    };
    printer.settle(code == Code::Success);
    if is_first && matches!(code, Code::Config | Code::Usage) {
        let why = "the first round could not be made, so no other is waited for";
        return Err(error.unwrap_or_else(|| Failure::new(code, why).into()));
    }
    if let Some(error) = error {
        printer.error(exit::describe(&error, |step| settings.typed.repeat_in(step)).trim_end());
    }
    Ok(())
}

/// Returns at `next`, or when the process is to stop.
async fn until(next: &Zoned, stop: &Stop) {
    loop {
        let left = Zoned::now().duration_until(next);
        let Ok(left) = Duration::try_from(left) else {
            return;
        };
        if left.is_zero() {
            return;
        }
        let sleep = tokio::time::sleep(left.min(LONGEST_SLEEP));
        if stop.or(sleep).await.is_none() {
            return;
        }
    }
}

/// Returns once a round is due because of what `path` holds, or when the process is to stop.
async fn until_changed(watch: &mut Watch, path: &Path, stop: &Stop) {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    while stop.or(ticks.tick()).await.is_some() {
        if watch.see(look(path), start.elapsed()) {
            return;
        }
    }
}

/// Files of a folder that are taken for spreadsheets, by their endings.
const SHEETS: [&str; 6] = ["csv", "tsv", "xlsx", "xlsm", "xls", "ods"];

/// What is there now: a spreadsheet, or every spreadsheet of a folder. Whatever else is in it, the log
/// and the clips perhaps, is not a reason for a round.
fn look(path: &Path) -> Seen {
    let of_file = |path: &Path| {
        let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some((path.to_owned(), meta.len(), meta.modified().ok()))
    };
    let Ok(folder) = fs::read_dir(path) else {
        return of_file(path).into_iter().collect();
    };
    let is_sheet = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        // Programs that have a sheet open leave a file beside it that begins so.
        let is_whole = !name.starts_with(['.', '~']);
        is_whole
            && SHEETS
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
    };
    let files = folder.flatten().map(|entry| entry.path());
    let mut seen: Seen = files
        .filter(|path| is_sheet(path))
        .filter_map(|path| of_file(&path))
        .collect();
    seen.sort();
    seen
}
