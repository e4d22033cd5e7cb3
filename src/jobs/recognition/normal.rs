//! Normal forms: two texts or addresses have the same one where a person sees no difference.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::percent_decode_str;
use url::Url;

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

fn fold(text: &str) -> String {
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

/// A photo's address, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Photo {
    /// Host and path in their normal form, without scheme, default port, query, fragment and
    /// signatures; empty for no photo.
    pub address: String,
    /// The file's name, in small letters; empty where the address has none.
    pub name: String,
    /// The server's name.
    pub host: String,
    /// The folders on the way to the file, in small letters; empty for those whose names are not plain
    /// words, but tokens as they change when an address is signed anew.
    pub folders: Vec<String>,
}

/// Host and path of an address as [`Photo::address`] has them.
pub fn address(address: &str) -> Cow<'_, str> {
    plain(address).map_or_else(|| Cow::Owned(Photo::of_any(address).address), Cow::Borrowed)
}

/// The part of an address that is its normal form already, as that of most is: `//host/a/b.jpg` of
/// `https://host/a/b.jpg?x`. Of such an address nothing has to be decoded, left out or looked for in
/// the query.
fn plain(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("http")?;
    let rest = rest.strip_prefix('s').unwrap_or(rest);
    let rest = rest.strip_prefix("://").and(rest.get(1..))?;
    let end = memchr::memchr2(b'?', b'#', rest.as_bytes());
    let plain = &rest[..end.unwrap_or(rest.len())];
    let path_at = 2 + memchr::memchr(b'/', plain.as_bytes().get(2..)?)?;
    let name_at = 1 + plain.bytes().rposition(|b| b == b'/')?;
    let (host, path, name) = (&plain[2..path_at], &plain[path_at..], &plain[name_at..]);
    (is_plain_host(host)
        && is_plain_path(path)
        && has_extension(name)
        && !may_be_of_shopify(path, name))
    .then_some(plain)
}

fn is_plain_host(host: &str) -> bool {
    let bytes = host.as_bytes();
    let has_name = |label: &str| !label.is_empty() && !label.starts_with("xn--");
    let last = bytes
        .iter()
        .rposition(|b| *b == b'.')
        .map_or(0, |dot| dot + 1);
    let is_plain =
        |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    // What ends in a number is an address of four of them, whatever it looks like.
    bytes.iter().all(is_plain)
        && bytes.get(last).is_some_and(u8::is_ascii_lowercase)
        && host.split('.').all(has_name)
}

/// Whether nothing in a path, its first slash included, is decoded or left out.
fn is_plain_path(path: &str) -> bool {
    const PLAIN: [bool; 256] = {
        let mut plain = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            let b = byte as u8;
            plain[byte] =
                b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'~' | b'/');
            byte += 1;
        }
        plain
    };
    let bytes = path.as_bytes();
    let is_kept = |start: usize| match bytes.get(start) {
        None | Some(b'/' | b'.') => false,
        Some(b's') => !bytes[start..].starts_with(b"s--"),
        Some(b'u') => !bytes[start..].starts_with(b"upload"),
        Some(_) => true,
    };
    bytes.iter().all(|byte| PLAIN[usize::from(*byte)])
        && memchr::memchr_iter(b'/', bytes).all(|slash| is_kept(slash + 1))
}

/// Whether a part of the name may be the size in which Shopify sends the photo, or a folder one of two
/// that it takes for each other.
fn may_be_of_shopify(path: &str, name: &str) -> bool {
    (path.starts_with("/s/files/") || path.starts_with("/cdn/shop/"))
        && (name.contains('_') && name.contains('x') || path.contains("/products/"))
}

impl Photo {
    /// Takes an address apart. What is not a web address is a text like any other.
    pub fn of(address: &str) -> Self {
        let parts = plain(address).and_then(|plain| plain.get(2..)?.split_once('/'));
        let Some((host, path)) = parts else {
            return Self::of_any(address);
        };
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        Self {
            address: format!("//{host}/{path}"),
            name: fold(name),
            host: host.to_owned(),
            folders: folder_words(folders.split('/').filter(|folder| !folder.is_empty())),
        }
    }

    fn of_any(address: &str) -> Self {
        let visible = text(address);
        let url = Url::parse(&visible)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
            return Self {
                address: visible.into_owned(),
                ..Self::default()
            };
        };
        let host = host.trim_end_matches('.');
        let host = match url.port() {
            // The default port of the other scheme.
            None | Some(80 | 443) => host.to_owned(),
            Some(port) => format!("{host}:{port}"),
        };
        let mut segments: Vec<String> = url
            .path_segments()
            .into_iter()
            .flatten()
            .map(segment)
            .filter(|segment| !segment.is_empty() && !is_signature(segment))
            .collect();
        leave_out_size(&mut segments);
        let path = segments.join("/");
        let identity = if segments.last().is_some_and(|name| has_extension(name)) {
            String::new()
        } else {
            identity_in_query(url)
        };
        let folders = segments
            .split_last()
            .map_or(&[][..], |(_, folders)| folders);
        Self {
            address: text(&format!("//{host}/{path}{identity}")).into_owned(),
            name: name(&host, segments.last().map_or("", String::as_str), &identity),
            folders: folder_words(folders.iter().map(String::as_str)),
            host,
        }
    }
}

fn segment(encoded: &str) -> String {
    match percent_decode_str(encoded).decode_utf8() {
        Ok(decoded) => text(&decoded).into_owned(),
        // Bytes of another encoding stay as they are written.
        Err(_) => encoded.to_ascii_uppercase(),
    }
}

/// Whether a part of a path is a signature, which is made anew each time: Cloudinary's `s--x--`,
/// and tokens as Akamai, Bunny and Google put them into paths.
fn is_signature(segment: &str) -> bool {
    const TOKENS: [&str; 12] = [
        "hdnts=",
        "hdnea=",
        "hdntl=",
        "__token__=",
        "token=",
        "exp=",
        "expires=",
        "st=",
        "sig=",
        "signature=",
        "bcdn_token=",
        "edge-cache-token=",
    ];
    let cloudinary = segment
        .strip_prefix("s--")
        .and_then(|rest| rest.strip_suffix("--"))
        .is_some_and(|inner| (6..=64).contains(&inner.len()));
    let lower = segment.to_ascii_lowercase();
    cloudinary || TOKENS.iter().any(|token| lower.starts_with(token)) || lower.contains("hmac=")
}

/// Leaves out the size in which an image service is asked to send the photo, where that stands in
/// the path: Cloudinary's `/upload/w_1920,q_auto/`, Shopify's `kitchen_1024x1024.jpg`. A crop is
/// no size: it is another photo.
fn leave_out_size(segments: &mut Vec<String>) {
    if segments.iter().any(|segment| segment == "upload") {
        segments.retain(|segment| !is_cloudinary_size(segment));
    }
    let of_shopify = matches!(&segments[..], [first, second, ..]
        if first == "s" && second == "files" || first == "cdn" && second == "shop");
    if let (true, Some((name, folders))) = (of_shopify, segments.split_last_mut()) {
        *name = without_shopify_size(name);
        // Shopify has moved what shops had uploaded from the one to the other.
        if let Some(folder) = folders.last_mut().filter(|folder| *folder == "products") {
            "files".clone_into(folder);
        }
    }
}

fn is_cloudinary_size(segment: &str) -> bool {
    segment
        .split(',')
        .all(|option| match option.split_once('_') {
            Some(("w" | "h" | "q" | "f" | "dpr", value)) => !value.is_empty(),
            Some(("c", value)) => matches!(value, "scale" | "fit" | "limit" | "mfit"),
            _ => false,
        })
}

fn without_shopify_size(name: &str) -> String {
    let found = name.rsplit_once('.').and_then(|(stem, extension)| {
        let (stem, size) = stem.rsplit_once('_')?;
        let size = size.trim_end_matches("@2x").trim_end_matches("@3x");
        let (width, height) = size.split_once('x')?;
        let is_number = |text: &str| text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
        let is_size = is_number(width) && is_number(height) && size.len() > 1;
        (is_size && !stem.is_empty()).then(|| format!("{stem}.{extension}"))
    });
    found.unwrap_or_else(|| name.to_owned())
}

/// Services whose addresses are nothing but tokens, all made anew: no part of them names the photo.
const NAMELESS: [&str; 1] = ["airtableusercontent.com"];

fn name(host: &str, last: &str, identity: &str) -> String {
    let is_token = last.len() >= 20 && !last.contains('.');
    let service = NAMELESS
        .iter()
        .find(|service| is_token && (host == **service || host.ends_with(&format!(".{service}"))));
    match service {
        Some(service) => format!("//{service}"),
        None if last.is_empty() => String::new(),
        None => fold(&format!("{last}{identity}")),
    }
}

fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        const PAGES: [&str; 7] = ["php", "aspx", "ashx", "asp", "jsp", "cgi", "html"];
        !stem.is_empty()
            && (2..=5).contains(&extension.len())
            && extension.bytes().all(|b| b.is_ascii_alphanumeric())
            && !PAGES
                .iter()
                .any(|page| extension.eq_ignore_ascii_case(page))
    })
}

/// What in a query names the photo, where the path does not (`/uc?id=FILE`). The rest of a query is
/// sizes and signatures.
fn identity_in_query(url: &Url) -> String {
    const NAMES: [&str; 14] = [
        "id", "fileid", "file", "filename", "image", "img", "photo", "picture", "path", "src",
        "url", "uniqueid", "resid", "uuid",
    ];
    let mut pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| (name.to_ascii_lowercase(), text(&value).into_owned()))
        .filter(|(name, value)| NAMES.contains(&name.as_str()) && !value.is_empty())
        .collect();
    pairs.sort();
    let parts = pairs
        .into_iter()
        .flat_map(|(name, value)| ["?".to_owned(), name, "=".to_owned(), value]);
    parts.collect()
}

/// What a query says besides signatures, times and tokens: another crop, another page. Two
/// addresses of one file that share it are one address, signed twice.
pub fn identifying_query(address: &str) -> String {
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
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.to_ascii_lowercase(), text(&value).into_owned()))
        .filter(|(name, _)| {
            SIGNATURES.binary_search(&name.as_str()).is_err()
                && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        })
        .collect();
    pairs.sort();
    let parts = pairs
        .into_iter()
        .flat_map(|(name, value)| ["&".to_owned(), name, "=".to_owned(), value]);
    parts.collect()
}

fn folder_words<'a>(folders: impl Iterator<Item = &'a str>) -> Vec<String> {
    let word = |folder: &str| {
        if is_word(folder) {
            fold(folder)
        } else {
            String::new()
        }
    };
    folders.map(word).collect()
}

/// Whether a folder's name is a plain word, or several, and no token.
fn is_word(folder: &str) -> bool {
    const LONGEST: usize = 40;
    const SHORTEST_HASH: usize = 8;
    let is_of_letters = folder
        .chars()
        .all(|c| c.is_alphabetic() || c == '-' || c == '_');
    let is_hash =
        folder.len() >= SHORTEST_HASH && folder.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_of_letters
        && folder.len() <= LONGEST
        && !is_hash
        && folder.split(['-', '_']).all(has_case_of_words)
}

/// Whether capitals begin words (`LivingRoom`), or all letters are of one case.
fn has_case_of_words(name: &str) -> bool {
    const SHORTEST: usize = 2;
    let is_mixed = name.chars().any(char::is_uppercase) && name.chars().any(char::is_lowercase);
    // Each capital has so many small letters behind it, and so have those before the first.
    let mut words = name.split(char::is_uppercase);
    let first = words.next().unwrap_or_default();
    let is_long = |word: &str| word.chars().count() >= SHORTEST;
    !is_mixed || ((first.is_empty() || is_long(first)) && words.all(is_long))
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
            assert_eq!(
                identifying_query(&format!("{PHOTO}{query}")),
                expected,
                "{query}"
            );
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

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let plain = Photo::of("https://cdn.example.com/rooms/a.b/kitchen%20one.jpg").address;
        for same in [
            "http://cdn.example.com/rooms/a.b/kitchen%20one.jpg",
            "https://CDN.Example.COM:443/rooms/a.b/kitchen one.jpg",
            "https://cdn.example.com./rooms//a%2Eb/./kitchen%20one.jpg?sig=1&X-Amz-Date=2#top",
            "https://cdn.example.com/rooms/x/../a.b/s--Ab3dEf9h--/kitchen%20one.jpg",
            "https://cdn.example.com/hdnts=exp=1~acl=/*~hmac=ab12/rooms/a.b/kitchen%20one.jpg",
            " https://cdn.example.com/rooms/a.b/kitchen\u{200b}%20one.jpg\u{a0}",
        ] {
            assert_eq!(Photo::of(same).address, plain, "{same}");
        }
        for other in [
            "https://cdn.example.com/rooms/a.b/Kitchen%20one.jpg",
            "https://cdn.example.com/rooms/a.b/kitchen%20one.png",
            "https://cdn.example.com:8443/rooms/a.b/kitchen%20one.jpg",
            "https://cdn.example.org/rooms/a.b/kitchen%20one.jpg",
        ] {
            assert_ne!(Photo::of(other).address, plain, "{other}");
        }
    }

    #[test]
    fn plain_addresses_are_seen_at_a_glance() {
        for (address, seen) in [
            ("https://x.example/a.jpg", Some("//x.example/a.jpg")),
            (
                "http://x.example/B/a_1.v2.jpg?sig=1#top",
                Some("//x.example/B/a_1.v2.jpg"),
            ),
            (
                "https://cdn.shopify.com/s/files/1/IMG_1.jpg?v=2",
                Some("//cdn.shopify.com/s/files/1/IMG_1.jpg"),
            ),
            ("https://cdn.shopify.com/s/files/1/a_2x2.jpg", None),
            ("https://res.example/d/upload/w_10/a.jpg", None),
            ("https://x.example/a%20b.jpg", None),
            ("https://x.example/b/../a.jpg", None),
            ("https://x.example//a.jpg", None),
            ("https://x.example/view?id=1", None),
            ("https://X.example/a.jpg", None),
            ("https://x.example:443/a.jpg", None),
            ("https://1.2/a.jpg", None),
            ("https://x.jpg", None),
            ("ftp://x.example/a.jpg", None),
            ("https?://x.example/a.jpg", None),
            ("h?", None),
            ("", None),
        ] {
            assert_eq!(plain(address), seen, "{address}");
        }
    }

    #[test]
    fn a_query_counts_only_where_it_names_the_photo() {
        let address =
            |query: &str| Photo::of(&format!("https://drive.example.com/uc{query}")).address;
        assert_ne!(address("?id=1"), address("?id=2"));
        assert_eq!(address("?id=1&export=view"), address("?token=x&id=1"));
        let jpg = |query: &str| Photo::of(&format!("https://x.example/a.jpg{query}")).address;
        assert_eq!(jpg("?id=1"), jpg("?id=2"));
    }

    #[test]
    fn the_size_in_which_a_service_sends_a_photo_is_no_part_of_its_address() {
        let address = |address: &str| Photo::of(address).address;
        let cloudinary = |options: &str| {
            address(&format!(
                "https://res.cloudinary.com/d/image/upload/{options}v1/rooms/kitchen.jpg"
            ))
        };
        for options in [
            "w_1920,q_auto/",
            "f_auto/",
            "c_limit,h_800/q_80/",
            "dpr_2.0/",
        ] {
            assert_eq!(cloudinary(options), cloudinary(""), "{options}");
        }
        for options in ["c_crop,x_10,y_20,w_300/", "e_sepia/", "w_/", "rooms/"] {
            assert_ne!(cloudinary(options), cloudinary(""), "{options}");
        }
        let shop = |name: &str| {
            address(&format!(
                "https://cdn.shopify.com/s/files/1/0001/{name}?v=1"
            ))
        };
        for name in [
            "mug_1024x1024.jpg",
            "mug_x800.jpg",
            "mug_600x.jpg",
            "mug_600x@2x.jpg",
        ] {
            assert_eq!(shop(name), shop("mug.jpg"), "{name}");
        }
        for name in [
            "mug_2.jpg",
            "mug_x.jpg",
            "mug_axb.jpg",
            "mug_600x600_crop_top.jpg",
        ] {
            assert_ne!(shop(name), shop("mug.jpg"), "{name}");
        }
        // Shopify has moved what shops had uploaded.
        assert_eq!(shop("products/mug.jpg"), shop("files/mug_600x.jpg"));
        assert_ne!(shop("products/mug.jpg"), shop("collections/mug.jpg"));
        // Elsewhere it is a part of the name.
        assert_ne!(
            address("https://x.example/plan_10x12.jpg"),
            address("https://x.example/plan.jpg")
        );
    }

    #[test]
    fn a_rotated_address_keeps_its_files_name() {
        let name = |address: &str| Photo::of(address).name;
        assert_eq!(name("https://a.example/x/Hero.JPG?sig=1"), "hero.jpg");
        assert_eq!(name("https://b.example/hero.jpg"), "hero.jpg");
        assert_eq!(
            name("https://ucab.dl.dropboxusercontent.com/cd/0/get/Cab12/file"),
            name("https://ucff.dl.dropboxusercontent.com/cd/0/get/Czz99/file?dl=1"),
        );
        let airtable = |token: &str| {
            name(&format!(
                "https://v5.airtableusercontent.com/v3/u/27/27/1717/{token}/{token}"
            ))
        };
        assert_eq!(
            airtable("aB3dEfGh1jKlMnOpQrStUv"),
            airtable("zY9xWvUt8sRqPoNmLkJiHg")
        );
        assert_eq!(name("https://a.example/"), "");
    }

    #[test]
    fn plain_words_on_the_way_are_distinguished_from_tokens() {
        let folders = |folder: &str| {
            let photo = Photo::of(&format!("https://x.example/{folder}/1.jpg"));
            photo.folders.join("/")
        };
        for (word, seen) in [
            ("kitchen", "kitchen"),
            ("Kitchen", "kitchen"),
            ("KITCHEN", "kitchen"),
            ("LivingRoom", "livingroom"),
            ("myPhotos", "myphotos"),
            ("living-room_A", "living-room_a"),
            ("k\u{fc}che", "k\u{fc}che"),
            ("deadbee", "deadbee"),
            ("a/b", "a/b"),
        ] {
            assert_eq!(folders(word), seen, "{word}");
        }
        for token in [
            "a8f2", "AbCdEfGh", "kXbQ", "cfbbdcda", "CFBBDCDA", "deadbeef", "aB-cD",
        ] {
            assert_eq!(folders(token), "", "{token}");
        }
    }

    proptest! {
        /// Whatever is seen at a glance is what the whole way finds.
        #[test]
        fn a_plain_address_is_its_normal_form(
            scheme in "https?:/{1,3}|ftp://",
            host in "([a-z0-9]{1,3}|xn--[a-z]{1,3}|cdn|0x7f)([.][a-z0-9-]{0,4}){0,3}",
            folders in "(/([a-zA-Z0-9._~-]{0,6}|s--[a-z]{6}--|upload|w_1|[.]{1,2}|s/files|cdn/shop|products|a=b)){0,3}",
            name in "/?([a-z_]{0,3}(_[0-9]{1,2}x[0-9]{0,2})?[.](jpg|php|JPG|x)|[a-z]{1,4}|%2E|s--abcdef--)",
            query in "([?#][a-z=?#]{0,6})?",
        ) {
            let address = format!("{scheme}{host}{folders}{name}{query}");
            prop_assert_eq!(Photo::of(&address), Photo::of_any(&address), "{}", &address);
            prop_assert_eq!(super::address(&address).into_owned(), Photo::of_any(&address).address);
        }

        #[test]
        fn normal_forms_are_their_own(any in "\\PC{0,24}|[\u{0}-\u{ffff}]{0,12}") {
            let once = text(&any).into_owned();
            prop_assert_eq!(text(&once), once.as_str());
            let once = id(&any);
            prop_assert_eq!(&id(&once), &once);
        }

        #[test]
        fn an_addresses_normal_form_is_its_own(
            any in "https?://[a-zA-Z.]{1,8}(:[0-9]{1,4})?/[a-zA-Z0-9/.% é\u{301}?#:=&-]{0,24}",
        ) {
            let once = Photo::of(&any).address;
            prop_assert_eq!(Photo::of(&once).address, once);
        }
    }
}
