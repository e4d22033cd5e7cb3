//! Detects a manifest whose rows are in a different log from the one they are about to go into: every row
//! would be ordered again.

use std::path::{Path, PathBuf};

use super::super::open::OpenLog;
use super::rows::PlannedRows;
use crate::engine::other_logs::{OtherLogs, SearchScope};
use crate::engine::plan::Plan;
use crate::exit::Failure;
use crate::jobs::Ledger;
use crate::journal::Location;
use crate::output::{Printer, failure, words};
use crate::settings::Settings;
use crate::text::escape;

/// How other logs overlap with rows that are about to be ordered.
enum OtherLogOverlap {
    /// They hold most of the rows, or a copy of the log holds some.
    Most(OtherLogs),
    /// They hold some.
    Some(OtherLogs),
    /// This log was used last on this computer, and cannot be looked into.
    Unread(PathBuf),
    Nothing,
}

/// Refuses to order (3) what other logs hold: in the folders of the sheets and of the log, or elsewhere on
/// this computer where live orders went into them.
pub fn refuse_beside(
    log: &OpenLog<'_>,
    rows: &mut PlannedRows<'_>,
    ledger: &Ledger,
    printer: &Printer,
) -> Result<(), Failure> {
    let own = escape(&log.writer.name().to_string_lossy()).into_owned();
    match beside(&log.path, rows, ledger, log.settings)? {
        OtherLogOverlap::Most(other) => {
            let copies = other.paths.iter().map(|path| {
                let [from, to] = [shown(path), own.clone()].map(|name| words::shell_word(&name));
                format!("`creativeai log copy {from} {to}`")
            });
            let does = if ledger.is_empty() { "is empty" } else { "does not hold them" };
            Err(Failure::decision(format!(
                "{} of this manifest that would be ordered, and the job log {own} {does}; nothing was \
                 sent",
                holding(&other),
            ))
            .help(format!(
                "continue with that log, with --jobs in every run, or add what this one lacks: {}; to \
                 order and pay for the clips once more, add --allow-same-clip",
                copies.collect::<Vec<_>>().join(", ")
            )))
        }
        OtherLogOverlap::Unread(other) if Location::is_address(&other) => Err(Failure::decision(format!(
            "the job log {own} is empty, and the last orders of this computer went into {}; nothing was \
             sent",
            shown(&other)
        ))
        .help(format!(
            "continue with that log, with --jobs, CREATIVEAI_JOBS or `jobs` in creativeai.toml; to \
             start this one: --jobs {}",
            words::shell_word(&own)
        ))),
        other => {
            if let Some(warning) = warning(&other) {
                // Also with --quiet: it is about what is paid next.
                printer.say(format_args!("warning: {warning}"));
            }
            Ok(())
        }
    }
}

/// The same for a look: a warning.
pub fn warn_beside(
    path: &Path,
    rows: &mut PlannedRows<'_>,
    ledger: &Ledger,
    settings: &Settings,
    printer: &Printer,
) -> Result<(), Failure> {
    let found = beside(path, rows, ledger, settings)?;
    if let OtherLogOverlap::Most(other) = &found {
        printer.warn(format_args!(
            "{} of this manifest that would be ordered, so a real run would send none; name that log \
             with --jobs",
            holding(other),
        ));
    }
    if let Some(warning) = warning(&found) {
        printer.warn(warning);
    }
    Ok(())
}

fn warning(found: &OtherLogOverlap) -> Option<String> {
    match found {
        OtherLogOverlap::Some(other) => Some(format!(
            "{} of this manifest that would be ordered; if those are the same clips, stop and \
             continue with that log, with --jobs",
            holding(other),
        )),
        OtherLogOverlap::Unread(path) => Some(format!(
            "{} was the last log used on this computer and cannot be read now; if these rows were ordered \
             there, stop and name it with --jobs",
            shown(path)
        )),
        OtherLogOverlap::Most(_) | OtherLogOverlap::Nothing => None,
    }
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

/// `jobs.jsonl holds 2 rows`.
fn holding(other: &OtherLogs) -> String {
    let names: Vec<_> = other.paths.iter().map(|path| shown(path)).collect();
    let hold = words::choose(names.len() as u64, "holds", "hold");
    format!(
        "{} {hold} {}",
        names.join(" and "),
        words::count(other.rows, "row")
    )
}

fn beside(
    path: &Path,
    rows: &mut PlannedRows<'_>,
    ledger: &Ledger,
    settings: &Settings,
) -> Result<OtherLogOverlap, Failure> {
    let args = rows.args;
    let counts = &rows.plan.counts;
    if args.jobs.is_some() || args.allow_same_clip || settings.sandbox || counts.send == 0 {
        return Ok(OtherLogOverlap::Nothing);
    }
    // With a sandbox's key nothing can be paid twice.
    if matches!(settings.key(), Ok(Some(key)) if key.is_sandbox()) {
        return Ok(OtherLogOverlap::Nothing);
    }
    let is_file = !Location::is_address(path);
    let known = counts.skip + counts.changed + counts.renamed;
    let mut folders = rows.inputs.folders();
    folders.extend(path.parent().filter(|_| is_file).map(Path::to_owned));
    let most = rows.most();
    let around = SearchScope {
        log: path,
        folders: &folders,
        knows_most: known > counts.send,
    };
    let sheets = (&mut rows.manifest, &rows.plan, most as usize);
    let found = around.find(sheets, &settings.rates);
    let found = found.map_err(failure::of_plan)?;
    Ok(
        if found.has_copy || (found.rows > 0 && found.rows * 2 >= most) {
            OtherLogOverlap::Most(found)
        } else if found.rows > 0 {
            OtherLogOverlap::Some(found)
        } else if let Some(unread) = found.unread.filter(|_| is_file && ledger.is_empty()) {
            if settings.names_a_log() && Location::is_address(&unread) {
                OtherLogOverlap::Nothing
            } else {
                OtherLogOverlap::Unread(unread)
            }
        } else {
            OtherLogOverlap::Nothing
        },
    )
}

/// Holds the rows (3) where most of them are in another log of the database.
#[cfg(feature = "postgres")]
pub fn refuse(
    path: &Path,
    plan: &Plan,
    ledger: &Ledger,
    allow_same_clip: bool,
) -> Result<(), Failure> {
    use crate::journal;

    /// Rows that are looked for.
    const SAMPLE: usize = 1000;

    let Ok(Location::Database(address)) = Location::of(path) else {
        return Ok(());
    };
    if !ledger.is_empty() || allow_same_clip || plan.counts.send == 0 {
        return Ok(());
    }
    let keys: Vec<_> = plan.keys().take(SAMPLE).collect();
    let found = journal::rows_elsewhere(&address, &keys).map_err(failure::of_database)?;
    let Some((name, rows)) = found.filter(|(_, rows)| rows * 2 > keys.len() as u64) else {
        return Ok(());
    };
    Err(Failure::decision(format!(
        "the job log {} is empty, and {} of this manifest are in the log {} of the same database; \
         nothing was sent",
        escape(address.log()),
        words::count(rows, "row"),
        escape(&name)
    ))
    .help(format!(
        "name that log with log={}; to order and pay for the clips once more, add \
         --allow-same-clip",
        escape(&name)
    )))
}

/// There are no databases.
#[cfg(not(feature = "postgres"))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub fn refuse(_: &Path, _: &Plan, _: &Ledger, _: bool) -> Result<(), Failure> {
    Ok(())
}
