//! What single values may look like, and addresses of photos with the names in front of them.

use url::Url;

/// Reads an http(s) address as strictly as a person writes one. `Url` alone is as lenient as a
/// browser: it drops line breaks and takes `https:photo.jpg` for a host.
pub fn check_address(text: &str) -> Result<Url, String> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme)
            .then(|| &text[scheme.len()..])
    });
    let Some(rest) = rest else {
        return Err("does not begin with https:// or http://".into());
    };
    if has_blank(text) {
        return Err("has a space or a line break in it (a space is written %20)".into());
    }
    if rest.starts_with(['/', '\\']) {
        return Err("names no server".into());
    }
    Url::parse(text).map_err(|error| format!("is not valid ({error})"))
}

/// An address's scheme and server as written, when all that follows them is fit for an address
/// too: one that begins alike is then as good as this one.
pub(super) fn server_of(text: &str) -> Option<&str> {
    let start = text.find("://")? + 3;
    let end = text[start..].find(['/', '?', '#', '\\'])?;
    (!has_blank(text)).then(|| &text[..start + end])
}

/// Whether a text has to be looked at closely before it may be an address: it does not begin like
/// one, or holds what a plain address does not.
pub(super) fn is_unusual(text: &str) -> bool {
    !text.starts_with("http")
        || !text.is_ascii()
        || memchr::memchr3(b'#', b'{', b'%', text.as_bytes()).is_some()
        || memchr::memchr3(b'<', b'[', b' ', text.as_bytes()).is_some()
}

fn has_blank(text: &str) -> bool {
    if text.is_ascii() {
        // All of them are looked at, which is done many at once.
        let blank = |byte: u8| u8::from(byte <= b' ') | u8::from(byte == 0x7f);
        text.bytes().fold(0, |found, byte| found | blank(byte)) != 0
    } else {
        text.chars().any(|c| c.is_whitespace() || c.is_control())
    }
}

/// Whether a spreadsheet made a time of day of a ratio: `16:09`, `09:16:00`.
pub(super) fn is_clock_time(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let numbers = parts
        .iter()
        .all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let padded = |part: &&str| part.len() > 1 && part.starts_with('0');
    numbers && (parts.len() == 3 || parts.len() == 2 && parts.iter().any(padded))
}

/// Whether it is a decimal number from 0.25 to 4.
pub fn is_speed(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: Option<f64> = text.parse().ok();
    plain && number.is_some_and(|speed| (0.25..=4.0).contains(&speed))
}

/// The addresses in a cell that holds several, with whatever stands between them left out. A
/// single address in brackets after a name, as Airtable writes attachments, is one of these, too.
/// An address inside another address does not count separately.
pub(super) fn addresses_in(text: &str) -> Vec<&str> {
    let found = named_in(text).into_iter();
    found.map(|photo| photo.address).collect()
}

/// A photo's address in a cell, and the name in front of it: `kitchen.jpg (https://...)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NamedAddress<'a> {
    pub name: Option<&'a str>,
    pub address: &'a str,
}

/// The web addresses in a text, each with its name where it has one.
pub(super) fn named_in(text: &str) -> Vec<NamedAddress<'_>> {
    let is_between = |c: char| c.is_whitespace() || "|;,(<\"'".contains(c);
    let mut starts: Vec<usize> = ["https://", "http://"]
        .iter()
        .flat_map(|scheme| text.match_indices(scheme).map(|(at, _)| at))
        .filter(|&at| text[..at].chars().next_back().is_none_or(is_between))
        .collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut last = 0;
    let mut found = Vec::with_capacity(starts.len());
    for (&start, end) in starts.iter().zip(ends) {
        let piece = &text[start..end];
        let name = text[last..start].strip_suffix('(');
        let piece = match piece.find(')').filter(|_| name.is_some()) {
            Some(close) => &piece[..close],
            None => piece,
        };
        last = start + piece.len();
        let name = name.map(|name| {
            name.trim_start_matches(|c| c == ')' || is_between(c))
                .trim_end()
        });
        found.push(NamedAddress {
            name: name.filter(|name| !name.is_empty()),
            address: piece.trim_end_matches(|c: char| is_between(c) || c == '>'),
        });
    }
    found
}

/// The photos in a cell; at least one, which may be empty.
pub(super) fn photos_in(given: &str) -> Vec<NamedAddress<'_>> {
    let found = named_in(given);
    match found.as_slice() {
        // A name and its address, as Airtable writes an attachment.
        [_] if !given.starts_with("http") && given.ends_with(')') => found,
        [] | [_] => vec![NamedAddress {
            name: None,
            address: given,
        }],
        _ => found,
    }
}

/// The name and the address in `kitchen.jpg (https://...)`; of anything else no name.
pub fn named_photo(given: &str) -> (Option<&str>, &str) {
    match photos_in(given).as_slice() {
        [only] => (only.name, only.address),
        _ => (None, given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_http_with_a_server() {
        for good in [
            "https://cdn.example.com/a.jpg?sig=x%20y#z",
            "HTTP://example.com",
            "http://127.0.0.1:8080/a",
            "https://b\u{fc}cher.example/\u{e9}.jpg",
        ] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for bad in [
            "a.jpg",
            "C:\\photos\\a.jpg",
            "ftp://example.com/a.jpg",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https:example.com/a.jpg",
            "https:///a.jpg",
            "https://",
            "https://?x",
            "https://exa mple.com/",
            "https://example.com/a b.jpg",
            "https://a.example/1.jpg\nhttps://a.example/2.jpg",
            "https://example.com:99999/",
            "https://[::1",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_follows_a_good_server_is_no_reason_to_refuse_an_address() {
        for (text, server) in [
            ("https://a.example/x y", None),
            ("https://a.example", None),
            ("a.example/x", None),
            ("https://a.example/x\u{a0}y", None),
            ("https://a.example:8080/x", Some("https://a.example:8080")),
            ("http://a@b.example?x", Some("http://a@b.example")),
            ("http://a.example\\x@y/", Some("http://a.example")),
            ("http://a.example#://x/", Some("http://a.example")),
        ] {
            assert_eq!(server_of(text), server, "{text}");
        }
        for rest in [
            "/",
            "/[",
            "/%zz",
            "?#",
            "#:@",
            "/../..",
            "\\\\",
            "/x@y:99999/",
            "/\u{e9}",
        ] {
            let address = format!("https://a.example{rest}");
            assert_eq!(server_of(&address), Some("https://a.example"), "{address}");
            let url = check_address(&address).unwrap();
            assert_eq!((url.host_str(), url.username()), (Some("a.example"), ""));
        }
    }

    #[test]
    fn a_ratio_that_became_a_time_is_noticed() {
        for time in ["16:09", "16:09:00", "09:16", "9:16:00"] {
            assert!(is_clock_time(time), "{time}");
        }
        for ratio in ["16:9", "9:16", "1:1", "4:3", "auto", "", "2.39:1", "21:10"] {
            assert!(!is_clock_time(ratio), "{ratio}");
        }
    }

    #[test]
    fn a_speed_is_a_plain_number() {
        for good in ["1", "1.0", "0.25", "4", ".5", "4.0"] {
            assert!(is_speed(good), "{good}");
        }
        for bad in [
            "0.2", "4.1", "1,0", "fast", "NaN", "inf", "1e0", "+1", ".", "1.0x",
        ] {
            assert!(!is_speed(bad), "{bad}");
        }
    }

    #[test]
    fn several_addresses_are_reported_apart() {
        const A: &str = "https://e.com/a.jpg";
        const B: &str = "http://e.com/b.jpg?x=1";
        for text in [
            format!("{A}|{B}"),
            format!("{A};{B}"),
            format!("{A},{B}"),
            format!("{A}, {B},"),
            format!("{A} {B}"),
            format!("{A}\n{B}\n"),
            format!("{A} | {B}"),
            format!("a.jpg ({A}),b.jpg ({B})"),
            format!("\"{A}\",\"{B}\""),
        ] {
            assert_eq!(addresses_in(&text), [A, B], "{text}");
        }
        assert_eq!(addresses_in(&format!("a (1).jpg ({A})")), [A]);
        let text = format!("Bath, old (1).jpg ({A}), b.jpg ({B}),{A}");
        let names: Vec<_> = named_in(&text).iter().map(|photo| photo.name).collect();
        assert_eq!(names, [Some("Bath, old (1).jpg"), Some("b.jpg"), None]);
        for one in [
            A,
            "https://r.example/fetch/w_400,h_300/https://e.com/a.jpg",
            "https://r.example/?url=https://e.com/a.jpg",
            "https://e.com/a,b;c|d.jpg",
        ] {
            assert_eq!(addresses_in(one), [one]);
        }
        assert!(addresses_in("a.jpg").is_empty());
    }
}
