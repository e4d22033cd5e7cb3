//! Captures of webhooks in every format. An even first byte: the rest is a capture file on standard
//! input. An odd one: a raw body, a NUL, and the headers beside it.
//!
//! The fuzzer cannot make a signature, so whatever is verified must say what one of the signed
//! bodies in here says.
#![no_main]

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use creativeai::vendor::{ApiKey, Payload};
use creativeai::webhook::{
    Body, Capture, Grade, Graded, Headers, SIGNATURE_HEADER, VerifyKeys, grade, replay,
};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;

const KEY: &str = "rph_live_fuzz_0123456789";

/// The bodies whose signatures stand in the seeds.
const SIGNED: [&str; 2] = [
    r#"{"id":"vgen_1","status":"completed","output_url":"https://cdn.example.com/1.mp4","credits":5}"#,
    r#"{"id":"vgen_2","status":"failed","error":"no"}"#,
];

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder");
}

fuzz_target!(|data: &[u8]| {
    let [mode, rest @ ..] = data else { return };
    let keys = VerifyKeys::new(&ApiKey::new(KEY).into_iter().collect::<Vec<_>>());
    if mode % 2 == 0 {
        graded(&[PathBuf::from("-")], rest, &keys);
        return;
    }
    let at = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
    let (body, headers) = (&rest[..at], rest.get(at + 1..).unwrap_or_default());
    FOLDER.with(|folder| {
        let path = folder.path().join("a.json");
        fs::write(&path, body).expect("a body");
        fs::write(path.with_extension("headers"), headers).expect("its headers");
        graded(&[path], &[], &keys);
    });
    direct(*mode, body, &String::from_utf8_lossy(headers), &keys);
});

fn graded(paths: &[PathBuf], stdin: &[u8], keys: &VerifyKeys) {
    replay(
        paths,
        Cursor::new(stdin.to_vec()),
        keys,
        |found: &[Graded<'_>]| {
            let facts = |found: &Graded<'_>| match &found.grade {
                Grade::Verified(payload) => Some(facts(payload)),
                Grade::Unreadable(reason) => {
                    let _ = reason.to_string();
                    None
                }
                Grade::Rejected(_) | Grade::Unverifiable { .. } => None,
            };
            found.iter().filter_map(facts).collect::<Vec<_>>()
        },
        |verified| {
            for facts in verified {
                assert!(signed_facts().contains(&facts), "forged: {facts}");
            }
            Ok(())
        },
    )
    .expect("a replay that goes on to its end");
}

/// One capture as it is, with a signature that is right for something.
fn direct(mode: u8, body: &[u8], header: &str, keys: &VerifyKeys) {
    let trimmed = body.strip_suffix(b"\n").unwrap_or(body);
    let trimmed = trimmed.strip_suffix(b"\r").unwrap_or(trimmed);
    let right = hmac(body);
    let header = match mode >> 1 & 3 {
        0 => header.to_owned(),
        1 => format!("{header},sha256={right}"),
        2 => format!("SHA256= {}", hmac(trimmed).to_uppercase()),
        _ => format!("{right}{header}"),
    };
    let mut headers = Headers::default();
    headers.push(SIGNATURE_HEADER.to_uppercase(), header.as_str());
    let capture = Capture {
        received_at: None,
        method: None,
        url: None,
        headers,
        body: match mode >> 3 & 3 {
            0 | 1 => Body::Raw(body.into()),
            2 => Body::Cut(body.into()),
            _ => Body::Reserialized(body.into()),
        },
    };
    if let Grade::Verified(payload) = grade(&capture, keys) {
        assert!(payload.id().is_some());
        assert!(!matches!(capture.body, Body::Reserialized(_)));
        let said = header.to_ascii_lowercase();
        assert!(
            said.contains(&right) || said.contains(&hmac(trimmed)),
            "{header:?} is no signature of {body:?}"
        );
    }
    let again = capture.to_envelope_line();
    assert!(!again.contains('\n') && !again.is_empty());
}

fn hmac(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key");
    mac.update(body);
    base16ct::lower::encode_string(&mac.finalize().into_bytes())
}

fn signed_facts() -> Vec<String> {
    SIGNED
        .iter()
        .filter_map(|body| Payload::parse(body.as_bytes()).ok())
        .map(|payload| facts(&payload))
        .collect()
}

fn facts(payload: &Payload<'_>) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        payload.id(),
        payload.status(),
        payload.output_url(),
        payload.credits(),
        payload.error()
    )
}
