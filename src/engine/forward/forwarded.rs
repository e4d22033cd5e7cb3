//! What `listen --forward` has forwarded: a digest for each delivery, in a file beside the captures.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::outgoing::{Digest, Outgoing};
use super::{Event, Report};
use crate::disk::{self, Readers, Replacement};
use crate::webhook::{self, VerifiedEntry, VerifyKeys};

/// Deliveries that are remembered although the capture file no longer holds them, newest first: the
/// vendor may send one again.
const MOST_REMEMBERED: usize = 10_000;

/// The file beside the captures.
pub fn beside(captures: &Path) -> PathBuf {
    let mut path = captures.as_os_str().to_owned();
    path.push(".forwarded");
    path.into()
}

/// The deliveries that were forwarded.
pub struct Delivered {
    captures: PathBuf,
    keys: VerifyKeys,
    digests: HashSet<Digest>,
    /// What the file held when it was opened, in its order, until that was looked through.
    held: Vec<Digest>,
    /// What of that the capture file holds; `None` while that is not known.
    captured: Option<HashSet<Digest>>,
    path: PathBuf,
    file: File,
}

impl Delivered {
    /// Opens the file beside the captures. Where there is none yet, what was captured until now
    /// counts as forwarded: only what comes from now on is meant.
    pub fn open(captures: &Path, keys: &VerifyKeys, report: Report<'_>) -> io::Result<Self> {
        let path = beside(captures);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut options = disk::options_of_user();
        let file = options.append(true).create(true).open(&path)?;
        let mut delivered = Self {
            captures: captures.to_owned(),
            keys: keys.clone(),
            digests: HashSet::new(),
            held: Vec::new(),
            captured: None,
            path,
            file,
        };
        if let Some(text) = text {
            delivered.read(&text)?;
            return Ok(delivered);
        }
        let older = delivered.waiting();
        delivered.note_all(&older)?;
        if !older.is_empty() {
            report(Event::Earlier(older.len() as u64));
        }
        Ok(delivered)
    }

    fn append(&self, text: &[u8]) -> io::Result<()> {
        (&self.file).write_all(text)
    }

    fn read(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            let mut digest = Digest::default();
            if base16ct::lower::decode(line, &mut digest).is_ok_and(|bytes| bytes.len() == 16) {
                self.held.push(digest);
            }
        }
        self.digests.extend(&self.held);
        // A last line that a crash has cut off is not a digest.
        if text.is_empty() || text.ends_with('\n') {
            Ok(())
        } else {
            self.append(b"\n")
        }
    }

    /// Whether a delivery was forwarded.
    pub fn has(&self, one: &Outgoing) -> bool {
        self.digests.contains(&one.digest)
    }

    /// Notes that a delivery was forwarded.
    pub fn note(&mut self, one: &Outgoing) -> io::Result<()> {
        self.digests.insert(one.digest);
        self.append(line(&one.digest).as_bytes())
    }

    fn note_all(&mut self, all: &[Outgoing]) -> io::Result<()> {
        self.digests.extend(all.iter().map(|one| one.digest));
        let text: String = all.iter().map(|one| line(&one.digest)).collect();
        self.append(text.as_bytes())
    }

    /// The verified deliveries of the capture file that were not forwarded, in its order.
    pub fn waiting(&mut self) -> Vec<Outgoing> {
        let digests = &self.digests;
        let outgoing = |entry: &VerifiedEntry<'_>| {
            let one = Outgoing::of(entry.capture()?, &entry.verification)?;
            let digest = one.digest;
            Some((digest, (!digests.contains(&digest)).then_some(one)))
        };
        let (mut all, mut captured) = (Vec::new(), HashSet::new());
        let is_long = is_long(&self.held);
        // What cannot be read is not a delivery that was answered with 200.
        let read = webhook::replay(
            std::slice::from_ref(&self.captures),
            io::empty(),
            &self.keys,
            |entry: &[VerifiedEntry<'_>]| entry.iter().filter_map(outgoing).collect::<Vec<_>>(),
            |some| {
                for (digest, waiting) in some {
                    all.extend(waiting);
                    if is_long {
                        captured.insert(digest);
                    }
                }
                Ok(())
            },
        );
        self.captured = read.is_ok().then_some(captured);
        all
    }

    /// Writes the file again with what is still to be remembered, once [`Self::waiting`] has looked
    /// through the captures: what these hold, and the newest of the rest. Nothing is forwarded a
    /// second time for that.
    pub fn shorten(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let Some(captured) = self.captured.take().filter(|_| is_long(&held)) else {
            return Ok(());
        };
        let newest = held.len().saturating_sub(MOST_REMEMBERED);
        let mut kept = HashSet::new();
        let is_kept = |&(at, digest): &(usize, &Digest)| at >= newest || captured.contains(digest);
        let digests = held.iter().enumerate().filter(is_kept);
        let text: String = digests
            .filter(|(_, digest)| kept.insert(**digest))
            .map(|(_, digest)| line(digest))
            .collect();
        // Not worth it where most is kept.
        if kept.len() > held.len() / 2 {
            return Ok(());
        }
        let mut new = Replacement::of(&self.path, Readers::User)?;
        new.write_all(text.as_bytes())?;
        // The old file is closed before the new one takes its place, as Windows wants it.
        self.file = new.file()?.try_clone()?;
        let done = new.finish();
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        done?;
        self.digests.retain(|digest| kept.contains(digest));
        Ok(())
    }
}

/// Whether a file is so long that it may be worth writing it again.
fn is_long(held: &[Digest]) -> bool {
    held.len() > 2 * MOST_REMEMBERED
}

fn line(digest: &Digest) -> String {
    let mut line = base16ct::lower::encode_string(digest);
    line.push('\n');
    line
}
