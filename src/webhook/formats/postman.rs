//! Postman: a collection (2.x), its folders and the requests of saved responses; a collection 1.0 or
//! a history.

use serde_json::value::RawValue;

use super::fields::RawFields;
use super::parts::{CaptureResult, Document};
use super::request::request;

/// Folders in folders that are looked into.
const DEEPEST: usize = 32;

pub(super) fn read<'a>(document: &Document<'a>) -> Option<Vec<CaptureResult<'a>>> {
    let fields = document.fields()?;
    // The API wraps it.
    let wrapped = fields.object("collection");
    let fields = wrapped.as_ref().unwrap_or(fields);
    let mut found = Vec::new();
    if fields.has("info")
        && let Some(items) = fields.list("item")
    {
        collect(items, DEEPEST, &mut found);
        return Some(found);
    }
    let list = ["requests", "history"]
        .iter()
        .find_map(|name| fields.list(name))?;
    let first = list.first().and_then(|first| RawFields::of(first))?;
    let is_old = ["rawModeData", "dataMode", "headerData"]
        .iter()
        .any(|name| first.has(name));
    is_old.then(|| {
        let requests = list.into_iter().filter_map(RawFields::of);
        requests.map(|fields| request(&fields)).collect()
    })
}

fn collect<'a>(items: Vec<&'a RawValue>, depth: usize, found: &mut Vec<CaptureResult<'a>>) {
    for item in items.into_iter().filter_map(RawFields::of) {
        if let Some(items) = item.list("item") {
            if depth > 0 {
                collect(items, depth - 1, found);
            }
            continue;
        }
        if let Some(one) = item.object("request") {
            found.push(request(&one));
        }
        let saved = item.list("response").unwrap_or_default();
        let originals = saved
            .into_iter()
            .filter_map(RawFields::of)
            .filter_map(|response| response.object("originalRequest"));
        found.extend(originals.map(|one| request(&one)));
    }
}
