//! What rows are compared by.

use crate::jobs::Clip;
use crate::jobs::recognition::normal::{self, identifying_query};
use crate::jobs::recognition::{Marks, hash_of};
use crate::manifest::Row;

/// Where an address's query or fragment begins.
pub(super) fn end_of_path(address: &str) -> usize {
    memchr::memchr2(b'?', b'#', address.as_bytes()).unwrap_or(address.len())
}

/// A photo's clip as a row spells it; `photo` is the address without its query. Rows that differ in
/// spelling are no pairs here: this only warns, and costs no row more than a hash.
pub(super) fn clip_hash(row: &Row, photo: &str) -> u64 {
    let Clip::Video(video) = &row.clip else {
        return 0;
    };
    if photo.is_empty() {
        return 0;
    }
    let settings = (&video.model, video.duration, &video.aspect_ratio);
    hash_of((photo, &video.prompt, settings, &row.variant)).max(1)
}

/// What addresses share that may be one photo's.
pub(super) fn photo_hash(address: &str) -> u32 {
    if address.is_empty() {
        return 0;
    }
    (hash_of(normal::address(address)) as u32).max(1)
}

pub(super) fn marks_of(row: &Row) -> Marks {
    Marks::of_clip(&row.id, &row.clip, &row.variant)
}

/// What an address's query says besides signatures.
pub(super) fn query_hash(query: &str) -> u16 {
    if query.is_empty() {
        return 0;
    }
    match identifying_query(query).as_str() {
        "" => 0,
        query => (hash_of(query) as u16).max(1),
    }
}
