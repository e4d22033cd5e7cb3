//! What `report` is asked for.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::commands::outputs;
use crate::engine::filter::Filters;
use crate::journal::JobLog;
use crate::output::report::Rules;
use crate::output::{Commands, Wording};

/// Where the page goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Not given: `report.html`; a rehearsal's page has a name of its own, so that it never
    /// takes the place of a real one.
    Usual {
        /// Whether it is known to be a rehearsal's before the log is read.
        rehearsal: bool,
    },
    File(PathBuf),
    /// Standard output.
    Stdout,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct ReportArgs {
    /// Where the page goes.
    pub output: Output,
    /// Which jobs.
    pub filters: Filters,
    /// How commands that are shown name the log.
    pub commands: Commands,
    /// The same where the log turns out to be a rehearsal's.
    pub rehearsal: Commands,
    /// The present.
    pub now: Timestamp,
    /// Whether page, clips and photos go into one archive.
    pub bundle: bool,
    /// The listings of a page for those who buy.
    pub public: Option<Public>,
    /// The words for an audience.
    pub wording: Option<Wording>,
    /// Whether a browser shows it.
    pub open: bool,
}

impl ReportArgs {
    /// The file of a page, where one can be written there; `None` for standard output.
    pub fn file(&self, log: &JobLog, name: &str) -> anyhow::Result<Option<PathBuf>> {
        let (ending, kind) = if self.bundle {
            ("zip", outputs::ARCHIVE)
        } else {
            ("html", outputs::PAGE)
        };
        let file = match &self.output {
            Output::Usual { rehearsal } if *rehearsal || log.ledger().is_rehearsal() => {
                PathBuf::from(format!("sandbox-{name}.{ending}"))
            }
            Output::Usual { .. } => PathBuf::from(format!("{name}.{ending}")),
            Output::File(file) => file.clone(),
            Output::Stdout => return Ok(None),
        };
        kind.check(&file, Some(log.path()))?;
        Ok(Some(file))
    }
}

/// What a public page is to show and say.
#[derive(Clone, Debug)]
pub struct Public {
    /// Listings or SKUs.
    pub listings: Vec<String>,
    pub statement: String,
    pub rules: Rules,
    pub originals: Option<String>,
}
