//! `[run]`: what a round is made of, and when one begins.
//!
//! A command to publish with is not among them: a settings file may lie beside a sheet that came from
//! someone else, and no file of theirs may run a program here.

use std::time::Duration;

use super::flags::RunFlags;
use super::resolve::{Sources, parsed, parsed_or_number};
use super::value::Value;
use super::values;
use crate::engine::round::{Schedule, Step, TimeOfDay};
use crate::exit::Failure;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Steps that are left out.
    pub skip: Vec<Step>,
    /// Whether rows with mistakes are left out, in place of ordering nothing.
    pub skip_invalid: bool,
    /// Longest wait for the clips of a round.
    pub wait: Duration,
    /// Whether clips go to the shop, unless a command takes them.
    pub to_shop: bool,
    /// When rounds begin, where nothing is watched; `None` where the settings give two answers.
    schedule: Option<Schedule>,
}

impl Run {
    pub(super) fn resolve(l: &mut Sources<'_>, flags: &RunFlags) -> Result<Self, Failure> {
        let steps = |value: &Value| {
            let words = value.list()?;
            words.iter().map(|word| word.parse::<Step>()).collect()
        };
        let service = |word: &str| match word {
            SHOPIFY => Ok(word.to_owned()),
            _ => Err(format!(
                "{word:?} is not a service; the only one is {SHOPIFY}"
            )),
        };
        let length = || parsed_or_number(values::positive_duration);
        let skip = l.pick_open("run.skip", flags.skip.clone(), steps)?;
        let skip_invalid = l.pick_open("run.skip_invalid", flags.skip_invalid, Value::truth)?;
        let to = flags.to_shop.then(|| SHOPIFY.to_owned());
        let to = l.pick_open("run.to", to, parsed(service))?;
        let every = l.pick_open("run.every", flags.every, length())?;
        let time = |text: &str| text.parse::<TimeOfDay>();
        let at = l.pick_open("run.at", flags.at, parsed(time))?;
        // What was typed goes before what a settings file says.
        let typed = flags.every.map(Schedule::Every);
        let typed = typed.or_else(|| flags.at.map(Schedule::At));
        let schedule = match (typed, every, at) {
            _ if flags.once => Some(Schedule::Once),
            (Some(typed), ..) => Some(typed),
            (None, Some(_), Some(_)) => None,
            (None, Some(every), None) => Some(Schedule::Every(every)),
            (None, None, Some(at)) => Some(Schedule::At(at)),
            (None, None, None) => Some(Schedule::Once),
        };
        Ok(Self {
            skip: skip.unwrap_or_default(),
            skip_invalid: skip_invalid.unwrap_or(false),
            wait: l.pick("run.wait", flags.wait, length())?,
            to_shop: to.is_some(),
            schedule,
        })
    }

    /// When rounds begin, where nothing is watched.
    pub fn schedule(&self) -> Result<&Schedule, Failure> {
        self.schedule.as_ref().ok_or_else(|| {
            Failure::config("run.every and run.at exclude each other; nothing was sent")
                .help("keep one of them in [run], or type --once for a round now")
        })
    }
}

const SHOPIFY: &str = "shopify";
