//! Hookdeck's request JSON, alone or as a page (`models`): `data` has `path`, `query`, `headers`
//! and `body`. A JSON body comes parsed, so the bytes that were signed are gone.

use std::borrow::Cow;

use super::fields::RawFields;
use super::parts::{CaptureResult, Document, body_of, entry, recorded, with_query};
use super::request::headers_of_text;
use crate::webhook::capture::Unreadable;
use crate::webhook::capture::{Capture, Headers};

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    if let Some(models) = fields.list("models") {
        return Some(models.into_iter().map(|one| entry(one, request)).collect());
    }
    is_request(fields).then(|| vec![request(fields)])
}

/// A request, or the event that was made of it.
fn is_request(fields: &RawFields<'_>) -> bool {
    fields
        .object("data")
        .is_some_and(|data| data.has("headers") && data.has("body"))
        || (fields.has("team_id") && fields.has("source_id"))
}

fn request<'a>(fields: &RawFields<'a>) -> CaptureResult<'a> {
    let data = fields.object("data").ok_or_else(|| {
        Unreadable::because(
            "its export has no data: fetch each request by its id, or with include=data",
        )
    })?;
    recorded(Capture {
        received_at: fields
            .text("ingested_at")
            .or_else(|| fields.text("created_at")),
        method: data.text("method"),
        url: url(&data),
        headers: headers(&data),
        body: body_of(data.get("body")),
    })
}

/// Headers as an object, or as a text that holds one, or as lines.
fn headers<'a>(data: &RawFields<'a>) -> Headers<'a> {
    if let Some(headers) = data.headers("headers") {
        return headers;
    }
    headers_of_text(&data.text("headers").unwrap_or_default())
}

fn url<'a>(data: &RawFields<'a>) -> Option<Cow<'a, str>> {
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
