//! A manifest whose rows stand in another log than the one that they are about to go into: every row
//! would be ordered again.

use std::path::Path;

use super::super::open::Open;
use super::rows::Rows;
use crate::engine::other_logs::{self, OtherLog, Which};
use crate::engine::plan::Plan;
use crate::exit::Failure;
use crate::jobs::Ledger;
use crate::journal::Location;
use crate::output::{Printer, failure, words};
use crate::settings::Settings;
use crate::text::escape;

/// Refuses to order (3) what another log in a folder of the sheets holds: where this one holds nothing and
/// was not chosen by hand, or where that one is a copy of it. The same for a log elsewhere on this computer
/// into which live orders went.
pub fn refuse_beside(log: &Open<'_>, rows: &mut Rows<'_>, ledger: &Ledger) -> Result<(), Failure> {
    let Some((other, which)) = beside(&log.path, rows, ledger, log.settings)? else {
        return Ok(());
    };
    let log = escape(&log.writer.name().to_string_lossy()).into_owned();
    let file = escape(&other.path.to_string_lossy()).into_owned();
    let [from, to] = [&file, &log].map(|name| words::shell_word(name));
    let go_on =
        format!("go on with that log, by --jobs {from} in every run, or add it to this one:");
    let (why, way) = match which {
        Which::All => ("is empty", go_on),
        Which::Noted => ("holds none of them", go_on),
        Which::Copies => ("does not", "add what it holds to the log:".to_owned()),
    };
    Err(Failure::decision(format!(
        "{file} holds {} of this manifest that would be ordered, and the job log {log} {why}; \
         nothing was sent",
        words::count(other.rows, "row"),
    ))
    .help(format!(
        "{way} creativeai log copy {from} {to}; if the clips are to be ordered and paid for once more, \
         add --allow-same-clip"
    )))
}

/// The same for a look: a warning.
pub fn warn_beside(
    path: &Path,
    rows: &mut Rows<'_>,
    ledger: &Ledger,
    settings: &Settings,
    printer: &Printer,
) -> Result<(), Failure> {
    if let Some((other, _)) = beside(path, rows, ledger, settings)? {
        printer.warn(format_args!(
            "{} holds {} of this manifest that would be ordered, so a real run would send none; name \
             that log with --jobs",
            escape(&other.path.to_string_lossy()),
            words::count(other.rows, "row"),
        ));
    }
    Ok(())
}

/// The other log, where there is one.
fn beside(
    path: &Path,
    rows: &mut Rows<'_>,
    ledger: &Ledger,
    settings: &Settings,
) -> Result<Option<(OtherLog, Which)>, Failure> {
    let args = rows.args;
    let counts = &rows.plan.counts;
    let sent = counts.send;
    if args.jobs.is_some() || args.allow_same_clip || settings.sandbox || sent == 0 {
        return Ok(None);
    }
    let is_file = matches!(Location::of(path), Ok(Location::File(_)));
    let in_folders = match ledger.is_empty() {
        true if !is_file || !settings.names_a_log() => Some(Which::All),
        false if is_file => Some(Which::Copies),
        _ => None,
    };
    // With a sandbox's key nothing can be paid twice.
    let is_rehearsal = || matches!(settings.key(), Ok(Some(key)) if key.is_sandbox());
    // Rows that are held for what stands in the sheet itself say nothing of this log.
    let knows_none = counts.skip + counts.changed + counts.renamed == 0;
    let noted = (knows_none && !is_rehearsal()).then_some(Which::Noted);
    let mut folders = rows.inputs.folders();
    folders.extend(path.parent().filter(|_| is_file).map(Path::to_owned));
    for which in in_folders.into_iter().chain(noted) {
        let sheets = (&mut rows.manifest, &rows.plan);
        let other = other_logs::find(&folders, path, which, sheets, &settings.rates);
        let other = other.map_err(failure::of_plan)?;
        let is_like = |other: &OtherLog| which == Which::Copies || other.rows * 2 > sent;
        if let Some(other) = other.filter(is_like) {
            return Ok(Some((other, which)));
        }
    }
    Ok(None)
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
        "the job log {} is empty, and {} of this manifest stand in the log {} of the same database; \
         nothing was sent",
        escape(address.log()),
        words::count(rows, "row"),
        escape(&name)
    ))
    .help(format!(
        "name that log with log={}; if the clips are to be ordered and paid for once more, add \
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
