//! How pages name the files that they show.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::address::{encoded, file_address};
use crate::engine::delivery::names;

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
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.clone()
    }

    /// Adds a file that is made here.
    pub fn add_text(&self, name: &str, text: Vec<u8>) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.insert(name.to_owned(), text);
    }

    /// The files that were made here, by their names.
    pub fn texts(&self) -> BTreeMap<String, Vec<u8>> {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.clone()
    }

    /// The name that a file gets, its parts apart.
    fn name(&self, file: &Path, kind: &str, item: Option<&str>) -> Option<[String; 3]> {
        let folder = names::folder(item.unwrap_or("clips"));
        let (stem, ending) = (file.file_stem()?.to_str()?, file.extension());
        let ending = ending.and_then(|e| e.to_str()).map(|e| format!(".{e}"));
        let ending = ending.unwrap_or_default();
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        // Files of one name from two folders are distinguished by a number.
        (1..).find_map(|n| {
            let number = if n == 1 {
                String::new()
            } else {
                format!("-{n}")
            };
            let last = format!("{stem}{number}{ending}");
            let name = format!("{kind}/{folder}/{last}");
            let known = files.entry(name).or_insert_with(|| file.to_owned());
            (known == file).then(|| [kind.to_owned(), folder.clone(), last])
        })
    }
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
