//! `review`: a person looks at clips before they go out.

mod desk;
mod page;
mod sheet;
mod shelf;

use std::path::Path;

use crate::cli::{ReviewArgs, Way};
use crate::clock;
use crate::disk;
use crate::engine::review::{self, ReviewError, Verdict};
use crate::exit::{Code, Failure};
use crate::journal::{JobLog, Writer};
use crate::manifest::Options;
use crate::output::{Printer, damage, failure};
use crate::settings::Settings;

/// Reads a log to look at it, and says what is wrong with it.
fn read_log(path: &Path, settings: &Settings, printer: &Printer) -> Result<JobLog, Failure> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    failure::warn_of_mismatch(&log, printer);
    damage::warn_of_damage(log.damage(), path, printer);
    Ok(log)
}

/// Writes verdicts down; how many were new. `next` is the step where the disk is full.
fn write_down(verdicts: &[Verdict], writer: &Writer, next: &str) -> Result<usize, Failure> {
    let by = disk::user_and_host();
    review::write_down(verdicts, writer, &by, writer.now()).map_err(|error| match error {
        ReviewError::Read(error) => failure::of_log(error),
        ReviewError::Write(error) => failure::of_append(&error, next),
    })
}

/// Runs the command.
pub fn run(args: &ReviewArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let filters = args.filter.filters(clock::now());
    match args.way() {
        Way::Csv => sheet::write(&path, &filters, settings, printer),
        Way::From(file) if filters.is_empty() => {
            let options = Options {
                encoding: args.encoding.map(|encoding| encoding.name().to_owned()),
                delimiter: args.delimiter,
                ..Options::default()
            };
            sheet::read(file, &options, &path, settings, printer)
        }
        Way::From(_) => Err(Failure::usage(
            "--where and --since choose what is shown, and --from takes in what was filled in",
        )
        .into()),
        Way::Page => page::run(args, &path, &filters, settings, printer),
    }
}
