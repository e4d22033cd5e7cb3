//! Tables whose keys can be any: columns of manifests, rates, words for others.

use super::resolve::{Sources, amount, parsed, text};
use super::table::{AGENT, BUYER, MAP, MODELS};
use super::value::Value;
use crate::exit::Failure;
use crate::jobs::{Credits, Rates};
use crate::manifest::check_address;
use crate::output::audience::STATES;
use crate::output::{Audience, Wording};

/// What manifests call their columns.
pub(super) fn map(l: &mut Sources<'_>) -> Result<Vec<(String, String)>, Failure> {
    open_table(l, MAP, text)
}

/// The keys of a table that can have any, with their values.
pub(super) fn open_table<T>(
    l: &mut Sources<'_>,
    table: &str,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<(String, T)>, Failure> {
    let mut entries = Vec::new();
    for name in l.names_in(table) {
        let value = l.pick_open(&format!("{table}.{name}"), None, &read)?;
        entries.extend(value.map(|value| (name, value)));
    }
    Ok(entries)
}

/// What clips and credits cost.
pub(super) fn rates(l: &mut Sources<'_>) -> Result<Rates, Failure> {
    let credits = |value: &Value| {
        let number = amount(value)?;
        Credits::from_number(number).ok_or_else(|| "is not a number of credits".to_owned())
    };
    let rates = Rates {
        video_per_5s: l.pick("rates.video_per_5s", None, credits)?,
        voice: l.pick("rates.voice", None, credits)?,
        dollars_low: l.pick("rates.dollars_low", None, amount)?,
        dollars_high: l.pick("rates.dollars_high", None, amount)?,
        models: open_table(l, MODELS, credits)?.into_iter().collect(),
    };
    if rates.dollars_low > rates.dollars_high {
        return Err(
            Failure::config("rates.dollars_low is more than rates.dollars_high")
                .help("low is the price of a credit in the largest pack; correct [rates]"),
        );
    }
    Ok(rates)
}

/// Texts of `--audience` for each state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudienceWords {
    /// The language whose words come first.
    pub language: Option<String>,
    /// For agents, by state.
    pub agent: Vec<(String, String)>,
    /// For buyers, by state.
    pub buyer: Vec<(String, String)>,
}

impl AudienceWords {
    pub(super) fn resolve(l: &mut Sources<'_>) -> Result<Self, Failure> {
        Ok(Self {
            language: l.pick_open("copy.language", None, text)?,
            agent: Self::table(l, AGENT)?,
            buyer: Self::table(l, BUYER)?,
        })
    }

    /// The words for an audience; `None` for one that is not known, or without one.
    pub fn wording(&self, audience: Option<&str>) -> Option<Wording> {
        let audience = Audience::of(audience?)?;
        let own = match audience {
            Audience::Agent => &self.agent[..],
            Audience::Buyer => &self.buyer,
            Audience::Raw => &[],
        };
        Some(Wording {
            audience,
            own: own.to_vec(),
            language: self.language.clone(),
        })
    }

    fn table(l: &mut Sources<'_>, table: &str) -> Result<Vec<(String, String)>, Failure> {
        let words = open_table(l, table, text)?;
        let is_state = |name: &str| STATES.contains(&name.split('-').next().unwrap_or(name));
        match words.iter().find(|(name, _)| !is_state(name)) {
            None => Ok(words),
            Some((name, _)) => Err(Failure::config(format!("[{table}] has no state {name:?}"))
                .help(format!(
                    "the states are {}; {}-de is for German",
                    STATES.join(", "),
                    STATES[2]
                ))),
        }
    }
}

/// Of `report --public`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicSettings {
    /// `ab723`, `eu-ai-act` or `both`.
    pub rules: String,
    /// What the page says, in the user's own words.
    pub statement: Option<String>,
    /// Where original photos are online; a slash is its end.
    pub originals: Option<String>,
}

impl PublicSettings {
    pub(super) fn resolve(l: &mut Sources<'_>) -> Result<Self, Failure> {
        let rules = |word: &str| match word {
            "ab723" | "eu-ai-act" | "both" => Ok(word.to_owned()),
            _ => Err(format!("{word:?} is not ab723, eu-ai-act or both")),
        };
        let address = |text: &str| {
            check_address(text)?;
            Ok(format!("{}/", text.trim_end_matches('/')))
        };
        Ok(Self {
            rules: l.pick("public.rules", None, parsed(rules))?,
            statement: l.pick_open("public.statement", None, text)?,
            originals: l.pick_open("public.originals", None, parsed(address))?,
        })
    }
}
