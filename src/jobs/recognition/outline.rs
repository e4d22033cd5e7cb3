//! What is kept of every row of a sheet, to find those that ask for the same clip.

use super::normal;
use super::spelling::Spelling;
use super::{Parts, Wording, clip_of, hash_of};
use crate::jobs::Clip;

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
    pub detail: u16,
    /// The photo, without one the id's value; never 0.
    pub subject: u32,
}

impl Outline {
    /// Of a row.
    pub fn of(id: &str, clip: &Clip, variant: &str) -> Self {
        let parts = Parts::of_clip(id, clip, variant);
        let wording = Wording::of(&parts);
        let (clip, subject) = if parts.photo.is_empty() {
            let value = Spelling::of(id).value;
            (hash_of((&value, wording.read)), hash_of(&value))
        } else {
            let address = normal::address(parts.photo);
            (clip_of(&address, &wording), hash_of(&address))
        };
        let query = normal::identifying_query(parts.photo);
        Self {
            id: hash_of(normal::text(id)),
            clip,
            detail: hash_of((query, normal::text(variant), wording.seen)) as u16,
            subject: (subject as u32).max(1),
        }
    }
}
