//! The right to write to a log, in a file or in a database. Who sends and who observes does not know
//! which.

#![cfg_attr(
    not(feature = "postgres"),
    allow(unused_variables, clippy::unused_self, reason = "a file needs less")
)]

mod rights;

#[cfg(feature = "postgres")]
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use jiff::Timestamp;

use super::announce::ClaimCap;
use super::file::{AppendError, Damage, Lock, LogError, ReadLog, Recovery};
use super::location;
#[cfg(feature = "postgres")]
use super::postgres::{AcceptedId, KeptCapture, LineBatch, TaskKind};
use super::store::{PendingAppend, PendingSink, Store};
use crate::clock;
use crate::jobs::{GenerationId, JobKey, JobView, Ledger, Line, Lines};

/// Lines that go into one write, or one transaction.
const LINES_AT_ONCE: usize = 1000;

/// What the log holds of a request.
#[derive(Clone, Debug, Default)]
pub struct RequestRecord {
    /// The vendor's id of it.
    pub generation_id: Option<GenerationId>,
    /// Its body, byte for byte.
    pub request: Option<String>,
}

/// The right to write to a log: its lock, its folded state and where its lines go. The ledger takes in
/// each line as soon as that is durable.
#[derive(Debug)]
pub struct Writer {
    pub(super) path: PathBuf,
    pub(super) source: ReadLog,
    pub(super) ledger: Arc<RwLock<Ledger>>,
    pub(super) store: Store,
    pub(super) is_new: bool,
    pub(super) begins_anew: bool,
    pub(super) put_back: u64,
    pub(super) recovery: Arc<Recovery>,
    /// What people call the log.
    pub(super) name: PathBuf,
    // Last, so that they outlive the appender's thread.
    pub(super) lock: Option<Lock>,
    pub(super) _own: Option<tempfile::TempPath>,
}

impl Writer {
    /// The log's file, links resolved; of a log in a database, this writer's copy.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What people call the log: its file, or its address.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The folder that names of files in the log are meant from: the file's, and for a log in a
    /// database the current one.
    pub fn folder(&self) -> PathBuf {
        location::folder_of(&self.path, self.is_shared())
    }

    /// What of it cannot be read, and no person has accepted yet.
    pub fn damage(&self) -> &[Damage] {
        &self.source.damage
    }

    /// Whether lines may be added. A file in another encoding would become one that nothing can
    /// read any more.
    pub fn check_form(&self) -> Result<(), LogError> {
        self.source.check_form(&self.path)
    }

    /// Whether this writer made the file.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether it made the file beside the lock of an older log, of which nothing is remembered.
    pub fn begins_anew(&self) -> bool {
        self.begins_anew
    }

    /// How many lines its database had lost and has got back.
    pub fn put_back(&self) -> u64 {
        self.put_back
    }

    /// Keeps the lines that the log did not take in, durably, in the file that is returned.
    pub fn keep_for_recovery(&self, error: &AppendError) -> io::Result<PathBuf> {
        #[cfg(feature = "postgres")]
        if let Store::Database { appender, .. } = &self.store
            && let Some(kept) = appender.spool()
        {
            return Ok(kept);
        }
        self.recovery.keep(&error.lines)
    }

    /// The jobs of the rows that a run is about. An order of someone else for one of them is known by
    /// its key; any other one may be for the clip of a row.
    pub fn expect_rows(&self, rows: impl Iterator<Item = JobKey>) {
        #[cfg(feature = "postgres")]
        if let Store::Database { appender, .. } = &self.store {
            appender.expect_rows(rows.collect::<HashSet<_>>());
        }
    }

    /// The vendor wants to be left alone for so long: no other computer that writes to the log
    /// announces an attempt meanwhile. That is reported, and not waited for.
    pub fn keep_quiet(&self, time: Duration) {
        #[cfg(feature = "postgres")]
        if let Store::Database { appender, .. } = &self.store {
            appender.keep_quiet(time);
        }
    }

    /// Caps that hold for every attempt from now on, for all computers together; a log in a file
    /// leaves them to its only writer. They are named by their places.
    pub fn hold(&self, caps: Vec<ClaimCap>) {
        #[cfg(feature = "postgres")]
        if let Store::Database { appender, .. } = &self.store {
            appender.hold(caps);
        }
    }

    /// How long a database that is away is waited for.
    pub fn wait_for_database(&self, patience: Duration) {
        #[cfg(feature = "postgres")]
        if let Store::Database { appender, .. } = &self.store {
            appender.wait_for_database(patience);
        }
    }

    /// The folded log. Hold it briefly, never across an `await`.
    pub fn ledger(&self) -> RwLockReadGuard<'_, Ledger> {
        self.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the ledger keep its sum of what was charged and is reserved, for caps.
    pub fn keep_committed(&self) {
        let mut ledger = self.ledger.write().unwrap_or_else(PoisonError::into_inner);
        ledger.keep_committed();
    }

    /// Appends lines, and returns once they are durable and folded.
    pub async fn append(&self, lines: &Lines) -> Result<(), AppendError> {
        self.begin_append(lines).done().await
    }

    /// The same for callers that are not async.
    pub fn append_blocking(&self, lines: &Lines) -> Result<(), AppendError> {
        self.begin_append(lines).wait()
    }

    /// The same for many lines: a thousand at once.
    pub fn append_in_parts(&self, lines: &Lines) -> Result<(), AppendError> {
        let mut rest = lines.as_str();
        while !rest.is_empty() {
            let end = rest.match_indices('\n').nth(LINES_AT_ONCE - 1);
            let (part, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at + 1));
            self.append_blocking(&Lines::verbatim(part))?;
            rest = after;
        }
        Ok(())
    }

    /// The same in two steps, for callers that have something to do meanwhile.
    pub fn begin_append(&self, lines: &Lines) -> PendingAppend {
        PendingAppend(match &self.store {
            Store::File { appender, .. } => PendingSink::File(appender.begin(lines.as_str())),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                PendingSink::Database(appender.begin(lines.as_str()))
            }
        })
    }

    /// The same for lines that may wait for the next ones, or for the second step.
    pub fn begin_append_lazily(&self, lines: &Lines) -> PendingAppend {
        PendingAppend(match &self.store {
            Store::File { appender, .. } => {
                PendingSink::File(appender.begin_lazily(lines.as_str()))
            }
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                PendingSink::Database(appender.ask(TaskKind::Lines, lines.as_str()))
            }
        })
    }

    /// Begins to append the `line` of an accepted reply that gave `id` to an attempt. Where another
    /// computer has written that id of another attempt meanwhile, `otherwise` is written instead.
    pub fn begin_acceptance(
        &self,
        attempt: (JobKey, u32),
        id: &GenerationId,
        line: &Lines,
        otherwise: &Lines,
    ) -> PendingAppend {
        match &self.store {
            Store::File { .. } => self.begin_append_lazily(line),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let kind = TaskKind::Accepted(AcceptedId {
                    attempt,
                    id: id.clone(),
                    otherwise: LineBatch::of(otherwise.as_str()),
                });
                PendingAppend(PendingSink::Database(appender.ask(kind, line.as_str())))
            }
        }
    }

    /// Makes sure that the log takes lines in, before something is done that it will have to report: these
    /// announce it, durably. A file from which that cannot be had keeps none of them. In a database the
    /// lease says so, and what comes after it is kept on the disk while the database is away.
    pub async fn announce_delivery(&self, lines: &Lines) -> Result<(), AppendError> {
        match &self.store {
            Store::File { appender, .. } => appender.append_tentative(lines.as_str()).await,
            #[cfg(feature = "postgres")]
            Store::Database { .. } => Ok(()),
        }
    }

    /// Whether other computers write to the log, too.
    pub fn is_shared(&self) -> bool {
        !matches!(self.store, Store::File { .. })
    }

    /// The time by which verdicts are ordered: the database's, where the log is in one.
    pub fn now(&self) -> Timestamp {
        let now = clock::now();
        match &self.store {
            Store::File { .. } => now,
            #[cfg(feature = "postgres")]
            Store::Database { clock, .. } => now.saturating_add(*clock).unwrap_or(now),
        }
    }

    /// Reads what other computers have written meanwhile.
    pub async fn refresh(&self) -> Result<(), AppendError> {
        match &self.store {
            Store::File { .. } => Ok(()),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let asked = appender.ask(TaskKind::Refresh, "");
                asked.done().await.map(drop)
            }
        }
    }

    /// The same for callers that are not async.
    #[cfg(feature = "postgres")]
    pub fn refresh_blocking(&self) -> Result<(), AppendError> {
        match &self.store {
            Store::File { .. } => Ok(()),
            Store::Database { appender, .. } => {
                appender.ask(TaskKind::Refresh, "").wait().map(drop)
            }
        }
    }

    /// Keeps deliveries with the log, in a database, and adds the lines that say what they have
    /// taught: all or nothing. A file keeps the lines alone.
    #[cfg(feature = "postgres")]
    pub fn keep_captures(
        &self,
        captures: Vec<KeptCapture>,
        lines: &Lines,
    ) -> Result<(), AppendError> {
        match &self.store {
            Store::File { appender, .. } => appender.append_blocking(lines.as_str()),
            Store::Database { appender, .. } => {
                let asked = appender.ask(TaskKind::Captures(captures), lines.as_str());
                asked.wait()?.kept()
            }
        }
    }

    /// One job with all its fields. The ledger must keep places.
    pub fn view(&self, key: JobKey) -> Result<Option<JobView>, LogError> {
        self.source.lines.view(&self.path, &self.ledger(), key)
    }

    /// What the lines of a job with one plain attempt hold of its request; a fraction of a view's
    /// work. The ledger must keep places.
    pub fn request_of(&self, key: JobKey) -> Result<RequestRecord, LogError> {
        let mut record = RequestRecord::default();
        let places = self.ledger().places(key);
        for offset in places {
            let text = self
                .source
                .lines
                .line_at(offset)
                .map_err(|error| LogError::io("read the job log", &self.path, error))?;
            // What cannot be read was not folded either.
            let Ok(parts) = Line::parts(&text) else {
                continue;
            };
            for part in parts.iter().filter(|part| part.job == key) {
                if let Some(id) = &part.generation_id {
                    record.generation_id = GenerationId::parse(id.as_str());
                }
                if let Some(request) = part.request {
                    record.request = Some(request.to_owned());
                }
            }
            if record.generation_id.is_some() && record.request.is_some() {
                break;
            }
        }
        Ok(record)
    }

    /// The job and attempt that an id belongs to.
    pub fn owner_of(&self, id: &GenerationId) -> Option<(JobKey, u32)> {
        self.ledger()
            .by_generation_id(id)
            .map(|(job, attempt)| (job.key, attempt))
    }
}
