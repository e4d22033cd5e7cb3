//! Log exports whose messages hold captures: `CloudWatch` (events of the command line and of
//! subscriptions, results of Insights) and Vercel (lines of `vercel logs --json` and of drains).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::fields::{Fields, text};
use super::{Document, Format, Found, nested};
use crate::webhook::capture::Unreadable;

pub(super) struct Logs;

impl Format for Logs {
    fn read<'a>(&self, document: &Document<'a>) -> Option<Vec<Found<'a>>> {
        let fields = document.fields()?;
        if let Some(message) = message(fields) {
            return Some(inside(message));
        }
        if let Some(events) = ["events", "logEvents"]
            .iter()
            .find_map(|name| fields.list(name))
        {
            let events = events.into_iter().filter_map(Fields::of);
            let messages = events.filter_map(|event| message(&event));
            return Some(messages.flat_map(inside).collect());
        }
        let rows = fields
            .list("results")
            .filter(|_| fields.has("statistics"))?;
        Some(rows.into_iter().filter_map(row).flat_map(inside).collect())
    }
}

/// A log event's message.
fn message<'a>(fields: &Fields<'a>) -> Option<Cow<'a, str>> {
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
    cells.into_iter().filter_map(Fields::of).find_map(|cell| {
        let is_message = text(cell.get("field")?)? == "@message";
        is_message.then(|| cell.text("value")).flatten()
    })
}

/// What a message holds behind its time and level: a capture, or other traffic.
pub(super) fn inside(message: Cow<'_, str>) -> Vec<Found<'_>> {
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
