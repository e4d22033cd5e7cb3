//! In place of buckets, where they are left out of the program: none can be opened.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use url::Url;

use super::{BucketError, There};
use crate::engine::delivery::error::FetchError;
use crate::engine::delivery::outcome::FailureKind;
use crate::engine::delivery::part::{Part, Whole};

/// A bucket and a prefix in it: there is none.
#[derive(Debug)]
pub struct Bucket(Infallible);

#[expect(missing_docs, reason = "as with buckets")]
#[allow(clippy::unused_async, reason = "as with buckets")]
impl Bucket {
    /// # Errors
    ///
    /// Always.
    pub fn open(address: &str) -> Result<Self, BucketError> {
        Err(BucketError {
            kind: FailureKind::Setup,
            why: format!(
                "{address} cannot be used: this program was built without buckets (the feature \
                 `buckets`); name a folder"
            ),
        })
    }

    pub fn address(&self) -> &str {
        match self.0 {}
    }

    pub(in crate::engine::delivery) fn address_of(&self, _folder: &str, _name: &str) -> String {
        match self.0 {}
    }

    pub async fn size_of(&self, _address: &str) -> Result<Option<u64>, BucketError> {
        match self.0 {}
    }

    pub async fn sha256_of(&self, _address: &str) -> Result<String, BucketError> {
        match self.0 {}
    }

    pub(in crate::engine::delivery) async fn fetch(
        &self,
        _address: &str,
        _to: &Path,
    ) -> Result<(u64, String), FetchError> {
        match self.0 {}
    }

    pub(in crate::engine::delivery) async fn look(
        &self,
        _address: &str,
        _whole: &Whole,
    ) -> Result<There, BucketError> {
        match self.0 {}
    }

    pub(in crate::engine::delivery) async fn upload(
        &self,
        _address: &str,
        _part: &mut Part,
        _whole: &Whole,
    ) -> Result<(), FetchError> {
        match self.0 {}
    }

    pub fn web_address(&self, _address: &str) -> Result<Url, BucketError> {
        match self.0 {}
    }

    pub fn check_signer(&self) -> Result<(), BucketError> {
        match self.0 {}
    }

    pub async fn sign(&self, _address: &str, _valid: Duration) -> Result<Url, BucketError> {
        match self.0 {}
    }

    pub async fn put_content(
        &self,
        _address: &str,
        _bytes: Bytes,
        _media_type: &'static str,
    ) -> Result<(), BucketError> {
        match self.0 {}
    }
}
