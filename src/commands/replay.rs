//! `reconcile --replay`: what captured webhooks add to the log. No network, unless what they cannot
//! prove is to be confirmed.

use std::collections::HashSet;
use std::path::PathBuf;

use super::open::Open;
use crate::engine::ingest::IngestError;
use crate::engine::replay::{Event, Place, replay};
use crate::exit::{Code, Ending, Failure};
use crate::jobs::JobKey;
use crate::output::{Printer, ReplayReport, Replayed, failure};
use crate::webhook::VerifyKeys;

/// Replays everything in `paths`. Gives the captures by what became of them, and the jobs of this log
/// with captures that prove nothing.
pub fn run(
    paths: &[PathBuf],
    log: &Open<'_>,
    printer: &Printer,
) -> anyhow::Result<(Replayed, HashSet<JobKey>)> {
    let keys = VerifyKeys::new(&log.settings.verification_keys()?);
    if keys.is_empty() {
        printer.warn(
            "no key can verify captures, so none can be applied; set CREATIVEAI_API_KEY, or \
             CREATIVEAI_VERIFY_KEYS for keys that may only verify",
        );
    }
    let mut reporter = ReplayReport::new(&log.writer, printer);
    let report = |place: Place<'_>, event: Event<'_>| reporter.report(place, &event);
    let doubtful = replay(paths, std::io::stdin(), &keys, log.observer(), report);
    let doubtful = doubtful.map_err(|error| match error.downcast::<IngestError>() {
        Ok(error) => failure::of_ingest(error),
        Err(error) => Failure::io(format!("{error:#}"))
            .help("check the path after --replay; nothing was replayed"),
    })?;
    Ok((reporter.finish(), doubtful))
}

/// What a capture's verification puts on the run's end.
pub fn ending(counts: &Replayed, strict: bool) -> Ending {
    let mut ending = Ending::default();
    ending.note_if(
        strict && counts.rejected + counts.unreadable > 0,
        Code::Data,
    );
    ending
}
