//! What systems do differently with files: how a folder is distinguished from a file, how a resolved path
//! is written, how a file takes another's place, and how it becomes durable. And how files of lines are read.

#[cfg(feature = "cli")]
mod access;
mod blocks;
mod identity;
mod path;
#[cfg(feature = "cli")]
mod private;
mod replace;
mod sync;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(feature = "cli")]
pub use access::{make_private, other_readers};
pub(crate) use blocks::{Block, Blocks, lines_of, pieces_of};
pub use identity::{FileId, names};
pub use path::canonicalize;
#[cfg(feature = "cli")]
pub use private::{SecretReadError, read_private};
#[cfg(feature = "cli")]
pub use replace::create;
pub use replace::{Readers, Replacement, rename, rename_to_free};
#[cfg(feature = "cli")]
pub use sync::is_weakly_synced;
pub use sync::{sync_data, sync_file, sync_folder, sync_folder_of};

/// Opens a file to read it. A folder is refused as one (`IsADirectory`), also by Windows, which
/// itself only says that access is denied.
pub fn open(path: &Path) -> io::Result<File> {
    let is_folder = || io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, not a file");
    match File::open(path) {
        Ok(file) if file.metadata()?.is_dir() => Err(is_folder()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path.is_dir() => {
            Err(is_folder())
        }
        opened => opened,
    }
}

/// Opens a file that is read whole before anything is done. Only a regular file will do: a named
/// pipe or a device would be waited for, perhaps for ever.
#[cfg(feature = "cli")]
pub fn open_regular(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    let file = {
        use std::os::unix::fs::OpenOptionsExt;
        // Opening a named pipe would wait for its writer.
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        let mut options = File::options();
        options.read(true).custom_flags(flags.bits() as i32);
        options.open(path)?
    };
    #[cfg(not(unix))]
    let file = open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    let what = if kind.is_dir() {
        "it is a folder, not a file"
    } else {
        "it is a pipe or a device, not a file"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// How files of the user's own are made. No one else may read them, where the system has such modes.
pub fn options_of_user() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder of the user's own, with those above it.
#[cfg(any(feature = "cli", feature = "postgres"))]
pub fn make_folder_of_user(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// This computer's name, as people know it.
#[cfg(unix)]
pub fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// This computer's name, as people know it.
#[cfg(not(unix))]
pub fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "unknown".to_owned())
}

/// A path as people type it: one below the current folder begins there.
#[cfg(feature = "cli")]
pub fn path_from_here(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path)
}

/// User and host, as the log names who decided.
#[cfg(feature = "cli")]
pub fn user_and_host() -> String {
    let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(var);
    let user = user.as_deref().unwrap_or("unknown");
    format!("{user}@{}", host_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_called_one() {
        let dir = tempfile::tempdir().unwrap();
        let error = open(dir.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert!(error.to_string().contains("folder"));
        let error = open(&dir.path().join("none")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        std::fs::write(dir.path().join("a"), "x").unwrap();
        open(&dir.path().join("a")).unwrap();
    }
}
