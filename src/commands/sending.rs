//! What commands report while they send and poll.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::engine::dispatch::{self, Attempt};
use crate::engine::poll::{self, MAX_FAILURES, Target};
use crate::jobs::{Facts, GenerationId, JobView, Status};
use crate::journal::Writer;
use crate::output::{Commands, Event, Printer, Progress, words};
use crate::text::{escape, shorten};

/// Reports how sending goes.
pub struct Sending<'a> {
    printer: &'a Printer,
    commands: &'a Commands,
    /// The manifest's name, where rows of one are sent.
    manifest: Option<String>,
    progress: Progress,
    /// Attempts that failed for a reason that was reported already.
    alike: RefCell<BTreeMap<Alike, Vec<String>>>,
}

/// What makes two warnings one: what became of the attempts, and why.
type Alike = (&'static str, String);

/// Attempts that a warning names when it stands for several.
const MOST_ALIKE: usize = 10;

impl<'a> Sending<'a> {
    /// For `total` attempts.
    pub fn new(printer: &'a Printer, total: u64, commands: &'a Commands) -> Self {
        let progress = Progress::new(Some(total), "sending", printer);
        Self {
            printer,
            commands,
            manifest: None,
            progress,
            alike: RefCell::default(),
        }
    }

    /// Warns of an attempt; of further ones with the same end and reason only in one line together,
    /// when sending is over.
    fn warn_once(&self, end: &'static str, error: &str, attempt: &Attempt, text: String) {
        let mut alike = self.alike.borrow_mut();
        if let Some(further) = alike.get_mut(&(end, error.to_owned())) {
            further.push(name_in_row(attempt));
            self.detail(|| text);
            return;
        }
        alike.insert((end, error.to_owned()), Vec::new());
        self.progress.warn(self.printer, text);
    }

    /// Says of how many more attempts the warnings were true.
    pub fn finish(self) {
        for ((end, error), further) in self.alike.take() {
            if further.is_empty() {
                continue;
            }
            let (named, rest) = further.split_at(further.len().min(MOST_ALIKE));
            let rest = match rest.len() {
                0 => String::new(),
                n => format!(" and {} more", words::number(n as u64)),
            };
            let more = format!(
                "{} {end} for the same reason ({}): {}{rest}",
                words::count(further.len() as u64, "more clip"),
                shorten(&escape(&error), LONGEST_REASON),
                named.join(", "),
            );
            self.progress.warn(self.printer, more);
        }
    }

    /// Also says in which row of `manifest` something is to be corrected.
    #[must_use]
    pub fn of_manifest(self, manifest: &str) -> Self {
        Self {
            manifest: Some(manifest.to_owned()),
            ..self
        }
    }

    /// Where the row of an attempt stands.
    fn row_of(&self, attempt: &Attempt) -> String {
        let line = attempt.order.line;
        match (&self.manifest, line) {
            (Some(manifest), Some(line)) => format!("{}:{line}", escape(manifest)),
            (None, Some(line)) => format!("its row (line {line})"),
            (_, None) => "its row".to_owned(),
        }
    }

    /// Takes an event.
    pub fn report(&self, event: &dispatch::Event<'_>) {
        use dispatch::Event as E;
        let warn = |text: String| self.progress.warn(self.printer, text);
        match event {
            E::Begun(_) => self.progress.begin(),
            E::Accepted(attempt) => {
                self.end(Event::Accepted);
                self.progress.estimated(attempt.estimate());
                self.detail(|| format!("{}: accepted", name(attempt)));
            }
            E::Refused(attempt, http_status, error) => {
                self.end(Event::Refused);
                let text = format!(
                    "{}: refused, nothing was charged: {}{}",
                    name(attempt),
                    escape(error).trim_end_matches('.'),
                    match http_status {
                        // It lies in what was asked for.
                        400 | 413 | 415 | 422 =>
                            format!(". Correct {}, then submit again", self.row_of(attempt)),
                        _ => String::new(),
                    }
                );
                self.warn_once("refused", error, attempt, text);
            }
            E::GaveUp(attempt, error) => {
                self.end(Event::Refused);
                let text = format!(
                    "{}: not sent yet, nothing was charged: {}. The next submit sends it \
                     again",
                    name(attempt),
                    escape(error)
                );
                self.warn_once("not sent yet", error, attempt, text);
            }
            E::Denied(attempt, error) => {
                self.end(Event::Refused);
                self.detail(|| format!("{}: {}", name(attempt), escape(error)));
            }
            E::Unknown(attempt, error) => {
                self.end(Event::Unknown);
                let text = format!(
                    "{}: no clear answer, it may have been accepted and paid for: {}. It is not \
                     sent again by itself; `{}` shows more",
                    name(attempt),
                    escape(error),
                    self.commands.look_into(None, attempt.job),
                );
                self.warn_once("without a clear answer", error, attempt, text);
            }
            E::Taken(attempt) => {
                self.detail(|| format!("{}: another computer has sent it", name(attempt)));
            }
            E::Left(attempt, why) => {
                let text = format!(
                    "{}: left for the next run, nothing was sent: {}",
                    name(attempt),
                    escape(why)
                );
                self.warn_once("left for the next run", why, attempt, text);
            }
            E::Waiting(wait, error) => {
                self.progress.waiting(*wait, error);
                self.detail(|| {
                    format!(
                        "waiting {}: {}",
                        words::duration(wait.as_secs()),
                        escape(error)
                    )
                });
            }
            E::Warning(attempt, warning) => {
                warn(format!("{}: {}", name(attempt), escape(warning)));
            }
            E::Draining(count) => warn(format!(
                "stopping: {} in flight, waited for and logged. The same signal again stops at \
                 once and leaves {} in doubt",
                words::count(*count as u64, "request"),
                if *count == 1 { "it" } else { "them" },
            )),
            // Not escaped: it is JSON, which has no control characters, and must read back.
            E::Recover(line) => self.progress.suspend(|| {
                self.printer
                    .vital(format_args!("{}{line}", super::recover::MARK));
            }),
        }
    }

    fn end(&self, event: Event) {
        self.progress.going_on();
        self.progress.end(event);
    }

    fn detail(&self, text: impl FnOnce() -> String) {
        self.progress.detail(self.printer, text);
    }
}

/// What a person calls an attempt.
fn name(attempt: &Attempt) -> String {
    match &attempt.id {
        Some((_, id)) => format!("{} (job {})", escape(id), attempt.job),
        None => format!("job {}", attempt.job),
    }
}

/// The same, shorter where many are named.
fn name_in_row(attempt: &Attempt) -> String {
    let name = match &attempt.id {
        Some((_, id)) => escape(id).into_owned(),
        None => format!("job {}", attempt.job),
    };
    match attempt.order.line {
        Some(line) => format!("{name} (line {line})"),
        None => name,
    }
}

/// Longest reason in a warning that stands for several, in characters.
const LONGEST_REASON: usize = 100;

/// Reports how polling goes.
pub struct Polling<'a> {
    printer: &'a Printer,
    writer: &'a Writer,
    progress: Progress,
    /// Generations not known to have ended.
    open: Cell<u64>,
    /// What went wrong in this round, and with which clips.
    troubles: RefCell<BTreeMap<String, Vec<String>>>,
}

impl<'a> Polling<'a> {
    /// For `total` generations.
    pub fn new(printer: &'a Printer, writer: &'a Writer, total: u64) -> Self {
        let progress = Progress::new(Some(total), "rendering", printer);
        progress.rendering(total);
        Self {
            printer,
            writer,
            progress,
            open: Cell::new(total),
            troubles: RefCell::default(),
        }
    }

    /// Takes an event.
    pub fn report(&self, event: &poll::Event<'_>) {
        match event {
            poll::Event::Seen { id, status, facts } => self.seen(id, *status, facts),
            poll::Event::Trouble(clip, error) => self.trouble(self.name(clip), error),
            poll::Event::Waiting(wait) => self.warn(format_args!(
                "the vendor has asked another computer to wait; clips are asked for again in {}",
                words::duration(wait.as_secs() + 1)
            )),
            poll::Event::RoundOver => self.end_round(),
            poll::Event::GaveUp(clips) => {
                let whose = match clips {
                    [only] => self.name(only),
                    several => words::count(several.len() as u64, "clip"),
                };
                self.warn(format_args!(
                    "{whose} could not be asked for {MAX_FAILURES} times in a row; the next \
                     reconcile asks again"
                ));
            }
        }
    }

    /// What a person calls a clip: its listing or SKU, and the vendor's id.
    fn name(&self, clip: &Target) -> String {
        let view = self.writer.view(clip.job).ok().flatten();
        match view.as_ref().and_then(JobView::id) {
            Some((_, id)) => format!("{} ({})", escape(id), clip.id),
            None => clip.id.to_string(),
        }
    }

    /// One was asked for.
    fn seen(&self, id: &GenerationId, status: Status, facts: &Facts<'_>) {
        let ended = u64::from(status.is_terminal());
        let left = self.open.get().saturating_sub(ended);
        self.open.set(left);
        match status {
            Status::Completed => {
                self.progress.end(Event::Completed);
                self.progress
                    .charged(facts.adjusted_credits.or(facts.credits));
            }
            Status::Failed => self.progress.end(Event::Failed),
            _ => {}
        }
        self.progress.rendering(left);
        self.progress.detail(self.printer, || {
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
            self.warn(format_args!(
                "{whose}: the vendor could not be asked: {}. Nothing changes; {are} asked for \
                 again later",
                escape(&error)
            ));
        }
    }

    /// Something went wrong that changes nothing.
    fn warn(&self, text: impl std::fmt::Display) {
        self.progress.warn(self.printer, text);
    }
}

/// A reason without the system's number for it, which helps no one here.
fn plain_reason(error: &str) -> &str {
    match error.rfind(" (os error ") {
        Some(at) if error.ends_with(')') => &error[..at],
        _ => error,
    }
}
