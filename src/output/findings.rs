//! What `check` has found, shown as a list or as JSON.

use std::fmt::Display;

use serde_json::json;

use super::{Printer, Tone, words, wrap};
use crate::exit::{Code, Ending, Failure};
use crate::text::{escape, escape_lines};

/// Problems of one kind that are reported one by one.
pub const MOST_SHOWN: usize = 20;
/// Columns before a finding's text: a sign, what it is about, blanks.
const TEXT_COLUMN: usize = 12;

/// One thing looked at.
struct Finding {
    subject: &'static str,
    /// Whether it was looked at.
    is_seen: bool,
    /// What was found; a problem with the code it means.
    result: Result<String, (Code, String)>,
}

#[derive(Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub fn pass(&mut self, subject: &'static str, text: impl Display) {
        self.0.push(Finding {
            subject,
            is_seen: true,
            result: Ok(text.to_string()),
        });
    }

    /// Says that something was left out, and why.
    pub fn skip(&mut self, subject: &'static str, text: impl Display) {
        self.0.push(Finding {
            subject,
            is_seen: false,
            result: Ok(text.to_string()),
        });
    }

    pub fn problem(&mut self, subject: &'static str, code: Code, text: impl Display) {
        self.0.push(Finding {
            subject,
            is_seen: true,
            result: Err((code, text.to_string())),
        });
    }

    /// What was found, or why it could not be; whether it was.
    pub fn add(&mut self, subject: &'static str, found: Result<impl Display, Failure>) -> bool {
        let found = found.map(|text| self.pass(subject, text));
        let is_found = found.is_ok();
        self.refuse(subject, found);
        is_found
    }

    /// A problem in the words of the command that would have met it.
    pub fn failure(&mut self, subject: &'static str, failure: &Failure) {
        let text = escape_lines(&failure.to_string());
        let step = failure
            .next_step()
            .map(|step| format!("\n  next: {}", escape(step)));
        self.problem(
            subject,
            failure.code(),
            format_args!("{text}{}", step.unwrap_or_default()),
        );
    }

    /// A problem, if there is one.
    pub fn refuse(&mut self, subject: &'static str, checked: Result<(), Failure>) {
        if let Err(failure) = checked {
            self.failure(subject, &failure);
        }
    }

    /// Shows them; the code is that of the worst.
    pub fn report(&self, printer: &mut Printer) -> anyhow::Result<Code> {
        let mut ending = Ending::default();
        for (code, _) in self.0.iter().filter_map(|f| f.result.as_ref().err()) {
            ending.note(*code);
        }
        let code = ending.code();
        if printer.is_step() {
            for finding in &self.0 {
                if let Err((_, text)) = &finding.result {
                    printer.warn(format_args!("{}: {text}", finding.subject));
                }
            }
            return Ok(code);
        }
        let problems = self.0.iter().filter(|f| f.result.is_err()).count();
        if printer.options().json {
            let list: Vec<_> = self
                .0
                .iter()
                .map(|finding| {
                    let text = match &finding.result {
                        Ok(text) | Err((_, text)) => text,
                    };
                    json!({ "check": finding.subject, "ok": finding.result.is_ok(), "text": text })
                })
                .collect();
            printer.document(&json!({
                "command": "check",
                "checks": list,
                "problems": problems,
                "exit_code": code.number(),
            }))?;
            return Ok(code);
        }
        if printer.options().quiet && problems == 0 {
            return Ok(code);
        }
        for finding in &self.0 {
            let (sign, text) = match &finding.result {
                Ok(text) if !finding.is_seen => (printer.paint("–", Tone::Quiet), text),
                Ok(text) => (printer.paint("✓", Tone::Good), text),
                Err((_, text)) => (printer.paint("✗", Tone::Bad), text),
            };
            let subject = finding.subject;
            // What continues a text stands below it.
            let text = if printer.is_terminal() {
                wrap::hanging(text, printer.width(), TEXT_COLUMN)
            } else {
                text.clone()
            };
            writeln!(printer.out(), "{sign} {subject:<9} {text}")?;
        }
        let end = match problems {
            0 => "Everything is ready. Nothing was ordered or spent.".to_owned(),
            n => format!(
                "{} to correct first. Nothing was ordered or spent.",
                words::count(n as u64, "problem")
            ),
        };
        writeln!(printer.out(), "{end}")?;
        printer.flush()?;
        Ok(code)
    }
}
