//! What `listen --forward` has forwarded: a digest for each delivery, in a file beside the captures.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::outgoing::{DeliveryDigest, Outgoing, digest_of};
use super::{ForwardEvent, ForwardReporter};
use crate::disk::{Readers, Replacement};
use crate::webhook::{self, Verification, VerifiedEntry, VerifyKeys};

/// Deliveries that are remembered although the capture file no longer holds them, newest first: the
/// vendor may send one again.
const MOST_REMEMBERED: usize = 10_000;

/// The file beside the captures.
pub fn beside(captures: &Path) -> PathBuf {
    let mut path = captures.as_os_str().to_owned();
    path.push(".forwarded");
    path.into()
}

/// What a look through the capture file has found.
pub struct PendingDeliveries {
    /// The verified deliveries that were not forwarded, in the file's order.
    pub waiting: Vec<Outgoing>,
    /// How many others have a signature that holds with none of the keys.
    pub unverified: usize,
}

/// The deliveries that were forwarded.
pub struct ForwardedDeliveries {
    captures: PathBuf,
    keys: VerifyKeys,
    digests: HashSet<DeliveryDigest>,
    /// What the file held when it was opened, in its order, until that was looked through.
    held: Vec<DeliveryDigest>,
    /// What of that the capture file holds, verified or not: a key may be given again. `None` while that
    /// is not known.
    captured: Option<HashSet<DeliveryDigest>>,
    path: PathBuf,
    file: File,
}

impl ForwardedDeliveries {
    /// Opens the file beside the captures. Where there is none yet, what was captured until now
    /// counts as forwarded: only what comes from now on is meant.
    pub fn open(
        captures: &Path,
        keys: &VerifyKeys,
        report: ForwardReporter<'_>,
    ) -> io::Result<Self> {
        let path = beside(captures);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let older = all_of(captures)?;
                let text: String = older.iter().map(line).collect();
                // Whole or not at all: with a part of it the rest would be sent.
                let mut new = Replacement::of(&path, Readers::User)?;
                new.write_all(text.as_bytes())?;
                new.finish()?;
                if !older.is_empty() {
                    report(ForwardEvent::Earlier(older.len() as u64));
                }
                text
            }
            Err(error) => return Err(error),
        };
        let mut delivered = Self {
            captures: captures.to_owned(),
            keys: keys.clone(),
            digests: HashSet::new(),
            held: Vec::new(),
            captured: None,
            file: OpenOptions::new().append(true).open(&path)?,
            path,
        };
        delivered.read(&text)?;
        Ok(delivered)
    }

    fn append(&self, text: &[u8]) -> io::Result<()> {
        (&self.file).write_all(text)
    }

    fn read(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            let mut digest = DeliveryDigest::default();
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

    /// Reads the whole capture file, which may take a while.
    pub fn look(&mut self) -> PendingDeliveries {
        let digests = &self.digests;
        let settle = |entry: &VerifiedEntry<'_>| {
            let capture = entry.capture()?;
            let digest = digest_of(capture);
            let kept = match &entry.verification {
                _ if digests.contains(&digest) => CaptureEntry::Other,
                Verification::Rejected(_) => CaptureEntry::Unverified,
                proven => {
                    Outgoing::of(capture, proven).map_or(CaptureEntry::Other, CaptureEntry::Waiting)
                }
            };
            Some((digest, kept))
        };
        let is_long = is_long(&self.held);
        let (mut waiting, mut unverified) = (Vec::new(), HashSet::new());
        let mut captured = HashSet::new();
        // What cannot be read is not a delivery that was answered with 200.
        let read = webhook::replay_kept(
            &self.captures,
            &self.keys,
            |entries: &[VerifiedEntry<'_>]| entries.iter().filter_map(settle).collect::<Vec<_>>(),
            |some| {
                for (digest, kept) in some {
                    match kept {
                        CaptureEntry::Waiting(one) => waiting.push(one),
                        CaptureEntry::Unverified => drop(unverified.insert(digest)),
                        CaptureEntry::Other => {}
                    }
                    if is_long {
                        captured.insert(digest);
                    }
                }
                Ok(())
            },
        );
        self.captured = read.is_ok().then_some(captured);
        PendingDeliveries {
            waiting,
            unverified: unverified.len(),
        }
    }

    /// Writes the file again with what is still to be remembered, once [`Self::look`] has read the
    /// captures: what these hold, and the newest of the rest. Nothing is forwarded a
    /// second time for that.
    pub fn shorten(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let Some(captured) = self.captured.take().filter(|_| is_long(&held)) else {
            return Ok(());
        };
        let newest = held.len().saturating_sub(MOST_REMEMBERED);
        let mut kept = HashSet::new();
        let is_kept =
            |&(at, digest): &(usize, &DeliveryDigest)| at >= newest || captured.contains(digest);
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

/// What an entry of the capture file is.
enum CaptureEntry {
    Waiting(Outgoing),
    Unverified,
    /// Forwarded, or nothing that ever is.
    Other,
}

/// What the capture file holds, each once. Nothing is verified for that: what was captured with an older
/// key counts, too.
fn all_of(captures: &Path) -> io::Result<Vec<DeliveryDigest>> {
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    webhook::replay_kept(
        captures,
        &VerifyKeys::default(),
        |entries: &[VerifiedEntry<'_>]| {
            let captures = entries.iter().filter_map(VerifiedEntry::capture);
            captures.map(digest_of).collect::<Vec<_>>()
        },
        |some| {
            all.extend(some.into_iter().filter(|digest| seen.insert(*digest)));
            Ok(())
        },
    )
    .map_err(io::Error::other)?;
    Ok(all)
}

/// Whether a file is so long that it may be worth writing it again.
fn is_long(held: &[DeliveryDigest]) -> bool {
    held.len() > 2 * MOST_REMEMBERED
}

fn line(digest: &DeliveryDigest) -> String {
    let mut line = base16ct::lower::encode_string(digest);
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::forward::fixture::{self, line as capture};

    fn open(captures: &Path, keys: &VerifyKeys) -> ForwardedDeliveries {
        ForwardedDeliveries::open(captures, keys, &|_| {}).unwrap()
    }

    fn ids(found: &PendingDeliveries) -> Vec<&str> {
        found.waiting.iter().map(|one| &*one.id).collect()
    }

    #[cfg(unix)]
    #[test]
    fn what_was_captured_earlier_is_noted_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let captures = fixture::pipe(dir.path());
        let notes = beside(&captures);
        std::thread::scope(|scope| {
            let writes = scope.spawn(|| {
                let mut pipe = File::options().write(true).open(&captures).unwrap();
                let is_there = notes.exists();
                pipe.write_all(capture(1).as_bytes()).unwrap();
                is_there
            });
            open(&captures, &fixture::keys());
            assert!(!writes.join().unwrap(), "a stop now would forward it all");
        });
        assert_eq!(std::fs::read_to_string(&notes).unwrap().lines().count(), 1);
    }

    #[test]
    fn what_was_captured_with_another_key_stays_noted_and_what_waits_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let captures = dir.path().join("captures.jsonl");
        std::fs::write(&captures, capture(1)).unwrap();
        // All that was captured before counts as forwarded, whatever the key was.
        drop(open(&captures, &fixture::new_keys()));
        std::fs::write(&captures, [capture(1), capture(2), capture(2)].concat()).unwrap();
        let notes = beside(&captures);
        let taken = std::fs::read_to_string(&notes).unwrap();
        let other = (0..25_000).fold(String::new(), |text, n| text + &format!("{n:032x}\n"));
        std::fs::write(&notes, taken + &other).unwrap();

        let mut delivered = open(&captures, &fixture::new_keys());
        let found = delivered.look();
        assert_eq!((ids(&found), found.unverified), (vec![], 1));
        delivered.shorten().unwrap();
        let kept = std::fs::read_to_string(&notes).unwrap().lines().count();
        assert_eq!(kept, 10_001);
        let found = open(&captures, &fixture::keys()).look();
        assert_eq!(
            (ids(&found), found.unverified),
            (vec!["vgen_2", "vgen_2"], 0)
        );
    }
}
