//! A request in JSON, under the names that services have for its parts.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::{RawFields, text};
use super::parts::{CaptureResult, body_of_base64, no_body, recorded, rfc3339, with_query};
use super::raw_with_headers;
use crate::webhook::capture::{Body, Capture, Headers};

const HEADERS: [&str; 4] = ["headers", "header", "requestHeaders", "__IMTHEADERS__"];
/// The exact text first, what was made of it last.
const BODIES: [&str; 8] = [
    "bodyRaw",
    "rawBody",
    "raw_body",
    "rawModeData",
    "body",
    "content",
    "payload",
    "value",
];
const BODIES_IN_BASE64: [&str; 3] = ["body_b64", "bodyBase64", "rawBodyBase64"];
const METHODS: [&str; 4] = ["method", "httpMethod", "requestMethod", "__IMTMETHOD__"];
const ADDRESSES: [&str; 5] = ["url", "webhookUrl", "uri", "path", "requestPath"];
const QUERIES: [&str; 3] = ["query", "queryStringParameters", "qs"];
const TIMES: [&str; 8] = [
    "received_at",
    "receivedAt",
    "created_at",
    "createdAt",
    "created",
    "loggedAt",
    "timestamp",
    "time",
];

/// The request that an object holds.
pub(super) fn request<'a>(fields: &RawFields<'a>) -> CaptureResult<'a> {
    let body = body(fields)?;
    recorded(Capture {
        received_at: received_at(fields),
        method: first_text(fields, &METHODS),
        url: url(fields),
        headers: headers(fields),
        body,
    })
}

/// Whether an object has the parts of a request.
pub(super) fn is_request(fields: &RawFields<'_>) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| fields.has(name));
    has(&HEADERS) && (has(&BODIES) || has(&BODIES_IN_BASE64) || has(&METHODS))
}

/// When it came: a text as it is, or milliseconds since 1970.
pub(super) fn received_at<'a>(fields: &RawFields<'a>) -> Option<Cow<'a, str>> {
    first_text(fields, &TIMES).or_else(|| {
        let millis = TIMES.iter().find_map(|name| fields.number(name))?;
        rfc3339(millis).map(Cow::Owned)
    })
}

fn first_text<'a>(fields: &RawFields<'a>, names: &[&str]) -> Option<Cow<'a, str>> {
    names.iter().find_map(|name| fields.text(name))
}

fn body<'a>(fields: &RawFields<'a>) -> Result<Body<'a>, crate::webhook::capture::Unreadable> {
    if let Some(text) = first_text(fields, &BODIES_IN_BASE64) {
        return body_of_base64(text);
    }
    let Some(raw) = BODIES.iter().find_map(|name| fields.get(name)) else {
        return Ok(no_body());
    };
    // Some name the kind of a body beside its text.
    let inner = RawFields::of(raw).filter(|fields| fields.has("mode"));
    let text = text(raw).or_else(|| first_text(&inner?, &["raw", "data"]));
    Ok(match text {
        Some(text) => Body::of_text(text),
        None => Body::Reserialized(Cow::Borrowed(raw.get().as_bytes())),
    })
}

/// Headers as an object, as a list of names and values, or as lines.
fn headers<'a>(fields: &RawFields<'a>) -> Headers<'a> {
    let found = HEADERS.iter().find_map(|name| fields.get(name));
    found.map(headers_of).unwrap_or_default()
}

fn headers_of(raw: &RawValue) -> Headers<'_> {
    if let Ok(headers) = serde_json::from_str::<Headers<'_>>(raw.get()) {
        return headers;
    }
    if let Some(lines) = text(raw) {
        return headers_of_text(&lines);
    }
    let mut headers = Headers::default();
    for one in serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_default() {
        if let Some(one) = RawFields::of(one)
            && let Some(name) = first_text(&one, &["name", "key"])
            && let Some(value) = one.text("value")
        {
            headers.push(name, value);
        }
    }
    headers
}

/// Headers in a text: an object in JSON, or lines.
pub(super) fn headers_of_text(text: &str) -> Headers<'static> {
    match serde_json::from_str::<Headers<'_>>(text) {
        Ok(headers) => headers.into_owned(),
        Err(_) => raw_with_headers::parse_headers(text).headers.into_owned(),
    }
}

fn url<'a>(fields: &RawFields<'a>) -> Option<Cow<'a, str>> {
    let url = first_text(fields, &ADDRESSES).or_else(|| fields.object("url")?.text("raw"))?;
    if url.contains('?') {
        return Some(url);
    }
    let query = QUERIES.iter().find_map(|name| fields.get(name));
    Some(match query {
        None => url,
        Some(raw) => match text(raw) {
            Some(query) if query.is_empty() => url,
            Some(query) => Cow::Owned(format!("{url}?{}", query.trim_start_matches('?'))),
            None => match RawFields::of(raw) {
                Some(query) => Cow::Owned(with_query(&url, query.pairs().into_iter())),
                None => url,
            },
        },
    })
}
