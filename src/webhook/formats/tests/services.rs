//! What services and proxies export.

use super::*;

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
