//! Giving a file its name, in the place of another where there is one.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::sync::{sync_file, sync_folder_of};

/// How long a file that another program has open is waited for, in all: a virus scanner or a
/// search index is through with it by then.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// Lets `temp` take the place of the file at `path`, durably: a reader finds the old file or the
/// whole new one. The new one gets the old one's permissions.
pub fn replace(temp: NamedTempFile, path: &Path) -> io::Result<()> {
    let old = fs::metadata(path).ok();
    // Windows forgets a read-only mark here, so that it is set after the name.
    if cfg!(unix)
        && let Some(old) = &old
    {
        temp.as_file().set_permissions(old.permissions())?;
    }
    sync_file(temp.as_file())?;
    // A temporary file of Windows stays marked as one unless it is kept.
    let (file, from) = temp.keep().map_err(|error| error.error)?;
    drop(file);
    if let Err(error) = rename(&from, path) {
        // What is left is no more than a copy of what could not be put in its place.
        let _ = fs::remove_file(&from);
        return Err(error);
    }
    if cfg!(windows)
        && let Some(old) = old
        && old.permissions().readonly()
    {
        fs::set_permissions(path, old.permissions())?;
    }
    sync_folder_of(path)
}

/// Writes a new file, durably and all at once: it is not there, or it is whole. A file that is
/// there already is left alone: `AlreadyExists`.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".new-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: what the user's mask leaves of it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut temp = builder.tempfile_in(folder)?;
    temp.write_all(content)?;
    sync_file(temp.as_file())?;
    temp.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder_of(path)
}

/// Renames a file or a folder; a file of that name is replaced, even one that is read-only. While
/// another program has one of them open in a way that forbids it, which only Windows knows, it is
/// tried again for a while.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let done = patiently(|| rename_once(from, to), is_in_use, std::thread::sleep);
    done.map_err(|error| {
        if is_in_use(&error) {
            let advice = "it seems to be open in another program; close it there and run the \
                          command again";
            io::Error::new(error.kind(), format!("{error}: {advice}"))
        } else {
            error
        }
    })
}

fn rename_once(from: &Path, to: &Path) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    let once = || fs::rename(from, to);
    match (once(), fs::metadata(to)) {
        // Not every Windows replaces a file with this mark.
        (Err(error), Ok(meta)) if is_in_use(&error) && meta.permissions().readonly() => {
            let mut writable = meta.permissions();
            #[expect(clippy::permissions_set_readonly_false, reason = "Windows only")]
            writable.set_readonly(false);
            fs::set_permissions(to, writable)?;
            once().or_else(|error| fs::set_permissions(to, meta.permissions()).and(Err(error)))
        }
        (done, _) => done,
    }
}

/// Does it again while it fails for a `passing` reason, up to [`PATIENCE`].
fn patiently(
    once: impl Fn() -> io::Result<()>,
    passing: impl Fn(&io::Error) -> bool,
    sleep: impl Fn(Duration),
) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    let mut wait = FIRST_WAIT;
    loop {
        match once() {
            Err(error) if passing(&error) && waited < PATIENCE => {
                sleep(wait);
                waited += wait;
                wait *= 2;
            }
            done => return done,
        }
    }
}

/// Whether Windows refused because a program has the file open. It says "access denied" for that
/// too.
fn is_in_use(error: &io::Error) -> bool {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const LOCK_VIOLATION: i32 = 33;
    const USER_MAPPED_FILE: i32 = 1224;
    cfg!(windows)
        && matches!(
            error.raw_os_error(),
            Some(ACCESS_DENIED | SHARING_VIOLATION | LOCK_VIOLATION | USER_MAPPED_FILE)
        )
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    fn temp_in(folder: &Path, content: &str) -> NamedTempFile {
        let mut temp = NamedTempFile::new_in(folder).unwrap();
        temp.write_all(content.as_bytes()).unwrap();
        temp
    }

    #[test]
    fn a_new_file_takes_the_old_ones_place_and_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        for content in ["first", "second"] {
            replace(temp_in(dir.path(), content), &path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_read_only_file_is_replaced_and_stays_read_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        fs::write(&path, "old").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        replace(temp_in(dir.path(), "new"), &path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        assert!(permissions.readonly());
        // Windows could not remove it otherwise.
        #[expect(clippy::permissions_set_readonly_false, reason = "it is removed next")]
        permissions.set_readonly(false);
        fs::set_permissions(&path, permissions).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_put_in_place_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder");
        fs::create_dir_all(path.join("full")).unwrap();
        replace(temp_in(dir.path(), "new"), &path).unwrap_err();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_there_is_not_created_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("creativeai.toml");
        create(&path, b"mine").unwrap();
        let error = create(&path, b"other").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_passes_is_waited_for_and_what_does_not_is_given_up() {
        let slept = RefCell::new(Vec::new());
        let failures = Cell::new(3);
        let once = || match failures.get() {
            0 => Ok(()),
            left => {
                failures.set(left - 1);
                Err(io::Error::other("in use"))
            }
        };
        let sleep = |wait| slept.borrow_mut().push(wait);
        patiently(once, |_| true, sleep).unwrap();
        assert_eq!(*slept.borrow(), [1, 2, 4].map(|n| n * FIRST_WAIT));

        slept.borrow_mut().clear();
        let never = || Err(io::Error::other("in use"));
        patiently(never, |_| true, sleep).unwrap_err();
        let all: Duration = slept.borrow().iter().sum();
        assert!(all >= PATIENCE && all < 3 * PATIENCE, "{all:?}");

        slept.borrow_mut().clear();
        patiently(never, |_| false, sleep).unwrap_err();
        assert!(slept.borrow().is_empty());
    }

    /// A program that lets others neither write nor rename, as most of Windows' own do.
    #[cfg(windows)]
    fn open_for_oneself(path: &Path) -> fs::File {
        use std::os::windows::fs::OpenOptionsExt;
        const FILE_SHARE_READ: u32 = 1;
        let mut options = fs::OpenOptions::new();
        options.read(true).share_mode(FILE_SHARE_READ);
        options.open(path).unwrap()
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_is_open_elsewhere_is_replaced_once_it_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        fs::write(&path, "old").unwrap();
        let reader = Cell::new(Some(open_for_oneself(&path)));
        let from = dir.path().join("new");
        fs::write(&from, "new").unwrap();
        let tries = Cell::new(0);
        let once = || {
            tries.set(tries.get() + 1);
            fs::rename(&from, &path)
        };
        patiently(once, is_in_use, |_| drop(reader.take())).unwrap();
        assert_eq!(tries.get(), 2);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_stays_open_elsewhere_is_said_to_be_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        fs::write(&path, "old").unwrap();
        let _reader = open_for_oneself(&path);
        let error = replace(temp_in(dir.path(), "new"), &path).unwrap_err();
        assert!(error.to_string().contains("close it there"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
