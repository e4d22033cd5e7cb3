//! Executions of workflow services: n8n (the items of a webhook node, an execution or a list of
//! them), Make (bundles of a webhook and its queue or log) and Pipedream (events of an HTTP trigger).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::RawFields;
use super::parts::{CaptureResult, Document, decode_base64, recorded};
use super::request::{is_request, request};
use crate::webhook::capture::Body;
use crate::webhook::capture::Unreadable;

pub(super) fn n8n<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    if is_execution(fields) {
        return Some(execution(fields));
    }
    if let Some(item) = item(fields) {
        return Some(vec![item]);
    }
    // The answer of its API: a page of executions.
    let page = fields.list("data")?;
    let is_page = fields.has("nextCursor")
        || page
            .first()
            .and_then(|first| RawFields::of(first))
            .is_some_and(|first| is_execution(&first));
    is_page.then(|| {
        page.iter()
            .filter_map(|raw| RawFields::of(raw))
            .flat_map(|fields| execution(&fields))
            .collect()
    })
}

fn is_execution(fields: &RawFields<'_>) -> bool {
    fields
        .object("data")
        .is_some_and(|data| data.has("resultData"))
}

/// The deliveries that started an execution: items of nodes that have no node before them.
fn execution<'a>(fields: &RawFields<'a>) -> Vec<CaptureResult<'a>> {
    let run_data = || {
        fields
            .object("data")?
            .object("resultData")?
            .object("runData")
    };
    let Some(nodes) = run_data() else {
        return vec![Err(Unreadable::because(
            "its execution has no data: fetch it with includeData=true",
        ))];
    };
    let mut found = Vec::new();
    for run in nodes
        .values()
        .filter_map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok())
        .flatten()
        .filter_map(RawFields::of)
    {
        let before = run.list("source").unwrap_or_default();
        if before.iter().any(|source| source.get() != "null") {
            continue;
        }
        let main = run.object("data").and_then(|data| data.get("main"));
        let outputs = main
            .and_then(|raw| serde_json::from_str::<Vec<Option<Vec<&RawValue>>>>(raw.get()).ok())
            .unwrap_or_default();
        let items = outputs.into_iter().flatten().flatten();
        found.extend(items.filter_map(RawFields::of).filter_map(|one| item(&one)));
    }
    found
}

/// What a webhook node passes on, with its wrapping or without.
fn item<'a>(fields: &RawFields<'a>) -> Option<CaptureResult<'a>> {
    let json = fields.object("json");
    let request_fields = json.as_ref().unwrap_or(fields);
    if !request_fields.has("webhookUrl") || !request_fields.has("headers") {
        return None;
    }
    let Ok(mut capture) = request(request_fields) else {
        return Some(request(request_fields));
    };
    // With "Raw Body" the bytes are beside the item, in base64.
    let raw_body = || {
        let binary = fields.object("binary")?;
        let data = RawFields::of(binary.values().next()?)?.text("data")?;
        decode_base64(&data).ok()
    };
    if let Some(bytes) = raw_body() {
        capture.body = Body::Raw(Cow::Owned(bytes));
    }
    Some(recorded(capture))
}

/// Make, formerly Integromat.
pub(super) fn make<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    if fields.has("__IMTHEADERS__") {
        return Some(vec![bundle(fields, document.text)]);
    }
    let list = ["hookLogs", "incomings"]
        .iter()
        .find_map(|name| fields.list(name))
        .or_else(|| {
            let one = ["hookLog", "incoming"];
            one.iter()
                .find_map(|name| fields.get(name).map(|one| vec![one]))
        })?;
    Some(list.into_iter().map(logged).collect())
}

/// An entry of the queue or the log of a webhook; the request is in `data`.
fn logged(raw: &RawValue) -> CaptureResult<'_> {
    let no_data =
        || Unreadable::because("its entry has no data: fetch each entry of the webhook by its id");
    let entry = RawFields::of(raw).ok_or_else(no_data)?;
    let data = entry.get("data").ok_or_else(no_data)?;
    let fields = RawFields::of(data).ok_or_else(no_data)?;
    if fields.has("__IMTHEADERS__") {
        return bundle(&fields, data.get());
    }
    let inner = fields.object("request");
    request(inner.as_ref().unwrap_or(&fields))
}

/// A bundle: headers in a field of their own, and the body as `value` ("JSON pass-through") or as
/// the fields around them.
fn bundle<'a>(fields: &RawFields<'a>, text: &'a str) -> CaptureResult<'a> {
    let mut capture = request(fields)?;
    if !["value", "body"].iter().any(|name| fields.has(name)) {
        capture.body = Body::Reserialized(Cow::Borrowed(text.as_bytes()));
    }
    Ok(capture)
}

pub(super) fn pipedream<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    if let Some(request) = event(fields) {
        return Some(vec![request]);
    }
    let trigger = fields
        .object("steps")
        .and_then(|steps| steps.object("trigger"))
        .or_else(|| fields.object("trigger"));
    let inner = trigger
        .and_then(|trigger| trigger.object("event"))
        .or_else(|| fields.object("event"))?;
    event(&inner).map(|request| vec![request])
}

fn event<'a>(fields: &RawFields<'a>) -> Option<CaptureResult<'a>> {
    let is_event = ["client_ip", "bodyRaw", "inferred_body_type"]
        .iter()
        .any(|name| fields.has(name));
    (is_event && is_request(fields)).then(|| request(fields))
}
