//! What the query of a photo's address says of the photo.

use std::borrow::Cow;

use super::normal::text;

/// What in a query names the photo, where the path does not (`/uc?id=FILE`). The rest of a query is
/// sizes and signatures.
pub(super) fn identity(query: &str) -> String {
    const NAMES: [&str; 14] = [
        "id", "fileid", "file", "filename", "image", "img", "photo", "picture", "path", "src",
        "url", "uniqueid", "resid", "uuid",
    ];
    joined(query, '?', |name, value| {
        NAMES.contains(&name) && !value.is_empty()
    })
}

/// What a query says besides signatures, times and tokens: another crop, another page. Two
/// addresses of one file that share it are one address, signed twice.
pub(super) fn identifying(address: &str) -> String {
    const SIGNATURES: [&str; 41] = [
        "_",
        "access_token",
        "auth",
        "awsaccesskeyid",
        "cb",
        "dl",
        "download",
        "e",
        "exp",
        "expires",
        "expiry",
        "googleaccessid",
        "hmac",
        "ixid",
        "key-pair-id",
        "policy",
        "raw",
        "rlkey",
        "s",
        "se",
        "sig",
        "sign",
        "signature",
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
        "token",
        "ts",
        "v",
        "ver",
        "version",
    ];
    const PREFIXES: [&str; 7] = [
        "x-amz-", "x-goog-", "x-oss-", "x-cos-", "x-ms-", "q-", "utm_",
    ];
    let address = address.split('#').next().unwrap_or_default();
    let Some((_, query)) = address.split_once('?') else {
        return String::new();
    };
    joined(query, '&', |name, _| {
        SIGNATURES.binary_search(&name).is_err()
            && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    })
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
