//! Reading and grading captures on every core, in order, in flat memory.
//!
//! A thread reads blocks and has them parsed and verified in parallel; the caller takes the
//! results in the captures' order, meanwhile. The formats know nothing of this.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use anyhow::Context;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::formats::{self, Found};
use super::grade::{Grade, Unreadable, grade};
use super::signature::VerifyKeys;
use super::source::{self, Layout, MAX_DOCUMENT, MAX_ENTRY, Reader, Walk};
use crate::jobs::JobKey;

/// Bytes read at once.
const BLOCK: u64 = 1 << 19;
/// Parts of a block that are graded at the same time.
const PIECES: usize = 8;
/// Files that are opened and graded at the same time.
const FILES: usize = 32;
/// Batches of results that may wait for the caller.
const WAITING: usize = 4;

/// A graded entry of a capture file.
#[derive(Debug)]
pub struct Graded<'a> {
    /// The file; `-` for standard input.
    pub file: &'a Path,
    /// The line where the file is read by lines, else the entry's place in it; from 1.
    pub entry: usize,
    /// When it was received, as its format tells it.
    pub received_at: Option<&'a str>,
    /// The job and attempt that its address names. No signature covers them.
    pub correlation: Option<(JobKey, u32)>,
    /// What it proves.
    pub grade: Grade<'a>,
}

/// Reads and grades all captures in `paths`: files, folders, and `-` for `stdin`.
///
/// `convert` runs on all cores and takes from an entry what the caller needs; `each` gets that, in
/// the order of the entries, on the caller's thread. The first error of `each` ends the replay.
///
/// # Errors
/// A path that does not exist (found before anything is read), or what `each` says. What cannot be
/// read otherwise is an entry of its own, and the rest goes on.
pub fn replay<T: Send>(
    paths: &[PathBuf],
    stdin: impl Read + Send + 'static,
    keys: &VerifyKeys,
    convert: impl for<'x> Fn(Graded<'x>) -> T + Sync,
    each: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    replay_in_batches(paths, stdin, keys, convert, |_, batch| batch, each)
}

/// The same where a step is better done for many entries at once: `settle` gets those of a batch,
/// all of one file, on all cores too, and gives one result for each of them, in their order.
///
/// # Errors
/// As above.
pub fn replay_in_batches<T, U: Send>(
    paths: &[PathBuf],
    stdin: impl Read + Send + 'static,
    keys: &VerifyKeys,
    convert: impl for<'x> Fn(Graded<'x>) -> T + Sync,
    settle: impl Fn(&Path, Vec<T>) -> Vec<U> + Sync,
    mut each: impl FnMut(U) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for path in paths.iter().filter(|path| !is_stdin(path)) {
        std::fs::metadata(path)
            .with_context(|| format!("cannot read captures from {}", path.display()))?;
    }
    let (sender, receiver) = sync_channel(WAITING);
    let work = Work {
        keys,
        convert: &convert,
        settle: &settle,
        sender,
    };
    thread::scope(|scope| {
        thread::Builder::new()
            .name("replay".to_owned())
            .spawn_scoped(scope, move || {
                // An error here means that the caller has stopped listening.
                let _ = work.read_all(paths, Box::new(stdin));
            })
            .context("cannot start a thread to read the captures")?;
        for batch in receiver {
            for result in batch {
                each(result)?;
            }
        }
        Ok(())
    })
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The caller wants no more.
struct Stopped;

struct Work<'w, F, S, U> {
    keys: &'w VerifyKeys,
    convert: &'w F,
    settle: &'w S,
    sender: SyncSender<Vec<U>>,
}

/// A file's beginning.
enum Loaded<U> {
    /// It was all of the file: here is what it held.
    All(Vec<U>),
    /// There is more.
    Begun {
        path: PathBuf,
        block: Vec<u8>,
        reader: Reader,
    },
}

impl<T, U, F, S> Work<'_, F, S, U>
where
    U: Send,
    F: for<'x> Fn(Graded<'x>) -> T + Sync,
    S: Fn(&Path, Vec<T>) -> Vec<U> + Sync,
{
    fn read_all(&self, paths: &[PathBuf], stdin: Reader) -> Result<(), Stopped> {
        let mut stdin = Some(stdin);
        for path in paths {
            if !is_stdin(path) {
                self.read_tree(path)?;
            } else if let Some(stdin) = stdin.take() {
                let loaded = match source::decode(stdin) {
                    Ok(reader) => self.begin(path.clone(), reader, None),
                    Err(e) => Loaded::All(self.refuse(path, 1, cannot_read(&e))),
                };
                self.finish(loaded)?;
            }
        }
        Ok(())
    }

    fn read_tree(&self, path: &Path) -> Result<(), Stopped> {
        let mut walk = Walk::new(path.to_owned());
        loop {
            let steps: Vec<_> = walk.by_ref().take(FILES).collect();
            if steps.is_empty() {
                return Ok(());
            }
            let loaded: Vec<_> = steps
                .into_par_iter()
                .map(|step| match step {
                    Ok(path) => self.load(path),
                    Err((path, reason)) => Loaded::All(self.refuse(&path, 1, reason)),
                })
                .collect();
            for file in loaded {
                self.finish(file)?;
            }
        }
    }

    fn load(&self, path: PathBuf) -> Loaded<U> {
        let headers = source::headers_beside(&path);
        match source::open(&path) {
            Ok(reader) => self.begin(path, reader, headers.as_deref()),
            Err(e) => Loaded::All(self.refuse(&path, 1, cannot_read(&e))),
        }
    }

    fn begin(&self, path: PathBuf, mut reader: Reader, headers: Option<&str>) -> Loaded<U> {
        let mut block = Vec::new();
        let limit = if headers.is_some() { MAX_ENTRY } else { BLOCK };
        let read = reader.by_ref().take(limit + 1).read_to_end(&mut block);
        if let Err(e) = read {
            let mut results = self.grade_whole(&path, &block, headers);
            results.append(&mut self.refuse(&path, 1, cannot_read(&e)));
            return Loaded::All(results);
        }
        if block.len() as u64 <= limit {
            Loaded::All(self.grade_whole(&path, &block, headers))
        } else if headers.is_some() {
            Loaded::All(self.refuse(&path, 1, Unreadable::TooLarge(MAX_ENTRY)))
        } else {
            Loaded::Begun {
                path,
                block,
                reader,
            }
        }
    }

    fn finish(&self, loaded: Loaded<U>) -> Result<(), Stopped> {
        match loaded {
            Loaded::All(results) => self.send(results),
            Loaded::Begun {
                path,
                block,
                reader,
            } => match source::layout(&block, false) {
                Layout::Lines => self.stream_lines(&path, block, reader),
                Layout::Values => self.read_rest(&path, block, reader),
            },
        }
    }

    /// The rest of a large document.
    fn read_rest(&self, path: &Path, mut block: Vec<u8>, reader: Reader) -> Result<(), Stopped> {
        let read = reader.take(MAX_DOCUMENT).read_to_end(&mut block);
        self.send(match read {
            Err(e) => self.refuse(path, 1, cannot_read(&e)),
            Ok(_) if block.len() as u64 > MAX_DOCUMENT => self.refuse(
                path,
                1,
                Unreadable::because(format!(
                    "as one document it is larger than {} MiB: split it, or store one capture a line",
                    MAX_DOCUMENT >> 20
                )),
            ),
            Ok(_) => self.grade_whole(path, &block, None),
        })
    }

    /// A file of any length, line by line.
    fn stream_lines(
        &self,
        path: &Path,
        mut block: Vec<u8>,
        mut reader: Reader,
    ) -> Result<(), Stopped> {
        let mut line = 1;
        let mut skipping = false;
        let mut next = Vec::new();
        let (mut read, mut at_end) = read_on(&mut reader, &mut block);
        loop {
            let end = match memchr::memrchr(b'\n', &block) {
                _ if at_end => block.len(),
                Some(newline) => newline + 1,
                None => {
                    if block.len() as u64 > MAX_ENTRY {
                        if !skipping {
                            self.send(self.refuse(path, line, Unreadable::TooLarge(MAX_ENTRY)))?;
                        }
                        skipping = true;
                        block.clear();
                    }
                    (read, at_end) = read_on(&mut reader, &mut block);
                    continue;
                }
            };
            let mut start = 0;
            if skipping {
                start = memchr::memchr(b'\n', &block).map_or(block.len(), |at| at + 1);
                line += 1;
                skipping = false;
            }
            // What follows is read meanwhile.
            next.clear();
            next.extend_from_slice(&block[end..]);
            let mut graded = (Vec::new(), line);
            let following = rayon::in_place_scope(|scope| {
                scope.spawn(|_| graded = self.grade_lines(path, &block[start..end], line));
                (!at_end).then(|| read_on(&mut reader, &mut next))
            });
            let results;
            (results, line) = graded;
            for results in results {
                self.send(results)?;
            }
            if let Err(e) = read {
                return self.send(self.refuse(path, line, cannot_read(&e)));
            }
            match following {
                None => return Ok(()),
                Some(following) => (read, at_end) = following,
            }
            std::mem::swap(&mut block, &mut next);
        }
    }

    /// Grades whole lines, of which the first has the number `line`; also gives the next one's.
    fn grade_lines(&self, path: &Path, text: &[u8], mut line: usize) -> (Vec<Vec<U>>, usize) {
        let mut pieces = Vec::with_capacity(PIECES);
        let mut rest = text;
        while !rest.is_empty() {
            let at = (text.len() / PIECES).min(rest.len() - 1);
            let end = memchr::memchr(b'\n', &rest[at..]).map_or(rest.len(), |n| at + n + 1);
            let (piece, after) = rest.split_at(end);
            pieces.push((line, piece));
            line += memchr::memchr_iter(b'\n', piece).count();
            rest = after;
        }
        let graded = pieces
            .into_par_iter()
            .map(|(line, piece)| self.grade_piece(path, line, piece))
            .collect();
        (graded, line)
    }

    fn grade_piece(&self, path: &Path, first: usize, piece: &[u8]) -> Vec<U> {
        let mut results = Vec::new();
        for (at, line) in source::lines(piece) {
            source::read_line(line, &mut |found| {
                results.push(self.grade_one(path, first + at - 1, found));
            });
        }
        (self.settle)(path, results)
    }

    /// Grades a file that is in memory.
    fn grade_whole(&self, path: &Path, bytes: &[u8], headers: Option<&str>) -> Vec<U> {
        if let Some(headers) = headers {
            let capture = formats::read_with_headers(bytes, headers);
            return (self.settle)(path, vec![self.grade_one(path, 1, Ok(capture))]);
        }
        match source::layout(bytes, true) {
            Layout::Lines => self.grade_piece(path, 1, bytes),
            Layout::Values => {
                let mut results = Vec::new();
                source::read_values(bytes, &mut |found| {
                    results.push(self.grade_one(path, results.len() + 1, found));
                });
                (self.settle)(path, results)
            }
        }
    }

    fn grade_one(&self, file: &Path, entry: usize, found: Found<'_>) -> T {
        let refused = |reason| Graded {
            file,
            entry,
            received_at: None,
            correlation: None,
            grade: Grade::Unreadable(reason),
        };
        match found {
            Err(reason) => (self.convert)(refused(reason)),
            Ok(capture) if capture.body.bytes().len() as u64 > MAX_ENTRY => {
                (self.convert)(refused(Unreadable::TooLarge(MAX_ENTRY)))
            }
            Ok(capture) => (self.convert)(Graded {
                file,
                entry,
                received_at: capture.received_at.as_deref(),
                correlation: capture.correlation(),
                grade: grade(&capture, self.keys),
            }),
        }
    }

    fn refuse(&self, path: &Path, entry: usize, reason: Unreadable) -> Vec<U> {
        (self.settle)(path, vec![self.grade_one(path, entry, Err(reason))])
    }

    fn send(&self, results: Vec<U>) -> Result<(), Stopped> {
        if results.is_empty() {
            return Ok(());
        }
        self.sender.send(results).map_err(|_| Stopped)
    }
}

/// Reads a block behind what is there, and tells whether that was the last one.
fn read_on(reader: &mut Reader, block: &mut Vec<u8>) -> (io::Result<usize>, bool) {
    let before = block.len();
    let read = reader.by_ref().take(BLOCK).read_to_end(block);
    let at_end = read.is_err() || ((block.len() - before) as u64) < BLOCK;
    (read, at_end)
}

fn cannot_read(e: &io::Error) -> Unreadable {
    Unreadable::because(match e.kind() {
        io::ErrorKind::UnexpectedEof => {
            "it ends in the middle: fetch the file again for the rest".to_owned()
        }
        _ => format!("it cannot be read: {e}"),
    })
}

#[cfg(test)]
mod tests;
