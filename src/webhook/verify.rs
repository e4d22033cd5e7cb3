//! What a capture proves.

use crate::jobs::GenerationId;
use crate::vendor::Payload;

use super::capture::{Body, Capture, Unreadable};
use super::restore::{looks_rewritten, looks_sorted};
use super::signature::{SignatureCheck, VerifyKeys, verify_bytes};

/// A capture's verification. Only a verified payload may change what the log knows.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all of a million captures are verified: a box would be an allocation each"
)]
pub enum Verification<'a> {
    /// The signature holds: the vendor wrote this. The id is there and valid.
    Verified(Payload<'a>),
    /// There is a signature, and it does not hold.
    Rejected(Rejection),
    /// Nothing proves or disproves it; a poll can settle it.
    Unverifiable {
        /// Why it cannot be checked.
        doubt: Unverifiable,
        /// The id it speaks of: the payload's, else the one in the delivery header.
        id: Option<GenerationId>,
    },
    /// No capture, or one that says nothing.
    Unreadable(Unreadable),
}

impl Verification<'_> {
    /// Whether a signature was not confirmed: what kept the capture may have changed its body.
    pub(super) fn is_unproven(&self) -> bool {
        match self {
            Self::Verified(_) => false,
            Self::Rejected(_) => true,
            Self::Unverifiable { doubt, .. } => !matches!(
                doubt,
                Unverifiable::NoSignature | Unverifiable::NoKey | Unverifiable::NoBody
            ),
            Self::Unreadable(reason) => matches!(reason, Unreadable::Because(_)),
        }
    }
}

/// Why a signature counts as wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Made with none of the keys, or for another body.
    #[error("the signature does not match the body under any key")]
    Mismatch,
    /// The same, and the body is as long as the one that was sent: nothing has rewritten it.
    #[error(
        "the signature does not match the body under any key, and the body has the length that \
         was sent: it was signed with another key, or is forged"
    )]
    MismatchAtLength,
}

/// Why a capture cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverifiable {
    /// It has no signature.
    #[error("it has no signature")]
    NoSignature,
    /// There is no key to check it with.
    #[error("no key can check its signature")]
    NoKey,
    /// The format, or whatever stored it, rewrote the body.
    #[error("its format does not keep the body as it was sent")]
    Reserialized,
    /// Only the body's beginning was kept.
    #[error("only the beginning of its body was kept")]
    Cut,
    /// Nothing of the body was kept.
    #[error("its body was not kept")]
    NoBody,
    /// The body has another length than the one that was sent.
    #[error("its body has {kept} bytes and {sent} were sent, so whatever kept it has rewritten it")]
    Length {
        /// Bytes that were kept.
        kept: u64,
        /// Bytes that were sent.
        sent: u64,
    },
    /// The body looks as recorders write it, and its length, where that was kept, does not show it.
    #[error(
        "its body looks rewritten by whatever kept it (indented, spaced or sorted), and the \
         signature is of the original"
    )]
    Rewritten,
}

/// Verifies a capture. The keys may be none: then nothing is verified and nothing rejected.
pub fn verify<'c>(capture: &'c Capture<'_>, keys: &VerifyKeys) -> Verification<'c> {
    let bytes = capture.body.bytes();
    let payload = Payload::parse(bytes);
    let doubt = match (check(capture, keys), &capture.body) {
        (SignatureCheck::Missing, Body::Cut(bytes)) if bytes.is_empty() => Unverifiable::NoBody,
        (SignatureCheck::Missing, _) => Unverifiable::NoSignature,
        (_, Body::Reserialized(_)) => Unverifiable::Reserialized,
        (_, _) if keys.is_empty() => Unverifiable::NoKey,
        (SignatureCheck::Verified, _) => {
            return match payload {
                Ok(payload) if payload.id().is_some() => Verification::Verified(payload),
                Ok(_) => Verification::Unreadable(Unreadable::because(
                    "its signature holds, but the body names no valid generation id",
                )),
                Err(e) => Verification::Unreadable(Unreadable::because(format!(
                    "its signature holds, but {e}"
                ))),
            };
        }
        (SignatureCheck::Wrong, _) => match suspect(capture, payload.is_ok()) {
            Ok(doubt) => doubt,
            Err(rejection) => return Verification::Rejected(rejection),
        },
    };
    in_doubt(capture, doubt, payload.map_err(|e| e.to_string()))
}

fn in_doubt<'c>(
    capture: &'c Capture<'_>,
    doubt: Unverifiable,
    payload: Result<Payload<'c>, String>,
) -> Verification<'c> {
    let id = payload.as_ref().ok().and_then(Payload::id);
    match (id.or_else(|| capture.delivery_id()), payload) {
        (None, Ok(_)) => {
            Verification::Unreadable(Unreadable::because("its body names no valid generation id"))
        }
        (None, Err(reason)) => Verification::Unreadable(Unreadable::Because(reason)),
        (id, _) => Verification::Unverifiable { doubt, id },
    }
}

/// Checks the body as it is, and, because an editor or a shell may have ended a file with a newline
/// of its own, without that.
fn check(capture: &Capture<'_>, keys: &VerifyKeys) -> SignatureCheck {
    let bytes = capture.body.bytes();
    let verdict = verify_bytes(capture, bytes, keys);
    match bytes.strip_suffix(b"\n") {
        Some(rest) if verdict == SignatureCheck::Wrong => {
            let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
            verify_bytes(capture, rest, keys)
        }
        _ => verdict,
    }
}

/// Whether a body whose signature does not hold was changed by what kept it, so that nothing is
/// proven against it.
fn suspect(capture: &Capture<'_>, is_json: bool) -> Result<Unverifiable, Rejection> {
    let bytes = capture.body.bytes();
    let kept = bytes.len() as u64;
    let header = capture.headers.get("content-length");
    let sent = header.and_then(|text| text.trim().parse::<u64>().ok());
    let may_be_rewritten = is_json && !matches!(capture.body, Body::Exact(_));
    match sent {
        _ if bytes.is_empty() && sent != Some(0) => Ok(Unverifiable::NoBody),
        _ if matches!(capture.body, Body::Cut(_)) => Ok(Unverifiable::Cut),
        // What was cut is not JSON any more.
        Some(sent) if sent > kept && !is_json => Ok(Unverifiable::Cut),
        Some(sent) if sent != kept => Ok(Unverifiable::Length { kept, sent }),
        Some(_) if may_be_rewritten && looks_sorted(bytes) => Ok(Unverifiable::Rewritten),
        Some(_) => Err(Rejection::MismatchAtLength),
        None if may_be_rewritten && looks_rewritten(bytes) => Ok(Unverifiable::Rewritten),
        None => Err(Rejection::Mismatch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::ApiKey;
    use crate::webhook::{Headers, sign};

    const BODY: &str = r#"{"id":"vgen_1","status":"completed"}"#;

    fn key() -> ApiKey {
        ApiKey::new("rph_live_test").unwrap()
    }

    fn keys() -> VerifyKeys {
        VerifyKeys::new(&[key()])
    }

    fn capture(body: Body<'static>, headers: &[(&'static str, String)]) -> Capture<'static> {
        let mut all = Headers::default();
        for (name, value) in headers {
            all.push(*name, value.clone());
        }
        Capture {
            received_at: None,
            method: None,
            url: None,
            headers: all,
            body,
        }
    }

    fn raw(text: &'static str) -> Body<'static> {
        Body::Raw(text.as_bytes().into())
    }

    fn signature(body: &str) -> (&'static str, String) {
        ("X-CreativeAI-Signature", sign(&key(), body.as_bytes()))
    }

    fn doubt(verification: &Verification<'_>) -> Option<(Unverifiable, bool)> {
        match verification {
            Verification::Unverifiable { doubt, id } => Some((*doubt, id.is_some())),
            _ => None,
        }
    }

    #[test]
    fn a_good_signature_verifies() {
        let capture = capture(raw(BODY), &[signature(BODY)]);
        let Verification::Verified(payload) = verify(&capture, &keys()) else {
            panic!("not verified");
        };
        assert_eq!(payload.id().unwrap().as_str(), "vgen_1");
    }

    #[test]
    fn one_good_signature_among_others_verifies() {
        let bad = ("x-creativeai-signature", "sha256=00".to_owned());
        let capture = capture(raw(BODY), &[bad, signature(BODY)]);
        assert!(matches!(
            verify(&capture, &keys()),
            Verification::Verified(_)
        ));
    }

    #[test]
    fn a_newline_that_an_editor_added_does_not_matter_and_any_other_byte_does() {
        for (added, verified) in [("\n", true), ("\r\n", true), (" ", false), ("\n\n", false)] {
            let body = Body::Raw(format!("{BODY}{added}").into_bytes().into());
            let capture = capture(body, &[signature(BODY)]);
            let found = matches!(verify(&capture, &keys()), Verification::Verified(_));
            assert_eq!(found, verified, "{added:?}");
        }
    }

    #[test]
    fn a_changed_body_is_rejected_unless_its_recorder_may_have_changed_it() {
        let wrong = || signature("{}");
        let length = |n: usize| ("content-length", n.to_string());
        let rejection = |capture: &Capture<'_>| match verify(capture, &keys()) {
            Verification::Rejected(rejection) => Some(rejection),
            _ => None,
        };
        let same = capture(raw(BODY), &[wrong(), length(BODY.len())]);
        assert_eq!(rejection(&same), Some(Rejection::MismatchAtLength));
        let unknown = capture(raw(BODY), &[wrong()]);
        assert_eq!(rejection(&unknown), Some(Rejection::Mismatch));
        for sent in [1, 500] {
            let kept = BODY.len() as u64;
            let other = capture(raw(BODY), &[wrong(), length(sent)]);
            let sent = sent as u64;
            let expected = Some((Unverifiable::Length { kept, sent }, true));
            assert_eq!(doubt(&verify(&other, &keys())), expected);
        }
    }

    #[test]
    fn a_body_that_looks_rewritten_is_in_doubt_where_its_length_is_unknown() {
        // Without its length, and with it: sorting keeps that.
        for (body, rewritten, sorted) in [
            (
                "{\"id\": \"vgen_1\", \"status\": \"completed\"}",
                true,
                false,
            ),
            (
                "{\n\t\"id\":\"vgen_1\",\"status\":\"completed\"}",
                true,
                false,
            ),
            (
                r#"{"credits":5,"id":"vgen_1","model":"a b","status":"failed"}"#,
                true,
                true,
            ),
            (
                r#"{"id":"vgen_1","model":"a b","status":"failed","credits":5}"#,
                true,
                true,
            ),
            (
                r#"{"id":"vgen_1","status":"a, b: c","model":"a","credits":5}"#,
                false,
                false,
            ),
            (r#"{"id":"vgen_1","status":"failed"}"#, false, false),
        ] {
            let length = ("content-length", body.len().to_string());
            for (headers, expected) in [
                (&[signature("{}")][..], rewritten),
                (&[signature("{}"), length], sorted),
            ] {
                let expected = expected.then_some((Unverifiable::Rewritten, true));
                let capture = capture(raw(body), headers);
                assert_eq!(doubt(&verify(&capture, &keys())), expected, "{body}");
            }
        }
        let length = ("content-length", "2".to_owned());
        let empty = capture(raw(""), &[signature(BODY), length]);
        assert!(
            matches!(verify(&empty, &keys()), Verification::Unreadable(_)),
            "no id"
        );
        let id = ("x-creativeai-delivery-id", "vgen_1".to_owned());
        let empty = capture(raw(""), &[signature(BODY), id]);
        let expected = Some((Unverifiable::NoBody, true));
        assert_eq!(doubt(&verify(&empty, &keys())), expected);
    }

    #[test]
    fn what_cannot_be_checked_is_in_doubt_and_not_wrong() {
        let header = |value: &str| ("x-creativeai-signature", value.to_owned());
        for headers in [&[][..], &[header("")], &[header(" "), header("")]] {
            let unsigned = capture(raw(BODY), headers);
            let expected = Some((Unverifiable::NoSignature, true));
            assert_eq!(doubt(&verify(&unsigned, &keys())), expected);
        }
        let beside = capture(raw(BODY), &[signature("{}"), header("")]);
        let found = verify(&beside, &keys());
        assert!(matches!(found, Verification::Rejected(_)), "{found:?}");

        let body = Body::Reserialized(BODY.as_bytes().into());
        let rewritten = capture(body, &[signature("{ }")]);
        let expected = Some((Unverifiable::Reserialized, true));
        assert_eq!(doubt(&verify(&rewritten, &keys())), expected);

        let signed = capture(raw(BODY), &[signature(BODY)]);
        let expected = Some((Unverifiable::NoKey, true));
        assert_eq!(doubt(&verify(&signed, &VerifyKeys::default())), expected);
    }

    #[test]
    fn a_cut_body_is_in_doubt_and_its_id_comes_from_the_delivery_header() {
        let id = ("x-creativeai-delivery-id", "vgen_1".to_owned());
        let length = ("content-length", BODY.len().to_string());
        let cut = capture(raw(&BODY[..20]), &[signature(BODY), id.clone(), length]);
        let expected = Some((Unverifiable::Cut, true));
        assert_eq!(doubt(&verify(&cut, &keys())), expected);

        let body = Body::Cut(BODY.as_bytes()[..20].into());
        let cut = capture(body, &[signature(BODY), id]);
        assert_eq!(doubt(&verify(&cut, &keys())), expected);
    }

    #[test]
    fn a_signed_body_that_says_nothing_is_unreadable() {
        for body in ["hello", "{}", r#"{"id":"../x","status":"completed"}"#] {
            let capture = capture(raw(body), &[signature(body)]);
            let Verification::Unreadable(reason) = verify(&capture, &keys()) else {
                panic!("{body}");
            };
            assert!(reason.to_string().contains("signature holds"), "{reason}");
        }
    }

    #[test]
    fn what_has_neither_signature_nor_id_is_unreadable() {
        for body in ["", "hello", "{}", "[1]"] {
            let capture = capture(raw(body), &[]);
            let found = verify(&capture, &keys());
            assert!(
                matches!(found, Verification::Unreadable(_)),
                "{body}: {found:?}"
            );
        }
    }
}
