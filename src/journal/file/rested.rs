//! A log that this process has read and let go of. If it still holds the same and has only grown,
//! what was added is all that has to be read again.

use std::fs::{File, Metadata};
use std::io;
use std::sync::{Arc, PoisonError};

use super::memory::block_before;
use super::read::{LineReader, read_at};
use super::source::Source;
use super::{Writer, fold};
use crate::jobs::Ledger;

/// Bytes that are caught up with; reading everything anew is as quick for more.
const MOST: u64 = 16 << 20;

/// What a log held when it was let go of.
#[derive(Debug)]
pub struct Rested {
    ledger: Ledger,
    len: u64,
    /// The end of those bytes.
    block: Vec<u8>,
    identity: Identity,
}

/// What tells a file from another one at its place.
#[derive(Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    fn of(file: &Metadata) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        Ok(Self(file.dev(), file.ino()))
    }

    /// When it was made is all that the standard library says of it.
    #[cfg(not(unix))]
    fn of(file: &Metadata) -> io::Result<Self> {
        let made = file.created()?;
        let since = made.duration_since(std::time::SystemTime::UNIX_EPOCH);
        let since = since.map_err(io::Error::other)?;
        Ok(Self(since.as_secs(), u64::from(since.subsec_nanos())))
    }
}

impl Writer {
    /// Lets go of the log, and keeps what it held; nothing where the log has to be read anew, as one
    /// that is damaged, or in a database. Everything that was appended must be durable.
    pub fn rest(self) -> Option<Rested> {
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
        let is_plain = source.damage.is_empty() && source.form.is_none();
        // Its thread has the ledger, too, and ends with it.
        drop(store);
        let ledger = Arc::into_inner(ledger)?;
        let ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !is_plain || ledger.unreadable() > 0 || ledger.is_of_copy() {
            return None;
        }
        let rested = (|| {
            let file = File::open(&path)?;
            let meta = file.metadata()?;
            io::Result::Ok(Rested {
                block: block_before(&file, meta.len())?,
                len: meta.len(),
                identity: Identity::of(&meta)?,
                ledger,
            })
        })();
        drop(lock);
        // Where it cannot be looked at now, it is read anew.
        rested.ok()
    }
}

impl Rested {
    /// The folded log with what was added since; nothing where it has to be read anew.
    pub(super) fn catch_up(mut self, file: &File) -> io::Result<Option<(Ledger, Source)>> {
        let meta = file.metadata()?;
        let len = meta.len();
        let is_same = self.identity == Identity::of(&meta)?
            && (self.len..=self.len + MOST).contains(&len)
            && self.block == block_before(file, self.len)?;
        if !is_same {
            return Ok(None);
        }
        let mut added = vec![0; (len - self.len) as usize];
        let mut filled = 0;
        while filled < added.len() {
            match read_at(file, &mut added[filled..], self.len + filled as u64)? {
                0 => return Ok(None),
                count => filled += count,
            }
        }
        let gists = fold::take_text(&added, self.ledger.reading());
        fold::fold_text(&added, self.len, &gists, &mut self.ledger);
        if self.ledger.unreadable() > 0 {
            return Ok(None);
        }
        let source = Source {
            lines: LineReader::new(file.try_clone()?),
            damage: Vec::new(),
            form: None,
        };
        Ok(Some((self.ledger, source)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::jobs::{JobKey, JobState, Rates, Status};

    fn line(job: u32, status: &str) -> String {
        format!(
            "{{\"job\":\"{job:016x}\",\"attempt\":1,\"status\":\"{status}\",\"generation_id\":\"vgen_{job}\"}}\n"
        )
    }

    fn open(path: &Path, rested: &mut Option<Rested>) -> Writer {
        let ledger = Ledger::new(Rates::default()).with_places();
        Writer::open_again(path, ledger, "test", Duration::ZERO, rested).unwrap()
    }

    fn status(writer: &Writer, job: u32) -> Option<Status> {
        let key = JobKey::parse(&format!("{job:016x}")).unwrap();
        writer.ledger().job(key).map(JobState::status)
    }

    /// A log of some blocks that was written and let go of.
    fn rested(path: &Path) -> Option<Rested> {
        let lines: String = (0..200).map(|job| line(job, "pending")).collect();
        let writer = open(path, &mut None);
        writer.append_blocking(&lines).unwrap();
        writer.rest()
    }

    #[test]
    fn only_what_was_added_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.jsonl");
        let mut rested = rested(&path);
        // A change that no other writer makes shows what is not read.
        let text = fs::read_to_string(&path).unwrap();
        let changed = text.replacen("pending", "failed ", 1);
        fs::write(&path, changed).unwrap();
        let other = open(&path, &mut None);
        assert_ne!(status(&other, 0), Some(Status::Pending));
        other.append_blocking(&line(1, "completed")).unwrap();
        other.append_blocking(&line(200, "pending")).unwrap();
        drop(other);

        let writer = open(&path, &mut rested);
        assert_eq!(status(&writer, 0), Some(Status::Pending));
        assert_eq!(status(&writer, 1), Some(Status::Completed));
        let key = JobKey::parse(&format!("{:016x}", 200)).unwrap();
        let view = writer.view(key).unwrap().unwrap();
        assert_eq!(view.to_json()["generation_id"], "vgen_200");
        // And so on, as often as one likes.
        writer.append_blocking(&line(200, "completed")).unwrap();
        let writer = open(&path, &mut writer.rest());
        assert_eq!(status(&writer, 200), Some(Status::Completed));
    }

    #[test]
    fn what_was_replaced_or_damaged_since_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.jsonl");
        let mut known = rested(&path);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            format!("{text}{{\"job\": broken}}\n{}", line(7, "completed")),
        )
        .unwrap();
        let writer = open(&path, &mut known);
        assert_eq!(writer.damage().len(), 1);
        assert_eq!(status(&writer, 7), Some(Status::Completed));
        assert!(writer.rest().is_none());

        let path = folder.path().join("others.jsonl");
        let mut known = rested(&path);
        let copy = folder.path().join("copy");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&copy, text.replacen("pending", "failed", 1)).unwrap();
        fs::rename(&copy, &path).unwrap();
        let lock = folder.path().join("others.jsonl.lock");
        fs::remove_file(lock).unwrap();
        let writer = open(&path, &mut known);
        assert_eq!(status(&writer, 0), Some(Status::Failed));
    }
}
