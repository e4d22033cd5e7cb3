//! Secrets blotted out of what servers say.

use memchr::memmem;
use serde_json::Value;

/// A shorter secret is a word that a reply may well hold by chance, such as a sandbox's `sandbox`; real
/// ones are much longer.
const SHORTEST: usize = 8;

/// A reply's body with every occurrence of the secret blotted out, escaped ones in JSON included.
/// What else the body holds stays as it came, byte for byte where nothing was escaped.
pub fn blot_body(body: Vec<u8>, secret: &str, blot: &str) -> Vec<u8> {
    if secret.len() < SHORTEST {
        return body;
    }
    let body = replace(body, secret.as_bytes(), blot.as_bytes());
    if memmem::find(&body, b"\\").is_none() {
        return body;
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else {
        return body;
    };
    if blot_value(&mut value, secret, blot) {
        value.to_string().into_bytes()
    } else {
        body
    }
}

/// Whether anything was blotted out.
fn blot_value(value: &mut Value, secret: &str, blot: &str) -> bool {
    let mut is_blotted = false;
    match value {
        Value::String(text) if text.contains(secret) => {
            *text = text.replace(secret, blot);
            is_blotted = true;
        }
        // Every one of them, not just the first.
        Value::Array(items) => {
            for item in items {
                is_blotted |= blot_value(item, secret, blot);
            }
        }
        Value::Object(fields) => {
            for field in fields.values_mut() {
                is_blotted |= blot_value(field, secret, blot);
            }
        }
        _ => {}
    }
    is_blotted
}

fn replace(text: Vec<u8>, what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut places = memmem::find_iter(&text, what).peekable();
    if places.peek().is_none() {
        drop(places);
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut end = 0;
    for at in places {
        out.extend_from_slice(&text[end..at]);
        out.extend_from_slice(with);
        end = at + what.len();
    }
    out.extend_from_slice(&text[end..]);
    out
}
