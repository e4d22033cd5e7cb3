//! What a dry run of `submit` shows.

use std::io;

use serde_json::{Value, json};

use super::{
    batch, columns, columns::aligned, printer::Printer, summary::Summary, tally::Tally, words,
};
use crate::engine::plan::{Plan, Share};
use crate::jobs::{Credits, Rates};
use crate::manifest::Manifest;
use crate::text::escape;

/// What a run would do.
pub struct DryRun<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// What would become of its rows.
    pub plan: &'a Plan,
    /// What clips cost.
    pub rates: &'a Rates,
    /// What is left of the caps, for people and for programs.
    pub caps: Vec<(String, Value)>,
    /// How many clips `--max-jobs` lets the run send, where that is fewer than all.
    pub most: Option<u64>,
}

impl DryRun<'_> {
    /// For programs: where the jobs of its rows `stand`, what is wrong with rows, and further fields.
    pub fn to_json(
        &self,
        states: Tally,
        invalid_rows: Vec<Value>,
        more: impl IntoIterator<Item = (String, Value)>,
        exit_code: u8,
    ) -> Value {
        let (counts, rates) = (&self.plan.counts, self.rates);
        let id_column = self.manifest.id_column();
        let share = |share: &Share<'_>| {
            json!({
                id_column.name(): share.id,
                "new": share.clips,
                "credits_estimated": share.credits,
                "dollars": words::dollars_json(rates, share.credits),
            })
        };
        let own = [
            ("new", json!(counts.send)),
            ("dollars", words::dollars_json(rates, counts.credits)),
            ("per_id", self.plan.shares().iter().map(share).collect()),
            ("invalid_rows", invalid_rows.into()),
        ];
        let mut summary = Summary {
            dry_run: true,
            credits_estimated: counts.credits,
            exit_code,
            states,
            left: self.most.map_or(0, |most| counts.send.saturating_sub(most)),
            more: own
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
            ..Summary::of_rows(*counts)
        };
        summary.more.extend(more);
        if !self.caps.is_empty() {
            let caps = self.caps.iter().map(|(_, cap)| cap.clone()).collect();
            summary.more.insert("caps".to_owned(), caps);
        }
        summary.to_json()
    }

    /// For people.
    pub fn print(&self, printer: &mut Printer) -> io::Result<()> {
        let counts = &self.plan.counts;
        let rows = [
            ("new", counts.send),
            ("already submitted", counts.skip),
            ("changed", counts.changed),
            ("duplicate", counts.duplicate),
            ("invalid", counts.invalid),
        ];
        let width = printer.width();
        let columns = self.manifest.carried_columns();
        let mut carried = format!("  carried along: {}", escape(&columns.join(", ")));
        if printer.is_terminal() {
            carried = columns::wrap(&carried, width);
        }
        let out = printer.out();
        writeln!(out, "{}", escape(self.manifest.name()))?;
        let rare = [
            ("renamed", counts.renamed),
            ("the same clip", counts.same_clip),
            ("hidden", counts.hidden),
            ("left out", counts.left_out),
        ];
        let rows = rows
            .into_iter()
            .chain(rare.into_iter().filter(|(_, n)| *n > 0));
        for (what, n) in rows {
            writeln!(out, "  {what:<18} {:>9}", words::number(n))?;
        }
        if !columns.is_empty() {
            writeln!(out, "{carried}")?;
        }
        for line in costs(&self.plan.shares(), self.rates, width.saturating_sub(2)) {
            writeln!(out, "  {line}")?;
        }
        for (cap, _) in &self.caps {
            writeln!(out, "  {cap}")?;
        }
        if let Some(most) = self.most {
            let [most, all] = [most, counts.send].map(words::number);
            writeln!(
                out,
                "  --max-jobs {most}: {most} of these {all} in this run"
            )?;
        }
        let mut cost = words::money(self.rates, counts.credits);
        if self.caps.iter().any(|(cap, _)| cap.contains(batch::BEYOND)) {
            cost.push_str(", if no cap held anything back");
        } else if self.most.is_some() {
            cost.push_str(", over all runs");
        }
        writeln!(
            out,
            "  would cost {cost}\nNothing was sent, nothing was written."
        )?;
        printer.flush()
    }
}

/// Listings or products of a dry run that get a line each.
const MOST_SHARES: usize = 20;

/// What each listing or product would cost, in columns.
fn costs(shares: &[Share<'_>], rates: &Rates, width: u16) -> Vec<String> {
    let (shown, rest) = shares.split_at(shares.len().min(MOST_SHARES));
    let row = |name: String, clips: u64, amount: Credits| {
        [
            name,
            words::count(clips, "clip"),
            words::credits(amount),
            words::dollars(rates, amount),
        ]
    };
    let mut rows: Vec<[String; 4]> = shown
        .iter()
        .map(|share| row(escape(share.id).into_owned(), share.clips, share.credits))
        .collect();
    if !rest.is_empty() {
        rows.push(row(
            format!("{} more", words::number(rest.len() as u64)),
            rest.iter().map(|share| share.clips).sum(),
            rest.iter().map(|share| share.credits).sum(),
        ));
    }
    aligned(&rows, width)
}
