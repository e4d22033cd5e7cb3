//! The answer of the ngrok agent's `GET /api/requests/http` (`requests`), or a single request of
//! it. `raw` is the whole request as it was sent, in base64; long ones are cut by the agent.

use std::borrow::Cow;

use super::fields::RawFields;
use super::parts::{CaptureResult, Document, decode_base64, entry, recorded};
use crate::webhook::capture::Unreadable;
use crate::webhook::capture::{Body, Capture};
use crate::webhook::http1;

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    if let Some(requests) = fields.list("requests") {
        return Some(
            requests
                .into_iter()
                .map(|one| entry(one, exchange))
                .collect(),
        );
    }
    let request = fields.object("request")?;
    (fields.has("tunnel_name") || request.has("raw")).then(|| vec![exchange(fields)])
}

fn exchange<'a>(fields: &RawFields<'a>) -> CaptureResult<'a> {
    let request = fields
        .object("request")
        .ok_or_else(|| Unreadable::because("its entry has no request"))?;
    let raw = decode_base64(&request.text("raw").unwrap_or_default())?;
    let headers = request.headers("headers").unwrap_or_default();
    let body = match http1::split_head(&raw) {
        Some(body) => body,
        None => &raw,
    };
    let chunked = headers
        .all("transfer-encoding")
        .any(|value| value.to_ascii_lowercase().contains("chunked"));
    let length = headers
        .get("content-length")
        .and_then(|text| text.trim().parse().ok());
    let body = match chunked.then(|| http1::unchunk(body)).flatten() {
        Some((bytes, true)) => Body::Raw(Cow::Owned(bytes)),
        Some((bytes, false)) => Body::Cut(Cow::Owned(bytes)),
        None => Body::Raw(Cow::Owned(body.to_vec())).expect_len(length),
    };
    recorded(Capture {
        received_at: fields.text("start"),
        method: request.text("method"),
        url: request.text("uri"),
        headers,
        body,
    })
}
