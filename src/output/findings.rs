//! What `check` has found, shown as a list or as JSON.

use std::fmt::Display;
use std::io;

use serde_json::{Value, json};

use super::{columns, display_status::Tone, printer::Printer, words};
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

impl Finding {
    fn text(&self) -> &str {
        match &self.result {
            Ok(text) | Err((_, text)) => text,
        }
    }
}

#[derive(Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    pub fn pass(&mut self, subject: &'static str, text: impl Display) {
        self.push(subject, true, Ok(text.to_string()));
    }

    /// Says that something was left out, and why.
    pub fn skip(&mut self, subject: &'static str, text: impl Display) {
        self.push(subject, false, Ok(text.to_string()));
    }

    pub fn problem(&mut self, subject: &'static str, code: Code, text: impl Display) {
        self.push(subject, true, Err((code, text.to_string())));
    }

    fn push(
        &mut self,
        subject: &'static str,
        is_seen: bool,
        result: Result<String, (Code, String)>,
    ) {
        self.0.push(Finding {
            subject,
            is_seen,
            result,
        });
    }

    /// What was found, or why it could not be; whether it was.
    pub fn add(&mut self, subject: &'static str, found: Result<impl Display, Failure>) -> bool {
        let is_found = found.is_ok();
        match found {
            Ok(text) => self.pass(subject, text),
            Err(failure) => self.failure(subject, &failure),
        }
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

    /// Shows them; the code is that of the worst. In a round the next step says what is wrong with the
    /// subjects `told_later`.
    pub fn report(&self, told_later: &[&str], printer: &mut Printer) -> anyhow::Result<Code> {
        let mut ending = Ending::default();
        let problems = self
            .0
            .iter()
            .filter_map(|found| found.result.as_ref().err());
        for (code, _) in problems.clone() {
            ending.note(*code);
        }
        let (code, problems) = (ending.code(), problems.count());
        if printer.is_step() {
            let is_told = |finding: &&Finding| {
                finding.result.is_err() && !told_later.contains(&finding.subject)
            };
            for finding in self.0.iter().filter(is_told) {
                printer.warn(format_args!("{}: {}", finding.subject, finding.text()));
            }
        } else if printer.options().json {
            printer.document(&self.to_json(problems, code))?;
        } else if printer.options().quiet {
            // Standard output is silent, and who reads cron's mail wants to know.
            let failed = self.0.iter().filter(|finding| finding.result.is_err());
            for finding in failed {
                printer.error(format_args!("{}: {}", finding.subject, finding.text()));
            }
        } else {
            self.print(problems, printer)?;
        }
        Ok(code)
    }

    /// For programs.
    fn to_json(&self, problems: usize, code: Code) -> Value {
        let checks = self.0.iter().map(|finding| {
            json!({
                "check": finding.subject,
                "ok": finding.result.is_ok(),
                "text": finding.text(),
            })
        });
        json!({
            "command": "check",
            "checks": checks.collect::<Value>(),
            "problems": problems,
            "exit_code": code.number(),
        })
    }

    /// For people.
    fn print(&self, problems: usize, printer: &mut Printer) -> io::Result<()> {
        for finding in &self.0 {
            let (sign, tone) = match &finding.result {
                Ok(_) if !finding.is_seen => ("–", Tone::Quiet),
                Ok(_) => ("✓", Tone::Good),
                Err(_) => ("✗", Tone::Bad),
            };
            let (sign, subject) = (printer.paint(sign, tone), finding.subject);
            let mut text = finding.text().to_owned();
            // Continuation lines are printed below the text.
            if printer.is_terminal() {
                text = columns::hanging(&text, printer.width(), TEXT_COLUMN);
            }
            writeln!(printer.out(), "{sign} {subject:<9} {text}")?;
        }
        let end = match problems {
            0 => "Everything is ready.".to_owned(),
            n => format!("{} to correct first.", words::count(n as u64, "problem")),
        };
        writeln!(printer.out(), "{end} Nothing was ordered or spent.")?;
        printer.flush()
    }
}
