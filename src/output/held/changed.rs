//! What is reported of rows that are held as changed.

use std::collections::BTreeSet;

use super::{Commands, HeldReport, MOST_NAMED, words};
use crate::engine::plan::{Decision, Doubt, Held, Moved};
use crate::text::escape;

/// The commands of which one keeps the clip of a row whose photo is elsewhere, each with the photo that was
/// ordered.
pub fn renamings(row: &Held, commands: &Commands) -> String {
    let new = match &row.photo_name {
        Some(name) => format!("{name} ({})", row.photo),
        None => row.photo.clone(),
    };
    let renaming = |moved: &Moved| {
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

impl<'a> HeldReport<'a> {
    pub(super) fn report_changed(&self) {
        self.report_bare();
        self.report_moved();
        self.report_nameless();
        self.report_files();
        self.report_versions();
        self.report_edited();
    }

    /// The listed ones of the rows that are held with a doubt.
    fn in_doubt(&self, doubt: Doubt) -> impl Iterator<Item = &'a Held> {
        let changed = self.held(Decision::Changed);
        changed.filter(move |held| held.doubt == doubt)
    }

    /// Reports rows whose ids are only in lines of the vendor's sample scripts, which note no request.
    fn report_bare(&self) {
        let count = self.found.in_doubt(Doubt::Bare);
        if count > 0 {
            self.printer.warn(format_args!(
                "{} of {} ({}) held back: the log has a clip for {}, ordered by the vendor's sample \
                 scripts, which note neither photo nor prompt. So whether it is the same clip cannot \
                 be seen, and it may be paid for. To order {} all the same, run the same command \
                 with --resubmit-changed",
                words::count(count, "row"),
                escape(self.manifest),
                self.lines(count, self.in_doubt(Doubt::Bare)),
                words::choose(count, "its id", "each of their ids"),
                words::choose(count, "this row", "these rows"),
            ));
        }
    }

    fn report_edited(&self) {
        let count = self.found.in_doubt(Doubt::Edited);
        if count > 0 {
            let edited = || self.in_doubt(Doubt::Edited);
            let columns: BTreeSet<_> = edited().flat_map(|held| &held.differs).copied().collect();
            self.printer.warn(format_args!(
                "{} of {} ({}) {}, and {} held back: {}.{} To order the new version as well, run \
                 the same command with --resubmit-changed",
                words::count(count, "row"),
                escape(self.manifest),
                self.lines(count, edited()),
                how_changed(count, &columns),
                words::choose(count, "is", "are"),
                what_stands(edited()),
                where_settings_are(&columns),
            ));
        }
    }

    /// Reports rows of which another file has what was ordered.
    fn report_versions(&self) {
        for held in self.in_doubt(Doubt::Version).take(MOST_NAMED) {
            let other = held.other.as_ref().map(|other| self.place(other));
            let columns: BTreeSet<_> = held.differs.iter().copied().collect();
            self.printer.warn(format_args!(
                "{}:{}: {} has the photo of {}, whose clip was ordered, and {}. Held back: two files \
                 with one id and photo are taken for two versions of a sheet, and the older order \
                 stands. Leave the version out that is not meant: move it to another folder, or do not name \
                 it. To order this one as well, fill in the column variant, or run the same command with \
                 --resubmit-changed",
                escape(&held.place.file),
                held.place.line,
                escape(&held.id),
                other.unwrap_or_default(),
                how_changed(1, &columns),
            ));
        }
        let more = self.found.in_doubt(Doubt::Version);
        let more = more.saturating_sub(MOST_NAMED as u64);
        if more > 0 {
            self.printer.warn(format_args!(
                "{} more of {} held back, of which another file has what was ordered",
                words::count(more, "row"),
                escape(self.manifest),
            ));
        }
    }

    /// Reports rows whose photo is elsewhere than one that was ordered.
    fn report_moved(&self) {
        const WAYS: [(Doubt, &str); 3] = [
            (
                Doubt::Folder,
                "is in another folder than {} of the same name",
            ),
            (Doubt::Place, "is in another place than {} of the same name"),
            (
                Doubt::Token,
                "has an address that may be made anew with each export, like {} with this prompt",
            ),
        ];
        let rows = |doubt, way| self.in_doubt(doubt).map(move |held| (way, held));
        let held = WAYS.into_iter().flat_map(|(doubt, way)| rows(doubt, way));
        for (way, held) in held.take(MOST_NAMED) {
            let photos = held.moved.len() as u64;
            self.printer.warn(format_args!(
                "{}:{}: the photo of {} {} that {} ordered, whose row is gone. Held back; the order \
                 stands, and may be paid for. If it is the same photo, keep the clip, free of charge: \
                 {}. If it is another one, run the same command with --resubmit-changed",
                escape(&held.place.file),
                held.place.line,
                escape(&held.id),
                way.replace("{}", words::choose(photos, "one", "some")),
                words::choose(photos, "was", "were"),
                renamings(held, self.commands),
            ));
        }
        let counts = WAYS.map(|(doubt, _)| self.found.in_doubt(doubt));
        let more = counts.iter().sum::<u64>().saturating_sub(MOST_NAMED as u64);
        if more > 0 {
            self.printer.warn(format_args!(
                "{} more of {} held back, whose photos are elsewhere than those that were \
                 ordered. To keep the clips of all that are the same photos, free of charge: `{}`",
                words::count(more, "row"),
                escape(self.manifest),
                self.commands.rename_from(self.files),
            ));
        }
    }

    /// Reports rows whose photo's address names none, and may be that of a clip or not.
    fn report_nameless(&self) {
        for held in self.in_doubt(Doubt::Nameless).take(MOST_NAMED) {
            let photos = held.moved.len() as u64;
            self.printer.warn(format_args!(
                "{}:{}: the photo of {} has an address that does not tell which photo it is, as {} \
                 with this prompt that {} ordered, and there are more or fewer such rows than \
                 clips. Held back; the {}, and may be paid for. If it is the same photo, keep the \
                 clip, free of charge: {}. Once the known photos are named, the next run orders \
                 what is new. To order all these rows again, run the same command with \
                 --resubmit-changed",
                escape(&held.place.file),
                held.place.line,
                escape(&held.id),
                words::choose(photos, "has one", "have others"),
                words::choose(photos, "was", "were"),
                words::choose(photos, "order stands", "orders stand"),
                renamings(held, self.commands),
            ));
        }
        let more = self.found.in_doubt(Doubt::Nameless);
        let more = more.saturating_sub(MOST_NAMED as u64);
        if more > 0 {
            self.printer.warn(format_args!(
                "{} more of {} held back, whose photos' addresses do not tell which photos they are",
                words::count(more, "row"),
                escape(self.manifest),
            ));
        }
    }

    /// Reports rows whose photo on this computer has another content than the one that was ordered.
    fn report_files(&self) {
        let count = self.found.in_doubt(Doubt::File);
        if count > 0 {
            let changed = || self.in_doubt(Doubt::File);
            self.printer.warn(format_args!(
                "{} of {} ({}) held back: {} changed since the {} ordered, though the {} not; {}. \
                 If the picture is still the same, keep the {}, free of charge: `{}`. To order a \
                 clip of {}, run the same command with --resubmit-changed",
                words::count(count, "row"),
                escape(self.manifest),
                self.lines(count, changed()),
                words::choose(count, "the photo's file was", "the photos' files were"),
                words::choose(count, "clip was", "clips were"),
                words::choose(count, "row was", "rows were"),
                what_stands(changed()),
                words::choose(count, "clip", "clips"),
                self.commands.rename_from(self.files),
                words::choose(count, "the new photo", "each new photo"),
            ));
        }
    }
}

/// What becomes of the orders that stand for these rows.
fn what_stands<'a>(mut rows: impl Iterator<Item = &'a Held>) -> &'static str {
    let is_refunded = rows.next().is_some_and(|held| held.is_refunded);
    if is_refunded && rows.all(|held| held.is_refunded) {
        "the older order failed, and costs nothing"
    } else {
        "the older order stands, and may be paid for"
    }
}

/// What is said of `count` rows that differ in these columns from what was ordered.
fn how_changed(count: u64, columns: &BTreeSet<&str>) -> String {
    if columns.is_empty() {
        // The log does not hold what was asked for, or it differs in what no column shows.
        let were = words::choose(count, "was", "were");
        return format!("{were} edited after the clip was ordered");
    }
    let columns: Vec<&str> = columns.iter().copied().collect();
    let differ = words::choose(count, "differs", "differ");
    format!("{differ} from what was ordered in {}", columns.join(", "))
}

/// A row may differ although its sheet was not touched.
fn where_settings_are(columns: &BTreeSet<&str>) -> &'static str {
    const SETTINGS: [&str; 6] = [
        "model",
        "duration",
        "aspect_ratio",
        "voice",
        "language",
        "speed",
    ];
    if SETTINGS.iter().any(|setting| columns.contains(setting)) {
        " What the sheet leaves open comes from options and settings, which `creativeai config` shows."
    } else {
        ""
    }
}
