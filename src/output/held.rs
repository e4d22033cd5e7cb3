//! What is reported of rows before any is sent: which are held back, repeated, or taken for those of the log.

mod why;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{commands::Commands, printer::Printer, words};
use crate::engine::plan::{Decision, Held, Plan, RecognitionResult, RowLocation};
use crate::manifest::Manifest;
use crate::text::escape;

pub use why::renamings;

/// Lines, messages or pairs that are named one by one.
const MOST_NAMED: usize = 10;

/// A place as messages name it: where there are several files, with the file.
pub fn place_name(place: &RowLocation, has_several_files: bool) -> String {
    if has_several_files {
        format!("{}:{}", escape(&place.file), place.line)
    } else {
        format!("line {}", place.line)
    }
}

/// Reports where everything goes, before anything is sent.
pub fn announce(plan: &Plan, manifest: &Manifest, log: &Path, is_new: bool, printer: &Printer) {
    if plan.is_empty() {
        printer.warn(format_args!("{} has no rows", manifest.name()));
    }
    let log = log.display().to_string();
    let log = escape(&log);
    if is_new {
        printer.note(format_args!("new job log: {log}"));
    }
    if manifest.has_several_files() {
        printer.note(format_args!("all of them have one job log: {log}"));
    }
}

/// Reports rows that were set back to an older version of their clip.
pub fn report_set_back(count: u64, manifest: &str, printer: &Printer) {
    if count > 0 {
        printer.note(format_args!(
            "{} of {} {}",
            words::count(count, "row"),
            escape(manifest),
            words::agreeing(
                count,
                "[was|were] changed back to what was ordered before: that clip counts again, and \
                 the newer one counts as replaced unless a row asks for it. Nothing is ordered for [it|them]"
            ),
        ));
    }
}

/// Reports rows whose clips a person has closed: they are in the log, and will never come.
pub fn report_closed(count: u64, manifest: &str, printer: &Printer) {
    if count > 0 {
        printer.note(format_args!(
            "{} of {} {}",
            words::count(count, "row"),
            escape(manifest),
            words::agreeing(
                count,
                "[asks|ask] for a clip that was closed with `creativeai resolve --dismiss`, and nothing is \
                 ordered for [it|them]; to order one anyway, fill in the column variant"
            ),
        ));
    }
}

/// Everything that the messages speak of.
pub struct HeldReport<'a> {
    /// What was decided of each row.
    pub plan: &'a Plan,
    /// What that was decided by.
    pub found: &'a RecognitionResult,
    /// The manifest's name.
    pub manifest: &'a str,
    /// Each of its files as a command names it.
    pub files: &'a [String],
    /// How commands that are shown name the log.
    pub commands: &'a Commands,
    /// Where it is reported.
    pub printer: &'a Printer,
}

/// Held rows of one file of which the same is said.
struct HeldGroup<'a> {
    first: &'a Held,
    lines: Vec<u64>,
    rows: u64,
}

impl HeldReport<'_> {
    /// Reports what was found, before anything is sent.
    pub fn report(&self) {
        self.report_matched();
        let repeated = self.plan.repeated();
        self.report_pairs(
            repeated.len() as u64,
            repeated,
            "[row repeats another row and was|rows repeat another row and were] left out, only what \
             cannot be seen, or the spelling or the signature of the photo's address, differs",
            "For a second clip of the same photo, fill in the column variant",
        );
        let (count, twins) = self.plan.twins(MOST_NAMED);
        self.report_pairs(
            count,
            twins.into_iter(),
            "[row asks|rows ask] for the clip of another row under another id, with the same photo, \
             prompt and settings",
            "Each is ordered and paid for",
        );
        self.report_held();
    }

    fn report_matched(&self) {
        for (count, what) in [
            (
                self.found.same,
                "[differs|differ] from what was ordered only in what cannot be seen",
            ),
            (
                self.found.rotated,
                "[has|have] a new address of the photo that was ordered",
            ),
        ] {
            if count > 0 {
                self.printer.detail(format_args!(
                    "{} of {} {}; taken for the same clips",
                    words::count(count, "row"),
                    escape(self.manifest),
                    words::agreeing(count, what),
                ));
            }
        }
    }

    /// Reports rows that are the same as others, out of `count`.
    fn report_pairs(
        &self,
        count: u64,
        pairs: impl Iterator<Item = (RowLocation, RowLocation)>,
        what: &str,
        end: &str,
    ) {
        if count == 0 {
            return;
        }
        let pair = |(row, other)| format!("{} as {}", self.place(&row), self.place(&other));
        let pairs: Vec<String> = pairs.take(MOST_NAMED).map(pair).collect();
        let is_all = count == pairs.len() as u64;
        self.printer.warn(format_args!(
            "{}: {} {}: {}{}. {end}",
            escape(self.manifest),
            words::number(count),
            words::agreeing(count, what),
            pairs.join(", "),
            if is_all { "" } else { " and more" },
        ));
    }

    /// Reports held rows: once where the same is to be said of many, and first what is said of most.
    fn report_held(&self) {
        let mut all: Vec<HeldGroup<'_>> = Vec::new();
        let mut places = HashMap::new();
        for held in &self.found.held {
            let place = *places.entry(self.what_is_said(held)).or_insert(all.len());
            if place == all.len() {
                all.push(HeldGroup {
                    first: held,
                    lines: Vec::new(),
                    rows: 0,
                });
            }
            let alike = &mut all[place];
            alike.rows += 1;
            // A line with several photos may be several rows.
            if alike.lines.last() != Some(&held.place.line) {
                alike.lines.push(held.place.line);
            }
        }
        all.sort_by_key(|alike| Reverse(alike.rows));
        all.truncate(MOST_NAMED);
        for HeldGroup { first, lines, .. } in &all {
            let named: Vec<String> = lines.iter().take(MOST_NAMED).map(u64::to_string).collect();
            let more = match lines.len().saturating_sub(MOST_NAMED) as u64 {
                0 => String::new(),
                more => format!(" and {}", words::counted(more, "more line", "more lines")),
            };
            self.printer.warn(format_args!(
                "{}:{}{more}: {}",
                escape(&first.place.file),
                named.join(", "),
                self.message(first)
            ));
        }
        let named: u64 = all.iter().map(|alike| alike.rows).sum();
        let more = self.plan.counts.held().saturating_sub(named);
        if more > 0 {
            self.printer.warn(format_args!(
                "{} of {} held back (--json lists them). To keep the clips of all whose ids or \
                 photos only go by another name, free of charge: `{}`",
                words::counted(more, "more row", "more rows"),
                escape(self.manifest),
                self.commands.rename_from(self.files),
            ));
        }
    }

    /// Reports columns that are hidden and count all the same, where rows are sent.
    pub fn report_hidden_columns(&self, manifest: &Manifest) {
        if self.plan.counts.send == 0 {
            return;
        }
        for (file, header) in manifest.hidden_columns() {
            self.printer.warn(format_args!(
                "{}: the column \"{}\" is hidden in the sheet, but is used anyway",
                escape(file),
                escape(header)
            ));
        }
    }

    /// A place as messages name it.
    fn place(&self, place: &RowLocation) -> String {
        place_name(place, self.files.len() > 1)
    }
}

/// The held rows as a field of the summary for programs.
pub fn to_more(found: &RecognitionResult) -> Map<String, Value> {
    Map::from_iter([("held".to_owned(), to_json(found))])
}

fn to_json(found: &RecognitionResult) -> Value {
    let rows = found.held.iter().map(|held| {
        let mut row = json!({
            "manifest": &*held.place.file,
            "line": held.place.line,
            "id": held.id,
            "reason": match held.reason {
                Decision::Renamed => "renamed",
                Decision::SameClip => "same_clip",
                Decision::Hidden => "hidden",
                _ => "changed",
            },
        });
        if held.reason != Decision::Hidden {
            row["job"] = held.job.to_string().into();
            row["job_id"] = held.job_id.clone().into();
        }
        if let Some(other) = &held.other {
            row["other_line"] = other.line.into();
            if other.file != held.place.file {
                row["other_manifest"] = (*other.file).into();
            }
        }
        if let Some(cause) = held.cause {
            row["cause"] = cause.as_str().into();
        }
        if !held.differs.is_empty() {
            row["differs"] = held.differs.clone().into();
        }
        row
    });
    rows.collect()
}
