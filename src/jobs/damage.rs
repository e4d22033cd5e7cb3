//! Lines of a log that say: a person knows that another line is damaged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::event_kind::time;
use super::text::Text;

/// What a damaged line is recognized by: the first half of its SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Digest([u8; 16]);

impl Digest {
    /// Of a line's bytes, without its end.
    pub fn of(line: &[u8]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&Sha256::digest(line)[..16]);
        Self(half)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut half = [0; 16];
        let decoded = base16ct::lower::decode(text, &mut half).ok()?;
        (decoded.len() == half.len()).then_some(Self(half))
    }
}

/// A line of the log that reports another one, which is damaged and accepted as such. It names no
/// job: what the damaged line may have reported about jobs is reported by lines of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AcceptedDamage {
    /// The damaged line's.
    pub digest: Digest,
    /// The damaged line itself, if it is no longer in the log.
    pub text: Option<Vec<u8>>,
}

/// The word in `status`.
const WORD: &str = "damaged";

impl AcceptedDamage {
    /// Reads a line; `None` for any other.
    pub fn parse(raw: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Fields<'a> {
            #[serde(borrow)]
            status: Text<'a>,
            #[serde(borrow)]
            damaged_line: Text<'a>,
            #[serde(borrow)]
            damaged_text: Option<Text<'a>>,
            #[serde(borrow)]
            damaged_text_b64: Option<Text<'a>>,
        }
        let fields: Fields<'_> = serde_json::from_str(raw).ok()?;
        if fields.status.as_str() != WORD {
            return None;
        }
        let text = match (fields.damaged_text, fields.damaged_text_b64) {
            (Some(text), _) => Some(text.as_str().as_bytes().to_vec()),
            (None, Some(text)) => Some(STANDARD.decode(text.as_str()).ok()?),
            (None, None) => None,
        };
        Some(Self {
            digest: Digest::parse(fields.damaged_line.as_str())?,
            text,
        })
    }

    /// The line, with its newline.
    pub fn line(&self, at: jiff::Timestamp) -> String {
        #[derive(Serialize)]
        struct Fields<'a> {
            #[serde(serialize_with = "time")]
            at: jiff::Timestamp,
            status: &'a str,
            damaged_line: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            damaged_text: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            damaged_text_b64: Option<String>,
        }
        let text = self.text.as_deref();
        let utf8 = text.and_then(|text| std::str::from_utf8(text).ok());
        let line = serde_json::to_string(&Fields {
            at,
            status: WORD,
            damaged_line: base16ct::lower::encode_string(&self.digest.0),
            damaged_text: utf8,
            damaged_text_b64: text
                .filter(|_| utf8.is_none())
                .map(|text| STANDARD.encode(text)),
        });
        // Texts always serialize.
        line.unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back() {
        for text in [None, Some(b"\0\xff{".to_vec()), Some(b"{\"a\0\"".to_vec())] {
            let digest = Digest::of(b"\0\xff{");
            let original = AcceptedDamage { digest, text };
            let line = original.line(jiff::Timestamp::UNIX_EPOCH);
            assert_eq!(AcceptedDamage::parse(&line), Some(original), "{line}");
        }
    }

    #[test]
    fn any_other_line_is_none() {
        for line in [
            "",
            "{}",
            r#"{"status":"damaged"}"#,
            r#"{"status":"damaged","damaged_line":"12"}"#,
            r#"{"status":"pending","damaged_line":"00000000000000000000000000000000"}"#,
        ] {
            assert_eq!(AcceptedDamage::parse(line), None, "{line}");
        }
    }
}
