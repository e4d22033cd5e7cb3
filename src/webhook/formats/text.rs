//! What is not JSON: a raw HTTP request as text, an event stream, a table of webhook.site or of a
//! log, and log lines with a capture in each.

use std::borrow::Cow;

use super::fields::RawFields;
use super::parts::{CaptureResult, HEADER_PREFIX, no_body, recorded, with_query};
use super::raw_with_headers::{is_request_line, parse_headers};
use super::request::headers_of_text;
use super::value::{inside, nested};
use super::webhook_site::utc;
use crate::webhook::capture::{Body, Capture};

/// The parameter of an address that names a job.
const CORRELATION: &str = "creativeai_job";

/// Reads a text that is not JSON; `None` when it is of no shape that is known here.
pub(in crate::webhook) fn read(text: &str) -> Option<Vec<CaptureResult<'_>>> {
    let start = text.trim_start().chars().next()?;
    if matches!(start, '{' | '[') {
        return None;
    }
    requests(text)
        .or_else(|| event_stream(text))
        .or_else(|| table(text))
        .or_else(|| log_lines(text))
}

/// Requests as text, as `.http` files hold them: a head, a blank line, a body; `###` between them.
fn requests(text: &str) -> Option<Vec<CaptureResult<'_>>> {
    let parts = split_requests(text);
    let is_request = |part: &&str| {
        let first = part.lines().next().unwrap_or_default();
        let name = first.split(':').next().unwrap_or_default();
        is_request_line(first) || name.to_ascii_lowercase().starts_with(HEADER_PREFIX)
    };
    let is_all = !parts.is_empty() && parts.iter().all(is_request);
    is_all.then(|| parts.into_iter().map(request).collect())
}

/// The requests of a text, without comments before them.
fn split_requests(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("###") {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    let pieces = starts.windows(2).map(|ends| &text[ends[0]..ends[1]]);
    pieces
        .map(|piece| {
            let mut rest = piece;
            while let Some(line) = rest.split_inclusive('\n').next()
                && (line.trim().is_empty() || line.starts_with(['#']) || line.starts_with("//"))
            {
                rest = &rest[line.len()..];
            }
            rest
        })
        .filter(|piece| !piece.is_empty())
        .collect()
}

fn request(text: &str) -> CaptureResult<'_> {
    let blank = ["\r\n\r\n", "\n\n"]
        .iter()
        .filter_map(|blank| text.find(blank).map(|at| (at, at + blank.len())))
        .min();
    let (head, body) = match blank {
        Some((end, start)) => (&text[..end], Some(&text[start..])),
        None => (text, None),
    };
    let head = parse_headers(head);
    recorded(Capture {
        received_at: None,
        method: head.method.map(Cow::Borrowed),
        url: head.url.map(Cow::Borrowed),
        headers: head.headers,
        body: match body {
            Some(body) if !body.is_empty() => Body::of_text(Cow::Borrowed(body)),
            _ => no_body(),
        },
    })
}

/// Server-sent events, as smee.io sends them: each `data:` holds a message.
fn event_stream(text: &str) -> Option<Vec<CaptureResult<'_>>> {
    const NAMES: [&str; 4] = ["data:", "id:", "event:", "retry:"];
    let mut lines = text
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with(':'));
    if !lines.all(|line| NAMES.iter().any(|name| line.starts_with(name))) {
        return None;
    }
    let mut found = Vec::new();
    let mut data = String::new();
    // A blank line ends an event; so does the end.
    for line in text.lines().chain([""]) {
        if let Some(more) = line.strip_prefix("data:") {
            data.push_str(more.strip_prefix(' ').unwrap_or(more));
        } else if line.is_empty() && !data.is_empty() {
            let message = std::mem::take(&mut data);
            // Its first event and its pings say nothing.
            if message.trim() != "{}" {
                found.extend(nested(Cow::Owned(message)));
            }
        }
    }
    Some(found)
}

/// A table with commas: requests by column names, or a log's messages.
fn table(text: &str) -> Option<Vec<CaptureResult<'_>>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let names: Vec<String> = reader
        .headers()
        .ok()?
        .iter()
        .map(|name| name.trim().to_lowercase().replace([' ', '-'], "_"))
        .collect();
    let column = |wanted: &[&str]| {
        wanted
            .iter()
            .find_map(|wanted| names.iter().position(|name| name == wanted))
    };
    let body = column(&["content", "body", "request_body", "raw_body"]);
    let message = column(&["message", "@message"]);
    let headers = column(&["headers", "request_headers"]);
    if message.is_none() && (body.is_none() || (headers.is_none() && column(&["method"]).is_none()))
    {
        return None;
    }
    let method = column(&["method", "http_method"]);
    let url = column(&["url", "request_url", "path"]);
    let query = column(&["query", "query_string"]);
    // Some have a column for each parameter.
    let job = names.iter().position(|name| name.contains(CORRELATION));
    let time = column(&["created_at", "received_at", "date", "time", "timestamp"]);
    let mut found = Vec::new();
    for row in reader.records() {
        let Ok(row) = row else {
            found.push(Err(crate::webhook::capture::Unreadable::because(
                "its row is not a row of a table",
            )));
            continue;
        };
        let cell = |column: Option<usize>| row.get(column?).map(str::to_owned);
        let Some(body) = cell(body) else {
            found.extend(inside(Cow::Owned(cell(message).unwrap_or_default())));
            continue;
        };
        let mut all = headers_of_text(&cell(headers).unwrap_or_default());
        // Some have a column for each header.
        for (name, value) in names.iter().zip(row.iter()) {
            if let Some(at) = name.find("x_creativeai_")
                && !value.is_empty()
            {
                all.push(name[at..].replace('_', "-"), value.to_owned());
            }
        }
        let text = |text: Option<String>| text.filter(|t| !t.is_empty()).map(Cow::Owned);
        found.push(recorded(Capture {
            received_at: text(cell(time)).map(utc),
            method: text(cell(method)),
            url: address(cell(url), cell(query), cell(job)).map(Cow::Owned),
            headers: all,
            body: match body.as_str() {
                "" => no_body(),
                _ => Body::of_text(Cow::Owned(body)),
            },
        }));
    }
    Some(found)
}

/// The address of a row: with its query from a column of its own, where the address has none.
fn address(url: Option<String>, query: Option<String>, job: Option<String>) -> Option<String> {
    let url = url.filter(|url| !url.is_empty());
    let has_query = |url: &String| {
        url.split_once('?')
            .is_some_and(|(_, query)| !query.is_empty())
    };
    if url.as_ref().is_some_and(has_query) {
        return url;
    }
    let query = query.unwrap_or_default();
    let job = job.filter(|job| !job.is_empty());
    let pairs = match (RawFields::of_text(&query), job) {
        (_, Some(job)) => vec![(Cow::Borrowed(CORRELATION), Cow::Owned(job))],
        (Ok(fields), None) => fields
            .pairs()
            .into_iter()
            .map(|(name, value)| {
                (
                    Cow::Owned(name.into_owned()),
                    Cow::Owned(value.into_owned()),
                )
            })
            .collect(),
        (Err(_), None) => url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .map(|(name, value)| (Cow::Owned(name), Cow::Owned(value)))
            .collect(),
    };
    if url.is_none() && pairs.is_empty() {
        return None;
    }
    let path = url.unwrap_or_default();
    Some(with_query(path.trim_end_matches('?'), pairs.into_iter()))
}

/// Lines of a time, a level and a capture, as log services export them as text.
fn log_lines(text: &str) -> Option<Vec<CaptureResult<'_>>> {
    let is_time = |line: &str| {
        line.get(..4)
            .is_some_and(|year| year.bytes().all(|b| b.is_ascii_digit()))
    };
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let is_log = lines().all(is_time) && lines().any(|line| line.contains('{'));
    is_log.then(|| {
        lines()
            .flat_map(|line| inside(Cow::Borrowed(line)))
            .collect()
    })
}
