//! HAR 1.2 (HTTP archive), as browsers and recording proxies export it: `log.entries[].request`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::Fields;
use super::{Document, Format, Found, decode_base64, recorded};
use crate::webhook::grade::Unreadable;
use crate::webhook::{Body, Capture, Headers};

pub(super) struct Har;

impl Format for Har {
    fn read<'a>(&self, document: &Document<'a>) -> Option<Vec<Found<'a>>> {
        let log = document.fields()?.object("log")?;
        let entries = log.list("entries")?;
        Some(entries.into_iter().map(entry).collect())
    }
}

fn entry(raw: &RawValue) -> Found<'_> {
    let entry = Fields::of(raw).ok_or_else(|| Unreadable::because("its entry is no object"))?;
    let request = entry
        .object("request")
        .ok_or_else(|| Unreadable::because("its entry has no request"))?;
    // Uploads as form fields have `params` and no text; they are no webhooks.
    let Some(post) = request.object("postData") else {
        return Err(Unreadable::NotAWebhook);
    };
    let Some(text) = post.text("text") else {
        return Err(Unreadable::NotAWebhook);
    };
    // Not in HAR 1.2 for requests, but some recorders carry the response's field over.
    let encoding = post.text("encoding").or_else(|| post.text("_encoding"));
    let body = if encoding.is_some_and(|e| e.eq_ignore_ascii_case("base64")) {
        Body::Raw(Cow::Owned(decode_base64(&text)?))
    } else {
        Body::of_text(text)
    };
    recorded(Capture {
        received_at: entry.text("startedDateTime"),
        method: request.text("method"),
        url: request.text("url"),
        headers: headers(&request),
        // -1 where it is not known, which is no number here.
        body: body.expect_len(request.number("bodySize")),
    })
}

fn headers<'a>(request: &Fields<'a>) -> Headers<'a> {
    let mut headers = Headers::default();
    for header in request.list("headers").unwrap_or_default() {
        if let Some(header) = Fields::of(header)
            && let (Some(name), Some(value)) = (header.text("name"), header.text("value"))
        {
            headers.push(name, value);
        }
    }
    headers
}
