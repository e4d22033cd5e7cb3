//! What is reported of rows that are held back, and of rows that were taken for those of the log.

mod changed;
mod hidden;

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{commands::Commands, printer::Printer, words};
use crate::engine::plan::{Decision, Found, Held, Place, Plan};
use crate::jobs::recognition::Cause;
use crate::manifest::Manifest;
use crate::text::escape;

pub use changed::renamings;

/// Rows, or pairs of ids, that are named one by one.
const MOST_NAMED: usize = 10;

/// A place as messages name it: where there are several files, with the file.
pub fn place_name(place: &Place, has_several_files: bool) -> String {
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
            "{} of {} {} set back to what was ordered before: that clip counts again, and the newer one \
             counts as replaced where no row asks for it. Nothing is ordered for {}",
            words::count(count, "row"),
            escape(manifest),
            words::choose(count, "was", "were"),
            words::choose(count, "it", "them"),
        ));
    }
}

/// Reports rows whose clips a person has closed: they are in the log, and will never come.
pub fn report_closed(count: u64, manifest: &str, printer: &Printer) {
    if count > 0 {
        printer.note(format_args!(
            "{} of {} {} for a clip that was closed with `creativeai resolve --dismiss`, and nothing is \
             ordered for {}; to order one all the same, fill in the column variant",
            words::count(count, "row"),
            escape(manifest),
            words::choose(count, "asks", "ask"),
            words::choose(count, "it", "them"),
        ));
    }
}

/// Everything that the messages speak of.
pub struct HeldReport<'a> {
    /// What was decided of each row.
    pub plan: &'a Plan,
    /// What that was decided by.
    pub found: &'a Found,
    /// The manifest's name.
    pub manifest: &'a str,
    /// Each of its files as a command names it.
    pub files: &'a [String],
    /// How commands that are shown name the log.
    pub commands: &'a Commands,
    /// Where it is reported.
    pub printer: &'a Printer,
}

impl<'a> HeldReport<'a> {
    /// Reports what was found, before anything is sent.
    pub fn report(&self) {
        self.report_adopted();
        self.report_repeated();
        self.report_twins();
        self.report_changed();
        self.report_renamed();
        self.report_same_clips();
        self.report_hidden();
    }

    /// A place as messages name it.
    fn place(&self, place: &Place) -> String {
        place_name(place, self.files.len() > 1)
    }

    /// Rows that are the same as others, out of `count`.
    fn pairs(&self, count: u64, pairs: impl Iterator<Item = (Place, Place)>) -> String {
        let pair = |(row, other)| format!("{} as {}", self.place(&row), self.place(&other));
        listed(count, pairs.map(pair))
    }

    /// Where held rows stand, `count` in all; where there are several files, with these.
    fn lines(&self, count: u64, rows: impl Iterator<Item = &'a Held>) -> String {
        let is_one_file = self.files.len() == 1;
        let name = |held: &Held| {
            if is_one_file {
                held.place.line.to_string()
            } else {
                self.place(&held.place)
            }
        };
        let mut names: Vec<String> = rows.map(name).collect();
        // A line with several photos may be several rows.
        let rows = names.len();
        names.dedup();
        let count = count - (rows - names.len()) as u64;
        let names = listed(count, names.into_iter());
        if is_one_file {
            format!("{} {names}", words::choose(count, "line", "lines"))
        } else {
            names
        }
    }

    fn report_adopted(&self) {
        let found = self.found;
        for (count, (one, many), what) in [
            (
                found.same,
                ("differs", "differ"),
                "from what was ordered only in what cannot be seen",
            ),
            (
                found.rotated,
                ("has", "have"),
                "a new address of the photo that was ordered",
            ),
        ] {
            if count > 0 {
                self.printer.detail(format_args!(
                    "{} of {} {} {what}; taken for the same clips",
                    words::count(count, "row"),
                    escape(self.manifest),
                    words::choose(count, one, many),
                ));
            }
        }
    }

    fn report_repeated(&self) {
        let repeated = self.plan.repeated();
        let count = repeated.len() as u64;
        if count > 0 {
            self.printer.warn(format_args!(
                "{}: {} another row and {} left out, only what cannot be seen, or the spelling or the \
                 signature of the photo's address, differs: {}. For a second clip of the same photo, \
                 fill in the column variant",
                escape(self.manifest),
                words::counted(count, "row repeats", "rows repeat"),
                words::choose(count, "was", "were"),
                self.pairs(count, repeated),
            ));
        }
    }

    fn report_twins(&self) {
        let (count, pairs) = self.plan.twins(MOST_NAMED);
        if count > 0 {
            self.printer.warn(format_args!(
                "{}: {} for the clip of another row under another id, with the same photo, prompt \
                 and settings: {}. Each is ordered and paid for",
                escape(self.manifest),
                words::counted(count, "row asks", "rows ask"),
                self.pairs(count, pairs.into_iter()),
            ));
        }
    }

    fn held(&self, reason: Decision) -> impl Iterator<Item = &'a Held> {
        let held = self.found.held.iter();
        held.filter(move |held| held.reason == reason)
    }

    fn report_renamed(&self) {
        const FEW: u64 = 3;
        let renamed = self.plan.counts.renamed;
        if renamed > FEW && renamed * 10 > self.found.accepted {
            self.report_all_renamed();
            return;
        }
        let mut pairs: Vec<(&Held, Vec<u64>)> = Vec::new();
        for held in self.held(Decision::Renamed) {
            let is_same = |(first, _): &(&Held, Vec<u64>)| {
                (&first.job_id, &first.id, &first.place.file)
                    == (&held.job_id, &held.id, &held.place.file)
            };
            match pairs.iter().position(is_same) {
                Some(place) => pairs[place].1.push(held.place.line),
                None if pairs.len() < MOST_NAMED => pairs.push((held, vec![held.place.line])),
                None => {}
            }
        }
        for (held, lines) in &pairs {
            self.report_pair(held, lines);
        }
        let listed: usize = pairs.iter().map(|(_, lines)| lines.len()).sum();
        if renamed > listed as u64 {
            self.printer.warn(format_args!(
                "{} more of {} held back as renamed",
                words::count(renamed - listed as u64, "row"),
                escape(self.manifest)
            ));
        }
    }

    fn report_pair(&self, held: &Held, lines: &[u64]) {
        let mut shown: Vec<String> = lines.iter().map(u64::to_string).collect();
        shown.dedup();
        shown.truncate(MOST_NAMED);
        let clips = words::choose(lines.len() as u64, "a clip", "clips");
        // While the old id has rows of its own, only the one job is meant.
        let old = if self.plan.has_rows_of(&held.job_id) {
            held.job.to_string()
        } else {
            held.job_id.clone()
        };
        self.printer.warn(format_args!(
            "{}:{}: {} asks for {clips} ordered as {}, whose row is gone: the photo and the prompt \
             are the same, and {}. Held back; the order stands, and may be paid for. To keep it \
             under the new id, free of charge: `{}`, or restore the id in the sheet. To order it \
             again, run the same command with --resubmit-changed",
            escape(&held.place.file),
            shown.join(", "),
            escape(&held.id),
            escape(&held.job_id),
            held.cause.unwrap_or(Cause::Corrected),
            self.commands.rename(&old, &held.id),
        ));
    }

    /// Many at once have one cause.
    fn report_all_renamed(&self) {
        let renamed = self.plan.counts.renamed;
        let causes = &self.found.causes;
        let of_sheets: u64 = causes
            .iter()
            .filter(|(cause, _)| cause.is_spreadsheets())
            .map(|(_, count)| count)
            .sum();
        let most = causes.iter().max_by_key(|(cause, n)| (**n, **cause));
        let most = most.map_or(Cause::Corrected, |(cause, _)| *cause);
        let listed: u64 = causes.values().sum();
        let likely = match most {
            _ if of_sheets * 2 > listed => {
                "the ids look as if a spreadsheet program had turned them into numbers"
            }
            Cause::Encoding => "the sheet looks as if it were read with the wrong --encoding",
            Cause::Case | Cause::Punctuation => {
                "the ids differ only in letter case, blanks or punctuation"
            }
            _ => "the ids look as if they had been replaced",
        };
        let example = self.held(Decision::Renamed).next().map(|held| {
            format!(
                " ({}: {} was {})",
                self.place(&held.place),
                escape(&held.id),
                escape(&held.job_id)
            )
        });
        self.printer.warn(format_args!(
            "{}: {} clips that were ordered under ids which are no longer in the sheet, and are held \
             back: {likely}{}. The orders stand, and may be paid for. Restore the ids in the sheet, \
             or keep the clips under the new ones, free of charge: `{}`. To order them all again, \
             run the same command with --resubmit-changed",
            escape(self.manifest),
            format_args!("{} rows ask for", words::number(renamed)),
            example.unwrap_or_default(),
            self.commands.rename_from(self.files),
        ));
    }

    fn report_same_clips(&self) {
        for held in self.held(Decision::SameClip).take(MOST_NAMED) {
            let same = match &held.other {
                Some(other) => format!(
                    "as {} ({}), whose id or variant is only spelled in another way",
                    self.place(other),
                    escape(&held.job_id)
                ),
                None => format!("that was ordered for {}", escape(&held.job_id)),
            };
            self.printer.warn(format_args!(
                "{}:{}: {} asks for the same clip {same}, with the same photo, prompt and settings. \
                 Held back, nothing was sent for it. If both are to have a clip of their own, fill in \
                 the column variant, or run the same command with --allow-same-clip",
                escape(&held.place.file),
                held.place.line,
                escape(&held.id),
            ));
        }
        let shown = self.held(Decision::SameClip).count().min(MOST_NAMED) as u64;
        let more = self.plan.counts.same_clip.saturating_sub(shown);
        if more > 0 {
            self.printer.warn(format_args!(
                "{} more of {} {} for clips of other rows or of other ids, and {} held back",
                words::count(more, "row"),
                escape(self.manifest),
                words::choose(more, "asks", "ask"),
                words::choose(more, "is", "are"),
            ));
        }
    }
}

/// Names of the first of `count` things.
fn listed(count: u64, names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.take(MOST_NAMED).collect();
    let more = if count > names.len() as u64 {
        " and more"
    } else {
        ""
    };
    names.join(", ") + more
}

/// The held rows as a field of the summary for programs.
pub fn to_more(found: &Found) -> Map<String, Value> {
    Map::from_iter([("held".to_owned(), to_json(found))])
}

fn to_json(found: &Found) -> Value {
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
