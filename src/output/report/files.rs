//! Files that the report shows: their addresses, and the bundle that holds them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::disk;
use crate::engine::delivery::{looks_like_clip, names};
use crate::manifest::picture;

/// What stays as it is in a part of a path.
const PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address as a browser reads it, if it is http or https. Everything else a browser might
/// run, open or hand to another program.
pub(super) fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// A file that is there. A relative name is looked for in `folders`.
pub(super) fn file_there(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let name = Path::new(name);
    let candidates = folders.iter().map(|folder| folder.join(name));
    let file = candidates
        .chain(name.is_absolute().then(|| name.to_owned()))
        .find(|path| path.is_file())?;
    disk::canonicalize(&file).ok()
}

/// The address of a file: relative to the page's folder, so that page and clips can be moved
/// together; else absolute.
pub(super) fn file_address(file: &Path, page: Option<&Path>) -> Option<String> {
    let relative = page
        .and_then(|page| disk::canonicalize(page).ok())
        .and_then(|page| relative(file, &page));
    relative.or_else(|| Url::from_file_path(file).ok().map(Into::into))
}

/// A part of a path in an address.
pub(super) fn encoded(part: &str) -> String {
    utf8_percent_encode(part, PART).to_string()
}

/// The way from the folder `from` to `file`, both absolute; `None` when they share nothing, as on
/// two drives.
fn relative(file: &Path, from: &Path) -> Option<String> {
    let mut there = file.components().peekable();
    let mut here = from.components().peekable();
    let mut shared = 0;
    while let (Some(a), Some(b)) = (there.peek(), here.peek()) {
        if a != b {
            break;
        }
        there.next();
        here.next();
        shared += 1;
    }
    if shared == 0 {
        return None;
    }
    let mut parts: Vec<String> = here.map(|_| "..".to_owned()).collect();
    for component in there {
        let Component::Normal(name) = component else {
            return None;
        };
        parts.push(encoded(name.to_str()?));
    }
    // Without a folder in front, "a:b.mp4" would be an address of scheme "a"; colons are encoded,
    // so that cannot be.
    Some(parts.join("/"))
}

/// How clips and photos of this computer are named.
#[derive(Clone, Debug)]
pub enum Files {
    /// By absolute addresses, as on standard output.
    Anywhere,
    /// From this folder, which is the page's own.
    From(PathBuf),
    /// They come along, and are named from the page: with this in front.
    Bundled(Arc<Bundle>, &'static str),
}

/// Files that come along with the pages, by their names.
#[derive(Debug, Default)]
pub struct Bundle {
    files: Mutex<BTreeMap<String, PathBuf>>,
    texts: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Bundle {
    /// The files, by their names.
    pub fn files(&self) -> BTreeMap<String, PathBuf> {
        locked(&self.files).clone()
    }

    /// Adds a file that is made here.
    pub fn add_text(&self, name: &str, text: Vec<u8>) {
        locked(&self.texts).insert(name.to_owned(), text);
    }

    /// The files that were made here, by their names.
    pub fn texts(&self) -> BTreeMap<String, Vec<u8>> {
        locked(&self.texts).clone()
    }

    /// The name that a file gets, its parts apart; none for a file that does not come along.
    fn name(&self, file: &Path, kind: &str, item: Option<&str>) -> Option<[String; 3]> {
        if !may_come_along(file, kind) {
            return None;
        }
        let folder = names::folder(item.unwrap_or("clips"));
        let stem = file.file_stem()?.to_str()?;
        let ending = file.extension().and_then(|ending| ending.to_str());
        let ending = ending.map_or_else(String::new, |ending| format!(".{ending}"));
        let mut files = locked(&self.files);
        // Files of one name from two folders are distinguished by a number.
        let numbers = (2..).map(|n| format!("-{n}"));
        std::iter::once(String::new())
            .chain(numbers)
            .find_map(|number| {
                let last = format!("{stem}{number}{ending}");
                let name = format!("{kind}/{folder}/{last}");
                let known = files.entry(name).or_insert_with(|| file.to_owned());
                (known == file).then(|| [kind.to_owned(), folder.clone(), last])
            })
    }
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Files {
    /// The address of a file that is there; `kind` is `clips` or `photos`.
    pub(super) fn address(&self, file: &Path, kind: &str, item: Option<&str>) -> Option<String> {
        match self {
            Self::Anywhere => file_address(file, None),
            Self::From(folder) => file_address(file, Some(folder)),
            Self::Bundled(bundle, front) => {
                let parts = bundle.name(file, kind, item)?;
                let parts = parts.map(|part| encoded(&part));
                Some(format!("{front}{}", parts.join("/")))
            }
        }
    }
}

/// Whether a file is what the log has it for. A log that came from someone else may name any file of this
/// computer, and a bundle is given away.
fn may_come_along(file: &Path, kind: &str) -> bool {
    let mut head = Vec::new();
    let mut read_head = || {
        File::open(file)?
            .take(picture::HEAD as u64)
            .read_to_end(&mut head)
    };
    let read = read_head();
    read.is_ok()
        && match kind {
            "photos" => picture::judge(&head, None).is_ok(),
            _ => looks_like_clip(&head),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_addresses() {
        assert_eq!(
            web_address(" https://cdn.example.com/a b.mp4?x=\"y\" ").as_deref(),
            Some("https://cdn.example.com/a%20b.mp4?x=%22y%22")
        );
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,<script>",
            "file:///etc/passwd",
            "ftp://x/y",
            "/relative",
            "//host/path",
            "",
        ] {
            assert_eq!(web_address(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_clip_is_named_relatively_to_the_page() {
        let dir = tempfile::tempdir().unwrap();
        let clips = dir.path().join("videos/LST 1");
        std::fs::create_dir_all(&clips).unwrap();
        // Windows has no quotation marks in names.
        let (mark, encoded) = if cfg!(windows) {
            ("'", "%27")
        } else {
            ("\"", "%22")
        };
        std::fs::write(clips.join(format!("01-#1 {mark}x{mark}.mp4")), "clip").unwrap();
        let page = dir.path().join("pages");
        std::fs::create_dir(&page).unwrap();
        let folders = [dir.path().to_owned()];
        let named =
            |name: &str, page: &Path| file_address(&file_there(name, &folders)?, Some(page));
        let name = &format!("videos/LST 1/01-#1 {mark}x{mark}.mp4");
        let address = format!("videos/LST%201/01-%231%20{encoded}x{encoded}.mp4");
        assert_eq!(named(name, dir.path()).as_ref(), Some(&address));
        assert_eq!(named(name, &page), Some(format!("../{address}")));
        assert_eq!(named("videos/gone.mp4", dir.path()), None);
        assert_eq!(named("videos", dir.path()), None, "a folder is not a clip");
        let file = file_there(name, &folders).unwrap();
        let absolute = file_address(&file, None).unwrap();
        assert!(absolute.starts_with("file:///"), "{absolute}");
    }

    #[test]
    fn only_clips_and_photos_come_along_whatever_the_log_names() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::Bundled(Arc::default(), "");
        for (name, content, comes) in [
            (
                "clip.mp4",
                &b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"[..],
                Some("clips"),
            ),
            ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", Some("photos")),
            ("passwd", b"root:x:0:0:root:/root:/bin/bash", None),
            ("wallet.mp4", b"\0\x01\x02\x03 a key", None),
        ] {
            let file = folder.path().join(name);
            std::fs::write(&file, content).unwrap();
            for kind in ["clips", "photos"] {
                let address = files.address(&file, kind, None);
                assert_eq!(address.is_some(), comes == Some(kind), "{name} of {kind}");
            }
        }
        let Files::Bundled(bundle, _) = files else {
            unreachable!()
        };
        let names: Vec<String> = bundle.files().into_keys().collect();
        assert_eq!(names, ["clips/clips/clip.mp4", "photos/clips/photo.jpg"]);
    }
}
