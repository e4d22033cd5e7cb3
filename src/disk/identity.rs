//! Which file it is, whatever name it was opened by.

use std::fs::File;
use std::io;

/// What distinguishes a file from every other one, as long as it exists: its disk, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    disk: u64,
    number: u64,
}

impl FileId {
    /// The opened file's.
    pub fn of(file: &File) -> io::Result<Self> {
        look(file).map(|(id, _)| id)
    }
}

/// How many names (hard links) a file has.
pub fn names(file: &File) -> io::Result<u64> {
    look(file).map(|(_, names)| names)
}

#[cfg(unix)]
fn look(file: &File) -> io::Result<(FileId, u64)> {
    use std::os::unix::fs::MetadataExt;
    let meta = file.metadata()?;
    let id = FileId {
        disk: meta.dev(),
        number: meta.ino(),
    };
    Ok((id, meta.nlink()))
}

/// The standard library does not have it for Windows. When a file was made does not distinguish it:
/// Windows gives that time to the next file of the same name, too.
#[cfg(windows)]
fn look(file: &File) -> io::Result<(FileId, u64)> {
    let found = winapi_util::file::information(file)?;
    let id = FileId {
        disk: found.volume_serial_number(),
        number: found.file_index(),
    };
    Ok((id, found.number_of_links()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_stays_the_same_by_another_name_and_with_other_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let id = |path| FileId::of(&File::open(path).unwrap()).unwrap();
        fs::write(&path, "content").unwrap();
        let first = id(&path);
        fs::write(&path, "other content").unwrap();
        let linked = folder.path().join("linked");
        fs::hard_link(&path, &linked).unwrap();
        assert_eq!((id(&path), id(&linked)), (first, first));
        assert_eq!(names(&File::open(&path).unwrap()).unwrap(), 2);

        let copy = folder.path().join("copy");
        fs::copy(&path, &copy).unwrap();
        fs::rename(&copy, &path).unwrap();
        assert_ne!(id(&path), first);
        assert_eq!(names(&File::open(&path).unwrap()).unwrap(), 1);
    }
}
