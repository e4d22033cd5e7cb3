//! Where a memory is kept from round to round.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

use super::memory::RoundMemory;
use crate::disk::{Readers, Replacement};
use crate::journal::{CompanionFile, Location};

/// The file of a log's memory.
pub struct MemoryFile(PathBuf);

impl MemoryFile {
    /// Beside the log; of a log in a database, where programs keep their state on this computer, if
    /// there is such a place.
    pub fn of(log: &Path) -> Option<Self> {
        if !Location::is_address(log) {
            return Some(Self(CompanionFile::Rounds.of(log)));
        }
        let base = etcetera::choose_base_strategy().ok()?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        let digest = Sha256::digest(log.to_string_lossy().as_bytes());
        let name = base16ct::lower::encode_string(&digest[..16]);
        let folder = state.join("creativeai").join("rounds");
        Some(Self(folder.join(format!("{name}.rounds"))))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What was written; nothing where that cannot be read.
    pub fn read(&self) -> RoundMemory {
        RoundMemory::parse(&fs::read_to_string(&self.0).unwrap_or_default())
    }

    /// Writes it, where it is news.
    pub fn write(&self, memory: &RoundMemory) -> io::Result<()> {
        let text = memory.to_text();
        if fs::read_to_string(&self.0).is_ok_and(|there| there == text) {
            return Ok(());
        }
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = Replacement::of(&self.0, Readers::User)?;
        new.file()?.write_all(text.as_bytes())?;
        new.finish()
    }
}
