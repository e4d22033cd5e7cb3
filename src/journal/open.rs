//! Opening a log to write to it: a file under its lock, or a log in a database by way of a copy.

use std::fs::File;
#[cfg(feature = "postgres")]
use std::io;
use std::path::Path;
#[cfg(feature = "postgres")]
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

#[cfg(feature = "postgres")]
use super::address::Address;
#[cfg(feature = "postgres")]
use super::file::append_options;
use super::file::{
    Appender, Checkpoint, CompanionFile, FoldFn, HeldLog, LogError, ReadLog, Recovery, fold_text,
    take_text,
};
use super::location::Location;
#[cfg(feature = "postgres")]
use super::postgres;
use super::store::Store;
use super::writer::Writer;
use crate::jobs::Ledger;

fn write(ledger: &RwLock<Ledger>) -> RwLockWriteGuard<'_, Ledger> {
    ledger.write().unwrap_or_else(PoisonError::into_inner)
}

/// Folds into `ledger` what has become durable.
fn folding(ledger: &Arc<RwLock<Ledger>>) -> FoldFn {
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
        match Location::of(name)? {
            Location::File(path) => Self::open_again(&path, ledger, command, wait, &mut None),
            #[cfg(feature = "postgres")]
            Location::Database(address) => Self::open_database(&address, ledger, command),
            #[cfg(not(feature = "postgres"))]
            Location::Database(address) => Err(LogError::Database(address.unsupported())),
        }
    }

    /// The same for a file that this process may have read before: of that, only what was added since
    /// is read. `ledger` is in case everything has to be read again.
    pub fn open_again(
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
            None => ReadLog::read(&path, to_read, &mut write(&ledger))?,
        };
        let pause = CompanionFile::Paused.of(&path);
        Ok(Self {
            recovery,
            name: path.clone(),
            path,
            source,
            ledger,
            store: Store::File { appender, pause },
            is_new,
            begins_anew,
            put_back: 0,
            lock: Some(lock),
            _own: None,
        })
    }

    #[cfg(feature = "postgres")]
    fn open_database(address: &Address, ledger: Ledger, command: &str) -> Result<Self, LogError> {
        let copy = postgres::copy(address).map_err(LogError::Database)?;
        if let Some(elsewhere) = copy.elsewhere {
            return Err(LogError::Elsewhere {
                log: PathBuf::from(address.to_string()),
                lines: elsewhere.lines,
                file: elsewhere.file,
                is_earlier: elsewhere.is_earlier,
            });
        }
        let path = copy.file;
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
        let source = ReadLog::read(&path, to_read, &mut write(&ledger))?;
        for attempt in &copy.being_sent {
            let on = Some(&*attempt.on);
            write(&ledger).mark_being_sent(attempt.job, attempt.number, on);
        }
        let kept_as = copy.source.kept_as();
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
            put_back: copy.lost.as_ref().map_or(0, |lost| lost.lines),
            name: PathBuf::from(address.to_string()),
            lock: None,
            _own: copy.own,
        };
        writer.take_in(&kept_as, copy.lost.as_ref())?;
        Ok(writer)
    }

    /// Takes in what earlier runs on this computer could not write, and what the database has lost
    /// since: nothing is decided without that.
    #[cfg(feature = "postgres")]
    fn take_in(&self, kept_as: &str, lost: Option<&postgres::LostLines>) -> Result<(), LogError> {
        let failed = |error| LogError::io("take in what was kept for", &self.name, error);
        let Store::Database { appender, .. } = &self.store else {
            return Ok(());
        };
        let take = |kind, lines: &str| {
            let taken = appender.ask(kind, lines).wait();
            taken.map(drop).map_err(|error| match error.database() {
                Some(database) => LogError::Database(database.clone()),
                None => LogError::io("write", &self.name, io::Error::other(error)),
            })
        };
        for spool in postgres::left_spools(kept_as).map_err(failed)? {
            take(postgres::TaskKind::TakeIn(spool.run.clone()), &spool.lines)?;
            spool.taken_in().map_err(failed)?;
        }
        if let Some(lost) = lost {
            let lines = std::fs::read_to_string(&lost.file).map_err(failed)?;
            take(postgres::TaskKind::Lines, &lines)?;
        }
        Ok(())
    }

    /// Lets go of the log, and keeps what it held; nothing if the log has to be read again, as one
    /// that is damaged, or in a database. Everything that was appended must be durable.
    pub fn into_checkpoint(self) -> Option<Checkpoint> {
        let Self {
            path,
            source,
            ledger,
            store,
            lock: Some(lock),
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
}

#[cfg(test)]
mod tests;
