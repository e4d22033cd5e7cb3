//! The same deliveries as every service that keeps webhooks would hand them out.

use std::fs;
use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::support::delivery::Delivery;

/// Writes deliveries into an empty folder.
pub type Converter = fn(&Path, &[Delivery]);

/// The formats that keep a body's very bytes, by name.
pub const FAITHFUL: [(&str, Converter); 9] = [
    ("envelopes", envelopes),
    ("envelopes in base64", envelopes_in_base64),
    ("raw bodies with headers", raw_with_headers),
    ("HAR", har),
    ("webhook.site", webhook_site),
    ("ngrok", ngrok),
    ("API Gateway 1.0", gateway_1),
    ("API Gateway 2.0", gateway_2),
    ("a mixed folder", mixed),
];

fn text(delivery: &Delivery) -> &str {
    std::str::from_utf8(&delivery.body).unwrap()
}

fn path(delivery: &Delivery) -> &str {
    delivery.url.split('?').next().unwrap()
}

/// Names and values of the query.
fn query(delivery: &Delivery) -> Map<String, Value> {
    let (_, query) = delivery.url.split_once('?').unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(n, v)| (n.to_owned(), v.into())).collect()
}

fn headers(delivery: &Delivery) -> Map<String, Value> {
    let pairs = delivery.headers.iter();
    pairs.map(|(n, v)| (n.clone(), v.clone().into())).collect()
}

fn headers_as_lists(delivery: &Delivery) -> Map<String, Value> {
    let pairs = delivery.headers.iter();
    pairs.map(|(n, v)| (n.clone(), json!([v]))).collect()
}

fn write(dir: &Path, name: &str, value: &Value) {
    fs::write(dir.join(name), serde_json::to_string_pretty(value).unwrap()).unwrap();
}

fn gz(path: &Path, text: &str) {
    let file = fs::File::create(path).unwrap();
    let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap();
}

fn envelopes(dir: &Path, all: &[Delivery]) {
    let text: String = all.iter().map(Delivery::envelope).collect();
    fs::write(dir.join("captures.jsonl"), text).unwrap();
}

fn envelopes_in_base64(dir: &Path, all: &[Delivery]) {
    let line = |d: &Delivery| {
        let body = BASE64_STANDARD.encode(&d.body);
        let line = json!({"v": 1, "url": d.url, "headers": headers_as_lists(d), "body_b64": body});
        format!("{line}\r\n")
    };
    gz(
        &dir.join("captures.jsonl.gz"),
        &all.iter().map(line).collect::<String>(),
    );
}

fn raw_with_headers(dir: &Path, all: &[Delivery]) {
    for (n, delivery) in all.iter().enumerate() {
        let mut head = format!("POST {} HTTP/1.1\n", delivery.url);
        for (name, value) in &delivery.headers {
            head.push_str(&format!("{name}: {value}\n"));
        }
        fs::write(dir.join(format!("{n:05}.headers")), head).unwrap();
        fs::write(dir.join(format!("{n:05}.json")), &delivery.body).unwrap();
    }
}

fn har(dir: &Path, all: &[Delivery]) {
    let entry = |d: &Delivery| {
        let headers: Vec<_> = d
            .headers
            .iter()
            .map(|(n, v)| json!({"name": n, "value": v}))
            .collect();
        json!({"startedDateTime": d.received_at, "time": 1,
               "request": {"method": "POST", "url": format!("https://receiver.example{}", d.url),
                           "httpVersion": "HTTP/1.1", "headers": headers, "bodySize": d.body.len(),
                           "postData": {"mimeType": "application/json", "text": text(d)}},
               "response": {"status": 200}})
    };
    // A recording holds other traffic, too.
    let other = json!({"startedDateTime": "2026-03-12T09:00:00Z", "request": {"method": "GET",
                       "url": "https://receiver.example/", "headers": [], "bodySize": 0}});
    let entries: Vec<_> = std::iter::once(other)
        .chain(all.iter().map(entry))
        .collect();
    write(
        dir,
        "recording.har",
        &json!({"log": {"version": "1.2", "entries": entries}}),
    );
}

fn webhook_site(dir: &Path, all: &[Delivery]) {
    let request = |(n, d): (usize, &Delivery)| {
        json!({"uuid": format!("{n}"), "token_id": "t", "type": "web", "method": "POST",
               "ip": "127.0.0.1", "content": text(d), "size": d.body.len(),
               "headers": headers_as_lists(d), "query": query(d),
               "url": format!("https://webhook.site/t?{}", d.url.split_once('?').unwrap().1),
               "created_at": "2026-03-12 09:22:18"})
    };
    for (page, some) in all.chunks(50).enumerate() {
        let data: Vec<_> = some.iter().enumerate().map(request).collect();
        let page_of = json!({"data": data, "total": all.len(), "per_page": 50,
                             "current_page": page + 1, "is_last_page": false});
        write(dir, &format!("page-{page:03}.json"), &page_of);
    }
}

fn ngrok(dir: &Path, all: &[Delivery]) {
    let request = |d: &Delivery| {
        let raw = BASE64_STANDARD.encode(d.request());
        json!({"uri": "/api/requests/http/x", "id": "x", "tunnel_name": "command_line",
               "start": d.received_at, "duration": 1,
               "request": {"method": "POST", "proto": "HTTP/1.1", "headers": headers_as_lists(d),
                           "uri": d.url, "raw": raw},
               "response": {"status": "200 OK"}})
    };
    let requests: Vec<_> = all.iter().map(request).collect();
    write(
        dir,
        "requests.json",
        &json!({"uri": "/api/requests/http", "requests": requests}),
    );
}

/// One event a file, as an object store keeps them: in folders by day, some of them gzipped.
fn gateway_1(dir: &Path, all: &[Delivery]) {
    for (n, d) in all.iter().enumerate() {
        let event = json!({"resource": "/{proxy+}", "path": path(d), "httpMethod": "POST",
            "headers": headers(d), "multiValueHeaders": headers_as_lists(d),
            "queryStringParameters": query(d),
            "requestContext": {"requestTimeEpoch": 1_773_307_338_000_u64, "stage": "prod"},
            "body": text(d), "isBase64Encoded": false});
        let day = dir.join(format!("2026/03/{:02}", n % 28 + 1));
        fs::create_dir_all(&day).unwrap();
        let event = event.to_string();
        if n % 2 == 0 {
            gz(&day.join(format!("{n:05}.json.gz")), &event);
        } else {
            fs::write(day.join(format!("{n:05}")), event).unwrap();
        }
    }
}

fn gateway_2(dir: &Path, all: &[Delivery]) {
    let line = |d: &Delivery| {
        let event = json!({"version": "2.0", "routeKey": "$default", "rawPath": path(d),
            "rawQueryString": d.url.split_once('?').unwrap().1, "headers": headers(d),
            "requestContext": {"http": {"method": "POST", "path": path(d)},
                               "timeEpoch": 1_773_307_338_000_u64},
            "body": BASE64_STANDARD.encode(&d.body), "isBase64Encoded": true});
        format!("{event}\n")
    };
    fs::write(
        dir.join("events.jsonl"),
        all.iter().map(line).collect::<String>(),
    )
    .unwrap();
}

/// A page of Hookdeck's requests: the bodies come parsed, so their bytes are gone.
pub fn hookdeck(dir: &Path, all: &[Delivery]) {
    let request = |d: &Delivery| {
        // As a parser in between would do it.
        let body: std::collections::BTreeMap<String, Value> =
            serde_json::from_slice(&d.body).unwrap();
        json!({"id": "req_1", "team_id": "tm_1", "source_id": "src_1",
               "ingested_at": d.received_at,
               "data": {"method": "POST", "path": path(d), "headers": headers(d), "body": body,
                        "query": d.url.split_once('?').unwrap().1}})
    };
    let models: Vec<_> = all.iter().map(request).collect();
    write(
        dir,
        "requests.json",
        &json!({"count": models.len(), "models": models}),
    );
}

/// A part in each of the formats, in folders of any depth.
fn mixed(dir: &Path, all: &[Delivery]) {
    let parts: [Converter; 7] = [
        envelopes,
        raw_with_headers,
        har,
        webhook_site,
        ngrok,
        gateway_1,
        gateway_2,
    ];
    for (n, some) in all.chunks(all.len().div_ceil(parts.len())).enumerate() {
        let part = dir.join(format!("part {n}/inner"));
        fs::create_dir_all(&part).unwrap();
        parts[n](&part, some);
    }
}
