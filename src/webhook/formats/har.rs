//! HAR 1.2 (HTTP archive), as browsers and recording proxies export it: `log.entries[].request`.

use serde_json::value::RawValue;

use super::fields::RawFields;
use super::parts::{CaptureResult, Document, body_of_base64, no_body, recorded};
use crate::webhook::capture::Unreadable;
use crate::webhook::capture::{Body, Capture, Headers};

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let log = document.fields()?.object("log")?;
    let entries = log.list("entries")?;
    Some(entries.into_iter().map(entry).collect())
}

fn entry(raw: &RawValue) -> CaptureResult<'_> {
    let entry =
        RawFields::of(raw).ok_or_else(|| Unreadable::because("its entry is not an object"))?;
    let request = entry
        .object("request")
        .ok_or_else(|| Unreadable::because("its entry has no request"))?;
    let post = request.object("postData");
    let text = |name| post.as_ref()?.text(name);
    // Not in HAR 1.2 for requests, but some recorders carry the response's field over.
    let encoding = text("encoding").or_else(|| text("_encoding"));
    let is_base64 = encoding.is_some_and(|e| e.eq_ignore_ascii_case("base64"));
    let body = match text("text") {
        // Recorders leave out bodies that they find too long, or are not asked to keep.
        None => no_body(),
        Some(text) if is_base64 => body_of_base64(text)?,
        Some(text) => Body::of_text(text),
    };
    recorded(Capture {
        received_at: entry.text("startedDateTime"),
        method: request.text("method"),
        url: request.text("url"),
        headers: headers(&request),
        // -1 where it is not known, which is not a number here.
        body: body.expect_len(request.number("bodySize")),
    })
}

fn headers<'a>(request: &RawFields<'a>) -> Headers<'a> {
    let mut headers = Headers::default();
    for header in request.list("headers").unwrap_or_default() {
        if let Some(header) = RawFields::of(header)
            && let (Some(name), Some(value)) = (header.text("name"), header.text("value"))
        {
            headers.push(name, value);
        }
    }
    headers
}
