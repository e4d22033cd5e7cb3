//! Normal forms: two texts have the same one where a person sees no difference.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// A text in NFC, without what cannot be seen, its blanks as single spaces, none around it. Quotes
/// and letter case stay.
pub fn text(text: &str) -> Cow<'_, str> {
    if is_plain_ascii(text) {
        return Cow::Borrowed(text);
    }
    let visible: String = text.chars().filter(|&c| !is_invisible(c)).collect();
    let composed = compose(&visible);
    let mut normal = String::with_capacity(composed.len());
    for word in composed.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    Cow::Owned(normal)
}

/// The same, with letter case folded: for ids, which some programs write in capitals.
pub fn id(id: &str) -> String {
    fold(&text(id))
}

pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Small letters first: there is a capital ß, of which a ß is made, but SS of that.
    let upper = text
        .chars()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase);
    let lower: String = upper.flat_map(char::to_lowercase).collect();
    compose(&lower)
}

fn compose(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(text)
        .into_owned()
}

/// Most texts: nothing but visible ASCII and single spaces inside.
fn is_plain_ascii(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
}

/// Whether a character leaves no trace on a screen: byte order marks, joiners, soft hyphens, marks
/// of the direction of writing, control characters. Blanks are none of them.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || (c.is_control() && !c.is_whitespace())
}

/// The text behind one that was read with the wrong encoding: UTF-8 read as windows-1252 or as
/// Macintosh text, also several times over. `None` for a text of which that is not so.
pub fn reread(text: &str) -> Option<String> {
    const MOST_TIMES: usize = 3;
    if text.is_ascii() {
        return None;
    }
    let mut found = None;
    for _ in 0..MOST_TIMES {
        let current = found.as_deref().unwrap_or(text);
        let Some(better) = reread_once(current) else {
            break;
        };
        found = Some(better);
    }
    found
}

fn reread_once(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    [encoding_rs::WINDOWS_1252, encoding_rs::MACINTOSH]
        .into_iter()
        .find_map(|encoding| {
            let (bytes, _, is_lossy) = encoding.encode(text);
            let bytes = (!is_lossy).then_some(bytes)?;
            String::from_utf8(bytes.into_owned()).ok()
        })
}

/// A decimal number in one form: `1`, `1.0`.
pub(super) fn number(text: &str) -> String {
    let number = text.trim().parse::<f64>();
    number.map_or_else(|_| text.to_owned(), |number| number.to_string())
}

/// The letter case of a language's tag says nothing (BCP 47).
pub(super) fn language_tag(tag: &str) -> String {
    tag.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_makes_no_difference() {
        for (one, other) in [
            ("caf\u{e9}", "cafe\u{301}"),
            ("SKU-1", "\u{feff}SKU-1"),
            ("SKU-1", "SKU\u{200b}-1"),
            ("SKU-1", "\u{a0}SKU-1 \u{2003}"),
            ("SKU-1", "S\u{ad}KU\u{2060}-1\u{200f}"),
            ("slow pan,  left", " slow pan,\r\nleft"),
        ] {
            assert_eq!(text(one), text(other), "{one:?} {other:?}");
        }
        for (one, other) in [
            ("Sku-1", "sku-1"),
            ("STRASSE", "stra\u{df}e"),
            ("STRA\u{1e9e}E", "stra\u{df}e"),
        ] {
            assert_ne!(text(one), text(other));
            assert_eq!(id(one), id(other));
        }
        for (one, other) in [("0012", "12"), ("a b", "ab"), ("\"pan\"", "pan")] {
            assert_ne!(id(one), id(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_text_read_with_the_wrong_encoding_is_read_back() {
        for (read, meant) in [
            ("M\u{c3}\u{bc}ller", "M\u{fc}ller"),
            ("M\u{221a}\u{ba}ller", "M\u{fc}ller"),
            ("M\u{c3}\u{192}\u{c2}\u{bc}ller", "M\u{fc}ller"),
        ] {
            assert_eq!(reread(read).as_deref(), Some(meant), "{read}");
        }
        for whole in ["M\u{fc}ller", "Mueller", "\u{6771}\u{4eac}", "5 \u{20ac}"] {
            assert_eq!(reread(whole), None, "{whole}");
        }
    }

    proptest! {
        #[test]
        fn normal_forms_are_their_own(any in "\\PC{0,24}|[\u{0}-\u{ffff}]{0,12}") {
            let once = text(&any).into_owned();
            prop_assert_eq!(text(&once), once.as_str());
            let once = id(&any);
            prop_assert_eq!(&id(&once), &once);
        }
    }
}
