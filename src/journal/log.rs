//! A log that is read: its folded state, and its jobs with all their fields.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::address::Address;
use super::file::{
    Damage, LineReader, Lock, LogError, MemoryReader, Mismatch, ReadLog, holds_all, resolve,
};
use super::location::{self, Location};
#[cfg(feature = "postgres")]
use super::postgres;
use crate::jobs::{JobKey, JobState, JobView, Ledger};

/// A log that has been read.
#[derive(Debug)]
pub struct JobLog {
    path: PathBuf,
    source: ReadLog,
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
    /// Lines that another database alone holds, or an earlier log in this one's place, and the file that
    /// keeps them.
    elsewhere: Option<(u64, PathBuf, bool)>,
    /// Files of this computer with what runs could not write.
    spools: Vec<PathBuf>,
    /// A mirror that goes with the command.
    _own: Option<tempfile::TempPath>,
}

/// Jobs that are read with all their fields at the same time.
const VIEWS_AT_ONCE: usize = 1024;
/// Those of them that follow each other on one core.
const VIEWS_OF_A_CORE: usize = 128;

impl JobLog {
    /// Reads the log that `name` means, a file or a log in a database, into `ledger`, which decides
    /// what is kept.
    pub fn read(name: &Path, ledger: Ledger) -> Result<Self, LogError> {
        match Location::of(name)? {
            Location::File(path) => Self::read_file(&path, ledger),
            Location::Database(address) => Self::read_mirror(&address, ledger),
        }
    }

    #[cfg(feature = "postgres")]
    fn read_mirror(address: &Address, ledger: Ledger) -> Result<Self, LogError> {
        let mirror = postgres::catch_up(address).map_err(LogError::Database)?;
        let path = mirror.file;
        let failed = |error| LogError::io("open the local copy of the job log,", &path, error);
        let file = File::open(&path).map_err(failed)?;
        let mut ledger = ledger;
        let source = ReadLog::read(&path, file, &mut ledger)?;
        let failed = |error| LogError::io("look for what was kept for", &path, error);
        let spools = postgres::spools_of(&mirror.source.kept_as()).map_err(failed)?;
        let kept = |lost: postgres::LostLines| (lost.lines, lost.file);
        let known = |other: postgres::LostLines| (other.lines, other.file, other.is_earlier);
        for sent in &mirror.being_sent {
            ledger.mark_being_sent(sent.job, sent.number, Some(&sent.on));
        }
        Ok(Self {
            source,
            path,
            ledger,
            mismatch: None,
            mirrored: Some(Mirrored {
                name: PathBuf::from(address.to_string()),
                lost: mirror.lost.map(kept),
                elsewhere: mirror.elsewhere.map(known),
                spools,
                // The lines that were folded stay where they are: from now on others may add.
                _own: mirror.own,
            }),
        })
    }

    #[cfg(not(feature = "postgres"))]
    fn read_mirror(address: &Address, _: Ledger) -> Result<Self, LogError> {
        Err(LogError::Database(address.unsupported()))
    }

    fn read_file(path: &Path, ledger: Ledger) -> Result<Self, LogError> {
        let path = resolve(path)?;
        let mut log = Self::read_once(&path, ledger.clone())?;
        let announced: Vec<(JobKey, u32)> = log
            .ledger
            .jobs()
            .flat_map(|job| job.attempts().map(|attempt| (job.key, attempt)))
            .filter(|(_, attempt)| attempt.is_announced())
            .map(|(job, attempt)| (job, attempt.number))
            .collect();
        if announced.is_empty() {
            return Ok(log);
        }
        let Ok(Some(holder)) = Lock::holder(&path) else {
            // Their run may have ended since the lines were read: then its last ones say how.
            return Self::read_once(&path, ledger);
        };
        // What was announced before that run was left by another one.
        let since = holder.and_then(|holder| holder.since.parse().ok());
        let since: Timestamp = since.unwrap_or(Timestamp::MIN);
        for (job, attempt) in announced {
            let is_its = |job: &JobState| job.was_written_since(since);
            if log.ledger.job(job).is_some_and(is_its) {
                log.ledger.mark_being_sent(job, attempt, None);
            }
        }
        Ok(log)
    }

    fn read_once(path: &Path, mut ledger: Ledger) -> Result<Self, LogError> {
        let path = path.to_owned();
        let remembered = MemoryReader::of(&path);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LogError::Missing(path));
            }
            Err(error) => return Err(LogError::io("open the job log", &path, error)),
        };
        let mismatch = remembered.mismatch(Some(&file));
        Ok(Self {
            source: ReadLog::read(&path, file, &mut ledger)?,
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

    /// The folder that names of files in the log are meant from; see [`Writer::folder`](super::Writer::folder).
    pub fn folder(&self) -> PathBuf {
        location::folder_of(&self.path, self.is_in_database())
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

    /// Fails where this computer knows lines of it from another database, or from an earlier log in its
    /// place, alone.
    pub fn holds_all(&self) -> Result<(), LogError> {
        let elsewhere = self.mirrored.as_ref().and_then(|m| m.elsewhere.as_ref());
        match elsewhere {
            Some((lines, file, is_earlier)) => Err(LogError::Elsewhere {
                log: self.name().to_owned(),
                lines: *lines,
                file: file.clone(),
                is_earlier: *is_earlier,
            }),
            None => Ok(()),
        }
    }

    /// Of a log in a database, a file of this computer with lines that the log does not hold.
    pub fn spooled(&self) -> io::Result<Option<&Path>> {
        let spools = self.mirrored.iter().flat_map(|mirrored| &mirrored.spools);
        for spool in spools {
            let kept = match fs::read(spool) {
                // A command has taken it in meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                kept => kept?,
            };
            if !holds_all(&self.path, &kept)? {
                return Ok(Some(spool));
            }
        }
        Ok(None)
    }

    /// The folded log.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What of it cannot be read, and no person has accepted yet.
    pub fn damage(&self) -> &[Damage] {
        &self.source.damage
    }

    /// Whether a writer could add lines; see [`Writer::check_form`](super::Writer::check_form).
    pub fn check_form(&self) -> Result<(), LogError> {
        self.source.check_form(&self.path)
    }

    /// One job with all its fields. The ledger must keep places.
    pub fn view(&self, key: JobKey) -> Result<Option<JobView>, LogError> {
        self.source.lines.view(&self.path, &self.ledger, key)
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
            let view = |key: &JobKey| lines.view(&self.path, &self.ledger, *key).transpose();
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
        let shown = |view: &JobView| (view.key(), view.events.len(), view.to_json().to_string());
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
