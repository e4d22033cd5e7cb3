//! What is reported while attempts are sent.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    commands::Commands, metrics::MetricEvent, printer::Printer, progress::Progress, words,
};
use crate::clock;
use crate::engine::dispatch::{self, Attempt};
use crate::engine::recover::MARK;
use crate::text::{escape, shorten};

/// Reports how sending goes.
pub struct Sending<'a> {
    printer: &'a Printer,
    commands: &'a Commands,
    /// The manifest's name, where rows of one are sent.
    manifest: Option<String>,
    progress: Progress,
    /// Attempts that failed for a reason that was reported already.
    alike: RefCell<BTreeMap<WarningKey, Vec<String>>>,
    /// Waits that end by then were reported.
    said_until: Cell<Option<Timestamp>>,
}

/// What makes two warnings one: what became of the attempts, and why.
type WarningKey = (&'static str, String);

/// A wait that is reported, also without a terminal.
const LONG_WAIT: Duration = Duration::from_secs(60);

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
            said_until: Cell::default(),
        }
    }

    /// Warns of an attempt; of further ones with the same end and reason only in one line together,
    /// when sending is over.
    fn warn_once(&self, end: &'static str, error: &str, attempt: &Attempt, text: &str) {
        let text = format!("{}: {text}", name(attempt));
        let mut alike = self.alike.borrow_mut();
        if let Some(further) = alike.get_mut(&(end, error.to_owned())) {
            further.push(name_in_row(attempt));
            self.detail(|| text);
            return;
        }
        alike.insert((end, error.to_owned()), Vec::new());
        self.warn(text);
    }

    /// Says of how many more attempts the warnings were true.
    pub fn finish(self) {
        for ((end, error), further) in self.alike.take() {
            if further.is_empty() {
                continue;
            }
            let named = &further[..further.len().min(MOST_ALIKE)];
            let rest = match further.len() - named.len() {
                0 => String::new(),
                n => format!(" and {} more", words::number(n as u64)),
            };
            self.warn(format!(
                "{} {end} for the same reason ({}): {}{rest}",
                words::count(further.len() as u64, "more clip"),
                shorten(&escape(&error), LONGEST_REASON),
                named.join(", "),
            ));
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
    pub fn report(&self, event: &dispatch::DispatchEvent<'_>) {
        use dispatch::DispatchEvent as E;
        self.count(event);
        match event {
            E::Begun(_) => {}
            E::Accepted(attempt) => self.detail(|| format!("{}: accepted", name(attempt))),
            E::Denied(attempt, error) => {
                self.detail(|| format!("{}: {}", name(attempt), escape(error)));
            }
            E::Taken(attempt) => {
                self.detail(|| format!("{}: another computer has sent it", name(attempt)));
            }
            E::Refused(attempt, http_status, error) => {
                let fix = match http_status {
                    // It lies in what was asked for.
                    400 | 413 | 415 | 422 => {
                        format!(". Correct {}, then submit again", self.row_of(attempt))
                    }
                    _ => {
                        let check = match http_status {
                            404 | 405 => "Check --base-url, then ",
                            _ => "",
                        };
                        let retry = self.commands.retry_after(1);
                        format!(". {check}`{retry}` orders it again")
                    }
                };
                let why = escape(error);
                let why = why.trim_end_matches('.');
                let text = format!("refused, nothing was charged: {why}{fix}");
                self.warn_once("refused", error, attempt, &text);
            }
            E::GaveUp(attempt, error) => {
                let why = escape(error);
                let text = format!(
                    "not sent yet, nothing was charged: {why}. The next submit sends it again"
                );
                self.warn_once("not sent yet", error, attempt, &text);
            }
            E::Unknown(attempt, error) => {
                let doubt = if attempt.resend {
                    "still in doubt, its earlier request may have been accepted and paid for; \
                     the answer to this one"
                } else {
                    "no clear answer, it may have been accepted and paid for"
                };
                let text = format!(
                    "{doubt}: {}. It is not sent again automatically; `{}` shows more",
                    escape(error),
                    self.commands.look_into(None, attempt.job),
                );
                self.warn_once("without a clear answer", error, attempt, &text);
            }
            E::Withdrawn(attempt, why) => {
                self.warn_once(
                    "not sent",
                    why,
                    attempt,
                    &format!("nothing was sent: {why}"),
                );
            }
            E::Left(attempt, why) => {
                let text = format!("left for the next run, nothing was sent: {}", escape(why));
                self.warn_once("left for the next run", why, attempt, &text);
            }
            E::Waiting(wait, error) => self.wait(*wait, error),
            E::Warning(attempt, warning) => {
                self.warn(format!("{}: {}", name(attempt), escape(warning)));
            }
            E::Draining(count) => self.warn(words::agreeing(
                *count as u64,
                "stopping: waiting for # [request|requests] in flight. The same signal \
                 again stops at once and leaves [it|them] in doubt",
            )),
            // Not escaped: it is JSON, which has no control characters, and must read back.
            E::Recover(line) => {
                let print = || self.printer.vital(format_args!("{MARK}{line}"));
                self.progress.suspend(print);
            }
        }
    }

    /// Counts what became of an attempt.
    fn count(&self, event: &dispatch::DispatchEvent<'_>) {
        use dispatch::DispatchEvent as E;
        match event {
            E::Begun(_) => self.progress.begin(),
            E::Accepted(attempt) => {
                self.progress.conclude(MetricEvent::Accepted);
                self.progress.estimated(attempt.estimate());
            }
            E::Refused(..) | E::GaveUp(..) | E::Denied(..) => {
                self.progress.conclude(MetricEvent::Refused);
            }
            E::Unknown(..) | E::Recover(_) => self.progress.conclude(MetricEvent::Unknown),
            E::Withdrawn(..) => self.progress.conclude(MetricEvent::Skipped),
            E::Taken(_) | E::Left(..) => self.progress.end(MetricEvent::Skipped),
            E::Waiting(..) | E::Warning(..) | E::Draining(_) => {}
        }
    }

    /// Everybody waits. A long wait is said once, so that no one takes the run for stuck.
    fn wait(&self, wait: Duration, why: &str) {
        self.progress.waiting(wait, why);
        let until = clock::now() + wait;
        if wait < LONG_WAIT || self.said_until.get().is_some_and(|said| until <= said) {
            let how_long = words::duration(wait.as_secs());
            return self.detail(|| format!("waiting {how_long}: {}", escape(why)));
        }
        self.said_until.set(Some(until + LONG_WAIT));
        self.warn(format!(
            "nothing is sent for {}, until {}: {}",
            words::duration(wait.as_secs() + 1),
            words::moment(until),
            escape(why)
        ));
    }

    fn warn(&self, text: String) {
        self.progress.warn(self.printer, text);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Metrics, OutputOptions};

    #[test]
    fn whatever_ends_an_attempt_it_is_in_flight_no_more() {
        let mut printer = Printer::new(OutputOptions::default());
        let metrics = Metrics::new().unwrap();
        printer.count(metrics.clone());
        let commands = Commands::for_log(None);
        let sending = Sending::new(&printer, 3, &commands);
        let attempt = &Attempt::of_test(1);
        for end in [
            dispatch::DispatchEvent::Withdrawn(attempt, "someone else settled it"),
            dispatch::DispatchEvent::Recover("{}".to_owned()),
            dispatch::DispatchEvent::GaveUp(attempt, "HTTP 429".to_owned()),
        ] {
            sending.report(&dispatch::DispatchEvent::Begun(attempt));
            sending.report(&end);
        }
        let text = metrics.to_string();
        for line in [
            "creativeai_requests_in_flight 0",
            "creativeai_jobs_total{result=\"skipped\"} 1",
            "creativeai_jobs_total{result=\"unknown\"} 1",
            "creativeai_jobs_total{result=\"refused\"} 1",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
