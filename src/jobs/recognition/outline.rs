//! What is kept of every row of a sheet, to find those that ask for the same clip.

use super::hash::hash_of;
use super::marks::{ClipParts, WordingHash, clip_of};
use super::spelling::Spelling;
use super::{normal, photo, query};
use crate::jobs::clip::Clip;

/// Hashes that cost little to make and to keep. What shares them is compared by its
/// [`Marks`](super::Marks).
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    /// The id as a person sees it, letter case included.
    pub id: u64,
    /// What [`Marks::clip`](super::Marks::clip) is; without a photo the id's value counts as well,
    /// since many listings may share their words.
    pub clip: u64,
    /// What of one id and one clip a person distinguishes: the query of the photo's address, the letter
    /// case of the variant, a prompt that was read with the wrong encoding.
    pub detail: u64,
    /// The photo, without one the id's value; never 0.
    pub subject: u32,
}

impl Outline {
    /// Of a row.
    pub fn of(id: &str, clip: &Clip, variant: &str) -> Self {
        let parts = ClipParts::of(clip, variant);
        let wording = WordingHash::of(&parts);
        let (clip, subject) = if parts.photo.is_empty() {
            let spelling = Spelling::of(id);
            let value = spelling.value();
            (hash_of((value, wording.read)), hash_of(value))
        } else {
            let address = photo::address(parts.photo);
            (clip_of(&address, &wording), hash_of(&address))
        };
        let query = query::identifying(parts.photo);
        Self {
            id: hash_of(normal::text(id)),
            clip,
            detail: hash_of((query, normal::text(variant), wording.seen)),
            subject: (subject as u32).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Seconds, Video};

    /// Among so many parts of a photo some share the lower half of a hash of 32 bits.
    #[test]
    fn parts_of_one_photo_are_not_confused_by_half_a_hash() {
        let detail = |n: u32| {
            let clip = Clip::Video(Video {
                image_url: format!("https://x.example/a.jpg?crop={n}"),
                prompt: "pan".to_owned(),
                model: "kling-v3".to_owned(),
                duration: Seconds::SHORTEST,
                aspect_ratio: "16:9".to_owned(),
            });
            Outline::of("LST-1", &clip, "").detail
        };
        let details: std::collections::HashSet<_> = (0..5000).map(detail).collect();
        assert_eq!(details.len(), 5000);
    }
}
