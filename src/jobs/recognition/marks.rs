//! What a clip is recognized by.

use std::borrow::Cow;

use super::hash::hash_of;
use super::normal::{self, language_tag, number};
use super::photo::PhotoAddress;
use super::photo_folder::PhotoFolder;
use super::query;
use super::spelling::Spelling;
use crate::jobs::clip::Clip;

/// What a clip is made of.
pub(super) struct ClipParts<'a> {
    pub photo: &'a str,
    words: &'a str,
    /// Model, duration and aspect ratio; of a voice its voice, language and speed.
    settings: [Cow<'a, str>; 3],
    is_voice: bool,
    variant: &'a str,
}

impl<'a> ClipParts<'a> {
    pub fn of(clip: &'a Clip, variant: &'a str) -> Self {
        match clip {
            Clip::Video(video) => Self {
                photo: &video.image_url,
                words: &video.prompt,
                settings: [
                    Cow::Borrowed(&video.model),
                    Cow::Owned(video.duration.to_string()),
                    Cow::Borrowed(&video.aspect_ratio),
                ],
                is_voice: false,
                variant,
            },
            Clip::Voice(voice) => Self {
                photo: "",
                words: &voice.text,
                settings: [
                    Cow::Borrowed(&voice.voice),
                    Cow::Owned(language_tag(&voice.language)),
                    Cow::Owned(number(&voice.speed)),
                ],
                is_voice: true,
                variant,
            },
        }
    }
}

/// Hashes of prompt, settings and variant.
pub(super) struct WordingHash {
    /// As a person sees them.
    pub seen: u64,
    /// The same with a prompt that was read with the wrong encoding read again.
    pub read: u64,
}

impl WordingHash {
    pub fn of(parts: &ClipParts<'_>) -> Self {
        // A variant is a name that people give, as an id is.
        let variant = normal::id(parts.variant);
        let settings = parts.settings.each_ref().map(|part| normal::text(part));
        let hash = |words: &str| {
            let words = normal::text(words);
            hash_of((parts.is_voice, words, &settings, &variant))
        };
        let seen = hash(parts.words);
        let read = normal::reread(parts.words);
        Self {
            seen,
            read: read.map_or(seen, |read| hash(&read)),
        }
    }
}

/// What clips of one photo, prompt and settings share.
pub(super) fn clip_of(address: &str, wording: &WordingHash) -> u64 {
    hash_of(("clip", address, wording.read))
}

/// What is known of a photo besides its address.
#[derive(Clone, Copy, Debug, Default)]
pub struct PhotoNotes<'a> {
    /// The name in front of the address. It counts where the address names no photo.
    pub name: Option<&'a str>,
    /// The file on this computer that was, or will be, uploaded.
    pub file: Option<&'a str>,
}

/// Hashes of normal forms.
#[derive(Clone, Debug)]
pub struct Marks {
    /// The id, as a person sees it.
    pub(super) id: u64,
    /// Prompt and settings, as a person sees them.
    pub(super) wording: u32,
    pub(super) variant: u32,
    /// Where the photo is; of a voice its settings.
    pub(super) place: PhotoFolder,
    /// What the photo's query says besides signatures.
    pub(super) query: u32,
    /// Whether there is a photo.
    pub has_photo: bool,
    /// Whether it is a voice.
    pub is_voice: bool,
    /// Whether its address names none.
    pub is_nameless: bool,
    /// What the photo of such an address is called; 0 where that is not known.
    pub(super) photo_name: u32,
    /// Photo, prompt and settings.
    pub(super) clip: u64,
    /// The id alone, as a person sees it: all that is known of some jobs.
    pub(super) bare: u64,
    /// What it is kept under, for each name that its id may stand for.
    kept: Vec<RecognitionKeys>,
    /// What its other spellings are kept under.
    pub(super) sought: Vec<RecognitionKeys>,
}

/// What clips share whose ids may stand for one name; 0 for nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecognitionKeys {
    /// The photo; of a voice the language, whatever its region.
    pub subject: u64,
    /// Prompt and settings, and the photo's name. Of a voice the words.
    pub named: u64,
    /// The photo's name, whatever the prompt.
    pub file: u64,
    /// The photo's path on this computer, whatever the prompt.
    pub path: u64,
    /// What stays of a photo's address beside a token, whatever the prompt.
    pub token: u64,
    /// Prompt and settings, and whether there is a photo.
    pub kind: u64,
    /// Prompt and settings, and what the photo is called besides its address: on this computer, or where
    /// its address names it not.
    pub alias: u64,
    /// Where a photo is of which that is known: prompt and settings, and its address's name; the reverse
    /// where that is known of this photo.
    pub called: u64,
}

impl RecognitionKeys {
    /// Prompt and settings, and whether there is none where there is a photo, or the reverse.
    pub fn other_kind(&self) -> u64 {
        self.kind ^ 1
    }
}

impl Marks {
    /// Of a row, or of what a job asked for, under an id and with a photo that it has or had.
    pub fn of(id: &str, clip: &Clip, variant: &str, notes: PhotoNotes<'_>) -> Self {
        let parts = ClipParts::of(clip, variant);
        let photo = PhotoAddress::of(parts.photo);
        let wording = WordingHash::of(&parts);
        let has_photo = !photo.address.is_empty();
        // A voice has a language where a video has a photo.
        let language = parts.settings[1].split(['-', '_']).next();
        let words = normal::text(parts.words);
        let photo_name = notes.name.filter(|_| photo.is_nameless());
        let file = notes.file.and_then(|path| path.rsplit(['/', '\\']).next());
        let alias = photo_name.or(file).map(normal::id).unwrap_or_default();
        let beside_token = photo.beside_token();
        let keys = |id: &String| RecognitionKeys {
            subject: if parts.is_voice {
                hash_of(("voice", id, language))
            } else {
                hash_of(("video", id, &photo.address))
            },
            named: match photo.name.as_str() {
                "" if parts.is_voice => hash_of(("words", id, &words)),
                "" => 0,
                name => hash_of(("name", id, name, wording.seen)),
            },
            file: match photo.name.as_str() {
                "" => 0,
                name => hash_of(("file", id, name)),
            },
            path: notes
                .file
                .map_or(0, |path| hash_of(("path", id, normal::text(path)))),
            token: beside_token
                .as_ref()
                .map_or(0, |stays| hash_of(("token", id, stays))),
            kind: hash_of(("kind", id, wording.seen)) & !1 | u64::from(has_photo),
            alias: match alias.as_str() {
                "" => 0,
                name => hash_of(("alias", id, name, wording.seen)),
            },
            called: match (alias.as_str(), photo.name.as_str()) {
                ("", "") => 0,
                ("", name) => hash_of(("alias", id, name, wording.seen)),
                (name, _) => hash_of(("name", id, name, wording.seen)),
            },
        };
        let spelling = Spelling::of(id);
        let seen_id = normal::id(id);
        Self {
            id: hash_of(&seen_id),
            wording: wording.seen as u32,
            variant: hash_of(normal::id(variant)) as u32,
            place: if parts.is_voice {
                PhotoFolder::of_settings(&parts.settings, &normal::id(parts.variant))
            } else {
                PhotoFolder::of(&photo)
            },
            query: hash_of(query::identifying(parts.photo)) as u32,
            has_photo,
            is_voice: parts.is_voice,
            is_nameless: photo.is_nameless(),
            photo_name: photo_name.map_or(0, |name| (hash_of(normal::id(name)) as u32).max(1)),
            clip: clip_of(&photo.address, &wording),
            bare: bare(&seen_id),
            kept: spelling.kept.iter().map(keys).collect(),
            sought: spelling.sought.iter().map(keys).collect(),
        }
    }

    /// What clips of the same photo, prompt and settings share.
    pub fn clip(&self) -> u64 {
        self.clip
    }

    /// Under what a job is found.
    pub(super) fn kept(&self) -> impl Iterator<Item = u64> {
        let keys = self.kept.iter();
        let keys = keys.flat_map(|key| {
            [
                key.subject,
                key.named,
                key.file,
                key.path,
                key.token,
                key.kind,
                key.alias,
            ]
        });
        std::iter::once(self.clip)
            .chain(keys)
            .filter(|key| *key != 0)
    }

    /// Under what jobs that are like a row are found.
    pub(super) fn sought(&self) -> impl Iterator<Item = u64> {
        let keys = self.sought.iter();
        let keys = keys.flat_map(|key| {
            let RecognitionKeys {
                subject,
                named,
                file,
                path,
                token,
                kind,
                called,
                ..
            } = *key;
            let other_kind = key.other_kind();
            [subject, named, file, path, token, kind, other_kind, called]
        });
        let keys = [self.clip, self.bare].into_iter().chain(keys);
        keys.filter(|key| *key != 0)
    }
}

/// The hash of an id in its normal form.
pub(super) fn bare(id: &str) -> u64 {
    hash_of(("bare", id))
}
