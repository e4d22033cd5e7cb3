//! The answer of webhook.site's `GET /token/{id}/requests` (`data`), or a single request of it.

use std::borrow::Cow;

use super::fields::RawFields;
use super::parts::{CaptureResult, Document, entry, no_body, recorded, with_query};
use crate::webhook::capture::Unreadable;
use crate::webhook::capture::{Body, Capture};

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    if is_request(fields) {
        return Some(vec![request(fields)]);
    }
    let requests = fields.list("data")?;
    // An empty page is one too, and only its other fields show it.
    let known = match requests.first() {
        Some(first) => RawFields::of(first).is_some_and(|first| is_request(&first)),
        None => fields.has("is_last_page"),
    };
    known.then(|| {
        requests
            .into_iter()
            .map(|one| entry(one, request))
            .collect()
    })
}

fn is_request(fields: &RawFields<'_>) -> bool {
    // What people cut out of an export by hand often lacks the token.
    fields.has("uuid") && (fields.has("token_id") || fields.has("content"))
}

fn request<'a>(fields: &RawFields<'a>) -> CaptureResult<'a> {
    // It also keeps e-mails and name look-ups.
    if fields.text("type").is_some_and(|kind| kind != "web") {
        return Err(Unreadable::NotAWebhook);
    }
    let body = match fields.text("content") {
        Some(text) => Body::of_text(text).expect_len(fields.number("size")),
        None => no_body(),
    };
    recorded(Capture {
        received_at: fields.text("created_at").map(utc),
        method: fields.text("method"),
        url: url(fields),
        headers: fields.headers("headers").unwrap_or_default(),
        body,
    })
}

/// The address as it was called; where its query is missing, from the parsed one.
fn url<'a>(fields: &RawFields<'a>) -> Option<Cow<'a, str>> {
    let url = fields.text("url")?;
    let has_query = url
        .split_once('?')
        .is_some_and(|(_, query)| !query.is_empty());
    match fields.object("query") {
        Some(query) if !has_query => {
            let path = url.trim_end_matches('?');
            Some(Cow::Owned(with_query(path, query.pairs().into_iter())))
        }
        _ => Some(url),
    }
}

/// `2019-10-03 19:06:35`, without a zone, as RFC 3339.
pub(super) fn utc(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() == 19 && text.as_bytes()[10] == b' ' {
        Cow::Owned(format!("{}Z", text.replacen(' ', "T", 1)))
    } else {
        text
    }
}
