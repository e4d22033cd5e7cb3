//! Captures, for tests.

#[cfg(unix)]
use std::path::{Path, PathBuf};

use crate::vendor::{ApiKey, sign};
use crate::webhook::{Body, Capture, Headers, VerifyKeys};

fn key() -> ApiKey {
    ApiKey::new("rph_live_test").unwrap()
}

/// The key that [`line`] signs with.
pub fn keys() -> VerifyKeys {
    VerifyKeys::new(&[key()])
}

/// Another one.
pub fn new_keys() -> VerifyKeys {
    VerifyKeys::new(&[ApiKey::new("rph_live_new").unwrap()])
}

/// A line of a capture file: the delivery of `vgen_N`, signed.
pub fn line(n: usize) -> String {
    let body = format!(r#"{{"id":"vgen_{n}","status":"completed"}}"#);
    let mut headers = Headers::default();
    headers.push("x-creativeai-signature", sign(&key(), body.as_bytes()));
    let capture = Capture {
        received_at: None,
        method: None,
        url: None,
        headers,
        body: Body::Exact(body.into_bytes().into()),
    };
    capture.to_envelope_line() + "\n"
}

/// A pipe with a name, in place of a capture file that takes its time to be read: opening it blocks until
/// the other side is open, too.
#[cfg(unix)]
pub fn pipe(folder: &Path) -> PathBuf {
    let pipe = folder.join("captures.jsonl");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    pipe
}
