//! Durable appending with group commit: one thread writes whatever has gathered while it was
//! syncing, then syncs once for all of it.
//!
//! Lines that no one waits for yet do not wake it: they go along with the next ones, so that what
//! became of one attempt and what announces the next share a sync.

mod queue;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use self::queue::{AppendBatch, AppendQueue, AppendRequest, AppendResult, CloseOnDrop};
use super::lock::leads_to;
use super::memory::{BLOCK, MemoryWriter, block_before};
use super::pending::{AppendError, ExternalChange, Pending};
use super::read::{MAX_LINE, read_at};
use super::recovery::Recovery;
use crate::disk;

/// Takes in what has become durable, and where in the file it starts, before anybody who waits for
/// it goes on.
pub type FoldFn = Box<dyn FnMut(u64, &[u8]) + Send>;

/// Appends to one file. Dropping it waits for what was handed in.
#[derive(Debug)]
pub struct Appender {
    queue: Arc<AppendQueue>,
    thread: Option<JoinHandle<()>>,
}

impl Appender {
    /// Opens `path` for appending and makes it (mode 0600) where it is missing. A last line without
    /// a newline is ended before the first new one.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(path, open(path)?, None, Box::new(|_, _| {}))
    }

    /// The same for an opened file, with a memory of how it was left and a place for lines that are
    /// lost with it, and with someone who takes in what was written. An empty file's folder is synced,
    /// so that its name lasts as long as its lines.
    pub(in super::super) fn of(
        path: &Path,
        file: File,
        kept: Option<(MemoryWriter, Arc<Recovery>)>,
        sink: FoldFn,
    ) -> io::Result<Self> {
        let len = file.metadata()?.len();
        let (memory, recovery) = kept.unzip();
        // An empty one may be left over from a run that got no further than making it.
        if len == 0 {
            disk::sync_folder_of(path)?;
        }
        let tail = block_before(&file, len)?;
        let mut committer = Committer {
            path: path.to_owned(),
            file,
            began: len,
            len,
            tail,
            memory,
            recovery,
            failed: None,
            sink,
        };
        let queue = Arc::<AppendQueue>::default();
        let taker = CloseOnDrop(Arc::clone(&queue));
        let thread = std::thread::Builder::new()
            .name("append".to_owned())
            .spawn(move || committer.run(&taker.0))?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    /// Appends whole lines, each with its newline; returns once they are durable.
    pub async fn append(&self, lines: &str) -> AppendResult {
        self.begin(lines).done().await
    }

    /// The same for lines that announce what is only done once they are durable. When they cannot
    /// be made durable they are taken out of the file again, as far as the system lets us, so that
    /// no one takes what was never done for something in doubt.
    pub async fn append_tentative(&self, lines: &str) -> AppendResult {
        self.hand_in(lines, true, true).done().await
    }

    /// The same for callers that are not async.
    pub fn append_blocking(&self, lines: &str) -> AppendResult {
        self.begin(lines).wait()
    }

    /// Hands lines in and lets the caller wait later.
    pub(in super::super) fn begin(&self, lines: &str) -> Pending<()> {
        self.hand_in(lines, false, true)
    }

    /// The same for lines that are written down with the next ones, or once someone waits.
    pub(in super::super) fn begin_lazily(&self, lines: &str) -> Pending<()> {
        self.hand_in(lines, false, false)
    }

    fn hand_in(&self, lines: &str, tentative: bool, urgent: bool) -> Pending<()> {
        let (sender, done) = oneshot::channel();
        let mut refused = String::new();
        // Every reader passes over an empty line: what it was to announce must not be done.
        if lines.lines().any(str::is_empty) {
            let _ = sender.send(Err(AppendError {
                error: Arc::new(io::Error::other("a line of the log would be empty")),
                lines: lines.to_owned(),
            }));
        } else {
            let request = AppendRequest {
                len: lines.len(),
                tentative,
                done: sender,
            };
            if !self.queue.push(lines, request, urgent) {
                lines.clone_into(&mut refused);
            }
        }
        let queue = Arc::clone(&self.queue);
        Pending {
            done,
            urge: Box::new(move || queue.urge()),
            lines: refused,
        }
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        self.queue.end();
        if let Some(thread) = self.thread.take() {
            // It only ends by running out of requests.
            let _ = thread.join();
        }
    }
}

struct Committer {
    path: PathBuf,
    file: File,
    /// How long the file was at first.
    began: u64,
    /// Where the newest commit ended, and so the file.
    len: u64,
    /// The file's last bytes.
    tail: Vec<u8>,
    memory: Option<MemoryWriter>,
    /// Where lines go that are lost with the file.
    recovery: Option<Arc<Recovery>>,
    failed: Option<Arc<io::Error>>,
    sink: FoldFn,
}

impl Committer {
    fn run(&mut self, queue: &AppendQueue) {
        let mut batch = AppendBatch::default();
        loop {
            queue.next(&mut batch);
            if batch.requests.is_empty() {
                break;
            }
            self.commit(&mut batch);
            batch.clear();
        }
        // An older memory is as true, only of less.
        let _ = self.catch_up();
    }

    /// Makes the memory durable. Where it is behind, as after a crash or when others have added to
    /// the log, it first catches up with the log.
    fn catch_up(&mut self) -> io::Result<()> {
        let Some(memory) = &mut self.memory else {
            return Ok(());
        };
        let remembered = memory.newest().map_or(0, |newest| newest.length);
        if self.failed.is_none() && remembered != self.len {
            disk::sync_data(&self.file)?;
            memory.remember(self.len, &self.tail, false)?;
        }
        memory.sync()
    }

    fn commit(&mut self, batch: &mut AppendBatch) {
        let AppendBatch {
            requests,
            lines,
            tentative,
        } = batch;
        let firm = lines.len();
        lines.push_str(tentative);
        if self.failed.is_none()
            && let Err(error) = self.write(lines, firm)
        {
            if is_gone(&error) {
                // Where nothing can be kept, the memory beside the log still shows that lines are
                // missing.
                let _ = self.keep_own();
            }
            self.failed = Some(Arc::new(error));
        }
        let (mut next_firm, mut next_tentative) = (0, firm);
        for request in requests.drain(..) {
            let next = if request.tentative {
                &mut next_tentative
            } else {
                &mut next_firm
            };
            let at = *next..*next + request.len;
            *next = at.end;
            let reply = match &self.failed {
                None => Ok(()),
                Some(error) => Err(AppendError {
                    error: error.clone(),
                    lines: lines[at].to_owned(),
                }),
            };
            // No one waits any more when a run was stopped at once.
            let _ = request.done.send(reply);
        }
    }

    /// Writes `lines` and makes them durable; where that fails, takes out what comes after the first
    /// `firm` bytes.
    fn write(&mut self, lines: &str, firm: usize) -> io::Result<()> {
        self.check(self.len)?;
        let is_torn = self.tail.last().is_some_and(|last| *last != b'\n');
        let newline = if is_torn { "\n" } else { "" };
        let start = self.len + newline.len() as u64;
        let mut end = self.len;
        let written = self
            .put(newline, &mut end)
            .and_then(|()| self.put(lines, &mut end))
            .and_then(|()| disk::sync_data(&self.file))
            // What happened to the file meanwhile has happened to these lines.
            .and_then(|()| self.check(end));
        if written.is_err() {
            let kept = if firm == 0 {
                self.len
            } else {
                start + firm as u64
            };
            self.cut_off(end, kept);
            return written;
        }
        (self.sink)(start, lines.as_bytes());
        self.len = end;
        self.remember([newline, lines]);
        Ok(())
    }

    /// Keeps what was written here to a file that has lost its name, as when a backup was put in its
    /// place: what the log is from now on does not hold it.
    fn keep_own(&self) -> io::Result<()> {
        let Some(recovery) = &self.recovery else {
            return Ok(());
        };
        let mut from = self.began;
        while from < self.len {
            let most = (self.len - from).min(MAX_LINE as u64) as usize;
            let mut part = vec![0; most];
            let count = read_at(&self.file, &mut part, from)?;
            // Whole lines; the last part ends with one.
            let Some(last) = part[..count].iter().rposition(|byte| *byte == b'\n') else {
                return Err(io::ErrorKind::InvalidData.into());
            };
            recovery.keep(&String::from_utf8_lossy(&part[..=last]))?;
            from += last as u64 + 1;
        }
        Ok(())
    }

    /// Makes sure that the path still leads to the file, and that no one else has made it shorter
    /// or longer than `len`.
    fn check(&self, len: u64) -> io::Result<()> {
        let now = leads_to(&self.path, &self.file)?.map(|meta| meta.len());
        Err(io::Error::other(match now {
            Some(now) if now == len => return Ok(()),
            Some(now) => ExternalChange::Length { left: len, now },
            None => ExternalChange::Gone,
        }))
    }

    /// Writes all of `text`, and counts in `end` how far the file has got.
    fn put(&mut self, text: &str, end: &mut u64) -> io::Result<()> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match append(&mut self.file, rest, *end) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    *end += count as u64;
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes out what was written after `kept`, unless the file does not end at `end`, where this
    /// writer got to: then others have written to it, and their lines stay.
    fn cut_off(&self, end: u64, kept: u64) {
        let ends_there = self.file.metadata().is_ok_and(|meta| meta.len() == end);
        if ends_there && end > kept {
            // Should this fail too, those lines show as unknown, which is the careful reading.
            let _ = self.file.set_len(kept);
        }
    }

    /// Remembers where the file ends now, after these texts.
    fn remember(&mut self, texts: [&str; 2]) {
        for text in texts {
            let new = &text.as_bytes()[text.len().saturating_sub(BLOCK)..];
            let surplus = (self.tail.len() + new.len()).saturating_sub(BLOCK);
            self.tail.drain(..surplus);
            self.tail.extend_from_slice(new);
        }
        if let Some(memory) = &mut self.memory {
            // The memory before it is still true of the longer file.
            let _ = memory.remember(self.len, &self.tail, false);
        }
    }
}

/// Whether the file has lost its name.
fn is_gone(error: &io::Error) -> bool {
    let disturbed = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(disturbed, Some(ExternalChange::Gone))
}

/// Writes at the file's end, which is at `end`.
#[cfg(unix)]
fn append(file: &mut File, bytes: &[u8], _: u64) -> io::Result<usize> {
    io::Write::write(file, bytes)
}

/// The same. The system does not know that this handle appends, and reading moves its place.
#[cfg(windows)]
fn append(file: &mut File, bytes: &[u8], end: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, end)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    options.create(true).open(path)
}

#[cfg(test)]
mod tests;
