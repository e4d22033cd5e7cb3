//! Which job of the log a row means although its key is in no line: its id, its photo or its words
//! are spelt in another way.
//!
//! Only hashes are kept of a job, some seventy bytes, and only of a job that may be like a row in
//! question: see [`Sought`]. They are made when a manifest has rows that the log does not hold; a
//! known manifest costs nothing.

mod differences;
pub mod normal;
mod outline;
mod place;
mod sought;
mod spelling;

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;

use hashbrown::DefaultHashBuilder;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::differences::differences;
use self::normal::Photo;
pub use self::outline::Outline;
use self::place::Place;
pub use self::sought::Sought;
pub use self::spelling::Cause;
use self::spelling::Spelling;
use super::{Clip, JobKey, Seconds, Text, Video, Voice};

/// Chosen once for the process, so that a manifest's rows and a log's jobs hash alike.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// A hash that holds for this process.
pub fn hash_of(value: impl Hash) -> u64 {
    HASHER.hash_one(value)
}

/// What a request asks for, as far as clips are recognized by it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    prompt: Option<Text<'a>>,
    #[serde(borrow)]
    image_url: Option<Text<'a>>,
    #[serde(borrow)]
    duration: Option<&'a RawValue>,
    #[serde(borrow)]
    aspect_ratio: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    voice: Option<Text<'a>>,
    #[serde(borrow)]
    language: Option<Text<'a>>,
    #[serde(borrow)]
    speed: Option<&'a RawValue>,
}

impl<'a> Asked<'a> {
    /// Reads a request's body; `None` when it is none.
    pub fn parse(body: &'a str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// The photo's address; empty where there is none.
    pub fn photo(&self) -> &str {
        text_of(self.image_url.as_ref())
    }

    /// The key of the job that asks for this under an id; `None` for a request that no row makes.
    pub fn key(&self, id: &str, variant: &str) -> Option<JobKey> {
        Some(self.clip()?.key(id, variant))
    }

    /// The clip that is asked for; `None` for a request that no row makes.
    pub fn clip(&self) -> Option<Clip> {
        let text = |value: Option<&Text<'_>>| text_of(value).to_owned();
        Some(if self.text.is_some() {
            Clip::Voice(Voice {
                text: text(self.text.as_ref()),
                voice: text(self.voice.as_ref()),
                language: text(self.language.as_ref()),
                speed: raw(self.speed),
            })
        } else {
            Clip::Video(Video {
                image_url: text(self.image_url.as_ref()),
                prompt: text(self.prompt.as_ref()),
                model: text(self.model.as_ref()),
                duration: Seconds::parse(&raw(self.duration))?,
                aspect_ratio: text(self.aspect_ratio.as_ref()),
            })
        })
    }
}

fn text_of<'t>(text: Option<&'t Text<'_>>) -> &'t str {
    text.map_or("", Text::as_str)
}

/// A number, or a text that needs no escapes, as it is written.
fn raw(value: Option<&RawValue>) -> String {
    let raw = value.map_or("", RawValue::get);
    raw.trim_matches('"').to_owned()
}

/// What a clip is made of.
struct Parts<'a> {
    id: &'a str,
    photo: &'a str,
    words: &'a str,
    /// Model, duration and aspect ratio; of a voice its voice, language and speed.
    settings: [Cow<'a, str>; 3],
    is_voice: bool,
    variant: &'a str,
}

impl<'a> Parts<'a> {
    fn of_clip(id: &'a str, clip: &'a Clip, variant: &'a str) -> Self {
        match clip {
            Clip::Video(video) => Self {
                id,
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
                id,
                photo: "",
                words: &voice.text,
                settings: settings_of_voice(&voice.voice, &voice.language, &voice.speed),
                is_voice: true,
                variant,
            },
        }
    }

    fn of_request(id: &'a str, photo: &'a str, asked: &'a Asked<'_>, variant: &'a str) -> Self {
        if asked.text.is_some() {
            let [voice, language] = [&asked.voice, &asked.language].map(Option::as_ref);
            return Self {
                id,
                photo: "",
                words: text_of(asked.text.as_ref()),
                settings: settings_of_voice(text_of(voice), text_of(language), &raw(asked.speed)),
                is_voice: true,
                variant,
            };
        }
        let duration = raw(asked.duration);
        let duration = Seconds::parse(&duration).map_or(duration, |s| s.to_string());
        Self {
            id,
            photo,
            words: text_of(asked.prompt.as_ref()),
            settings: [
                Cow::Borrowed(text_of(asked.model.as_ref())),
                Cow::Owned(duration),
                Cow::Borrowed(text_of(asked.aspect_ratio.as_ref())),
            ],
            is_voice: false,
            variant,
        }
    }
}

/// The letter case of a language's tag says nothing (BCP 47).
fn language_tag(tag: &str) -> String {
    tag.to_ascii_lowercase()
}

fn settings_of_voice<'a>(voice: &'a str, language: &str, speed: &str) -> [Cow<'a, str>; 3] {
    [
        Cow::Borrowed(voice),
        Cow::Owned(language_tag(language)),
        Cow::Owned(number(speed)),
    ]
}

/// Hashes of prompt, settings and variant.
struct Wording {
    /// As a person sees them.
    seen: u64,
    /// The same with a prompt that was read with the wrong encoding read again.
    read: u64,
}

impl Wording {
    fn of(parts: &Parts<'_>) -> Self {
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
fn clip_of(address: &str, wording: &Wording) -> u64 {
    hash_of(("clip", address, wording.read))
}

/// What a clip is recognized by: hashes of normal forms.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// The id, as a person sees it.
    id: u32,
    /// Prompt and settings, as a person sees them.
    wording: u32,
    /// Where the photo is; of a voice its settings.
    place: Place,
    /// What the photo's query says besides signatures.
    query: u32,
    /// Whether there is a photo.
    pub has_photo: bool,
    /// Photo, prompt and settings.
    clip: u64,
    /// The id by its value, and the photo; of a voice the language, whatever its region.
    subject: u64,
    /// The id by its value, prompt and settings, and the photo's name; 0 where it has none. Of a
    /// voice the id and the words.
    named: u64,
    /// The id by its value and the photo's name, whatever the prompt; 0 where it has none.
    file: u64,
    /// The id by its value, prompt and settings, and whether there is a photo.
    kind: u64,
    /// The same of what is otherwise alike, but for having a photo or none.
    other_kind: u64,
    /// The id alone, as a person sees it: all that is known of some jobs.
    bare: u64,
    /// The same for an id that may be a rounded number: under what it is kept, and sought.
    rounded: Option<[Pair; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Pair {
    subject: u64,
    named: u64,
    file: u64,
}

impl Marks {
    /// Of a row.
    pub fn of_clip(id: &str, clip: &Clip, variant: &str) -> Self {
        Self::of(&Parts::of_clip(id, clip, variant))
    }

    /// Of a job, under an id and with a photo that it has or had.
    pub fn of_request(id: &str, photo: &str, asked: &Asked<'_>, variant: &str) -> Self {
        Self::of(&Parts::of_request(id, photo, asked, variant))
    }

    fn of(parts: &Parts<'_>) -> Self {
        let photo = Photo::of(parts.photo);
        let id = normal::id(parts.id);
        let spelling = Spelling::of(parts.id);
        let wording = Wording::of(parts);
        // A voice has a language where a video has a photo.
        let language = parts.settings[1].split(['-', '_']).next();
        let subject = |id: &str| {
            if parts.is_voice {
                hash_of(("voice", id, language))
            } else {
                hash_of(("video", id, &photo.address))
            }
        };
        let named = |id: &str| match photo.name.as_str() {
            "" if parts.is_voice => hash_of(("words", id, normal::text(parts.words))).max(1),
            "" => 0,
            name => hash_of(("name", id, name, wording.seen)).max(1),
        };
        let file = |id: &str| match photo.name.as_str() {
            "" => 0,
            name => hash_of(("file", id, name)).max(1),
        };
        let pair = |id: &str| Pair {
            subject: subject(id),
            named: named(id),
            file: file(id),
        };
        let has_photo = !photo.address.is_empty();
        let kind = |has_photo: bool| hash_of(("kind", &spelling.value, wording.seen, has_photo));
        Self {
            id: hash_of(&id) as u32,
            wording: wording.seen as u32,
            place: if parts.is_voice {
                Place::of_settings(&parts.settings, &normal::id(parts.variant))
            } else {
                Place::of(&photo)
            },
            query: hash_of(normal::identifying_query(parts.photo)) as u32,
            has_photo,
            clip: clip_of(&photo.address, &wording),
            subject: subject(&spelling.value),
            named: named(&spelling.value),
            file: file(&spelling.value),
            kind: kind(has_photo),
            other_kind: kind(!has_photo),
            bare: bare(&id),
            rounded: spelling
                .rounded
                .map(|(kept, sought)| [pair(&kept), pair(&sought)]),
        }
    }

    /// What clips of the same photo, prompt and settings share.
    pub fn clip(&self) -> u64 {
        self.clip
    }

    /// Under what a job is found.
    fn kept(&self) -> impl Iterator<Item = u64> {
        let rounded = self.rounded.map(|[kept, _]| kept.subject);
        [self.clip, self.subject, self.kind]
            .into_iter()
            .chain(rounded)
    }

    /// Under what it is found wherever its photo is.
    fn kept_elsewhere(&self) -> impl Iterator<Item = u64> {
        let rounded = self.rounded.map(|[kept, _]| [kept.named, kept.file]);
        let keys = [self.named, self.file].into_iter();
        let keys = keys.chain(rounded.into_iter().flatten());
        keys.filter(|key| *key != 0)
    }

    /// Under what jobs that are like a row are found.
    fn sought(&self) -> impl Iterator<Item = u64> {
        let rounded = self
            .rounded
            .map(|[_, sought]| [sought.subject, sought.named, sought.file]);
        let keys = [
            self.clip,
            self.subject,
            self.named,
            self.file,
            self.other_kind,
            self.bare,
        ];
        keys.into_iter()
            .chain(rounded.into_iter().flatten())
            .filter(|key| *key != 0)
    }

    /// Whether a job with these marks may be like one of the rows in question.
    pub fn may_be(&self, sought: &Sought) -> bool {
        let mut keys = self.kept().chain(self.kept_elsewhere());
        keys.any(|key| sought.may_hold(key))
    }
}

/// The hash of an id in its normal form.
fn bare(id: &str) -> u64 {
    hash_of(("bare", id)).max(1)
}

/// A decimal number in one form: `1`, `1.0`.
fn number(text: &str) -> String {
    let number = text.trim().parse::<f64>();
    number.map_or_else(|_| text.to_owned(), |number| number.to_string())
}

/// One job under one of its marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: u64,
    job: u32,
    wording: u32,
}

/// One job under the name of its photo's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Elsewhere {
    key: u64,
    job: u32,
    place: Place,
}

/// How a job is like a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// The job's place in the ledger.
    pub job: u32,
    /// Whether a person sees the same id.
    pub same_id: bool,
    /// Whether a person sees the same prompt and settings.
    pub same_wording: bool,
}

/// A job with a photo of the same name as a row's, or a voice with the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namesake {
    /// The job's place in the ledger.
    pub job: u32,
    /// Whether a person sees the same id.
    pub same_id: bool,
    /// Whether the row's address may be the job's, made anew.
    pub may_be_made_anew: bool,
    /// How many of the folders on the way to the file are the same.
    pub common_folders: usize,
}

#[cfg(test)]
thread_local! {
    /// How many jobs were compared with rows.
    pub static LOOKED_AT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The marks of a log's jobs.
#[derive(Debug, Default)]
pub struct Recognition {
    /// Sorted by key, by what is seen of the job's id and by job, once all are there.
    entries: Vec<Entry>,
    /// Sorted by key and job, once all are there.
    elsewhere: Vec<Elsewhere>,
    /// Each job's id as a person sees it; 0 for a job without marks.
    ids: Vec<u32>,
    /// What each job's photo's query says.
    queries: Vec<u32>,
}

impl Recognition {
    /// Whether no job may be like a row.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.elsewhere.is_empty()
    }

    /// Adds a job, as far as rows ask for what it is found by.
    pub fn add(&mut self, job: u32, marks: &Marks, sought: &Sought) {
        let index = job as usize;
        if self.ids.len() <= index {
            self.ids.resize(index + 1, 0);
            self.queries.resize(index + 1, 0);
        }
        self.ids[index] = marks.id.max(1);
        self.queries[index] = marks.query;
        self.add_former(job, marks, sought);
    }

    /// Adds what a job that was added was called before: another version of the sheet may call it that
    /// still.
    pub fn add_former(&mut self, job: u32, marks: &Marks, sought: &Sought) {
        let (wording, place) = (marks.wording, marks.place);
        let is_sought = |key: &u64| sought.may_hold(*key);
        let kept = marks.kept().filter(is_sought);
        self.entries
            .extend(kept.map(|key| Entry { key, job, wording }));
        let kept = marks.kept_elsewhere().filter(is_sought);
        self.elsewhere
            .extend(kept.map(|key| Elsewhere { key, job, place }));
    }

    /// Adds a job of which no more than its ids are known, as far as rows have them.
    pub fn add_bare(&mut self, job: u32, ids: &[impl AsRef<str>], sought: &Sought) {
        let keys = ids.iter().map(|id| bare(&normal::id(id.as_ref())));
        let keys = keys.filter(|key| sought.may_hold(*key));
        let entries = keys.map(|key| Entry {
            key,
            job,
            wording: 0,
        });
        self.entries.extend(entries);
    }

    /// To be called once all are added.
    pub fn sort(&mut self) {
        let ids = &self.ids;
        // Jobs of one clip by their ids: thousands may share a photo and a prompt.
        self.entries.sort_unstable_by(|a, b| {
            let id = |entry: &Entry| ids.get(entry.job as usize).map_or(0, |id| *id);
            a.key.cmp(&b.key).then_with(|| (id(a), a).cmp(&(id(b), b)))
        });
        self.entries.dedup();
        self.elsewhere.sort_unstable();
        self.elsewhere.dedup();
    }

    fn under(&self, key: u64) -> &[Entry] {
        run_of(&self.entries, key, |entry| entry.key)
    }

    fn likeness(&self, entry: &Entry, marks: &Marks) -> Likeness {
        Likeness {
            job: entry.job,
            same_id: self.has_id(entry.job, marks),
            same_wording: entry.wording == marks.wording,
        }
    }

    /// Whether a person sees the same id at a job.
    pub fn has_id(&self, job: u32, marks: &Marks) -> bool {
        #[cfg(test)]
        LOOKED_AT.set(LOOKED_AT.get() + 1);
        self.ids[job as usize] == marks.id.max(1)
    }

    /// Whether the query of a job's photo says the same, signatures aside.
    pub fn has_query(&self, job: u32, marks: &Marks) -> bool {
        self.queries[job as usize] == marks.query
    }

    /// Jobs with the same photo, prompt and settings, under whatever id.
    pub fn of_clip(&self, marks: &Marks) -> impl Iterator<Item = Likeness> {
        let entries = self.under(marks.clip).iter();
        entries.map(|entry| self.likeness(entry, marks))
    }

    /// Those of them at which a person sees the same id.
    pub fn of_clip_and_id(&self, marks: &Marks) -> impl Iterator<Item = Likeness> {
        let id = |entry: &Entry| self.ids[entry.job as usize];
        let wanted = marks.id.max(1);
        let entries = self.under(marks.clip);
        let start = entries.partition_point(|entry| id(entry) < wanted);
        let entries = entries[start..].iter();
        entries
            .take_while(move |entry| id(entry) == wanted)
            .map(|entry| self.likeness(entry, marks))
    }

    /// Jobs with the same id, by its value, and the same photo, whatever the prompt.
    pub fn of_subject(&self, marks: &Marks) -> impl Iterator<Item = Likeness> {
        let rounded = marks.rounded.map(|[_, sought]| sought.subject);
        let entries = self.under(marks.subject).iter();
        let rounded = rounded.into_iter().flat_map(|key| self.under(key));
        entries
            .chain(rounded)
            .map(|entry| self.likeness(entry, marks))
    }

    /// Jobs with the same id, by its value, the same prompt and settings, and a photo of the same
    /// name, wherever it is. Of voices, those with the same words.
    pub fn of_name(&self, marks: &Marks) -> impl Iterator<Item = Namesake> {
        let rounded = marks.rounded.map(|[_, sought]| sought.named);
        self.elsewhere(marks, marks.named, rounded)
    }

    /// Jobs with the same id, by its value, and a photo of the same name, wherever it is and whatever
    /// the prompt.
    pub fn of_file(&self, marks: &Marks) -> impl Iterator<Item = Namesake> {
        let rounded = marks.rounded.map(|[_, sought]| sought.file);
        self.elsewhere(marks, marks.file, rounded)
    }

    fn elsewhere(
        &self,
        marks: &Marks,
        key: u64,
        rounded: Option<u64>,
    ) -> impl Iterator<Item = Namesake> {
        let keys = std::iter::once(key).chain(rounded).filter(|&key| key != 0);
        keys.flat_map(|key| run_of(&self.elsewhere, key, |entry| entry.key))
            .map(|entry| Namesake {
                job: entry.job,
                same_id: self.has_id(entry.job, marks),
                may_be_made_anew: marks.place.may_be(&entry.place),
                common_folders: marks.place.common_folders(&entry.place),
            })
    }

    /// Jobs with the same id, by its value, the same prompt and settings, and a photo where the row has
    /// none, or none where it has one.
    pub fn of_other_kind(&self, marks: &Marks) -> impl Iterator<Item = u32> {
        self.under(marks.other_kind).iter().map(|entry| entry.job)
    }

    /// Jobs of which no more is known than that they have the row's id.
    pub fn of_bare(&self, marks: &Marks) -> impl Iterator<Item = u32> {
        self.under(marks.bare).iter().map(|entry| entry.job)
    }

    /// Whether there is any of those.
    pub fn has_like(&self, marks: &Marks) -> bool {
        self.of_clip(marks).next().is_some()
            || self.of_subject(marks).next().is_some()
            || self.of_name(marks).next().is_some()
            || self.of_file(marks).any(|like| like.may_be_made_anew)
            || self.of_other_kind(marks).next().is_some()
            || self.of_bare(marks).next().is_some()
    }
}

/// The entries with a key, of those that are sorted by it.
fn run_of<T>(entries: &[T], key: u64, key_of: impl Fn(&T) -> u64) -> &[T] {
    let start = entries.partition_point(|entry| key_of(entry) < key);
    let entries = &entries[start..];
    &entries[..entries.partition_point(|entry| key_of(entry) == key)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn video(photo: &str, prompt: &str) -> Clip {
        Clip::Video(Video {
            image_url: photo.to_owned(),
            prompt: prompt.to_owned(),
            model: "kling-v3".to_owned(),
            duration: Seconds::SHORTEST,
            aspect_ratio: "16:9".to_owned(),
        })
    }

    fn knowing(rows: &[(&str, Clip)]) -> Recognition {
        let mut known = Recognition::default();
        for (job, (id, clip)) in rows.iter().enumerate() {
            known.add(
                job as u32,
                &Marks::of_clip(id, clip, ""),
                &Sought::everything(),
            );
        }
        known.sort();
        known
    }

    #[test]
    fn a_request_has_the_marks_of_the_row_that_it_was_made_of() {
        let rows = [
            video("https://x.example/a.jpg", "pan \"left\""),
            Clip::Voice(Voice {
                text: "Welcome".into(),
                voice: "alloy".into(),
                language: "en".into(),
                speed: "1.0".into(),
            }),
        ];
        let bodies = [
            r#"{"model":"kling-v3","prompt":"pan \"left\"","image_url":"https://x.example/a.jpg","duration":1,"aspect_ratio":"16:9","webhook_url":"https://x.example/hook"}"#,
            r#"{"text":"Welcome","voice":"alloy","language":"en","speed":1.0}"#,
        ];
        for (clip, body) in rows.iter().zip(bodies) {
            let asked = Asked::parse(body).unwrap();
            let job = Marks::of_request("LST-1", asked.photo(), &asked, "wide");
            let row = Marks::of_clip("LST-1", clip, "wide");
            assert_eq!(asked.key("LST-1", "wide"), Some(clip.key("LST-1", "wide")));
            assert_eq!((job.clip, job.subject), (row.clip, row.subject), "{body}");
            assert_eq!(
                (job.id, job.wording, job.named),
                (row.id, row.wording, row.named)
            );
        }
    }

    #[test]
    fn what_is_alike_is_reported_from_what_is_the_same() {
        let known = knowing(&[("0012345", video("https://x.example/a.jpg", "pan"))]);
        let like = |id: &str, photo: &str, prompt: &str| {
            let marks = Marks::of_clip(id, &video(photo, prompt), "");
            let clip = known.of_clip(&marks).next();
            let clip = clip.map(|like| (like.same_id, like.same_wording));
            let subject = known.of_subject(&marks).next().is_some();
            (clip, subject, known.of_name(&marks).next().is_some())
        };
        let photo = "https://x.example/a.jpg";
        assert_eq!(
            like("0012345", photo, "pan "),
            (Some((true, true)), true, true)
        );
        assert_eq!(
            like("12345", photo, "pan"),
            (Some((false, true)), true, true)
        );
        assert_eq!(like("12345", photo, "tilt"), (None, true, false));
        assert_eq!(
            like("SKU-9", photo, "pan"),
            (Some((false, true)), false, false)
        );
        assert_eq!(
            like("12345", "https://y.example/b/a.jpg", "pan"),
            (None, false, true)
        );
        assert_eq!(
            like("SKU-9", "https://y.example/a.jpg", "pan"),
            (None, false, false)
        );
    }

    #[test]
    fn a_rounded_number_finds_the_long_one_and_the_reverse() {
        let photo = || video("https://x.example/a.jpg", "pan");
        for (old, new) in [
            ("401234567890123", "4.01235E+14"),
            ("4.01235E+14", "401234567890123"),
        ] {
            let known = knowing(&[(old, photo())]);
            let marks = Marks::of_clip(new, &video("https://x.example/a.jpg", "tilt"), "");
            assert_eq!(known.of_subject(&marks).count(), 1, "{old} {new}");
            let other = Marks::of_clip("401234567890999", &photo(), "");
            let found = known.of_subject(&other).count();
            assert_eq!(found, usize::from(old.contains('E')), "{old}");
        }
    }

    proptest! {
        #[test]
        fn another_photo_is_another_clip(
            id in "[A-Z]{3}-[0-9]{1,4}", prompt in "[a-z ]{1,20}",
            one in "[a-z]{1,8}", other in "[a-z]{1,8}",
        ) {
            prop_assume!(one != other);
            let photo = |name: &str| video(&format!("https://x.example/p/{name}.jpg"), &prompt);
            let known = knowing(&[(&id, photo(&one))]);
            let marks = Marks::of_clip(&id, &photo(&other), "");
            prop_assert_eq!(known.of_clip(&marks).count(), 0);
            prop_assert_eq!(known.of_subject(&marks).count(), 0);
            prop_assert_eq!(known.of_name(&marks).count(), 0);
        }
    }
}
