//! What the query of a photo's address says of the photo.

use std::borrow::Cow;

use super::normal::text;
use super::token::{is_digest, is_token};

/// Parts of a query that let someone in, for a time or for good.
const SIGNATURES: [&str; 17] = [
    "access_token",
    "auth",
    "authkey",
    "awsaccesskeyid",
    "exp",
    "expires",
    "expiry",
    "googleaccessid",
    "hmac",
    "jwt",
    "key-pair-id",
    "policy",
    "sig",
    "sign",
    "signature",
    "tempauth",
    "token",
];
/// How such names begin where a cloud has made them.
const PREFIXES: [&str; 6] = ["x-amz-", "x-goog-", "x-oss-", "x-cos-", "x-ms-", "q-"];
/// Further parts that say nothing of the photo: versions, times, how it is handed over, who looks at it, what
/// belongs to a signature.
const OTHERS: [&str; 33] = [
    "_",
    "alt",
    "cb",
    "dl",
    "download",
    "e",
    "export",
    "fbclid",
    "gclid",
    "ixid",
    "ixlib",
    "raw",
    "response-content-disposition",
    "rlkey",
    "s",
    "se",
    "ske",
    "skoid",
    "sks",
    "skt",
    "sktid",
    "skv",
    "sp",
    "spr",
    "sr",
    "st",
    "sv",
    "t",
    "timestamp",
    "ts",
    "v",
    "ver",
    "version",
];
/// In which size and format an image service is asked to send a photo.
const SIZES: [&str; 26] = [
    "auto",
    "cs",
    "dpr",
    "f",
    "fit",
    "fm",
    "fmt",
    "format",
    "h",
    "hei",
    "height",
    "maxheight",
    "maxwidth",
    "max_height",
    "max_width",
    "mode",
    "q",
    "qlt",
    "quality",
    "resize",
    "scale",
    "size",
    "sz",
    "w",
    "wid",
    "width",
];

/// What in a query names the photo, where the path does not (`/uc?id=FILE`, `/photo.php?listing=7&n=2`): all
/// but signatures and sizes.
pub(super) fn identity(query: &str) -> String {
    joined(query, '?', |name, value| {
        identifies(name) && !is_size(name, value)
    })
}

/// Whether a part of [`identity`] may be a signature all the same, made anew with each export: a token or a
/// digest, unless it is called an id.
pub(super) fn may_be_made_anew(part: &str) -> bool {
    let (name, value) = part.split_once('=').unwrap_or((part, ""));
    let value = if value.is_empty() { name } else { value };
    !name.ends_with("id") && (is_token(value) || is_digest(value))
}

/// Whether a part of a query says in which size the photo is to be sent. What looks like a file's name does
/// not, whatever it is called.
fn is_size(name: &str, value: &str) -> bool {
    let is_plain = !value.contains(['.', '/']) || value.parse::<f64>().is_ok();
    SIZES.contains(&name) && is_plain
}

/// What a query says besides signatures, times and tokens: another crop, another page. Two
/// addresses of one file that share it are one address, signed twice.
pub(super) fn identifying(address: &str) -> String {
    let address = address.split('#').next().unwrap_or_default();
    let Some((_, query)) = address.split_once('?') else {
        return String::new();
    };
    joined(query, '&', |name, _| identifies(name))
}

/// Whether a part of a query says something of the photo.
fn identifies(name: &str) -> bool {
    !signs(name) && !OTHERS.contains(&name) && !name.starts_with("utm_")
}

/// Whether a part of a query is a signature, or a key.
fn signs(name: &str) -> bool {
    SIGNATURES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether an address was signed, or holds a key: it is for the one it was made for, and most expire.
pub fn is_signed(address: &str) -> bool {
    let address = address.split('#').next().unwrap_or_default();
    let query = address.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| signs(&name.to_ascii_lowercase()))
}

/// The parts of a query that are wanted, in one order, each behind `mark`.
fn joined(query: &str, mark: char, is_wanted: impl Fn(&str, &str) -> bool) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let pairs = pairs.map(|(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        (name.to_ascii_lowercase(), text(&value).into_owned())
    });
    let mut pairs: Vec<_> = pairs
        .filter(|(name, value)| is_wanted(name, value))
        .collect();
    pairs.sort();
    let parts = pairs
        .iter()
        .map(|(name, value)| format!("{mark}{name}={value}"));
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_what_is_no_signature() {
        const PHOTO: &str = "https://cdn.example.com/a.jpg";
        for (query, expected) in [
            ("", ""),
            ("?", ""),
            ("?X-Amz-Signature=1&X-Amz-Date=2&Expires=3", ""),
            ("?sig=a&se=b#part", ""),
            ("?v=2", ""),
            ("?crop=left&sig=a", "&crop=left"),
            ("?page=2&crop=left", "&crop=left&page=2"),
        ] {
            assert_eq!(identifying(&format!("{PHOTO}{query}")), expected, "{query}");
        }
    }
}
