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
const BLOCK: u64 = 1 << 20;
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
    mut each: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for path in paths.iter().filter(|path| !is_stdin(path)) {
        std::fs::metadata(path)
            .with_context(|| format!("cannot read captures from {}", path.display()))?;
    }
    let (sender, receiver) = sync_channel(WAITING);
    let work = Work {
        keys,
        convert: &convert,
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

struct Work<'w, T, F> {
    keys: &'w VerifyKeys,
    convert: &'w F,
    sender: SyncSender<Vec<T>>,
}

/// A file's beginning.
enum Loaded<T> {
    /// It was all of the file: here is what it held.
    All(Vec<T>),
    /// There is more.
    Begun {
        path: PathBuf,
        block: Vec<u8>,
        reader: Reader,
    },
}

impl<T: Send, F: for<'x> Fn(Graded<'x>) -> T + Sync> Work<'_, T, F> {
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

    fn load(&self, path: PathBuf) -> Loaded<T> {
        let headers = source::headers_beside(&path);
        match source::open(&path) {
            Ok(reader) => self.begin(path, reader, headers.as_deref()),
            Err(e) => Loaded::All(self.refuse(&path, 1, cannot_read(&e))),
        }
    }

    fn begin(&self, path: PathBuf, mut reader: Reader, headers: Option<&str>) -> Loaded<T> {
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

    fn finish(&self, loaded: Loaded<T>) -> Result<(), Stopped> {
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
        loop {
            let before = block.len();
            let read = reader.by_ref().take(BLOCK).read_to_end(&mut block);
            let at_end = read.is_err() || ((block.len() - before) as u64) < BLOCK;
            let end = match memchr::memrchr(b'\n', &block) {
                _ if at_end => block.len(),
                Some(newline) => newline + 1,
                None if block.len() as u64 <= MAX_ENTRY => continue,
                None => {
                    if !skipping {
                        self.send(self.refuse(path, line, Unreadable::TooLarge(MAX_ENTRY)))?;
                    }
                    skipping = true;
                    block.clear();
                    continue;
                }
            };
            let mut start = 0;
            if skipping {
                start = memchr::memchr(b'\n', &block).map_or(block.len(), |at| at + 1);
                line += 1;
                skipping = false;
            }
            line = self.grade_lines(path, &block[start..end], line)?;
            block.drain(..end);
            if let Err(e) = read {
                return self.send(self.refuse(path, line, cannot_read(&e)));
            }
            if at_end {
                return Ok(());
            }
        }
    }

    /// Grades whole lines, of which the first has the number `line`; returns the next one's.
    fn grade_lines(&self, path: &Path, text: &[u8], mut line: usize) -> Result<usize, Stopped> {
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
        let graded: Vec<_> = pieces
            .into_par_iter()
            .map(|(line, piece)| self.grade_piece(path, line, piece))
            .collect();
        for results in graded {
            self.send(results)?;
        }
        Ok(line)
    }

    fn grade_piece(&self, path: &Path, first: usize, piece: &[u8]) -> Vec<T> {
        let mut results = Vec::new();
        for (at, line) in source::lines(piece) {
            source::read_line(line, &mut |found| {
                results.push(self.grade_one(path, first + at - 1, found));
            });
        }
        results
    }

    /// Grades a file that is in memory.
    fn grade_whole(&self, path: &Path, bytes: &[u8], headers: Option<&str>) -> Vec<T> {
        if let Some(headers) = headers {
            let capture = formats::read_with_headers(bytes, headers);
            return vec![self.grade_one(path, 1, Ok(capture))];
        }
        match source::layout(bytes, true) {
            Layout::Lines => self.grade_piece(path, 1, bytes),
            Layout::Values => {
                let mut results = Vec::new();
                source::read_values(bytes, &mut |found| {
                    results.push(self.grade_one(path, results.len() + 1, found));
                });
                results
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

    fn refuse(&self, path: &Path, entry: usize, reason: Unreadable) -> Vec<T> {
        vec![self.grade_one(path, entry, Err(reason))]
    }

    fn send(&self, results: Vec<T>) -> Result<(), Stopped> {
        if results.is_empty() {
            return Ok(());
        }
        self.sender.send(results).map_err(|_| Stopped)
    }
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
