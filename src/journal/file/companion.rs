//! The files that stand beside a log, and belong to it.

use std::path::{Path, PathBuf};

/// A file beside a log, named after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompanionFile {
    /// Who writes to the log, and how it was left.
    Lock,
    /// Lines that the log did not take in.
    Recover,
    /// While it is there, nothing is ordered.
    Paused,
    /// What rounds have reported.
    Rounds,
    /// The log as it was before it was compacted.
    Old,
    /// The compacted log until it takes the log's place.
    Compacted,
}

impl CompanionFile {
    /// All of them: no other output may take their names.
    pub const ALL: [Self; 6] = [
        Self::Lock,
        Self::Recover,
        Self::Paused,
        Self::Rounds,
        Self::Old,
        Self::Compacted,
    ];

    /// The file of this kind for a log.
    pub fn of(self, log: &Path) -> PathBuf {
        let mut name = log.as_os_str().to_owned();
        name.push(match self {
            Self::Lock => ".lock",
            Self::Recover => ".recover",
            Self::Paused => ".paused",
            Self::Rounds => ".rounds",
            Self::Old => ".1",
            Self::Compacted => ".compact.tmp",
        });
        PathBuf::from(name)
    }
}
