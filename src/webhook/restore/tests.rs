//! Everything a recorder does to a body, undone; and nothing believed that is not proven.

use super::*;
use crate::vendor::ApiKey;
use crate::webhook::{Headers, sign};

/// Bodies as vendors' libraries write them.
const SENT: [&str; 6] = [
    r#"{"id":"vgen_1","status":"completed","prompt":"Küche \"hell\" 🎬 <b>\n","output_url":"https://cdn.example/a.mp4?a=1&b=2","credits":5.0,"empty":{},"list":[1,[],{"a":null}]}"#,
    r#"{"id": "vgen_1", "status": "completed", "prompt": "K\u00fcche \ud83c\udfac", "output_url": "https://cdn.example/a.mp4"}"#,
    r#"{"id":"vgen_1","status":"completed","prompt":"K\u00fcche","output_url":"https:\/\/cdn.example\/a.mp4"}"#,
    r#"{"id":"vgen_1","status":"completed","prompt":"\u003cb\u003e \u0026","output_url":"https://cdn.example/a.mp4"}"#,
    "{\n  \"id\": \"vgen_1\",\n  \"status\": \"completed\",\n  \"list\": [\n    1,\n    2\n  ]\n}",
    "{\"id\":\"vgen_1\",\"status\":\"completed\"}\n",
];

/// What recorders do.
type Change = (&'static str, fn(&str) -> Vec<u8>);

const CHANGES: [Change; 17] = [
    ("nothing", |sent| sent.into()),
    ("pretty-printed", |sent| {
        let value: Box<serde_json::value::RawValue> = serde_json::from_str(sent).unwrap();
        let spelled = json::spellings(value.get());
        // Letters and their order stay; only the blanks are new.
        spelled.into_iter().nth(4).unwrap().into()
    }),
    ("one newline more", |sent| format!("{sent}\n").into()),
    ("two newlines more", |sent| format!("{sent}\r\n\r\n").into()),
    ("one newline less", |sent| sent.trim_end().into()),
    ("blanks around it", |sent| format!("  {sent} ").into()),
    ("CRLF for LF", |sent| sent.replace('\n', "\r\n").into()),
    ("a byte order mark", |sent| format!("\u{feff}{sent}").into()),
    ("base64", |sent| encode(sent).into()),
    ("base64 in lines of 76", |sent| {
        let lines: Vec<_> = encode(sent)
            .as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        lines.join("\r\n").into()
    }),
    ("base64 for addresses", |sent| {
        let text = encode(sent).replace('+', "-").replace('/', "_");
        text.trim_end_matches('=').into()
    }),
    ("a data address", |sent| {
        format!("data:application/json;base64,{}", encode(sent)).into()
    }),
    ("chunks", |sent| chunked(sent).into()),
    ("a dump with chunks", |sent| {
        format!("POST /h HTTP/1.1\r\nHost: x\r\n\r\n{}", chunked(sent)).into()
    }),
    ("a dump with LF for CRLF", |sent| {
        format!("POST /h HTTP/1.1\nHost: x\n\n{sent}").into()
    }),
    ("a JSON text in base64", |sent| {
        encode(&serde_json::Value::from(sent).to_string()).into()
    }),
    ("escaped", |sent| {
        let text = serde_json::Value::from(sent).to_string();
        text[1..text.len() - 1].into()
    }),
];

fn encode(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(text)
}

fn chunked(text: &str) -> String {
    let mut at = 20;
    while !text.is_char_boundary(at) {
        at += 1;
    }
    let (left, right) = text.split_at(at);
    format!(
        "{:x}\r\n{left}\r\n{:X};a=b\r\n{right}\r\n0\r\n\r\n",
        left.len(),
        right.len()
    )
}

fn key() -> ApiKey {
    ApiKey::new("rph_live_test").unwrap()
}

fn capture(kept: Vec<u8>, sent: &str) -> Capture<'static> {
    let mut headers = Headers::default();
    headers.push(SIGNATURE_HEADER, sign(&key(), sent.as_bytes()));
    Capture {
        received_at: None,
        method: None,
        url: None,
        headers,
        body: Body::Raw(kept.into()),
    }
}

fn restored(kept: Vec<u8>, sent: &str) -> Option<Vec<u8>> {
    let keys = VerifyKeys::new(&[key()]);
    restore(&capture(kept, sent), &keys).map(|capture| capture.body.bytes().to_vec())
}

#[test]
fn what_recorders_do_is_undone() {
    for sent in SENT {
        for (name, change) in CHANGES {
            let found = restored(change(sent), sent);
            assert_eq!(found.as_deref(), Some(sent.as_bytes()), "{name}: {sent}");
        }
    }
}

#[test]
fn other_spellings_of_the_same_json_are_undone() {
    for sent in SENT {
        for kept in json::spellings(sent) {
            let found = restored(kept.clone().into(), sent);
            assert_eq!(found.as_deref(), Some(sent.as_bytes()), "{kept}");
        }
    }
}

#[test]
fn text_in_the_wrong_encoding_is_undone() {
    for sent in [
        r#"{"id":"v","prompt":"Küche €"}"#,
        r#"{"id":"v","prompt":"é“"}"#,
    ] {
        let (kept, _, _) = encoding_rs::WINDOWS_1252.decode(sent.as_bytes());
        assert_ne!(kept, sent);
        let found = restored(kept.into_owned().into(), sent);
        assert_eq!(found.as_deref(), Some(sent.as_bytes()));
    }
}

#[test]
fn nothing_else_is_believed() {
    for (name, change) in CHANGES {
        let forged = SENT[0].replace("completed", "cancelled");
        assert_eq!(restored(change(&forged), SENT[0]), None, "{name}");
    }
    let keys = VerifyKeys::new(&[ApiKey::new("rph_live_other").unwrap()]);
    assert_eq!(restore(&capture(SENT[0].into(), SENT[0]), &keys), None);
    let none = VerifyKeys::default();
    assert_eq!(restore(&capture(SENT[0].into(), SENT[0]), &none), None);
}

#[test]
fn the_work_for_one_capture_is_bounded() {
    let hashed = std::cell::Cell::new(0);
    let check = |bytes: &[u8]| {
        hashed.set(hashed.get() + bytes.len());
        false
    };
    let text = format!("{{\"id\":\"{}\"}}", "ü/<".repeat(LARGEST / 5));
    assert_eq!(search(text.as_bytes(), check), None);
    assert!(
        hashed.get() > WORK / 2 && hashed.get() <= WORK,
        "{}",
        hashed.get()
    );
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(
        search(format!("{{\"a\":{deep}}}").as_bytes(), |_| false),
        None
    );
    for odd in [
        "\"",
        "{\"a\\",
        "{\\\"",
        "0",
        "f",
        "data:",
        "POST / HTTP/1.1\r\n\r\n",
    ] {
        assert_eq!(search(odd.as_bytes(), |_| false), None, "{odd}");
    }
}
