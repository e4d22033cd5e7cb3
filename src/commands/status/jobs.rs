//! `status`: all jobs that were asked for, as a table, a sheet, or in the words of an audience.

use std::collections::BTreeMap;

use super::args::{StatusArgs, nothing};
use super::summary::seek;
use crate::jobs::JobView;
use crate::journal::{JobLog, LogError};
use crate::output::{
    self, Carried, CsvTable, Group, JobSummary, Place, Printer, Tally, Wording, in_order, json,
    words,
};

/// A job that matches, and what is to be shown of it.
pub fn listed<T>(
    args: &StatusArgs,
    view: &JobView,
    show: impl FnOnce(&JobView) -> T,
) -> Option<(Place, T)> {
    let is_wanted = args.filters.matches(view);
    is_wanted.then(|| (Place::of(view), show(view)))
}

/// All of them, in order.
pub fn all_listed<T: Send>(
    args: &StatusArgs,
    log: &JobLog,
    show: impl Fn(&JobView) -> T + Sync,
) -> Result<Vec<(Place, T)>, LogError> {
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
    args: &StatusArgs,
    dialect: output::Dialect,
    log: &JobLog,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let mut carried = Carried::default();
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
    args: &StatusArgs,
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
fn tell_apart(groups: &mut [Group], log: &JobLog) -> Result<(), LogError> {
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
            for (place, apart) in places.into_iter().zip(words::told_apart(&views)) {
                let name = &mut group.cards[place].name;
                *name = format!("{name}, {apart}");
            }
        }
    }
    Ok(())
}

pub fn table(args: &StatusArgs, log: &JobLog, printer: &mut Printer) -> anyhow::Result<()> {
    let mut all = Tally::default();
    let mut groups: Vec<Group> = Vec::new();
    let mut item = None;
    let card = |view: &JobView| Box::new(JobSummary::of(view, &args.commands));
    for (place, card) in all_listed(args, log, card)? {
        if groups.is_empty() || item != place.item {
            item = place.item;
            groups.push(Group {
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
    tell_apart(&mut groups, log)?;
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
