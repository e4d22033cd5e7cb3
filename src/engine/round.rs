//! The whole round: which steps there are, what they come to together, and when the next one is due.
//! Only the service looks at a clock, and at what is watched; only the memory's file is written.

mod memory;
mod memory_file;
mod schedule;
mod service;
mod unsent;

use std::fmt;
use std::str::FromStr;

pub use memory::RoundNews;
pub use memory_file::MemoryFile;
pub use schedule::{Schedule, TimeOfDay};
pub use service::{NextRound, RoundRemainder, serve, sheets};
pub use unsent::{LeftOutRows, UnsentRows};

use crate::exit::{Code, Ending};

/// A step of the round; each is the command of that name, `wait` is `reconcile --wait`, `retry` is
/// `retry --failed`. In the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoundStep {
    /// Is everything ready?
    Check,
    /// Orders what is new.
    Submit,
    /// Orders failed clips again.
    Retry,
    /// Waits for the clips.
    Wait,
    /// Fetches them.
    Download,
    Publish,
    /// Writes the page.
    Report,
}

impl RoundStep {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Check,
        Self::Submit,
        Self::Retry,
        Self::Wait,
        Self::Download,
        Self::Publish,
        Self::Report,
    ];

    /// As typed after `--skip`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Submit => "submit",
            Self::Retry => "retry",
            Self::Wait => "wait",
            Self::Download => "download",
            Self::Publish => "publish",
            Self::Report => "report",
        }
    }
}

impl FromStr for RoundStep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|step| step.name() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            format!("{text:?} is not a step; the steps are {}", names.join(", "))
        })
    }
}

impl fmt::Display for RoundStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a step came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepOutcome {
    /// What the step itself met. How the jobs stand is not in it: a later step may change that.
    pub own: Ending,
    /// How many clips it ordered, fetched or published.
    pub clips: u64,
}

/// A round that is under way.
#[derive(Clone, Debug, Default)]
pub struct Round {
    done: Vec<(RoundStep, StepOutcome)>,
    is_over: bool,
}

impl Round {
    /// A round of the steps that `has` picks, one after the other, as `take` takes them.
    pub fn of(
        has: impl Fn(RoundStep) -> bool,
        mut take: impl FnMut(RoundStep) -> StepOutcome,
    ) -> Self {
        let mut round = Self::default();
        for step in RoundStep::ALL {
            if round.wants(step) && has(step) {
                round.note(step, take(step));
            }
        }
        round
    }

    /// Whether `step` is to be taken. After a stop, a full disk or wrong settings none is. A failed
    /// clip, a refused key or mistakes in the spreadsheet are no reason not to fetch what is ready,
    /// but nothing more is ordered with a key that was refused.
    fn wants(&self, step: RoundStep) -> bool {
        let orders = matches!(step, RoundStep::Submit | RoundStep::Retry);
        let is_refused = self.ending().holds(Code::Refused);
        !(self.is_over || orders && is_refused)
    }

    /// Takes in what a step came to.
    fn note(&mut self, step: RoundStep, done: StepOutcome) {
        let ends = [
            Code::Interrupted,
            Code::Terminated,
            Code::Usage,
            Code::Io,
            Code::Config,
        ];
        // What `check` finds is met again by the step that it would stop.
        self.is_over |=
            step != RoundStep::Check && ends.into_iter().any(|code| done.own.holds(code));
        self.done.push((step, done));
    }

    /// How many clips a step ordered, fetched or published.
    pub fn clips(&self, step: RoundStep) -> u64 {
        let of_step = self.done.iter().filter(|(taken, _)| *taken == step);
        of_step.map(|(_, done)| done.clips).sum()
    }

    /// The steps that were taken.
    pub fn steps(&self) -> impl Iterator<Item = RoundStep> {
        self.done.iter().map(|(step, _)| *step)
    }

    /// What the steps themselves met.
    pub fn ending(&self) -> Ending {
        let mut ending = Ending::default();
        for (step, done) in &self.done {
            // A check is a look ahead: what it fears and does not come true is not how it ended.
            if *step != RoundStep::Check || self.done.len() == 1 {
                ending.join(done.own);
            }
        }
        ending
    }
}

/// How a round went, for people: decided once, from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundOutcome {
    /// All is well.
    Success,
    /// It was not finished, and the next one carries on by itself.
    Unfinished,
    /// Something wants a person.
    Attention,
    /// It could not go on.
    Failure,
}

impl RoundOutcome {
    /// What a round that ended so is for people.
    pub const fn of(code: Code) -> Self {
        match code {
            Code::Success => Self::Success,
            Code::Temporary => Self::Unfinished,
            Code::Failed | Code::Decision | Code::Data | Code::Refused => Self::Attention,
            Code::Usage | Code::Io | Code::Config | Code::Interrupted | Code::Terminated => {
                Self::Failure
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(code: Code) -> StepOutcome {
        StepOutcome {
            own: code.into(),
            clips: 0,
        }
    }

    fn taken(codes: &[(RoundStep, Code)]) -> (Vec<RoundStep>, Code) {
        let take = |step| {
            let code = codes.iter().find(|(s, _)| *s == step);
            done(code.map_or(Code::Success, |(_, code)| *code))
        };
        let round = Round::of(|_| true, take);
        (round.steps().collect(), round.ending().code())
    }

    #[test]
    fn a_round_carries_on_where_that_is_safe() {
        use RoundStep::{Download, Submit, Wait};
        for (codes, steps, code) in [
            (vec![], 7, Code::Success),
            (vec![(Wait, Code::Temporary)], 7, Code::Temporary),
            (vec![(Submit, Code::Data)], 7, Code::Data),
            (vec![(Download, Code::Failed)], 7, Code::Failed),
            (vec![(Submit, Code::Config)], 2, Code::Config),
            (vec![(Download, Code::Io)], 5, Code::Io),
            (vec![(Wait, Code::Terminated)], 4, Code::Terminated),
            // Nothing more is ordered, so the retry is left out.
            (vec![(Submit, Code::Refused)], 6, Code::Refused),
            (
                vec![(Submit, Code::Data), (Wait, Code::Decision)],
                7,
                Code::Decision,
            ),
        ] {
            let (taken, ended) = taken(&codes);
            assert_eq!((taken.len(), ended), (steps, code), "{codes:?}");
        }
    }

    #[test]
    fn what_a_check_fears_is_not_how_the_round_ended() {
        let (steps, code) = taken(&[(RoundStep::Check, Code::Config)]);
        assert_eq!((steps.len(), code), (7, Code::Success));
    }

    #[test]
    fn every_step_has_the_name_that_is_typed() {
        for step in RoundStep::ALL {
            assert_eq!(step.name().parse(), Ok(step));
        }
        assert!("reconcile".parse::<RoundStep>().is_err());
    }
}
