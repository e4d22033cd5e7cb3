//! Photos in a bucket: put there under a name that is their content's, and given out by addresses
//! that are good for some days.

use std::time::Duration;

use bytes::Bytes;
use object_store::signer::Method;
use object_store::{Attribute, Attributes, Error};
use url::Url;

use super::{Bucket, BucketError};
use crate::engine::delivery::outcome::FailureKind;
use crate::vendor::root_cause;

impl Bucket {
    /// The web address of the object at `address`, without a signature. Sends nothing.
    pub fn web_address(&self, address: &str) -> Result<Url, BucketError> {
        let url = self.service.web_address(&self.root, &self.key(address)?);
        url.map_err(|error| self.unusable(&error))
    }

    /// Whether the credentials of the environment can sign addresses, where that can be known
    /// without a request.
    pub fn check_signer(&self) -> Result<(), BucketError> {
        if self.service.can_sign() {
            return Ok(());
        }
        Err(BucketError {
            kind: FailureKind::Setup,
            why: format!(
                "addresses in {} cannot be signed with these credentials: Google signs with the key \
                 of a service account; name its file in GOOGLE_APPLICATION_CREDENTIALS",
                self.root
            ),
        })
    }

    /// A web address of the object at `address` that anyone can read it by for so long.
    pub async fn sign(&self, address: &str, valid: Duration) -> Result<Url, BucketError> {
        let key = self.key(address)?;
        let signed = self.store.signed_url(Method::GET, &key, valid).await;
        signed.map_err(|error| self.unusable(&error))
    }

    /// Writes an object whose name is its content's: one that is there already is the same.
    pub async fn put_content(
        &self,
        address: &str,
        bytes: Bytes,
        media_type: &'static str,
    ) -> Result<(), BucketError> {
        let key = self.key(address)?;
        let attributes = Attributes::from_iter([(Attribute::ContentType, media_type)]);
        match self.create(&key, bytes.into(), attributes).await {
            Ok(()) | Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(()),
            Err(error) => Err(self.explain("write", address, &error)),
        }
    }

    fn unusable(&self, error: &Error) -> BucketError {
        BucketError {
            kind: FailureKind::Setup,
            why: format!(
                "{} cannot be used: {}; {}",
                self.root,
                root_cause(error),
                self.service.credentials()
            ),
        }
    }
}
