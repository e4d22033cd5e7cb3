//! The job log's file: read, lock, append with group commit, compact.
//!
//! Readers need no lock: a line is either whole or skipped. A writer reads the log only once it
//! holds the lock, so that no one decides on what another process is about to change.

mod appender;
mod compact;
mod damage;
mod decode;
mod fold;
mod held;
mod lock;
mod memory;
mod objects;
mod path;
mod read;
mod recovery;
mod rested;
mod source;
mod tolerant;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

pub(super) use appender::Pending as PendingLines;
pub use appender::{AppendError, Appender, Disturbed};
pub use compact::{Compacted, Compacting, compact};
pub use damage::{Damage, Suspect};
pub use held::{Acceptance, HeldLog};
pub use lock::{Holder, Lock, LockError};
pub use memory::{Found, Memory, Mismatch, remembered_of_absent};
pub use path::{may_be_torn, resolve};
pub use read::{LineReader, for_each_line};
pub use recovery::{forget_taken_in, not_taken_in};
pub use rested::Rested;
pub use source::{each_line_of, map_lines_of};

use memory::Remembered;
use recovery::Recovery;

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::announce::{Announced, Announcement, Claim};
use super::location::{DatabaseError, Location};
use super::store::{Appending, Store, Unsettled};
use crate::jobs::{GenerationId, JobKey, JobView, Ledger, Reading};
use source::Source;

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is no such file.
    #[error("there is no job log {}", .0.display())]
    Missing(PathBuf),
    /// It is a folder, a pipe or the like.
    #[error("{} is not a regular file, so it cannot be a job log", .0.display())]
    NotRegular(PathBuf),
    /// Something else has written it again, in a form to which no line can be added.
    #[error("{} can be read, but it is {form}, so nothing can be added to it", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The form, as in "it is ...".
        form: &'static str,
    },
    /// Not all of it can be read.
    #[error("the job log {} cannot be read in full", .0.display())]
    Damaged(PathBuf),
    /// Another process writes to it.
    #[error(transparent)]
    Locked(LockError),
    /// It is in a database that cannot be used.
    #[error(transparent)]
    Database(DatabaseError),
    /// It was cut off, replaced, restored or lost since the last commit.
    #[error(transparent)]
    Changed(Box<Mismatch>),
    /// The system refused.
    #[error("cannot {doing} {}: {error}", path.display())]
    Io {
        /// What was being done, as in "cannot ... FILE".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl LogError {
    /// What a lock that was not to be had means for the log.
    pub fn from_lock(error: LockError) -> Self {
        match error {
            LockError::Io { path, error } => Self::io("open the lock", &path, error),
            held @ (LockError::Held { .. } | LockError::HeldElsewhere { .. }) => Self::Locked(held),
        }
    }

    fn io(doing: &'static str, path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { doing, path, error }
    }
}

/// A log that has been read.
#[derive(Debug)]
pub struct JobLog {
    path: PathBuf,
    source: Source,
    ledger: Ledger,
    mismatch: Option<Mismatch>,
    /// What is only there for a log in a database.
    mirrored: Option<Mirrored>,
}

/// What is known of a log in a database beside its lines.
#[derive(Debug)]
struct Mirrored {
    /// Its address.
    name: PathBuf,
    /// Lines that the database had once, and the file that keeps them.
    lost: Option<(u64, PathBuf)>,
    /// Attempts that other computers are sending, with the computers' names.
    being_sent: Vec<(JobKey, u32, String)>,
    /// A mirror that goes with the command.
    _own: Option<tempfile::TempPath>,
}

#[cfg(not(feature = "postgres"))]
pub(super) fn without_database(address: &super::Address) -> LogError {
    LogError::Database(DatabaseError::new(
        super::DatabaseFault::Config,
        format!("this creativeai was built without PostgreSQL and cannot use {address}"),
        "install one that was built with the feature `postgres`",
    ))
}

/// Jobs that are read with all their fields at the same time.
const VIEWS_AT_ONCE: usize = 1024;
/// Those of them that follow each other on one core.
const VIEWS_OF_A_CORE: usize = 128;

impl JobLog {
    /// Reads the log that `name` means, a file or a log in a database, into `ledger`, which decides
    /// what is kept.
    pub fn read(name: &Path, ledger: Ledger) -> Result<Self, LogError> {
        match Location::of(name).map_err(|error| LogError::Database(error.into()))? {
            Location::File(path) => Self::read_file(&path, ledger),
            Location::Database(address) => Self::read_mirror(&address, ledger),
        }
    }

    #[cfg(feature = "postgres")]
    fn read_mirror(address: &super::Address, ledger: Ledger) -> Result<Self, LogError> {
        let mirror = super::postgres::catch_up(address).map_err(LogError::Database)?;
        let path = mirror.file().to_owned();
        let failed = |error| LogError::io("open the local copy of the job log,", &path, error);
        let file = File::open(&path).map_err(failed)?;
        let mut ledger = ledger;
        let source = read(&path, file, &mut ledger)?;
        let lost = mirror.lost().map(|lost| (lost.lines, lost.file.clone()));
        let mut being_sent = Vec::new();
        for sent in mirror.being_sent() {
            ledger.mark_being_sent(sent.job, sent.number);
            being_sent.push((sent.job, sent.number, sent.host.clone()));
        }
        Ok(Self {
            source,
            path,
            ledger,
            mismatch: None,
            mirrored: Some(Mirrored {
                name: PathBuf::from(address.to_string()),
                lost,
                being_sent,
                // The lines that were folded stay where they are: from now on others may add.
                _own: mirror.release(),
            }),
        })
    }

    #[cfg(not(feature = "postgres"))]
    fn read_mirror(address: &super::Address, _: Ledger) -> Result<Self, LogError> {
        Err(without_database(address))
    }

    fn read_file(path: &Path, ledger: Ledger) -> Result<Self, LogError> {
        let path = resolve(path)?;
        let remembered = Remembered::of(&path);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LogError::Missing(path));
            }
            Err(error) => return Err(LogError::io("open the job log", &path, error)),
        };
        let mismatch = remembered.mismatch(Some(&file));
        let mut ledger = ledger;
        Ok(Self {
            source: read(&path, file, &mut ledger)?,
            path,
            ledger,
            mismatch,
            mirrored: None,
        })
    }

    /// Fails where the log is not as it was left.
    pub fn unchanged(&self) -> Result<(), LogError> {
        match &self.mismatch {
            Some(mismatch) => Err(LogError::Changed(Box::new(mismatch.clone()))),
            None => Ok(()),
        }
    }

    /// What speaks against the log: that it is not as it was left.
    pub fn mismatch(&self) -> Option<&Mismatch> {
        self.mismatch.as_ref()
    }

    /// The log's file, links resolved; of a log in a database, the file that mirrors it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What people call the log: its file, or its address.
    pub fn name(&self) -> &Path {
        self.mirrored.as_ref().map_or(&self.path, |m| &m.name)
    }

    /// Whether it is in a database.
    pub fn is_in_database(&self) -> bool {
        self.mirrored.is_some()
    }

    /// How many lines the log's database has lost, and the file that keeps them.
    pub fn lost(&self) -> Option<(u64, &Path)> {
        let (lines, file) = self.mirrored.as_ref()?.lost.as_ref()?;
        Some((*lines, file))
    }

    /// Attempts that other computers are sending just now, each with the computer's name.
    pub fn being_sent(&self) -> impl Iterator<Item = (JobKey, u32, &str)> {
        let sent = self.mirrored.iter().flat_map(|m| &m.being_sent);
        sent.map(|(job, number, host)| (*job, *number, host.as_str()))
    }

    /// The folded log.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What of it cannot be read, and no person has accepted yet.
    pub fn damage(&self) -> &[Damage] {
        &self.source.damage
    }

    /// Whether a writer could add lines; see [`Writer::check_form`].
    pub fn check_form(&self) -> Result<(), LogError> {
        check_form(&self.source, &self.path)
    }

    /// One job with all its fields. The ledger must keep places.
    pub fn view(&self, key: JobKey) -> Result<Option<JobView>, LogError> {
        view(&self.path, &self.source.lines, &self.ledger, key)
    }

    /// Every job with all its fields, in the order of the log.
    pub fn views(&self) -> impl Iterator<Item = Result<JobView, LogError>> {
        self.views_of(self.ledger.jobs().map(|job| job.key))
    }

    /// The same of these jobs, in their order.
    pub fn views_of(
        &self,
        keys: impl IntoIterator<Item = JobKey>,
    ) -> impl Iterator<Item = Result<JobView, LogError>> {
        let view = |key| self.view(key).transpose();
        keys.into_iter().filter_map(view)
    }

    /// What `convert` makes of every job with all its fields, in the order of the log. Where there
    /// are many it runs on all cores; it should give something small, since a view costs more to
    /// hand over than to make.
    pub fn map_views<T: Send>(
        &self,
        convert: impl Fn(JobView) -> T + Sync,
    ) -> impl Iterator<Item = Result<T, LogError>> {
        let keys = self.ledger.jobs().map(|job| job.key);
        self.map_views_of(keys, convert)
    }

    /// The same of these jobs, in their order.
    pub fn map_views_of<T: Send>(
        &self,
        keys: impl IntoIterator<Item = JobKey>,
        convert: impl Fn(JobView) -> T + Sync,
    ) -> impl Iterator<Item = Result<T, LogError>> {
        let mut keys = keys.into_iter();
        let batches = std::iter::from_fn(move || {
            let some: Vec<_> = keys.by_ref().take(VIEWS_AT_ONCE).collect();
            (!some.is_empty()).then(|| self.convert_views(&some, &convert))
        });
        batches.flatten()
    }

    fn convert_views<T: Send>(
        &self,
        keys: &[JobKey],
        convert: &(impl Fn(JobView) -> T + Sync),
    ) -> Vec<Result<T, LogError>> {
        let convert = |keys: &[JobKey], lines: &LineReader| -> Vec<_> {
            let view = |key: &JobKey| view(&self.path, lines, &self.ledger, *key).transpose();
            keys.iter()
                .filter_map(view)
                .map(|view| view.map(convert))
                .collect()
        };
        if keys.len() <= VIEWS_OF_A_CORE {
            return convert(keys, &self.source.lines);
        }
        keys.par_chunks(VIEWS_OF_A_CORE)
            .flat_map_iter(|keys| convert(keys, &self.source.lines.another()))
            .collect()
    }
}

fn check_form(source: &Source, path: &Path) -> Result<(), LogError> {
    match source.form {
        None => Ok(()),
        Some(form) => Err(LogError::Form {
            path: path.to_owned(),
            form,
        }),
    }
}

fn read(path: &Path, file: File, ledger: &mut Ledger) -> Result<Source, LogError> {
    source::read(file, ledger).map_err(|error| LogError::io("read the job log", path, error))
}

fn view(
    path: &Path,
    lines: &LineReader,
    ledger: &Ledger,
    key: JobKey,
) -> Result<Option<JobView>, LogError> {
    let texts = ledger
        .places(key)
        .into_iter()
        .map(|offset| lines.line_at(offset))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| LogError::io("read the job log", path, error))?;
    JobView::fold(key, texts.iter().map(String::as_str), ledger.rates()).map_err(|error| {
        LogError::io(
            "read the job log",
            path,
            io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
        )
    })
}

fn write(ledger: &RwLock<Ledger>) -> RwLockWriteGuard<'_, Ledger> {
    ledger.write().unwrap_or_else(PoisonError::into_inner)
}

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
    path: PathBuf,
    source: Source,
    ledger: Arc<RwLock<Ledger>>,
    store: Store,
    is_new: bool,
    begins_anew: bool,
    recovery: Recovery,
    /// What people call the log.
    name: PathBuf,
    // Last, so that they outlive the appender's thread.
    _lock: Option<Lock>,
    _own: Option<tempfile::TempPath>,
}

/// Folds into `ledger` what has become durable.
fn folding(ledger: &Arc<RwLock<Ledger>>) -> appender::Sink {
    let ledger = Arc::clone(ledger);
    let reading = write(&ledger).reading().clone();
    Box::new(move |start, lines| {
        let batch = fold::take_text(lines, &reading);
        fold::fold_text(lines, start, &batch, &mut write(&ledger));
    })
}

impl Writer {
    /// Opens the log that `name` means: a file is locked, read, and made where there is none; see
    /// [`HeldLog::open`]. A log in a database is read; it is there for every computer, and takes in
    /// only what announces nothing.
    pub fn open(
        name: &Path,
        ledger: Ledger,
        command: &str,
        wait: Duration,
    ) -> Result<Self, LogError> {
        match Location::of(name).map_err(|error| LogError::Database(error.into()))? {
            Location::File(path) => Self::open_file(&path, ledger, command, wait, &mut None),
            #[cfg(feature = "postgres")]
            Location::Database(address) => Self::open_database(&address, ledger, command),
            #[cfg(not(feature = "postgres"))]
            Location::Database(address) => Err(without_database(&address)),
        }
    }

    /// The same for a file that this process may have read before: of that, only what was added since
    /// is read. `ledger` is for the case that all has to be read anew.
    pub fn open_again(
        path: &Path,
        ledger: Ledger,
        command: &str,
        wait: Duration,
        rested: &mut Option<Rested>,
    ) -> Result<Self, LogError> {
        Self::open_file(path, ledger, command, wait, rested)
    }

    #[cfg(feature = "postgres")]
    fn open_database(
        address: &super::Address,
        ledger: Ledger,
        command: &str,
    ) -> Result<Self, LogError> {
        let copy = super::postgres::copy(address).map_err(LogError::Database)?;
        let path = copy.file.to_path_buf();
        let failed = |error| LogError::io("open the local copy of the job log,", &path, error);
        let file = lock::append_options().open(&path).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        let to_read = File::open(&path).map_err(failed)?;
        let ledger = Arc::new(RwLock::new(ledger));
        let local = super::postgres::LocalCopy {
            file,
            path: path.clone(),
            len,
            sink: folding(&ledger),
        };
        let source = read(&path, to_read, &mut write(&ledger))?;
        for attempt in &copy.being_sent {
            write(&ledger).mark_being_sent(attempt.job, attempt.number);
        }
        let identity = copy.source.identity.clone();
        let scribe = super::postgres::write(address, copy.source, local, &ledger, command);
        let writer = Self {
            recovery: Recovery::new(&path),
            path: path.clone(),
            source,
            ledger,
            store: Store::Database {
                scribe: scribe.map_err(failed)?,
                clock: copy.clock,
            },
            is_new: false,
            begins_anew: false,
            name: PathBuf::from(address.to_string()),
            _lock: None,
            _own: Some(copy.file),
        };
        writer.take_in(&identity, copy.lost.as_deref())?;
        Ok(writer)
    }

    /// Takes in what earlier runs on this computer could not write, and what the database has lost
    /// since: nothing is decided without that.
    #[cfg(feature = "postgres")]
    fn take_in(&self, identity: &str, lost: Option<&Path>) -> Result<(), LogError> {
        let failed = |error| LogError::io("take in what was kept for", &self.name, error);
        let take = |lines: &str| {
            if lines.is_empty() {
                return Ok(());
            }
            self.append_blocking(lines)
                .map_err(|error| match error.database() {
                    Some(database) => LogError::Database(database.clone()),
                    None => LogError::io("write", &self.name, io::Error::other(error)),
                })
        };
        for spool in super::postgres::left_spools(identity).map_err(failed)? {
            take(&spool.lines)?;
            spool.taken_in().map_err(failed)?;
        }
        if let Some(lost) = lost {
            take(&std::fs::read_to_string(lost).map_err(failed)?)?;
        }
        Ok(())
    }

    fn open_file(
        path: &Path,
        ledger: Ledger,
        command: &str,
        wait: Duration,
        rested: &mut Option<Rested>,
    ) -> Result<Self, LogError> {
        let HeldLog {
            file,
            keeper,
            is_new,
            lock,
        } = HeldLog::open(path, command, wait)?;
        let path = lock.log().to_owned();
        let begins_anew = is_new && lock.was_there() && keeper.newest().is_none();
        let ledger = Arc::new(RwLock::new(ledger));
        let sink = folding(&ledger);
        let failed = |error| LogError::io("open the job log", &path, error);
        let to_read = File::open(&path).map_err(failed)?;
        let appender = Appender::of(&path, file, Some(keeper), sink).map_err(failed)?;
        let caught_up = rested.take().map(|rested| rested.catch_up(&to_read));
        let source = match caught_up.transpose().map_err(failed)?.flatten() {
            Some((caught_up, source)) => {
                *write(&ledger) = caught_up;
                source
            }
            None => read(&path, to_read, &mut write(&ledger))?,
        };
        let pause = super::pause::file_beside(&path);
        Ok(Self {
            recovery: Recovery::new(&path),
            name: path.clone(),
            path,
            source,
            ledger,
            store: Store::File { appender, pause },
            is_new,
            begins_anew,
            _lock: Some(lock),
            _own: None,
        })
    }

    /// The log's file, links resolved; of a log in a database, this writer's copy.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What people call the log: its file, or its address.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// What of it cannot be read, and no person has accepted yet.
    pub fn damage(&self) -> &[Damage] {
        &self.source.damage
    }

    /// Whether lines may be added. A file in another encoding would become one that nothing can
    /// read any more.
    pub fn check_form(&self) -> Result<(), LogError> {
        check_form(&self.source, &self.path)
    }

    /// Whether this writer made the file.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether it made the file beside the lock of an older log, of which nothing is remembered.
    pub fn begins_anew(&self) -> bool {
        self.begins_anew
    }

    /// Keeps lines that the log did not take in, durably, in the file that is returned.
    pub fn keep_for_recovery(&self, lines: &str) -> io::Result<PathBuf> {
        match self.store.spool() {
            Some(kept) => Ok(kept),
            None => self.recovery.keep(lines),
        }
    }

    /// The jobs of the rows that a run is about. An order of someone else for one of them is known by
    /// its key; any other one may be for the clip of a row.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(unused_variables, clippy::unused_self)
    )]
    pub fn expect_rows(&self, rows: impl Iterator<Item = JobKey>) {
        #[cfg(feature = "postgres")]
        self.store.expect_rows(rows);
    }

    /// How long a database that is away is waited for.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(unused_variables, clippy::unused_self)
    )]
    pub fn wait_for_database(&self, patience: Duration) {
        #[cfg(feature = "postgres")]
        self.store.wait_for_database(patience);
    }

    /// The folded log. Hold it briefly, never across an `await`.
    pub fn ledger(&self) -> RwLockReadGuard<'_, Ledger> {
        self.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends whole lines, each with its newline, and returns once they are durable and folded.
    pub async fn append(&self, lines: &str) -> Result<(), AppendError> {
        self.store.begin(lines).done().await
    }

    /// Announces an attempt; it may be sent once that is durable, and granted.
    pub async fn announce(&self, what: Announcement) -> Result<Announced, AppendError> {
        self.store.announce(what).await
    }

    /// Gives a claim up: `lines` say that it was not used. Whether they were written; they are not
    /// where the claim is another's by now.
    pub async fn withdraw(&self, claim: &Claim, lines: String) -> Result<bool, AppendError> {
        self.store.withdraw(claim, lines).await
    }

    /// Makes sure of a claim once more; whether it still is this run's.
    pub async fn renew(&self, claim: &Claim) -> Result<bool, AppendError> {
        self.store.renew(claim).await
    }

    /// Takes in a person's word that an attempt was not accepted. No one may be about to send it.
    pub fn settle(&self, job: JobKey, number: u32, lines: &str) -> Result<(), Unsettled> {
        self.store.settle(job, number, lines)
    }

    /// The time by which verdicts are ordered: the database's, where the log is in one.
    pub fn now(&self) -> jiff::Timestamp {
        self.store.now()
    }

    /// Reads what other computers have written meanwhile.
    pub async fn refresh(&self) -> Result<(), AppendError> {
        self.store.refresh().await
    }

    /// Reads what other computers have written meanwhile, for callers that are not async.
    #[cfg(feature = "postgres")]
    pub fn refresh_blocking(&self) -> Result<(), AppendError> {
        self.store.refresh_blocking()
    }

    /// Keeps deliveries with the log, in a database, and adds the lines that say what they have
    /// taught: all or nothing.
    #[cfg(feature = "postgres")]
    pub fn keep_captures(
        &self,
        captures: Vec<super::KeptCapture>,
        lines: String,
    ) -> Result<(), AppendError> {
        self.store.keep_captures(captures, lines)
    }

    /// Appends for callers that are not async.
    pub fn append_blocking(&self, lines: &str) -> Result<(), AppendError> {
        self.store.begin(lines).wait()
    }

    /// The same in two steps, for callers that have something to do meanwhile.
    pub fn begin_append(&self, lines: &str) -> Appending {
        self.store.begin(lines)
    }

    /// The same for lines that may wait for the next ones, or for the second step.
    pub fn begin_append_lazily(&self, lines: &str) -> Appending {
        self.store.begin_lazily(lines)
    }

    /// The second step: returns once the lines are durable and folded.
    pub async fn durable(&self, appending: Appending) -> Result<(), AppendError> {
        appending.done().await
    }

    /// The same for callers that are not async.
    pub fn finish_append(&self, appending: Appending) -> Result<(), AppendError> {
        appending.wait()
    }

    /// One job with all its fields. The ledger must keep places.
    pub fn view(&self, key: JobKey) -> Result<Option<JobView>, LogError> {
        view(&self.path, &self.source.lines, &self.ledger(), key)
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
            let Ok(parts) = Reading::parts(&text) else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Rates;

    #[test]
    fn many_views_come_in_order_from_all_cores_as_one_by_one() {
        let count = 3 * VIEWS_AT_ONCE as u64 + 1;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.jsonl");
        let line = |status: &str, job: u64| {
            format!(
                "{{\"at\":\"2026-03-12T09:20:00.000Z\",\"job\":\"{job:016x}\",\"attempt\":1,\
                 \"status\":\"{status}\",\"sku\":\"SKU-{job}\"}}\n"
            )
        };
        let submitting = (1..=count).map(|job| line("submitting", job));
        let refused = (1..=count).rev().map(|job| line("submit_failed", job));
        std::fs::write(&path, submitting.chain(refused).collect::<String>()).unwrap();
        let log = JobLog::read(&path, Ledger::new(Rates::default()).with_places()).unwrap();
        let shown = |view: &JobView| (view.key(), view.lines.len(), view.to_json().to_string());
        let one_by_one: Vec<_> = log.views().map(|view| shown(&view.unwrap())).collect();
        let together = log.map_views(|view| shown(&view));
        let together: Vec<_> = together.map(Result::unwrap).collect();
        assert_eq!(together.len() as u64, count);
        assert!(together == one_by_one);
        let backwards = one_by_one.iter().rev().map(|(key, ..)| *key);
        let together = log.map_views_of(backwards, |view| view.key());
        let together: Vec<_> = together.map(Result::unwrap).collect();
        assert!(
            together
                .iter()
                .eq(one_by_one.iter().rev().map(|(key, ..)| key))
        );

        // Someone has cut the file off meanwhile.
        File::create(&path).unwrap();
        assert_eq!(
            log.map_views(|_| ()).filter(Result::is_err).count() as u64,
            count
        );
    }
}
