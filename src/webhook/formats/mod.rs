//! Capture formats, recognised by content. Each is one small file behind [`Format`].

mod api_gateway;
mod envelope;
mod fields;
mod har;
mod hookdeck;
mod ngrok;
mod raw_with_headers;
mod webhook_site;

use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::api::Payload;

use super::capture::{Capture, SIGNATURE_HEADER};
use super::grade::Unreadable;
use fields::Fields;

/// An entry of a document: a capture, or why there is none.
pub(super) type Found<'a> = Result<Capture<'a>, Unreadable>;

/// One way of keeping captures.
trait Format: Sync {
    /// The document's captures, in its order; `None` when it is of another format.
    fn read<'a>(&self, document: &Document<'a>) -> Option<Vec<Found<'a>>>;
}

/// In the order of asking: the commonest first, the least particular last.
const FORMATS: [&dyn Format; 7] = [
    &envelope::Envelope,
    &har::Har,
    &ngrok::Ngrok,
    &webhook_site::WebhookSite,
    &hookdeck::Hookdeck,
    &api_gateway::ApiGateway,
    &raw_with_headers::RawWithHeaders,
];

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
        return each(Err(Unreadable::because(
            "it is of no capture format that is known here",
        )));
    }
    match serde_json::from_str::<Vec<&'a RawValue>>(text) {
        Ok(items) => {
            for item in items {
                // A list in a list is no capture; without this a deep one would exhaust the stack.
                if item.get().starts_with('[') {
                    each(Err(Unreadable::because("it is no JSON object")));
                } else {
                    read_value(item.get(), each);
                }
            }
        }
        Err(_) => each(Err(match Fields::of_text(text) {
            Err(e) => not_json(&e),
            Ok(_) => Unreadable::because("it is no JSON object"),
        })),
    }
}

/// Why a text could not be read as a JSON object.
pub(super) fn not_json(error: &serde_json::Error) -> Unreadable {
    Unreadable::because(match error.classify() {
        Category::Eof => "it ends in the middle: the rest was not written".to_owned(),
        Category::Syntax => "it is not JSON".to_owned(),
        Category::Data | Category::Io => "it is no JSON object".to_owned(),
    })
}

/// Reads a raw body, of any content, whose headers lie beside it.
pub(super) fn read_with_headers<'a>(body: &'a [u8], headers: &'a str) -> Capture<'a> {
    raw_with_headers::capture(Cow::Borrowed(body), headers)
}

/// An entry of a recording that holds other traffic too: only what has a signature, or a body with
/// an id and a status, is a webhook.
fn recorded(capture: Capture<'_>) -> Found<'_> {
    let signed = capture.headers.get(SIGNATURE_HEADER).is_some();
    if signed || is_payload(capture.body.bytes()) {
        Ok(capture)
    } else {
        Err(Unreadable::NotAWebhook)
    }
}

/// Whether a body has the shape of a webhook's.
fn is_payload(body: &[u8]) -> bool {
    Payload::parse(body).is_ok_and(|p| p.id().is_some() && p.status().is_some())
}

/// Decodes base64 with or without its padding.
fn decode_base64(text: &str) -> Result<Vec<u8>, Unreadable> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT
        .decode(text.trim_end())
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
