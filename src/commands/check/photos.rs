//! Whether the photos of a manifest can be fetched.

use std::cell::RefCell;
use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use reqwest::header::{CONTENT_TYPE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use super::{Findings, Photos, TOLD, Wanted};
use crate::exit::Code;
use crate::output::escape::escape;
use crate::output::words;
use crate::settings::Settings;
use crate::vendor::{build_transport, root_cause, transport};

/// Photos looked at at the same time.
const CONCURRENCY: usize = 8;
/// First bytes of a photo that are asked for.
const HEAD: usize = 64;
/// Redirects followed on the way to a photo.
const REDIRECTS: usize = 5;

/// Looks whether each photo can be fetched.
pub(super) async fn check_photos(photos: &Photos, settings: &Settings, findings: &mut Findings) {
    if photos.is_empty() {
        return;
    }
    if settings.sandbox {
        return findings.skip("photos", "not looked at in a rehearsal");
    }
    let client = transport(photos.keys().all(|url| url.starts_with("http://")))
        .redirect(Policy::limited(REDIRECTS))
        .connect_timeout(settings.network.connect_timeout)
        .timeout(settings.network.request_timeout);
    let client = match build_transport(client, "the photos") {
        Ok(client) => client,
        Err(error) => return findings.problem("photos", Code::Config, escape(&error.to_string())),
    };
    let nowhere = Hosts::default();
    let looks = stream::iter(photos)
        .map(|(url, wanted)| {
            let (client, nowhere) = (&client, &nowhere);
            async move {
                let result = look_unless(nowhere, client, url).await;
                result.err().map(|why| (url, wanted, why))
            }
        })
        .buffered(CONCURRENCY);
    let over = async {
        match settings.network.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let seen: Vec<_> = looks.take_until(std::pin::pin!(over)).collect().await;
    let unseen = photos.len() - seen.len();
    let all_found = seen.iter().flatten().next().is_none();
    for (host, photos) in nowhere.into_inner() {
        findings.problem(
            "photos",
            Code::Temporary,
            format_args!(
                "no network, or no such host: {} ({})",
                escape(&host),
                words::count(photos, "photo")
            ),
        );
    }
    let missing: Vec<_> = seen
        .into_iter()
        .flatten()
        .filter_map(|(url, wanted, missed)| Some((url, wanted, missed?)))
        .collect();
    for (url, wanted, (code, why)) in missing.iter().take(TOLD) {
        findings.problem(
            "photos",
            *code,
            format_args!("{}: {}: {}", place(wanted), escape(url), escape(why)),
        );
    }
    if missing.len() > TOLD {
        let more = missing.len() - TOLD;
        findings.problem("photos", Code::Data, format_args!("and {more} more"));
    } else if all_found && unseen == 0 {
        let all = words::count(photos.len() as u64, "photo");
        findings.pass("photos", format_args!("{all} can be fetched"));
    }
    if unseen > 0 {
        findings.problem(
            "photos",
            Code::Temporary,
            format_args!(
                "{} not looked at: --timeout has passed",
                words::count(unseen as u64, "photo")
            ),
        );
    }
}

/// Hosts that cannot be found, and how many photos are said to be there. One problem, told once.
type Hosts = RefCell<BTreeMap<String, u64>>;

/// Looks at a photo unless its host is known to be nowhere. `None` is for a host that is counted
/// in `nowhere`.
async fn look_unless(
    nowhere: &Hosts,
    client: &Client,
    url: &str,
) -> Result<(), Option<(Code, String)>> {
    let host = reqwest::Url::parse(url)
        .ok()
        .and_then(|url| Some(url.host_str()?.to_owned()))
        .unwrap_or_default();
    if let Some(photos) = nowhere.borrow_mut().get_mut(&host) {
        *photos += 1;
        return Err(None);
    }
    look(client, url).await.map_err(|missed| match missed {
        Missed::Host => {
            *nowhere.borrow_mut().entry(host).or_default() += 1;
            None
        }
        Missed::Photo(code, why) => Some((code, why)),
    })
}

/// Why a photo cannot be fetched.
enum Missed {
    /// Its host cannot be found.
    Host,
    /// Anything about the photo itself.
    Photo(Code, String),
}

/// Where a photo is wanted: `line 7 (LST-1001)`, `line 7 (LST-1001) and 2 more`.
fn place(wanted: &Wanted) -> String {
    let more = match wanted.rows {
        0 | 1 => String::new(),
        rows => format!(" and {} more", words::number(rows - 1)),
    };
    format!("line {} ({}){more}", wanted.line, escape(&wanted.id))
}

/// Whether a photo is there, and is one: its first bytes say so.
async fn look(client: &Client, url: &str) -> Result<(), Missed> {
    let reply = ask(client, url).await?;
    let bad = |why: String| Err(Missed::Photo(Code::Data, why));
    match reply.status() {
        // There is no first byte to be had of an empty file.
        StatusCode::RANGE_NOT_SATISFIABLE => return bad(EMPTY.to_owned()),
        status if !status.is_success() => return bad(format!("the server answers {status}")),
        _ => {}
    }
    let kind = reply
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .map(str::to_owned);
    let head = head_of(reply).await?;
    judge(&head, kind.as_deref()).or_else(bad)
}

/// As many first bytes as tell what a file is; a server may send all of it.
async fn head_of(mut reply: Response) -> Result<Vec<u8>, Missed> {
    let mut head = Vec::new();
    while head.len() < HEAD {
        let chunk = reply.chunk().await;
        match chunk.map_err(|e| Missed::Photo(Code::Temporary, root_cause(&e)))? {
            Some(chunk) => head.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(head)
}

const EMPTY: &str = "the file is empty";

/// Whether a file that begins with `head` and is said to be of `kind` is a photo that the vendor can
/// read. The error says what it is instead.
fn judge(head: &[u8], kind: Option<&str>) -> Result<(), String> {
    if head.is_empty() {
        return Err(EMPTY.to_owned());
    }
    let said = kind.map(|kind| kind.split(';').next().unwrap_or(kind).trim());
    let is_open = said.is_none_or(|said| matches!(said, "application/octet-stream" | ""));
    match (sniffed(head), said) {
        (Some(Found::Photo(_)), _) if is_open => Ok(()),
        (Some(Found::Photo(kinds)), Some(said)) => {
            if kinds.iter().any(|kind| kind.eq_ignore_ascii_case(said)) {
                Ok(())
            } else {
                Err(format!(
                    "it is said to be {said}, but its content is {}; save it again as JPEG",
                    kinds[0]
                ))
            }
        }
        (Some(Found::Other(what)), _) => Err(what.to_owned()),
        (None, Some(said)) if !is_open && !said.starts_with("image/") => {
            Err(format!("it is not an image but {said}"))
        }
        _ => Err("its content is not a photo that is known here; save it again as JPEG".to_owned()),
    }
}

/// What the first bytes of a file say.
enum Found {
    /// A photo, and what it may be called.
    Photo(&'static [&'static str]),
    /// Something else, in words.
    Other(&'static str),
}

/// What files begin with. Further kinds go in here.
const KINDS: [(&[u8], Found); 14] = [
    (
        b"\xff\xd8\xff",
        Found::Photo(&["image/jpeg", "image/jpg", "image/pjpeg"]),
    ),
    (
        b"\x89PNG\r\n\x1a\n",
        Found::Photo(&["image/png", "image/x-png", "image/apng"]),
    ),
    (b"GIF8", Found::Photo(&["image/gif"])),
    (b"BM", Found::Photo(&["image/bmp", "image/x-ms-bmp"])),
    (
        b"II*\0",
        Found::Other("it is a TIFF picture; save it as JPEG"),
    ),
    (
        b"MM\0*",
        Found::Other("it is a TIFF picture; save it as JPEG"),
    ),
    (
        b"8BPS",
        Found::Other("it is a Photoshop file; save it as JPEG"),
    ),
    (b"%PDF", Found::Other("it is a PDF; save the photo as JPEG")),
    (
        b"PK\x03\x04",
        Found::Other("it is a zip archive, not a photo"),
    ),
    (
        b"<svg",
        Found::Other("it is a drawing (SVG); save it as JPEG"),
    ),
    (
        b"<?xml",
        Found::Other("it is XML, perhaps an error of the server, not a photo"),
    ),
    (b"<!doctype", Found::Other("it is a web page, not a photo")),
    (b"<html", Found::Other("it is a web page, not a photo")),
    (
        b"{",
        Found::Other("it is JSON, perhaps an error of the server, not a photo"),
    ),
];

fn sniffed(head: &[u8]) -> Option<Found> {
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some(Found::Photo(&["image/webp"]));
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Some(match head.get(8..12) {
            Some(b"avif" | b"avis") => Found::Photo(&["image/avif"]),
            Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => {
                Found::Other("it is a HEIC photo, as iPhones take them; save it as JPEG")
            }
            _ => Found::Other("it is a film, not a photo"),
        });
    }
    let text = head.trim_ascii_start();
    let begins = |start: &[u8]| {
        let begin = text.get(..start.len());
        head.starts_with(start)
            || matches!(start[0], b'<' | b'{')
                && begin.is_some_and(|b| b.eq_ignore_ascii_case(start))
    };
    KINDS
        .into_iter()
        .find_map(|(start, found)| begins(start).then_some(found))
}

async fn ask(client: &Client, url: &str) -> Result<Response, Missed> {
    // Signed addresses are often good for GET only, so there is no HEAD before it.
    let request = client
        .get(url)
        .header(RANGE, format!("bytes=0-{}", HEAD - 1));
    // The network may be back in a minute; an address that is wrong will not.
    request.send().await.map_err(|e| {
        if is_about_the_name(&e) {
            return Missed::Host;
        }
        let code = if e.is_builder() {
            Code::Data
        } else {
            Code::Temporary
        };
        Missed::Photo(code, root_cause(&e))
    })
}

/// Whether the look-up of the host's name failed. The client tells that in words only.
fn is_about_the_name(error: &reqwest::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.to_string().starts_with("dns error") {
            return true;
        }
        source = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_say_what_a_file_is() {
        const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
        for (head, kind) in [
            (JPEG, Some("image/jpeg")),
            (JPEG, Some("IMAGE/JPG; charset=binary")),
            (JPEG, Some("application/octet-stream")),
            (JPEG, None),
            (b"\x89PNG\r\n\x1a\n", Some("image/png")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
        ] {
            assert_eq!(judge(head, kind), Ok(()), "{kind:?}");
        }
        for (head, kind, part) in [
            (&b""[..], Some("image/jpeg"), "empty"),
            (b"\0\0\0\x18ftypheic", Some("image/jpeg"), "HEIC"),
            (b"\0\0\0\x18ftypmp42", Some("image/jpeg"), "film"),
            (
                b"\x89PNG\r\n\x1a\n",
                Some("image/jpeg"),
                "content is image/png",
            ),
            (JPEG, Some("text/html"), "said to be text/html"),
            (b"\n<!DOCTYPE html>", Some("image/jpeg"), "web page"),
            (b"<Html>", Some("text/html"), "web page"),
            (b"hello", Some("text/plain"), "not an image but text/plain"),
            (b"hello", Some("image/jpeg"), "not a photo"),
            (b"MM\0*", Some("image/tiff"), "TIFF"),
        ] {
            let told = judge(head, kind).unwrap_err();
            assert!(told.contains(part), "{kind:?}: {told}");
        }
    }
}
