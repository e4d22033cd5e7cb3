//! A clip is fetched whole, or found so.

use super::run::{DownloadRun, StagedClip};
use crate::engine::delivery::error::FetchError;
use crate::engine::delivery::facts::{Delivery, SavedClip};
use crate::engine::delivery::fetcher::{Fetcher, Refresh};
use crate::engine::delivery::lease::{self, ClipLease, LeasedWork};
use crate::engine::delivery::partial_download::{self, CompleteClip, PartialDownload};
use crate::engine::delivery::plan::{ClipGroup, PlannedClip};
use crate::engine::delivery::target_dir::{self, FetchedClip};

impl<R: Refresh> DownloadRun<'_, R> {
    /// The clip, whole; `None` when the log reports it and it is there.
    pub async fn whole<'p>(
        &self,
        group: &ClipGroup,
        clip: &'p PlannedClip,
    ) -> Result<Option<StagedClip<'p>>, FetchError> {
        let delivery = &clip.delivery;
        let staging = self.place().staging();
        if self.is_downloaded(delivery).await? {
            if staging.exists() {
                // What a crash right after the line has left; it does no harm.
                let _ = PartialDownload::open(&staging, delivery).clear();
            }
            return Ok(None);
        }
        match lease::begin(self.with.writer, LeasedWork::Download, delivery).await {
            Ok(ClipLease::Mine(view)) => {
                if self.is_downloaded(&Delivery::of(&view, true)).await? {
                    return Ok(None);
                }
            }
            Ok(ClipLease::Another) => return Err(FetchError::Another),
            Err(unusable) => return Err(self.log_failed(unusable)),
        }
        let mut part = PartialDownload::open(&staging, delivery);
        let ready = |part, whole, path| {
            Some(StagedClip {
                part,
                whole,
                clip,
                path,
            })
        };
        let found = match &self.with.options.bucket {
            None => self.place().find(&part, &group.folder, clip),
            Some(_) => target_dir::whole_part(&part)
                .or(self.downloaded_before(delivery, &mut part)?)
                .map(FetchedClip::InPart),
        };
        match found {
            Some(FetchedClip::InPart(whole)) => return Ok(ready(part, whole, None)),
            Some(FetchedClip::InPlace(path, whole)) => return Ok(ready(part, whole, Some(path))),
            None if part.notes.whole.is_some() => part.clear()?,
            None => {}
        }
        let fetcher = Fetcher {
            client: self.with.client,
            refresh: self.with.refresh,
            max_size: self.with.options.max_size,
            retry_delay: self.with.options.retry_delay,
            progress: self.with.progress,
        };
        let whole = fetcher.fetch(delivery, &mut part).await?;
        Ok(ready(part, whole, None))
    }

    /// Whether a clip needs no download any more.
    async fn is_downloaded(&self, delivery: &Delivery) -> Result<bool, FetchError> {
        if let Some(saved) = &delivery.saved {
            return self.is_there(saved).await;
        }
        let options = self.with.options;
        Ok(delivery.elsewhere.is_some() && !options.here_too && options.bucket.is_none())
    }

    /// Whether a clip that the log has as downloaded is still there.
    async fn is_there(&self, saved: &SavedClip) -> Result<bool, FetchError> {
        let Some(bucket) = &self.with.options.bucket else {
            if saved.is_in_bucket() {
                // It is in a bucket, and this run has no credentials to look.
                return Ok(true);
            }
            return Ok(target_dir::file_of(saved, &self.log_folder).is_some());
        };
        let is_here = saved.file.starts_with(&format!("{}/", bucket.address()));
        Ok(is_here && bucket.size_of(&saved.file).await? == Some(saved.bytes))
    }

    /// A clip that an earlier run downloaded into a folder: it needs no second download.
    fn downloaded_before(
        &self,
        delivery: &Delivery,
        part: &mut PartialDownload,
    ) -> Result<Option<CompleteClip>, FetchError> {
        let Some(saved) = delivery
            .saved
            .as_ref()
            .filter(|saved| !saved.is_in_bucket())
        else {
            return Ok(None);
        };
        let path = saved.path(&self.log_folder);
        if !partial_download::is_clip(&path, saved.bytes, &saved.sha256) {
            return Ok(None);
        }
        part.clear()?;
        part.in_folder(|| std::fs::copy(&path, &part.data))?;
        let whole = CompleteClip {
            bytes: saved.bytes,
            sha256: saved.sha256.clone(),
            extension: path
                .extension()
                .map_or("mp4".to_owned(), |e| e.to_string_lossy().into_owned()),
        };
        part.notes.whole = Some(whole.clone());
        part.save()?;
        Ok(Some(whole))
    }
}
