//! What is reported while clips are asked for.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};

use super::{
    commands::Commands, metrics::MetricEvent, printer::Printer, progress::Progress, words,
};
use crate::engine::poll::{self, MAX_FAILURES, PollTarget};
use crate::jobs::{Facts, GenerationId, JobView, Status};
use crate::journal::Writer;
use crate::text::escape;

/// How an answer begins of a vendor who does not know a clip.
const UNKNOWN_THERE: &str = "HTTP 404";

/// Reports how polling goes.
pub struct Polling<'a> {
    printer: &'a Printer,
    writer: &'a Writer,
    commands: &'a Commands,
    progress: RefCell<Progress>,
    /// Generations not known to have ended.
    open: Cell<u64>,
    /// What went wrong in this round, and with which clips.
    troubles: RefCell<BTreeMap<String, Vec<String>>>,
    /// Warnings that were given: the same words once more say nothing new.
    given: RefCell<HashSet<String>>,
}

impl<'a> Polling<'a> {
    /// Of the clips of a log.
    pub fn new(printer: &'a Printer, writer: &'a Writer, commands: &'a Commands) -> Self {
        Self {
            printer,
            writer,
            commands,
            progress: RefCell::new(Progress::hidden()),
            open: Cell::default(),
            troubles: RefCell::default(),
            given: RefCell::default(),
        }
    }

    /// Takes an event.
    pub fn report(&self, event: &poll::PollEvent<'_>) {
        match event {
            poll::PollEvent::Begun(open, silent) => self.begin(*open, *silent),
            poll::PollEvent::Seen { id, status, facts } => self.seen(id, *status, facts),
            poll::PollEvent::Unavailable(clip, error) if is_stray(clip, error) => {
                let error = format!("{error}. It belongs to a rehearsal: add --sandbox");
                self.trouble(self.name(clip), &error);
            }
            poll::PollEvent::Unavailable(clip, error) => match self.mistyped(clip, error) {
                Some(warning) => self.warn_once(warning),
                None => self.trouble(self.name(clip), error),
            },
            poll::PollEvent::Waiting(quiet) => self.warn(format_args!(
                "{}; clips are asked for again in {}",
                escape(&quiet.to_string()),
                words::duration(quiet.left.as_secs() + 1)
            )),
            poll::PollEvent::RoundOver => self.end_round(),
            poll::PollEvent::GaveUp(clips) => {
                let whose = match clips {
                    [only] => self.name(only),
                    several => words::count(several.len() as u64, "clip"),
                };
                self.warn(format_args!(
                    "{whose}: asked for {MAX_FAILURES} times in a row without a usable answer; the next \
                     reconcile asks again"
                ));
            }
            poll::PollEvent::Over => drop(self.progress.replace(Progress::hidden())),
        }
    }

    fn begin(&self, open: u64, silent: u64) {
        if silent > 0 {
            self.printer.note(format_args!(
                "{} can only be reported by webhook: no poll path is set for them",
                words::count(silent, "voice job")
            ));
        }
        let progress = Progress::new(Some(open), "rendering", self.printer);
        progress.rendering(open);
        self.open.set(open);
        drop(self.progress.replace(progress));
    }

    /// What a person calls a clip: its listing or SKU, and the vendor's id.
    fn name(&self, clip: &PollTarget) -> String {
        let view = self.writer.view(clip.job).ok().flatten();
        match view.as_ref().and_then(JobView::id) {
            Some((_, id)) => format!("{} ({})", escape(id), clip.id),
            None => clip.id.to_string(),
        }
    }

    /// What is wrong with a clip that the vendor does not know by the id that a person gave for it.
    fn mistyped(&self, clip: &PollTarget, error: &str) -> Option<String> {
        if !error.starts_with(UNKNOWN_THERE) {
            return None;
        }
        let view = self.writer.view(clip.job).ok()??;
        let given = &view.attempts.get(&clip.attempt)?.resolved;
        let is_given = given.text("generation_id") == Some(clip.id.as_str());
        let by = given.text("by").filter(|_| is_given)?;
        Some(format!(
            "{}: the vendor does not know this id, which {} gave with `creativeai resolve` ({}). If it is \
             wrong, correct it: `{}`; or if the vendor never took the order: `{}`",
            self.name(clip),
            escape(by),
            escape(error),
            self.commands
                .resolve(&clip.job.to_string(), "--generation-id ID"),
            self.commands
                .resolve(&clip.job.to_string(), "--not-accepted"),
        ))
    }

    /// One was asked for.
    fn seen(&self, id: &GenerationId, status: Status, facts: &Facts<'_>) {
        let ended = u64::from(status.is_terminal());
        let left = self.open.get().saturating_sub(ended);
        self.open.set(left);
        let progress = self.progress.borrow();
        match status {
            Status::Completed => {
                progress.end(MetricEvent::Completed);
                progress.charged(facts.adjusted_credits.or(facts.credits));
            }
            Status::Failed => progress.end(MetricEvent::Failed),
            _ => {}
        }
        progress.rendering(left);
        progress.detail(self.printer, || {
            let phase = facts
                .phase
                .as_ref()
                .map(|p| format!(", {}", escape(p.as_str())))
                .unwrap_or_default();
            let left = facts.eta_seconds.filter(|s| (0.0..1e6).contains(s));
            let left = left.map(|s| format!(", about {} left", words::duration(s as u64)));
            format!("{id}: {status}{phase}{}", left.unwrap_or_default())
        });
    }

    /// A clip could not be asked for. It is reported at the end of the round, since all of them mostly
    /// share one reason.
    fn trouble(&self, clip: String, error: &str) {
        let mut troubles = self.troubles.borrow_mut();
        let clips = troubles.entry(plain_reason(error).to_owned()).or_default();
        clips.push(clip);
    }

    /// Reports the troubles of the round that ends.
    fn end_round(&self) {
        for (error, clips) in self.troubles.take() {
            let (whose, are) = match clips.as_slice() {
                [only] => (only.clone(), "it is"),
                several => (words::count(several.len() as u64, "clip"), "they are"),
            };
            let failed = if error.starts_with("HTTP ") {
                "the vendor gave no usable answer"
            } else {
                "the vendor could not be asked"
            };
            self.warn_once(format!(
                "{whose}: {failed}: {}. Nothing changes; {are} asked for again later",
                escape(&error)
            ));
        }
    }

    /// The same, unless it was said before.
    fn warn_once(&self, text: String) {
        if !self.given.borrow().contains(&text) {
            self.warn(&text);
            self.given.borrow_mut().insert(text);
        }
    }

    /// Something went wrong that changes nothing.
    fn warn(&self, text: impl std::fmt::Display) {
        self.progress.borrow().warn(self.printer, text);
    }
}

/// Whether a server does not know a clip since it is none of its own, but the sandbox's.
fn is_stray(clip: &PollTarget, error: &str) -> bool {
    clip.id.is_sandbox() && error.starts_with(UNKNOWN_THERE)
}

/// A reason without the system's number for it, which helps no one here.
fn plain_reason(error: &str) -> &str {
    match error.rfind(" (os error ") {
        Some(at) if error.ends_with(')') => &error[..at],
        _ => error,
    }
}
