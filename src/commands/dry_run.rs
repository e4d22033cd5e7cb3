//! What a dry run shows.

use serde_json::{Map, Value, json};

use crate::engine::plan::{RowCounts, Share};
use crate::exit::Code;
use crate::jobs::{Credits, IdColumn, Rates};
use crate::output::{Printer, Summary, Tally, aligned, words, wrap};
use crate::settings::Settings;
use crate::text::escape;

/// What a dry run says.
pub struct DryRun<'a> {
    /// The manifest's name.
    pub manifest: &'a str,
    /// Its columns that are carried along.
    pub carried: &'a [String],
    /// Rows by what would become of them.
    pub counts: &'a RowCounts,
    /// Where the jobs of its rows stand.
    pub states: Tally,
    /// Whether rows are listings or products.
    pub id_column: IdColumn,
    /// What would be spent for each of them.
    pub shares: &'a [Share<'a>],
    /// What is wrong with rows, for the JSON document.
    pub invalid_rows: Vec<Value>,
    /// Further fields of the JSON document.
    pub more: Map<String, serde_json::Value>,
    /// What is left of the caps, for people and for programs.
    pub caps: Vec<(String, Value)>,
    /// How it ends.
    pub code: Code,
}

/// Reports what a run would do. Nothing was sent or written.
pub fn dry_run(run: DryRun<'_>, settings: &Settings, printer: &mut Printer) -> anyhow::Result<()> {
    let counts = run.counts;
    let rates = &settings.rates;
    if printer.options().json {
        let mut summary = Summary {
            dry_run: true,
            credits_estimated: counts.credits,
            exit_code: run.code.number(),
            states: run.states,
            ..summary_of(counts)
        };
        let share = |share: &Share<'_>| {
            json!({
                run.id_column.name(): share.id,
                "new": share.clips,
                "credits_estimated": share.credits,
                "dollars": words::dollars_json(rates, share.credits),
            })
        };
        summary.more = Map::from_iter([
            ("new".to_owned(), json!(counts.send)),
            (
                "dollars".to_owned(),
                words::dollars_json(rates, counts.credits),
            ),
            ("per_id".to_owned(), run.shares.iter().map(share).collect()),
            ("invalid_rows".to_owned(), run.invalid_rows.into()),
        ]);
        summary.more.extend(run.more.clone());
        if !run.caps.is_empty() {
            let caps = run.caps.into_iter().map(|(_, cap)| cap).collect();
            summary.more.insert("caps".to_owned(), caps);
        }
        printer.document(&summary.to_json())?;
        return Ok(());
    }
    let rows = [
        ("new", counts.send),
        ("already submitted", counts.skip),
        ("changed", counts.changed),
        ("duplicate", counts.duplicate),
        ("invalid", counts.invalid),
    ];
    let width = printer.width();
    let mut carried = format!("  carried along: {}", escape(&run.carried.join(", ")));
    if printer.is_terminal() {
        carried = wrap::wrap(&carried, width);
    }
    let out = printer.out();
    writeln!(out, "{}", escape(run.manifest))?;
    let rare = [
        ("renamed", counts.renamed),
        ("the same clip", counts.same_clip),
        ("left out", counts.left_out),
    ];
    let rows = rows
        .into_iter()
        .chain(rare.into_iter().filter(|(_, n)| *n > 0));
    for (what, n) in rows {
        writeln!(out, "  {what:<18} {:>9}", words::number(n))?;
    }
    if !run.carried.is_empty() {
        writeln!(out, "{carried}")?;
    }
    for line in costs(&run, rates, width.saturating_sub(2)) {
        writeln!(out, "  {line}")?;
    }
    for (cap, _) in &run.caps {
        writeln!(out, "  {cap}")?;
    }
    let cost = words::money(rates, counts.credits);
    writeln!(
        out,
        "  would cost {cost}\nNothing was sent, nothing was written."
    )?;
    printer.flush()?;
    Ok(())
}

/// What was decided about the rows of a manifest.
pub fn summary_of(counts: &RowCounts) -> Summary {
    Summary {
        skipped: counts.skip,
        duplicates: counts.duplicate,
        changed: counts.changed,
        renamed: counts.renamed,
        same_clip: counts.same_clip,
        invalid: counts.invalid,
        ..Summary::new("submit")
    }
}

/// Listings or products of a dry run that get a line each.
const MOST_SHARES: usize = 20;

/// What each listing or product would cost, in columns.
fn costs(run: &DryRun<'_>, rates: &Rates, width: u16) -> Vec<String> {
    let (shown, rest) = run.shares.split_at(run.shares.len().min(MOST_SHARES));
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
    let rows: Vec<[&str; 4]> = rows
        .iter()
        .map(|row| row.each_ref().map(String::as_str))
        .collect();
    aligned(&rows, width)
}
