//! What `status` is asked for, and the jobs that were: as a table, a sheet, in the words of an audience,
//! as counts or credits.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::disk::path_from_here;
use crate::engine::filter::{Filter, Filters};
use crate::jobs::{Condition, JobView, Ledger};
use crate::journal::{JobLog, LogError};
use crate::output::{
    self, CarriedColumns, Commands, CsvTable, DoubtfulJob, JobSortKey, JobSummary, ListingGroup,
    Money, Printer, Tally, Wording, in_order, json, words,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusView {
    /// All jobs, grouped by listing or SKU.
    Table,
    /// All jobs in the words of an audience.
    Audience(Wording),
    /// Counts and money.
    Summary,
    /// The jobs that a job's key, a generation id, a listing or a SKU means, in full.
    One(String),
    /// A row for each job.
    Csv(output::Dialect),
    Money {
        /// The column whose values make groups.
        by: Option<String>,
        /// When what counts was ordered at the earliest.
        since: Option<Timestamp>,
        /// For a spreadsheet.
        csv: bool,
    },
}

#[derive(Clone, Debug)]
pub struct StatusQuery {
    pub show: StatusView,
    pub filters: Filters,
    pub json: bool,
    /// How commands that are shown name the log.
    pub commands: Commands,
    /// The same where the log turns out to be a rehearsal's.
    pub rehearsal: Commands,
    /// The time of the answer; ages are counted to it.
    pub now: Timestamp,
}

/// Says kindly that there is nothing to show.
pub fn nothing(args: &StatusQuery, log: &JobLog, printer: &Printer) {
    let doubt = if log.ledger().is_empty() {
        None
    } else {
        args.filters.doubt(log.views().flatten())
    };
    let name = path_from_here(log.name()).display().to_string();
    let asked = args.filters.text();
    output::nothing(&name, log.ledger(), &asked, doubt, &args.commands, printer);
}

/// A job that matches, and what is to be shown of it.
pub fn listed<T>(
    args: &StatusQuery,
    view: &JobView,
    show: impl FnOnce(&JobView) -> T,
) -> Option<(JobSortKey, T)> {
    let is_wanted = args.filters.matches(view);
    is_wanted.then(|| (JobSortKey::of(view), show(view)))
}

/// All of them, in order.
pub fn all_listed<T: Send>(
    args: &StatusQuery,
    log: &JobLog,
    show: impl Fn(&JobView) -> T + Sync,
) -> Result<Vec<(JobSortKey, T)>, LogError> {
    let listed = log.map_views(|view| listed(args, &view, &show));
    let listed = listed.filter_map(Result::transpose);
    Ok(in_order(listed.collect::<Result<_, _>>()?))
}

pub fn array(
    elements: impl Iterator<Item = anyhow::Result<json::Element>>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let mut array = json::Array::new(printer.out())?;
    for element in elements {
        array.push(&element?)?;
    }
    Ok(array.finish()?)
}

pub fn csv(
    args: &StatusQuery,
    dialect: output::Dialect,
    log: &JobLog,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let mut carried = CarriedColumns::default();
    let mut places = Vec::new();
    for view in log.views() {
        places.extend(listed(args, &view?, |view| carried.add(view)));
    }
    let for_terminal = printer.is_terminal();
    let rates = log.ledger().rates().clone();
    let mut sheet = CsvTable::new(printer.out(), carried, rates, dialect, for_terminal)?;
    let keys = in_order(places).into_iter().map(|(place, ())| place.key);
    for view in log.views_of(keys) {
        sheet.push(&view?)?;
    }
    Ok(sheet.finish()?)
}

/// Where clips stand, in the words of an audience.
pub fn audience(
    args: &StatusQuery,
    wording: &Wording,
    log: &JobLog,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let messages = all_listed(args, log, |view| {
        wording.shows(view).then(|| wording.message(view))
    })?;
    let messages: Vec<_> = messages
        .into_iter()
        .filter_map(|(_, shown)| shown)
        .collect();
    if args.json {
        let elements = messages.iter();
        return array(
            elements.map(|message| Ok(json::element(&message.to_json())?)),
            printer,
        );
    }
    if messages.is_empty() {
        nothing(args, log, printer);
        return Ok(());
    }
    Ok(output::messages(&messages, printer)?)
}

/// Adds to names that several clips of one listing or product have what tells these apart.
fn add_distinctions(groups: &mut [ListingGroup], log: &JobLog) -> Result<(), LogError> {
    for group in groups {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, card) in group.cards.iter().enumerate() {
            if card.display.is_counted() {
                by_name.entry(card.name.clone()).or_default().push(place);
            }
        }
        for places in by_name.into_values().filter(|places| places.len() > 1) {
            let keys = places.iter().map(|place| group.cards[*place].key);
            let views = log.views_of(keys).collect::<Result<Vec<_>, _>>()?;
            for (place, apart) in places.into_iter().zip(words::distinctions(&views)) {
                let name = &mut group.cards[place].name;
                *name = format!("{name}, {apart}");
            }
        }
    }
    Ok(())
}

pub fn table(args: &StatusQuery, log: &JobLog, printer: &mut Printer) -> anyhow::Result<()> {
    let mut all = Tally::default();
    let mut groups: Vec<ListingGroup> = Vec::new();
    let mut item = None;
    let card = |view: &JobView| Box::new(JobSummary::of(view, &args.commands));
    for (place, card) in all_listed(args, log, card)? {
        if groups.is_empty() || item != place.item {
            item = place.item;
            groups.push(ListingGroup {
                cards: Vec::new(),
                tally: Tally::default(),
            });
        }
        if let Some(group) = groups.last_mut() {
            group.cards.push(*card);
            if let Some(job) = log.ledger().job(place.key) {
                group.tally.add(job);
                all.add(job);
            }
        }
    }
    add_distinctions(&mut groups, log)?;
    all.unreadable = log.ledger().unreadable();
    seek(&mut all, log)?;
    if all.jobs == 0 {
        nothing(args, log, printer);
        return Ok(());
    }
    let rates = log.ledger().rates();
    Ok(output::table(
        &groups,
        &all,
        rates,
        &args.commands,
        args.now,
        printer,
    )?)
}

pub fn summary(args: &StatusQuery, log: &JobLog, printer: &mut Printer) -> anyhow::Result<()> {
    let mut tally = if args.filters.is_empty() {
        Tally::of(log.ledger().jobs())
    } else {
        let mut tally = Tally::default();
        let matching = |view: JobView| args.filters.matches(&view).then_some(view.state);
        for state in log.map_views(matching).filter_map(Result::transpose) {
            tally.add(&state?);
        }
        tally
    };
    tally.unreadable = log.ledger().unreadable();
    let rates = log.ledger().rates();
    if args.json {
        return Ok(printer.document(&tally.to_json(rates))?);
    }
    if tally.jobs == 0 {
        nothing(args, log, printer);
        return Ok(());
    }
    if !tally.doubts().is_empty() && !log.ledger().has_places() {
        // Only who is in doubt is looked up in the log itself.
        let named = Ledger::new(rates.clone()).with_places();
        seek(&mut tally, &JobLog::read(log.path(), named)?)?;
    } else {
        seek(&mut tally, log)?;
    }
    output::rehearsal(&tally, printer)?;
    Ok(output::footer(&tally, rates, &args.commands, printer)?)
}

/// Names the first jobs in doubt as a person looks for them.
pub fn seek(tally: &mut Tally, log: &JobLog) -> Result<(), LogError> {
    let mut first = Vec::new();
    for key in tally.doubts() {
        first.extend(log.view(*key)?.as_ref().map(DoubtfulJob::of));
    }
    tally.seek(&first);
    Ok(())
}

/// What became of the credits of all jobs that were asked for, by groups.
pub fn money(
    args: &StatusQuery,
    by: Option<&str>,
    since: Option<Timestamp>,
    log: &JobLog,
) -> anyhow::Result<Money> {
    let column = by.map(|by| Filter::new(Condition::is(by, "")));
    let mut money = Money::new(by, since);
    let of_job = |view: JobView| {
        let group = column.as_ref().and_then(|column| column.value_of(&view));
        let is_wanted = args.filters.matches(&view);
        is_wanted.then(|| {
            let group = group.unwrap_or_default().trim().to_owned();
            (group, view.spent_since(since))
        })
    };
    for found in log.map_views(of_job) {
        if let Some((group, spent)) = found? {
            money.add(group, spent);
        }
    }
    Ok(money)
}
