//! How a run ends that something has stopped.

use std::path::Path;

use super::failure;
use super::{Commands, Printer, words};
use crate::engine::stop::{Reason, Stop};
use crate::exit::{Code, Ending};
use crate::text::escape;

/// How a server ends: it serves until a signal, so that is what its code says.
pub fn ending_of_server(stop: &Stop) -> Ending {
    let mut ending = Ending::default();
    for reason in stop.reasons() {
        if let Reason::Signal(number) = reason {
            ending.note(Code::of_signal(number));
        }
    }
    ending
}

/// Says what was refused with an HTTP status, and what to do about it.
fn say_denied(http_status: u16, error: &str, printer: &Printer, commands: &Commands) {
    let (what, fix) = match http_status {
        402 => ("your credits do not suffice", "Buy credits"),
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
    printer.error(format_args!(
        "{what} ({}); nothing more was sent, and what was refused was not charged. {fix}, then run the same command again",
        escape(error)
    ));
}

/// What the log could not take in.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// Replies to orders.
    Replies,
    /// That clips were published.
    Marks,
}

/// Says that something was kept in `file`, since the log could not take it in.
pub fn say_kept(
    file: &Path,
    kept: Kept,
    is_away: bool,
    printer: &Printer,
    commands: &Commands,
) -> Code {
    let (what, meanwhile) = match kept {
        Kept::Replies if is_away => ("replies", "those jobs show as unknown"),
        Kept::Replies => ("replies", "those jobs show as unknown or as not ordered"),
        Kept::Marks if is_away => (
            "marks of published clips",
            "those clips show as not published",
        ),
        Kept::Marks => ("marks of published clips", "nothing more is published"),
    };
    let file = words::shell_word(&file.display().to_string());
    let recover = commands.on_log("reconcile", &format!("--recover {file}"));
    let [file, recover] = [&file, &recover].map(|text| escape(text));
    if is_away {
        printer.error(format_args!(
            "{what} that the database did not take in are kept in {file}. The next command on this computer that writes to the log takes them in; on another computer `{recover}` does. Until then {meanwhile}"
        ));
        return Code::Temporary;
    }
    printer.error(format_args!(
        "{what} that the job log did not take in are kept in {file}. Once the log is in order, `{recover}` takes them back; until then {meanwhile}"
    ));
    Code::Io
}

/// What stopped a run, as conditions of its end; each is reported once.
pub fn ending_of(stop: &Stop, printer: &Printer, commands: &Commands) -> Ending {
    let mut ending = Ending::default();
    let reasons = stop.reasons();
    let is_kept = reasons
        .iter()
        .any(|reason| matches!(reason, Reason::Kept(_)));
    let is_away = reasons
        .iter()
        .any(|reason| matches!(reason, Reason::Away(_)));
    for reason in reasons {
        ending.note(match reason {
            Reason::Signal(number) => {
                printer.warn("stopped; what was in flight is in the log. Run the same command again to go on");
                Code::of_signal(number)
            }
            Reason::Disk(error) => {
                let take_back = if is_kept {
                    String::new()
                } else {
                    format!(
                        " take back any RECOVER lines above with `{}`,",
                        commands.on_log("reconcile", "--recover FILE")
                    )
                };
                printer.error(format_args!(
                    "the job log cannot be written ({}); nothing more was sent. Make room on the disk,{take_back} then run the same command again",
                    escape(&error)
                ));
                Code::Io
            }
            Reason::Away(error) => {
                let (what, next) = (escape(&error.message), escape(&error.help));
                printer.error(format_args!("{what}; {next}"));
                failure::code_of(error.kind)
            }
            Reason::Disturbed(error) => {
                printer.error(format_args!(
                    "the job log was left alone and nothing more was sent: {}. Look at it, put the right file back where it was, then run the same command again",
                    escape(&error)
                ));
                Code::Io
            }
            Reason::Kept(file) => {
                say_kept(&file, Kept::Replies, is_away, printer, commands)
            },
            Reason::Denied(http_status, error) => {
                say_denied(http_status, &error, printer, commands);
                Code::Refused
            }
            Reason::ThreeUnknown => {
                printer.error(format_args!(
                    "three requests in a row had no clear outcome, so nothing more was sent; they may have been accepted and paid for. `{}` shows them, and what to type once you have looked at the vendor's dashboard",
                    commands.on_log("status", "")
                ));
                Code::Decision
            }
            Reason::TooManyFailed(failed) => {
                printer.error(format_args!(
                    "{} refused or failed, more than --max-failed allows, so nothing more was sent; those were not charged, and what was accepted is in the log. `{}` shows why; correct that, then run the same command again",
                    words::count(failed, "order"),
                    commands.on_log("status", "")
                ));
                Code::Decision
            }
            Reason::SameId(id) => {
                printer.error(format_args!(
                    "the vendor gave one id ({}) to two jobs, so nothing more was sent. `{}` shows the job in doubt; ask the vendor what became of it",
                    escape(&id),
                    commands.on_log("status", "")
                ));
                Code::Decision
            }
            Reason::WrongAddress => {
                printer.error(commands.repeat_in("three requests in a row found no such page, so nothing more was sent; these three requests were not accepted and not charged. Check --base-url (`creativeai config` shows where it comes from)"));
                Code::Config
            }
            Reason::Mixed => {
                printer.error("a sandbox answered for a log of live jobs, or the reverse, so nothing more was sent. Use a log of its own for rehearsals");
                Code::Config
            }
            Reason::Paused(by) => {
                printer.error(format_args!(
                    "the log was paused {}, so nothing more was sent. `{}` lets the fleet go on",
                    escape(&by),
                    commands.on_log("log resume", "")
                ));
                Code::Decision
            }
            // Which cap it was is reported beside it.
            Reason::CapReached => Code::Decision,
            // The failure has a code of its own.
            Reason::Shared => Code::Success,
            Reason::Deadline => {
                printer.warn("--timeout has passed; run the same command again to go on");
                Code::Temporary
            }
            Reason::Input(error) => {
                printer.error(error);
                Code::Data
            }
        });
    }
    ending
}
