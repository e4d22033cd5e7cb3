//! Signatures of webhooks: HMAC-SHA256 of the raw body, keyed with the API key.
//!
//! Nothing else is signed: no time, no address, no header. So a signature proves who wrote the
//! body, not when or where to it was delivered.

use std::fmt;

use hmac::digest::CtOutput;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::capture::{Capture, SIGNATURE_HEADER};
use crate::vendor::{ApiKey, hmac_of};

/// Signatures compared for one header: more are noise, and each costs a hash.
const MAX_CANDIDATES: usize = 4;

/// The keys that may have signed a webhook: the API key, and older ones that captures from before
/// a rotation need. They are kept as prepared hash states, so a check does not hash the key again.
#[derive(Clone, Default)]
pub struct VerifyKeys(Vec<Hmac<Sha256>>);

/// What a signature says about a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// Made with one of the keys.
    Verified,
    /// Made with another key or for another body, or no signature at all by its shape.
    Wrong,
    /// There is none, or an empty one.
    Missing,
}

impl VerifyKeys {
    /// Prepares the keys; their order does not matter.
    pub fn new(keys: &[ApiKey]) -> Self {
        Self(keys.iter().filter_map(hmac_of).collect())
    }

    /// Whether there is nothing to check with.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks a signature header against the body's very bytes, in constant time.
    ///
    /// Hexadecimal in either case, with or without `sha256=`. Where a proxy joined several headers
    /// with commas, one good signature is enough. Without keys every signature is wrong.
    pub fn check(&self, body: &[u8], header: Option<&str>) -> SignatureCheck {
        let Some(header) = header.filter(|header| !header.trim().is_empty()) else {
            return SignatureCheck::Missing;
        };
        let candidates = header.split(',').take(MAX_CANDIDATES);
        let candidates: Vec<_> = candidates.filter_map(parse_signature).collect();
        if candidates.is_empty() {
            return SignatureCheck::Wrong;
        }
        let verified = self.0.iter().any(|key| {
            let mut mac = key.clone();
            mac.update(body);
            candidates.contains(&mac.finalize())
        });
        if verified {
            SignatureCheck::Verified
        } else {
            SignatureCheck::Wrong
        }
    }
}

impl fmt::Debug for VerifyKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyKeys({} keys)", self.0.len())
    }
}

/// The signature that `text` spells, to be compared in constant time; `None` for anything of another
/// shape.
fn parse_signature(text: &str) -> Option<CtOutput<Hmac<Sha256>>> {
    let text = text.trim();
    let digits = match text.get(..7) {
        Some(prefix) if prefix.eq_ignore_ascii_case("sha256=") => text[7..].trim_start(),
        _ => text,
    };
    let mut bytes = [0; 32];
    let decoded = base16ct::mixed::decode(digits, &mut bytes).ok()?;
    (decoded.len() == bytes.len()).then(|| CtOutput::new(bytes.into()))
}

/// Signature headers looked at in one capture.
const MAX_SIGNATURE_HEADERS: usize = 4;

/// One good signature is enough: it proves the body, whatever added the others.
pub(super) fn verify_bytes(
    capture: &Capture<'_>,
    bytes: &[u8],
    keys: &VerifyKeys,
) -> SignatureCheck {
    let mut verdict = SignatureCheck::Missing;
    for header in capture
        .headers
        .all(SIGNATURE_HEADER)
        .take(MAX_SIGNATURE_HEADERS)
    {
        match keys.check(bytes, Some(header)) {
            SignatureCheck::Verified => return SignatureCheck::Verified,
            SignatureCheck::Wrong => verdict = SignatureCheck::Wrong,
            SignatureCheck::Missing => {}
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::sign;

    const BODY: &[u8] = br#"{"id":"vgen_abc123","status":"completed"}"#;
    /// What `openssl dgst -sha256 -hmac rph_live_test` says of the body.
    const DIGEST: &str = "4f7848116666d74098633d8d1e5a9e0b421a66502e00e6255c43463390408cdb";

    fn key(text: &str) -> ApiKey {
        ApiKey::new(text).unwrap()
    }

    fn keys() -> VerifyKeys {
        VerifyKeys::new(&[key("rph_live_test")])
    }

    #[test]
    fn the_signature_is_the_one_openssl_computes() {
        assert_eq!(
            sign(&key("rph_live_test"), BODY),
            format!("sha256={DIGEST}")
        );
    }

    #[test]
    fn either_case_with_or_without_prefix_is_verified() {
        let upper = DIGEST.to_uppercase();
        for header in [
            DIGEST.to_owned(),
            upper.clone(),
            format!("sha256={DIGEST}"),
            format!("SHA256={upper}"),
            format!("  sha256= {DIGEST} "),
            format!("sha256=00,sha256={DIGEST}"),
        ] {
            let found = keys().check(BODY, Some(&header));
            assert_eq!(found, SignatureCheck::Verified, "{header}");
        }
    }

    #[test]
    fn hostile_headers_are_wrong_and_never_a_panic() {
        let long = "a".repeat(100_000);
        let cut = &DIGEST[..63];
        let more = format!("{DIGEST}00");
        let zeros = "0".repeat(64);
        for header in [
            "sha256=",
            "sha256",
            "sha25",
            "é",
            "sha256é",
            "ééééééé",
            "\u{0}",
            ",,,,,,,,",
            cut,
            &more,
            &zeros,
            &long,
            "zz",
        ] {
            let found = keys().check(BODY, Some(header));
            assert_eq!(found, SignatureCheck::Wrong, "{header}");
        }
    }

    #[test]
    fn another_body_or_key_is_wrong_and_no_header_is_missing() {
        let header = sign(&key("rph_live_test"), BODY);
        assert_eq!(
            keys().check(b"{}", Some(&header)),
            SignatureCheck::Wrong,
            "body"
        );
        let other = VerifyKeys::new(&[key("rph_live_new")]);
        assert_eq!(other.check(BODY, Some(&header)), SignatureCheck::Wrong);
        for none in [None, Some(""), Some(" \t")] {
            assert_eq!(keys().check(BODY, none), SignatureCheck::Missing);
        }
        let none = VerifyKeys::default();
        assert_eq!(none.check(BODY, Some(&header)), SignatureCheck::Wrong);
    }

    #[test]
    fn a_rotated_key_still_verifies_what_it_signed() {
        let both = VerifyKeys::new(&[key("rph_live_new"), key("rph_live_test")]);
        let header = sign(&key("rph_live_test"), BODY);
        assert_eq!(both.check(BODY, Some(&header)), SignatureCheck::Verified);
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", keys()), "VerifyKeys(1 keys)");
    }
}
