//! Files with a secret in them: read only when no one else can read or change them.

use std::io::{self, Read};
use std::path::Path;

use super::open_regular;

/// A secret is one short line.
const MAX_BYTES: u64 = 64 * 1024;

/// Why a secret was not read.
#[derive(Debug, thiserror::Error)]
pub enum SecretReadError {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Others can read or change it.
    #[error("others can read or change it (mode {mode:04o})")]
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has modes"))]
    Shared {
        /// As `chmod` has it.
        mode: u32,
    },
}

/// The text of the file at `path`, without a byte order mark; `None` when there is none. On Unix a file that others can read or
/// write is refused. Windows has access lists, which `init` sets.
pub fn read_private(path: &Path) -> Result<Option<String>, SecretReadError> {
    let file = match open_regular(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    check_mode(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    // What Windows writes may be UTF-16, or have a mark in front.
    let (text, ..) = encoding_rs::UTF_8.decode(&bytes);
    Ok(Some(text.into_owned()))
}

#[cfg(unix)]
fn check_mode(metadata: &std::fs::Metadata) -> Result<(), SecretReadError> {
    use std::os::unix::fs::MetadataExt;
    match metadata.mode() & 0o777 {
        mode if mode & 0o066 == 0 => Ok(()),
        mode => Err(SecretReadError::Shared { mode }),
    }
}

#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "the same signature on every platform"
)]
fn check_mode(_: &std::fs::Metadata) -> Result<(), SecretReadError> {
    Ok(())
}
