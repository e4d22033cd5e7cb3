//! smee.io: the message of its event stream has the headers beside `body`, `query` and `timestamp`.

use std::borrow::Cow;

use super::fields::RawFields;
use super::parts::{CaptureResult, Document, HEADER_PREFIX, body_of, recorded, with_query};
use super::request::received_at;
use crate::webhook::capture::{Capture, Headers};

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    let is_message = fields.has("body")
        && !fields.has("headers")
        && fields.names().any(|name| name.starts_with(HEADER_PREFIX));
    is_message.then(|| vec![message(fields)])
}

fn message<'a>(fields: &RawFields<'a>) -> CaptureResult<'a> {
    let mut headers = Headers::default();
    for (name, value) in fields.pairs() {
        headers.push(name, value);
    }
    let query = fields
        .object("query")
        .map(|query| Cow::Owned(with_query("/", query.pairs().into_iter())));
    recorded(Capture {
        received_at: received_at(fields),
        method: Some(Cow::Borrowed("POST")),
        url: query,
        headers,
        body: body_of(fields.get("body")),
    })
}
