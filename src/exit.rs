//! What happened, as an exit code. The only file that knows the numbers.
//!
//! A command that runs to its end collects in an [`Ending`] what it saw; a run that cannot go on
//! returns a [`Failure`] inside of an `anyhow::Error`, which [`code_of`] finds again.

use std::error::Error;

use crate::text::escape_lines;

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// All done, or nothing to do.
    Success,
    Failed,
    /// The command line was wrong.
    Usage,
    /// Something waits for a person's decision.
    Decision,
    /// A manifest, log or capture is invalid.
    Data,
    /// Local input or output failed.
    Io,
    /// Run it again later.
    Temporary,
    /// The vendor refused the key or the credits.
    Refused,
    Config,
    /// Stopped by SIGINT or Ctrl-C.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
}

impl Code {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Success,
        Self::Failed,
        Self::Usage,
        Self::Decision,
        Self::Data,
        Self::Io,
        Self::Temporary,
        Self::Refused,
        Self::Config,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// Which one is reported where several hold: the earliest. A wrong command line ends a run before
    /// anything else can hold, so its place does not matter.
    const PRECEDENCE: [Self; 11] = [
        Self::Interrupted,
        Self::Terminated,
        Self::Usage,
        Self::Io,
        Self::Decision,
        Self::Refused,
        Self::Config,
        Self::Data,
        Self::Failed,
        Self::Temporary,
        Self::Success,
    ];

    /// The number that the process ends with.
    pub const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Decision => 3,
            Self::Data => 65,
            Self::Io => 74,
            Self::Temporary => 75,
            Self::Refused => 77,
            Self::Config => 78,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The same as a word, for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Decision => "decision",
            Self::Data => "data",
            Self::Io => "io",
            Self::Temporary => "temporary",
            Self::Refused => "refused",
            Self::Config => "config",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// How a run that this signal stopped ends.
    pub const fn of_signal(number: u8) -> Self {
        match number {
            2 => Self::Interrupted,
            _ => Self::Terminated,
        }
    }

    /// What it means, and what to do.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "All done, or nothing to do. Clips still rendering are fine.",
            Self::Failed => "Some jobs failed. `creativeai retry --failed` is safe.",
            Self::Usage => "The command line is wrong. Nothing was done.",
            Self::Decision => {
                "Something waits for your decision: outcomes unknown, rows changed, or a credit \
                 cap reached. The run's last lines say which; `creativeai status` shows what is \
                 unknown."
            }
            Self::Data => {
                "The manifest, the log or (with --strict) a capture is invalid. No row was sent."
            }
            Self::Io => "Reading or writing on this machine failed: disk full, no permission.",
            Self::Temporary => {
                "Temporary: the log is in use, the API is busy or unreachable, or --wait ran out \
                 of time. Run the same command again."
            }
            Self::Refused => "The vendor refused the key or the credits. Nothing more was sent.",
            Self::Config => {
                "The configuration is wrong: no key, unsafe permissions, an unknown setting, \
                 sandbox and live jobs mixed."
            }
            Self::Interrupted => {
                "Stopped with Ctrl-C. Requests in flight were waited for and logged."
            }
            Self::Terminated => {
                "Stopped with SIGTERM. Requests in flight were waited for and logged."
            }
        }
    }
}

/// What a run saw. Starts out as success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// One bit for each code, by its place in the precedence.
    seen: u16,
}

impl Ending {
    /// Notes that `code` holds.
    pub fn note(&mut self, code: Code) {
        self.seen |= Self::bit(code);
    }

    /// Notes `code` where `holds`.
    pub fn note_if(&mut self, holds: bool, code: Code) {
        if holds {
            self.note(code);
        }
    }

    /// Also takes over what `other` saw.
    pub fn join(&mut self, other: Self) {
        self.seen |= other.seen;
    }

    /// Whether `code` was noted.
    pub fn holds(self, code: Code) -> bool {
        self.seen & Self::bit(code) != 0
    }

    /// The one code that is reported.
    pub fn code(self) -> Code {
        let mut order = Code::PRECEDENCE.into_iter();
        order.find(|c| self.holds(*c)).unwrap_or(Code::Success)
    }

    fn bit(code: Code) -> u16 {
        let place = Code::PRECEDENCE.iter().position(|c| *c == code);
        1 << place.unwrap_or(0)
    }
}

impl From<Code> for Ending {
    fn from(code: Code) -> Self {
        let mut ending = Self::default();
        ending.note(code);
        ending
    }
}

/// Why a run cannot go on: what happened, and the next step.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    code: Code,
    message: String,
    help: Option<String>,
    fields: Vec<(&'static str, serde_json::Value)>,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure with any code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: None,
            fields: Vec::new(),
            cause: None,
        }
    }

    /// A wrong command line that the parser cannot see (2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// Something a person has to decide (3).
    pub fn decision(message: impl Into<String>) -> Self {
        Self::new(Code::Decision, message)
    }

    /// An invalid manifest, log or capture (65).
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Code::Data, message)
    }

    /// A local file that cannot be read or written (74).
    pub fn io(message: impl Into<String>) -> Self {
        Self::new(Code::Io, message)
    }

    /// Something that may work later (75).
    pub fn temporary(message: impl Into<String>) -> Self {
        Self::new(Code::Temporary, message)
    }

    /// A wrong configuration (78).
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Code::Config, message)
    }

    /// Adds the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a count that `--json` shows beside the error, under the name it has in summaries.
    #[must_use]
    pub fn counting(mut self, name: &'static str, count: u64) -> Self {
        self.fields.push((name, count.into()));
        self
    }

    /// Adds a field of the JSON document that reports the failure.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: serde_json::Value) -> Self {
        self.fields.push((name, value));
        self
    }

    /// Adds the error it comes from.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The code it ends the run with.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The next step, where there is one to name.
    pub fn next_step(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

fn failure_in(error: &anyhow::Error) -> Option<&Failure> {
    let inner = || error.chain().find_map(|e| e.downcast_ref::<Failure>());
    error.downcast_ref::<Failure>().or_else(inner)
}

fn io_error_in(error: &anyhow::Error) -> Option<&std::io::Error> {
    error.chain().find_map(|e| e.downcast_ref())
}

/// The code of an error. One that carries no [`Failure`] is one of this machine; a closed
/// standard output (the reader of a pipe went away) is none at all.
pub fn code_of(error: &anyhow::Error) -> Code {
    match (failure_in(error), io_error_in(error)) {
        (Some(failure), _) => failure.code(),
        (None, Some(io)) if io.kind() == std::io::ErrorKind::BrokenPipe => Code::Success,
        (None, _) => Code::Io,
    }
}

/// The fields of a JSON document that an error brings along.
pub fn fields_of(error: &anyhow::Error) -> &[(&'static str, serde_json::Value)] {
    failure_in(error).map_or(&[], |failure| &failure.fields)
}

/// The next step that an error names, if any.
pub fn next_step_of(error: &anyhow::Error) -> Option<&str> {
    failure_in(error)?.next_step()
}

/// An error's message and its causes, outermost first. Wrapped errors often repeat what they
/// wrap; that is left out.
pub fn causes(error: &anyhow::Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if !causes.last().is_some_and(|last| last.ends_with(&cause)) {
            causes.push(cause);
        }
    }
    causes
}

/// What to print of an error after the word "error": the message, its causes, the next step as `next`
/// words it. Ends with a newline. What it quotes of files and servers is safe on a terminal.
pub fn describe(error: &anyhow::Error, next: impl Fn(&str) -> String) -> String {
    let mut text = causes(error).join("\n  because: ");
    if let Some(step) = next_step_of(error) {
        text.push_str("\n  next: ");
        text.push_str(&next(step));
    }
    text.push('\n');
    escape_lines(&text)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_failure_keeps_its_code_inside_an_error() {
        let failure = Failure::config("no API key is set").help("run `creativeai init`");
        let error = anyhow::Error::from(failure).context("while the settings were read");
        assert_eq!(code_of(&error), Code::Config);
    }

    #[test]
    fn the_numbers_are_the_documented_ones() {
        let numbers = Code::ALL.map(Code::number);
        assert_eq!(numbers, [0, 1, 2, 3, 65, 74, 75, 77, 78, 130, 143]);
    }

    #[test]
    fn whatever_holds_together_the_documented_order_decides() {
        // As the documentation lists them, signals first.
        let order = [130, 143, 74, 3, 77, 78, 65, 1, 75, 0];
        let code = |number: u8| Code::ALL.into_iter().find(|c| c.number() == number);
        for set in 0u16..1 << order.len() {
            let held: Vec<u8> = (0..order.len())
                .filter(|i| set & 1 << i != 0)
                .map(|i| order[i])
                .collect();
            let mut forwards = Ending::default();
            let mut backwards = Ending::default();
            for number in &held {
                forwards.note(code(*number).unwrap());
            }
            for number in held.iter().rev() {
                backwards.join(code(*number).unwrap().into());
            }
            let expected = held.first().copied().unwrap_or(0);
            assert_eq!(forwards.code().number(), expected, "{held:?}");
            assert_eq!(backwards, forwards);
        }
    }

    #[test]
    fn a_failure_is_found_under_any_context() {
        let error = Err::<(), _>(Failure::new(Code::Refused, "no credits"))
            .context("row 3")
            .context("submit")
            .unwrap_err();
        assert_eq!(code_of(&error), Code::Refused);
    }

    #[test]
    fn a_failure_is_found_as_context_too() {
        let error = Err::<(), _>(std::io::Error::other("disk"))
            .context(Failure::data("the log is invalid").help("look at it"))
            .context("status")
            .unwrap_err();
        assert_eq!(code_of(&error), Code::Data);
        assert!(describe(&error, str::to_owned).ends_with("next: look at it\n"));
    }

    #[test]
    fn errors_of_the_machine_are_its_own_and_a_closed_pipe_is_none() {
        let io = |kind| anyhow::Error::from(std::io::Error::from(kind)).context("writing");
        assert_eq!(code_of(&io(std::io::ErrorKind::StorageFull)), Code::Io);
        assert_eq!(code_of(&io(std::io::ErrorKind::BrokenPipe)), Code::Success);
        assert_eq!(code_of(&anyhow::anyhow!("anything")), Code::Io);
    }

    #[test]
    fn nothing_in_an_error_steers_the_terminal() {
        let error = Failure::data("row 3: \x1b]0;title\x07").help("fix\u{202e} it");
        let text = describe(&error.into(), str::to_owned);
        assert_eq!(
            text,
            "row 3: \\u{1b}]0;title\\u{7}\n  next: fix\\u{202e} it\n"
        );
    }

    #[test]
    fn an_error_is_reported_with_its_cause_and_the_next_step() {
        let error = Failure::io("cannot write jobs.jsonl")
            .because(std::io::Error::other("no space left"))
            .help("make room and run the same command again");
        assert_eq!(
            describe(&error.into(), str::to_owned),
            "cannot write jobs.jsonl\n  because: no space left\n  next: make room and run \
             the same command again\n"
        );
    }
}
