//! The answer of the ngrok agent's `GET /api/requests/http` (`requests`), or a single request of
//! it. `raw` is the whole request as it was sent, in base64; long ones are cut by the agent.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::Fields;
use super::{Document, Format, Found, decode_base64, recorded};
use crate::webhook::grade::Unreadable;
use crate::webhook::{Body, Capture};

pub(super) struct Ngrok;

impl Format for Ngrok {
    fn read<'a>(&self, document: &Document<'a>) -> Option<Vec<Found<'a>>> {
        let fields = document.fields()?;
        if let Some(requests) = fields.list("requests") {
            return Some(requests.into_iter().map(listed).collect());
        }
        let request = fields.object("request")?;
        (fields.has("tunnel_name") || request.has("raw")).then(|| vec![entry(fields)])
    }
}

fn listed(raw: &RawValue) -> Found<'_> {
    match Fields::of(raw) {
        Some(fields) => entry(&fields),
        None => Err(Unreadable::because("its entry is no object")),
    }
}

fn entry<'a>(fields: &Fields<'a>) -> Found<'a> {
    let request = fields
        .object("request")
        .ok_or_else(|| Unreadable::because("its entry has no request"))?;
    let raw = decode_base64(&request.text("raw").unwrap_or_default())?;
    let headers = request.headers("headers").unwrap_or_default();
    let body = match split_head(&raw) {
        Some(body) => body,
        None => &raw,
    };
    let chunked = headers
        .all("transfer-encoding")
        .any(|value| value.to_ascii_lowercase().contains("chunked"));
    let length = headers
        .get("content-length")
        .and_then(|text| text.trim().parse().ok());
    let body = match chunked.then(|| unchunk(body)).flatten() {
        Some((bytes, true)) => Body::Raw(Cow::Owned(bytes)),
        Some((bytes, false)) => Body::Cut(Cow::Owned(bytes)),
        None => Body::Raw(Cow::Owned(body.to_vec())).expect_len(length),
    };
    recorded(Capture {
        received_at: fields.text("start"),
        method: request.text("method"),
        url: request.text("uri"),
        headers,
        body,
    })
}

/// What follows the request's head, where there is one.
fn split_head(raw: &[u8]) -> Option<&[u8]> {
    let line = &raw[..memchr::memchr(b'\n', raw)?];
    memchr::memmem::find(line, b" HTTP/")?;
    let end = memchr::memmem::find(raw, b"\r\n\r\n")?;
    Some(&raw[end + 4..])
}

/// Joins the chunks of a body and says whether the last one was there; `None` when it is not in
/// chunks (a JSON body begins with no hexadecimal digit).
fn unchunk(mut rest: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut body = Vec::with_capacity(rest.len());
    let mut first = true;
    loop {
        let Some(end) = memchr::memmem::find(rest, b"\r\n") else {
            return (!first).then_some((body, false));
        };
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(digits, 16) else {
            return (!first).then_some((body, false));
        };
        rest = &rest[end + 2..];
        if size == 0 {
            return Some((body, true));
        }
        let Some((chunk, after)) = rest.split_at_checked(size) else {
            body.extend_from_slice(rest);
            return Some((body, false));
        };
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").unwrap_or(after);
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_a_missing_end_is_seen() {
        let joined = |text: &str| unchunk(text.as_bytes());
        let whole = "3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n";
        assert_eq!(joined(whole), Some((b"{\"a\":1}".to_vec(), true)));
        for (cut, body) in [
            (&whole[..12], "{\"a"),
            (&whole[..18], "{\"a\":1"),
            (&whole[..9], "{\"a"),
        ] {
            let (bytes, complete) = joined(cut).unwrap();
            assert!(!complete, "{cut:?}");
            assert!("{\"a\":1}".as_bytes().starts_with(&bytes), "{cut:?} {body}");
        }
        assert_eq!(joined("{\"a\":1}"), None);
        assert_eq!(joined("{\r\n}"), None);
        assert_eq!(joined("ffffffffffffffffff\r\n{"), None);
        assert_eq!(
            joined("ffffffffffffffff\r\n{"),
            Some((b"{".to_vec(), false))
        );
    }
}
