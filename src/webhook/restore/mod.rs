//! Bodies as they were sent, from bodies as a recorder kept them.
//!
//! Recorders indent JSON, escape its letters, wrap it in base64 or leave the marks of the transfer
//! in it. What can be undone is undone here, and every guess is checked by the signature: what it
//! confirms is proven, not believed. Only captures whose plain check has failed come here.

mod json;

pub(super) use json::{looks_rewritten, looks_sorted};

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

use super::capture::{Body, Capture, SIGNATURE_HEADER};
use super::formats::decode_base64;
use super::http1;
use super::signature::{SignatureCheck, VerifyKeys, verify_bytes};

/// Bytes of the largest body that is tried; no webhook comes near.
const LARGEST: usize = 64 << 10;
/// Bytes that are hashed for one capture at most, so that a hostile one costs milliseconds.
const WORK: usize = 4 << 20;
/// Layers that are taken off: as base64 in a JSON text in a dump.
const LAYERS: usize = 3;

/// The capture with the body that was signed, if that can be had again.
pub(super) fn restore<'a>(capture: &Capture<'a>, keys: &VerifyKeys) -> Option<Capture<'a>> {
    let kept = capture.body.bytes();
    let is_signed = capture.headers.get(SIGNATURE_HEADER).is_some();
    if !is_signed || keys.is_empty() || kept.is_empty() || kept.len() > LARGEST {
        return None;
    }
    let holds = |bytes: &[u8]| verify_bytes(capture, bytes, keys) == SignatureCheck::Verified;
    let sent = search(kept, holds)?;
    Some(Capture {
        body: Body::Raw(Cow::Owned(sent)),
        ..capture.clone()
    })
}

/// The first guess at what was sent that `holds`.
fn search(kept: &[u8], holds: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let mut tried = HashSet::new();
    let left = Cell::new(WORK);
    let mut check = |guess: Vec<u8>| {
        if tried.contains(&guess) {
            return None;
        }
        let Some(rest) = left.get().checked_sub(guess.len()) else {
            left.set(0);
            return None;
        };
        left.set(rest);
        if holds(&guess) {
            return Some(guess);
        }
        tried.insert(guess);
        None
    };
    let bodies = unwrapped(kept);
    bodies
        .iter()
        .flat_map(|body| line_ends(body))
        .find_map(&mut check)
        .or_else(|| {
            let texts = bodies
                .iter()
                .filter_map(|body| std::str::from_utf8(body).ok());
            texts
                .flat_map(json::spellings)
                .take_while(|_| left.get() > 0)
                .flat_map(|text| [text.clone().into_bytes(), (text + "\n").into_bytes()])
                .find_map(&mut check)
        })
}

/// Takes one layer off, where there is one.
type Decoder = fn(&[u8]) -> Option<Vec<u8>>;

/// The body, and what is left of it when layers are taken off.
fn unwrapped(kept: &[u8]) -> Vec<Vec<u8>> {
    const STEPS: [Decoder; 7] = [
        without_mark,
        without_head,
        without_chunks,
        from_base64,
        from_json_text,
        from_escapes,
        from_windows_1252,
    ];
    let mut found = vec![kept.to_vec()];
    let mut from = 0;
    for _ in 0..LAYERS {
        let to = found.len();
        for at in from..to {
            for step in STEPS {
                if let Some(inner) = step(&found[at])
                    && !found.contains(&inner)
                {
                    found.push(inner);
                }
            }
        }
        from = to;
    }
    found
}

/// A byte order mark was put in front.
fn without_mark(bytes: &[u8]) -> Option<Vec<u8>> {
    bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec)
}

/// A dump of the whole request.
fn without_head(bytes: &[u8]) -> Option<Vec<u8>> {
    http1::split_head(bytes).map(<[u8]>::to_vec)
}

/// A dump with the marks of a transfer in chunks; an editor may have changed its line ends.
fn without_chunks(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.first()?.is_ascii_hexdigit() {
        return None;
    }
    http1::unchunk(bytes)
        .or_else(|| http1::unchunk(&with_crlf(&with_lf(bytes))))
        .map(|(body, _)| body)
}

/// Base64, in lines of any length, in either alphabet, or as a data address.
fn from_base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let text = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,")?.1,
        None => text,
    };
    // JSON is none, and needs no second look.
    if text.is_empty() || text.starts_with(['{', '[', '"']) {
        return None;
    }
    decode_base64(text).ok()
}

/// The body as a text in JSON, quotes and all.
fn from_json_text(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if !text.starts_with('"') {
        return None;
    }
    serde_json::from_str::<String>(text)
        .ok()
        .map(String::into_bytes)
}

/// The same without the quotes: as a log writes a text in a text.
fn from_escapes(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if !text.starts_with('{') || !text.contains("\\\"") {
        return None;
    }
    from_json_text(format!("\"{text}\"").as_bytes())
}

/// UTF-8 that was taken for Windows-1252 and written as UTF-8 again.
fn from_windows_1252(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.is_ascii() {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let (was, _, has_losses) = encoding_rs::WINDOWS_1252.encode(text);
    (!has_losses && std::str::from_utf8(&was).is_ok()).then(|| was.into_owned())
}

/// The body with the line ends that editors, shells and systems give it.
fn line_ends(body: &[u8]) -> Vec<Vec<u8>> {
    let unix = with_lf(body);
    let windows = with_crlf(&unix);
    let mut guesses = vec![body.to_vec()];
    for text in [body, &unix, &windows] {
        let trimmed = text.trim_ascii();
        guesses.push(text.to_vec());
        guesses.push(trimmed.to_vec());
        guesses.push([trimmed, b"\n"].concat());
        guesses.push([trimmed, b"\r\n"].concat());
    }
    guesses
}

fn with_lf(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        if byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            lines.push(byte);
        }
    }
    lines
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len() + 16);
    for &byte in bytes {
        if byte == b'\n' {
            lines.push(b'\r');
        }
        lines.push(byte);
    }
    lines
}

#[cfg(test)]
mod tests;
