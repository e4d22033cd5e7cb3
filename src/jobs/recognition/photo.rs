//! Addresses of photos, in normal forms.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

use super::normal::{fold, text};
use super::query;
use super::token::{has_extension, is_token, is_word};

/// A photo's address, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhotoAddress {
    /// Host and path in their normal form, without scheme, default port, query, fragment and
    /// signatures; empty for no photo.
    pub address: String,
    /// The file's name, in small letters; empty where the address has none.
    pub name: String,
    /// The server's name.
    pub host: String,
    /// The folders on the way to the file, in small letters; empty for those whose names are not plain
    /// words, but tokens that change when an address is re-signed.
    pub folders: Vec<String>,
}

impl PhotoAddress {
    /// Whether no part of the address names the photo: all of it changes with each export.
    pub fn is_nameless(&self) -> bool {
        self.name.starts_with("//")
    }

    /// What stays of an address in which what may be a token, made anew with each export, is in place of a
    /// name: at the end of its path or in its query. `None` where there is none.
    pub fn beside_token(&self) -> Option<String> {
        if self.host.is_empty() || self.is_nameless() {
            return None;
        }
        let mut parts = self.address.split('?');
        let path = parts.next().unwrap_or_default();
        let end = path.rsplit('/').next().unwrap_or_default();
        // Google serves a file of Drive by its id.
        let is_id = path.contains(".googleusercontent.com/d/");
        let end = Some(end).filter(|end| is_id || !is_token(end));
        let (tokens, names): (Vec<&str>, Vec<&str>) =
            parts.partition(|part| query::may_be_made_anew(part));
        let has_token = end.is_none() || !tokens.is_empty();
        has_token.then(|| {
            let stays = [domain(&self.host), end.unwrap_or_default()];
            stays.into_iter().chain(names).collect::<Vec<_>>().join("?")
        })
    }
}

/// What servers of one service share: their name without its first part.
fn domain(host: &str) -> &str {
    let rest = host.split_once('.').map(|(_, rest)| rest);
    rest.filter(|rest| rest.contains('.')).unwrap_or(host)
}

/// Host and path of an address as [`PhotoAddress::address`] has them.
pub fn address(address: &str) -> Cow<'_, str> {
    plain(address).map_or_else(
        || Cow::Owned(PhotoAddress::of_any(address).address),
        Cow::Borrowed,
    )
}

/// The part of an address that is its normal form already, as that of most is: `//host/a/b.jpg` of
/// `https://host/a/b.jpg?x`. Of such an address nothing has to be decoded, left out or looked for in
/// the query.
fn plain(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("http")?;
    let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix(':')?;
    let plain = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (host, path) = plain.strip_prefix("//")?.split_once('/')?;
    let is_of_host =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let is_of_path = |b: u8| b.is_ascii_alphanumeric() || b"._-~/".contains(&b);
    let has_name = |label: &str| !label.is_empty() && !label.starts_with("xn--");
    // What begins so may be left out, or says that other parts may be.
    let may_go = |part: &str| {
        [".", "s--", "upload"]
            .iter()
            .any(|odd| part.starts_with(odd))
    };
    let mut parts = path.split('/');
    let last_label = host.rsplit('.').next()?;
    let is_plain = host.bytes().all(is_of_host)
        && path.bytes().all(is_of_path)
        && host.split('.').all(has_name)
        // What ends in a number is an address of four of them, whatever it looks like.
        && last_label.starts_with(|c: char| c.is_ascii_lowercase())
        && parts.all(|part| !part.is_empty() && !may_go(part))
        && has_extension(path.rsplit('/').next()?)
        && !is_of_shopify(path.split('/'));
    is_plain.then_some(plain)
}

/// Whether Shopify serves what is at a path, in one of two folders and in whatever size.
fn is_of_shopify<'a>(mut path: impl Iterator<Item = &'a str>) -> bool {
    matches!(
        (path.next(), path.next()),
        (Some("s"), Some("files")) | (Some("cdn"), Some("shop"))
    )
}

impl PhotoAddress {
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
        leave_out_size(&host, &mut segments);
        let path = segments.join("/");
        let identity = if segments.last().is_some_and(|name| has_extension(name)) {
            String::new()
        } else {
            query::identity(url.query().unwrap_or_default())
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

/// Whether a part of a path is a signature, which changes each time: Cloudinary's `s--x--`,
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
/// the path: Cloudinary's `/upload/w_1920,q_auto/`, Shopify's `kitchen_1024x1024.jpg`, Google's
/// `TOKEN=w1024-h768`. A crop does not count as a size: it is another photo.
fn leave_out_size(host: &str, segments: &mut Vec<String>) {
    if host.ends_with(".googleusercontent.com")
        && let Some(name) = segments.last_mut()
        && let Some((photo, size)) = name.rsplit_once('=')
        && size.split('-').all(is_google_size)
    {
        *name = photo.to_owned();
    }
    if segments.iter().any(|segment| segment == "upload") {
        segments.retain(|segment| !is_cloudinary_size(segment));
    }
    let of_shopify = is_of_shopify(segments.iter().map(String::as_str));
    if let (true, Some((name, folders))) = (of_shopify, segments.split_last_mut()) {
        *name = without_shopify_size(name);
        // Shopify has moved what shops had uploaded from the one to the other.
        if let Some(folder) = folders.last_mut().filter(|folder| *folder == "products") {
            "files".clone_into(folder);
        }
    }
}

fn is_google_size(option: &str) -> bool {
    let number = option.strip_prefix(['w', 'h', 's']);
    number.is_some_and(|number| number.parse::<u32>().is_ok()) || matches!(option, "no" | "k")
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

/// Services whose addresses consist only of changing tokens: no part of them names the photo.
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

#[cfg(test)]
mod tests;
