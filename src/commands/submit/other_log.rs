//! Detects a manifest whose rows are in a different log from the one they are about to go into: every row
//! would be ordered again.

use std::path::Path;

use super::super::open::OpenLog;
use super::rows::PlannedRows;
use crate::engine::other_logs::{OtherLogs, Overlap, SearchScope};
use crate::engine::pending_orders::{OwnNote, Pending, PendingOrders};
use crate::exit::Failure;
use crate::jobs::Ledger;
use crate::journal::{Holder, Location, LockError};
use crate::output::{Printer, failure, words};
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::BaseUrl;

/// Refuses to order (3) what other logs hold or other runs are about to order, and notes for those what
/// this one is about to order.
pub fn refuse_or_note(
    log: &OpenLog<'_>,
    rows: &mut PlannedRows<'_>,
    base: &BaseUrl,
    printer: &Printer,
) -> Result<Option<OwnNote>, Failure> {
    let is_file = !Location::is_address(&log.path);
    let orders = is_file && rows.plan.counts.send > 0 && is_paid(log.settings);
    let pending = orders.then(|| PendingOrders::of_user(&base.to_string()));
    let Some(pending) = pending.flatten() else {
        return refuse_beside(log, rows, &[], printer).map(|()| None);
    };
    let unnoted = |error: &dyn std::fmt::Display| {
        printer.warn(format_args!(
            "what this run orders cannot be noted in {} ({error}): a run that starts at the same moment with \
             a copy of this manifest may order it as well",
            shown(pending.folder()),
        ));
    };
    let turn = match pending.turn() {
        Ok(turn) => turn,
        Err(LockError::Held { holder, .. }) => return Err(busy(holder)),
        Err(error) => {
            unnoted(&error);
            return refuse_beside(log, rows, &[], printer).map(|()| None);
        }
    };
    let own = log.writer.path();
    let others = pending.of_others(own);
    let others = others
        .inspect_err(|error| unnoted(error))
        .unwrap_or_default();
    refuse_beside(log, rows, &others, printer)?;
    let keys = rows.plan.sent().filter_map(|row| rows.plan.key_at(row));
    let note = pending.note(own, keys).inspect_err(|error| unnoted(error));
    drop(turn);
    Ok(note.ok())
}

fn busy(holder: Option<Holder>) -> Failure {
    let run = holder.map_or_else(|| "another run".to_owned(), |holder| holder.to_string());
    Failure::temporary(format!(
        "{run} is comparing its rows with other job logs, which takes long; nothing was sent"
    ))
    .help("run the same command again")
}

/// Refuses to order (3) what other logs hold: in the folders of the sheets and of the log, or elsewhere on
/// this computer where live orders went into them.
fn refuse_beside(
    log: &OpenLog<'_>,
    rows: &mut PlannedRows<'_>,
    pending: &[Pending],
    printer: &Printer,
) -> Result<(), Failure> {
    let own = escape(&log.writer.name().to_string_lossy()).into_owned();
    let ledger = &log.writer.ledger();
    match overlap(&log.path, rows, (ledger, pending), log.settings)? {
        Overlap::Most(other) => {
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
                 order and pay for the clips once more, {}",
                copies.collect::<Vec<_>>().join(", "),
                once_more(log, rows)
            )))
        }
        Overlap::Unread(other) if Location::is_address(&other) => Err(Failure::decision(format!(
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
    let found = overlap(path, rows, (ledger, &[]), settings)?;
    if let Overlap::Most(other) = &found {
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

fn warning(found: &Overlap) -> Option<String> {
    match found {
        Overlap::Some(other) => Some(format!(
            "{} of this manifest that would be ordered; if those are the same clips, stop and \
             continue with that log, with --jobs",
            holding(other),
        )),
        Overlap::Unread(path) => Some(format!(
            "{} was the last log used on this computer and cannot be read now; if these rows were ordered \
             there, stop and name it with --jobs",
            shown(path)
        )),
        Overlap::Most(_) | Overlap::None => None,
    }
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

/// `jobs.jsonl holds 2 rows`, or `a run with jobs.jsonl is ordering 2 rows`.
fn holding(other: &OtherLogs) -> String {
    let names: Vec<_> = other.paths.iter().map(|path| shown(path)).collect();
    let (names, many) = (names.join(" and "), names.len() as u64);
    let rows = words::count(other.rows, "row");
    if other.is_ordering {
        let run = words::choose(many, "a run with", "runs with");
        let is = words::choose(many, "is", "are");
        format!("{run} {names} {is} ordering {rows}")
    } else {
        let hold = words::choose(many, "holds", "hold");
        format!("{names} {hold} {rows}")
    }
}

fn overlap(
    path: &Path,
    rows: &mut PlannedRows<'_>,
    (ledger, pending): (&Ledger, &[Pending]),
    settings: &Settings,
) -> Result<Overlap, Failure> {
    let args = rows.args;
    let counts = &rows.plan.counts;
    if args.jobs.is_some() || args.allow_same_clip || counts.send == 0 || !is_paid(settings) {
        return Ok(Overlap::None);
    }
    let is_file = !Location::is_address(path);
    let known = counts.skip + counts.changed + counts.renamed;
    let mut folders = rows.inputs.folders();
    folders.extend(path.parent().filter(|_| is_file).map(Path::to_owned));
    let most = rows.most();
    let scope = SearchScope {
        log: path,
        folders: &folders,
        knows_most: known > counts.send,
        pending,
    };
    let sheets = (&mut rows.manifest, &rows.plan, most);
    let found = scope.overlap(sheets, &settings.rates);
    Ok(match found.map_err(failure::of_plan)? {
        Overlap::Unread(_) if !is_file || !ledger.is_empty() => Overlap::None,
        Overlap::Unread(log) if settings.names_a_log() && Location::is_address(&log) => {
            Overlap::None
        }
        found => found,
    })
}

/// Whether orders are paid for: nothing can be paid twice in a sandbox, or with a sandbox's key.
fn is_paid(settings: &Settings) -> bool {
    let key_is_sandbox = matches!(settings.key(), Ok(Some(key)) if key.is_sandbox());
    !settings.sandbox && !key_is_sandbox
}

/// How a person orders again although another log holds the rows.
fn once_more(log: &OpenLog<'_>, rows: &PlannedRows<'_>) -> String {
    let sheets = rows.inputs.names();
    log.commands.submit_with("--allow-same-clip", &sheets)
}

/// Holds the rows (3) where most of them are in another log of the database.
#[cfg(feature = "postgres")]
pub fn refuse(log: &OpenLog<'_>, rows: &PlannedRows<'_>, ledger: &Ledger) -> Result<(), Failure> {
    use crate::journal;

    /// Rows that are looked for.
    const SAMPLE: usize = 1000;

    let Ok(Location::Database(address)) = Location::of(&log.path) else {
        return Ok(());
    };
    if !ledger.is_empty() || rows.args.allow_same_clip || rows.plan.counts.send == 0 {
        return Ok(());
    }
    let keys: Vec<_> = rows.plan.keys().take(SAMPLE).collect();
    let found = journal::rows_elsewhere(&address, &keys).map_err(failure::of_database)?;
    let Some((name, known)) = found.filter(|(_, known)| known * 2 > keys.len() as u64) else {
        return Ok(());
    };
    Err(Failure::decision(format!(
        "the job log {} is empty, and {} of this manifest are in the log {} of the same database; \
         nothing was sent",
        escape(address.log()),
        words::count(known, "row"),
        escape(&name)
    ))
    .help(format!(
        "name that log with log={}; to order and pay for the clips once more, {}",
        escape(&name),
        once_more(log, rows)
    )))
}

/// There are no databases.
#[cfg(not(feature = "postgres"))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub fn refuse(_: &OpenLog<'_>, _: &PlannedRows<'_>, _: &Ledger) -> Result<(), Failure> {
    Ok(())
}
