//! A manifest that goes into an empty log of a database, while its rows stand in another one there:
//! the log's name is likely a slip, and every row would be ordered again.

use std::path::Path;

use crate::engine::plan::Plan;
use crate::exit::Failure;
use crate::jobs::Ledger;

/// Holds the rows (3) where most of them are in another log of the database.
#[cfg(feature = "postgres")]
pub fn refuse(
    path: &Path,
    plan: &Plan,
    ledger: &Ledger,
    allow_same_clip: bool,
) -> Result<(), Failure> {
    use crate::journal::{self, Location};
    use crate::output::failure;
    use crate::output::words;
    use crate::text::escape;

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
