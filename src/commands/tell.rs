//! What commands tell while they run and when they end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::dispatch::{Attempt, Event};
use crate::exit::{Code, Ending};
use crate::jobs::{Credits, JobState, Status};
use crate::observe::Facts;
use crate::output::{Printer, escape, words};
use crate::settings::Settings;

/// What a run did, and where the jobs it covers stand: the one document of `--json`, the one line
/// under cron. States count the covered jobs at the end, the rest counts this run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    command: &'static str,
    /// Attempts accepted in this run.
    pub submitted: u64,
    /// Rows that the log holds already.
    pub skipped: u64,
    /// Rows that stand in the manifest twice.
    pub duplicates: u64,
    /// Rows held because they were edited.
    pub changed: u64,
    /// Rows with mistakes.
    pub invalid: u64,
    /// What this run's attempts are expected to cost.
    pub credits_estimated: Credits,
    /// Captures by grade, on a replay.
    pub replay: Option<Replayed>,
    jobs: u64,
    states: BTreeMap<Status, u64>,
    credits_charged: Credits,
}

/// Captures by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Taught the log something.
    pub applied: u64,
    /// The log knew it.
    pub known: u64,
    /// The signature is wrong.
    pub rejected: u64,
    /// Nothing proves or disproves it.
    pub unverifiable: u64,
    /// No job has that id.
    pub unknown_id: u64,
    /// No capture, or one that says nothing.
    pub unreadable: u64,
}

impl Summary {
    /// A summary of `command`'s run.
    pub fn new(command: &'static str) -> Self {
        Self {
            command,
            ..Self::default()
        }
    }

    /// Counts where jobs stand. Dismissed and superseded ones are left out of the states.
    pub fn count_jobs<'a>(&mut self, jobs: impl Iterator<Item = &'a JobState>) {
        for job in jobs {
            self.credits_charged += job.charged();
            if job.is_counted() {
                self.jobs += 1;
                *self.states.entry(job.status()).or_default() += 1;
            }
        }
    }

    fn state(&self, status: Status) -> u64 {
        self.states.get(&status).copied().unwrap_or(0)
    }

    fn to_json(&self, code: Code) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("command", self.command.into());
        put("jobs", self.jobs.into());
        put("submitted", self.submitted.into());
        put("skipped", self.skipped.into());
        put("duplicates", self.duplicates.into());
        put("changed", self.changed.into());
        put("invalid", self.invalid.into());
        for status in Status::ALL.into_iter().skip(1) {
            put(status.as_str(), self.state(status).into());
        }
        put("credits_estimated", json!(self.credits_estimated));
        put("credits_charged", json!(self.credits_charged));
        if let Some(replay) = &self.replay {
            put("applied", replay.applied.into());
            put("known", replay.known.into());
            put("rejected", replay.rejected.into());
            put("unverifiable", replay.unverifiable.into());
            put("unknown_id", replay.unknown_id.into());
            put("unreadable", replay.unreadable.into());
        }
        put("exit_code", code.number().into());
        Value::Object(out)
    }

    /// One line, without a word for what there is none of.
    fn to_line(&self, settings: &Settings) -> String {
        let mut did = Vec::new();
        let mut say = |n: u64, what: &str| {
            if n > 0 {
                did.push(format!("{} {what}", words::number(n)));
            }
        };
        if let Some(replay) = &self.replay {
            say(replay.applied, "applied");
            say(replay.known, "already known");
            say(replay.rejected, "rejected");
            say(replay.unverifiable, "unverifiable");
            say(replay.unknown_id, "of unknown id");
            say(replay.unreadable, "unreadable");
        }
        say(self.submitted, "sent");
        say(self.skipped, "already there");
        say(self.duplicates, "twice in the manifest");
        say(self.changed, "changed and held");
        say(self.invalid, "left out");
        let mut stand = Vec::new();
        for (status, what) in [
            (Status::Completed, "ready"),
            (Status::Processing, "rendering"),
            (Status::Pending, "in the queue"),
            (Status::Failed, "failed"),
            (Status::SubmitFailed, "not accepted"),
            (Status::Unknown, "of unknown outcome"),
        ] {
            let n = self.state(status);
            if n > 0 {
                stand.push(format!("{} {what}", words::number(n)));
            }
        }
        let did = if did.is_empty() {
            "nothing to do".to_owned()
        } else {
            did.join(", ")
        };
        let mut line = format!("{}: {did}", self.command);
        if !stand.is_empty() {
            line.push_str(&format!(
                "; {} in all: {}",
                words::count(self.jobs, "clip"),
                stand.join(", ")
            ));
        }
        if self.credits_estimated > Credits::ZERO {
            line.push_str(&format!(
                "; this run about {}",
                words::money(&settings.rates, self.credits_estimated)
            ));
        }
        if self.credits_charged > Credits::ZERO {
            line.push_str(&format!(
                "; charged {}",
                words::credits(self.credits_charged)
            ));
        }
        line
    }
}

/// Tells the summary and gives the code.
pub fn finish(
    summary: Summary,
    ending: Ending,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let code = ending.code();
    if printer.voice().json {
        printer.document(&summary.to_json(code))?;
    } else {
        printer.note(summary.to_line(settings));
    }
    Ok(code)
}

/// The conditions that jobs, as they stand, put on a run's end.
pub fn ending_of_jobs<'a>(jobs: impl Iterator<Item = &'a JobState>) -> Ending {
    let mut ending = Ending::default();
    for job in jobs.filter(|job| job.is_counted()) {
        match job.status() {
            Status::Unknown | Status::Submitting => ending.note(Code::Decision),
            Status::Failed => ending.note(Code::Failed),
            Status::SubmitFailed if job.speaking().is_refused() => ending.note(Code::Refused),
            Status::SubmitFailed if job.speaking().is_temporary() => ending.note(Code::Temporary),
            Status::SubmitFailed => ending.note(Code::Failed),
            Status::Pending | Status::Processing | Status::Completed => {}
        }
    }
    ending
}

/// Tells how sending goes.
pub struct Sending<'a> {
    printer: &'a Printer,
    waited: RefCell<Option<Duration>>,
}

impl<'a> Sending<'a> {
    /// Tells of `total` attempts, where it is known how many there will be.
    pub fn new(printer: &'a Printer, _command: &'static str, _total: Option<u64>) -> Self {
        Self {
            printer,
            waited: RefCell::new(None),
        }
    }

    /// Takes an event.
    pub fn tell(&self, event: &Event<'_>) {
        match event {
            Event::Accepted(attempt) => self.printer.detail(format_args!("{}: accepted", name(attempt))),
            Event::Refused(attempt, error) => self.printer.warn(format_args!(
                "{}: refused, nothing was charged: {}",
                name(attempt),
                escape(error)
            )),
            Event::GaveUp(attempt, error) => self.printer.warn(format_args!(
                "{}: not accepted for now, nothing was charged: {}. The next submit sends it again",
                name(attempt),
                escape(error)
            )),
            Event::Unknown(attempt, error) => self.printer.warn(format_args!(
                "{}: no clear answer, it may have been accepted and paid for: {}. It is not sent again by itself; see `creativeai status`",
                name(attempt),
                escape(error)
            )),
            Event::Waiting(wait, error) => {
                *self.waited.borrow_mut() = Some(*wait);
                self.printer.detail(format_args!(
                    "waiting {} as asked: {}",
                    words::duration(wait.as_secs()),
                    escape(error)
                ));
            }
            Event::Warning(attempt, warning) => {
                self.printer.warn(format_args!("{}: {}", name(attempt), escape(warning)));
            }
            Event::Recover(line) => self.printer.raw(format_args!("RECOVER {line}")),
        }
    }

    /// No more to come.
    pub fn finish(&self) {}
}

/// What a person calls an attempt.
fn name(attempt: &Attempt) -> String {
    match &attempt.id {
        Some((_, id)) => format!("{} (job {})", escape(id), attempt.job),
        None => format!("job {}", attempt.job),
    }
}

/// Tells how polling goes.
pub struct Polling<'a> {
    printer: &'a Printer,
}

impl<'a> Polling<'a> {
    /// Tells of `total` generations.
    pub fn new(printer: &'a Printer, _total: u64) -> Self {
        Self { printer }
    }

    /// One was asked for.
    pub fn seen(&self, status: Status, facts: &Facts) {
        let phase = facts.phase.as_deref().unwrap_or("");
        self.printer
            .detail(format_args!("{status} {}", escape(phase)));
    }

    /// No more to come.
    pub fn finish(&self) {}
}

/// What a dry run tells.
pub struct DryRun<'a> {
    /// The manifest's name.
    pub manifest: &'a str,
    /// Rows by what would become of them.
    pub counts: &'a super::submit::Counts,
    /// What would be spent.
    pub credits: Credits,
    /// How it ends.
    pub code: Code,
}

/// Tells what a run would do. Nothing was sent or written.
pub fn dry_run(run: &DryRun<'_>, settings: &Settings, printer: &mut Printer) -> anyhow::Result<()> {
    let counts = run.counts;
    let (low, high) = settings.rates.dollars(run.credits);
    if printer.voice().json {
        printer.document(&json!({
            "command": "submit",
            "dry_run": true,
            "new": counts.send,
            "submitted": 0,
            "skipped": counts.skip,
            "changed": counts.changed,
            "duplicates": counts.duplicate,
            "invalid": counts.invalid,
            "credits_estimated": run.credits,
            "dollars": { "low": cents(low), "high": cents(high) },
            "exit_code": run.code.number(),
        }))?;
        return Ok(());
    }
    let rows = [
        ("new", counts.send),
        ("already submitted", counts.skip),
        ("changed", counts.changed),
        ("duplicate", counts.duplicate),
        ("invalid", counts.invalid),
    ];
    let mut text = format!("{}\n", escape(run.manifest));
    for (what, n) in rows {
        text.push_str(&format!("  {what:<18} {:>9}\n", words::number(n)));
    }
    text.push_str(&format!(
        "  would cost {}\n",
        words::money(&settings.rates, run.credits)
    ));
    text.push_str("Nothing was sent, nothing was written.\n");
    std::io::Write::write_all(printer.out(), text.as_bytes())?;
    printer.flush()?;
    Ok(())
}

fn cents(dollars: f64) -> f64 {
    (dollars * 100.0).round() / 100.0
}
