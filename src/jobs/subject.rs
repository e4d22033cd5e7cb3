//! What a row and a job are about, whatever their wording.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use hashbrown::DefaultHashBuilder;
use memchr::memchr2;

use super::request::RequestFacts;
use super::{Clip, Text};

/// A listing's or SKU's id together with its photo (without query and fragment, since signed
/// addresses rotate), or for a voice with its language, hashed: what stays the same when a row's
/// prompt or text is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject(u64);

/// Chosen once for the process, so that a manifest's rows and a log's jobs hash alike.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

impl Subject {
    /// The photo of a listing or SKU.
    pub fn of(owner: &str, image_url: &str) -> Self {
        let end = memchr2(b'?', b'#', image_url.as_bytes()).unwrap_or(image_url.len());
        Self(HASHER.hash_one((owner, &image_url[..end])).max(1))
    }

    /// What a listing or SKU wants: its photo's clip, its clip without a photo, or its words in
    /// a language.
    pub fn of_clip(owner: &str, clip: &Clip) -> Self {
        match clip {
            Clip::Video(video) => Self::of(owner, &video.image_url),
            Clip::Voice(voice) => Self::of_words(owner, &voice.language),
        }
    }

    /// What a request asks for.
    pub(super) fn of_request(owner: &str, request: &RequestFacts<'_>) -> Self {
        if request.text.is_some() {
            Self::of_words(owner, request.language.as_ref().map_or("", Text::as_str))
        } else {
            Self::of(owner, request.image_url.as_ref().map_or("", Text::as_str))
        }
    }

    fn of_words(owner: &str, language: &str) -> Self {
        Self(HASHER.hash_one((owner, "voice", language)).max(1))
    }

    /// A listing or SKU as a whole.
    pub fn of_owner(owner: &str) -> Self {
        Self(HASHER.hash_one(owner).max(1))
    }

    /// The hash, never 0.
    pub(super) const fn number(self) -> u64 {
        self.0
    }
}
