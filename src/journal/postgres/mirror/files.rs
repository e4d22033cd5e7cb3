//! A mirror's files in the cache folder.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use tempfile::TempPath;

use super::super::super::file::for_each_line;
use super::super::handle::QueryError;
use super::super::recent::{self, RecentLines, places};
use super::super::session::Session;
use super::read::{MirrorState, MirrorSync, digest, read};
use crate::disk::{self, Readers, Replacement};

/// Further places of a log that are remembered.
const MOST_PLACES: usize = 16;

/// Lines that a database does not hold: it has lost them, as after a failover to a server that was
/// behind, or another one holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostLines {
    /// How many.
    pub lines: u64,
    /// The file that keeps them, a log by itself.
    pub file: PathBuf,
    /// Whether they are of an earlier log that stood in the place of this one.
    pub is_earlier: bool,
}

/// Where the lines are.
pub struct LinesFile {
    pub file: PathBuf,
    pub own: Option<TempPath>,
}

/// A mirror's files, locked.
pub(super) struct MirrorFiles {
    /// Of the log as this database holds it.
    pub name: String,
    pub lines: PathBuf,
    state: PathBuf,
    lost: PathBuf,
    recent: RecentLines,
    pub lock: File,
}

impl MirrorFiles {
    /// `None` where no folder can be written to, or another command takes too long.
    pub fn lock(name: &str) -> Option<Self> {
        let path = recent::files_of(name)?;
        let lock = recent::open_lock(path("lock")).ok()?;
        recent::lock(&lock).ok()?;
        Some(Self {
            lines: path("jsonl"),
            state: path("state"),
            lost: path("lost.jsonl"),
            recent: RecentLines::of(name)?,
            name: name.to_owned(),
            lock,
        })
    }

    pub async fn catch_up(
        &self,
        session: &mut Session,
        look: &mut MirrorSync,
        server: String,
    ) -> Result<(MirrorState, LinesFile), QueryError> {
        // Before the log is read: all of it was there by then.
        look.recent = self.recent.read()?;
        let old = self.old_state(&server).unwrap_or_default();
        let is_there = old.newest.is_in(&look.log.of(session)).await?;
        let mut state = if is_there && old.length > 0 {
            self.append(session, look, &old).await?
        } else {
            self.begin_anew(session, look).await?
        };
        state.server = server;
        // One log may have several addresses, as behind a pooler.
        state.at = places(session);
        let others = old
            .at
            .iter()
            .filter(|at| !state.at.contains(at))
            .take(MOST_PLACES);
        state.at = state.at.iter().chain(others).cloned().collect();
        let state_text = serde_json::to_vec(&state).map_err(io::Error::from)?;
        replace(&self.state, &state_text)?;
        if !look.recent.is_empty() {
            self.keep_lost(&look.lost)?;
            // The mirror has the others, and has to keep them.
            disk::sync_data(&OpenOptions::new().write(true).open(&self.lines)?)?;
            self.recent.forget(look.recent.len())?;
        }
        let parts = LinesFile {
            file: self.lines.clone(),
            own: None,
        };
        Ok((state, parts))
    }

    /// What the mirror holds, where it is of the same server and whole.
    fn old_state(&self, server: &str) -> Option<MirrorState> {
        let state: MirrorState = serde_json::from_slice(&fs::read(&self.state).ok()?).ok()?;
        let length = fs::metadata(&self.lines).ok()?.len();
        let is_same = !server.is_empty() && state.server == server;
        (is_same && length >= state.length).then_some(state)
    }

    /// Adds what is new. A command that was killed may have written more than its state says: that is read again.
    async fn append(
        &self,
        session: &mut Session,
        look: &mut MirrorSync,
        old: &MirrorState,
    ) -> Result<MirrorState, QueryError> {
        let mut file = OpenOptions::new().write(true).open(&self.lines)?;
        file.set_len(old.length)?;
        file.seek(SeekFrom::Start(old.length))?;
        let mut writer = BufWriter::new(file);
        let state = read(session, look, old, &mut writer).await?;
        writer.flush()?;
        Ok(state)
    }

    /// Reads the whole log into a new file; readers of the old one keep theirs. What only the old
    /// one holds is kept.
    async fn begin_anew(
        &self,
        session: &mut Session,
        look: &mut MirrorSync,
    ) -> Result<MirrorState, QueryError> {
        let new = Replacement::of(&self.lines, Readers::User)?;
        let mut writer = BufWriter::new(new.file()?.try_clone()?);
        let state = read(session, look, &MirrorState::default(), &mut writer).await?;
        writer.flush()?;
        drop(writer);
        let mut file = new.file()?.try_clone()?;
        file.rewind()?;
        let there = digests(&mut file)?;
        let (lost, _) = besides(std::slice::from_ref(&self.lines), &there)?;
        self.keep_lost(&lost)?;
        new.finish()?;
        Ok(state)
    }

    /// Adds whole lines to those that are lost.
    fn keep_lost(&self, lines: &str) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut options = disk::options_of_user();
        options.append(true).create(true);
        let mut file = options.open(&self.lost)?;
        file.write_all(lines.as_bytes())?;
        disk::sync_file(&file)
    }

    /// What of the lost lines is still not in the log. Once all of them are, they are forgotten.
    pub fn lost(&self) -> io::Result<Option<LostLines>> {
        let mut lost = match File::open(&self.lost) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let missing = {
            let there = digests(&mut File::open(&self.lines)?)?;
            let lost = digests(&mut lost)?;
            lost.difference(&there).count() as u64
        };
        if missing == 0 {
            fs::remove_file(&self.lost)?;
            return Ok(None);
        }
        Ok(Some(LostLines {
            lines: missing,
            file: self.lost.clone(),
            is_earlier: false,
        }))
    }
}

/// Puts a file with this content in the place of another.
pub(super) fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let new = Replacement::of(file, Readers::User)?;
    new.file()?.write_all(content)?;
    new.finish()
}

/// The whole lines of these files that are not `there`, and how many they are. Not all of the files need
/// to be there.
pub(super) fn besides(files: &[PathBuf], there: &HashSet<[u8; 16]>) -> io::Result<(String, u64)> {
    let mut text = String::new();
    let mut found = HashSet::new();
    for file in files {
        let mut file = match File::open(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        for_each_line(&mut file, |_, line| {
            let Ok(line) = line else { return };
            let digest = digest(line);
            // What a killed command has left of one says nothing.
            let is_whole = || serde_json::from_str::<IgnoredAny>(line).is_ok();
            if !there.contains(&digest) && is_whole() && found.insert(digest) {
                text.push_str(line);
                text.push('\n');
            }
        })?;
    }
    Ok((text, found.len() as u64))
}

/// Digests of the lines of a file.
pub(super) fn digests(file: &mut File) -> io::Result<HashSet<[u8; 16]>> {
    let mut found = HashSet::new();
    for_each_line(file, |_, line| {
        found.extend(line.map(digest));
    })?;
    Ok(found)
}
