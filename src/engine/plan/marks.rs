//! What rows and jobs are recognized by, as they say it.

use std::path::{Component, Path, PathBuf};

use crate::jobs::recognition::{Marks, PhotoNotes};
use crate::manifest::Row;

/// What a row is recognized by.
pub(super) fn marks_of(row: &Row) -> Marks {
    let file = row.photo_file.as_ref();
    let file = file.and_then(|photo| full_path(&photo.path));
    let notes = PhotoNotes {
        name: row.photo_name.as_deref(),
        file: file.as_deref(),
    };
    Marks::of(&row.id, &row.clip, &row.variant, notes)
}

/// A path from the root on, without steps back.
pub(super) fn full_path(path: &Path) -> Option<String> {
    let mut full = PathBuf::new();
    for part in std::path::absolute(path).ok()?.components() {
        match part {
            Component::ParentDir => {
                full.pop();
            }
            part => full.push(part),
        }
    }
    full.into_os_string().into_string().ok()
}
