//! What a reply to the request for a clip means: a clip, a part of one, or none.

use std::time::{Duration, SystemTime};

use reqwest::Response;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED,
};
use url::Url;

use super::client::{CallError, retry_after};
use super::error::FetchError;
use super::media;
use super::partial_download::ResumeNotes;
use crate::vendor::message_in_reply;

/// Bytes of an error page that are read for what it says.
const MAX_ERROR_BODY: usize = 4 << 10;
/// Longest text of a server in a message, in characters.
const MAX_QUOTED: usize = 160;
/// Longest address in a message, in characters.
const MAX_SHOWN: usize = 300;

/// An address as messages show it: without the query, the user and the fragment, in which
/// signatures and passwords are.
pub(super) fn shown(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return format!("{:?}", address.chars().take(MAX_SHOWN).collect::<String>());
    };
    let is_cut = url.query().is_some();
    url.set_query(None);
    url.set_fragment(None);
    // Only addresses without a host refuse this, and those have no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut text: String = url.as_str().chars().take(MAX_SHOWN).collect();
    if is_cut {
        text.push_str("?...");
    }
    text
}

/// Whether a reply is a clip, as far as its headers say. `asked` is the address that was called
/// first, before any redirect.
pub(super) fn check(response: &Response, asked: &str) -> Result<(), FetchError> {
    let content_type = header(response, &CONTENT_TYPE);
    if !media::accepts(content_type) {
        let there = shown(response.url().as_str());
        let place = if there == shown(asked) {
            String::new()
        } else {
            format!(" at {there}")
        };
        return Err(FetchError::NoClip(format!(
            "leads to {}{place} instead of a clip",
            content_type.unwrap_or("something else")
        )));
    }
    match coding(response).as_deref() {
        None | Some("gzip" | "x-gzip") => Ok(()),
        Some(coding) => Err(FetchError::NoClip(format!(
            "gives the clip {coding}-encoded, which cannot be read"
        ))),
    }
}

/// How the body is packed; `None` when it is not.
fn coding(response: &Response) -> Option<String> {
    let coding = header(response, &CONTENT_ENCODING)?
        .trim()
        .to_ascii_lowercase();
    Some(coding).filter(|coding| !matches!(coding.as_str(), "" | "identity"))
}

/// What is kept about a reply that begins a clip.
pub(super) fn notes(response: &Response) -> ResumeNotes {
    // A weak tag promises only that the clip looks the same, not that the bytes are.
    let tag = header(response, &ETAG).filter(|tag| !tag.starts_with("W/"));
    ResumeNotes {
        validator: tag
            .or_else(|| header(response, &LAST_MODIFIED))
            .map(str::to_owned),
        total: response.content_length(),
        content_type: header(response, &CONTENT_TYPE).map(str::to_owned),
        coding: coding(response),
        begun: None,
        whole: None,
    }
}

/// A `Content-Range` header.
pub(super) struct ContentRange {
    /// First and last byte.
    span: Option<(u64, u64)>,
    /// The whole clip's size, in bytes.
    pub total: Option<u64>,
}

pub(super) fn content_range(response: &Response) -> Option<ContentRange> {
    let (span, total) = header(response, &CONTENT_RANGE)?
        .strip_prefix("bytes ")?
        .split_once('/')?;
    let span = match span.split_once('-') {
        Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        None => None,
    };
    Some(ContentRange {
        span,
        total: total.parse().ok(),
    })
}

/// Whether a partial reply continues exactly where the `have` bytes end.
pub(super) fn check_range(
    response: &Response,
    have: u64,
    notes: &ResumeNotes,
) -> Result<(), &'static str> {
    let range = content_range(response).ok_or("the server did not say which part it sent")?;
    let (Some((first, last)), Some(total)) = (range.span, range.total) else {
        return Err("the server did not say which part it sent");
    };
    if first != have || last.checked_add(1) != Some(total) {
        return Err("the server sent a different part from the one requested");
    }
    let length = response.content_length();
    if length.is_some_and(|length| length != total - have) {
        return Err("the server sent a different length from the one it announced");
    }
    if coding(response) != notes.coding {
        return Err("the server now encodes the clip differently");
    }
    let tag = header(response, &ETAG).filter(|tag| !tag.starts_with("W/"));
    let old_tag = notes.validator.as_deref().filter(|v| v.starts_with('"'));
    let is_other = matches!((tag, old_tag), (Some(new), Some(old)) if new != old);
    if is_other || notes.total.is_some_and(|old| old != total) {
        return Err("the clip has changed on the server");
    }
    Ok(())
}

/// What a reply without a clip means. Only statuses that speak of the moment are asked again; any
/// other says that this link gives no clip, whatever the number.
pub(super) async fn no_clip(mut response: Response) -> FetchError {
    let status = response.status().as_u16();
    let after = retry_after(response.headers(), SystemTime::now());
    let mut body = Vec::new();
    // An error page that does not arrive says nothing more.
    while body.len() < MAX_ERROR_BODY
        && let Ok(Some(chunk)) = response.chunk().await
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(MAX_ERROR_BODY);
    let why = match said_in(&body) {
        Some(quoted) => format!("answers HTTP {status} ({quoted})"),
        None => format!("answers HTTP {status}"),
    };
    match status {
        408 | 425 | 429 | 500..=599 => FetchError::Again { why, after },
        _ => FetchError::NoClip(why),
    }
}

/// What an error page says: the code and the message of an object store's XML, else the text.
fn said_in(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once('<')?;
        Some(value.trim()).filter(|value| !value.is_empty())
    };
    let quoted = match (element("Code"), element("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => message_in_reply(body, None)?,
    };
    Some(quoted.chars().take(MAX_QUOTED).collect())
}

/// Why there is no reply.
pub(super) fn no_reply(error: CallError) -> FetchError {
    match error {
        error @ (CallError::Network(_) | CallError::Stalled) => cut(&error.to_string()),
        CallError::Unable(why) => FetchError::Unable(why),
        CallError::Redirects => FetchError::NoClip("redirects endlessly".to_owned()),
        CallError::Refused(refused) => FetchError::NoClip(format!(
            "leads to an address that is not allowed: {refused}"
        )),
    }
}

/// A connection that failed, to be tried again.
pub(super) fn cut(why: &str) -> FetchError {
    FetchError::Again {
        why: format!("cannot be fetched: {why}"),
        after: None,
    }
}

/// A part that cannot be continued, to be fetched from its beginning.
pub(super) fn begin_anew(why: &str) -> FetchError {
    FetchError::Again {
        why: format!("has to be fetched from the beginning: {why}"),
        after: Some(Duration::ZERO),
    }
}

pub(super) fn header<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_address_keeps_no_secret() {
        for (address, expected) in [
            (
                "https://cdn.example.com/a/clip.mp4?X-Amz-Signature=secret#secret",
                "https://cdn.example.com/a/clip.mp4?...",
            ),
            ("https://me:secret@x.example/a", "https://x.example/a"),
            ("https://x.example:8443/a", "https://x.example:8443/a"),
            ("no address", "\"no address\""),
        ] {
            assert_eq!(shown(address), expected);
        }
    }

    #[test]
    fn an_error_page_is_quoted_by_its_code_and_message() {
        let expired = b"<?xml version=\"1.0\"?><Error><Code>ExpiredToken</Code>\
            <Message>The provided token has expired.</Message><Token-0>secret</Token-0></Error>";
        for (body, expected) in [
            (
                &expired[..],
                Some("ExpiredToken: The provided token has expired."),
            ),
            (b"<Error><Code>NoSuchKey</Code></Error>", Some("NoSuchKey")),
            (
                b"{\"error\":{\"message\":\"link expired\"}}",
                Some("link expired"),
            ),
            (b"", None),
        ] {
            assert_eq!(said_in(body).as_deref(), expected);
        }
    }
}
