//! What is reported while clips are downloaded or published, and how that went.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{
    commands::Commands, metrics::MetricEvent, printer::Printer, progress::Progress, stopped, words,
};
use crate::engine::delivery::due::HeldBack;
use crate::engine::delivery::{
    self, DeliveryFailure, DownloadSummary, FailureKind, PublishSummary, Unmarked,
};
use crate::engine::recover::MARK;
use crate::exit::{Code, Ending};
use crate::text::escape;

/// Shows events on the bar; one that is done counts as `done`.
pub fn show(
    event: &delivery::DeliveryEvent,
    progress: &Progress,
    printer: &Printer,
    done: MetricEvent,
) {
    match event {
        delivery::DeliveryEvent::Started { .. } => {}
        delivery::DeliveryEvent::Received { bytes, .. } => progress.bytes(*bytes),
        delivery::DeliveryEvent::Waiting { job, why, wait } => progress.detail(printer, || {
            let wait = words::duration(wait.as_secs());
            format!("job {job}: {}; again in {wait}", escape(why))
        }),
        delivery::DeliveryEvent::Done { .. } => progress.end(done),
        delivery::DeliveryEvent::Failed { .. } => progress.end(MetricEvent::Failed),
        delivery::DeliveryEvent::Recover(lines) => progress.suspend(|| report_lost(lines, printer)),
    }
}

/// Prints lines that the log did not take in.
pub fn report_lost(lines: &str, printer: &Printer) {
    // Not escaped: it is JSON, which has no control characters, and must read back.
    for line in lines.lines() {
        printer.vital(format_args!("{MARK}{line}"));
    }
}

/// Reports a clip that was not delivered.
pub fn warn_of(failure: &DeliveryFailure, printer: &Printer) {
    printer.warn(format_args!(
        "{} (job {}): {}",
        escape(&failure.item),
        failure.job,
        escape(&failure.message)
    ));
}

/// The same of several; what kept more than one from it is said once.
pub fn warn_of_all(failures: &[DeliveryFailure], printer: &Printer) {
    let mut alike: BTreeMap<&str, Vec<&DeliveryFailure>> = BTreeMap::new();
    for failure in failures {
        let others = alike.entry(&failure.message).or_default();
        if others.is_empty() {
            warn_of(failure, printer);
        }
        others.push(failure);
    }
    for others in alike.into_values().filter(|others| others.len() > 1) {
        let further = &others[1..];
        let named = further
            .iter()
            .take(MOST_ALIKE)
            .map(|failure| escape(&failure.item));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = match further.len().saturating_sub(MOST_ALIKE) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let clips = words::count(further.len() as u64, "more clip");
        printer.warn(format_args!("{clips} for the same reason: {named}{more}"));
    }
}

/// Clips that a warning names when it stands for several.
const MOST_ALIKE: usize = 10;

/// What a failure puts on the run's end.
pub fn code_of(kind: FailureKind) -> Code {
    match kind {
        FailureKind::MayHelp => Code::Temporary,
        FailureKind::ForGood => Code::Failed,
        FailureKind::Setup => Code::Config,
        FailureKind::Refused => Code::Refused,
        FailureKind::Disk => Code::Io,
    }
}

/// Says which clips were published although the log does not know, and how it learns of them.
pub fn ending_of_unmarked(unmarked: &[Unmarked], printer: &Printer, commands: &Commands) -> Ending {
    let mut ending = Ending::default();
    let mut files = BTreeSet::new();
    for Unmarked { failure, kept } in unmarked {
        warn_of(failure, printer);
        ending.note(code_of(failure.kind));
        files.insert((kept, failure.kind));
    }
    for (file, kind) in files {
        printer.error(match file {
            Some(file) => {
                let is_away = kind != FailureKind::Disk;
                stopped::kept(file, stopped::SavedLines::Marks, is_away, commands)
            }
            None => format!(
                "before anything more is published, make room and take back the RECOVER lines above \
                 with `{}`",
                commands.on_log("reconcile", "--recover FILE")
            ),
        });
    }
    ending
}

/// What is left to other computers, as a part of a sentence.
fn left(count: usize, verb: &str) -> Option<String> {
    let them = words::choose(count as u64, "it", "them");
    (count > 0).then(|| {
        format!(
            "{count} being {verb} by other computers: run it again to see what became of {them}"
        )
    })
}

const WAITING: &str = "waiting for the rest of a listing or SKU";
const WITHDRAWN: &str = "since rejected, dismissed or replaced, and left out";

/// Counts that are not zero, each with its words.
fn counts<const N: usize>(counts: [(usize, &str); N]) -> impl Iterator<Item = String> {
    let counts = counts.into_iter().filter(|(n, _)| *n > 0);
    counts.map(|(n, what)| format!("{n} {what}"))
}

/// How a download went.
pub struct Downloaded<'a> {
    /// What it did.
    pub summary: &'a DownloadSummary,
    /// Where the clips are, as typed.
    pub typed: &'a str,
    /// The whole path, or the bucket's address.
    pub dir: &'a str,
    /// How many of those that were fetched before are in another folder, and one of them.
    pub elsewhere: Option<(usize, &'a str)>,
    /// Clips that a person has cut since they were downloaded.
    pub cut: &'a [PathBuf],
    /// Why there is less than was expected.
    pub unready: Option<String>,
}

impl Downloaded<'_> {
    /// For programs.
    pub fn to_json(&self, exit_code: u8) -> Value {
        json!({
            "command": "download",
            "dir": self.dir,
            "downloaded": self.summary.downloaded,
            "bytes": self.summary.bytes,
            "already": self.summary.already,
            "changed": self.cut,
            "waiting": self.summary.waiting,
            "failed": self.summary.failures.len(),
            "left_to_others": self.summary.left.len(),
            "exit_code": exit_code,
        })
    }

    /// For people.
    pub fn sentence(self) -> String {
        let summary = self.summary;
        let clips = words::count(summary.downloaded as u64, "clip");
        let mut parts = vec![format!("{clips} fetched into {}", escape(self.typed))];
        let (others, file) = self.elsewhere.unwrap_or_default();
        let others = others.min(summary.already);
        let elsewhere = format!(
            "fetched before into another folder, such as {}; to have {} here as well, copy {}",
            escape(file),
            words::choose(others as u64, "it", "them"),
            words::choose(others as u64, "it", "them"),
        );
        parts.extend(counts([
            (summary.already - others, "there already"),
            (others, &*elsewhere),
            (summary.waiting, WAITING),
            (summary.failures.len(), "not fetched"),
        ]));
        if !self.cut.is_empty() {
            let files = self.cut.iter().map(|file| file.display().to_string());
            parts.push(format!(
                "changed since the download, and kept: {}",
                escape(&files.collect::<Vec<_>>().join(", "))
            ));
        }
        parts.extend(left(summary.left.len(), "fetched"));
        if summary.bytes > 0 {
            parts.push(words::bytes(summary.bytes));
        }
        parts.extend(self.unready);
        parts.join("; ")
    }
}

/// How publishing went.
pub struct Published<'a> {
    /// What it did.
    pub summary: &'a PublishSummary,
    /// Clips that a person's verdict keeps back.
    pub held: HeldBack,
    /// Whether nothing was sent.
    pub is_dry_run: bool,
    /// The shop they went to.
    pub shop: Option<&'a str>,
    /// What a person who has two receivers needs to know.
    pub repeated: &'a str,
    /// Why there is less than was expected.
    pub unready: Option<String>,
}

impl Published<'_> {
    /// For programs.
    pub fn to_json(&self, exit_code: u8) -> Value {
        json!({
            "command": "publish",
            "dry_run": self.is_dry_run,
            "shop": self.shop,
            "published": self.summary.published,
            "unmarked": self.summary.unmarked.len(),
            "already": self.summary.already,
            "waiting": self.summary.waiting,
            "failed": self.summary.failures.len(),
            "left_to_others": self.summary.left.len(),
            "withdrawn": self.summary.withdrawn,
            "rejected": self.held.rejected,
            "not_looked_at": self.held.not_looked_at,
            "would": self.summary.would,
            "exit_code": exit_code,
        })
    }

    /// For people.
    pub fn sentence(self, commands: &Commands) -> String {
        let (verb, failed) = if self.is_dry_run {
            ("would be published", "would fail")
        } else {
            ("published", "failed, and tried again by the next run")
        };
        let shop = self.shop.map(|shop| format!(" to {shop}"));
        let shop = shop.unwrap_or_default();
        let clips = words::count(self.summary.published as u64, "clip");
        let mut parts = vec![format!("{clips} {verb}{shop}")];
        let already = format!("published already{}", self.repeated);
        let wait = words::choose(self.held.not_looked_at as u64, "waits", "wait");
        let look = format!("{wait} for review: `{}`", commands.on_log("review", ""));
        let summary = self.summary;
        parts.extend(counts([
            (summary.unmarked.len(), "of them not in the log yet"),
            (summary.already, &*already),
            (summary.waiting, WAITING),
            (summary.failures.len(), failed),
            (self.held.rejected, "rejected and left out"),
            (summary.withdrawn, WITHDRAWN),
            (self.held.not_looked_at, &look),
        ]));
        parts.extend(left(self.summary.left.len(), "published"));
        parts.extend(self.unready);
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::JobKey;
    use crate::output::OutputOptions;

    #[test]
    fn what_keeps_several_clips_from_arriving_is_said_once() {
        let failure = |n: u64, message: &str| DeliveryFailure {
            job: JobKey::from_number(n),
            item: format!("LST-{n}"),
            kind: FailureKind::MayHelp,
            message: message.to_owned(),
        };
        let all = [
            failure(1, "no network"),
            failure(2, "expired"),
            failure(3, "no network"),
        ];
        let (printer, heard) = Printer::for_test(80, OutputOptions::default());
        warn_of_all(&all, &printer);
        printer.finish_messages();
        let text = heard.err();
        assert_eq!(text.matches("no network").count(), 1, "{text}");
        assert!(
            text.contains("1 more clip for the same reason: LST-3"),
            "{text}"
        );
        assert!(text.contains("LST-2"), "{text}");
    }
}
