//! The report on a round: the state at its end, and what is new for a person.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use super::notices;
use crate::commands::finish;
use crate::commands::open;
use crate::engine::notify::{Notice, RoundEvent};
use crate::engine::round::{MemoryFile, Round, RoundOutcome, RoundRemainder, UnsentRows};
use crate::exit::{self, Code};
use crate::jobs::{JobKey, JobState};
use crate::journal::{JobLog, Location, LogError};
use crate::output::{Printer, RoundEnd, failure};
use crate::settings::Settings;
use crate::text::escape;

/// How a round ended.
pub struct RoundDone {
    pub code: Code,
    pub left: RoundRemainder,
}

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
    Location::is_address(path) || path.exists()
}

/// Says how a round ended, and remembers it for the next one. `rowless` are the jobs
/// that it did not order again, since no row asks for them, `unsent` the rows that it did not send.
pub fn report(
    round: &Round,
    before: Option<&JobLog>,
    (rowless, unsent): (&BTreeSet<JobKey>, &UnsentRows),
    path: &Path,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<RoundDone> {
    let log = read(path, settings)?;
    let jobs = || log.iter().flat_map(|log| log.ledger().jobs());
    let charged = |log: &JobLog| finish::charged(log.ledger().jobs());
    // No run sends it by itself, so that it is not what the next round carries on with.
    let is_rowless = |job: &&JobState| rowless.contains(&job.key) && job.may_be_retried();
    let mut ending = finish::ending_of_jobs(jobs().filter(|job| !is_rowless(job)));
    ending.note_if(jobs().any(|job| is_rowless(&job)), Code::Failed);
    let end = RoundEnd::of(
        round,
        log.as_ref(),
        ending,
        rowless,
        before.map(charged).unwrap_or_default(),
        settings.max_attempts,
    );
    let file = MemoryFile::of(path);
    let mut memory = file.as_ref().map(MemoryFile::read).unwrap_or_default();
    let news = memory.after(end.code, &end.given_up, &end.failed, unsent);
    let commands = match &log {
        Some(log) => open::commands(path, log.ledger(), settings),
        None => open::commands_for(path, false, settings),
    };
    let notice = Notice {
        event: RoundEvent::of(RoundOutcome::of(end.code), news.is_overdue()),
        text: end.line(round, &settings.rates, settings.sandbox),
        code: Some(end.code.number()),
        counts: end.to_json(round, &news),
    };
    let stopped = notices::send(&settings.notify, &notice, printer);
    if printer.options().json {
        printer.document(&notice.counts)?;
    } else {
        let said = end.say(
            &notice.text,
            (&news, unsent),
            log.as_ref(),
            &commands,
            printer,
        );
        said.map_err(failure::of_log)?;
    }
    // Said twice is better than never, should this run be killed before.
    if let Some(file) = file.filter(|_| log.is_some())
        && let Err(error) = file.write(&memory)
    {
        printer.warn(format_args!(
            "{} cannot be written ({error}); its news may be reported again",
            escape(&file.path().display().to_string())
        ));
    }
    Ok(RoundDone {
        code: stopped.unwrap_or(end.code),
        left: end.left(),
    })
}

/// The notice that a round begins.
pub fn beginning() -> Notice {
    Notice {
        event: RoundEvent::Start,
        text: "run: a round has started".to_owned(),
        code: None,
        counts: json!({}),
    }
}

/// The notice that a round could not be made at all. What went wrong may hold names of files, and so is
/// reported here only.
pub fn failure(error: &anyhow::Error) -> Notice {
    let code = exit::code_of(error);
    Notice {
        event: RoundEvent::Failure,
        text: format!("run: the round could not be made ({})", code.word()),
        code: Some(code.number()),
        counts: json!({}),
    }
}
