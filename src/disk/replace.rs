//! Giving a file its name, in the place of another where there is one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sync::{sync_file, sync_folder_of};

/// How long a file that another program has open is waited for, in all: a virus scanner or a
/// search index is through with it by then.
const RETRY_LIMIT: Duration = Duration::from_secs(5);
/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// Who may read a new file. Where there is an old one, the new one gets its permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// The user alone.
    User,
    /// As the system does it with any new file.
    Usual,
}

/// A file that is written beside another and then takes its place, so that a reader finds the old
/// one or the whole new one. It is removed when it is dropped before that.
#[derive(Debug)]
pub struct Replacement<'a> {
    /// None once it is complete.
    file: Option<File>,
    from: PathBuf,
    to: &'a Path,
}

impl<'a> Replacement<'a> {
    /// Begins a file that is to be at `to`.
    pub fn of(to: &'a Path, readers: Readers) -> io::Result<Self> {
        let options = options(readers);
        loop {
            let from = to.with_file_name(format!(".creativeai-{:016x}.new", fastrand::u64(..)));
            match options.open(&from) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => {
                    let file = Some(opened?);
                    return Ok(Self { file, from, to });
                }
            }
        }
    }

    /// The file as far as it is written.
    pub fn file(&self) -> io::Result<&File> {
        self.file
            .as_ref()
            .ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// The same under the name `from`, beside `to`, so that a run which is killed leaves one file at
    /// most: what an earlier one has left is removed. Others must not do the same at the same time.
    pub fn by_name(to: &'a Path, from: PathBuf, readers: Readers) -> io::Result<Self> {
        match fs::remove_file(&from) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = Some(options(readers).open(&from)?);
        Ok(Self { file, from, to })
    }

    /// Gives it the owner and group of the file whose place it takes, where systems have such.
    #[cfg_attr(
        not(unix),
        expect(
            clippy::unused_self,
            clippy::unnecessary_wraps,
            reason = "only Unix has owners and groups like that"
        )
    )]
    pub fn keep_owner(&self) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(file) = &self.file {
            use std::os::unix::fs::{MetadataExt, fchown};
            let (old, new) = (fs::metadata(self.to)?, file.metadata()?);
            if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
                fchown(file, Some(old.uid()), Some(old.gid()))?;
            }
        }
        Ok(())
    }

    /// Puts it in place, durably.
    pub fn finish(mut self) -> io::Result<()> {
        let old = fs::metadata(self.to).ok().map(|meta| meta.permissions());
        if let Some(file) = &self.file {
            if let Some(old) = &old {
                file.set_permissions(old.clone())?;
            }
            sync_file(file)?;
        }
        self.file = None;
        rename(&self.from, self.to)?;
        sync_folder_of(self.to)
    }
}

fn options(readers: Readers) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(match readers {
            Readers::User => 0o600,
            Readers::Usual => 0o666,
        });
    }
    #[cfg(not(unix))]
    let _ = readers;
    options
}

impl Write for Replacement<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = self.file.as_mut();
        file.ok_or(io::ErrorKind::BrokenPipe)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Replacement<'_> {
    fn drop(&mut self) {
        self.file = None;
        // Once it has its place, there is nothing under this name.
        if let Ok(meta) = fs::symlink_metadata(&self.from) {
            make_writable(&self.from, &meta);
            // What is left is only a copy of what could not be put in place.
            let _ = fs::remove_file(&self.from);
        }
    }
}

/// Takes the mark "read-only" off a file, which on Windows forbids to replace or remove it.
fn make_writable(path: &Path, meta: &fs::Metadata) -> bool {
    let mut permissions = meta.permissions();
    if cfg!(unix) || !permissions.readonly() {
        return false;
    }
    #[expect(clippy::permissions_set_readonly_false, reason = "Windows only")]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions).is_ok()
}

/// Writes a new file, durably. One that is there already is left alone: `AlreadyExists`.
#[cfg(feature = "cli")]
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file.write_all(content).and_then(|()| sync_file(&file));
    if let Err(error) = written {
        drop(file);
        // Half a file would be taken for a whole one.
        let _ = fs::remove_file(path);
        return Err(error);
    }
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

/// Renames a file to a name that is free; one that is taken, even at the last moment, is left alone
/// ([`io::ErrorKind::AlreadyExists`]). A disk that knows no second names is looked at first, which is
/// nearly as good.
pub fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {
            // What is left of it is whole under its new name.
            let _ = patiently(|| fs::remove_file(from), is_in_use, std::thread::sleep);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => rename(from, to),
    }
}

fn rename_once(from: &Path, to: &Path) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    let once = || fs::rename(from, to);
    match (once(), fs::metadata(to)) {
        // Not every Windows replaces a file with this mark.
        (Err(error), Ok(meta)) if is_in_use(&error) && make_writable(to, &meta) => {
            once().or_else(|error| fs::set_permissions(to, meta.permissions()).and(Err(error)))
        }
        (done, _) => done,
    }
}

/// Does it again while it fails for a `passing` reason, up to [`RETRY_LIMIT`].
fn patiently(
    once: impl Fn() -> io::Result<()>,
    passing: impl Fn(&io::Error) -> bool,
    sleep: impl Fn(Duration),
) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    let mut wait = FIRST_WAIT;
    loop {
        match once() {
            Err(error) if passing(&error) && waited < RETRY_LIMIT => {
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

    fn replace(path: &Path, content: &str) -> io::Result<()> {
        let mut new = Replacement::of(path, Readers::Usual)?;
        new.write_all(content.as_bytes())?;
        new.finish()
    }

    #[test]
    fn a_new_file_takes_the_old_ones_place_and_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        for content in ["first", "second"] {
            replace(&path, content).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_name_that_is_taken_is_not_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["part", "clip.mp4"].map(|name| dir.path().join(name));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "of someone else").unwrap();
        let refused = rename_to_free(&from, &to).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&to).unwrap(), "of someone else");
        fs::remove_file(&to).unwrap();
        rename_to_free(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "new");
        assert!(!from.exists());
    }

    #[test]
    fn a_read_only_file_is_replaced_and_stays_read_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        fs::write(&path, "old").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        let meta = fs::metadata(&path).unwrap();
        assert!(meta.permissions().readonly());
        // Windows could not remove it otherwise.
        make_writable(&path, &meta);
    }

    #[test]
    fn a_file_that_cannot_be_put_in_place_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("folder");
        fs::create_dir_all(path.join("full")).unwrap();
        replace(&path, "new").unwrap_err();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_begun_and_given_up_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        let mut new = Replacement::of(&path, Readers::User).unwrap();
        new.write_all(b"half").unwrap();
        drop(new);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    // Windows has access lists in place of modes.
    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_the_old_file_else_those_that_were_asked_for() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.jsonl");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        Replacement::of(&path, Readers::User)
            .and_then(Replacement::finish)
            .unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(mode(), 0o640);
    }

    #[test]
    fn a_path_may_be_longer_than_old_programs_of_windows_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir
            .path()
            .join("a-long-name".repeat(9))
            .join("b-long-name".repeat(9));
        let folder = folder.join("c-long-name".repeat(9));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("page.html");
        assert!(path.as_os_str().len() > 300);
        for content in ["first", "second"] {
            replace(&path, content).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        // Wine cannot resolve such a path, Windows can.
        if cfg!(unix) {
            let resolved = crate::disk::canonicalize(&path).unwrap();
            assert_eq!(fs::read_to_string(resolved).unwrap(), "second");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
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
        assert!(all >= RETRY_LIMIT && all < 3 * RETRY_LIMIT, "{all:?}");

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
        let error = replace(&path, "new").unwrap_err();
        assert!(error.to_string().contains("close it there"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
