//! What formats share: a document, and the parts of a capture.

use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::value::RawValue;

use super::fields::{RawFields, text};
use crate::vendor::Payload;
use crate::webhook::capture::{Body, Capture, Unreadable};

/// What the names of all headers of the vendor's begin with.
pub(super) const HEADER_PREFIX: &str = "x-creativeai-";

/// An entry of a document: a capture, or why there is none.
pub(in crate::webhook) type CaptureResult<'a> = Result<Capture<'a>, Unreadable>;

/// A JSON value.
pub(super) struct Document<'a> {
    pub text: &'a str,
    fields: OnceCell<Option<RawFields<'a>>>,
}

impl<'a> Document<'a> {
    pub fn of(text: &'a str) -> Self {
        Self {
            text,
            fields: OnceCell::new(),
        }
    }

    /// Its fields, where it is an object.
    pub fn fields(&self) -> Option<&RawFields<'a>> {
        self.fields
            .get_or_init(|| RawFields::of_text(self.text).ok())
            .as_ref()
    }
}

/// A body that stands in a field: the text that was sent, or what was made of it.
pub(super) fn body_of(raw: Option<&RawValue>) -> Body<'_> {
    let Some(raw) = raw else { return no_body() };
    match text(raw) {
        Some(text) => Body::of_text(text),
        None => Body::Reserialized(Cow::Borrowed(raw.get().as_bytes())),
    }
}

/// An entry of a list.
pub(super) fn entry<'a>(
    raw: &'a RawValue,
    read: fn(&RawFields<'a>) -> CaptureResult<'a>,
) -> CaptureResult<'a> {
    match RawFields::of(raw) {
        Some(fields) => read(&fields),
        None => Err(Unreadable::because("its entry is not an object")),
    }
}

/// Milliseconds since 1970 as RFC 3339.
pub(super) fn rfc3339(millis: u64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?;
    Some(time.to_string())
}

/// An entry of a recording that holds other traffic too: only what has one of the vendor's headers,
/// an address with a job, or a body with an id and a status, is a webhook. It counts even where its
/// body was not kept.
pub(super) fn recorded(capture: Capture<'_>) -> CaptureResult<'_> {
    let is_vendors = capture.headers.iter().any(|(name, _)| {
        let start = name.get(..HEADER_PREFIX.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(HEADER_PREFIX))
    });
    if is_vendors || capture.correlation().is_some() || is_payload(capture.body.bytes()) {
        Ok(capture)
    } else {
        Err(Unreadable::NotAWebhook)
    }
}

/// A body that was not kept.
pub(super) fn no_body() -> Body<'static> {
    Body::Cut(Cow::Borrowed(&[]))
}

/// The bytes that a text stands for, which is declared as base64.
pub(super) fn body_of_base64(text: Cow<'_, str>) -> Result<Body<'_>, Unreadable> {
    match decode_base64(&text) {
        Ok(bytes) => Ok(Body::Raw(Cow::Owned(bytes))),
        // What says so may be wrong: JSON is not base64.
        Err(_) if text.trim_start().starts_with('{') => Ok(Body::of_text(text)),
        Err(e) => Err(e),
    }
}

/// Whether a body has the shape of a webhook's.
pub(super) fn is_payload(body: &[u8]) -> bool {
    Payload::parse(body).is_ok_and(|p| p.id().is_some() && p.status().is_some())
}

/// Decodes base64 with or without its padding, in one line or many, in either alphabet.
pub(in crate::webhook) fn decode_base64(text: &str) -> Result<Vec<u8>, Unreadable> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let plain = LENIENT.decode(text.trim_end());
    plain
        .or_else(|_| {
            let standard = |c: char| match c {
                '-' => '+',
                '_' => '/',
                c => c,
            };
            let text: String = text
                .chars()
                .filter(|c| !c.is_ascii_whitespace())
                .map(standard)
                .collect();
            LENIENT.decode(text)
        })
        .map_err(|e| Unreadable::because(format!("its body is not base64: {e}")))
}

/// An address of a path and the pairs of its query.
pub(super) fn with_query<'p>(
    path: &str,
    pairs: impl Iterator<Item = (Cow<'p, str>, Cow<'p, str>)>,
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}
