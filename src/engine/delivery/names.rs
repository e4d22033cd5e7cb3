//! Names on disk, made from any text, for every platform.
//!
//! A name that is not exactly the text it was made from ends in a hash of that text. So a name
//! depends on nothing but its own text, and rows that come later rename nothing. What is left to
//! [`UsedNames`] are texts that differ only in what some file systems do not distinguish.

use std::collections::HashSet;

use crate::text::prefix;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use url::Url;

/// Longest folder name, in bytes of UTF-8; encrypted file systems take 143 at most.
const MAX_FOLDER: usize = 100;
/// Longest slug, in bytes of UTF-8.
const MAX_SLUG: usize = 60;
/// Hexadecimal digits of a hash in a name.
const HASH_DIGITS: usize = 8;

/// Device names of Windows: no file may be called that, whatever its extension.
const DEVICES: [&str; 8] = [
    "con", "prn", "aux", "nul", "conin$", "conout$", "com", "lpt",
];

/// The folder of a listing or SKU: its id, made safe.
pub fn folder(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for c in compose(id).chars() {
        if is_harmless(c) {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let trimmed = trim_edges(&name);
    let cut = trim_edges(prefix(trimmed, MAX_FOLDER));
    if cut == id && is_safe(id) {
        return cut.to_owned();
    }
    let room = MAX_FOLDER - HASH_DIGITS - 1;
    let stem = trim_edges(prefix(cut, room));
    match stem {
        "" => format!("clip-{}", hash(id)),
        // The hash comes after a dash, so a device name is none any more, unless a dot follows it.
        stem if is_device(stem) => format!("{}-{}", stem.replace('.', "-"), hash(id)),
        stem => format!("{stem}-{}", hash(id)),
    }
}

/// A short name in small letters, digits and dashes from `text`; empty when nothing is left.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in compose(text).chars().flat_map(char::to_lowercase) {
        let keep = if c.is_ascii() {
            c.is_ascii_alphanumeric()
        } else {
            is_harmless(c) && !c.is_whitespace()
        };
        if keep {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    prefix(&slug, MAX_SLUG).trim_end_matches('-').to_owned()
}

/// The name of the file that a photo's address ends in, without its extension.
pub fn image_name(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let last = url.path_segments()?.rfind(|part| !part.is_empty())?;
    let name = percent_decode_str(last).decode_utf8_lossy();
    let stem = match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && (1..=5).contains(&extension.len())
                && extension.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            stem
        }
        _ => &name,
    };
    (!stem.trim().is_empty()).then(|| stem.to_owned())
}

/// The name of a file on any system, without its folder and its extension.
pub fn file_name(path: &str) -> &str {
    stem(path.rsplit(['/', '\\']).next().unwrap_or(path))
}

/// A file's name without its extension.
pub(super) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Whether `name` is one path component that is the same file on every platform, as the names
/// made here are. For names that come back from a log.
pub fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 2 * MAX_FOLDER
        && name.chars().all(is_harmless)
        && trim_edges(name) == name
        && !is_device(name)
}

/// The names in use within one folder.
#[derive(Debug, Default)]
pub struct UsedNames(HashSet<String>);

impl UsedNames {
    /// Takes `name` as it is, in use or not.
    pub fn insert(&mut self, name: &str) {
        self.0.insert(fold(name));
    }

    /// Takes `name`, with a hash of `of` where another has it already.
    pub fn claim(&mut self, name: String, of: &str) -> String {
        if self.0.insert(fold(&name)) {
            return name;
        }
        let mut salted = of.to_owned();
        loop {
            let other = format!("{name}-{}", hash(&salted));
            if self.0.insert(fold(&other)) {
                return other;
            }
            salted.push('+');
        }
    }
}

/// What two names share that some file system takes for one: case and Unicode form apart.
fn fold(name: &str) -> String {
    let one_case: String = name
        .chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    DecomposingNormalizerBorrowed::new_nfkd()
        .normalize(&one_case)
        .into_owned()
}

fn compose(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(text)
        .into_owned()
}

/// Whether a character may stand in a file name anywhere: no control, nothing invisible, nothing
/// that turns the direction of writing, nothing that a file system or a shell's quoting trips on.
fn is_harmless(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control() && !r#"<>:"/\|?*`$%"#.contains(c);
    }
    let invisible = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}'
        | '\u{1bca0}'..='\u{1bcaf}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}');
    !(c.is_control() || c.is_whitespace() || invisible)
}

/// Without what must not begin a name (hidden files, options, home folders) or end it (Windows
/// drops dots and spaces there).
fn trim_edges(name: &str) -> &str {
    name.trim_start_matches(['.', ' ', '-', '~'])
        .trim_end_matches(['.', ' ', '-'])
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_lowercase();
    DEVICES.iter().any(|device| {
        stem.strip_prefix(device).is_some_and(|rest| {
            let numbered = matches!(*device, "com" | "lpt");
            let mut rest = rest.chars();
            match (rest.next(), rest.next()) {
                (None, _) => !numbered,
                (Some(c), None) => numbered && (c.is_ascii_digit() || "¹²³".contains(c)),
                _ => false,
            }
        })
    })
}

fn hash(text: &str) -> String {
    let mut digits = base16ct::lower::encode_string(&Sha256::digest(text.as_bytes()));
    digits.truncate(HASH_DIGITS);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_ordinary_id_is_its_own_folder() {
        for id in [
            "LST-4201",
            "lst_4201.b",
            "Müller Haus 3",
            "東京-12",
            "A&B (2)",
        ] {
            assert_eq!(folder(id), id);
        }
    }

    #[test]
    fn an_id_that_had_to_be_changed_ends_in_a_hash_of_itself() {
        let slash = folder("a/b");
        assert!(slash.starts_with("a-b-") && slash.len() == "a-b-".len() + HASH_DIGITS);
        assert_ne!(slash, folder("a:b"));
        assert_ne!(slash, folder("a-b"));
    }

    #[test]
    fn no_id_leaves_its_folder_or_is_a_device() {
        for id in [
            "",
            ".",
            "..",
            "../../etc/passwd",
            "/etc",
            "C:\\x",
            "CON",
            "nul.txt",
            "com1",
            "LPT¹",
            "aux .b",
            "-rf",
            "~root",
            "x.",
            "x ",
            "a\0b",
            "a\u{202e}b",
            "\u{feff}",
            "\n",
            "...",
            ".creativeai-partial",
        ] {
            let name = folder(id);
            assert!(is_safe(&name), "{id:?} became {name:?}");
            assert_ne!(name, id);
        }
    }

    #[test]
    fn names_that_a_file_system_takes_for_one_are_reported_apart() {
        let mut taken = UsedNames::default();
        let first = taken.claim(folder("abc"), "abc");
        let second = taken.claim(folder("ABC"), "ABC");
        assert_eq!(first, "abc");
        assert!(second.starts_with("ABC-"), "{second}");
        let composed = taken.claim(folder("caf\u{e9}"), "caf\u{e9}");
        let decomposed = taken.claim(folder("cafe\u{301}"), "cafe\u{301}");
        assert_ne!(fold(&composed), fold(&decomposed));
        assert_ne!(
            taken.claim("straße".into(), "1"),
            taken.claim("STRASSE".into(), "2"),
        );
    }

    #[test]
    fn a_slug_is_the_photos_file_name() {
        let name = |address| image_name(address).map(|name| slug(&name));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            name("https://x/a/Living%20Room.jpg?sig=1#f"),
            some("living-room")
        );
        assert_eq!(name("https://x/K%C3%BCche.JPEG"), some("küche"));
        assert_eq!(name("https://x/photo.v2"), some("photo"));
        assert_eq!(name("https://x/a/..%2f..%2fetc"), some("etc"));
        assert_eq!(name("https://x/"), None);
        assert_eq!(name("no address"), None);
    }

    #[test]
    fn a_photo_is_called_like_its_file() {
        for (url, name) in [
            (
                "https://cdn.example.com/a/living-room.jpg",
                Some("living-room"),
            ),
            ("https://x/K%C3%BCche%202.JPEG?sig=a/b.c", Some("Küche 2")),
            ("https://x/photo#top", Some("photo")),
            ("https://x/.jpg", Some(".jpg")),
            ("https://x/%20.jpg", None),
            ("https://x/a/", Some("a")),
            ("https://x", None),
            ("https://x/?a=/b", None),
            ("", None),
        ] {
            assert_eq!(image_name(url).as_deref(), name, "{url}");
        }
        for path in ["photos/living room.jpg", "C:\\photos\\living room.jpg"] {
            assert_eq!(file_name(path), "living room");
        }
    }

    #[test]
    fn a_slug_is_short_and_may_be_nothing() {
        assert_eq!(slug("!!!"), "");
        assert_eq!(slug("--a--b--"), "a-b");
        assert!(slug(&"é".repeat(500)).len() <= MAX_SLUG);
    }

    proptest! {
        #[test]
        fn every_text_becomes_a_safe_name(id in any::<String>()) {
            let name = folder(&id);
            prop_assert!(is_safe(&name), "{:?} became {:?}", id, name);
            prop_assert!(name.len() <= MAX_FOLDER);
            let slug = slug(&id);
            let file = format!("01-{slug}.mp4");
            prop_assert!(slug.is_empty() || is_safe(&file), "{:?} became {:?}", id, file);
        }

        #[test]
        fn two_texts_never_share_a_name(a in "[aAbB./: é\u{301}]{0,6}", b in "[aAbB./: é\u{301}]{0,6}") {
            let mut taken = UsedNames::default();
            let first = taken.claim(folder(&a), &a);
            let second = taken.claim(folder(&b), &b);
            prop_assert_ne!(fold(&first), fold(&second));
        }
    }
}
