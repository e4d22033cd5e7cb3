//! How a run that sends or polls ends: what it did, where its jobs stand, and the code.

use serde_json::{Map, Value};

use super::open::OpenLog;
use crate::engine::round::StepOutcome;
use crate::exit::{Code, Ending, Failure};
use crate::jobs::{Credits, DisplayStatus, JobState};
use crate::output::{Commands, Printer, Summary, Tally};
use crate::settings::Settings;

/// How a command ended, and what of that is its own doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandEnd {
    /// With how the jobs that it covers stand.
    pub code: Code,
    /// Without.
    pub done: StepOutcome,
}

impl From<Code> for CommandEnd {
    fn from(code: Code) -> Self {
        let done = StepOutcome {
            own: code.into(),
            clips: 0,
        };
        Self { code, done }
    }
}

/// What jobs were charged, as far as the log says.
pub fn charged<'a>(jobs: impl Iterator<Item = &'a JobState>) -> Credits {
    jobs.map(JobState::charged).sum()
}

/// Reports what a run did and where the jobs it covers stand, and gives the code. `charged_before`
/// is what those jobs were charged when the run began: that is not of its doing.
pub fn finish<'a>(
    log: &OpenLog<'_>,
    mut summary: Summary,
    charged_before: Credits,
    jobs: impl Iterator<Item = &'a JobState>,
    mut ending: Ending,
    printer: &mut Printer,
) -> anyhow::Result<CommandEnd> {
    let done = StepOutcome {
        own: ending,
        clips: summary.submitted,
    };
    // At once: finding each of a million jobs takes longer than looking at it.
    let mut tally = Tally::default();
    for job in jobs {
        tally.add(job);
        ending.join(ending_of_job(job));
    }
    let code = ending.code();
    summary.rehearsal = tally.is_rehearsal() || log.settings.sandbox;
    summary.credits_charged = tally.charged.beyond(charged_before);
    summary.exit_code = code.number();
    summary.states = tally;
    if printer.options().json {
        printer.document(&summary.to_json()).map_err(|error| {
            let status = log.commands.on_log("status", "");
            Failure::io(format!("{error}; what was done is in the log"))
                .help(format!("`{status}` shows it"))
        })?;
    } else {
        let mut text = summary.line(&log.settings.rates);
        let watched = printer
            .shows_progress()
            .then(|| next_step(&summary.states, &log.commands));
        let next = match (watched.flatten(), after_end(code, &summary, &log.commands)) {
            (Some(first), Some(then)) if code != Code::Decision => {
                Some(format!("{first}, then {then}"))
            }
            (first, then) => then.or(first),
        };
        if let Some(next) = next {
            text = format!("{text}\n  next: {next}");
        }
        printer.conclude(text, code == Code::Success);
    }
    Ok(CommandEnd { code, done })
}

/// What a person who watches types next: clips that are ready are fetched first, since their links
/// expire.
fn next_step(tally: &Tally, commands: &Commands) -> Option<String> {
    if tally.ready() > tally.downloaded {
        Some(commands.on_log("download", ""))
    } else if tally.under_way() > 0 {
        Some(commands.on_log("reconcile", "--wait"))
    } else {
        None
    }
}

/// What a code asks a person to type; `None` where the run has said it.
fn after_end(code: Code, summary: &Summary, commands: &Commands) -> Option<String> {
    // What `submit` could not send, it sends when it is run again, as it has said.
    let waits = summary.command != "submit" && summary.states.count(DisplayStatus::NotSent) > 0;
    match code {
        Code::Decision if summary.unknown() > 0 => Some(commands.on_log("status", "")),
        Code::Failed => Some(after_failures(&summary.states, commands)),
        Code::Refused if waits => Some(format!(
            "{}, once the key and the credits are in order, which the vendor had refused",
            commands.submit()
        )),
        Code::Temporary if waits => Some(format!(
            "{}, which sends what was not sent yet",
            commands.submit()
        )),
        _ => None,
    }
}

/// What follows where clips have failed: those that failed at the vendor can be ordered again as they
/// are; of others the overview says what is to be corrected.
fn after_failures(tally: &Tally, commands: &Commands) -> String {
    if tally.can_be_retried(commands.max_attempts()) {
        commands.on_log("retry", "--failed")
    } else {
        commands.on_log("status", "")
    }
}

/// The conditions that jobs, as they stand, put on a run's end.
pub fn ending_of_jobs<'a>(jobs: impl Iterator<Item = &'a JobState>) -> Ending {
    let mut ending = Ending::default();
    jobs.for_each(|job| ending.join(ending_of_job(job)));
    ending
}

fn ending_of_job(job: &JobState) -> Ending {
    let mut ending = Ending::default();
    match DisplayStatus::of(job) {
        DisplayStatus::Unknown => ending.note(Code::Decision),
        DisplayStatus::NotSent | DisplayStatus::Refused if job.effective().is_refused() => {
            ending.note(Code::Refused);
        }
        DisplayStatus::NotSent => ending.note(Code::Temporary),
        DisplayStatus::Refused | DisplayStatus::NotAccepted | DisplayStatus::Failed => {
            ending.note(Code::Failed);
        }
        // What another computer sends is its own to report.
        DisplayStatus::BeingSent
        | DisplayStatus::Ready
        | DisplayStatus::Rendering
        | DisplayStatus::Queued
        | DisplayStatus::Newer
        | DisplayStatus::Replaced
        | DisplayStatus::Closed => {}
    }
    ending
}

/// Says which key pays for what is about to be sent, if anything is, where a person reads it or has
/// chosen a profile. Gives the same as fields of the summary for programs.
pub fn payer(
    sends: bool,
    settings: &Settings,
    printer: &Printer,
) -> Result<Map<String, Value>, Failure> {
    let mut fields = Map::new();
    if settings.sandbox || !sends {
        return Ok(fields);
    }
    let profile = settings.profile.as_deref();
    let key = settings.require_key()?;
    let ending = key.ending();
    if printer.shows_progress() || profile.is_some() {
        let name = |ending| format!("using the key that ends in {ending}");
        // Of a short key nothing is shown.
        let key = ending.map_or_else(|| "using the key".to_owned(), name);
        let profile = profile.map(|name| format!(" of profile {name}"));
        if ending.is_some() || profile.is_some() {
            printer.note(format_args!("{key}{}", profile.unwrap_or_default()));
        }
    }
    fields.insert("key_ending".to_owned(), ending.into());
    fields.insert("profile".to_owned(), profile.into());
    Ok(fields)
}
