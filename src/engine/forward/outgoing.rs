//! A delivery on its way to another address.

use sha2::{Digest as _, Sha256};

use crate::webhook::{Capture, Verification};

/// The first half of the SHA-256 of a delivery's query and body.
pub type Digest = [u8; 16];

/// A delivery on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What makes it the same delivery as another.
    pub digest: Digest,
    /// What the address that it came to had behind the question mark.
    pub query: Option<String>,
    /// As they came.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
    /// The vendor's id, for messages.
    pub id: String,
}

impl Outgoing {
    /// Of a delivery, if it is verified.
    pub fn of(capture: &Capture<'_>, verification: &Verification<'_>) -> Option<Self> {
        let Verification::Verified(payload) = verification else {
            return None;
        };
        let query = capture.url.as_deref().and_then(|url| url.split_once('?'));
        let query = query.map(|(_, query)| query.to_owned());
        let body = capture.body.bytes().to_vec();
        let mut hasher = Sha256::new();
        hasher.update(query.as_deref().unwrap_or_default());
        hasher.update(b"\n");
        hasher.update(&body);
        let mut digest = Digest::default();
        digest.copy_from_slice(&hasher.finalize()[..16]);
        let headers = capture.headers.iter();
        Some(Self {
            digest,
            query,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body,
            id: payload
                .id()
                .map_or_else(|| "no id".to_owned(), |id| id.to_string()),
        })
    }
}
