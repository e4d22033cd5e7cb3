//! Capture formats, recognized by content. Each is one small file behind [`Format`].

mod api_gateway;
mod envelope;
mod fields;
mod har;
mod hookdeck;
mod logs;
mod ngrok;
mod postman;
mod raw_with_headers;
mod request;
mod smee;
mod text;
mod webhook_site;
mod workflows;

pub(super) use text::read as read_text;

use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::vendor::Payload;

use super::capture::Unreadable;
use super::capture::{Body, Capture};
use fields::Fields;

/// What the names of all headers of the vendor's begin with.
const HEADER_PREFIX: &str = "x-creativeai-";

/// An entry of a document: a capture, or why there is none.
pub(super) type Found<'a> = Result<Capture<'a>, Unreadable>;

/// One way of keeping captures.
trait Format: Sync {
    /// The document's captures, in its order; `None` when it is of another format.
    fn read<'a>(&self, document: &Document<'a>) -> Option<Vec<Found<'a>>>;
}

/// In the order of asking: the commonest first, the least particular last.
const FORMATS: [&dyn Format; 13] = [
    &envelope::Envelope,
    &har::Har,
    &postman::Postman,
    &workflows::N8n,
    &workflows::Make,
    &workflows::Pipedream,
    &smee::Smee,
    &ngrok::Ngrok,
    &webhook_site::WebhookSite,
    &hookdeck::Hookdeck,
    &api_gateway::ApiGateway,
    &logs::Logs,
    &raw_with_headers::RawWithHeaders,
];

/// The capture of a line of this tool's own envelopes.
pub fn read_envelope(line: &str) -> Option<Capture<'_>> {
    let found = envelope::Envelope.read(&Document::new(line, None))?;
    found.into_iter().next()?.ok()
}

/// A JSON value, or a raw body with its headers.
struct Document<'a> {
    text: &'a str,
    /// The text of the headers file beside a raw body.
    headers_beside: Option<&'a str>,
    fields: OnceCell<Option<Fields<'a>>>,
}

impl<'a> Document<'a> {
    fn new(text: &'a str, headers_beside: Option<&'a str>) -> Self {
        Self {
            text,
            headers_beside,
            fields: OnceCell::new(),
        }
    }

    /// Its fields, where it is an object.
    fn fields(&self) -> Option<&Fields<'a>> {
        self.fields
            .get_or_init(|| Fields::of_text(self.text).ok())
            .as_ref()
    }
}

/// Reads one JSON value: a capture, a list of them, or a whole export.
pub(super) fn read_value<'a>(text: &'a str, each: &mut dyn FnMut(Found<'a>)) {
    let document = Document::new(text, None);
    if let Some(found) = FORMATS.iter().find_map(|format| format.read(&document)) {
        found.into_iter().for_each(each);
        return;
    }
    if document.fields().is_some() {
        return each(Err(unknown()));
    }
    match serde_json::from_str::<Vec<&'a RawValue>>(text) {
        Ok(items) => {
            for item in items {
                // A list in a list is not a capture; without this a deep one would exhaust the stack.
                if item.get().starts_with('[') {
                    each(Err(Unreadable::because("it is not a JSON object")));
                } else {
                    read_value(item.get(), each);
                }
            }
        }
        Err(_) => each(Err(match Fields::of_text(text) {
            Err(e) => not_json(&e),
            Ok(_) => Unreadable::because("it is not a JSON object"),
        })),
    }
}

/// A shape that is not known lists those that are.
pub(super) fn unknown() -> Unreadable {
    Unreadable::because(
        "it is of no capture format that is known here. Known are: this tool's own, a raw body with \
         its headers, a raw HTTP request, HAR, webhook.site, ngrok, Hookdeck, API Gateway, n8n, Make, \
         Pipedream, smee.io, Postman, and logs of CloudWatch and Vercel",
    )
}

/// Captures in a text that a document holds.
fn nested(text: Cow<'_, str>) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    match text {
        Cow::Borrowed(text) => read_value(text, &mut |one| found.push(one)),
        Cow::Owned(text) => read_value(&text, &mut |one| found.push(one.map(Capture::into_owned))),
    }
    found
}

/// Milliseconds since 1970 as RFC 3339.
fn rfc3339(millis: u64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?;
    Some(time.to_string())
}

/// Why a text could not be read as a JSON object.
pub(super) fn not_json(error: &serde_json::Error) -> Unreadable {
    Unreadable::because(match error.classify() {
        Category::Eof => "it ends in the middle: the rest was not written".to_owned(),
        Category::Syntax => "it is not JSON".to_owned(),
        Category::Data | Category::Io => "it is not a JSON object".to_owned(),
    })
}

/// Reads a raw body, of any content, whose headers lie beside it.
pub(super) fn read_with_headers<'a>(body: &'a [u8], headers: &'a str) -> Capture<'a> {
    raw_with_headers::capture(Cow::Borrowed(body), headers)
}

/// An entry of a recording that holds other traffic too: only what has one of the vendor's headers,
/// an address with a job, or a body with an id and a status, is a webhook. It counts even where its
/// body was not kept.
fn recorded(capture: Capture<'_>) -> Found<'_> {
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
fn no_body() -> Body<'static> {
    Body::Cut(Cow::Borrowed(&[]))
}

/// The bytes that a text stands for, which is declared as base64.
fn body_of_base64(text: Cow<'_, str>) -> Result<Body<'_>, Unreadable> {
    match decode_base64(&text) {
        Ok(bytes) => Ok(Body::Raw(Cow::Owned(bytes))),
        // What says so may be wrong: JSON is not base64.
        Err(_) if text.trim_start().starts_with('{') => Ok(Body::of_text(text)),
        Err(e) => Err(e),
    }
}

/// Whether a body has the shape of a webhook's.
fn is_payload(body: &[u8]) -> bool {
    Payload::parse(body).is_ok_and(|p| p.id().is_some() && p.status().is_some())
}

/// Decodes base64 with or without its padding, in one line or many, in either alphabet.
pub(super) fn decode_base64(text: &str) -> Result<Vec<u8>, Unreadable> {
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
fn with_query<'p>(path: &str, pairs: impl Iterator<Item = (Cow<'p, str>, Cow<'p, str>)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

#[cfg(test)]
mod tests;
