//! `reconcile --replay`: what captured webhooks teach. No network, unless what they cannot prove
//! is to be confirmed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::open;
use crate::exit::{Code, Ending, Failure};
use crate::job_log::Writer;
use crate::jobs::{GenerationId, JobKey, Status};
use crate::observe::{Binding, Facts, Learned, Observation, Observer, Via};
use crate::output::{Printer, Replayed, escape, words};
use crate::settings::Settings;
use crate::webhook::{self, Grade, Graded, Unreadable, VerifyKeys};

/// Captures of each grade that are told one by one without `-v`.
const TOLD: u64 = 20;
/// Bytes of lines that are made durable together.
const BATCH: usize = 1 << 20;

/// What is taken from a capture off the thread that folds.
struct Entry {
    place: Place,
    grade: Taken,
}

/// Where a capture stood.
struct Place {
    file: PathBuf,
    entry: usize,
}

impl std::fmt::Display for Place {
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
    Seen(Box<Observation>),
    UnknownWord(GenerationId, String),
    Rejected(String),
    Unverifiable(Option<GenerationId>, String),
    Unreadable(String),
    NotAWebhook,
}

/// What a replay came to.
#[derive(Default)]
pub struct Outcome {
    /// Captures by what became of them.
    pub counts: Replayed,
    /// Unverifiable captures of unfinished attempts of this log: a poll can settle them.
    pub to_confirm: Vec<(JobKey, GenerationId)>,
}

/// Folds captures into one log.
pub struct Replay<'a> {
    writer: &'a Writer,
    printer: &'a Printer,
    settings: &'a Settings,
    outcome: Outcome,
    batch: String,
    /// Jobs and ids of lines that are still to be appended: the next observation of one of them
    /// must be decided after that.
    pending_jobs: HashSet<JobKey>,
    pending_ids: HashSet<GenerationId>,
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
            settings,
            outcome: Outcome::default(),
            batch: String::new(),
            pending_jobs: HashSet::new(),
            pending_ids: HashSet::new(),
            other_traffic: 0,
        };
        let missing = |e: anyhow::Error| {
            Failure::io(format!("{e:#}"))
                .help("check the path after --replay; nothing was replayed")
        };
        let mut folding = Ok(());
        let reading = webhook::replay(paths, std::io::stdin(), &keys, take, |entry| {
            folding = replay.fold(entry);
            match &folding {
                Ok(()) => Ok(()),
                Err(_) => Err(anyhow::anyhow!("stopped")),
            }
        });
        folding?;
        reading.map_err(missing)?;
        replay.flush()?;
        replay.tell_rest();
        Ok(replay.outcome)
    }

    fn fold(&mut self, entry: Entry) -> anyhow::Result<()> {
        let Entry { place, grade } = entry;
        let counts = &mut self.outcome.counts;
        match grade {
            Taken::Seen(seen) => return self.observe(&place, &seen),
            Taken::UnknownWord(id, word) => {
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
                    self.outcome.to_confirm.push((job, id));
                }
            }
            Taken::Unreadable(why) => {
                counts.unreadable += 1;
                let n = counts.unreadable;
                self.list(n, &place, "unreadable", &why);
            }
            Taken::NotAWebhook => self.other_traffic += 1,
        }
        Ok(())
    }

    fn observe(&mut self, place: &Place, seen: &Observation) -> anyhow::Result<()> {
        let owner = self.writer.owner_of(&seen.id).or(seen.correlation);
        if self.pending_ids.contains(&seen.id)
            || owner.is_some_and(|(job, _)| self.pending_jobs.contains(&job))
        {
            self.flush()?;
        }
        let observer = Observer {
            writer: self.writer,
            clock: &jiff::Timestamp::now,
            sandbox: self.settings.sandbox,
        };
        match observer.decide(seen).map_err(open::log_failure)? {
            Learned::Known { .. } => self.outcome.counts.known += 1,
            Learned::UnknownId(why) => {
                self.outcome.counts.unknown_id += 1;
                let n = self.outcome.counts.unknown_id;
                self.list(n, place, "unknown id", &format!("{}: {why}", seen.id));
            }
            Learned::New {
                job,
                attempt,
                line,
                binding,
            } => {
                self.outcome.counts.applied += 1;
                tell_binding(&binding, job, attempt, &seen.id, self.printer);
                self.batch.push_str(&line);
                self.pending_jobs.insert(job);
                self.pending_ids.insert(seen.id.clone());
                if self.batch.len() >= BATCH {
                    self.flush()?;
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.pending_jobs.clear();
        self.pending_ids.clear();
        if self.batch.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.batch);
        self.writer.append_blocking(lines).map_err(|error| {
            Failure::io(format!("the job log cannot be written: {error}")).help(
                "make room on the disk and replay again; the captures are untouched, and what the \
                 log knows already is passed over",
            )
        })
    }

    fn list(&self, n: u64, place: &Place, what: &str, why: &str) {
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

/// Tells how an id came to an attempt, where that is worth telling.
pub fn tell_binding(
    binding: &Binding,
    job: JobKey,
    attempt: u32,
    id: &GenerationId,
    printer: &Printer,
) {
    match binding {
        Binding::Known => {}
        Binding::Adopted => printer.note(format_args!(
            "job {job}, attempt {attempt}: its outcome was in doubt; a signed capture shows that \
             it was accepted as {id}"
        )),
        Binding::BilledTwice { others } => printer.warn(format_args!(
            "job {job}, attempt {attempt} was billed twice: it is {} and {id}. Both are kept; ask \
             the vendor to refund one",
            others.join(", ")
        )),
    }
}

/// Takes from a graded capture what folding needs.
fn take(graded: Graded<'_>) -> Entry {
    let grade = match graded.grade {
        Grade::Verified(payload) => verified(&payload, graded.correlation),
        Grade::Rejected(why) => Taken::Rejected(why.to_string()),
        Grade::Unverifiable { doubt, id, .. } => Taken::Unverifiable(id, doubt.to_string()),
        Grade::Unreadable(Unreadable::NotAWebhook) => Taken::NotAWebhook,
        Grade::Unreadable(why) => Taken::Unreadable(why.to_string()),
    };
    Entry {
        place: Place {
            file: Path::to_owned(graded.file),
            entry: graded.entry,
        },
        grade,
    }
}

fn verified(payload: &crate::api::Payload<'_>, correlation: Option<(JobKey, u32)>) -> Taken {
    let Some(id) = payload.id() else {
        return Taken::Unreadable("it names no valid generation id".to_owned());
    };
    let Some(word) = payload.status() else {
        return Taken::Unreadable("it tells no status".to_owned());
    };
    match Status::from_vendor(word.as_str()) {
        Some(status) => Taken::Seen(Box::new(Observation {
            id,
            status,
            facts: Facts::of(payload),
            via: Via::Webhook,
            correlation,
        })),
        None => Taken::UnknownWord(id, word.0.into_owned()),
    }
}
