//! What is reported about a round: how all stands at its end, and what is new about that for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::notices;
use crate::commands::failure;
use crate::commands::finish;
use crate::commands::open;
use crate::disk::{Readers, Replacement};
use crate::engine::notify::{Event, Notice};
use crate::engine::round::{Memory, News, Round, Step, Verdict};
use crate::exit::{self, Code, Ending};
use crate::jobs::{Credits, JobKey, JobState};
use crate::journal::{JobLog, LogError};
use crate::output::{Commands, DisplayStatus, JobSummary, Printer, Tally, words};
use crate::settings::Settings;
use crate::text::escape;

/// Jobs that are named when they are given up.
const MOST_NAMED: usize = 20;

/// The log as it stands; `None` when there is none yet.
pub fn read(path: &Path, settings: &Settings) -> anyhow::Result<Option<JobLog>> {
    match JobLog::read(path, settings.ledger()) {
        Ok(log) => Ok(Some(log)),
        Err(LogError::Missing(_)) => Ok(None),
        Err(error) => Err(failure::of_log(error).into()),
    }
}

/// Whether there is a log. One with an address is asked for by what opens it.
pub fn is_there(path: &Path) -> bool {
    is_address(path) || path.exists()
}

fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains("://"))
}

/// Says how a round ended, remembers it for the next one, and gives the code.
pub fn report(
    round: &Round,
    before: Option<&JobLog>,
    path: &Path,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let log = read(path, settings)?;
    let end = End::of(round, before, log.as_ref(), settings);
    let file = memory_of(path);
    let before = file.as_deref().map(fs::read_to_string);
    let mut memory = Memory::parse(&before.and_then(Result::ok).unwrap_or_default());
    let news = memory.after(end.code, end.given_up.clone());
    if let Some(file) = file.filter(|_| log.is_some())
        && let Err(error) = remember(&memory, &file)
    {
        printer.warn(format_args!(
            "{} cannot be written ({error}); what it would hold may be said again",
            escape(&file.display().to_string())
        ));
    }
    let commands = match &log {
        Some(log) => open::commands(path, log.ledger(), settings),
        None => open::commands_for(path, false, settings),
    };
    let notice = Notice {
        event: Event::of(Verdict::of(end.code), news.is_overdue()),
        text: end.line(round, settings),
        code: Some(end.code.number()),
        counts: end.to_json(round, &news),
    };
    notices::send(&settings.notify, &notice, printer);
    if printer.options().json {
        printer.document(&notice.counts)?;
    } else {
        end.say(round, &news, log.as_ref(), settings, &commands, printer)?;
    }
    Ok(end.code)
}

/// The notice that a round begins.
pub fn beginning() -> Notice {
    Notice {
        event: Event::Start,
        text: "run: a round begins".to_owned(),
        code: None,
        counts: json!({}),
    }
}

/// The notice that a round could not be made at all. What went wrong may hold names of files, and so is
/// reported here only.
pub fn failure(error: &anyhow::Error) -> Notice {
    let code = exit::code_of(error);
    Notice {
        event: Event::Failure,
        text: format!("run: the round could not be made ({})", code.word()),
        code: Some(code.number()),
        counts: json!({}),
    }
}

/// How all stands at the end of a round.
struct End {
    code: Code,
    /// What the steps themselves met.
    own: Ending,
    tally: Tally,
    /// What this round was charged.
    charged: Credits,
    /// Jobs that no later round orders again.
    given_up: BTreeSet<JobKey>,
}

impl End {
    fn of(
        round: &Round,
        before: Option<&JobLog>,
        log: Option<&JobLog>,
        settings: &Settings,
    ) -> Self {
        let jobs = || log.into_iter().flat_map(|log| log.ledger().jobs());
        let own = round.ending();
        let mut ending = own;
        ending.join(finish::ending_of_jobs(jobs()));
        let charged = |log: &JobLog| finish::charged(log.ledger().jobs());
        let charged_before = before.map(charged).unwrap_or_default();
        let is_given_up = |job: &&JobState| {
            matches!(
                DisplayStatus::of(job),
                DisplayStatus::Failed | DisplayStatus::Refused
            ) && job.attempts().count() as u32 >= settings.max_attempts
        };
        Self {
            code: ending.code(),
            own,
            tally: Tally::of(jobs()),
            charged: log.map(charged).unwrap_or_default().beyond(charged_before),
            given_up: jobs().filter(is_given_up).map(|job| job.key).collect(),
        }
    }

    /// Whether a person need not hear of the end with `--quiet`: all is well, or the next round
    /// carries on, or nothing but what was reported before is left to report.
    fn is_no_news(&self, news: &News) -> bool {
        match Verdict::of(self.code) {
            Verdict::Success => true,
            Verdict::Unfinished => !news.is_overdue(),
            Verdict::Attention => self.is_only_given_up() && news.given_up.is_empty(),
            Verdict::Failure => false,
        }
    }

    /// Whether clips that were given up are all that is wrong.
    fn is_only_given_up(&self) -> bool {
        let failed =
            self.tally.count(DisplayStatus::Failed) + self.tally.count(DisplayStatus::Refused);
        self.code == Code::Failed
            && self.own.code() == Code::Success
            && failed == self.given_up.len() as u64
    }

    fn to_json(&self, round: &Round, news: &News) -> serde_json::Value {
        let states = BTreeMap::from(self.tally.states());
        json!({
            "command": "run",
            "steps": round.steps().map(Step::name).collect::<Vec<_>>(),
            "submitted": round.clips(Step::Submit),
            "retried": round.clips(Step::Retry),
            "downloaded": round.clips(Step::Download),
            "published": round.clips(Step::Publish),
            "submit_failed": states["submit_failed"],
            "unknown": states["unknown"],
            "pending": states["pending"],
            "processing": states["processing"],
            "completed": states["completed"],
            "failed": states["failed"],
            "given_up": self.given_up.iter().map(JobKey::to_string).collect::<Vec<_>>(),
            "newly_given_up": news.given_up.len(),
            "unfinished_rounds": news.unfinished,
            "credits_charged": self.charged,
            "exit_code": self.code.number(),
        })
    }

    fn say(
        &self,
        round: &Round,
        news: &News,
        log: Option<&JobLog>,
        settings: &Settings,
        commands: &Commands,
        printer: &Printer,
    ) -> anyhow::Result<()> {
        let is_quiet = self.is_no_news(news);
        if is_quiet {
            printer.settle(true);
        }
        printer.conclude(self.line(round, settings), is_quiet);
        if is_quiet && printer.options().quiet {
            return Ok(());
        }
        if let Some(log) = log {
            name_given_up(news, log, commands, printer)?;
        }
        if news.is_overdue() {
            printer.say(format_args!(
                "{} rounds in a row were not finished: the vendor is busy or out of reach, another \
                 command holds the log, or the time is too short (--wait, --timeout). \
                 `{}` shows what is left",
                news.unfinished,
                commands.on_log("status", "")
            ));
        }
        if let Some(next) = self.next_step(commands) {
            printer.say(format_args!("  next: {next}"));
        }
        Ok(())
    }

    /// `run: 3 ordered, 3 downloaded; the whole log: 12 ready, 1 failed; 15 credits charged`.
    fn line(&self, round: &Round, settings: &Settings) -> String {
        let did = [
            (Step::Submit, "ordered"),
            (Step::Retry, "ordered again"),
            (Step::Download, "downloaded"),
            (Step::Publish, "published"),
        ];
        let did = did.map(|(step, what)| (round.clips(step), what));
        let did = did.iter().filter(|(n, _)| *n > 0);
        let did: Vec<String> = did
            .map(|(n, what)| format!("{} {what}", words::number(*n)))
            .collect();
        let stands = self.tally.counts().into_iter();
        let stands: Vec<String> = stands
            .map(|(display, n)| format!("{} {}", words::number(n), display.words()))
            .collect();
        let mut parts = vec![if did.is_empty() {
            "nothing new".to_owned()
        } else {
            did.join(", ")
        }];
        if !stands.is_empty() {
            parts.push(format!("the whole log: {}", stands.join(", ")));
        }
        if self.charged > Credits::ZERO {
            let credits = words::credits(self.charged);
            let dollars = words::dollars(&settings.rates, self.charged);
            parts.push(if settings.sandbox {
                format!("would have cost {credits} ({dollars})")
            } else {
                format!("{credits} charged ({dollars})")
            });
        }
        let rehearsal = if settings.sandbox { " (rehearsal)" } else { "" };
        format!("run{rehearsal}: {}", parts.join("; "))
    }

    fn next_step(&self, commands: &Commands) -> Option<String> {
        match self.code {
            Code::Decision => Some(commands.on_log("status", "")),
            Code::Failed if !self.is_only_given_up() => {
                Some("the next round orders what failed again".to_owned())
            }
            Code::Data => Some("correct the rows above, then run it again".to_owned()),
            _ => None,
        }
    }
}

/// Each clip that no round orders again is named once, with what a person can do.
fn name_given_up(
    news: &News,
    log: &JobLog,
    commands: &Commands,
    printer: &Printer,
) -> anyhow::Result<()> {
    for key in news.given_up.iter().take(MOST_NAMED) {
        let Some(view) = log.view(*key).map_err(failure::of_log)? else {
            continue;
        };
        let summary = JobSummary::of(&view, commands);
        let attempts = view.state.attempts().count() as u32;
        let owner = summary.owner.as_deref().unwrap_or("a clip");
        let why = summary
            .reason
            .as_deref()
            .unwrap_or("the vendor gave no reason");
        let again = format!(
            "--failed --id {key} --max-attempts {}",
            attempts.saturating_add(1)
        );
        printer.say(format_args!(
            "  given up after {}: {} {}, because: {}. Another photo or prompt may help; to try \
             once more as it is: {}",
            words::count(u64::from(attempts), "attempt"),
            escape(owner),
            escape(&summary.name),
            escape(why).trim_end_matches('.'),
            commands.on_log("retry", &again),
        ));
    }
    let more = news.given_up.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        printer.say(format_args!(
            "  and {} more; `{}` shows them",
            words::number(more as u64),
            commands.on_log("status", "")
        ));
    }
    Ok(())
}

/// What the next round needs to know lies beside the log; of a log in a database, where programs keep
/// their state on this computer, if there is such a place.
fn memory_of(path: &Path) -> Option<PathBuf> {
    if !is_address(path) {
        let mut name = path.as_os_str().to_owned();
        name.push(".rounds");
        return Some(PathBuf::from(name));
    }
    let base = etcetera::choose_base_strategy().ok()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    let digest = Sha256::digest(path.to_string_lossy().as_bytes());
    let name = base16ct::lower::encode_string(&digest[..16]);
    let folder = state.join("creativeai").join("rounds");
    Some(folder.join(format!("{name}.rounds")))
}

fn remember(memory: &Memory, file: &Path) -> std::io::Result<()> {
    let text = memory.to_text();
    if fs::read_to_string(file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = Replacement::of(file, Readers::User)?;
    std::io::Write::write_all(&mut new.file()?, text.as_bytes())?;
    new.finish()
}
