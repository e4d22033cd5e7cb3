//! Tables whose keys can be any, and what clips and credits cost.

use super::resolve::{Sources, amount, text};
use super::table::{MAP, MODELS};
use super::value::Value;
use crate::exit::Failure;
use crate::jobs::{Credits, Rates};

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
