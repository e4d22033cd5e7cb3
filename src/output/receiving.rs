//! What is reported while deliveries are received, and how that went.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::delivery::{report_lost, warn_of};
use super::replay::report_binding;
use super::{commands::Commands, metrics::DeliveryMetric, printer::Printer, words};
use crate::engine::forward::ForwardStats;
use crate::engine::ingest::{Applied, observation};
use crate::engine::receive::{CommandStats, IntakeEvent, OnEndEvent};
use crate::jobs::GenerationId;
use crate::text::escape;
use crate::webhook::{self, Capture, RejectReason, Stats, Verification, VerifyKeys, verify};

/// Reports and counts requests to a receiver.
pub struct RequestReport {
    printer: Printer,
    keys: VerifyKeys,
    /// Where deliveries are taken.
    path: String,
    has_warned_of_keys: AtomicBool,
    has_warned_of_path: AtomicBool,
}

impl RequestReport {
    /// For deliveries that come to `path` and are verified with `keys`.
    pub fn new(path: &str, keys: &VerifyKeys, printer: &Printer) -> Self {
        Self {
            printer: printer.without_progress(),
            keys: keys.clone(),
            path: path.to_owned(),
            has_warned_of_keys: AtomicBool::new(false),
            has_warned_of_path: AtomicBool::new(false),
        }
    }

    /// Takes what happened to a request. It never waits.
    pub fn report(&self, event: &webhook::ReceiverEvent<'_>) {
        let printer = &self.printer;
        if let Some(metrics) = printer.metrics() {
            metrics.delivered(self.counted(event));
        }
        match event {
            webhook::ReceiverEvent::Kept(capture) if printer.options().verbose > 0 => {
                printer.detail(escape(&self.kept(capture)));
            }
            webhook::ReceiverEvent::Kept(_) => {}
            webhook::ReceiverEvent::Refused(RejectReason::Signature)
                if !self.has_warned_of_keys.swap(true, Ordering::Relaxed) =>
            {
                printer.warn(
                    "a delivery was refused and not kept: its signature is wrong. If the API key \
                     was changed since, give the old one in CREATIVEAI_VERIFY_KEYS; -v reports \
                     every one",
                );
            }
            webhook::ReceiverEvent::Astray(path)
                if !self.has_warned_of_path.swap(true, Ordering::Relaxed) =>
            {
                printer.warn(format_args!(
                    "a signed delivery came to {} and was refused and not kept: this receiver takes \
                     them at {}. Give it that path with --path, or correct the proxy or \
                     --webhook-url; -v reports every one",
                    escape(path),
                    escape(&self.path)
                ));
            }
            webhook::ReceiverEvent::Astray(_) => {
                printer.detail(format_args!(
                    "a delivery was refused: {}",
                    RejectReason::Path
                ));
            }
            webhook::ReceiverEvent::Refused(refusal) => {
                printer.detail(format_args!("a delivery was refused: {refusal}"));
            }
            webhook::ReceiverEvent::Failed(error) => printer.error(format_args!(
                "a delivery could not be kept ({}); the vendor was asked to send it again",
                escape(&format!("{error:#}"))
            )),
        }
    }

    /// As what a request is counted.
    fn counted(&self, event: &webhook::ReceiverEvent<'_>) -> DeliveryMetric {
        match event {
            // With keys, nothing else is kept.
            webhook::ReceiverEvent::Kept(_) if self.keys.is_empty() => DeliveryMetric::Unverified,
            webhook::ReceiverEvent::Kept(_) => DeliveryMetric::Verified,
            webhook::ReceiverEvent::Refused(RejectReason::Unsigned | RejectReason::Signature) => {
                DeliveryMetric::Unsigned
            }
            webhook::ReceiverEvent::Refused(_) | webhook::ReceiverEvent::Astray(_) => {
                DeliveryMetric::Refused
            }
            webhook::ReceiverEvent::Failed(_) => DeliveryMetric::Failed,
        }
    }

    /// What a delivery says, in a line.
    fn kept(&self, capture: &Capture<'_>) -> String {
        let verified = verify(capture, &self.keys);
        let proven = match &verified {
            Verification::Verified(_) => "signed",
            _ => "not proven",
        };
        let about = observation(&verified, capture.correlation());
        let about = about.map_or_else(
            || "nothing for a log".to_owned(),
            |seen| format!("{} {}", seen.id, seen.status),
        );
        format!(
            "kept a delivery of {} bytes ({proven}): {about}",
            capture.body.bytes().len()
        )
    }
}

/// Reports what becomes of captures in the log, and of commands for clips that have ended.
pub struct Receiving<'a> {
    /// Where to.
    pub printer: &'a Printer,
    /// Commands for the log.
    pub commands: Commands,
    /// Where captures are.
    pub captures: &'a Path,
    /// Ids that no job of the log has.
    pub unknown: Mutex<HashSet<GenerationId>>,
}

impl Receiving<'_> {
    /// Of how many clips deliveries were not applied, since no job of the log has their id.
    pub fn not_applied(&self) -> u64 {
        let unknown = self.unknown.lock();
        unknown.unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// The first one is warned of: something was paid that this log does not know.
    fn report_unknown(&self, id: &GenerationId, why: &str) {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = unknown.is_empty();
        unknown.insert(id.clone());
        let text = format!("{id}: a signed delivery is kept, but not applied: {why}");
        if is_first {
            self.printer.warn(format_args!(
                "{text}. If another log has ordered it, `reconcile --replay` with that log applies \
                 it; -v reports every one"
            ));
        } else {
            self.printer.detail(text);
        }
    }

    /// Takes what happens to captures.
    pub fn report(&self, event: &IntakeEvent<'_>) {
        let printer = self.printer;
        match event {
            IntakeEvent::Taken {
                id,
                status,
                applied,
                writer,
            } => match applied {
                Applied::New {
                    job,
                    attempt,
                    binding,
                } => {
                    report_binding(binding, (*job, *attempt), id, writer, printer);
                    printer.detail(format_args!("{id}: {status}, applied"));
                }
                Applied::Known => printer.detail(format_args!("{id}: {status}, already known")),
                Applied::UnknownId(why) => self.report_unknown(id, why),
            },
            IntakeEvent::Written => {
                if let Some(metrics) = printer.metrics() {
                    metrics.log_written();
                }
            }
            IntakeEvent::Waiting(captures) => {
                if let Some(metrics) = printer.metrics() {
                    metrics.not_applied(*captures);
                }
            }
            IntakeEvent::Unverified(clips) => printer.warn(format_args!(
                "deliveries of {} are in the capture file and not applied: with this key their \
                 signatures do not hold. If the API key was changed since, give the old one in \
                 CREATIVEAI_VERIFY_KEYS and start again",
                words::count(*clips, "open clip")
            )),
            IntakeEvent::Postponed(error) => {
                printer.warn(format_args!("{error}; captures are kept and applied later"));
            }
            IntakeEvent::Left(captures) => {
                let what = match captures {
                    None => "some captures are".to_owned(),
                    Some(1) => "1 capture is".to_owned(),
                    Some(n) => format!("{} are", words::count(*n, "capture")),
                };
                let captures = words::shell_word(&self.captures.display().to_string());
                printer.warn(format_args!(
                    "{what} not in the log yet, but in the capture file; the next `creativeai \
                     listen` applies them, or `{}`",
                    self.commands
                        .on_log("reconcile", &format!("--replay {captures}"))
                ));
            }
        }
    }

    /// Takes what happens to commands.
    pub fn report_on_end(&self, event: &OnEndEvent<'_>) {
        let printer = self.printer;
        match event {
            OnEndEvent::Failed(failure) => warn_of(failure, printer),
            OnEndEvent::NotRun(error) => printer.warn(format_args!(
                "--exec: {}; the command runs for clips that have ended once the log can be used",
                escape(&error.to_string())
            )),
            OnEndEvent::Unwritten(clips, why, kept) => {
                let next = match kept.map(|file| file.display().to_string()) {
                    Some(file) => {
                        let file = format!("--recover {}", words::shell_word(&file));
                        let recover = self.commands.on_log("reconcile", &file);
                        format!("once it is in order, `{}` does that", escape(&recover))
                    }
                    None => format!(
                        "`publish --exec` would run it for {} again, with the same \
                         CREATIVEAI_PUBLISH_ID",
                        words::choose(*clips as u64, "it", "them")
                    ),
                };
                printer.warn(format_args!(
                    "cannot record in the log that the command ran for {} ({}); {next}",
                    words::count(*clips as u64, "clip"),
                    escape(why),
                ));
            }
            OnEndEvent::Recover(lines) => report_lost(lines, printer),
            OnEndEvent::Left(clips) => printer.warn(format_args!(
                "the command was not run for {} that ended; `{}` runs it for those that are ready, \
                 `{}` lists those that failed",
                words::count(*clips, "clip"),
                self.commands.on_log("publish", "--exec CMD"),
                self.commands.on_log("status", "")
            )),
        }
    }
}

/// How receiving went.
pub struct Received {
    /// Requests.
    pub stats: Stats,
    /// Clips whose deliveries no job of the log was found for.
    pub not_applied: u64,
    /// What was forwarded, and what was not.
    pub forwards: ForwardStats,
    /// Commands for clips that have ended.
    pub runs: CommandStats,
}

impl Received {
    /// For programs.
    pub fn to_json(&self, exit_code: u8) -> Value {
        let Self {
            stats,
            not_applied,
            forwards,
            runs,
        } = self;
        json!({
            "command": "listen",
            "kept": stats.kept,
            "unsigned": stats.unsigned,
            "failed": stats.failed,
            "refused": stats.refused,
            "not_applied": not_applied,
            "forwarded": forwards.taken,
            "not_forwarded": forwards.left,
            "exec_ok": runs.clips,
            "exec_failed": runs.failed,
            "exec_left": runs.left,
            "exit_code": exit_code,
        })
    }

    /// In a line; what was not asked for is left out.
    pub fn line(&self, does_forward: bool, does_exec: bool) -> String {
        let number = words::number;
        let mut text = format!(
            "listen: {} kept, {} without a valid signature, {} failed",
            number(self.stats.kept),
            number(self.stats.unsigned),
            number(self.stats.failed),
        );
        if self.stats.refused > 0 {
            text = format!("{text}, {} refused", number(self.stats.refused));
        }
        if self.not_applied > 0 {
            let clips = words::count(self.not_applied, "clip");
            text = format!("{text}; {clips} not applied (unknown id)");
        }
        if does_forward {
            let (taken, left) = (number(self.forwards.taken), number(self.forwards.left));
            text = format!("{text}; {taken} forwarded, {left} not yet");
        }
        if does_exec {
            let clips = words::count(self.runs.clips, "clip");
            let failed = number(self.runs.failed);
            text = format!("{text}; command run for {clips}, failed for {failed}");
            if self.runs.left > 0 {
                text = format!("{text}, not run for {}", number(self.runs.left));
            }
        }
        text
    }
}
