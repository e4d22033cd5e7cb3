//! The API key, kept from every output.

use secrecy::{ExposeSecret, SecretString};

/// An API key. It has no `Display`, its `Debug` is redacted, and its memory is cleared when it is
/// dropped.
#[derive(Clone, Debug)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// Takes a key as it stands in an environment variable or a file: surrounding white space is
    /// no part of it. `None` when nothing is left, or when it could not stand in a header.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()))
            .then(|| Self(SecretString::from(text)))
    }

    /// The key that a sandbox takes unless it is told another.
    pub fn sandbox() -> Self {
        Self(SecretString::from("sandbox"))
    }

    /// The key itself: for the `Authorization` header and for signatures, nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `text` with every occurrence of the key blotted out.
    pub fn blot(&self, text: &str) -> String {
        text.replace(self.expose(), "[key]")
    }
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
}
