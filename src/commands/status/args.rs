//! What `status` is asked for.

use jiff::Timestamp;

use crate::disk::path_from_here;
use crate::engine::filter::Filters;
use crate::journal::JobLog;
use crate::output::{self, Commands, Printer, Wording};

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// All jobs, grouped by listing or SKU.
    Table,
    /// All jobs in the words of an audience.
    Audience(Wording),
    /// Counts and money.
    Summary,
    /// The jobs that a job's key, a generation id, a listing or a SKU means, in full.
    One(String),
    /// A row for each job.
    Csv(output::Dialect),
    /// Money alone.
    Money {
        /// The column whose values make groups.
        by: Option<String>,
        /// When what counts was ordered at the earliest.
        since: Option<Timestamp>,
        /// For a spreadsheet.
        csv: bool,
    },
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct StatusArgs {
    /// What to show.
    pub show: Show,
    /// Which jobs.
    pub filters: Filters,
    /// As JSON.
    pub json: bool,
    /// How commands that are shown name the log.
    pub commands: Commands,
    /// The same where the log turns out to be a rehearsal's.
    pub rehearsal: Commands,
    /// The present.
    pub now: Timestamp,
}

/// Says kindly that there is nothing to show.
pub fn nothing(args: &StatusArgs, log: &JobLog, printer: &Printer) {
    let doubt = if log.ledger().is_empty() {
        None
    } else {
        args.filters.doubt(log.views().flatten())
    };
    let name = path_from_here(log.name()).display().to_string();
    let asked = args.filters.text();
    output::nothing(&name, log.ledger(), &asked, doubt, &args.commands, printer);
}
