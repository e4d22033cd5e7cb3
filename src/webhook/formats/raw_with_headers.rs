//! A raw body, `NAME.json`, with its headers beside it in `NAME.headers`; or the body alone, which
//! then has no signature.

use std::borrow::Cow;

use super::parts::{CaptureResult, Document, is_payload};
use crate::webhook::capture::{Body, Capture, Headers};

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let body = document.text.as_bytes();
    // A job log's lines have an id and a status, too.
    let fields = document.fields()?;
    let is_body = is_payload(body) && !(fields.has("job") || fields.has("listing_id"));
    is_body.then(|| vec![Ok(capture(body, ""))])
}

/// A body and the text of its headers file.
pub(in crate::webhook) fn capture<'a>(body: &'a [u8], headers: &'a str) -> Capture<'a> {
    let head = parse_headers(headers);
    Capture {
        received_at: None,
        method: head.method.map(Cow::Borrowed),
        url: head.url.map(Cow::Borrowed),
        headers: head.headers,
        body: Body::Raw(Cow::Borrowed(body)),
    }
}

/// A request's head.
pub(super) struct Head<'a> {
    pub method: Option<&'a str>,
    pub url: Option<&'a str>,
    pub headers: Headers<'a>,
}

/// Reads `Key: value` lines, ended in any way; the first may be the request line. A line that is
/// neither is skipped as a header.
pub(super) fn parse_headers(text: &str) -> Head<'_> {
    let mut head = Head {
        method: None,
        url: None,
        headers: Headers::default(),
    };
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    for (at, line) in lines.enumerate() {
        if at == 0
            && let Some((method, url)) = request_line(line)
        {
            head.method = Some(method);
            head.url = Some(url);
        } else if let Some((name, value)) = line.split_once(':') {
            head.headers.push(name.trim(), value.trim());
        }
    }
    head
}

/// Whether a line begins a request.
pub(super) fn is_request_line(line: &str) -> bool {
    request_line(line).is_some()
}

/// `POST /path?query HTTP/1.1`; the version may be missing.
fn request_line(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_ascii_whitespace();
    let (method, url) = (words.next()?, words.next()?);
    let is_method = method.bytes().all(|b| b.is_ascii_uppercase());
    let is_url = url.starts_with('/') || url.contains("://");
    (is_method && is_url).then_some((method, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_any_line_ends_are_read() {
        let text = "\u{feff}POST /h?a=b HTTP/1.1\r\nX-A: 1\r\nx-b:2\n\n  junk\nTime: 10:20\n";
        let head = parse_headers(text);
        assert_eq!((head.method, head.url), (Some("POST"), Some("/h?a=b")));
        let headers: Vec<_> = head.headers.iter().collect();
        assert_eq!(headers, [("X-A", "1"), ("x-b", "2"), ("Time", "10:20")]);
    }

    #[test]
    fn a_request_line_is_not_needed_and_not_taken_for_a_header() {
        let head = parse_headers("Host: x\nPOST: http://y\n");
        assert_eq!(head.method, None);
        assert_eq!(head.headers.iter().count(), 2);
        let head = parse_headers("POST https://x.example/h");
        assert_eq!(head.url, Some("https://x.example/h"));
        assert_eq!(head.headers.iter().count(), 0);
    }
}
