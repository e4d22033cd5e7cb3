//! How pages name the files that they show.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::address::{encoded, file_address};
use crate::engine::delivery::{looks_like_clip, names};
use crate::manifest::picture;

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
