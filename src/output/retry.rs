//! What is reported of a retry before anything is sent.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{commands::Commands, printer::Printer, summary::Summary, tally::Tally, words};
use crate::engine::retry::{RetryAttempt, RetryKind, RetrySelection, SkippedJob};
use crate::jobs::{Credits, JobView, Rates};
use crate::text::escape;

/// Says why nothing is sent for jobs that a person may have meant.
pub fn barred(jobs: &[SkippedJob], printer: &Printer) {
    for SkippedJob { job, id, why, .. } in jobs {
        let id = id.as_deref().map(|id| format!("{} ", escape(id)));
        printer.warn(format_args!(
            "{}job {job}: nothing is sent, since {}",
            id.unwrap_or_default(),
            escape(why)
        ));
    }
}

/// Says which jobs get no attempt, although they might.
pub fn left_out(
    found: &RetrySelection,
    which: RetryKind,
    has_manifest: bool,
    max_attempts: u32,
    printer: &Printer,
    commands: &Commands,
) {
    let count = found.requestless.len() as u64;
    let named = found.requestless.join(", ");
    let named = escape(&named);
    if count > 0 && which == RetryKind::Unknown {
        let beside = if has_manifest {
            " (--manifest is for what has failed)"
        } else {
            ""
        };
        printer.warn(format_args!(
            "the log does not hold what was sent for {named}, so {} cannot be sent again{beside}: check the \
             vendor's dashboard; `{}` shows how to say what you found",
            words::choose(count, "it", "they"),
            commands.on_log("status", ""),
        ));
    } else if count > 0 {
        let why = if has_manifest {
            "and the manifest has no row, or several, for"
        } else {
            "so name the spreadsheet with --manifest FILE for"
        };
        printer.warn(format_args!(
            "the log does not hold what was sent for {}, {why} {named}; nothing was sent for {0}",
            words::count(count, "job"),
        ));
    }
    if found.exhausted > 0 {
        let text = format!(
            "{} left alone after {}: nothing more was sent; --max-attempts N allows more",
            words::counted(found.exhausted, "job is", "jobs are"),
            words::count(max_attempts.into(), "attempt"),
        );
        if printer.is_step() {
            // A round says it once, when the last attempt has failed.
            printer.detail(text);
        } else {
            printer.warn(text);
        }
    }
}

/// Says what to do about orders that are just being sent.
pub fn being_sent(printer: &Printer) {
    printer.note(
        "what is being sent is known, or in doubt, in a minute: run the same command again then; where a \
         file holds the answer, first run `creativeai reconcile` on that computer, as the file's owner",
    );
}

/// Says what else a person may have meant, where nothing is sent.
pub fn nothing(which: RetryKind, printer: &Printer, commands: &Commands) {
    match which {
        RetryKind::Failed => {}
        RetryKind::Unknown => printer.note(format_args!(
            "nothing of unknown outcome; for clips that failed: {}",
            commands.on_log("retry", "--failed")
        )),
        RetryKind::Rejected => printer.note(format_args!(
            "nothing was ordered: no clip that was rejected waits for another; to look at clips: {}",
            commands.on_log("review", "")
        )),
    }
}

#[derive(Serialize)]
struct RetryDocument<'a> {
    #[serde(flatten)]
    summary: Value,
    jobs: &'a [RetryAttempt],
}

/// What a dry run has found.
pub struct Preview<'a> {
    /// The attempts.
    pub wanted: &'a [RetryAttempt],
    /// What is left of the caps, for people and for programs.
    pub caps: Vec<(String, Value)>,
    /// Where the log's jobs stand.
    pub states: Tally,
}

impl Preview<'_> {
    fn credits(&self) -> Credits {
        self.wanted.iter().map(|wanted| wanted.estimate).sum()
    }

    /// The result for programs. The jobs are written one by one.
    pub fn to_json(self) -> impl Serialize {
        let mut summary = Summary {
            dry_run: true,
            credits_estimated: self.credits(),
            states: self.states,
            ..Summary::new("retry")
        };
        summary.more = Map::from_iter([("new".to_owned(), self.wanted.len().into())]);
        if !self.caps.is_empty() {
            let caps = self.caps.into_iter().map(|(_, cap)| cap).collect();
            summary.more.insert("caps".to_owned(), caps);
        }
        RetryDocument {
            summary: summary.to_json(),
            jobs: self.wanted,
        }
    }

    /// The result for people; `view` reads a job.
    pub fn print(
        &self,
        view: impl Fn(&RetryAttempt) -> Option<JobView>,
        rates: &Rates,
        printer: &mut Printer,
    ) -> std::io::Result<()> {
        let out = printer.out();
        for wanted in self.wanted {
            let view = view(wanted);
            let id = view.as_ref().and_then(JobView::id).map_or("", |(_, id)| id);
            writeln!(
                out,
                "{}  job {}  attempt {}  {}",
                escape(id),
                wanted.job,
                wanted.number,
                words::credits(wanted.estimate)
            )?;
        }
        for (cap, _) in &self.caps {
            writeln!(out, "{cap}")?;
        }
        writeln!(
            out,
            "{} would be sent, {}. Nothing was sent, nothing was written.",
            words::count(self.wanted.len() as u64, "job"),
            words::money(rates, self.credits())
        )?;
        printer.flush()
    }
}
