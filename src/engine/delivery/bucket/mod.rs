//! A bucket of an object store (S3, Google Cloud Storage, Azure) as the place where clips go.
//!
//! A clip is fetched to this machine's disk first, as for a folder, and only then uploaded, so its
//! checksum is known before an object exists. Large clips go up in parts; which parts are there is
//! noted, so a later run continues with the next one. An object gets its name only when all of it is
//! there, and an object of other content is never overwritten.

mod photo;
mod service;
mod store;

pub use store::Bucket;

pub use super::error::BucketError;

/// What is under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectState {
    Nothing,
    ThisClip,
    SomethingElse,
}
