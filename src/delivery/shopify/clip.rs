//! One clip's way onto its product, step by step.

use std::io;
use std::path::{Path, PathBuf};

use super::calls::{CallFailure, Medium, Product, Search};
use super::client::AdminError;
use super::setback::{Setback, log_failed, not_processed, objected};
use super::upload::{Upload, UploadError};
use super::{Outcome, Shopify};
use crate::delivery::fetch::Trouble;
use crate::delivery::media;
use crate::delivery::names;
use crate::delivery::outcome::{Event, Failure, FailureKind, Halt};
use crate::delivery::part::Part;
use crate::delivery::plan::Delivery;
use crate::delivery::publish::{
    Step, file_of, is_published, publish_id, published_line, step_line, steps,
};
use crate::delivery::tries::{Refresh, Tries, delays};
use crate::jobs::{IdColumn, JobView};

/// Digits of the publish id in a clip's file name at Shopify: what a clip is recognised by there.
const TAG: usize = 16;
/// The clip is at Shopify's; the reference is where.
const UPLOADED: &str = "uploaded";
/// The clip is one of the product's media; the reference is which.
const ATTACHED: &str = "attached";

/// One run.
pub(super) struct Run<'a, R> {
    pub with: &'a Shopify<'a, R>,
    pub halt: Halt,
    /// Held while a clip is attached and looked for, so that no other clip of the product comes in
    /// between.
    pub attaching: tokio::sync::Mutex<()>,
    pub target: String,
}

/// Why a clip was not attached.
enum Unattached {
    /// Shopify objected, in these words; nothing has changed there.
    Objection(String),
    Setback(Setback),
}

impl From<Setback> for Unattached {
    fn from(setback: Setback) -> Self {
        Self::Setback(setback)
    }
}

impl From<AdminError> for Unattached {
    fn from(error: AdminError) -> Self {
        Self::Setback(error.into())
    }
}

impl From<CallFailure> for Unattached {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::Objection(objection) => Self::Objection(objection.0),
            CallFailure::Admin(error) => Self::Setback(error.into()),
        }
    }
}

/// A clip on disk.
struct LocalFile {
    path: PathBuf,
    size: u64,
    /// Removes a fetched file when dropped.
    _folder: Option<tempfile::TempDir>,
}

impl<R: Refresh> Run<'_, R> {
    pub async fn one(&self, delivery: &Delivery) -> Outcome {
        if self.halt.is_on() {
            return Outcome::Stopped;
        }
        let outcome = match self.with.writer.view(delivery.job) {
            Ok(Some(view)) if is_published(&view, delivery, &self.target) => {
                return Outcome::Already;
            }
            Ok(Some(view)) => self.publish(delivery, &view).await,
            Ok(None) => Err(Setback::Stopped),
            Err(error) => Err(log_failed(&error.to_string())),
        };
        let failure = |kind, message| Failure {
            job: delivery.job,
            owner: delivery.owner_name(),
            kind,
            message,
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(Setback::Stopped | Setback::Clip(Trouble::Stopped, _)) => Outcome::Stopped,
            Err(Setback::Failed(kind, why)) => Outcome::Failed(failure(kind, why)),
            Err(Setback::Ended(kind, why)) => Outcome::Ended(failure(kind, why)),
            Err(Setback::Clip(trouble, folder)) => {
                Outcome::Failed(trouble.explain(delivery, &folder, &self.halt))
            }
        };
        let job = delivery.job;
        match &outcome {
            Outcome::Published => (self.with.progress)(Event::Done { job }),
            Outcome::Failed(_) | Outcome::Ended(_) => (self.with.progress)(Event::Failed { job }),
            _ => {}
        }
        outcome
    }

    async fn publish(&self, delivery: &Delivery, view: &JobView) -> Result<Outcome, Setback> {
        let product = self.product(delivery).await?;
        let steps = steps(view, delivery, &self.target);
        let media = self.with.admin.media(&product, &self.halt).await?;
        let found = self.own(delivery, &media, &steps);
        if self.with.options.dry_run {
            let what = if found.is_some() { "has" } else { "would get" };
            return Ok(Outcome::Would(format!(
                "{}: product {:?} {what} this clip",
                delivery.owner_name(),
                product.title
            )));
        }
        let medium = match found {
            Some(medium) => medium.clone(),
            None => self.bring(delivery, &product, &steps).await?,
        };
        let medium = self.processed(&product, medium).await?;
        let line = published_line(self.with.writer, delivery, &self.target, &medium.id);
        self.tell(line).await?;
        Ok(Outcome::Published)
    }

    async fn product(&self, delivery: &Delivery) -> Result<Product, Setback> {
        let failed = |why: String| Err(Setback::Failed(FailureKind::ForGood, why));
        let Some((IdColumn::Sku, sku)) = &delivery.owner else {
            let why = "it has no SKU, and products are found by SKU only; leave it out by --where";
            return failed(why.to_owned());
        };
        if delivery.is_voice {
            return failed("it is a voice; products take videos only".to_owned());
        }
        match self.with.admin.find(sku, &self.halt).await? {
            Search::One(product) => Ok(product),
            Search::None => failed(format!(
                "{} has no product with the SKU {sku:?}; correct it there, or give the clip the right \
                 SKU, which costs nothing: `creativeai rename {sku:?} NEW`. Then correct the manifest \
                 too; without the rename a corrected SKU there looks like a new clip",
                self.with.admin.store()
            )),
            Search::Several(count) => failed(format!(
                "{count} products of {} have the SKU {sku:?}, so nobody can say which is meant; \
                 make it unique there",
                self.with.admin.store()
            )),
        }
    }

    /// This clip among a product's media: by the file name it was given, or by the reference that
    /// an earlier run has told.
    fn own<'m>(
        &self,
        delivery: &Delivery,
        media: &'m [Medium],
        steps: &[Step],
    ) -> Option<&'m Medium> {
        let tag = self.tag(delivery);
        let attached: Vec<&str> = steps
            .iter()
            .filter(|step| step.name == ATTACHED)
            .map(|step| step.reference.as_str())
            .collect();
        media.iter().find(|medium| {
            let name = medium.filename.as_deref().unwrap_or_default();
            name.contains(&tag) || attached.contains(&medium.id.as_str())
        })
    }

    fn tag(&self, delivery: &Delivery) -> String {
        let mut id = publish_id(delivery, &self.target);
        id.truncate(TAG);
        id
    }

    /// Uploads and attaches the clip.
    async fn bring(
        &self,
        delivery: &Delivery,
        product: &Product,
        steps: &[Step],
    ) -> Result<Medium, Setback> {
        if let Some(step) = steps.last().filter(|step| step.name == UPLOADED) {
            // What was uploaded is kept for a while only; if it is gone, it is uploaded again.
            match self.attach(delivery, product, &step.reference).await {
                Err(Unattached::Objection(_)) => {}
                Err(Unattached::Setback(setback)) => return Err(setback),
                Ok(medium) => return Ok(medium),
            }
        }
        let resource = self.upload(delivery).await?;
        self.tell_step(delivery, UPLOADED, &resource).await?;
        let attached = self.attach(delivery, product, &resource).await;
        attached.map_err(|error| match error {
            Unattached::Objection(said) => objected(&said),
            Unattached::Setback(setback) => setback,
        })
    }

    /// Attaches what is at `resource`.
    async fn attach(
        &self,
        delivery: &Delivery,
        product: &Product,
        resource: &str,
    ) -> Result<Medium, Unattached> {
        let medium = {
            let _alone = self.attaching.lock().await;
            let admin = self.with.admin;
            let known = admin.media(product, &self.halt).await?;
            admin.attach(product, resource, &self.halt).await?;
            self.attached(delivery, product, &known).await?
        };
        self.tell_step(delivery, ATTACHED, &medium.id).await?;
        Ok(medium)
    }

    /// The medium that was attached: by its file name, else the one video that was not there.
    async fn attached(
        &self,
        delivery: &Delivery,
        product: &Product,
        known: &[Medium],
    ) -> Result<Medium, Setback> {
        for look in 0..=self.with.options.looks {
            if look > 0 && !self.halt.sleep(self.with.options.interval).await {
                return Err(Setback::Stopped);
            }
            let media = self.with.admin.media(product, &self.halt).await?;
            if let Some(medium) = self.own(delivery, &media, &[]) {
                return Ok(medium.clone());
            }
            let is_new = |medium: &&Medium| known.iter().all(|known| known.id != medium.id);
            let mut new = media
                .iter()
                .filter(is_new)
                .filter(|medium| medium.media_content_type == "VIDEO");
            if let (Some(medium), None) = (new.next(), new.next()) {
                return Ok(medium.clone());
            }
        }
        Err(Setback::Failed(
            FailureKind::MayHelp,
            format!(
                "Shopify has taken the clip for {:?} but does not show it yet; run the command \
                 again in a few minutes",
                product.title
            ),
        ))
    }

    async fn upload(&self, delivery: &Delivery) -> Result<String, Setback> {
        let file = self.local_file(delivery).await?;
        let extension = file.path.extension().and_then(|e| e.to_str());
        let extension = extension.unwrap_or("mp4").to_ascii_lowercase();
        let id = publish_id(delivery, &self.target);
        // Short enough for the tag not to be cut off.
        let slug = delivery.slug.chars().filter(char::is_ascii).take(40);
        let slug: String = slug.collect();
        let filename =
            names::slug(&format!("{slug} {}", self.tag(delivery))) + "." + extension.as_str();
        let upload = Upload {
            path: &file.path,
            size: file.size,
            filename: &filename,
            mime_type: media::mime_type(&extension),
            boundary: &format!("creativeai-{id}"),
        };
        let mut delays = delays(self.with.options.retry_delay);
        loop {
            let target =
                self.with
                    .admin
                    .stage(upload.filename, upload.mime_type, upload.size, &self.halt);
            let target = target.await.map_err(|failure| match failure {
                CallFailure::Admin(error) => error.into(),
                CallFailure::Objection(objection) => objected(&objection.0),
            })?;
            let why = match upload.send(self.with.client, &target, &self.halt).await {
                Ok(()) => return Ok(target.resource_url),
                Err(UploadError::Again(why)) => why,
                Err(UploadError::Never(why)) => {
                    return Err(Setback::Failed(FailureKind::ForGood, why));
                }
                Err(UploadError::Disk(error)) => {
                    let why = format!("{} cannot be read: {error}", file.path.display());
                    return Err(Setback::Failed(FailureKind::Disk, why));
                }
                Err(UploadError::Stopped) => return Err(Setback::Stopped),
            };
            let Some(wait) = delays.next() else {
                let why = format!("{why}; run the command again");
                return Err(Setback::Failed(FailureKind::MayHelp, why));
            };
            if !self.halt.sleep(wait).await {
                return Err(Setback::Stopped);
            }
        }
    }

    /// The downloaded file, else the clip fetched for the occasion.
    async fn local_file(&self, delivery: &Delivery) -> Result<LocalFile, Setback> {
        let log_folder = self.with.writer.path().parent().unwrap_or(Path::new(""));
        if let (Some(path), Some(told)) = (file_of(delivery, log_folder), &delivery.told) {
            return Ok(LocalFile {
                path,
                size: told.bytes,
                _folder: None,
            });
        }
        let failed = |error: io::Error| Setback::Clip(error.into(), std::env::temp_dir());
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut part = Part::open(folder.path(), delivery);
        let tries = Tries {
            client: self.with.client,
            refresh: self.with.refresh,
            max_size: self.with.options.max_size,
            retry_delay: self.with.options.retry_delay,
            halt: &self.halt,
            progress: self.with.progress,
        };
        let whole = tries.fetch(delivery, &mut part).await;
        let whole = whole.map_err(|trouble| Setback::Clip(trouble, folder.path().to_owned()))?;
        let path = folder.path().join(format!("clip.{}", whole.extension));
        crate::disk::rename(&part.data, &path).map_err(failed)?;
        Ok(LocalFile {
            path,
            size: whole.bytes,
            _folder: Some(folder),
        })
    }

    /// Waits until Shopify has processed it.
    async fn processed(&self, product: &Product, mut medium: Medium) -> Result<Medium, Setback> {
        for _ in 0..self.with.options.looks {
            match medium.status.as_str() {
                "READY" => return Ok(medium),
                "FAILED" => return Err(not_processed(product, &medium)),
                _ => {}
            }
            if !self.halt.sleep(self.with.options.interval).await {
                return Err(Setback::Stopped);
            }
            let media = self.with.admin.media(product, &self.halt).await?;
            let now = media.into_iter().find(|other| other.id == medium.id);
            medium = now.ok_or_else(|| {
                let why = "the clip was removed from the product while Shopify processed it";
                Setback::Failed(FailureKind::ForGood, why.to_owned())
            })?;
        }
        if medium.status == "READY" {
            return Ok(medium);
        }
        Err(Setback::Failed(
            FailureKind::MayHelp,
            "Shopify is still processing the clip; run the command again in a few minutes, it is \
             not uploaded twice"
                .to_owned(),
        ))
    }

    async fn tell_step(
        &self,
        delivery: &Delivery,
        name: &str,
        reference: &str,
    ) -> Result<(), Setback> {
        let step = Step {
            name: name.to_owned(),
            reference: reference.to_owned(),
            error: String::new(),
        };
        let line = step_line(self.with.writer, delivery, &self.target, &step);
        self.tell(line).await
    }

    async fn tell(&self, line: String) -> Result<(), Setback> {
        let appended = self.with.writer.append(&line).await;
        appended.map_err(|error| log_failed(&error.to_string()))
    }
}
