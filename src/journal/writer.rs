//! The right to write to a log, in a file or in a database.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

#[cfg(feature = "postgres")]
use super::address::Address;
use super::announce::{Announced, Announcement, Claim, ClaimCap, Leased, Renewed};
#[cfg(feature = "postgres")]
use super::file::append_options;
use super::file::{
    AppendError, Appender, Checkpoint, Damage, HeldLog, Lock, LogError, Recovery, Sink, Source,
    fold_text, take_text,
};
use super::location::{self, Location};
use super::pause;
#[cfg(feature = "postgres")]
use super::postgres::{self, KeptCapture};
use super::store::{Appending, Store, Unsettled};
use crate::jobs::{GenerationId, JobKey, JobView, Ledger, Line};

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
    path: PathBuf,
    source: Source,
    ledger: Arc<RwLock<Ledger>>,
    store: Store,
    is_new: bool,
    begins_anew: bool,
    recovery: Arc<Recovery>,
    /// What people call the log.
    name: PathBuf,
    // Last, so that they outlive the appender's thread.
    _lock: Option<Lock>,
    _own: Option<tempfile::TempPath>,
}

fn write(ledger: &RwLock<Ledger>) -> RwLockWriteGuard<'_, Ledger> {
    ledger.write().unwrap_or_else(PoisonError::into_inner)
}

/// Folds into `ledger` what has become durable.
fn folding(ledger: &Arc<RwLock<Ledger>>) -> Sink {
    let ledger = Arc::clone(ledger);
    let reading = write(&ledger).reading().clone();
    Box::new(move |start, lines| {
        let batch = take_text(lines, &reading);
        fold_text(lines, start, &batch, &mut write(&ledger));
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
            Location::Database(address) => Err(LogError::Database(address.unsupported())),
        }
    }

    /// The same for a file that this process may have read before: of that, only what was added since
    /// is read. `ledger` is for the case that all has to be read anew.
    pub fn open_again(
        path: &Path,
        ledger: Ledger,
        command: &str,
        wait: Duration,
        checkpoint: &mut Option<Checkpoint>,
    ) -> Result<Self, LogError> {
        Self::open_file(path, ledger, command, wait, checkpoint)
    }

    #[cfg(feature = "postgres")]
    fn open_database(address: &Address, ledger: Ledger, command: &str) -> Result<Self, LogError> {
        let copy = postgres::copy(address).map_err(LogError::Database)?;
        let path = copy.file.to_path_buf();
        let failed = |error| LogError::io("open the local copy of the job log,", &path, error);
        let file = append_options().open(&path).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        let to_read = File::open(&path).map_err(failed)?;
        let ledger = Arc::new(RwLock::new(ledger));
        let local = postgres::LocalCopy {
            file,
            path: path.clone(),
            len,
            sink: folding(&ledger),
        };
        let source = Source::read(&path, to_read, &mut write(&ledger))?;
        for attempt in &copy.being_sent {
            write(&ledger).mark_being_sent(attempt.job, attempt.number);
        }
        let identity = copy.source.identity.clone();
        let appender = postgres::write(address, copy.source, local, &ledger, command);
        let writer = Self {
            recovery: Arc::new(Recovery::new(&path)),
            path: path.clone(),
            source,
            ledger,
            store: Store::Database {
                appender: appender.map_err(failed)?,
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
        for spool in postgres::left_spools(identity).map_err(failed)? {
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
        checkpoint: &mut Option<Checkpoint>,
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
        let recovery = Arc::new(Recovery::new(&path));
        let kept = Some((keeper, Arc::clone(&recovery)));
        let appender = Appender::of(&path, file, kept, sink).map_err(failed)?;
        let caught_up = checkpoint
            .take()
            .map(|checkpoint| checkpoint.catch_up(&to_read));
        let source = match caught_up.transpose().map_err(failed)?.flatten() {
            Some((caught_up, source)) => {
                *write(&ledger) = caught_up;
                source
            }
            None => Source::read(&path, to_read, &mut write(&ledger))?,
        };
        let pause = pause::file_beside(&path);
        Ok(Self {
            recovery,
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

    /// Lets go of the log, and keeps what it held; nothing where the log has to be read anew, as one
    /// that is damaged, or in a database. Everything that was appended must be durable.
    pub fn into_checkpoint(self) -> Option<Checkpoint> {
        let Self {
            path,
            source,
            ledger,
            store,
            _lock: Some(lock),
            ..
        } = self
        else {
            return None;
        };
        // Its thread has the ledger, too, and ends with it.
        drop(store);
        let ledger = Arc::into_inner(ledger)?;
        let ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        let checkpoint = Checkpoint::of(&path, &source, ledger);
        drop(lock);
        checkpoint
    }

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

    /// The vendor wants to be left alone for so long: no other computer that writes to the log
    /// announces an attempt meanwhile. That is reported, and not waited for.
    pub fn keep_quiet(&self, time: Duration) {
        self.store.keep_quiet(time);
    }

    /// Caps that hold for every attempt from now on, for all computers together; a log in a file
    /// leaves them to its only writer. They are named by their places.
    pub fn hold(&self, caps: Vec<ClaimCap>) {
        self.store.hold(caps);
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

    /// Makes sure of a claim once more.
    pub async fn renew(&self, claim: &Claim) -> Result<Renewed, AppendError> {
        self.store.renew(claim).await
    }

    /// How long the vendor wants to be left alone yet, where other computers ask it, too.
    pub async fn is_quiet(&self) -> Result<Option<Duration>, AppendError> {
        self.store.is_quiet().await
    }

    /// Takes the lease of this name, or makes sure of it once more: the right to fetch or publish
    /// something while no other run does. What others have written is folded then. It holds until
    /// this writer is dropped, or this run is not heard of any more.
    pub async fn lease(&self, name: &str) -> Result<Leased, AppendError> {
        self.store.lease(name).await
    }

    /// Whether other computers write to the log, too.
    pub fn is_shared(&self) -> bool {
        self.store.is_shared()
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
        captures: Vec<KeptCapture>,
        lines: String,
    ) -> Result<(), AppendError> {
        self.store.keep_captures(captures, lines)
    }

    /// Appends for callers that are not async.
    pub fn append_blocking(&self, lines: &str) -> Result<(), AppendError> {
        self.store.begin(lines).wait()
    }

    /// The same for many lines: a thousand at once.
    pub fn append_in_parts(&self, lines: &str) -> Result<(), AppendError> {
        let mut rest = lines;
        while !rest.is_empty() {
            let end = rest.match_indices('\n').nth(LINES_AT_ONCE - 1);
            let (part, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at + 1));
            self.append_blocking(part)?;
            rest = after;
        }
        Ok(())
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

#[cfg(test)]
mod tests;
