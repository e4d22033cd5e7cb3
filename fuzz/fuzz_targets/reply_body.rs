//! Replies of a server. The first two bytes choose the status, the third what else is odd; then
//! header lines up to an empty one, then the body.
#![no_main]

use std::time::SystemTime;

use bytes::Bytes;
use creativeai::vendor::{
    ApiKey, MAX_WAIT, Outcome, PollOutcome, Reply, classify_poll, classify_submission,
};
use creativeai::jobs::{GenerationId, Status};
use libfuzzer_sys::fuzz_target;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

const KEY: &str = "rph_live_fuzz_0123456789";

fuzz_target!(|data: &[u8]| {
    let [a, b, flags, rest @ ..] = data else {
        return;
    };
    let code = 100 + u16::from_be_bytes([*a, *b]) % 900;
    let Ok(status) = StatusCode::from_u16(code) else {
        return;
    };
    let (head, body) = split_head(rest);
    let headers = headers(head);
    let cut = (flags & 1 != 0).then(|| "the connection ended early".to_owned());
    let is_cut = cut.is_some();
    let Some(key) = ApiKey::new(KEY) else { return };
    let mut body = body.to_vec();
    if flags & 2 != 0 {
        body = key.blot_body(body);
        if let Ok(value) = serde_json::from_slice::<serde_json::Value>(&body) {
            assert!(!value.to_string().contains(KEY), "the key is in {value}");
        }
    }
    let body = Bytes::from(body);
    let reply = Reply::new(status, &headers, body.clone(), cut, SystemTime::UNIX_EPOCH);

    let outcome = classify_submission(&reply, Some(&key));
    match &outcome {
        Outcome::Accepted { id, status, .. } => {
            assert!((200..300).contains(&code) && !is_cut);
            assert!(GenerationId::is_valid(id.as_str()));
            assert!(status.is_accepted());
            let value: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let named = ["id", "job_id", "generation_id"]
                .iter()
                .any(|name| value.get(name).and_then(|v| v.as_str()) == Some(id.as_str()));
            // A body nested too deeply for a tree is still read by its own fields.
            assert!(named || value.is_null(), "{id} is not in {value}");
        }
        Outcome::Refused { http_status, error } => {
            assert!((400..500).contains(&code) && *http_status == code);
            assert!(!matches!(code, 401..=403 | 408 | 409 | 429));
            tidy(error);
        }
        Outcome::Denied { error, .. } => {
            assert!((401..=403).contains(&code));
            tidy(error);
        }
        Outcome::Throttled {
            retry_after, error, ..
        } => {
            assert!(code == 429 || (code == 503 && retry_after.is_some()));
            assert!(retry_after.is_none_or(|wait| wait <= MAX_WAIT));
            tidy(error);
        }
        Outcome::NotSent { .. } => panic!("there was a reply"),
        Outcome::Unknown { error, .. } => {
            assert!(!matches!(code, 400..=407 | 410..=499));
            tidy(error);
        }
    }

    let Some(asked) = GenerationId::parse("vgen_1") else {
        return;
    };
    match classify_poll(&reply, &asked, Some(&key)) {
        PollOutcome::Seen { status, body } => {
            assert!((200..300).contains(&code) && !is_cut);
            assert!(matches!(
                status,
                Status::Pending | Status::Processing | Status::Completed | Status::Failed
            ));
            let payload = body.payload();
            let named = payload.named_id();
            assert!(named.is_none_or(|id| id.as_str() == asked.as_str()));
            let _ = (payload.error(), payload.credits(), payload.progress());
        }
        PollOutcome::Trouble {
            retry_after, error, ..
        } => {
            assert!(retry_after.is_none_or(|wait| wait <= MAX_WAIT));
            tidy(&error);
        }
        PollOutcome::Denied { error, .. } => {
            assert!((401..=403).contains(&code));
            tidy(&error);
        }
    }
});

/// What goes to the log and the terminal: one line, without the key.
fn tidy(error: &str) {
    assert!(!error.contains(KEY), "the key is in {error:?}");
    assert!(!error.contains(['\n', '\r', '\u{1b}', '\0']), "{error:?}");
}

fn split_head(rest: &[u8]) -> (&[u8], &[u8]) {
    let end = rest.windows(2).position(|two| two == b"\n\n");
    match end {
        Some(at) => (&rest[..at], &rest[at + 2..]),
        None => (&[], rest),
    }
}

fn headers(head: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in head.split(|b| *b == b'\n') {
        let Some(at) = line.iter().position(|b| *b == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..at]);
        let value = HeaderValue::from_bytes(line[at + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}
