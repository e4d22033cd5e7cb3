//! A bucket, by way of its service.

use std::fmt;
use std::io::SeekFrom;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use object_store::multipart::PartId;
use object_store::path::Path as Key;
use object_store::{Attributes, Error, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use url::Url;

use super::service::{BucketService, Remote};
use super::{BucketError, ObjectState};
use crate::engine::delivery::error::FetchError;
use crate::engine::delivery::outcome::FailureKind;
use crate::engine::delivery::partial_download::{CompleteClip, MultipartUpload, PartialDownload};
use crate::vendor::root_cause;

/// Bytes of one part of an upload; a smaller clip goes up at once. S3 takes 10,000 parts of 5 MiB
/// or more.
const PART_SIZE: u64 = 8 << 20;

/// A bucket and a prefix in it.
pub struct Bucket {
    pub(super) store: Arc<dyn Remote>,
    pub(super) service: BucketService,
    /// `s3://BUCKET`
    pub(super) root: String,
    /// `s3://BUCKET/PREFIX`
    address: String,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl Bucket {
    /// The bucket of an address such as `s3://BUCKET/PREFIX`, with the credentials of the
    /// environment. Sends nothing.
    pub fn open(address: &str) -> Result<Self, BucketError> {
        let setup = |why: String| BucketError {
            kind: FailureKind::Setup,
            why,
        };
        let wrong = || {
            setup(format!(
                "{address} is not a bucket: write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or \
                 az://CONTAINER/PREFIX"
            ))
        };
        let url = Url::parse(address).map_err(|_| wrong())?;
        let service = match url.scheme() {
            "s3" => BucketService::S3,
            "gs" => BucketService::Google,
            "az" => BucketService::Azure,
            _ => return Err(wrong()),
        };
        let name = url
            .host_str()
            .filter(|name| !name.is_empty())
            .ok_or_else(wrong)?;
        let has_more = url.query().is_some() || url.fragment().is_some() || url.port().is_some();
        if has_more || !url.username().is_empty() {
            return Err(wrong());
        }
        let root = format!("{}://{name}", url.scheme());
        let prefix = Key::from_url_path(url.path()).map_err(|_| wrong())?;
        let store = service.open(&root).map_err(|error| {
            setup(format!(
                "{root} cannot be used: {}; {}",
                root_cause(&error),
                service.credentials()
            ))
        })?;
        Ok(Self {
            store,
            service,
            address: match prefix.as_ref() {
                "" => root.clone(),
                prefix => format!("{root}/{prefix}"),
            },
            root,
        })
    }

    /// `s3://BUCKET/PREFIX`, without a slash at the end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The address of a clip's object.
    pub(in crate::engine::delivery) fn address_of(&self, folder: &str, name: &str) -> String {
        format!("{}/{folder}/{name}", self.address)
    }

    pub(super) fn key(&self, address: &str) -> Result<Key, BucketError> {
        let path = address.strip_prefix(&self.root).unwrap_or_default();
        Key::parse(path.trim_start_matches('/')).map_err(|error| BucketError {
            kind: FailureKind::ForGood,
            why: format!("{address} is not a name for an object: {error}"),
        })
    }

    /// The size of an object, in bytes; `None` when there is none.
    pub async fn size_of(&self, address: &str) -> Result<Option<u64>, BucketError> {
        match self.store.head(&self.key(address)?).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.explain("look at", address, &error)),
        }
    }

    /// The checksum of an object, hexadecimal: it is read whole, but never held whole.
    pub async fn sha256_of(&self, address: &str) -> Result<String, BucketError> {
        let mut hasher = Sha256::new();
        self.read(address, async |chunk| {
            hasher.update(&chunk);
            Ok(())
        })
        .await?;
        Ok(base16ct::lower::encode_string(&hasher.finalize()))
    }

    /// Copies an object to a file; its size in bytes and its checksum.
    pub(in crate::engine::delivery) async fn fetch(
        &self,
        address: &str,
        to: &std::path::Path,
    ) -> Result<(u64, String), FetchError> {
        let mut file = File::create(to).await?;
        let mut hasher = Sha256::new();
        let mut bytes = 0;
        let mut failed = None;
        self.read(address, async |chunk: Bytes| {
            hasher.update(&chunk);
            bytes += chunk.len() as u64;
            file.write_all(&chunk)
                .await
                .map_err(|error| failed = Some(error))
        })
        .await?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        file.flush().await?;
        Ok((bytes, base16ct::lower::encode_string(&hasher.finalize())))
    }

    /// Hands an object's bytes to `take` until it refuses.
    async fn read(
        &self,
        address: &str,
        mut take: impl AsyncFnMut(Bytes) -> Result<(), ()>,
    ) -> Result<(), BucketError> {
        let fail = |error: &Error| self.explain("read", address, error);
        let got = self.store.get(&self.key(address)?).await;
        let mut chunks = got.map_err(|error| fail(&error))?.into_stream();
        while let Some(chunk) = chunks.next().await {
            if take(chunk.map_err(|error| fail(&error))?).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// What is under a name: an object is this clip when its bytes are.
    pub(in crate::engine::delivery) async fn look(
        &self,
        address: &str,
        whole: &CompleteClip,
    ) -> Result<ObjectState, BucketError> {
        Ok(match self.size_of(address).await? {
            None => ObjectState::Nothing,
            Some(size) if size != whole.bytes => ObjectState::SomethingElse,
            Some(_) if self.sha256_of(address).await? == whole.sha256 => ObjectState::ThisClip,
            Some(_) => ObjectState::SomethingElse,
        })
    }

    /// Uploads a whole part to `address`, where nothing is, and looks whether all of it is there.
    pub(in crate::engine::delivery) async fn upload(
        &self,
        address: &str,
        part: &mut PartialDownload,
        whole: &CompleteClip,
    ) -> Result<(), FetchError> {
        if whole.bytes <= PART_SIZE {
            self.put(address, part).await?;
        } else {
            self.put_parts(address, part, whole).await?;
        }
        let there = self.size_of(address).await?;
        if there == Some(whole.bytes) {
            return Ok(());
        }
        Err(FetchError::Bucket(BucketError {
            kind: FailureKind::MayHelp,
            why: format!(
                "{address} was uploaded, but holds {} bytes instead of {}; run the command again",
                there.unwrap_or_default(),
                whole.bytes
            ),
        }))
    }

    async fn put(&self, address: &str, part: &PartialDownload) -> Result<(), FetchError> {
        let key = self.key(address)?;
        let bytes = PutPayload::from(tokio::fs::read(&part.data).await?);
        let put = self.create(&key, bytes, Attributes::default()).await;
        put.map_err(|error| self.explain("write", address, &error).into())
    }

    /// Writes a new object. Even another program's object that came just now is not overwritten.
    pub(super) async fn create(
        &self,
        key: &Key,
        bytes: PutPayload,
        attributes: Attributes,
    ) -> Result<(), Error> {
        let options = |mode| PutOptions {
            mode,
            attributes: attributes.clone(),
            ..PutOptions::default()
        };
        let create = options(PutMode::Create);
        match self.store.put_opts(key, bytes.clone(), create).await {
            Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                let plain = options(PutMode::Overwrite);
                self.store.put_opts(key, bytes, plain).await.map(drop)
            }
            other => other.map(drop),
        }
    }

    async fn put_parts(
        &self,
        address: &str,
        part: &mut PartialDownload,
        whole: &CompleteClip,
    ) -> Result<(), FetchError> {
        let key = self.key(address)?;
        let fail = |error: &Error| FetchError::from(self.explain("write", address, error));
        let known = part
            .notes
            .begun
            .take()
            .filter(|begun| begun.address == address && begun.part_size == PART_SIZE);
        let is_resumed = known.is_some();
        let mut begun = match known {
            Some(begun) => begun,
            None => MultipartUpload {
                address: address.to_owned(),
                id: self
                    .store
                    .create_multipart(&key)
                    .await
                    .map_err(|e| fail(&e))?,
                parts: Vec::new(),
                part_size: PART_SIZE,
            },
        };
        let mut file = File::open(&part.data).await?;
        loop {
            part.notes.begun = Some(begun.clone());
            part.save()?;
            let from = begun.parts.len() as u64 * PART_SIZE;
            if from >= whole.bytes {
                break;
            }
            let size = PART_SIZE.min(whole.bytes - from);
            let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
            file.seek(SeekFrom::Start(from)).await?;
            file.read_exact(&mut bytes).await?;
            let number = begun.parts.len();
            let put = self.store.put_part(&key, &begun.id, number, bytes.into());
            match put.await {
                Ok(id) => begun.parts.push(id.content_id),
                Err(Error::NotFound { .. }) if is_resumed => return self.forgotten(part),
                Err(error) => return Err(fail(&error)),
            }
        }
        let parts = begun.parts.iter().map(|id| PartId {
            content_id: id.clone(),
        });
        let ended = self
            .store
            .complete_multipart(&key, &begun.id, parts.collect());
        match ended.await {
            Ok(_) => {
                part.notes.begun = None;
                Ok(part.save()?)
            }
            Err(Error::NotFound { .. }) if is_resumed => self.forgotten(part),
            Err(error) => Err(fail(&error)),
        }
    }

    /// The store has forgotten an upload that had begun; the next run begins another.
    fn forgotten(&self, part: &mut PartialDownload) -> Result<(), FetchError> {
        part.notes.begun = None;
        part.save()?;
        Err(FetchError::Bucket(BucketError {
            kind: FailureKind::MayHelp,
            why: format!(
                "{} no longer knows the upload that an earlier run started; run the command again \
                 to start another",
                self.root
            ),
        }))
    }

    /// A store's error in words, with the permission that is missing.
    pub(super) fn explain(&self, what: &str, address: &str, error: &Error) -> BucketError {
        let cause = root_cause(error);
        let (kind, why) = match error {
            Error::PermissionDenied { .. } => (
                FailureKind::Setup,
                format!(
                    "{} does not let these credentials {what} {address}: they need {}",
                    self.root,
                    self.service.permission(what)
                ),
            ),
            Error::Unauthenticated { .. } => (
                FailureKind::Setup,
                format!(
                    "{} refused the credentials ({cause}); {}",
                    self.root,
                    self.service.credentials()
                ),
            ),
            Error::NotFound { .. } => (
                FailureKind::Setup,
                format!(
                    "{} was not found; create the bucket, or correct its name and its region",
                    if what == "write" { &self.root } else { address }
                ),
            ),
            Error::AlreadyExists { .. } | Error::Precondition { .. } => (
                FailureKind::MayHelp,
                format!("another program has just written {address}; run the command again"),
            ),
            _ => (
                FailureKind::MayHelp,
                format!(
                    "cannot {what} {address}: {cause}; run the command again; {}",
                    self.service.credentials()
                ),
            ),
        };
        BucketError { kind, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::is_address;

    #[test]
    fn an_address_names_a_bucket_and_a_prefix() {
        let bucket = Bucket::open("s3://clips/june/").unwrap();
        assert_eq!(bucket.address(), "s3://clips/june");
        assert_eq!(
            bucket.address_of("LST-1", "01-a.mp4"),
            "s3://clips/june/LST-1/01-a.mp4"
        );
        let key = bucket.key("s3://clips/june/LST 1/01-ä.mp4").unwrap();
        assert_eq!(key.as_ref(), "june/LST 1/01-ä.mp4");
        assert_eq!(Bucket::open("s3://clips").unwrap().address(), "s3://clips");
        for bad in [
            "ftp://x/y",
            "s3://",
            "s3:///a",
            "s3://me@clips/a",
            "https://x/y",
            "s3://a/b?c",
        ] {
            let error = Bucket::open(bad).unwrap_err();
            assert_eq!(error.kind, FailureKind::Setup, "{bad}");
        }
        assert!(is_address("s3://a") && !is_address("videos") && !is_address("C:\\videos"));
    }

    #[test]
    fn an_error_names_the_bucket_and_the_missing_permission() {
        let bucket = Bucket::open("s3://clips/june").unwrap();
        let denied = Error::PermissionDenied {
            path: "x".to_owned(),
            source: "no".into(),
        };
        let error = bucket.explain("write", "s3://clips/june/a", &denied);
        assert!(error.why.contains("s3://clips") && error.why.contains("s3:PutObject"));
        let missing = Error::NotFound {
            path: "x".to_owned(),
            source: "no".into(),
        };
        let error = bucket.explain("write", "s3://clips/june/a", &missing);
        assert!(
            error.why.starts_with("s3://clips was not found"),
            "{}",
            error.why
        );
    }
}
