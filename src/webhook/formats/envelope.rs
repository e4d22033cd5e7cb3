//! This tool's own envelope, one JSON object a line; also what a small function of someone's own
//! would store: `headers` beside `body` or `body_b64`.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::parts::{CaptureResult, Document, decode_base64};
use crate::jobs::Text;
use crate::webhook::capture::Unreadable;
use crate::webhook::capture::{Body, Capture, Headers};

/// The envelope's version.
const VERSION: u64 = 1;

#[derive(Deserialize)]
#[serde(bound(deserialize = "B: Deserialize<'de>, 'de: 'a"))]
struct EnvelopeFields<'a, B> {
    v: Option<u64>,
    received_at: Option<Text<'a>>,
    method: Option<Text<'a>>,
    url: Option<Text<'a>>,
    headers: Option<Headers<'a>>,
    body: Option<B>,
    body_b64: Option<Text<'a>>,
    // A gateway's event has headers and a body too.
    #[serde(rename = "requestContext")]
    request_context: Option<IgnoredAny>,
    #[serde(rename = "isBase64Encoded")]
    is_base64_encoded: Option<IgnoredAny>,
    #[serde(rename = "httpMethod")]
    http_method: Option<IgnoredAny>,
    #[serde(rename = "rawPath")]
    raw_path: Option<IgnoredAny>,
    // So have n8n's items and Pipedream's events.
    #[serde(rename = "webhookUrl")]
    webhook_url: Option<IgnoredAny>,
    #[serde(rename = "bodyRaw")]
    body_raw: Option<IgnoredAny>,
    client_ip: Option<IgnoredAny>,
}

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    if !document.text.trim_start().starts_with('{') {
        return None;
    }
    // One pass suffices where the body is a text, as it should be.
    let found = match serde_json::from_str::<EnvelopeFields<'a, Text<'a>>>(document.text) {
        Ok(parts) => parts.into_capture(|Text(text)| match text {
            Cow::Borrowed(text) => Body::Raw(Cow::Borrowed(text.as_bytes())),
            Cow::Owned(text) => Body::Raw(Cow::Owned(text.into_bytes())),
        }),
        Err(_) => serde_json::from_str::<EnvelopeFields<'a, &'a RawValue>>(document.text)
            .ok()?
            .into_capture(|raw| Body::Reserialized(Cow::Borrowed(raw.get().as_bytes()))),
    };
    Some(vec![found?])
}

impl<'a, B> EnvelopeFields<'a, B> {
    /// `None` when it is not an envelope.
    fn into_capture(self, to_body: impl FnOnce(B) -> Body<'a>) -> Option<CaptureResult<'a>> {
        let foreign = self.request_context.is_some()
            || self.is_base64_encoded.is_some()
            || self.http_method.is_some()
            || self.raw_path.is_some()
            || self.webhook_url.is_some()
            || self.body_raw.is_some()
            || self.client_ip.is_some();
        let has_body = self.body.is_some() || self.body_b64.is_some();
        match self.v {
            Some(VERSION) => {}
            Some(v) if self.headers.is_some() => {
                return Some(Err(Unreadable::because(format!(
                    "its envelope has version {v}: a newer creativeai wrote it; update this one"
                ))));
            }
            _ if foreign || !has_body || self.headers.is_none() => return None,
            _ => {}
        }
        let body = match (self.body, self.body_b64) {
            (Some(body), _) => to_body(body),
            (None, Some(Text(text))) => match decode_base64(&text) {
                Ok(bytes) => Body::Raw(Cow::Owned(bytes)),
                Err(e) => return Some(Err(e)),
            },
            (None, None) => return Some(Err(Unreadable::because("its envelope has no body"))),
        };
        // Without a version it comes from a program of the user's, which may have rewritten the body.
        let body = match body {
            Body::Raw(bytes) if self.v.is_some() => Body::Exact(bytes),
            body => body,
        };
        let text = |text: Option<Text<'a>>| text.map(|t| t.0);
        Some(Ok(Capture {
            received_at: text(self.received_at),
            method: text(self.method),
            url: text(self.url),
            headers: self.headers.unwrap_or_default(),
            body,
        }))
    }
}
