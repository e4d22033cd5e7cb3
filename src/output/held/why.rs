//! What is said of a row that is held back: why, what stands, and the ways on.

use std::hash::Hash;
use std::mem::discriminant;

use super::{Commands, Decision, HeldReport, MOST_NAMED};
use crate::engine::plan::{ChangeDoubt, Held, MovedPhoto};
use crate::jobs::recognition::SpellingCause;
use crate::text::escape;

/// What is said of a row.
struct HeldText {
    why: String,
    /// What became of the money.
    stands: &'static str,
    ways: String,
}

/// The commands of which one keeps the clip of a row whose photo is elsewhere, each with the photo that was
/// ordered.
pub fn renamings(row: &Held, commands: &Commands) -> String {
    let new = match &row.photo_name {
        Some(name) => format!("{name} ({})", row.photo),
        None => row.photo.clone(),
    };
    let renaming = |moved: &MovedPhoto| {
        let command = commands.rename(&moved.job.to_string(), &new);
        format!("`{command}` if it was {}", escape(&moved.photo))
    };
    row.moved
        .iter()
        .take(MOST_NAMED)
        .map(renaming)
        .collect::<Vec<_>>()
        .join(", ")
}

impl HeldReport<'_> {
    /// What [`message`](Self::message) depends on.
    pub(super) fn what_is_said<'a>(&self, held: &'a Held) -> impl Eq + Hash + use<'a> {
        let is_each_named = match held.reason {
            Decision::Hidden => false,
            Decision::SameClip => true,
            Decision::Renamed => !self.are_many_renamed(),
            _ => !matches!(
                held.doubt,
                ChangeDoubt::Edited | ChangeDoubt::Bare | ChangeDoubt::File
            ),
        };
        let photo = (!held.moved.is_empty()).then_some(&held.photo);
        let other = held.other.as_ref().map(|other| (&other.file, other.line));
        (
            &held.place.file,
            (discriminant(&held.reason), held.doubt, held.is_refunded),
            &held.differs,
            is_each_named.then_some((&held.id, &held.job_id, photo, other)),
        )
    }

    pub(super) fn message(&self, held: &Held) -> String {
        let HeldText { why, stands, ways } = self.words(held);
        format!("{why}. Held back; {stands}. {ways}")
    }

    fn words(&self, held: &Held) -> HeldText {
        let id = escape(&held.id);
        let resubmit = self.submit_with("--resubmit-changed");
        let (why, ways) = match (held.reason, held.doubt) {
            (Decision::Hidden, _) => return self.hidden(),
            (Decision::SameClip, _) => return self.same_clip(held),
            (Decision::Renamed, _) if self.are_many_renamed() => (
                self.why_many_are_renamed(),
                format!(
                    "Restore the ids in the sheet, or keep the clips under the new ones, free of charge: \
                     `{}`. To order them again, {resubmit}",
                    self.commands.rename_from(self.files)
                ),
            ),
            (Decision::Renamed, _) => (
                format!(
                    "{id} asks for what was ordered as {}, whose row is gone: {} the same, and {}",
                    escape(&held.job_id),
                    what_is_the_same(held),
                    held.cause.unwrap_or(SpellingCause::Corrected)
                ),
                format!(
                    "To keep the clip under the new id, free of charge: `{}`, or restore the id in the \
                     sheet. To order it again, {resubmit}",
                    self.commands.rename(&self.old_name(held), &held.id)
                ),
            ),
            (_, ChangeDoubt::Edited) => (
                how_changed(held),
                format!(
                    "{}To order the new version as well, {resubmit}",
                    where_settings_are(held)
                ),
            ),
            (_, ChangeDoubt::Bare) => (
                "the log has a clip for this id, ordered by the vendor's sample scripts, which \
                 record neither photo nor prompt, so there is no way to tell whether it is the \
                 same clip"
                    .to_owned(),
                format!("To order it anyway, {resubmit}"),
            ),
            (_, ChangeDoubt::Folder) => self.moved(
                held,
                "is in a different folder from a photo of the same name that was ordered, whose row is gone",
            ),
            (_, ChangeDoubt::Place) => self.moved(
                held,
                "is in a different place from a photo of the same name that was ordered, whose row is gone",
            ),
            (_, ChangeDoubt::Token) => self.moved(
                held,
                "has an address that may change with each export, like a photo with this prompt \
                 that was ordered, whose row is gone",
            ),
            (_, ChangeDoubt::Nameless) => self.moved(
                held,
                "has an address that does not identify the photo, like a photo with this prompt \
                 that was ordered, and there are more or fewer such rows than clips",
            ),
            (_, ChangeDoubt::File) => (
                "the photo's file was changed since the clip was ordered, and the row was not".to_owned(),
                format!(
                    "If the picture is still the same, keep the clip, free of charge: `{}`. To order a clip \
                     of the new photo, {resubmit}",
                    self.commands.rename_from(self.files)
                ),
            ),
            (_, ChangeDoubt::Version) => (
                format!(
                    "{id} has the photo of {}, whose clip was ordered, but {}; two files with one id and \
                     photo are taken for two versions of a sheet",
                    self.other(held),
                    how_changed(held)
                ),
                format!(
                    "Leave out the version that you do not want: move it to another folder, or do not name it. \
                     To order this one as well, fill in the column variant, or {resubmit}"
                ),
            ),
        };
        let stands = if held.is_refunded {
            "the older order failed, and costs nothing"
        } else {
            "the older order still counts, and may be paid for"
        };
        HeldText { why, stands, ways }
    }

    /// Of a row that the spreadsheet program does not show.
    fn hidden(&self) -> HeldText {
        HeldText {
            why: "hidden in the sheet, by a filter or by hand".to_owned(),
            stands: "nothing was ordered for it",
            ways: format!(
                "To order it as well, show it in the sheet, or {}; `submit --where COLUMN=VALUE` chooses \
                 rows by a cell",
                self.submit_with("--include-hidden"),
            ),
        }
    }

    /// Of a row that asks for another one's clip.
    fn same_clip(&self, held: &Held) -> HeldText {
        HeldText {
            why: format!(
                "{} asks for the same clip {}",
                escape(&held.id),
                self.same_as(held)
            ),
            stands: "nothing was sent for it",
            ways: format!(
                "If both are to have a clip of their own, fill in the column variant, or {}",
                self.submit_with("--allow-same-clip")
            ),
        }
    }

    /// Of a row whose photo is elsewhere, or may be.
    fn moved(&self, held: &Held, how: &str) -> (String, String) {
        let resubmit = self.submit_with("--resubmit-changed");
        let next = if held.doubt == ChangeDoubt::Nameless {
            "Once the known photos are named, the next run orders what is new. To order all these rows again"
        } else {
            "If it is another one"
        };
        (
            format!("the photo of {} {how}", escape(&held.id)),
            format!(
                "If it is the same photo, keep the clip, free of charge: {}. {next}, {resubmit}",
                renamings(held, self.commands)
            ),
        )
    }

    /// How a row is ordered all the same.
    fn submit_with(&self, option: &str) -> String {
        self.commands.submit_with(option, self.files)
    }

    fn other(&self, held: &Held) -> String {
        let place = held.other.as_ref().map(|other| self.place(other));
        place.unwrap_or_default()
    }

    fn same_as(&self, held: &Held) -> String {
        let of = escape(&held.job_id);
        if held.other.is_some() {
            let other = self.other(held);
            format!("as {other} ({of}), whose id or variant is only spelled differently")
        } else {
            format!("that was ordered for {of}, with the same photo, prompt and settings")
        }
    }

    /// While the old id has rows of its own, only the one job is meant.
    fn old_name(&self, held: &Held) -> String {
        if self.plan.has_rows_of(&held.job_id) {
            held.job.to_string()
        } else {
            held.job_id.clone()
        }
    }

    /// Many at once have one cause.
    fn are_many_renamed(&self) -> bool {
        const FEW: u64 = 3;
        let renamed = self.plan.counts.renamed;
        renamed > FEW && renamed * 10 > self.found.accepted
    }

    fn why_many_are_renamed(&self) -> String {
        let causes = &self.found.causes;
        let of_sheets = causes.iter().filter(|(cause, _)| cause.is_spreadsheets());
        let of_sheets: u64 = of_sheets.map(|(_, count)| count).sum();
        let most = causes.iter().max_by_key(|(cause, n)| (**n, **cause));
        let likely = match most.map(|(cause, _)| cause) {
            _ if of_sheets * 2 > causes.values().sum() => {
                "the ids look as if a spreadsheet program had turned them into numbers"
            }
            Some(SpellingCause::Encoding) => {
                "the sheet looks as if it were read with the wrong --encoding"
            }
            Some(SpellingCause::Case | SpellingCause::Punctuation) => {
                "the ids differ only in letter case, blanks or punctuation"
            }
            _ => "the ids look as if they had been replaced",
        };
        let renamed = |held: &&Held| held.reason == Decision::Renamed;
        let example = self.found.held.iter().find(renamed).map(|held| {
            let (new, old) = (escape(&held.id), escape(&held.job_id));
            format!(" ({new} was {old})")
        });
        format!(
            "the clips were ordered under ids that are no longer in the sheet: {likely}{}",
            example.unwrap_or_default()
        )
    }
}

/// A voice has neither a photo nor a prompt.
fn what_is_the_same(held: &Held) -> &'static str {
    match &*held.photo {
        "" => "all but the id is",
        _ => "the photo and the prompt are",
    }
}

/// How a row differs from what was ordered.
fn how_changed(held: &Held) -> String {
    if held.differs.is_empty() {
        // The log does not hold what was asked for, or it differs in what no column shows.
        return "the row was edited after the clip was ordered".to_owned();
    }
    let mut columns = held.differs.clone();
    columns.sort_unstable();
    format!("what was ordered differs in {}", columns.join(", "))
}

/// A row may differ although its sheet was not touched.
fn where_settings_are(held: &Held) -> &'static str {
    const SETTINGS: [&str; 6] = [
        "model",
        "duration",
        "aspect_ratio",
        "voice",
        "language",
        "speed",
    ];
    if SETTINGS
        .iter()
        .any(|setting| held.differs.contains(setting))
    {
        "Values missing from the sheet come from options and settings; `creativeai config` shows them. "
    } else {
        ""
    }
}
