//! A JSON value of any format: a capture, a list of them, or a whole export.

use std::borrow::Cow;

use serde_json::error::Category;
use serde_json::value::RawValue;

use super::fields::RawFields;
use super::parts::{CaptureResult, Document};
use super::{api_gateway, envelope, har, hookdeck, logs, ngrok, postman, raw_with_headers, smee};
use super::{webhook_site, workflows};
use crate::webhook::capture::{Capture, Unreadable};

/// The document's captures, in its order; `None` when it is of another format.
type FormatReader = for<'d, 'a> fn(&'d Document<'a>) -> Option<Vec<CaptureResult<'a>>>;

/// In the order of asking: the commonest first, the least particular last. Logs and raw bodies come after
/// them.
const FORMATS: [FormatReader; 11] = [
    envelope::read,
    har::read,
    postman::read,
    workflows::n8n,
    workflows::make,
    workflows::pipedream,
    smee::read,
    ngrok::read,
    webhook_site::read,
    hookdeck::read,
    api_gateway::read,
];

/// The capture of a line of this tool's own envelopes.
pub fn read_envelope(line: &str) -> Option<Capture<'_>> {
    let found = envelope::read(&Document::of(line))?;
    found.into_iter().next()?.ok()
}

/// Reads one JSON value: a capture, a list of them, or a whole export.
pub(in crate::webhook) fn read_value<'a>(text: &'a str, each: &mut dyn FnMut(CaptureResult<'a>)) {
    let document = Document::of(text);
    let found = FORMATS.iter().find_map(|read| read(&document));
    let found = found
        .or_else(|| {
            Some(
                logs::messages(&document)?
                    .into_iter()
                    .flat_map(inside)
                    .collect(),
            )
        })
        .or_else(|| raw_with_headers::read(&document));
    if let Some(found) = found {
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
        Err(_) => each(Err(match RawFields::of_text(text) {
            Err(e) => not_json(&e),
            Ok(_) => Unreadable::because("it is not a JSON object"),
        })),
    }
}

/// A shape that is not known lists those that are.
fn unknown() -> Unreadable {
    Unreadable::because(
        "its format is not supported. Supported formats: this tool's own, a raw body with \
         its headers, a raw HTTP request, HAR, webhook.site, ngrok, Hookdeck, API Gateway, n8n, Make, \
         Pipedream, smee.io, Postman, and logs of CloudWatch and Vercel",
    )
}

/// Captures in a text that a document holds.
pub(super) fn nested(text: Cow<'_, str>) -> Vec<CaptureResult<'_>> {
    let mut found = Vec::new();
    match text {
        Cow::Borrowed(text) => read_value(text, &mut |one| found.push(one)),
        Cow::Owned(text) => read_value(&text, &mut |one| found.push(one.map(Capture::into_owned))),
    }
    found
}

/// What a message holds behind its time and level: a capture, or other traffic.
pub(super) fn inside(message: Cow<'_, str>) -> Vec<CaptureResult<'_>> {
    let Some(start) = message.find('{') else {
        return vec![Err(Unreadable::NotAWebhook)];
    };
    let json = match message {
        Cow::Borrowed(text) => Cow::Borrowed(text[start..].trim_end()),
        Cow::Owned(text) => Cow::Owned(text[start..].trim_end().to_owned()),
    };
    let found = nested(json);
    // A log has other lines, too.
    if found.iter().all(Result::is_err) {
        return vec![Err(Unreadable::NotAWebhook)];
    }
    found
}

/// Why a text could not be read as a JSON object.
pub(in crate::webhook) fn not_json(error: &serde_json::Error) -> Unreadable {
    Unreadable::because(match error.classify() {
        Category::Eof => "it ends in the middle: the rest was not written".to_owned(),
        Category::Syntax => "it is not JSON".to_owned(),
        Category::Data | Category::Io => "it is not a JSON object".to_owned(),
    })
}
