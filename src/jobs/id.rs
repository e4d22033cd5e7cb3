//! Names that must not be mixed up: a job's key, the vendor's id, the column that names a job's item.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Prefix of every id that a sandbox hands out.
pub const SANDBOX_PREFIX: &str = "vgen_sandbox_";

/// A job's key: the first 16 hexadecimal digits of a SHA-256, kept as the number they spell.
///
/// ```
/// use creativeai::jobs::JobKey;
/// let key = JobKey::digest(&["video", "LST-1"]);
/// assert_eq!(JobKey::parse(&key.to_string()), Some(key));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey(u64);

impl JobKey {
    /// The key over the compact JSON array of `parts`.
    pub fn digest(parts: &[&str]) -> Self {
        let len: usize = parts.iter().map(|part| part.len() + ",\"\"".len()).sum();
        // Most texts have little to escape.
        let mut json = Vec::with_capacity(len + len / 8);
        if serde_json::to_writer(&mut json, parts).is_err() {
            // Texts always serialize.
            json.clear();
        }
        let digest = Sha256::digest(json);
        let mut head = [0u8; 8];
        head.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(head))
    }

    /// The key of a line that names no job: over `["seed", generation_id]`, or over the listing's
    /// or SKU's id where there is no generation id.
    pub fn of_seed(name: &str) -> Self {
        Self::digest(&["seed", name])
    }

    /// Reads 16 hexadecimal digits; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_key = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_key
            .then(|| u64::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }

    /// The key as a number, for compact sets.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The inverse of [`JobKey::number`].
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobKey({self})")
    }
}

impl Serialize for JobKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The vendor's id of one accepted attempt: opaque, 1 to 128 characters of `[A-Za-z0-9_-]`,
/// so that it is safe in a URL, a path and a terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct GenerationId(String);

impl GenerationId {
    /// Longest id accepted, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Checks `text`; `None` when it is not a valid id.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_valid(text).then(|| Self(text.to_owned()))
    }

    /// Whether `text` is a valid id.
    pub fn is_valid(text: &str) -> bool {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(is_plain)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a sandbox made it.
    pub fn is_sandbox(&self) -> bool {
        self.0.starts_with(SANDBOX_PREFIX)
    }
}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for GenerationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a valid generation id"))
    }
}

/// Which column names a row's item; it decides the words a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdColumn {
    /// `listing_id`: a property listing; several photos (rooms) may share it.
    Listing,
    /// `sku`: a product.
    Sku,
}

impl IdColumn {
    /// The column's and the log field's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listing => "listing_id",
            Self::Sku => "sku",
        }
    }

    /// What people call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Sku => "SKU",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_first_sixteen_digits_of_the_sha256_of_the_compact_array() {
        // printf '["seed","vgen_abc123"]' | sha256sum
        let whole = base16ct::lower::encode_string(&Sha256::digest(br#"["seed","vgen_abc123"]"#));
        assert_eq!(JobKey::of_seed("vgen_abc123").to_string(), whole[..16]);
    }

    #[test]
    fn a_key_keeps_its_leading_zeros() {
        let key = JobKey::parse("000000000000000a").unwrap();
        assert_eq!(key.to_string(), "000000000000000a");
    }

    #[test]
    fn keys_of_another_shape_are_refused() {
        for bad in [
            "",
            "12",
            "zzzzzzzzzzzzzzzz",
            "+123456789abcdef",
            "0123456789abcdef0",
        ] {
            assert_eq!(JobKey::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_are_checked() {
        assert!(GenerationId::parse("vgen_abc-123").is_some());
        let long = "x".repeat(129);
        for bad in ["", "a b", "../etc", "a/b", "é", "a\n", long.as_str()] {
            assert_eq!(GenerationId::parse(bad), None, "{bad}");
        }
    }
}
