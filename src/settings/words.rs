//! Words for others: of `--audience`, and on public pages.

use super::resolve::{Sources, parsed, text};
use super::table::{AGENT, BUYER};
use super::tables::open_table;
use crate::exit::Failure;
use crate::manifest::check_address;
use crate::output::audience::STATES;
use crate::output::{Audience, Wording};

/// Words for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The language whose words come first.
    pub language: Option<String>,
    /// For agents, by state.
    pub agent: Vec<(String, String)>,
    /// For buyers, by state.
    pub buyer: Vec<(String, String)>,
}

impl Words {
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
pub struct Public {
    /// `ab723`, `eu-ai-act` or `both`.
    pub rules: String,
    /// What the page says, in the user's own words.
    pub statement: Option<String>,
    /// Where original photos are online; a slash is its end.
    pub originals: Option<String>,
}

impl Public {
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
