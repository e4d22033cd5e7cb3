//! Photos on this computer, uploaded so that the vendor can fetch them.
//!
//! A photo's object is named by its content, so it is uploaded once however often it is ordered. The
//! vendor is given an address with a signature, which is good for some days; what a job is known by
//! is the address without it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use url::Url;

use super::delivery::FailureKind;
use super::delivery::bucket::{Bucket, BucketError};
use crate::manifest::LocalPhoto;
use crate::vendor::is_loopback;

/// Photos uploaded, or looked for, at the same time.
const CONCURRENCY: usize = 4;
/// How long a signed address is good for: as long as the stores allow. Credentials that expire
/// earlier shorten it.
const VALID: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The bucket for photos.
#[derive(Debug)]
pub struct PhotoStore {
    bucket: Bucket,
    root: Url,
}

/// What became of a run's photos.
#[derive(Debug, Default)]
pub struct PhotoUploads {
    /// Photos that were uploaded now.
    pub uploaded: u64,
    /// Photos that an earlier run had uploaded.
    pub present: u64,
    signed: HashMap<String, String>,
}

impl PhotoUploads {
    /// The address that the vendor is given for a photo: one with a signature, where it has one.
    pub fn address_for_vendor<'a>(&'a self, photo: &'a str) -> &'a str {
        self.signed.get(photo).map_or(photo, String::as_str)
    }
}

/// Why photos are not all online.
#[derive(Debug)]
pub enum PhotoError {
    /// The bucket.
    Bucket(BucketError),
    /// A photo that is not what it was when the sheet was checked.
    Changed(String),
    /// A photo that was uploaded before, and is gone.
    Missing(String),
}

impl From<BucketError> for PhotoError {
    fn from(error: BucketError) -> Self {
        Self::Bucket(error)
    }
}

impl PhotoStore {
    /// The bucket at `address`, such as `s3://BUCKET/PREFIX`. Sends nothing.
    pub fn open(address: &str) -> Result<Self, BucketError> {
        let bucket = Bucket::open(address)?;
        let mut root = bucket.web_address(&format!("{}/x", bucket.address()))?;
        if let Ok(mut segments) = root.path_segments_mut() {
            segments.pop().push("");
        }
        Ok(Self { bucket, root })
    }

    /// What the photos' web addresses begin with; a slash is its end.
    pub fn root(&self) -> &str {
        self.root.as_str()
    }

    /// `s3://BUCKET/PREFIX`.
    pub fn address(&self) -> &str {
        self.bucket.address()
    }

    /// Makes sure that the vendor will be able to fetch what is uploaded. A stand-in for the vendor
    /// on this computer may fetch from it.
    pub fn check(&self, allow_own: bool) -> Result<(), BucketError> {
        if is_loopback(&self.root) && !allow_own {
            return Err(BucketError {
                kind: FailureKind::Setup,
                why: format!(
                    "the store of {} is on this computer, where the vendor cannot fetch photos",
                    self.address()
                ),
            });
        }
        self.bucket.check_signer()
    }

    /// How many of these photos are in the bucket.
    pub async fn present(&self, photos: &[Arc<LocalPhoto>]) -> Result<u64, BucketError> {
        let looks = stream::iter(photos).map(|photo| self.has(&photo.name));
        let found = looks
            .buffered(CONCURRENCY)
            .try_collect::<Vec<bool>>()
            .await?;
        Ok(found.into_iter().filter(|is_there| *is_there).count() as u64)
    }

    /// Uploads the photos that are not there yet, and signs the addresses of all.
    pub async fn place(&self, photos: &[Arc<LocalPhoto>]) -> Result<PhotoUploads, PhotoError> {
        let by_name: BTreeMap<&str, &Arc<LocalPhoto>> = photos
            .iter()
            .map(|photo| (photo.name.as_str(), photo))
            .collect();
        let each = stream::iter(by_name.into_values()).map(|photo| async move {
            let is_new = !self.has(&photo.name).await?;
            if is_new {
                self.upload(photo).await?;
            }
            let signed = self.bucket.sign(&self.object(&photo.name), VALID).await?;
            Ok::<_, PhotoError>((is_new, photo.address.clone(), signed.into()))
        });
        let all: Vec<(bool, String, String)> = each.buffered(CONCURRENCY).try_collect().await?;
        let mut placed = PhotoUploads::default();
        for (is_new, address, signed) in all {
            *if is_new {
                &mut placed.uploaded
            } else {
                &mut placed.present
            } += 1;
            placed.signed.insert(address, signed);
        }
        Ok(placed)
    }

    /// A new signature for a photo that was uploaded before; `None` for an address that is not one
    /// of this bucket's.
    pub async fn sign_again(&self, address: &str) -> Result<Option<String>, PhotoError> {
        let plain = address.split(['?', '#']).next().unwrap_or(address);
        let Some(name) = plain.strip_prefix(self.root()) else {
            return Ok(None);
        };
        if !self.has(name).await? {
            return Err(PhotoError::Missing(self.object(name)));
        }
        let signed = self.bucket.sign(&self.object(name), VALID).await?;
        Ok(Some(signed.into()))
    }

    fn object(&self, name: &str) -> String {
        format!("{}/{name}", self.address())
    }

    async fn has(&self, name: &str) -> Result<bool, BucketError> {
        Ok(self.bucket.size_of(&self.object(name)).await?.is_some())
    }

    async fn upload(&self, photo: &LocalPhoto) -> Result<(), PhotoError> {
        let changed = || PhotoError::Changed(photo.path.display().to_string());
        let bytes = tokio::fs::read(&photo.path).await.map_err(|_| changed())?;
        if base16ct::lower::encode_string(&Sha256::digest(&bytes)) != photo.sha256 {
            return Err(changed());
        }
        let object = self.object(&photo.name);
        let put = self
            .bucket
            .put_content(&object, bytes.into(), photo.media_type);
        Ok(put.await?)
    }
}
