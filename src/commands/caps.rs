//! Caps on what is spent, `--max-credits` and those of the settings: what is left of them.

use jiff::Timestamp;

use super::open::OpenLog;
use crate::clock;
use crate::engine::cap::{Caps, Limit, Rule};
use crate::engine::filter::{Filter, Filters};
use crate::exit::Failure;
use crate::jobs::{Condition, Credits, Ledger};
use crate::journal::{JobLog, LogError};
use crate::manifest::Manifest;
use crate::output::batch::TYPED;
use crate::settings::{self, Settings};
use crate::text::escape;

/// The ledger of a command that sends: caps of the settings look at the log's jobs.
pub fn ledger(ledger: Ledger, settings: &Settings) -> Ledger {
    if settings.caps.is_empty() {
        ledger
    } else {
        ledger.with_places()
    }
}

/// What each cap counts, the typed one first.
fn rules(typed: Option<Credits>, settings: &Settings, now: Timestamp) -> Vec<Rule> {
    let typed = typed.map(|most| Rule {
        name: TYPED.to_owned(),
        most,
        filters: Filters::default(),
        since: None,
    });
    let caps = settings.caps.iter().map(|cap| Rule {
        name: format!("{cap} ({})", cap.origin),
        most: cap.credits,
        filters: filters_of(cap),
        since: cap.per.map(|per| per.start(now)),
    });
    typed.into_iter().chain(caps).collect()
}

/// The caps of a run that is about to write.
pub fn of_open(typed: Option<Credits>, log: &OpenLog<'_>) -> Result<Caps<'static>, LogError> {
    let writer = &log.writer;
    let rules = rules(typed, log.settings, writer.now());
    if writer.is_shared() {
        writer.hold(rules.iter().cloned().map(Rule::for_claims).collect());
        return Rule::limits(rules, Credits::ZERO, std::iter::empty()).map(Caps::shared);
    }
    writer.keep_committed();
    let (keys, committed): (Vec<_>, _) = {
        let ledger = writer.ledger();
        (
            ledger.jobs().map(|job| job.key).collect(),
            ledger.committed(),
        )
    };
    let views = keys
        .into_iter()
        .filter_map(|key| writer.view(key).transpose());
    Ok(Caps::new(Rule::limits(rules, committed, views)?, committed))
}

/// Which jobs a cap is for. Who writes ACME in place of acme means the same part, and a cap that
/// counts too much spends nothing.
fn filters_of(cap: &settings::Cap) -> Filters {
    let pair = cap.filter.as_ref();
    pair.map_or_else(Filters::default, |pair| {
        Filters::in_any_case(&pair.name, &pair.value)
    })
}

/// A cap that would hold nothing back since no row can have its column, as a problem.
pub fn without_column(settings: &Settings, manifest: &Manifest) -> Option<String> {
    let is_lost = |cap: &&settings::Cap| {
        cap.filter.as_ref().is_some_and(|pair| {
            let filter = Filter::new(Condition::is(&pair.name, &pair.value));
            filter.is_of_a_sheet() && !manifest.has_column(&pair.name)
        })
    };
    if let Some(cap) = settings.caps.iter().find(is_lost) {
        let column = cap.filter.as_ref().map_or("", |pair| &pair.name);
        return Some(format!(
            "the cap of {cap} ({}) would have no effect: {} has no column {}",
            cap.origin,
            escape(manifest.name()),
            escape(column),
        ));
    }
    // A column with the name of a field of the log is carried under another one.
    let mut parts = settings.caps.iter().filter_map(|cap| {
        let pair = cap.filter.as_ref()?;
        let carried = format!("sheet_{}", pair.name.to_lowercase().replace(' ', "_"));
        let filter = Filter::new(Condition::is(&pair.name, &pair.value));
        let is_meant = !filter.is_of_a_sheet() && manifest.has_column(&carried);
        is_meant.then_some((cap, pair, carried))
    });
    let (cap, pair, carried) = parts.next()?;
    Some(format!(
        "the cap of {cap} ({}) would not see the column {} of {}, which is carried as {carried}: write \
         where = \"{carried}={}\"",
        cap.origin,
        escape(&pair.name),
        escape(manifest.name()),
        escape(&pair.value),
    ))
}

/// What to do about it.
pub const WITHOUT_COLUMN: &str = "give the sheet the column (its cells may be empty), or correct the cap's \
                                  where; put a cap that is only for other sheets into a profile, \
                                  or into settings next to those sheets";

/// Refuses to send what a cap would miss.
pub fn refuse_without_column(settings: &Settings, manifest: &Manifest) -> Result<(), Failure> {
    match without_column(settings, manifest) {
        Some(problem) => {
            Err(Failure::config(format!("{problem}; nothing was sent")).help(WITHOUT_COLUMN))
        }
        None => Ok(()),
    }
}

/// The caps of a dry run on a log, which need not be there.
pub fn of_log(
    typed: Option<Credits>,
    settings: &Settings,
    log: Option<&JobLog>,
) -> Result<Vec<Limit<'static>>, LogError> {
    let committed = log.map_or(Credits::ZERO, |log| log.ledger().committed());
    let views = log.into_iter().flat_map(JobLog::views);
    Rule::limits(rules(typed, settings, clock::now()), committed, views)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Env, Flags};

    #[test]
    fn only_a_cap_on_all_orders_of_all_time_counts_by_the_sum_of_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let caps = "[[caps]]\ncredits = 10\nper = \"month\"\n\
                    [[caps]]\ncredits = 10\nwhere = \"client=acme\"\n\
                    [[caps]]\ncredits = 10\n";
        std::fs::write(dir.path().join("creativeai.toml"), caps).unwrap();
        let settings = Settings::resolve(&Flags::default(), &Env::new(|_| None, dir.path()));
        let settings = settings.unwrap();
        let rules = rules(None, &settings, clock::now());
        let limits = Rule::limits(rules, Credits::ZERO, std::iter::empty()).unwrap();
        // What older orders come to changes the sum, and not what a month holds.
        let has_part: Vec<_> = limits.iter().map(|limit| limit.covers.is_some()).collect();
        assert_eq!(has_part, [true, true, false]);
        assert!(limits[0].counts(None));
    }
}
