//! smee.io: the message of its event stream has the headers beside `body`, `query` and `timestamp`.

use std::borrow::Cow;

use super::fields::{Fields, text};
use super::request::received_at;
use super::{Document, Format, Found, HEADER_PREFIX, no_body, recorded, with_query};
use crate::webhook::{Body, Capture, Headers};

pub(super) struct Smee;

impl Format for Smee {
    fn read<'a>(&self, document: &Document<'a>) -> Option<Vec<Found<'a>>> {
        let fields = document.fields()?;
        let is_message = fields.has("body")
            && !fields.has("headers")
            && fields.names().any(|name| name.starts_with(HEADER_PREFIX));
        is_message.then(|| vec![message(fields)])
    }
}

fn message<'a>(fields: &Fields<'a>) -> Found<'a> {
    let mut headers = Headers::default();
    for (name, value) in fields.pairs() {
        headers.push(name, value);
    }
    let body = match fields.get("body") {
        None => no_body(),
        Some(raw) => match text(raw) {
            Some(text) => Body::of_text(text),
            None => Body::Reserialized(Cow::Borrowed(raw.get().as_bytes())),
        },
    };
    let query = fields
        .object("query")
        .map(|query| Cow::Owned(with_query("/", query.pairs().into_iter())));
    recorded(Capture {
        received_at: received_at(fields),
        method: Some(Cow::Borrowed("POST")),
        url: query,
        headers,
        body,
    })
}
