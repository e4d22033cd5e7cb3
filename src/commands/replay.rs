//! `reconcile --replay`: what captured webhooks teach. No network, unless what they cannot prove
//! is to be confirmed.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::learn::{Ahead, Came, Learner, Told};
use crate::clock;
use crate::engine::observe::{Learned, Observation, Observer};
use crate::exit::{Code, Ending, Failure};
use crate::jobs::{GenerationId, JobKey};
use crate::journal::Writer;
use crate::output::{Printer, Replayed, escape, words};
use crate::settings::Settings;
use crate::webhook::{self, Grade, Graded, Unreadable, VerifyKeys};

/// Captures of each grade that are told one by one without `-v`.
const TOLD: u64 = 20;

/// What captures came to off the thread that folds.
struct Batch {
    file: PathBuf,
    entries: Vec<Entry>,
    /// What the new ones teach, a line each.
    lines: String,
}

/// What a capture came to.
enum Entry {
    /// It teaches something, as the log stood a moment ago, with the line of this many bytes.
    New(Ahead, usize),
    /// The log knows it.
    Known,
    /// Anything else, and its place in the file.
    Other(Box<(usize, Taken<'static>)>),
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
enum Taken<'a> {
    Told(Told<'a>),
    Rejected(String),
    Unverifiable(Option<GenerationId>, String),
    Unreadable(String),
    NotAWebhook,
}

impl<'a> Taken<'a> {
    fn of(grade: &Grade<'a>) -> Self {
        match grade {
            Grade::Verified(payload) => Self::Told(Told::of(payload)),
            Grade::Rejected(why) => Self::Rejected(why.to_string()),
            Grade::Unverifiable { doubt, id, .. } => {
                Self::Unverifiable(id.clone(), doubt.to_string())
            }
            Grade::Unreadable(Unreadable::NotAWebhook) => Self::NotAWebhook,
            Grade::Unreadable(why) => Self::Unreadable(why.to_string()),
        }
    }

    fn seen(&self) -> Option<&Observation<'a>> {
        match self {
            Self::Told(told) => told.seen(),
            _ => None,
        }
    }

    /// The same, independent of what it was read from, with what its address names.
    fn into_owned(self, correlation: Option<(JobKey, u32)>) -> Taken<'static> {
        match self {
            Self::Told(told) => Taken::Told(told.into_owned(correlation)),
            Self::Rejected(why) => Taken::Rejected(why),
            Self::Unverifiable(id, why) => Taken::Unverifiable(id, why),
            Self::Unreadable(why) => Taken::Unreadable(why),
            Self::NotAWebhook => Taken::NotAWebhook,
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
    learner: Learner<'a>,
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
                "there is no key to verify captures with, so none can be applied; set \
                 CREATIVEAI_API_KEY, or CREATIVEAI_VERIFY_KEYS for keys that may only verify",
            );
        }
        let mut replay = Self {
            writer,
            printer,
            learner: Learner::new(writer, settings, printer),
            outcome: Outcome::default(),
            other_traffic: 0,
        };
        // On every core; the ledger is only read there.
        let observer = Observer {
            writer,
            clock: &clock::now,
            sandbox: settings.sandbox,
        };
        let settle = |graded: &[Graded<'_>]| Batch::settle(graded, &observer);
        let missing = |e: anyhow::Error| {
            Failure::io(format!("{e:#}"))
                .help("check the path after --replay; nothing was replayed")
        };
        let mut folding = Ok(());
        let each = |batch| {
            folding = replay.fold(batch);
            match &folding {
                Ok(()) => Ok(()),
                Err(_) => Err(anyhow::anyhow!("stopped")),
            }
        };
        let stdin = std::io::stdin();
        let reading = webhook::replay(paths, stdin, &keys, settle, each);
        folding?;
        reading.map_err(missing)?;
        replay.learner.flush()?;
        replay.tell_rest();
        Ok(replay.outcome)
    }

    fn fold(&mut self, batch: Batch) -> anyhow::Result<()> {
        let mut lines = batch.lines.as_str();
        for entry in batch.entries {
            match entry {
                Entry::New(ahead, len) => {
                    let (line, rest) = lines.split_at(len);
                    lines = rest;
                    let came = self.learner.learn_ahead(&ahead, line)?;
                    self.count(&format_args!("job {}", ahead.job), "its clip", &came);
                }
                Entry::Known => self.outcome.counts.known += 1,
                Entry::Other(other) => {
                    let (entry, taken) = *other;
                    let file = &batch.file;
                    self.take(&Place { file, entry }, taken)?;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, place: &Place<'_>, taken: Taken<'_>) -> anyhow::Result<()> {
        let counts = &mut self.outcome.counts;
        match taken {
            Taken::Told(Told::Seen(seen)) => {
                let came = self.learner.learn(&seen)?;
                self.count(place, seen.id.as_str(), &came);
            }
            Taken::Told(Told::UnknownWord(id, word)) => {
                counts.known += 1;
                self.printer.warn(format_args!(
                    "{place}: {id} is said to be {:?}, a word nobody knows; nothing changes",
                    escape(word.as_str())
                ));
            }
            Taken::Rejected(why) => {
                counts.rejected += 1;
                let n = counts.rejected;
                self.list(n, place, "rejected", &why);
            }
            Taken::Unverifiable(id, why) => {
                counts.unverifiable += 1;
                let n = counts.unverifiable;
                self.list(n, place, "unverifiable", &why);
                if let Some(id) = id
                    && let Some((job, _)) = self.writer.owner_of(&id)
                {
                    self.outcome.doubtful.insert(job);
                }
            }
            Taken::Told(Told::Nothing(why)) => self.unreadable(place, why),
            Taken::Unreadable(why) => self.unreadable(place, &why),
            Taken::NotAWebhook => self.other_traffic += 1,
        }
        Ok(())
    }

    fn unreadable(&mut self, place: &Place<'_>, why: &str) {
        self.outcome.counts.unreadable += 1;
        self.list(self.outcome.counts.unreadable, place, "unreadable", why);
    }

    fn count(&mut self, place: &dyn Display, id: &str, came: &Came) {
        let counts = &mut self.outcome.counts;
        match came {
            Came::New => counts.applied += 1,
            Came::Known => counts.known += 1,
            Came::UnknownId(why) => {
                counts.unknown_id += 1;
                let n = counts.unknown_id;
                self.list(n, place, "unknown id", &format!("{id}: {why}"));
            }
        }
    }

    fn list(&self, n: u64, place: &dyn Display, what: &str, why: &str) {
        let text = format!("{place}: {what}: {}", escape(why));
        if n <= TOLD {
            self.printer.warn(text);
        } else {
            self.printer.detail(text);
        }
    }

    fn tell_rest(&self) {
        let counts = self.outcome.counts;
        for (n, what) in [
            (counts.rejected, "rejected"),
            (counts.unverifiable, "unverifiable"),
            (counts.unknown_id, "of unknown id"),
            (counts.unreadable, "unreadable"),
        ] {
            if n > TOLD {
                self.printer
                    .note(format_args!("and {} more {what}; -v lists them", n - TOLD));
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

/// What a capture's grade puts on the run's end.
pub fn ending(counts: &Replayed, strict: bool) -> Ending {
    let mut ending = Ending::default();
    ending.note_if(
        strict && counts.rejected + counts.unreadable > 0,
        Code::Data,
    );
    ending
}

impl Batch {
    /// Decides ahead what captures teach; what that suffices for is not taken any further.
    fn settle(graded: &[Graded<'_>], observer: &Observer<'_>) -> Self {
        let mut batch = Self {
            file: graded
                .first()
                .map_or_else(PathBuf::new, |first| first.file.to_owned()),
            entries: Vec::with_capacity(graded.len()),
            lines: String::new(),
        };
        let taken: Vec<_> = graded.iter().map(|g| Taken::of(&g.grade)).collect();
        let decided = observer.decide_all(taken.iter().map(Taken::seen));
        for ((graded, taken), decided) in graded.iter().zip(taken).zip(decided) {
            let entry = match (taken.seen(), decided) {
                (_, Some((Learned::Known, _))) => Some(Entry::Known),
                (Some(seen), Some(decided)) => {
                    Ahead::of(decided, seen.status).map(|(ahead, line)| {
                        batch.lines.push_str(&line);
                        Entry::New(ahead, line.len())
                    })
                }
                _ => None,
            };
            let other = || {
                let taken = taken.into_owned(graded.correlation());
                Entry::Other(Box::new((graded.entry, taken)))
            };
            batch.entries.push(entry.unwrap_or_else(other));
        }
        batch
    }
}
