//! Each format's documented shape, carrying the same signed delivery.

mod services;
mod texts;

use base64::Engine;

use super::*;
use crate::vendor::ApiKey;
use crate::webhook::capture::Unreadable;
use crate::webhook::restore::restore;
use crate::webhook::{Body, Unverifiable, Verification, VerifyKeys, sign, verify};

const BODY: &str = r#"{"id":"vgen_1","status":"completed","prompt":"Küche \"hell\"\n"}"#;
/// What a program writes that has sorted the names: no change that can be undone.
const PARSED: &str = r#"{"prompt":"Küche \"hell\"\n","status":"completed","id":"vgen_1"}"#;
const URL: &str = "/webhooks/creativeai?creativeai_job=5b1f0c9a77d2e318.1";

const HAR: &str = r#"{"log":{"version":"1.2","creator":{"name":"Proxy","version":"4"},"entries":[
  {"startedDateTime":"2026-03-12T09:22:18.000Z","time":4,"request":{"method":"POST","url":"https://x.example@URL@","httpVersion":"HTTP/2","cookies":[],
    "headers":[{"name":":method","value":"POST"},{"name":"X-CreativeAI-Signature","value":"@SIG@"}],
    "queryString":[],"postData":{"mimeType":"application/json","text":@BODY@},"headersSize":-1,"bodySize":@LEN@},
   "response":{"status":200},"cache":{},"timings":{}}]}}"#;

const WEBHOOK_SITE: &str = r#"{"data":[{"uuid":"a2a6a4ae","type":"web","token_id":"a94a7294","team_id":null,"ip":"127.0.0.1","hostname":"webhook.site","method":"POST","user_agent":"x","content":@BODY@,"query":{"creativeai_job":"5b1f0c9a77d2e318.1"},"request":null,"files":[],
  "headers":{"content-length":["@LEN@"],"x-creativeai-signature":["@SIG@"]},"url":"https:\/\/webhook.site\/a94a7294?","size":@LEN@,"created_at":"2026-03-12 09:22:18","updated_at":"2026-03-12 09:22:18"}],
  "total":1,"per_page":50,"current_page":1,"is_last_page":true,"from":1,"to":1}"#;

const HOOKDECK: &str = r#"{"id":"req_1","team_id":"tm_1","verified":false,"rejection_cause":null,"original_event_data_id":"edt_1","ingested_at":"2026-03-12T09:22:18.000Z","source_id":"src_1","events_count":1,"created_at":"2026-03-12T09:22:19.000Z",
  "data":{"method":"POST","path":"/webhooks/creativeai","query":"creativeai_job=5b1f0c9a77d2e318.1","parsed_query":{"creativeai_job":"5b1f0c9a77d2e318.1"},"headers":{"x-creativeai-signature":"@SIG@","content-type":"application/json"},"body":@BODY@,"is_large_payload":false}}"#;

const GATEWAY_1: &str = r#"{"version":"1.0","resource":"/webhooks/creativeai","path":"/webhooks/creativeai","httpMethod":"POST",
  "headers":{"X-CreativeAI-Signature":"@SIG@"},"multiValueHeaders":{"X-CreativeAI-Signature":["@SIG@"]},
  "queryStringParameters":{"creativeai_job":"5b1f0c9a77d2e318.1"},"multiValueQueryStringParameters":{"creativeai_job":["5b1f0c9a77d2e318.1"]},
  "requestContext":{"accountId":"1","requestTimeEpoch":1773307338000,"stage":"prod"},"pathParameters":null,"stageVariables":null,"body":@BODY@,"isBase64Encoded":false}"#;

const GATEWAY_2: &str = r#"{"version":"2.0","routeKey":"$default","rawPath":"/webhooks/creativeai","rawQueryString":"creativeai_job=5b1f0c9a77d2e318.1","cookies":[],
  "headers":{"x-creativeai-signature":"@SIG@","content-length":"@LEN@"},"queryStringParameters":{"creativeai_job":"5b1f0c9a77d2e318.1"},
  "requestContext":{"accountId":"1","http":{"method":"POST","path":"/webhooks/creativeai","protocol":"HTTP/1.1","sourceIp":"1.2.3.4","userAgent":"a"},"timeEpoch":1773307338000},
  "body":@BODY@,"pathParameters":{},"isBase64Encoded":false,"stageVariables":{}}"#;

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

fn word(found: &CaptureResult<'_>) -> &'static str {
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
                doubt: Unverifiable::NoSignature,
                ..
            } => "unsigned",
            Verification::Unverifiable {
                doubt: Unverifiable::Cut,
                ..
            } => "cut",
            Verification::Unverifiable {
                doubt: Unverifiable::NoBody,
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
        (r#"{"a":1}"#, "format is not supported"),
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
