//! `reconcile --replay`: what captured webhooks teach. No network, unless what they cannot prove
//! is to be confirmed.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::failure;
use super::observe::{observer, report_binding};
use crate::engine::ingest::{Applied, Ingest, PayloadStatus};
use crate::exit::{Code, Ending, Failure};
use crate::jobs::{GenerationId, JobKey};
use crate::journal::Writer;
use crate::output::{Printer, Replayed, words};
use crate::settings::Settings;
use crate::text::escape;
use crate::webhook::{self, Unreadable, Verification, VerifiedEntry, VerifyKeys};

/// Captures of each verification that are reported one by one without `-v`.
const MAX_LISTED: u64 = 20;

/// What some captures of one file say.
struct Batch {
    file: PathBuf,
    /// Each with its place in the file.
    entries: Vec<(usize, Captured)>,
}

/// Where a capture stood.
struct Place<'a> {
    file: &'a Path,
    entry: usize,
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}:{}",
            escape(&self.file.display().to_string()),
            self.entry
        )
    }
}

/// What a capture says.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
enum Captured {
    Verified(PayloadStatus<'static>),
    Rejected(String),
    Unverifiable(Option<GenerationId>, String),
    Unreadable(String),
    NotAWebhook,
}

impl Captured {
    fn of(entry: &VerifiedEntry<'_>) -> Self {
        match &entry.verification {
            Verification::Verified(payload) => {
                Self::Verified(PayloadStatus::of(payload, entry.correlation()).into_owned())
            }
            Verification::Rejected(why) => Self::Rejected(why.to_string()),
            Verification::Unverifiable { doubt, id, .. } => {
                Self::Unverifiable(id.clone(), doubt.to_string())
            }
            Verification::Unreadable(Unreadable::NotAWebhook) => Self::NotAWebhook,
            Verification::Unreadable(why) => Self::Unreadable(why.to_string()),
        }
    }
}

/// What a replay came to.
#[derive(Default)]
pub struct Outcome {
    /// Captures by what became of them.
    pub counts: Replayed,
    /// Jobs of this log with captures that prove nothing: a poll can settle them.
    pub doubtful: HashSet<JobKey>,
}

/// Folds captures into one log.
pub struct Replay<'a> {
    writer: &'a Writer,
    printer: &'a Printer,
    ingest: Ingest<'a>,
    outcome: Outcome,
    other_traffic: u64,
}

impl<'a> Replay<'a> {
    /// Replays everything in `paths`.
    pub fn run(
        paths: &[PathBuf],
        writer: &'a Writer,
        settings: &'a Settings,
        printer: &'a Printer,
    ) -> anyhow::Result<Outcome> {
        let keys = VerifyKeys::new(&settings.verification_keys()?);
        if keys.is_empty() {
            printer.warn(
                "no key can verify captures, so none can be applied; set \
                 CREATIVEAI_API_KEY, or CREATIVEAI_VERIFY_KEYS for keys that may only verify",
            );
        }
        let mut replay = Self {
            writer,
            printer,
            ingest: Ingest::new(observer(writer, settings)),
            outcome: Outcome::default(),
            other_traffic: 0,
        };
        let stdin = std::io::stdin();
        let each = |batch| Ok(replay.fold(batch)?);
        webhook::replay(paths, stdin, &keys, Batch::of, each).map_err(|error| {
            error.downcast().unwrap_or_else(|error| {
                Failure::io(format!("{error:#}"))
                    .help("check the path after --replay; nothing was replayed")
            })
        })?;
        replay.ingest.flush().map_err(failure::of_ingest)?;
        replay.report_rest();
        Ok(replay.outcome)
    }

    fn fold(&mut self, batch: Batch) -> Result<(), Failure> {
        let file = &batch.file;
        for (entry, taken) in batch.entries {
            self.take(&Place { file, entry }, taken)?;
        }
        Ok(())
    }

    fn take(&mut self, place: &Place<'_>, taken: Captured) -> Result<(), Failure> {
        let counts = &mut self.outcome.counts;
        match taken {
            Captured::Verified(PayloadStatus::Seen(seen)) => {
                let id = seen.id.clone();
                let came = self.ingest.take(seen).map_err(failure::of_ingest)?;
                self.count(place, &id, &came);
            }
            Captured::Verified(PayloadStatus::UnknownWord(id, word)) => {
                counts.known += 1;
                self.printer.warn(format_args!(
                    "{place}: {id} is said to be {:?}, an unknown status; ignored",
                    escape(word.as_str())
                ));
            }
            Captured::Rejected(why) => {
                counts.rejected += 1;
                let n = counts.rejected;
                self.list(n, place, "rejected", &why);
            }
            Captured::Unverifiable(id, why) => {
                counts.unverifiable += 1;
                let n = counts.unverifiable;
                self.list(n, place, "unverifiable", &why);
                if let Some(id) = id
                    && let Some((job, _)) = self.writer.owner_of(&id)
                {
                    self.outcome.doubtful.insert(job);
                }
            }
            Captured::Verified(PayloadStatus::Nothing(why)) => self.unreadable(place, why),
            Captured::Unreadable(why) => self.unreadable(place, &why),
            Captured::NotAWebhook => self.other_traffic += 1,
        }
        Ok(())
    }

    fn unreadable(&mut self, place: &Place<'_>, why: &str) {
        self.outcome.counts.unreadable += 1;
        self.list(self.outcome.counts.unreadable, place, "unreadable", why);
    }

    fn count(&mut self, place: &Place<'_>, id: &GenerationId, came: &Applied) {
        let counts = &mut self.outcome.counts;
        match came {
            Applied::New {
                job,
                attempt,
                binding,
            } => {
                counts.applied += 1;
                let attempt = (*job, *attempt);
                report_binding(binding, attempt, id, self.writer, self.printer);
            }
            Applied::Known => counts.known += 1,
            Applied::UnknownId(why) => {
                counts.unknown_id += 1;
                let n = counts.unknown_id;
                self.list(n, place, "unknown id", &format!("{id}: {why}"));
            }
        }
    }

    fn list(&self, n: u64, place: &Place<'_>, what: &str, why: &str) {
        if n <= MAX_LISTED {
            self.printer
                .warn(format_args!("{place}: {what}: {}", escape(why)));
        } else {
            self.printer
                .detail(format_args!("{place}: {what}: {}", escape(why)));
        }
    }

    fn report_rest(&self) {
        let counts = self.outcome.counts;
        for (n, what) in [
            (counts.rejected, "rejected"),
            (counts.unverifiable, "unverifiable"),
            (counts.unknown_id, "of unknown id"),
            (counts.unreadable, "unreadable"),
        ] {
            if n > MAX_LISTED {
                self.printer.note(format_args!(
                    "and {} more {what}; -v lists them",
                    n - MAX_LISTED
                ));
            }
        }
        if self.other_traffic > 0 {
            self.printer.detail(format_args!(
                "{} no webhooks and were passed over",
                words::count(self.other_traffic, "other entry")
            ));
        }
        if counts.rejected > 0 && counts.applied + counts.known == 0 {
            self.printer.warn(
                "every signed capture was rejected. If the API key was changed since, give the old \
                 one in CREATIVEAI_VERIFY_KEYS and replay again; nothing was changed",
            );
        }
    }
}

/// What a capture's verification puts on the run's end.
pub fn ending(counts: &Replayed, strict: bool) -> Ending {
    let mut ending = Ending::default();
    ending.note_if(
        strict && counts.rejected + counts.unreadable > 0,
        Code::Data,
    );
    ending
}

impl Batch {
    /// Runs on every core.
    fn of(entry: &[VerifiedEntry<'_>]) -> Self {
        let first = entry.first();
        Self {
            file: first.map_or_else(PathBuf::new, |first| first.file.to_owned()),
            entries: entry.iter().map(|g| (g.entry, Captured::of(g))).collect(),
        }
    }
}
