//! Log exports whose messages hold captures: `CloudWatch` (events of the command line and of
//! subscriptions, results of Insights) and Vercel (lines of `vercel logs --json` and of drains).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::{RawFields, text};
use super::parts::Document;

/// The messages of a document of such logs.
pub(super) fn messages<'a>(document: &Document<'a>) -> Option<Vec<Cow<'a, str>>> {
    let fields = document.fields()?;
    if let Some(message) = message(fields) {
        return Some(vec![message]);
    }
    if let Some(events) = ["events", "logEvents"]
        .iter()
        .find_map(|name| fields.list(name))
    {
        let events = events.into_iter().filter_map(RawFields::of);
        return Some(events.filter_map(|event| message(&event)).collect());
    }
    let rows = fields
        .list("results")
        .filter(|_| fields.has("statistics"))?;
    Some(rows.into_iter().filter_map(row).collect())
}

/// A log event's message.
fn message<'a>(fields: &RawFields<'a>) -> Option<Cow<'a, str>> {
    const BESIDE: [&str; 6] = [
        "timestamp",
        "timestampInMs",
        "@timestamp",
        "ingestionTime",
        "logStreamName",
        "level",
    ];
    let message = fields.text("message").or_else(|| fields.text("@message"))?;
    BESIDE
        .iter()
        .any(|name| fields.has(name))
        .then_some(message)
}

/// A row of Insights: a list of fields and values.
fn row(raw: &RawValue) -> Option<Cow<'_, str>> {
    let cells = serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()?;
    cells
        .into_iter()
        .filter_map(RawFields::of)
        .find_map(|cell| {
            let is_message = text(cell.get("field")?)? == "@message";
            is_message.then(|| cell.text("value")).flatten()
        })
}
