//! What this computer remembers of logs beside their mirrors.
//!
//! Lines that commands have seen in a log since its mirror was caught up: a command that writes works on a
//! copy of its own. What it reads and writes is kept here as well, and what it announces is on the disk before
//! it is sent. So a log that was put back to an earlier state is known by the computer that has ordered, also
//! where the command was killed right after.
//!
//! And logs that stood where another one stands now, or none: their tables were dropped, their server was lost,
//! or the wrong backup was restored. A log that is created there again is empty, and everything would be ordered
//! again. What this computer remembers of the earlier one says so.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use etcetera::BaseStrategy;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio_postgres::{Error, GenericClient};

use super::super::fault::DatabaseError;
use super::handle::LogHandle;
use super::lines;
use super::session::Session;
use crate::disk::{self, Readers, Replacement};
use crate::jobs::Line;

/// How long another command that has a lock is waited for.
const LOCK_LIMIT: Duration = Duration::from_secs(10);
/// How often it is tried again: the system has no event for a free lock that can be given up on.
const RETRY: Duration = Duration::from_millis(20);
/// Bytes of lines after which the mirror is to take them in.
const MUCH: u64 = 32 << 20;
/// Lines that are looked for at once.
const PART: usize = 1000;

/// The folder of what this computer keeps of logs; none where it cannot be written to.
pub(super) fn folder() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    let folder = base.cache_dir().join("creativeai").join("logs");
    disk::make_folder_of_user(&folder).ok()?;
    Some(folder)
}

/// The files that this computer keeps of the log of this name, by their endings; none where no folder
/// can be written to.
pub(super) fn files_of(name: &str) -> Option<impl Fn(&str) -> PathBuf> {
    let folder = folder()?;
    let name = name.to_owned();
    Some(move |ending: &str| folder.join(format!("{name}.{ending}")))
}

/// Opens a file to be locked.
pub(super) fn open_lock(path: PathBuf) -> io::Result<File> {
    let mut options = disk::options_of_user();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path)
}

/// Locks it, unless another command takes too long.
pub(super) fn lock(file: &File) -> io::Result<()> {
    let until = Instant::now() + LOCK_LIMIT;
    while file.try_lock().is_err() {
        if Instant::now() >= until {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "another command keeps it locked",
            ));
        }
        std::thread::sleep(RETRY);
    }
    Ok(())
}

/// What was seen of one log.
#[derive(Debug)]
pub(super) struct RecentLines {
    lines: PathBuf,
    lock: File,
}

impl RecentLines {
    /// Of the log of this name; none where no folder can be written to.
    pub fn of(name: &str) -> Option<Self> {
        let path = files_of(name)?;
        Some(Self {
            lines: path("recent"),
            lock: open_lock(path("recent.lock")).ok()?,
        })
    }

    /// Adds whole lines that the log holds. What was added so far is on the disk after that where it
    /// `must_last`. Whether there is now so much that the mirror should take it in.
    pub fn add(&self, lines: &str, must_last: bool) -> io::Result<bool> {
        if lines.is_empty() && !must_last {
            return Ok(false);
        }
        self.locked(|| {
            let mut options = disk::options_of_user();
            let mut file = options.append(true).create(true).open(&self.lines)?;
            let before = file.metadata()?.len();
            // After a partial line left by a killed command, a new line starts.
            let text = format!("\n{lines}");
            file.write_all(text.as_bytes())?;
            if before == 0 {
                disk::sync_folder_of(&self.lines)?;
            }
            if must_last {
                disk::sync_data(&file)?;
            }
            // Once for each further part: where it cannot be taken in, not every line tries anew.
            Ok(before / MUCH < (before + text.len() as u64) / MUCH)
        })
    }

    /// All of it. There may be parts of lines, and empty ones.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        self.locked(|| self.content())
    }

    /// Forgets the first `len` bytes; others may have added more.
    pub fn forget(&self, len: usize) -> io::Result<()> {
        self.locked(|| {
            let content = self.content()?;
            let new = Replacement::of(&self.lines, Readers::User)?;
            new.file()?
                .write_all(content.get(len..).unwrap_or_default())?;
            new.finish()
        })
    }

    fn content(&self) -> io::Result<Vec<u8>> {
        match fs::read(&self.lines) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    fn locked<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        lock(&self.lock)?;
        let done = work();
        // What counts is whether the work was done: Wine reports the second unlocking that the standard
        // library makes on Windows as an error, and a lock that were left would end with its file.
        drop(self.lock.unlock());
        done
    }
}

/// The whole lines of `recent` that the log does not hold.
pub(super) async fn lost(
    recent: &[u8],
    log: &LogHandle<'_, impl GenericClient>,
) -> Result<String, Error> {
    let text = String::from_utf8_lossy(recent);
    let all: Vec<&str> = text.split('\n').filter(|line| !line.is_empty()).collect();
    let mut lost = String::new();
    for part in all.chunks(PART) {
        let digests: Vec<_> = part.iter().map(|line| lines::digest(line)).collect();
        for place in lines::missing(log, &digests).await? {
            let line = part[place];
            // What a killed command has left of one says nothing.
            if serde_json::from_str::<IgnoredAny>(line).is_ok() {
                lost.push_str(line);
                lost.push('\n');
            }
        }
    }
    Ok(lost)
}

/// Where a mirror's log was.
#[derive(Deserialize)]
struct RecentState {
    #[serde(default)]
    at: Vec<String>,
}

/// Where a session's log is, by what its address says: each server with the database, the schema and the
/// log's name.
pub(super) fn places(session: &Session) -> Vec<String> {
    let (schema, log) = (session.address.schema(), session.address.log());
    let servers = session.servers.iter();
    servers
        .map(|server| format!("{server}/{schema}/{log}"))
        .collect()
}

/// Whether the log of this mirror's state was at one of these places.
pub(super) fn was_at(state: &Path, places: &[String]) -> bool {
    let text = fs::read(state).unwrap_or_default();
    let state = serde_json::from_slice::<RecentState>(&text);
    state.is_ok_and(|state| state.at.iter().any(|at| places.contains(at)))
}

/// Whether any of these lines is about a live order. Rehearsals may be restarted freely.
pub(super) fn has_live(text: &str) -> bool {
    let is_live = |line: &Line<'_>| {
        let is_order = line.request.is_some() || line.generation_id.is_some();
        is_order && !line.is_sandbox()
    };
    text.lines()
        .any(|line| Line::parts(line).is_ok_and(|parts| parts.iter().any(is_live)))
}

/// What is said of a log that is gone, where this computer remembers orders of it.
pub(super) fn gone(session: &Session) -> Option<DatabaseError> {
    let file = remembered(&places(session))?;
    let address = &session.address;
    Some(DatabaseError::config(
        format!(
            "the job log {address} no longer exists, and this computer remembers its orders in {}",
            file.display()
        ),
        format!(
            "restore the newest backup; or make a new log with `creativeai log init '{address}'`, and on \
             each computer that has worked with the old one run `creativeai status '{address}'`, which shows the command that adds what that computer remembers; nothing was sent"
        ),
    ))
}

/// A mirror with live orders of a log that was at one of these places.
fn remembered(places: &[String]) -> Option<PathBuf> {
    let files = fs::read_dir(folder()?).ok()?;
    let mut states: Vec<PathBuf> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    states.retain(|file| file.extension().is_some_and(|ending| ending == "state"));
    states.sort();
    let has_orders = |lines: &PathBuf| fs::read_to_string(lines).is_ok_and(|text| has_live(&text));
    let mut known = states.into_iter().filter(|state| was_at(state, places));
    known.find_map(|state| Some(state.with_extension("jsonl")).filter(has_orders))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_what_was_read_and_a_part_of_a_line_spoils_none() {
        let dir = tempfile::tempdir().unwrap();
        let recent = RecentLines {
            lines: dir.path().join("recent"),
            lock: open_lock(dir.path().join("lock")).unwrap(),
        };
        assert!(recent.read().unwrap().is_empty());
        recent.forget(0).unwrap();
        recent.add("", false).unwrap();
        assert!(recent.read().unwrap().is_empty());
        recent.add("one\n", true).unwrap();
        fs::write(
            &recent.lines,
            [recent.read().unwrap(), b"tw".to_vec()].concat(),
        )
        .unwrap();
        recent.add("two\nthree\n", false).unwrap();
        let read = recent.read().unwrap();
        assert_eq!(read, b"\none\ntw\ntwo\nthree\n");
        recent.add("four\n", false).unwrap();
        recent.forget(read.len()).unwrap();
        assert_eq!(recent.read().unwrap(), b"\nfour\n");
    }
}
