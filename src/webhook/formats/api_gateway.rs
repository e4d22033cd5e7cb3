//! AWS API Gateway proxy events, format 1.0 (REST APIs) and 2.0 (HTTP APIs and function
//! addresses); other platforms' functions get events of the same shape.

use std::borrow::Cow;

use super::fields::RawFields;
use super::parts::{
    CaptureResult, Document, body_of, body_of_base64, recorded, rfc3339, with_query,
};
use crate::webhook::capture::Capture;

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    let known = fields.has("headers") || fields.has("multiValueHeaders");
    let marked = ["requestContext", "isBase64Encoded", "httpMethod", "rawPath"]
        .iter()
        .any(|name| fields.has(name));
    (known && marked).then(|| vec![event(fields)])
}

fn event<'a>(fields: &RawFields<'a>) -> CaptureResult<'a> {
    let context = fields.object("requestContext");
    let http = context.as_ref().and_then(|c| c.object("http"));
    let is_base64 = fields
        .get("isBase64Encoded")
        .is_some_and(|raw| raw.get() == "true");
    let body = match (fields.text("body"), fields.get("body")) {
        (Some(text), _) if is_base64 => body_of_base64(text)?,
        // One that is no text was stored by a function that had parsed it.
        (_, raw) => body_of(raw),
    };
    let method = fields
        .text("httpMethod")
        .or_else(|| http.as_ref()?.text("method"));
    // All values of a header are only in the second object, which function addresses lack. Test
    // consoles leave it empty.
    let headers = fields
        .headers("multiValueHeaders")
        .filter(|headers| !headers.is_empty())
        .or_else(|| fields.headers("headers"))
        .unwrap_or_default();
    let epoch = context.as_ref().and_then(|c| {
        c.number("timeEpoch")
            .or_else(|| c.number("requestTimeEpoch"))
    });
    recorded(Capture {
        received_at: epoch.and_then(rfc3339).map(Cow::Owned),
        method,
        url: url(fields),
        headers,
        body,
    })
}

fn url<'a>(fields: &RawFields<'a>) -> Option<Cow<'a, str>> {
    if let Some(path) = fields.text("rawPath") {
        return Some(match fields.text("rawQueryString") {
            Some(query) if !query.is_empty() => Cow::Owned(format!("{path}?{query}")),
            _ => path,
        });
    }
    let path = fields.text("path")?;
    let pairs = |name| Some(fields.object(name)?.pairs()).filter(|pairs| !pairs.is_empty());
    let pairs = pairs("multiValueQueryStringParameters").or_else(|| pairs("queryStringParameters"));
    Some(match pairs {
        Some(pairs) => Cow::Owned(with_query(&path, pairs.into_iter())),
        None => path,
    })
}
