//! Each format's documented shape, carrying the same signed delivery.

use base64::Engine;

use super::*;
use crate::vendor::ApiKey;
use crate::webhook::capture::Unreadable;
use crate::webhook::restore::restore;
use crate::webhook::{Body, Doubt, Verification, VerifyKeys, sign, verify};

const BODY: &str = r#"{"id":"vgen_1","status":"completed","prompt":"Küche \"hell\"\n"}"#;
/// What a program writes that has sorted the names: no change that can be undone.
const PARSED: &str = r#"{"prompt":"Küche \"hell\"\n","status":"completed","id":"vgen_1"}"#;
const URL: &str = "/webhooks/creativeai?creativeai_job=5b1f0c9a77d2e318.1";

fn key() -> ApiKey {
    ApiKey::new("rph_live_test").unwrap()
}

fn keys() -> VerifyKeys {
    VerifyKeys::new(&[key()])
}

fn signature() -> String {
    sign(&key(), BODY.as_bytes())
}

/// A text as JSON, quotes and all.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn base64(bytes: &[u8]) -> String {
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

/// Fills `@BODY@` (as a JSON text), `@B64@`, `@SIG@`, `@URL@`, `@LEN@`.
fn fill(template: &str) -> String {
    template
        .replace("@BODY@", &quoted(BODY))
        .replace("@RAWBODY@", BODY)
        .replace("@PARSED@", PARSED)
        .replace("@B64@", &base64(BODY.as_bytes()))
        .replace("@SIG@", &signature())
        .replace("@URL@", URL)
        .replace("@LEN@", &BODY.len().to_string())
}

/// Every entry in a word.
fn verified(text: &str) -> Vec<&'static str> {
    let mut words = Vec::new();
    read_value(text, &mut |found| words.push(word(&found)));
    words
}

fn word(found: &Found<'_>) -> &'static str {
    match found {
        Err(Unreadable::NotAWebhook) => "other",
        Err(_) => "unreadable",
        Ok(capture) => match verify(
            restore(capture, &keys()).as_ref().unwrap_or(capture),
            &keys(),
        ) {
            Verification::Verified(_) => "verified",
            Verification::Rejected(_) => "rejected",
            Verification::Unverifiable {
                doubt: Doubt::NoSignature,
                ..
            } => "unsigned",
            Verification::Unverifiable {
                doubt: Doubt::Cut, ..
            } => "cut",
            Verification::Unverifiable {
                doubt: Doubt::NoBody,
                ..
            } => "no body",
            Verification::Unverifiable { .. } => "reserialized",
            Verification::Unreadable(_) => "empty",
        },
    }
}

/// The document holds exactly the delivery, verified, with its address and time.
fn assert_whole(template: &str, received_at: &str) {
    let text = fill(template);
    let mut count = 0;
    read_value(&text, &mut |found| {
        count += 1;
        let capture = found.unwrap_or_else(|e| panic!("{e}: {text}"));
        let is_whole = matches!(capture.body, Body::Raw(_) | Body::Exact(_));
        assert!(is_whole, "{text}");
        assert_eq!(capture.body.bytes(), BODY.as_bytes(), "{text}");
        assert!(
            matches!(verify(&capture, &keys()), Verification::Verified(_)),
            "{text}"
        );
        let (job, attempt) = capture.correlation().expect(&text);
        assert_eq!((job.to_string().as_str(), attempt), ("5b1f0c9a77d2e318", 1));
        assert_eq!(capture.method.as_deref(), Some("POST"), "{text}");
        assert_eq!(capture.received_at.as_deref(), Some(received_at), "{text}");
    });
    assert_eq!(count, 1, "{text}");
}

#[test]
fn the_envelope_is_read_as_it_is_written() {
    let template = r#"{"v":1,"received_at":"2026-03-12T09:22:18Z","method":"POST","url":"@URL@","headers":{"x-creativeai-signature":"@SIG@"},"body":@BODY@}"#;
    assert_whole(template, "2026-03-12T09:22:18Z");
    assert_whole(
        &template.replace("\"body\":@BODY@", "\"body_b64\":\"@B64@\""),
        "2026-03-12T09:22:18Z",
    );
    let text = fill(template);
    read_value(&text, &mut |found| {
        assert_eq!(found.unwrap().to_envelope_line(), text);
    });
}

#[test]
fn an_envelope_of_a_function_of_ones_own_needs_no_version() {
    let text = fill(r#"{"headers":{"X-CreativeAI-Signature":["@SIG@"]},"body":@BODY@}"#);
    assert_eq!(verified(&text), ["verified"]);
    let text = fill(r#"{"v":1,"headers":{"x-creativeai-signature":"@SIG@"},"body":@RAWBODY@}"#);
    assert_eq!(verified(&text), ["verified"]);
    assert_eq!(verified(&text.replace(BODY, PARSED)), ["reserialized"]);
    let text = fill(r#"{"v":1,"headers":{},"body":@BODY@}"#);
    assert_eq!(verified(&text), ["unsigned"]);
}

#[test]
fn broken_envelopes_say_why() {
    for (text, reason) in [
        (r#"{"v":2,"headers":{},"body":""}"#, "version 2"),
        (r#"{"v":1,"headers":{}}"#, "no body"),
        (r#"{"v":1,"headers":{},"body_b64":"%"}"#, "base64"),
        (r#"{"v":1,"headers":{},"bo"#, "ends in the middle"),
        (r#"{"v":1]"#, "not JSON"),
        (r#"{"a":1}"#, "no capture format"),
        ("7", "not a JSON object"),
        ("\"text\"", "not a JSON object"),
        (r#"[[{"v":1}]]"#, "not a JSON object"),
    ] {
        let mut reasons = Vec::new();
        read_value(text, &mut |found| {
            reasons.push(found.unwrap_err().to_string());
        });
        assert_eq!(reasons.len(), 1, "{text}");
        assert!(reasons[0].contains(reason), "{text}: {}", reasons[0]);
    }
    assert!(verified("[]").is_empty());
}

const HAR: &str = r#"{"log":{"version":"1.2","creator":{"name":"Proxy","version":"4"},"entries":[
  {"startedDateTime":"2026-03-12T09:22:18.000Z","time":4,"request":{"method":"POST","url":"https://x.example@URL@","httpVersion":"HTTP/2","cookies":[],
    "headers":[{"name":":method","value":"POST"},{"name":"X-CreativeAI-Signature","value":"@SIG@"}],
    "queryString":[],"postData":{"mimeType":"application/json","text":@BODY@},"headersSize":-1,"bodySize":@LEN@},
   "response":{"status":200},"cache":{},"timings":{}}]}}"#;

#[test]
fn a_har_is_read() {
    assert_whole(HAR, "2026-03-12T09:22:18.000Z");
    let encoded = HAR.replace(
        "\"text\":@BODY@",
        "\"encoding\":\"base64\",\"text\":\"@B64@\"",
    );
    assert_whole(&encoded, "2026-03-12T09:22:18.000Z");
}

#[test]
fn the_other_traffic_of_a_har_is_no_webhook() {
    let text = r#"{"log":{"entries":[
        {"request":{"method":"GET","url":"https://x/","headers":[]}},
        {"request":{"method":"POST","url":"https://x/","headers":[],"postData":{"mimeType":"a","params":[]}}},
        {"request":{"method":"POST","url":"https://x/","headers":[],"postData":{"mimeType":"a","text":"{\"q\":1}"}}},
        {"request":{"method":"POST","url":"https://x/","headers":[],"bodySize":-1,"postData":{"text":"{\"id\":\"v\",\"status\":\"completed\"}"}}},
        {}, 7]}}"#;
    assert_eq!(
        verified(text),
        [
            "other",
            "other",
            "other",
            "unsigned",
            "unreadable",
            "unreadable"
        ]
    );
}

#[test]
fn a_changed_body_is_rejected_and_a_cut_or_damaged_one_is_in_doubt() {
    let text = fill(HAR).replace("completed", "abandoned");
    assert_eq!(verified(&text), ["rejected"]);
    let start = fill(HAR).replace("\"hell", "\u{fffd}");
    assert_eq!(verified(&start.replace('\\', "")), ["unreadable"], "torn");
    let damaged = HAR.replace("@BODY@", &quoted(&BODY.replace('ü', "\u{fffd}")));
    assert_eq!(verified(&fill(&damaged)), ["reserialized"]);
    let cut = HAR.replace("@BODY@", &quoted(&BODY[..30])).replace(
        "\"headers\":[",
        "\"headers\":[{\"name\":\"X-CreativeAI-Delivery-Id\",\"value\":\"vgen_1\"},",
    );
    assert_eq!(verified(&fill(&cut)), ["cut"]);
}

const WEBHOOK_SITE: &str = r#"{"data":[{"uuid":"a2a6a4ae","type":"web","token_id":"a94a7294","team_id":null,"ip":"127.0.0.1","hostname":"webhook.site","method":"POST","user_agent":"x","content":@BODY@,"query":{"creativeai_job":"5b1f0c9a77d2e318.1"},"request":null,"files":[],
  "headers":{"content-length":["@LEN@"],"x-creativeai-signature":["@SIG@"]},"url":"https:\/\/webhook.site\/a94a7294?","size":@LEN@,"created_at":"2026-03-12 09:22:18","updated_at":"2026-03-12 09:22:18"}],
  "total":1,"per_page":50,"current_page":1,"is_last_page":true,"from":1,"to":1}"#;

#[test]
fn a_webhook_site_export_is_read() {
    assert_whole(WEBHOOK_SITE, "2026-03-12T09:22:18Z");
    let url = WEBHOOK_SITE.replace(
        "a94a7294?\"",
        "a94a7294?creativeai_job=5b1f0c9a77d2e318.1\"",
    );
    assert_whole(&url, "2026-03-12T09:22:18Z");
    let single = &WEBHOOK_SITE[9..WEBHOOK_SITE.rfind("],").unwrap()];
    assert_whole(single, "2026-03-12T09:22:18Z");
    let email = fill(WEBHOOK_SITE).replace("\"web\"", "\"email\"");
    assert_eq!(verified(&email), ["other"]);
    assert!(verified(r#"{"data":[],"total":0,"is_last_page":true}"#).is_empty());
}

/// The agent's shape, with `raw` given.
fn ngrok(raw: &[u8], more_headers: &str) -> String {
    fill(&format!(
        r#"{{"uri":"/api/requests/http","requests":[{{"uri":"/api/requests/http/548fb5c700000002","id":"548fb5c700000002","tunnel_name":"command_line","remote_addr":"192.168.100.25","start":"2026-03-12T09:22:18-08:00","duration":3893202,"request":{{"method":"POST","proto":"HTTP/1.1","headers":{{{more_headers}"X-Creativeai-Signature":["@SIG@"]}},"uri":"@URL@","raw":"{}"}},"response":{{"status":"200 OK","raw":""}}}}]}}"#,
        base64(raw)
    ))
}

#[test]
fn an_ngrok_export_is_read() {
    let start = "2026-03-12T09:22:18-08:00";
    let whole = format!("POST {URL} HTTP/1.1\r\nHost: x\r\n\r\n{BODY}");
    assert_whole(&ngrok(whole.as_bytes(), ""), start);
    assert_whole(&ngrok(BODY.as_bytes(), ""), start);
    let chunked = "\"Transfer-Encoding\":[\"chunked\"],";
    let (left, right) = BODY.as_bytes().split_at(10);
    let mut raw = b"POST / HTTP/1.1\r\n\r\na\r\n".to_vec();
    raw.extend_from_slice(left);
    raw.extend_from_slice(format!("\r\n{:x}\r\n", right.len()).as_bytes());
    raw.extend_from_slice(right);
    let without_end = raw.clone();
    raw.extend_from_slice(b"\r\n0\r\n\r\n");
    assert_whole(&ngrok(&raw, chunked), start);
    assert_whole(&ngrok(whole.as_bytes(), chunked), start);
    // All of the JSON came, only the last chunk's mark did not.
    assert_eq!(verified(&ngrok(&without_end, chunked)), ["verified"]);
}

#[test]
fn what_ngrok_cut_is_in_doubt() {
    let id = "\"X-Creativeai-Delivery-Id\":[\"vgen_1\"],";
    let length = format!("{id}\"Content-Length\":[\"{}\"],", BODY.len());
    let whole = format!("POST {URL} HTTP/1.1\r\n\r\n{BODY}");
    let cut = &whole.as_bytes()[..whole.len() - 9];
    assert_eq!(verified(&ngrok(cut, &length)), ["cut"]);
    let chunked = format!("{id}\"Transfer-Encoding\":[\"chunked\"],");
    let whole = format!(
        "POST / HTTP/1.1\r\n\r\n{:x}\r\n{BODY}\r\n0\r\n\r\n",
        BODY.len()
    );
    assert_eq!(verified(&ngrok(&whole.as_bytes()[..60], &chunked)), ["cut"]);
    assert_eq!(
        verified(r#"{"requests":[{"request":{"raw":"%"}},1]}"#),
        ["unreadable"; 2]
    );
}

const HOOKDECK: &str = r#"{"id":"req_1","team_id":"tm_1","verified":false,"rejection_cause":null,"original_event_data_id":"edt_1","ingested_at":"2026-03-12T09:22:18.000Z","source_id":"src_1","events_count":1,"created_at":"2026-03-12T09:22:19.000Z",
  "data":{"method":"POST","path":"/webhooks/creativeai","query":"creativeai_job=5b1f0c9a77d2e318.1","parsed_query":{"creativeai_job":"5b1f0c9a77d2e318.1"},"headers":{"x-creativeai-signature":"@SIG@","content-type":"application/json"},"body":@BODY@,"is_large_payload":false}}"#;

#[test]
fn a_hookdeck_request_is_read() {
    let time = "2026-03-12T09:22:18.000Z";
    assert_whole(HOOKDECK, time);
    let parsed = HOOKDECK.replace(
        "\"query\":\"creativeai_job=5b1f0c9a77d2e318.1\"",
        "\"query\":\"\"",
    );
    assert_whole(&parsed, time);
    let page = format!(r#"{{"pagination":{{}},"count":1,"models":[{HOOKDECK}]}}"#);
    assert_whole(&page, time);
    let lines = HOOKDECK.replace(
        r#"{"x-creativeai-signature":"@SIG@","content-type":"application/json"}"#,
        r#""X-CreativeAI-Signature: @SIG@\r\nA: b""#,
    );
    assert_whole(&lines, time);
}

#[test]
fn a_body_that_hookdeck_parsed_is_in_doubt() {
    let parsed = HOOKDECK.replace("@BODY@", "@RAWBODY@");
    assert_eq!(verified(&fill(&parsed)), ["verified"]);
    let parsed = HOOKDECK.replace("@BODY@", "@PARSED@");
    assert_eq!(verified(&fill(&parsed)), ["reserialized"]);
    let bare = r#"{"id":"req_1","team_id":"tm_1","source_id":"src_1"}"#;
    assert_eq!(verified(bare), ["unreadable"]);
}

const GATEWAY_1: &str = r#"{"version":"1.0","resource":"/webhooks/creativeai","path":"/webhooks/creativeai","httpMethod":"POST",
  "headers":{"X-CreativeAI-Signature":"@SIG@"},"multiValueHeaders":{"X-CreativeAI-Signature":["@SIG@"]},
  "queryStringParameters":{"creativeai_job":"5b1f0c9a77d2e318.1"},"multiValueQueryStringParameters":{"creativeai_job":["5b1f0c9a77d2e318.1"]},
  "requestContext":{"accountId":"1","requestTimeEpoch":1773307338000,"stage":"prod"},"pathParameters":null,"stageVariables":null,"body":@BODY@,"isBase64Encoded":false}"#;
const GATEWAY_2: &str = r#"{"version":"2.0","routeKey":"$default","rawPath":"/webhooks/creativeai","rawQueryString":"creativeai_job=5b1f0c9a77d2e318.1","cookies":[],
  "headers":{"x-creativeai-signature":"@SIG@","content-length":"@LEN@"},"queryStringParameters":{"creativeai_job":"5b1f0c9a77d2e318.1"},
  "requestContext":{"accountId":"1","http":{"method":"POST","path":"/webhooks/creativeai","protocol":"HTTP/1.1","sourceIp":"1.2.3.4","userAgent":"a"},"timeEpoch":1773307338000},
  "body":@BODY@,"pathParameters":{},"isBase64Encoded":false,"stageVariables":{}}"#;

#[test]
fn gateway_events_of_both_versions_are_read() {
    for template in [GATEWAY_1, GATEWAY_2] {
        assert_whole(template, "2026-03-12T09:22:18Z");
        let encoded = template
            .replace("@BODY@", "\"@B64@\"")
            .replace("Encoded\":false", "Encoded\":true");
        assert_whole(&encoded, "2026-03-12T09:22:18Z");
        let parsed = template.replace("@BODY@", "@PARSED@");
        assert_eq!(verified(&fill(&parsed)), ["reserialized"]);
        let other = fill(template).replace(&signature(), "x");
        assert_eq!(verified(&other), ["rejected"]);
    }
    // Test consoles leave empty what has several values of a name.
    for (headers, query) in [("null", "null"), ("{}", "{}")] {
        let plain = GATEWAY_1
            .replace(
                "\"multiValueHeaders\":{\"X-CreativeAI-Signature\":[\"@SIG@\"]}",
                &format!("\"multiValueHeaders\":{headers}"),
            )
            .replace(
                "\"multiValueQueryStringParameters\":{\"creativeai_job\":[\"5b1f0c9a77d2e318.1\"]}",
                &format!("\"multiValueQueryStringParameters\":{query}"),
            );
        assert_whole(&plain, "2026-03-12T09:22:18Z");
    }
    let get = r#"{"rawPath":"/","headers":{},"requestContext":{},"isBase64Encoded":false}"#;
    assert_eq!(verified(get), ["other"]);
}

#[test]
fn a_raw_body_with_its_headers_is_read() {
    let headers = format!(
        "POST {URL} HTTP/1.1\r\nX-CreativeAI-Signature: {}\r\n",
        signature()
    );
    let capture = read_with_headers(BODY.as_bytes(), &headers);
    assert!(matches!(
        verify(&capture, &keys()),
        Verification::Verified(_)
    ));
    assert!(capture.correlation().is_some());
    let found = read_with_headers(b"\xff\x00", &headers);
    assert_eq!(word(&Ok(found)), "rejected");
    let found = read_with_headers(b"not JSON", "Host: x");
    assert_eq!(word(&Ok(found)), "empty");
}

#[test]
fn a_raw_body_alone_is_unsigned_and_a_log_line_is_no_capture() {
    assert_eq!(verified(BODY), ["unsigned"]);
    let line = r#"{"job":"5b1f0c9a77d2e318","status":"completed","generation_id":"vgen_1"}"#;
    assert_eq!(verified(line), ["unreadable"]);
}

#[test]
fn a_delivery_counts_even_where_its_body_was_not_kept() {
    let id = r#"{"name":"X-CreativeAI-Delivery-Id","value":"vgen_1"},"#;
    let har = HAR.replace("\"headers\":[", &format!("\"headers\":[{id}"));
    let without = |text: &str, from: &str| fill(&text.replace(from, "\"x\":0"));
    let post = r#""postData":{"mimeType":"application/json","text":@BODY@}"#;
    assert_eq!(verified(&without(&har, post)), ["no body"]);
    assert_eq!(verified(&without(&har, "\"text\":@BODY@")), ["no body"]);
    // Without an id nothing can be asked for, but it is counted.
    assert_eq!(verified(&without(HAR, post)), ["empty"]);
    let event = GATEWAY_2.replace(
        "\"x-creativeai-signature\"",
        "\"x-creativeai-delivery-id\":\"vgen_1\",\"x-creativeai-signature\"",
    );
    assert_eq!(verified(&without(&event, "\"body\":@BODY@")), ["no body"]);
    // An address with a job is enough, where headers are not kept either.
    let bare = r#"{"log":{"entries":[{"request":{"method":"POST","url":"https://x@URL@","headers":[]}}]}}"#;
    assert_eq!(verified(&fill(bare)), ["empty"]);
}

#[test]
fn what_recorders_do_is_undone_in_every_format() {
    use base64::Engine;
    let wrapped = base64(BODY.as_bytes())
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect::<Vec<_>>()
        .join("\r\n");
    assert_eq!(
        base64::prelude::BASE64_STANDARD
            .decode(wrapped.replace("\r\n", ""))
            .unwrap(),
        BODY.as_bytes()
    );
    let changed = [
        BODY.replace(',', ", ").replace("\":", "\": "),
        BODY.replace('ü', "\\u00fc"),
        BODY.replace('ü', "\\u00FC"),
        format!("{BODY}\r\n"),
        base64(BODY.as_bytes()),
        wrapped,
        format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len()),
        format!("POST / HTTP/1.1\r\nHost: x\r\n\r\n{BODY}"),
    ];
    let own = r#"{"headers":{"X-CreativeAI-Signature":["@SIG@"]},"body":@BODY@}"#;
    for template in [own, HAR, WEBHOOK_SITE, HOOKDECK, GATEWAY_1, GATEWAY_2] {
        for body in &changed {
            let text = fill(&template.replace("@BODY@", &quoted(body)));
            assert_eq!(verified(&text), ["verified"], "{text}");
        }
        let forged = quoted(&BODY.replace("vgen_1", "vgen_2"));
        let text = fill(&template.replace("@BODY@", &forged));
        assert_eq!(verified(&text), ["rejected"], "{text}");
    }
}

#[test]
fn a_body_that_is_not_base64_as_it_is_said_to_be_is_read() {
    for template in [GATEWAY_1, GATEWAY_2] {
        let text = fill(&template.replace("Encoded\":false", "Encoded\":true"));
        assert_eq!(verified(&text), ["verified"]);
    }
    let text = fill(&HAR.replace("\"text\":", "\"encoding\":\"base64\",\"text\":"));
    assert_eq!(verified(&text), ["verified"]);
}

#[test]
fn a_list_may_mix_formats() {
    let list = format!("[{HAR},\n{HOOKDECK},{GATEWAY_1},{BODY},7]");
    assert_eq!(
        verified(&fill(&list)),
        ["verified", "verified", "verified", "unsigned", "unreadable"]
    );
}

#[test]
fn nothing_of_a_documents_beginning_panics() {
    for template in [HAR, WEBHOOK_SITE, HOOKDECK, GATEWAY_1, GATEWAY_2] {
        let text = fill(template);
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            read_value(&text[..end], &mut |found| drop(found));
        }
    }
    let deep = "[".repeat(200_000);
    assert_eq!(verified(&deep), ["unreadable"]);
    let deep = "{\"headers\":".repeat(200_000);
    assert_eq!(verified(&deep), ["unreadable"]);
}

/// Shapes of services, each carrying the delivery with its very bytes.
const EXACT: [(&str, &str); 10] = [
    (
        "Make's queue, one entry",
        r#"{"incoming":{"id":"7a567f","scope":"hook","size":31,"created":"2026-03-12T09:22:18.260Z","data":{"method":"POST","url":"https://x@URL@","headers":[{"name":"X-CreativeAI-Signature","value":"@SIG@"}],"body":@BODY@}}}"#,
    ),
    (
        "Pipedream",
        r#"{"method":"POST","path":"/","query":{"creativeai_job":"5b1f0c9a77d2e318.1"},"client_ip":"1.2.3.4","url":"https://x.m.pipedream.net/","headers":{"X-CreativeAI-Signature":"@SIG@"},"bodyRaw":@BODY@,"body":@PARSED@}"#,
    ),
    (
        "Pipedream's steps",
        r#"{"trigger":{"context":{"id":"1"},"event":{"method":"POST","client_ip":"1","url":"https://x@URL@","headers":{"x-creativeai-signature":"@SIG@"},"bodyRaw":@BODY@}}}"#,
    ),
    (
        "n8n with the raw body",
        r#"[{"json":{"headers":{"x-creativeai-signature":"@SIG@"},"params":{},"query":{"creativeai_job":"5b1f0c9a77d2e318.1"},"body":{},"webhookUrl":"https://n8n.example/webhook/x","executionMode":"production"},"binary":{"data":{"mimeType":"application/json","data":"@B64@"}}}]"#,
    ),
    (
        "Make with pass-through",
        r#"{"value":@BODY@,"__IMTMETHOD__":"POST","__IMTHEADERS__":[{"name":"x-creativeai-signature","value":"@SIG@"}]}"#,
    ),
    (
        "Postman 2.1",
        r#"{"info":{"name":"c","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},"item":[{"name":"folder","item":[{"name":"r","request":{"method":"POST","header":[{"key":"X-CreativeAI-Signature","value":"@SIG@"}],"body":{"mode":"raw","raw":@BODY@},"url":{"raw":"https://x@URL@","host":["x"]}},"response":[]}]}]}"#,
    ),
    (
        "a history of Postman",
        r#"{"version":1,"history":[{"method":"POST","url":"https://x@URL@","headers":"X-CreativeAI-Signature: @SIG@\n","dataMode":"raw","rawModeData":@BODY@}]}"#,
    ),
    (
        "mitmproxy's HAR",
        r#"{"log":{"version":"1.2","creator":{"name":"mitmproxy","version":"1","comment":""},"pages":[],"entries":[{"startedDateTime":"2026-03-12T09:22:18+00:00","time":1,"request":{"method":"POST","url":"https://x@URL@","httpVersion":"HTTP/1.1","cookies":[],"headers":[{"name":"x-creativeai-signature","value":"@SIG@"}],"queryString":[],"headersSize":1,"bodySize":@LEN@,"postData":{"mimeType":"application/json","text":@BODY@,"params":[]}},"response":{},"cache":{},"timings":{},"serverIPAddress":"1"}]}}"#,
    ),
    (
        "Fiddler's HAR",
        r#"{"log":{"pages":[],"comment":"exported @ 1/1/2026","creator":{"version":"5","comment":"","name":"Fiddler"},"version":"1.2","entries":[{"startedDateTime":"2026-03-12T09:22:18.0000000+01:00","_Fiddler":{},"request":{"headersSize":1,"postData":{"params":[],"mimeType":"application/json","text":@BODY@},"queryString":[],"headers":[{"name":"X-CreativeAI-Signature","value":"@SIG@"}],"bodySize":@LEN@,"url":"https://x@URL@","cookies":[],"method":"POST","httpVersion":"HTTP/1.1"},"comment":"[#1]"}]}}"#,
    ),
    (
        "Make's log",
        r#"{"hookLogs":[{"id":"1","statusId":1,"loggedAt":"2026-03-12T09:22:18Z","data":{"method":"POST","url":"https://x@URL@","headers":[{"name":"X-CreativeAI-Signature","value":"@SIG@"}],"body":@BODY@}}]}"#,
    ),
];

/// Shapes of services that keep what they have parsed.
const PARSING: [(&str, &str); 4] = [
    (
        "an n8n item",
        r#"[{"headers":{"x-creativeai-signature":"@SIG@"},"params":{},"query":{},"body":@PARSED@,"webhookUrl":"https://n8n.example/webhook/x","executionMode":"production"}]"#,
    ),
    (
        "an n8n execution",
        r#"{"id":"7","finished":true,"mode":"webhook","data":{"resultData":{"runData":{"Webhook":[{"startTime":1,"source":[],"data":{"main":[[{"json":{"headers":{"x-creativeai-signature":"@SIG@"},"params":{},"query":{},"body":@PARSED@,"webhookUrl":"https://n8n.example/webhook/x","executionMode":"production"}}]]}}],"Next":[{"source":[{"previousNode":"Webhook"}],"data":{"main":[[{"json":{"headers":{},"webhookUrl":"x"}}]]}}]}}}}"#,
    ),
    (
        "smee.io",
        r#"{"host":"smee.io","x-creativeai-signature":"@SIG@","body":@PARSED@,"query":{"creativeai_job":"5b1f0c9a77d2e318.1"},"timestamp":1773307338000}"#,
    ),
    (
        "a bundle of Make",
        r#"{"id":"vgen_1","status":"completed","__IMTHEADERS__":[{"name":"x-creativeai-signature","value":"@SIG@"}]}"#,
    ),
];

#[test]
fn services_that_keep_the_bytes_are_verified_and_those_that_parse_are_in_doubt() {
    for (name, template) in EXACT {
        assert_eq!(verified(&fill(template)), ["verified"], "{name}");
        let forged = fill(template).replace(&signature(), &signature().replace('a', "b"));
        assert_ne!(verified(&forged), ["verified"], "{name}");
    }
    for (name, template) in PARSING {
        assert_eq!(verified(&fill(template)), ["reserialized"], "{name}");
        // Where the order and the numbers stayed, the bytes can be had again.
        if template.contains("@PARSED@") {
            let kept = fill(&template.replace("@PARSED@", "@RAWBODY@"));
            assert_eq!(verified(&kept), ["verified"], "{name}");
        }
    }
}

#[test]
fn logs_give_the_captures_in_their_messages() {
    let message = quoted(&format!(
        "2026-03-12T09:22:18.000Z\tid\tINFO\t{}\n",
        fill(GATEWAY_2).replace('\n', "")
    ));
    for (template, others) in [
        (
            r#"{"events":[{"logStreamName":"s","timestamp":1,"message":"START RequestId: x","ingestionTime":2},{"logStreamName":"s","timestamp":1,"message":@M@,"ingestionTime":2}],"searchedLogStreams":[]}"#,
            1,
        ),
        (
            r#"{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","timestamp":1,"message":@M@}]}"#,
            0,
        ),
        (
            r#"{"results":[[{"field":"@timestamp","value":"1"},{"field":"@message","value":@M@}]],"statistics":{}}"#,
            0,
        ),
        (r#"{"timestamp":1,"message":@M@}"#, 0),
        (
            r#"{"level":"info","message":@M@,"messageTruncated":false,"rowId":"1","source":"lambda","timestampInMs":1773307338000,"requestMethod":"POST","requestPath":"/h"}"#,
            0,
        ),
        (
            r#"{"id":"1","deploymentId":"d","source":"lambda","host":"h","timestamp":1,"projectId":"p","level":"info","message":@M@}"#,
            0,
        ),
    ] {
        let text = template.replace("@M@", &message);
        let mut expected = vec!["other"; others];
        expected.push("verified");
        assert_eq!(verified(&text), expected, "{template}");
    }
    assert_eq!(
        verified(r#"{"timestamp":1,"message":"{\"a\":1}"}"#),
        ["other"]
    );
}

/// The grades of a text that is not JSON.
fn text_grades(text: &str) -> Option<Vec<&'static str>> {
    Some(read_text(text)?.iter().map(word).collect())
}

#[test]
fn texts_that_are_no_json_are_read() {
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let headers = fill(r#"{"x-creativeai-signature":["@SIG@"]}"#);
    let http = fill(
        "POST https://x@URL@ HTTP/1.1\nContent-Type: application/json\nX-CreativeAI-Signature: @SIG@\n\n@RAWBODY@\n",
    );
    for (name, text, expected) in [
        ("HTTP", http.clone(), vec!["verified"]),
        (
            "HTTP with CRLF",
            http.replace('\n', "\r\n"),
            vec!["verified"],
        ),
        (
            ".http",
            format!("# kept\n\n{http}\n### again\n{http}"),
            vec!["verified"; 2],
        ),
        (
            "headers only",
            fill("X-CreativeAI-Signature: @SIG@\nX-CreativeAI-Delivery-Id: vgen_1\n"),
            vec!["no body"],
        ),
        (
            "SSE",
            fill(
                "event: ready\ndata: {}\n\nid: 1\ndata: {\"x-creativeai-signature\":\"@SIG@\",\"body\":@RAWBODY@,\"query\":{},\"timestamp\":1}\n\nevent: ping\ndata: {}\n\n",
            ),
            vec!["verified"],
        ),
        (
            "CSV",
            format!(
                "uuid,type,method,url,content,headers,created_at\n1,web,POST,https://x,{},{},2026-03-12 09:22:18\n",
                cell(BODY),
                cell(&headers)
            ),
            vec!["verified"],
        ),
        (
            "CSV with a column a header",
            format!(
                "Method,Content,headers.x-creativeai-signature\nPOST,{},{}\n",
                cell(BODY),
                signature()
            ),
            vec!["verified"],
        ),
        (
            "a table of messages",
            format!("timestamp,message\n1,START\n2,{}\n", cell(&fill(GATEWAY_2))),
            vec!["other", "verified"],
        ),
        (
            "lines",
            format!(
                "2026-03-12T09:22:18Z START\n2026-03-12T09:22:18Z {}\n",
                fill(GATEWAY_2).replace('\n', "")
            ),
            vec!["other", "verified"],
        ),
    ] {
        assert_eq!(
            text_grades(&text).as_deref(),
            Some(expected.as_slice()),
            "{name}: {text}"
        );
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = read_text(&text[..end]);
        }
    }
    for other in ["", "hello", "a,b\n1,2\n", "{\"a\":1}", "GET it", "data"] {
        assert_eq!(text_grades(other), None, "{other}");
    }
}

#[test]
fn a_shape_that_is_not_known_lists_those_that_are() {
    let mut reasons = Vec::new();
    read_value(r#"{"a":1}"#, &mut |found| {
        reasons.push(found.unwrap_err().to_string());
    });
    for name in [
        "HAR",
        "n8n",
        "Make",
        "Pipedream",
        "smee.io",
        "Postman",
        "CloudWatch",
        "Vercel",
        "raw HTTP",
    ] {
        assert!(reasons[0].contains(name), "{name}: {}", reasons[0]);
    }
}

#[test]
fn a_table_may_have_a_column_for_each_header_and_parameter() {
    let body = BODY.replace('"', "\"\"");
    for (header, row) in [
        (
            "uuid,type,method,url,content,headers.x-creativeai-signature,query.creativeai_job,created_at",
            format!(
                "1,web,POST,https://webhook.site/a?,\"{body}\",@SIG@,@JOB@,2026-03-12 09:22:18"
            ),
        ),
        (
            "Method,URL,Query,Headers,Content",
            format!(
                "POST,https://webhook.site/a,creativeai_job=@JOB@,x-creativeai-signature: @SIG@,\"{body}\""
            ),
        ),
        (
            "method,query,headers_x_creativeai_signature,content",
            format!("POST,\"{{\"\"creativeai_job\"\":\"\"@JOB@\"\"}}\",@SIG@,\"{body}\""),
        ),
    ] {
        let text = format!("{header}\n{row}\n")
            .replace("@SIG@", &signature())
            .replace("@JOB@", "5b1f0c9a77d2e318.1");
        let found = super::read_text(&text).unwrap();
        let [found] = &found[..] else {
            panic!("{header}: {}", found.len())
        };
        assert_eq!(word(found), "verified", "{header}");
        let capture = found.as_ref().unwrap();
        assert_eq!(capture.correlation().map(|(_, n)| n), Some(1), "{header}");
    }
}
