//! Photos on this computer that are to be uploaded: found, checked, and identified by their
//! content.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use url::Url;

use super::picture::{self, HEAD};
use crate::disk;

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

/// A photo on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPhoto {
    /// Where it is.
    pub path: PathBuf,
    /// The name that it is uploaded under: its content's SHA-256 and its ending.
    pub name: String,
    /// Where it will be online, without a signature.
    pub address: String,
    /// The SHA-256 of its content, hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// e.g. `image/jpeg`.
    pub media_type: &'static str,
}

/// Why a photo on this computer cannot be used, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PhotoProblem {
    pub message: String,
    pub help: String,
    /// Whether it is not there at all, so that the cell may be meant for something else.
    pub is_absent: bool,
}

type PhotoResult = Result<Arc<LocalPhoto>, PhotoProblem>;

/// Photos on this computer, each read once in a run.
#[derive(Debug)]
pub struct LocalPhotos {
    /// What their web addresses begin with; a slash is its end.
    root: String,
    /// The largest that is taken, in bytes.
    max_size: u64,
    found: Mutex<HashMap<PathBuf, PhotoResult>>,
}

impl LocalPhotos {
    /// Photos that will be below the web address `root`, which ends in a slash.
    pub fn new(root: String, max_size: u64) -> Self {
        Self {
            root,
            max_size,
            found: Mutex::default(),
        }
    }

    /// The photo that a cell names; a relative path starts in `folder`.
    pub(super) fn find(&self, cell: &str, folder: &Path) -> PhotoResult {
        let path = path_of(cell, folder);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found.get(&path) {
            return known.clone();
        }
        let looked = self.look(&path).map(Arc::new);
        found.insert(path, looked.clone());
        looked
    }

    fn look(&self, path: &Path) -> Result<LocalPhoto, PhotoProblem> {
        let mut file = disk::open(path).map_err(|error| unreadable(path, &error))?;
        let meta = file.metadata().map_err(|error| unreadable(path, &error))?;
        if !meta.is_file() {
            return Err(unfit(
                format!("{} is not a file", path.display()),
                "write the path of one photo",
            ));
        }
        if meta.len() > self.max_size {
            return Err(unfit(
                format!(
                    "the photo has {} bytes; the maximum is {}",
                    meta.len(),
                    self.max_size
                ),
                "save it smaller, or raise max_size in [photos] of the settings",
            ));
        }
        let (head, bytes, sha256) = read(&mut file).map_err(|error| unreadable(path, &error))?;
        let (media_type, ending) = picture::kind(&head)
            .map_err(|what| unfit(format!("the photo cannot be used: {what}"), EXPECTED_PHOTO))?;
        if let Some(named) = named_kind(path).filter(|named| *named != media_type) {
            return Err(unfit(
                format!("the file's name says {named}, but its content is {media_type}"),
                "save it again as JPEG, or give the file the right extension",
            ));
        }
        let name = format!("{sha256}.{ending}");
        Ok(LocalPhoto {
            path: path.to_owned(),
            address: format!("{}{name}", self.root),
            name,
            sha256,
            bytes,
            media_type,
        })
    }
}

const EXPECTED_PHOTO: &str = "write the path of a JPEG, PNG or WebP photo";

/// Whether a cell can be meant for a file: it is not an address of another kind.
pub(super) fn is_path(cell: &str) -> bool {
    let scheme = cell.split_once(':').map(|(scheme, _)| scheme);
    match scheme {
        None => true,
        Some(scheme) if scheme.eq_ignore_ascii_case("file") => true,
        // A drive of Windows.
        Some(scheme) => scheme.len() == 1,
    }
}

fn path_of(cell: &str, folder: &Path) -> PathBuf {
    if is_file_address(cell)
        && let Some(path) = Url::parse(cell)
            .ok()
            .and_then(|url| url.to_file_path().ok())
    {
        return path;
    }
    if let Some(rest) = cell.strip_prefix("~/")
        && let Some(home) = std::env::home_dir()
    {
        return home.join(rest);
    }
    folder.join(cell)
}

fn is_file_address(cell: &str) -> bool {
    cell.get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}

/// The first bytes, the size and the checksum.
fn read(file: &mut impl Read) -> io::Result<(Vec<u8>, u64, String)> {
    let (mut head, mut bytes, mut hasher) = (Vec::new(), 0u64, Sha256::new());
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = &chunk[..count];
        let wanted = HEAD.saturating_sub(head.len()).min(count);
        head.extend_from_slice(&read[..wanted]);
        hasher.update(read);
        bytes += count as u64;
    }
    Ok((
        head,
        bytes,
        base16ct::lower::encode_string(&hasher.finalize()),
    ))
}

/// What a file's ending says that it is.
fn named_kind(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" => "image/jpeg",
        "png" | "apng" => "image/png",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "heic" | "heif" => "image/heic",
        _ => return None,
    })
}

fn unfit(message: impl Into<String>, help: impl Into<String>) -> PhotoProblem {
    PhotoProblem {
        message: message.into(),
        help: help.into(),
        is_absent: false,
    }
}

fn unreadable(path: &Path, error: &io::Error) -> PhotoProblem {
    let is_absent = error.kind() == io::ErrorKind::NotFound;
    let why = match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        io::ErrorKind::IsADirectory => "is a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    PhotoProblem {
        is_absent,
        ..unfit(
            format!("the photo {} {why}", path.display()),
            "write the photo's path from the sheet's folder, or its address, which begins with \
             https://",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF-and-more";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n-and-more";

    fn photos() -> LocalPhotos {
        LocalPhotos::new("https://b.example/p/".to_owned(), 1000)
    }

    #[test]
    fn a_photo_is_known_by_its_content_whatever_its_path() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("in")).unwrap();
        std::fs::write(dir.path().join("in/a b.jpg"), JPEG).unwrap();
        std::fs::write(dir.path().join("c.JPEG"), JPEG).unwrap();
        let photos = photos();
        let found = photos.find("in/a b.jpg", dir.path()).unwrap();
        let sha256 = base16ct::lower::encode_string(&Sha256::digest(JPEG));
        assert_eq!(found.address, format!("https://b.example/p/{sha256}.jpg"));
        assert_eq!(
            (found.bytes, found.media_type),
            (JPEG.len() as u64, "image/jpeg")
        );
        let other = photos.find("c.JPEG", dir.path()).unwrap();
        assert_eq!(other.address, found.address);
        let url = Url::from_file_path(dir.path().join("in/a b.jpg")).unwrap();
        let by_url = photos.find(url.as_str(), Path::new("/elsewhere")).unwrap();
        assert_eq!(by_url.address, found.address);
        // What was looked at once stays what it was.
        std::fs::write(dir.path().join("c.JPEG"), PNG).unwrap();
        assert_eq!(photos.find("c.JPEG", dir.path()).unwrap(), other);
    }

    #[test]
    fn what_is_not_a_photo_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content, part) in [
            ("empty.jpg", &b""[..], "empty"),
            ("iphone.jpg", b"\0\0\0\x18ftypheic....", "HEIC"),
            (
                "mislabeled.jpg",
                PNG,
                "name says image/jpeg, but its content is image/png",
            ),
            ("page.jpg", b"<!doctype html>", "web page"),
            ("large.png", &[PNG, &[0; 1000]].concat()[..], "1017 bytes"),
        ] {
            std::fs::write(dir.path().join(name), content).unwrap();
            let unfit = photos().find(name, dir.path()).unwrap_err();
            assert!(unfit.message.contains(part), "{name}: {}", unfit.message);
            assert!(!unfit.is_absent, "{name}");
        }
        let unfit = photos().find("none.jpg", dir.path()).unwrap_err();
        assert!(unfit.is_absent && unfit.message.contains("none.jpg is not there"));
        assert!(photos().find("", dir.path()).is_err());
    }

    #[test]
    fn addresses_of_other_kinds_are_no_paths() {
        for path in [
            "a.jpg",
            "C:\\a.jpg",
            "file:///a.jpg",
            "/a.jpg",
            "../a b.jpg",
        ] {
            assert!(is_path(path), "{path}");
        }
        for other in [
            "data:image/png;base64,AA",
            "ftp://a/b",
            "https://a/b",
            "smb://a/b",
        ] {
            assert!(!is_path(other), "{other}");
        }
    }
}
