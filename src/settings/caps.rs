//! `[[caps]]`: what may be charged and reserved, for a stretch of time and a part of the jobs.

use std::fmt;

use super::file::{File, FileValue};
use super::resolve::{Sources, amount, text};
use super::table::CAPS;
use super::value::{Origin, Value};
use super::values::Pair;

use crate::exit::Failure;
use crate::jobs::{Credits, Period};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// What may be charged and reserved.
    pub credits: Credits,
    /// In what time; over all without one.
    pub per: Option<Period>,
    /// The column and its value of the jobs that count; all without one.
    pub filter: Option<Pair>,
    /// Where it stands.
    pub origin: Origin,
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} credits", self.credits)?;
        if let Some(per) = self.per {
            write!(f, " a {}", per.as_str())?;
        }
        if let Some(Pair { name, value }) = &self.filter {
            write!(f, " where {name}={value}")?;
        }
        Ok(())
    }
}

/// All caps that hold: those of every settings file, and those of the chosen profile. All others are
/// checked.
pub(super) fn caps(l: &mut Sources<'_>) -> Result<Vec<Cap>, Failure> {
    let mut caps = Vec::new();
    for file in &l.files {
        for profile in std::iter::once(None).chain(file.profiles().into_iter().map(Some)) {
            for name in file.list(profile, CAPS) {
                let cap = cap(file, profile, &name)?;
                if profile.is_none() || profile == l.profile() {
                    caps.push(cap);
                }
            }
        }
    }
    for cap in &caps {
        l.show(CAPS, cap.to_string(), cap.origin.clone());
    }
    if caps.is_empty() {
        l.show(CAPS, String::new(), Origin::Default);
    }
    Ok(caps)
}

fn cap(file: &File, profile: Option<&str>, name: &str) -> Result<Cap, Failure> {
    let found = |field: &str| {
        let name = format!("{name}.{field}");
        let found = file.get(profile, &name);
        found.map(|found| (field.to_owned(), found))
    };
    let credits = read(file, found("credits"), |value| {
        let credits = Credits::from_number(amount(value)?);
        credits.ok_or_else(|| "must be a number of credits".to_owned())
    })?;
    let per = read(file, found("per"), |value| {
        let word = text(value)?;
        let period = Period::ALL
            .into_iter()
            .find(|period| period.as_str() == word);
        period.ok_or_else(|| "must be \"day\", \"week\", \"month\" or \"year\"".to_owned())
    })?;
    let filter = read(file, found("where"), |value| {
        let pair = text(value)?.parse::<Pair>();
        pair.map_err(|_| "must be \"COLUMN=VALUE\"".to_owned())
    })?;
    let first = ["credits", "per", "where"].into_iter().find_map(found);
    match (credits, first) {
        (Some(credits), Some((_, first))) => Ok(Cap {
            credits,
            per,
            filter,
            origin: file.origin(first),
        }),
        (None, Some((field, first))) => {
            Err(file.problem(&field, first, "belongs to a cap without credits"))
        }
        (_, None) => Err(Failure::config("a cap is empty").help("write credits = 200 in it")),
    }
}

fn read<T>(
    file: &File,
    found: Option<(String, &FileValue)>,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Option<T>, Failure> {
    found
        .map(|(name, found)| read(&found.value).map_err(|why| file.problem(&name, found, &why)))
        .transpose()
}
