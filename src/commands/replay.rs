//! `reconcile --replay`: what captured webhooks teach. No network, unless what they cannot prove
//! is to be confirmed.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use super::learn::{Ahead, Learner, Told};
use crate::exit::{Code, Ending, Failure};
use crate::job_log::Writer;
use crate::jobs::{GenerationId, JobKey};
use crate::observe::{Learned, Observation, Observer};
use crate::output::{Printer, Replayed, escape, words};
use crate::settings::Settings;
use crate::webhook::{self, Grade, Graded, Unreadable, VerifyKeys};

/// Captures of each grade that are told one by one without `-v`.
const TOLD: u64 = 20;

/// What is taken from a capture off the thread that folds.
enum Entry {
    /// It teaches something, as the log stood a moment ago.
    New(Box<Ahead>),
    /// The log knows it.
    Known,
    /// Anything else, and where it stood.
    Other(Box<(Place, Taken)>),
}

/// Where a capture stood.
struct Place {
    file: PathBuf,
    entry: usize,
}

impl Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}:{}",
            escape(&self.file.display().to_string()),
            self.entry
        )
    }
}

enum Taken {
    Told(Told),
    Rejected(String),
    Unverifiable(Option<GenerationId>, String),
    Unreadable(String),
    NotAWebhook,
}

impl Taken {
    fn seen(&self) -> Option<&Observation> {
        match self {
            Self::Told(Told::Seen(seen)) => Some(seen),
            _ => None,
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
            clock: &jiff::Timestamp::now,
            sandbox: settings.sandbox,
        };
        let settle = |file: &Path, batch: Vec<(usize, Taken)>| settle(file, batch, &observer);
        let missing = |e: anyhow::Error| {
            Failure::io(format!("{e:#}"))
                .help("check the path after --replay; nothing was replayed")
        };
        let mut folding = Ok(());
        let each = |entry| {
            folding = replay.fold(entry);
            match &folding {
                Ok(()) => Ok(()),
                Err(_) => Err(anyhow::anyhow!("stopped")),
            }
        };
        let stdin = std::io::stdin();
        let reading = webhook::replay_in_batches(paths, stdin, &keys, take, settle, each);
        folding?;
        reading.map_err(missing)?;
        replay.learner.flush()?;
        replay.tell_rest();
        Ok(replay.outcome)
    }

    fn fold(&mut self, entry: Entry) -> anyhow::Result<()> {
        let (place, grade) = match entry {
            Entry::New(ahead) => {
                let (job, learned) = (ahead.job, self.learner.learn_ahead(*ahead)?);
                self.count(&format_args!("job {job}"), "its clip", &learned);
                return Ok(());
            }
            Entry::Known => {
                self.outcome.counts.known += 1;
                return Ok(());
            }
            Entry::Other(other) => *other,
        };
        let counts = &mut self.outcome.counts;
        match grade {
            Taken::Told(Told::Seen(seen)) => {
                let learned = self.learner.learn(&seen)?;
                self.count(&place, seen.id.as_str(), &learned);
            }
            Taken::Told(Told::UnknownWord(id, word)) => {
                counts.known += 1;
                self.printer.warn(format_args!(
                    "{place}: {id} is said to be {:?}, a word nobody knows; nothing changes",
                    escape(&word)
                ));
            }
            Taken::Rejected(why) => {
                counts.rejected += 1;
                let n = counts.rejected;
                self.list(n, &place, "rejected", &why);
            }
            Taken::Unverifiable(id, why) => {
                counts.unverifiable += 1;
                let n = counts.unverifiable;
                self.list(n, &place, "unverifiable", &why);
                if let Some(id) = id
                    && let Some((job, _)) = self.writer.owner_of(&id)
                {
                    self.outcome.doubtful.insert(job);
                }
            }
            Taken::Told(Told::Nothing(why)) => self.unreadable(&place, why),
            Taken::Unreadable(why) => self.unreadable(&place, &why),
            Taken::NotAWebhook => self.other_traffic += 1,
        }
        Ok(())
    }

    fn unreadable(&mut self, place: &Place, why: &str) {
        self.outcome.counts.unreadable += 1;
        self.list(self.outcome.counts.unreadable, place, "unreadable", why);
    }

    fn count(&mut self, place: &dyn Display, id: &str, learned: &Learned) {
        let counts = &mut self.outcome.counts;
        match learned {
            Learned::New { .. } => counts.applied += 1,
            Learned::Known { .. } => counts.known += 1,
            Learned::UnknownId(why) => {
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

/// Takes from a graded capture what is to be decided on, and its place in the file.
fn take(graded: Graded<'_>) -> (usize, Taken) {
    let taken = match graded.grade {
        Grade::Verified(payload) => Taken::Told(Told::of(&payload, graded.correlation)),
        Grade::Rejected(why) => Taken::Rejected(why.to_string()),
        Grade::Unverifiable { doubt, id, .. } => Taken::Unverifiable(id, doubt.to_string()),
        Grade::Unreadable(Unreadable::NotAWebhook) => Taken::NotAWebhook,
        Grade::Unreadable(why) => Taken::Unreadable(why.to_string()),
    };
    (graded.entry, taken)
}

/// Decides ahead what the captures of a batch teach.
fn settle(file: &Path, batch: Vec<(usize, Taken)>, observer: &Observer<'_>) -> Vec<Entry> {
    let seen: Vec<_> = batch.iter().filter_map(|(_, taken)| taken.seen()).collect();
    let mut decided = observer.decide_all(&seen).into_iter();
    let entry = |(entry, taken): (usize, Taken)| {
        let seen = taken.seen().map(|seen| seen.status);
        let decided = seen.and_then(|status| Some((status, decided.next()??)));
        match decided {
            Some((_, (Learned::Known { .. }, _))) => return Entry::Known,
            Some((status, decided)) => {
                if let Some(ahead) = Ahead::of(decided, status) {
                    return Entry::New(Box::new(ahead));
                }
            }
            None => {}
        }
        let file = file.to_owned();
        Entry::Other(Box::new((Place { file, entry }, taken)))
    };
    batch.into_iter().map(entry).collect()
}
