//! A clip is uploaded to Shopify and attached to its product.

use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::RwLockReadGuard;

use super::calls::{CallFailure, Medium, Product};
use super::clip::{ShopifyRun, tag};
use super::error::{ShopifyError, failed_call, log_failed};
use super::upload::{Upload, UploadError};
use crate::engine::delivery::bucket::Bucket;
use crate::engine::delivery::error::FetchError;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::fetcher::{Fetcher, Refresh, delays};
use crate::engine::delivery::lease::ClipLease;
use crate::engine::delivery::media;
use crate::engine::delivery::names;
use crate::engine::delivery::outcome::FailureKind;
use crate::engine::delivery::partial_download::PartialDownload;
use crate::engine::delivery::publish::{LoggedStep, object_of, publish_id};
use crate::engine::delivery::sent::{ATTACHED, ATTACHING, REFUSED};
use crate::engine::delivery::target_dir::file_of;

/// Shopify has said that it put the clip onto the product, and does not show it there.
const UNSEEN: &str = "unseen";

/// A clip on disk.
struct LocalFile {
    path: PathBuf,
    size: u64,
    /// Removes a fetched file when dropped.
    _folder: Option<tempfile::TempDir>,
}

impl<R: Refresh> ShopifyRun<'_, R> {
    /// Uploads and attaches the clip, unless an earlier run has done so or it comes into view meanwhile.
    /// What an earlier run uploaded and did not attach is uploaded again: the file may have been cut
    /// since.
    pub(super) async fn bring(
        &self,
        delivery: &Delivery,
        product: &Product,
        alt: &str,
        steps: &[LoggedStep],
    ) -> Result<Medium, ShopifyError> {
        let is_last = |name| steps.last().is_some_and(|step| step.name == name);
        if is_last(ATTACHING) || is_last(UNSEEN) {
            if let Some(medium) = self.shown(delivery, product, None).await? {
                return Ok(medium);
            }
            if is_last(UNSEEN) && !self.with.options.again {
                return Err(unseen(product));
            }
        }
        let resource = self.upload(delivery).await?;
        let media = self.with.admin.media(product).await?;
        match self.own(delivery, &media, &[]) {
            Some(medium) => self.attached(delivery, medium).await,
            None => self.attach(delivery, product, alt, &resource).await,
        }
    }

    /// Attaches what is at `resource`, and looks what came of that.
    async fn attach(
        &self,
        delivery: &Delivery,
        product: &Product,
        alt: &str,
        resource: &str,
    ) -> Result<Medium, ShopifyError> {
        // Fetching and uploading take long, and the computer may have slept.
        match self.lease(delivery).await? {
            ClipLease::Another => return Err(taken_over()),
            ClipLease::Mine(view) => self.check(delivery, &view)?,
        }
        let changing = self.changing.read().await;
        let line = self.line(delivery, self.marking.target, ATTACHING, resource);
        let announced = self.marking.announce(&line).await;
        announced.map_err(|error| log_failed(error.into(), None))?;
        let answer = self.with.admin.attach(product, resource, alt).await;
        let unclear = match answer {
            Ok(()) => None,
            Err(CallFailure::Admin(error)) if error.may_be_done() => Some(error),
            Err(refused) => {
                self.record_step(delivery, REFUSED, resource).await?;
                return Err(failed_call("the clip", refused));
            }
        };
        if let Some(medium) = self.shown(delivery, product, Some(changing)).await? {
            return Ok(medium);
        }
        if let Some(error) = unclear {
            return Err(error.into());
        }
        self.record_step(delivery, UNSEEN, resource).await?;
        Err(unseen(product))
    }

    /// The clip on its product, which Shopify may show a while after it was attached. A stop waits for the
    /// first look after a change.
    async fn shown(
        &self,
        delivery: &Delivery,
        product: &Product,
        mut changing: Option<RwLockReadGuard<'_, ()>>,
    ) -> Result<Option<Medium>, ShopifyError> {
        for look in 0..=self.with.options.looks {
            if look > 0 {
                changing = None;
                tokio::time::sleep(self.with.options.interval).await;
            }
            let media = self.with.admin.media(product).await?;
            if let Some(medium) = self.own(delivery, &media, &[]) {
                return self.attached(delivery, medium).await.map(Some);
            }
        }
        drop(changing);
        Ok(None)
    }

    /// Notes that the clip is on its product.
    async fn attached(&self, delivery: &Delivery, medium: &Medium) -> Result<Medium, ShopifyError> {
        self.record_step(delivery, ATTACHED, &medium.id).await?;
        Ok(medium.clone())
    }

    async fn upload(&self, delivery: &Delivery) -> Result<String, ShopifyError> {
        let file = self.local_file(delivery).await?;
        let extension = file.path.extension().and_then(|e| e.to_str());
        let extension = extension.unwrap_or("mp4").to_ascii_lowercase();
        let id = publish_id(delivery, self.marking.target);
        // Short enough for the tag not to be cut off.
        let slug = delivery.slug.chars().filter(char::is_ascii).take(40);
        let slug: String = slug.collect();
        let filename = names::slug(&format!("{slug} {}", tag(&id))) + "." + extension.as_str();
        let upload = Upload {
            path: &file.path,
            size: file.size,
            filename: &filename,
            mime_type: media::mime_type(&extension),
            boundary: &format!("creativeai-{id}"),
        };
        let mut delays = delays(self.with.options.retry_delay);
        loop {
            let target = self
                .with
                .admin
                .stage(upload.filename, upload.mime_type, upload.size);
            let target = target.await;
            let target = target.map_err(|failure| failed_call("the clip", failure))?;
            let why = match upload.send(self.with.client, &target).await {
                Ok(()) => return Ok(target.resource_url),
                Err(UploadError::Again(why)) => why,
                Err(UploadError::Never(why)) => {
                    return Err(ShopifyError::Failed(FailureKind::ForGood, why));
                }
                Err(UploadError::Disk(error)) => {
                    let why = format!("{} cannot be read: {error}", file.path.display());
                    return Err(ShopifyError::Failed(FailureKind::Disk, why));
                }
            };
            let Some(wait) = delays.next() else {
                let why = format!("{why}; run the command again");
                return Err(ShopifyError::Failed(FailureKind::MayHelp, why));
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// The downloaded file, else the clip fetched for the occasion.
    async fn local_file(&self, delivery: &Delivery) -> Result<LocalFile, ShopifyError> {
        let log_folder = self.with.writer.folder();
        let saved = delivery.saved.as_ref();
        if let Some((path, size)) = saved.and_then(|saved| file_of(saved, &log_folder)) {
            return Ok(LocalFile {
                path,
                size,
                _folder: None,
            });
        }
        let failed = |error: io::Error| ShopifyError::Clip(error.into(), std::env::temp_dir());
        let folder = tempfile::tempdir().map_err(failed)?;
        if let Some(file) = from_bucket(delivery, folder.path()).await? {
            return Ok(LocalFile {
                _folder: Some(folder),
                ..file
            });
        }
        let mut part = PartialDownload::open(folder.path(), delivery);
        let fetcher = Fetcher {
            client: self.with.client,
            refresh: self.with.refresh,
            max_size: self.with.options.max_size,
            retry_delay: self.with.options.retry_delay,
            progress: self.with.progress,
        };
        let whole = fetcher.fetch(delivery, &mut part).await;
        let whole =
            whole.map_err(|trouble| ShopifyError::Clip(trouble, folder.path().to_owned()))?;
        let path = folder.path().join(format!("clip.{}", whole.extension));
        crate::disk::rename(&part.data, &path).map_err(failed)?;
        Ok(LocalFile {
            path,
            size: whole.bytes,
            _folder: Some(folder),
        })
    }
}

/// Shopify says that it has a clip that its product does not show.
fn unseen(product: &Product) -> ShopifyError {
    let why = format!(
        "Shopify accepted the clip for {:?} but does not show it under its file name; run the \
         command again in a few minutes: it looks for the clip and does not add it twice. If the \
         store's admin does not show it on the product either, add --yes to add it once more",
        product.title
    );
    ShopifyError::Failed(FailureKind::MayHelp, why)
}

/// This run was silent for so long that another computer took over the clip.
fn taken_over() -> ShopifyError {
    let why = "another computer took it over while this one was not responding; run the command \
               again";
    ShopifyError::Failed(FailureKind::MayHelp, why.to_owned())
}

/// The clip from the bucket that it was downloaded to, if it was and is there unaltered.
async fn from_bucket(
    delivery: &Delivery,
    folder: &Path,
) -> Result<Option<LocalFile>, ShopifyError> {
    let Some((address, saved)) = object_of(delivery).zip(delivery.saved.as_ref()) else {
        return Ok(None);
    };
    let failed = |trouble: FetchError| ShopifyError::Clip(trouble, folder.to_owned());
    let extension = address
        .rsplit_once('.')
        .map_or("mp4", |(_, extension)| extension);
    let path = folder.join(format!("clip.{}", names::slug(extension)));
    let bucket = Bucket::open(address).map_err(|error| failed(error.into()))?;
    let fetched = bucket.fetch(address, &path).await;
    let (size, sha256) = fetched.map_err(failed)?;
    // The vendor may still have what is altered there.
    let is_it = size == saved.bytes && sha256 == saved.sha256;
    Ok(is_it.then_some(LocalFile {
        path,
        size,
        _folder: None,
    }))
}
