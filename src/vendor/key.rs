//! The API key, kept from every output.

use secrecy::{ExposeSecret, SecretString};

use crate::text::secret;

/// Stands where the key was.
const BLOT: &str = "[key]";

/// An API key. It has no `Display`, its `Debug` is redacted, and its memory is cleared when it is
/// dropped.
#[derive(Clone, Debug)]
pub struct ApiKey(SecretString);

/// What the vendor's keys begin with.
pub const PREFIX: &str = "rph_live_";

/// Characters of a key that are shown.
const SHOWN: usize = 4;

impl ApiKey {
    /// Takes a key as it stands in an environment variable or a file: white space and quotes around it
    /// are no part of it, nor is the variable's name before it. `None` when nothing is left, or when it
    /// could not stand in a header.
    pub fn new(text: &str) -> Option<Self> {
        let text = bare(text);
        Self::fault(text)
            .is_none()
            .then(|| Self(SecretString::from(text)))
    }

    /// Why a text is not a key, without quoting any of it.
    pub fn fault(text: &str) -> Option<String> {
        let text = bare(text);
        if text.is_empty() {
            return Some("it is empty".to_owned());
        }
        let (place, stray) = text
            .chars()
            .enumerate()
            .find(|(_, c)| !c.is_ascii_graphic())?;
        let what = match stray {
            '\n' | '\r' => "a line break",
            c if c.is_whitespace() => "a space",
            c if c.is_control() => "an invisible character",
            _ => "a character that no key has",
        };
        Some(format!("after {place} characters there is {what}"))
    }

    /// The key that a sandbox takes unless it is given another.
    pub fn sandbox() -> Self {
        Self(SecretString::from("sandbox"))
    }

    /// Whether it is that key, which no vendor knows.
    pub fn is_sandbox(&self) -> bool {
        self.expose() == Self::sandbox().expose()
    }

    /// Whether it can be a key: the vendor's are longer than the [`PREFIX`] that they begin with.
    pub fn is_plausible(&self) -> bool {
        self.is_sandbox() || self.expose().len() > PREFIX.len()
    }

    /// Whether it begins as the vendor's keys do.
    pub fn is_usual(&self) -> bool {
        self.expose().starts_with(PREFIX)
    }

    /// What people distinguish their keys by: its last four characters. Nothing of a short key, of
    /// which four would be a large part.
    pub fn ending(&self) -> Option<&str> {
        let key = self.expose();
        (key.len() >= 4 * SHOWN).then(|| &key[key.len() - SHOWN..])
    }

    /// The key itself: for the `Authorization` header and for signatures, nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `text` with every occurrence of the key blotted out.
    pub fn blot(&self, text: &str) -> String {
        if self.is_sandbox() {
            // No secret, and a word of the sandbox's own messages.
            return text.to_owned();
        }
        text.replace(self.expose(), BLOT)
    }

    /// A reply's body with every occurrence of the key blotted out, escaped ones in JSON included.
    pub fn blot_body(&self, body: Vec<u8>) -> Vec<u8> {
        if self.is_sandbox() {
            return body;
        }
        secret::blot_body(body, self.expose(), BLOT)
    }
}

/// What a key is wrapped in where it was copied or where a file is written for a shell.
fn bare(text: &str) -> &str {
    let is_around = |c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '“' | '”' | '„' | '‘' | '’' | '\u{feff}')
    };
    let text = text.trim_matches(is_around);
    let value = text.strip_prefix("CREATIVEAI_API_KEY=").unwrap_or(text);
    value.trim_matches(is_around)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_it() {
        let key = ApiKey::new(" rph_live_secret\n").unwrap();
        assert!(!format!("{key:?}").contains("secret\""), "{key:?}");
        assert!(!format!("{key:?}").contains("rph_live"), "{key:?}");
        assert_eq!(key.expose(), "rph_live_secret");
    }

    #[test]
    fn what_a_key_is_wrapped_in_is_no_part_of_it() {
        for text in [
            "\"rph_live_1\"",
            "'rph_live_1'\r\n",
            "“rph_live_1”",
            "\u{feff}rph_live_1",
            "CREATIVEAI_API_KEY=\"rph_live_1\"",
        ] {
            assert_eq!(ApiKey::new(text).unwrap().expose(), "rph_live_1", "{text}");
        }
    }

    #[test]
    fn why_a_text_is_no_key_quotes_nothing_of_it() {
        for (text, fault) in [
            (" \n", "it is empty"),
            ("two words", "after 3 characters there is a space"),
            ("line\nbreak", "after 4 characters there is a line break"),
            (
                "schlüssel",
                "after 4 characters there is a character that no key has",
            ),
        ] {
            assert_eq!(ApiKey::fault(text).as_deref(), Some(fault));
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_none() {
        for bad in ["", "  \n", "two words", "line\nbreak", "schlüssel"] {
            assert!(ApiKey::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_quoted_key_is_blotted_out() {
        let key = ApiKey::new("rph_live_1").unwrap();
        assert_eq!(key.blot("bad key rph_live_1!"), "bad key [key]!");
    }

    #[test]
    fn a_key_in_a_reply_is_blotted_out_however_it_is_written() {
        let key = ApiKey::new("rph_live_1").unwrap();
        let blotted = |body: &str| String::from_utf8(key.blot_body(body.into())).unwrap();
        for (body, expected) in [
            (
                r#"{ "url":"https://x/rph_live_1?rph_live_1" }"#,
                r#"{ "url":"https://x/[key]?[key]" }"#,
            ),
            (
                r#"{"a":[{"b":"rph\u005flive_1"}],"c":1}"#,
                r#"{"a":[{"b":"[key]"}],"c":1}"#,
            ),
            ("<p>rph_live_1", "<p>[key]"),
            (r#"{ "quote":"\"" }"#, r#"{ "quote":"\"" }"#),
        ] {
            assert_eq!(blotted(body), expected);
        }
    }

    #[test]
    fn a_word_that_is_no_secret_stays() {
        let body = b"vgen_sandbox_1".to_vec();
        assert_eq!(ApiKey::sandbox().blot_body(body.clone()), body);
    }
}
