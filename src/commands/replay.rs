//! `reconcile --replay`: what captured webhooks add to the log. No network, unless what they cannot
//! prove is to be confirmed.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::open::OpenLog;
use crate::engine::ingest::IngestError;
use crate::engine::replay::{CaptureLocation, ReplayEvent, replay};
use crate::exit::{Code, Ending, Failure};
use crate::jobs::JobKey;
use crate::output::{Printer, ReplayReport, Replayed, failure};
use crate::webhook::VerifyKeys;

/// Replays everything in `paths`. Gives the captures by what became of them, and the jobs of this log
/// with captures that prove nothing.
pub fn run(
    paths: &[PathBuf],
    log: &OpenLog<'_>,
    printer: &Printer,
) -> anyhow::Result<(Replayed, HashSet<JobKey>)> {
    let keys = VerifyKeys::new(&log.settings.verification_keys()?);
    if keys.is_empty() {
        printer.warn(
            "no key can verify captures, so none can be applied; set CREATIVEAI_API_KEY, or \
             CREATIVEAI_VERIFY_KEYS for keys that may only verify",
        );
    }
    if let Some(path) = paths.iter().find(|path| is_job_log(path)) {
        let path = path.display();
        return Err(Failure::usage(format!(
            "{path} is a job log, not a file of captures; nothing was replayed"
        ))
        .help("--replay takes the paths that follow it as captures: name the log before it, or in CREATIVEAI_JOBS")
        .into());
    }
    let mut reporter = ReplayReport::new(&log.writer, printer);
    let report =
        |place: CaptureLocation<'_>, event: ReplayEvent<'_>| reporter.report(place, &event);
    let doubtful = replay(paths, std::io::stdin(), &keys, log.observer(), report);
    let doubtful = doubtful.map_err(|error| match error.downcast::<IngestError>() {
        Ok(error) => failure::of_ingest(error),
        Err(error) => Failure::io(format!("{error:#}"))
            .help("check the path after --replay; nothing was replayed"),
    })?;
    Ok((reporter.finish(), doubtful))
}

/// Whether a file begins with a line of a job log, which no capture looks like.
fn is_job_log(path: &Path) -> bool {
    let is_file = path.is_file();
    let line = is_file
        .then(|| File::open(path).ok())
        .flatten()
        .and_then(|file| {
            let lines = BufReader::new(file.take(LONGEST_LINE)).lines();
            lines
                .map_while(Result::ok)
                .find(|line| !line.trim().is_empty())
        });
    let value: Option<Value> = line.and_then(|line| serde_json::from_str(&line).ok());
    value.is_some_and(|value| {
        ["job", "attempt", "status"]
            .iter()
            .all(|name| value.get(name).is_some())
    })
}

/// A log's lines are shorter, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// What a capture's verification puts on the run's end.
pub fn ending(counts: &Replayed, strict: bool) -> Ending {
    let mut ending = Ending::default();
    ending.note_if(
        strict && counts.rejected + counts.unreadable > 0,
        Code::Data,
    );
    ending
}
