//! Reading and grading captures on every core, in order, in flat memory.
//!
//! A thread reads blocks and has them parsed and verified in parallel; the caller takes the
//! results in the captures' order, meanwhile. The formats know nothing of this.

use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, bail};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::capture::Capture;
use super::capture::Unreadable;
use super::formats::{self, CaptureResult};
use super::restore::restore;
use super::signature::VerifyKeys;
use super::source::{self, BLOCK, ByteSource, Layout, MAX_DOCUMENT, MAX_ENTRY, Walk};
use super::source::{cannot_read, newlines};
use super::verify::{Verification, verify};
use crate::disk::{Block, Blocks, pieces_of};
use crate::jobs::JobKey;

/// Bytes read at once, and verified by one core.
const ROOM: usize = BLOCK as usize;
/// A buffer that a long line has made larger is not used again.
const LARGEST_KEPT: usize = 4 * ROOM;
/// Captures of one document that are settled together.
const BATCH: usize = 1024;
/// Files that are opened and verified at the same time.
const FILES: usize = 32;
/// Batches that may be verified or wait for the caller.
const WAITING: usize = 8;

/// A verified entry of a capture file.
#[derive(Debug)]
pub struct VerifiedEntry<'a> {
    /// The file; `-` for standard input.
    pub file: &'a Path,
    /// The line where the file is read by lines, else the entry's place in it; from 1.
    pub entry: usize,
    /// What it proves.
    pub verification: Verification<'a>,
    capture: Option<&'a Capture<'a>>,
}

impl<'a> VerifiedEntry<'a> {
    /// When it was received, as its format has it.
    pub fn received_at(&self) -> Option<&'a str> {
        self.capture?.received_at.as_deref()
    }

    /// The delivery, where there is one.
    pub fn capture(&self) -> Option<&'a Capture<'a>> {
        self.capture
    }

    /// The job and attempt that its address names. No signature covers them.
    pub fn correlation(&self) -> Option<(JobKey, u32)> {
        self.capture?.correlation()
    }
}

/// Reads and verifies all captures in `paths`: files, folders, and `-` for `stdin`.
///
/// `settle` runs on all cores and makes of some entries, which follow each other in one file, what
/// the caller needs; `each` gets that, in the order of the entries, on the caller's thread. The
/// first error of `each` ends the replay.
///
/// # Errors
/// A path that does not exist (found before anything is read), or what `each` says. What cannot be
/// read otherwise is an entry of its own, and the rest goes on.
pub fn replay<U: Send>(
    paths: &[PathBuf],
    stdin: impl Read + Send + 'static,
    keys: &VerifyKeys,
    settle: impl for<'x> Fn(&[VerifiedEntry<'x>]) -> U + Sync,
    each: impl FnMut(U) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    replay_with(paths, Box::new(stdin), keys, true, settle, each)
}

/// The same for a file that the receiver has kept. It holds bodies as they were sent, so none is
/// restored: where many do not verify, as after a change of the key, that would take most of the time.
///
/// # Errors
/// As [`replay`].
pub fn replay_kept<U: Send>(
    path: &Path,
    keys: &VerifyKeys,
    settle: impl for<'x> Fn(&[VerifiedEntry<'x>]) -> U + Sync,
    each: impl FnMut(U) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let paths = &[path.to_owned()];
    replay_with(paths, Box::new(io::empty()), keys, false, settle, each)
}

fn replay_with<U: Send>(
    paths: &[PathBuf],
    stdin: ByteSource,
    keys: &VerifyKeys,
    restores: bool,
    settle: impl for<'x> Fn(&[VerifiedEntry<'x>]) -> U + Sync,
    mut each: impl FnMut(U) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for path in paths.iter().filter(|path| !is_stdin(path)) {
        match std::fs::metadata(path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("cannot find the file or folder {}", path.display());
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read captures from {}", path.display()));
            }
        }
    }
    let (sender, receiver) = sync_channel(WAITING);
    let work = Verifier {
        keys,
        restores,
        settle: &settle,
        sender,
    };
    thread::scope(|scope| {
        thread::Builder::new()
            .name("replay".to_owned())
            .spawn_scoped(scope, move || {
                // An error here means that the caller has stopped listening.
                let _ = work.read_all(paths, stdin);
            })
            .context("cannot start a thread to read the captures")?;
        for coming in receiver {
            // It only fails to come where grading has panicked, which the scope passes on once
            // no one listens any more.
            let Ok(settled) = coming.recv() else { break };
            each(settled)?;
        }
        Ok(())
    })
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The caller wants no more.
struct Stopped;

struct Verifier<'w, S, U> {
    keys: &'w VerifyKeys,
    /// Whether bodies may have been changed by what kept them.
    restores: bool,
    settle: &'w S,
    /// What comes of each batch, in their order.
    sender: SyncSender<Receiver<U>>,
}

/// A file's beginning.
enum Loaded<U> {
    /// It was all of the file: here is what it held.
    All(Vec<U>),
    /// There is more.
    Begun {
        path: PathBuf,
        block: Vec<u8>,
        reader: ByteSource,
    },
}

impl<U, S> Verifier<'_, S, U>
where
    U: Send,
    S: for<'x> Fn(&[VerifiedEntry<'x>]) -> U + Sync,
{
    fn read_all(&self, paths: &[PathBuf], stdin: ByteSource) -> Result<(), Stopped> {
        let mut stdin = Some(stdin);
        for path in paths {
            if !is_stdin(path) {
                self.read_tree(path)?;
            } else if let Some(stdin) = stdin.take() {
                let loaded = match source::decode(stdin) {
                    Ok(reader) => self.begin(path.clone(), reader, None),
                    Err(e) => Loaded::All(vec![self.refuse(path, 1, cannot_read(&e))]),
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
                    Err((path, reason)) => Loaded::All(vec![self.refuse(&path, 1, reason)]),
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
            Err(e) => Loaded::All(vec![self.refuse(&path, 1, cannot_read(&e))]),
        }
    }

    fn begin(&self, path: PathBuf, mut reader: ByteSource, headers: Option<&str>) -> Loaded<U> {
        let mut block = Vec::new();
        let limit = if headers.is_some() { MAX_ENTRY } else { BLOCK };
        let read = reader.by_ref().take(limit + 1).read_to_end(&mut block);
        if let Err(e) = read {
            let mut results = self.verify_file(&path, &block, headers);
            results.push(self.refuse(&path, 1, cannot_read(&e)));
            return Loaded::All(results);
        }
        if block.len() as u64 <= limit {
            Loaded::All(self.verify_file(&path, &block, headers))
        } else if headers.is_some() {
            Loaded::All(vec![self.refuse(&path, 1, Unreadable::TooLarge(MAX_ENTRY))])
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
            Loaded::All(results) => self.send_all(results),
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
    fn read_rest(
        &self,
        path: &Path,
        mut block: Vec<u8>,
        reader: ByteSource,
    ) -> Result<(), Stopped> {
        let read = reader.take(MAX_DOCUMENT).read_to_end(&mut block);
        self.send_all(match read {
            Err(e) => vec![self.refuse(path, 1, cannot_read(&e))],
            Ok(_) if block.len() as u64 > MAX_DOCUMENT => vec![self.refuse(
                path,
                1,
                Unreadable::because(format!(
                    "read as one document, it is larger than {} MiB: split it, or store one capture a line",
                    MAX_DOCUMENT >> 20
                )),
            )],
            Ok(_) => self.verify_file(path, &block, None),
        })
    }

    /// A file of any length, line by line: whole lines are verified while more is read.
    fn stream_lines(&self, path: &Path, block: Vec<u8>, reader: ByteSource) -> Result<(), Stopped> {
        let reader = io::Cursor::new(block).chain(reader);
        let mut blocks = Blocks::new(reader, ROOM, MAX_ENTRY as usize + 1);
        let (used, emptied) = mpsc::channel::<Vec<u8>>();
        let mut line = 1;
        rayon::in_place_scope(|scope| {
            loop {
                let mut text = emptied.try_recv().unwrap_or_default();
                match blocks.next(&mut text) {
                    Ok(None) => return Ok(()),
                    Ok(Some(Block::Lines(_))) => {}
                    Ok(Some(Block::TooLong(_))) => {
                        self.send(self.refuse(path, line, Unreadable::TooLarge(MAX_ENTRY)))?;
                        line += 1;
                        continue;
                    }
                    Err(e) => return self.send(self.refuse(path, line, cannot_read(&e))),
                }
                let first = line;
                line += newlines(&text);
                let (result, coming) = sync_channel(1);
                self.sender.send(coming).map_err(|_| Stopped)?;
                let used = used.clone();
                scope.spawn(move |_| {
                    // Who no longer listens needs neither.
                    let _ = result.send(self.verify_lines(path, first, &text));
                    if text.capacity() <= LARGEST_KEPT {
                        let _ = used.send(text);
                    }
                });
            }
        })
    }

    /// Verifies whole lines, of which the first has the number `first`.
    fn verify_lines(&self, path: &Path, first: usize, text: &[u8]) -> U {
        let mut found = Vec::new();
        for (at, line) in source::lines(text) {
            source::read_line(line, &mut |entry| found.push((first + at - 1, entry)));
        }
        self.verify_entries(path, &found)
    }

    /// Verifies a file that is in memory.
    fn verify_file(&self, path: &Path, bytes: &[u8], headers: Option<&str>) -> Vec<U> {
        if let Some(headers) = headers {
            let capture = formats::read_with_headers(bytes, headers);
            return vec![self.verify_entries(path, &[(1, Ok(capture))])];
        }
        if let Some(found) = std::str::from_utf8(bytes).ok().and_then(formats::read_text) {
            let found: Vec<_> = found
                .into_iter()
                .enumerate()
                .map(|(at, one)| (at + 1, one))
                .collect();
            return found
                .chunks(BATCH)
                .map(|batch| self.verify_entries(path, batch))
                .collect();
        }
        match source::layout(bytes, true) {
            Layout::Lines => {
                let mut line = 1;
                let verify = |piece: Range<usize>| {
                    let piece = &bytes[piece];
                    let first = line;
                    line += newlines(piece);
                    self.verify_lines(path, first, piece)
                };
                pieces_of(bytes, ROOM).into_iter().map(verify).collect()
            }
            Layout::Values => {
                let (mut results, mut found, mut count) = (Vec::new(), Vec::new(), 0);
                source::read_values(bytes, &mut |entry| {
                    count += 1;
                    found.push((count, entry));
                    if found.len() == BATCH {
                        results.push(self.verify_entries(path, &found));
                        found.clear();
                    }
                });
                results.push(self.verify_entries(path, &found));
                results
            }
        }
    }

    fn verify_entries(&self, file: &Path, found: &[(usize, CaptureResult<'_>)]) -> U {
        // Lives longer than what refers to it.
        let mut restored: Vec<(usize, Capture<'_>)> = Vec::new();
        let mut verified: Vec<_> = found
            .iter()
            .map(|(entry, found)| {
                let (capture, verification) = match found {
                    Err(reason) => (None, Verification::Unreadable(reason.clone())),
                    Ok(capture) if capture.body.bytes().len() as u64 > MAX_ENTRY => (
                        None,
                        Verification::Unreadable(Unreadable::TooLarge(MAX_ENTRY)),
                    ),
                    Ok(capture) => (Some(capture), verify(capture, self.keys)),
                };
                VerifiedEntry {
                    file,
                    entry: *entry,
                    verification,
                    capture,
                }
            })
            .collect();
        let unproven = verified.iter().enumerate();
        let unproven =
            unproven.filter(|(_, verified)| self.restores && verified.verification.is_unproven());
        restored.extend(
            unproven
                .filter_map(|(at, verified)| Some((at, restore(verified.capture?, self.keys)?))),
        );
        for (at, capture) in &restored {
            verified[*at].verification = verify(capture, self.keys);
            verified[*at].capture = Some(capture);
        }
        (self.settle)(&verified)
    }

    fn refuse(&self, path: &Path, entry: usize, reason: Unreadable) -> U {
        self.verify_entries(path, &[(entry, Err(reason))])
    }

    fn send_all(&self, results: Vec<U>) -> Result<(), Stopped> {
        results.into_iter().try_for_each(|result| self.send(result))
    }

    fn send(&self, result: U) -> Result<(), Stopped> {
        let (sender, coming) = sync_channel(1);
        // There is room for it.
        let _ = sender.send(result);
        self.sender.send(coming).map_err(|_| Stopped)
    }
}

#[cfg(test)]
mod tests;
