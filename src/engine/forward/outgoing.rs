//! A delivery on its way to another address.

use sha2::{Digest as _, Sha256};

use crate::vendor::CORRELATION;
use crate::webhook::{Capture, Verification};

/// Headers that go with a delivery, beside those that begin with [`OF_VENDOR`]. Anyone who has seen a
/// signed body can repeat it with any other header, and the receiver may believe that.
const PASSED_ON: [&str; 2] = ["content-type", "content-encoding"];
/// The signature's header begins so.
const OF_VENDOR: &str = "x-creativeai-";

/// The first half of the SHA-256 of a delivery's query and body.
pub type DeliveryDigest = [u8; 16];

/// A delivery on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What makes it the same delivery as another.
    pub digest: DeliveryDigest,
    /// The job and attempt that the address named to which it came, as the parameter that named them. No
    /// other one is passed on: the signature covers none.
    pub query: Option<String>,
    /// Those of the vendor, as they came.
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
        let headers = capture.headers.iter();
        Some(Self {
            digest: digest_of(capture),
            query: query_of(capture),
            headers: headers
                .filter(|(name, _)| is_passed_on(name))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: capture.body.bytes().to_vec(),
            id: payload
                .id()
                .map_or_else(|| "no id".to_owned(), |id| id.to_string()),
        })
    }
}

/// What makes a delivery the same as another, whether it is verified or not.
pub(super) fn digest_of(capture: &Capture<'_>) -> DeliveryDigest {
    let mut hasher = Sha256::new();
    hasher.update(query_of(capture).unwrap_or_default());
    hasher.update(b"\n");
    hasher.update(capture.body.bytes());
    let mut digest = DeliveryDigest::default();
    digest.copy_from_slice(&hasher.finalize()[..16]);
    digest
}

fn query_of(capture: &Capture<'_>) -> Option<String> {
    let (job, attempt) = capture.correlation()?;
    Some(format!("{CORRELATION}={job}.{attempt}"))
}

fn is_passed_on(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    header.starts_with(OF_VENDOR) || PASSED_ON.contains(&&*header)
}
