//! Hookdeck's request JSON, alone or as a page (`models`): `data` has `path`, `query`, `headers`
//! and `body`. A JSON body comes parsed, so the bytes that were signed are gone.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::{Fields, text};
use super::{Document, Format, Found, no_body, raw_with_headers, recorded, with_query};
use crate::webhook::capture::Unreadable;
use crate::webhook::{Body, Capture, Headers};

pub(super) struct Hookdeck;

impl Format for Hookdeck {
    fn read<'a>(&self, document: &Document<'a>) -> Option<Vec<Found<'a>>> {
        let fields = document.fields()?;
        if let Some(models) = fields.list("models") {
            return Some(models.into_iter().map(listed).collect());
        }
        is_request(fields).then(|| vec![request(fields)])
    }
}

/// A request, or the event that was made of it.
fn is_request(fields: &Fields<'_>) -> bool {
    fields
        .object("data")
        .is_some_and(|data| data.has("headers") && data.has("body"))
        || (fields.has("team_id") && fields.has("source_id"))
}

fn listed(raw: &RawValue) -> Found<'_> {
    match Fields::of(raw) {
        Some(fields) => request(&fields),
        None => Err(Unreadable::because("its entry is not an object")),
    }
}

fn request<'a>(fields: &Fields<'a>) -> Found<'a> {
    let data = fields.object("data").ok_or_else(|| {
        Unreadable::because(
            "its export has no data: fetch each request by its id, or with include=data",
        )
    })?;
    let body = match data.get("body") {
        None => no_body(),
        Some(raw) => match text(raw) {
            Some(text) => Body::of_text(text),
            None => Body::Reserialized(Cow::Borrowed(raw.get().as_bytes())),
        },
    };
    recorded(Capture {
        received_at: fields
            .text("ingested_at")
            .or_else(|| fields.text("created_at")),
        method: data.text("method"),
        url: url(&data),
        headers: headers(&data),
        body,
    })
}

/// Headers as an object, or as a text that holds one, or as lines.
fn headers<'a>(data: &Fields<'a>) -> Headers<'a> {
    if let Some(headers) = data.headers("headers") {
        return headers;
    }
    let text = data.text("headers").unwrap_or_default();
    match serde_json::from_str::<Headers<'_>>(&text) {
        Ok(headers) => headers.into_owned(),
        Err(_) => raw_with_headers::parse_headers(&text).headers.into_owned(),
    }
}

fn url<'a>(data: &Fields<'a>) -> Option<Cow<'a, str>> {
    let path = data.text("path")?;
    let query = data.text("query").unwrap_or_default();
    let query = query.trim_start_matches('?');
    if path.contains('?') {
        return Some(path);
    }
    if !query.is_empty() {
        return Some(Cow::Owned(format!("{path}?{query}")));
    }
    let parsed = data.object("parsed_query")?;
    Some(Cow::Owned(with_query(&path, parsed.pairs().into_iter())))
}
