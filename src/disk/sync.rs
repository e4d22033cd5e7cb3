//! Making files and their names durable, as far as the drive can.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set once a drive could not do what was asked of it.
static WEAK: AtomicBool = AtomicBool::new(false);

/// Whether a drive took less than was asked for: its own memory was not emptied, or a folder not
/// synced. It is reported once a run.
#[cfg(feature = "cli")]
pub fn is_weakly_synced() -> bool {
    WEAK.load(Ordering::Relaxed)
}

/// Makes a file's content and size durable.
pub fn sync_data(file: &File) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    let full = || file.sync_data();
    as_far_as_possible(full, || plain_sync(file))
}

/// Makes a file's content and everything about it durable.
pub fn sync_file(file: &File) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    let full = || file.sync_all();
    as_far_as_possible(full, || plain_sync(file))
}

/// Makes the names in a folder durable. A folder that cannot be synced, as on some network drives,
/// is left as it is.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows has no such call; its file systems journal the names themselves.
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| sync_file(&folder)) {
        Err(error) if is_unsupported(&error) => {
            WEAK.store(true, Ordering::Relaxed);
            Ok(())
        }
        done => done,
    }
}

/// The same for the folder in which `path` is.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync_folder(folder),
        _ => sync_folder(Path::new(".")),
    }
}

/// On macOS the standard library has the drive empty its own memory (`F_FULLFSYNC`), which network
/// drives refuse; then the content is handed to the drive, as other systems do.
fn as_far_as_possible(
    full: impl FnOnce() -> io::Result<()>,
    plain: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    match full() {
        Err(error) if is_unsupported(&error) => {
            plain()?;
            WEAK.store(true, Ordering::Relaxed);
            Ok(())
        }
        done => done,
    }
}

#[cfg(unix)]
fn plain_sync(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fsync(file)?)
}

#[cfg(unix)]
fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let unsupported = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOTTY, Errno::INVAL];
    Errno::from_io_error(error).is_some_and(|errno| unsupported.contains(&errno))
}

#[cfg(not(unix))]
fn plain_sync(file: &File) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    file.sync_all()
}

#[cfg(not(unix))]
fn is_unsupported(_: &io::Error) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    /// What becomes of the call for the drive's own memory, and of the one without it.
    fn outcome(full: Result<(), Errno>, plain: Result<(), Errno>) -> Result<(), Errno> {
        let done = as_far_as_possible(|| Ok(full?), || Ok(plain?));
        done.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::PERM))
    }

    #[test]
    fn a_drive_that_cannot_empty_its_memory_gets_the_plain_call() {
        for refusal in [Errno::NOTSUP, Errno::NOTTY, Errno::INVAL] {
            assert_eq!(outcome(Err(refusal), Ok(())), Ok(()), "{refusal:?}");
            assert!(is_weakly_synced());
            let failed = outcome(Err(refusal), Err(Errno::IO));
            assert_eq!(failed, Err(Errno::IO), "{refusal:?}");
        }
    }

    #[test]
    fn a_failed_sync_is_never_tried_in_another_way() {
        for failure in [Errno::IO, Errno::NOSPC, Errno::DQUOT, Errno::ACCESS] {
            assert_eq!(outcome(Err(failure), Ok(())), Err(failure));
        }
    }

    #[test]
    fn files_and_folders_are_synced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let file = File::create(&path).unwrap();
        sync_data(&file).unwrap();
        sync_file(&file).unwrap();
        sync_folder_of(&path).unwrap();
        sync_folder(&dir.path().join("none")).unwrap_err();
    }

    #[test]
    fn a_folder_that_cannot_be_synced_is_left_as_it_is() {
        // Pipes and devices answer EINVAL, as folders on some network drives do.
        sync_folder(Path::new("/dev/null")).unwrap();
    }
}
