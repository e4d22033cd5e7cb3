//! `status --money`: what was ordered, charged, refunded and is in doubt, by groups.

use std::collections::BTreeMap;
use std::io;

use comfy_table::{Cell, CellAlignment};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::columns::plain_table;
use super::csv::SafeCsvWriter;
use super::{printer::Printer, words};
use crate::jobs::{Credits, Rates, Spent};
use crate::text::escape;

/// The figures, in the order in which they are shown.
const FIGURES: [&str; 5] = ["ordered", "charged", "refunded", "rendering", "in doubt"];

fn figures(spent: &Spent) -> [Credits; 5] {
    [
        spent.ordered(),
        spent.charged,
        spent.refunded,
        spent.under_way,
        spent.in_doubt,
    ]
}

/// What became of credits, by the values of a column.
#[derive(Clone, Debug)]
pub struct Money {
    by: Option<String>,
    since: Option<Timestamp>,
    groups: BTreeMap<String, Spent>,
    total: Spent,
}

impl Money {
    /// Nothing yet.
    pub fn new(by: Option<&str>, since: Option<Timestamp>) -> Self {
        Self {
            by: by.map(str::to_owned),
            since,
            groups: BTreeMap::new(),
            total: Spent::default(),
        }
    }

    /// Adds a job; one of which nothing was ordered in the time makes no group.
    pub fn add(&mut self, group: String, spent: Spent) {
        if spent != Spent::default() {
            *self.groups.entry(group).or_default() += spent;
            self.total += spent;
        }
    }

    /// A line for each group, and one for all.
    fn rows(&self) -> impl Iterator<Item = (&str, &Spent)> {
        let groups = self.groups.iter().filter(|_| self.by.is_some());
        let groups = groups.map(|(name, spent)| match name.as_str() {
            "" => ("(empty)", spent),
            name => (name, spent),
        });
        groups.chain([("all", &self.total)])
    }

    /// One document.
    pub fn to_json(&self) -> Value {
        let fields = |spent: &Spent| {
            let figures = FIGURES.iter().zip(figures(spent));
            let mut fields: Map<String, Value> = figures
                .map(|(name, credits)| (name.replace(' ', "_"), json!(credits)))
                .collect();
            fields.insert("attempts".to_owned(), spent.attempts.into());
            fields
        };
        let groups = self.groups.iter().filter(|_| self.by.is_some());
        let groups = groups.map(|(name, spent)| {
            let mut group = fields(spent);
            group.insert("group".to_owned(), name.as_str().into());
            Value::Object(group)
        });
        json!({
            "by": self.by,
            "since": self.since.map(|since| since.to_string()),
            "groups": groups.collect::<Vec<_>>(),
            "total": fields(&self.total),
        })
    }

    /// A row for each group; the sum is left to the spreadsheet, unless there are no groups.
    pub fn write_csv(&self, printer: &mut Printer) -> io::Result<()> {
        let for_terminal = printer.is_terminal();
        let mut csv = SafeCsvWriter::new(printer.out(), b',', for_terminal);
        let names = FIGURES.map(|name| name.replace(' ', "_"));
        let by = self.by.as_deref().unwrap_or("group");
        let head = [by.to_owned(), "attempts".to_owned()];
        let rows = self
            .rows()
            .filter(|(name, _)| self.by.is_none() || *name != "all");
        let rows = rows.map(|(name, spent)| {
            let first = [name.to_owned(), spent.attempts.to_string()];
            let figures = figures(spent).map(|credits| credits.to_string());
            first.into_iter().chain(figures)
        });
        csv.write(head.into_iter().chain(names))?;
        for row in rows {
            csv.write(row)?;
        }
        csv.finish()
    }

    /// A table, and what it comes to.
    pub fn print(&self, rates: &Rates, printer: &mut Printer) -> io::Result<()> {
        let mut table = plain_table(printer.width());
        let head = [self.by.as_deref().unwrap_or_default(), "clips"];
        let head = head
            .into_iter()
            .chain(FIGURES)
            .map(|name| escape(name).into_owned());
        let rows = self.rows().map(|(name, spent)| {
            let first = [escape(name).into_owned(), words::number(spent.attempts)];
            let figures = figures(spent).map(|credits| credits.to_string());
            first.into_iter().chain(figures).collect::<Vec<_>>()
        });
        for row in std::iter::once(head.collect()).chain(rows) {
            let cells = row.into_iter().enumerate().map(|(i, text)| match i {
                0 => Cell::new(text),
                _ => Cell::new(text).set_alignment(CellAlignment::Right),
            });
            table.add_row(cells);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let since = match self.since {
            Some(since) => format!(" since {}", words::moment_utc(since)),
            None => String::new(),
        };
        let money = words::money(rates, self.total.ordered());
        let out = printer.out();
        writeln!(out, "{}", table.trim_fmt())?;
        writeln!(out, "Credits{since}; ordered: {money}")
    }
}
