//! How the vendor signs what it reports: HMAC-SHA256 of the body, with the API key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::ApiKey;

/// The header's value for a body, as the vendor writes it: `sha256=` and 64 lower-case digits.
pub fn sign(key: &ApiKey, body: &[u8]) -> String {
    let digest = hmac_of(key).map(|mut mac| {
        mac.update(body);
        mac.finalize().into_bytes()
    });
    format!(
        "sha256={}",
        digest
            .map(|digest| base16ct::lower::encode_string(&digest))
            .unwrap_or_default()
    )
}

/// HMAC takes a key of any length, so this is never `None`.
pub(crate) fn hmac_of(key: &ApiKey) -> Option<Hmac<Sha256>> {
    Hmac::new_from_slice(key.expose().as_bytes()).ok()
}
