//! How a run ends that something has stopped.

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::failure;
use super::{commands::Commands, printer::Printer, words};
use crate::engine::stop::{Stop, StopReason};
use crate::exit::{Code, Ending};
use crate::text::escape;

/// How long the last line of a process that ends at once may take: no one may be reading.
const LAST_LINE: Duration = Duration::from_millis(200);

/// Says what becomes of orders that were being sent, where the process ends at once.
pub fn at_once(in_flight: usize) {
    if in_flight == 0 {
        return;
    }
    let orders = in_flight as u64;
    // Behind whatever shows the progress.
    let line = format!(
        "\nstopped at once: {} in doubt, and may have been paid for. `creativeai status` shows {}\n",
        words::counted(orders, "order is", "orders are"),
        words::choose(orders, "it", "them"),
    );
    let (said, waiting) = mpsc::channel();
    let say = move || {
        let _ = io::stderr().write_all(line.as_bytes());
        let _ = said.send(());
    };
    if thread::Builder::new().spawn(say).is_ok() {
        let _ = waiting.recv_timeout(LAST_LINE);
    }
}

/// How a server ends: it serves until a signal, so that is what its code says.
pub fn ending_of_server(stop: &Stop) -> Ending {
    let mut ending = Ending::default();
    for reason in stop.reasons() {
        if let StopReason::Signal(number) = reason {
            ending.note(Code::of_signal(number));
        }
    }
    ending
}

/// What was refused with an HTTP status, and what to do about it.
fn denied(http_status: u16, error: &str, commands: &Commands) -> String {
    let (what, fix) = match http_status {
        402 => ("you do not have enough credits", "Buy credits"),
        401 => (
            "the vendor does not accept the API key",
            "Check the key (`creativeai config` shows where it comes from)",
        ),
        _ => (
            "the vendor refuses the API key, or its spending limit is reached",
            "Check the key and its limit",
        ),
    };
    let fix = commands.repeat_in(fix);
    format!(
        "{what} ({}); nothing more was sent, and what was refused was not charged. {fix}, then run the same command again",
        escape(error)
    )
}

/// What the log could not take in.
#[derive(Clone, Copy, Debug)]
pub enum SavedLines {
    /// Replies to orders.
    Replies,
    /// That clips were published.
    Marks,
}

/// What was kept in `file`, since the log could not take it in, and how it gets there.
pub fn kept(file: &Path, kept: SavedLines, is_away: bool, commands: &Commands) -> String {
    let (what, meanwhile) = match kept {
        SavedLines::Replies if is_away => ("replies", "those jobs show as unknown"),
        SavedLines::Replies => ("replies", "those jobs show as unknown or as not ordered"),
        SavedLines::Marks if is_away => (
            "marks of published clips",
            "those clips show as not published",
        ),
        SavedLines::Marks => ("marks of published clips", "nothing more is published"),
    };
    let file = words::shell_word(&file.display().to_string());
    let recover = commands.on_log("reconcile", &format!("--recover {file}"));
    let [file, recover] = [&file, &recover].map(|text| escape(text));
    if is_away {
        format!(
            "{what} that the database did not store are kept in {file}. The next command that this user runs on this computer and that writes to the log adds them; elsewhere `{recover}` does. Until then {meanwhile}"
        )
    } else {
        format!(
            "{what} that could not be written to the job log are kept in {file}. Once the log is in order, `{recover}` takes them back; until then {meanwhile}"
        )
    }
}

/// What stopped a run, as conditions of its end; each is reported once.
pub fn ending_of(stop: &Stop, printer: &Printer, commands: &Commands) -> Ending {
    let mut ending = Ending::default();
    let reasons = stop.reasons();
    let has = |is: fn(&StopReason) -> bool| reasons.iter().any(is);
    let is_kept = has(|reason| matches!(reason, StopReason::Kept(_)));
    let is_away = has(|reason| matches!(reason, StopReason::Away(_)));
    for reason in &reasons {
        ending.note(code_of(reason, is_away));
        let Some(text) = in_words(reason, is_kept, is_away, commands) else {
            continue;
        };
        match reason {
            StopReason::Signal(_) | StopReason::Deadline => printer.warn(text),
            _ => printer.error(text),
        }
    }
    ending
}

/// What a reason puts on the end of the run.
fn code_of(reason: &StopReason, is_away: bool) -> Code {
    match reason {
        StopReason::Signal(number) => Code::of_signal(*number),
        StopReason::Kept(_) if is_away => Code::Temporary,
        StopReason::Disk(_) | StopReason::Disturbed(_) | StopReason::Kept(_) => Code::Io,
        StopReason::Away(error) => failure::code_of(error.kind),
        StopReason::Denied(..) => Code::Refused,
        StopReason::WrongAddress | StopReason::Mixed | StopReason::LogTaken { .. } => Code::Config,
        StopReason::Deadline => Code::Temporary,
        StopReason::Input(_) => Code::Data,
        // The failure has a code of its own.
        StopReason::Shared => Code::Success,
        StopReason::ThreeUnknown
        | StopReason::TooManyFailed(_)
        | StopReason::SameId(_)
        | StopReason::Paused(_)
        | StopReason::CapReached => Code::Decision,
    }
}

/// What stopped a run, and the next step; `None` where that is reported elsewhere.
fn in_words(
    reason: &StopReason,
    is_kept: bool,
    is_away: bool,
    commands: &Commands,
) -> Option<String> {
    let status = commands.on_log("status", "");
    Some(match reason {
        StopReason::CapReached | StopReason::Shared => return None,
        StopReason::Signal(_) => "stopped; what was in flight is in the log. Run the same command again to continue".to_owned(),
        StopReason::Deadline => "--timeout leaves no time for the next request; run the same command again to continue".to_owned(),
        StopReason::Kept(file) => kept(file, SavedLines::Replies, is_away, commands),
        StopReason::Denied(http_status, error) => denied(*http_status, error, commands),
        StopReason::Disk(error) => {
            let recover = commands.on_log("reconcile", "--recover FILE");
            let take_back = format!(" take back any RECOVER lines above with `{recover}`,");
            let take_back = if is_kept { "" } else { &take_back };
            format!("the job log cannot be written ({}); nothing more was sent. Make room on the disk,{take_back} then run the same command again", escape(error))
        }
        StopReason::Away(error) => format!("{}; {}", escape(&error.message), escape(&error.help)),
        StopReason::Disturbed(error) => format!("the job log was left alone and nothing more was sent: {}. Look at it, put the right file back where it was, then run the same command again", escape(error)),
        StopReason::ThreeUnknown => format!("three requests in a row had no clear outcome, so nothing more was sent; they may have been accepted and paid for. `{status}` shows them, and what to type once you have looked at the vendor's dashboard"),
        StopReason::TooManyFailed(failed) => {
            let orders = words::count(*failed, "order");
            format!("{orders} refused or failed, more than --max-failed allows, so nothing more was sent; those were not charged, and what was accepted is in the log. `{status}` shows why; correct that, then run the same command again")
        }
        StopReason::SameId(id) => format!("the vendor gave one id ({}) to two orders, so nothing more was sent. `{status}` shows the job in doubt; ask the vendor what became of it", escape(id)),
        StopReason::WrongAddress => {
            let retry = commands.retry_after(1);
            let text = commands.repeat_in("three requests in a row found no such page, so nothing more was sent; these three requests were not accepted and not charged. Check --base-url (`creativeai config` shows where it comes from)");
            format!("{text}; then `{retry}` orders these three, and the same command again the rest")
        }
        StopReason::Mixed => "a sandbox answered for a log of live jobs, or the reverse, so nothing more was sent. Use a log of its own for rehearsals".to_owned(),
        StopReason::LogTaken { by_rehearsal: true } => "another computer has begun a rehearsal in this log, and live jobs never enter such a log, so nothing more was sent. Name another log, or add --sandbox to keep rehearsing".to_owned(),
        StopReason::LogTaken { by_rehearsal: false } => "another computer has ordered live jobs in this log, and a rehearsal never writes to a live log, so nothing more was sent. Name another log for rehearsals".to_owned(),
        StopReason::Paused(by) => {
            let resume = commands.on_log("log resume", "");
            format!("the log was paused {}, so nothing more was sent. `{resume}` lets all computers continue", escape(by))
        }
        StopReason::Input(error) => error.clone(),
    })
}
