//! Whole clips get their names, in a folder or a bucket, and their lines in the log.

use std::io;
use std::path::Path;

use super::DownloadSummary;
use super::run::{DownloadRun, StagedClip};
use crate::disk;
use crate::engine::delivery::bucket::{Bucket, ObjectState};
use crate::engine::delivery::error::FetchError;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::fetcher::Refresh;
use crate::engine::delivery::lease::{self, LogUnusable};
use crate::engine::delivery::outcome::{DeliveryEvent, DeliveryFailure, FailureKind};
use crate::engine::delivery::plan::ClipGroup;
use crate::engine::delivery::target_dir;
use crate::engine::stop::StopReason;
use crate::jobs::{self, EventKind, Lines};
use crate::journal::AppendError;

impl<R: Refresh> DownloadRun<'_, R> {
    /// Uploads one clip to the bucket and records it in the log.
    async fn put_in_bucket(
        &self,
        bucket: &Bucket,
        group: &ClipGroup,
        mut ready: StagedClip<'_>,
    ) -> Result<(), DeliveryFailure> {
        let uploading = self.upload(bucket, group, &mut ready);
        let stopped = || FetchError::Again {
            why: "its upload was stopped".to_owned(),
            after: None,
        };
        let address = self
            .stop
            .or(uploading)
            .await
            .unwrap_or_else(|| Err(stopped()));
        let delivery = &ready.clip.delivery;
        let address = address.map_err(|trouble| self.failure(delivery, trouble))?;
        let line = self.line(&ready, Path::new(&address), None);
        let recorded = self.record(line, std::slice::from_ref(&ready)).await;
        recorded.map_err(|error| self.not_recorded(delivery, &error))?;
        // A copy that is left behind is removed by the next run.
        let _ = ready.part.clear();
        Ok(())
    }

    /// The address that a clip has in the bucket in the end. An object of other content keeps its
    /// name, and the clip gets a longer one.
    async fn upload(
        &self,
        bucket: &Bucket,
        group: &ClipGroup,
        ready: &mut StagedClip<'_>,
    ) -> Result<String, FetchError> {
        let names = target_dir::names(ready.clip, &ready.whole);
        for name in &names {
            let address = bucket.address_of(&group.folder, name);
            match bucket.look(&address, &ready.whole).await? {
                ObjectState::ThisClip => return Ok(address),
                ObjectState::SomethingElse => {}
                ObjectState::Nothing => {
                    let upload = bucket.upload(&address, &mut ready.part, &ready.whole);
                    upload.await?;
                    return Ok(address);
                }
            }
        }
        Err(FetchError::Never(format!(
            "other objects already have its names, {} and longer ones; move them away and run the \
             command again",
            bucket.address_of(&group.folder, &names[0]),
        )))
    }

    /// Gives one clip its name and records it in the log.
    pub async fn put(
        &self,
        group: &ClipGroup,
        ready: StagedClip<'_>,
    ) -> Result<(), DeliveryFailure> {
        if let Some(bucket) = &self.with.options.bucket {
            return self.put_in_bucket(bucket, group, ready).await;
        }
        let delivery = &ready.clip.delivery;
        let path = match &ready.path {
            Some(path) => Ok(path.clone()),
            None => self
                .place()
                .put(&ready.part, &ready.whole, &group.folder, ready.clip),
        };
        let path = path.map_err(|error| {
            let trouble = if error.kind() == io::ErrorKind::AlreadyExists {
                FetchError::Never(format!("{error}; move them away and run the command again"))
            } else {
                FetchError::Disk(error)
            };
            self.failure(delivery, trouble)
        })?;
        let host = self.host_for(delivery);
        let line = self.line(&ready, &path, host.as_deref());
        let recorded = self.record(line, std::slice::from_ref(&ready)).await;
        recorded.map_err(|error| self.not_recorded(delivery, &error))
    }

    /// Gives all clips of a listing or SKU their names at once.
    pub async fn put_together(
        &self,
        group: &ClipGroup,
        ready: Vec<StagedClip<'_>>,
        summary: &mut DownloadSummary,
    ) {
        let bytes = |ready: &StagedClip<'_>| ready.whole.bytes;
        let clips = ready.iter().map(|r| (&r.part, &r.whole, r.clip));
        let is_one_by_one = self.with.options.bucket.is_some();
        let together = if is_one_by_one || ready.iter().any(|ready| ready.path.is_some()) {
            Ok(None)
        } else {
            self.place().put_together(&group.folder, clips)
        };
        match together {
            Ok(Some(paths)) => {
                let lines = ready.iter().zip(&paths).map(|(ready, path)| {
                    let host = self.host_for(&ready.clip.delivery);
                    self.line(ready, path, host.as_deref())
                });
                match self.record(lines.collect(), &ready).await {
                    Ok(()) => {
                        summary.downloaded += ready.len();
                        summary.bytes += ready.iter().map(bytes).sum::<u64>();
                    }
                    Err(error) => {
                        for ready in &ready {
                            let failure = self.not_recorded(&ready.clip.delivery, &error);
                            self.fail(summary, failure);
                        }
                    }
                }
            }
            Ok(None) => {
                for ready in ready {
                    let bytes = bytes(&ready);
                    match self.put(group, ready).await {
                        Ok(()) => {
                            summary.downloaded += 1;
                            summary.bytes += bytes;
                        }
                        Err(failure) => self.fail(summary, failure),
                    }
                }
            }
            Err(error) => {
                for ready in &ready {
                    let trouble = io::Error::new(error.kind(), error.to_string());
                    let failure = self.failure(&ready.clip.delivery, FetchError::Disk(trouble));
                    self.fail(summary, failure);
                }
            }
        }
    }

    /// The name of this computer, where the log has to say it: several write to it, or have done so.
    fn host_for(&self, delivery: &Delivery) -> Option<String> {
        let saved = delivery.saved.as_ref().or(delivery.elsewhere.as_ref());
        let is_named = saved.is_some_and(|saved| saved.host.is_some());
        (self.with.writer.is_shared() || is_named).then(disk::host_name)
    }

    fn line(&self, ready: &StagedClip<'_>, path: &Path, host: Option<&str>) -> Lines {
        let delivery = &ready.clip.delivery;
        let item = delivery.item.as_ref();
        let at = self
            .with
            .writer
            .ledger()
            .stamp(delivery.job, self.with.writer.now());
        let download = jobs::Download {
            generation_id: delivery.generation_id.as_deref(),
            file: &self.place().as_recorded(path),
            file_host: host,
            bytes: ready.whole.bytes,
            sha256: &ready.whole.sha256,
        };
        jobs::Event::new(
            at,
            delivery.job,
            delivery.attempt,
            EventKind::Downloaded(download),
        )
        .of_item(item.map(|(column, id)| (*column, id.as_str())))
        .in_sandbox(delivery.is_sandbox)
        .into()
    }

    /// Appends the lines of clips that have their names, then forgets their notes.
    async fn record(&self, lines: Lines, ready: &[StagedClip<'_>]) -> Result<(), AppendError> {
        let appended = self.with.writer.append(&lines).await;
        appended.inspect_err(|_| self.stop.set(StopReason::Shared))?;
        for ready in ready {
            // Notes left behind do no harm.
            let _ = ready.part.forget();
            (self.with.progress)(DeliveryEvent::Done {
                job: ready.clip.delivery.job,
            });
        }
        Ok(())
    }

    /// Why a clip whose line cannot be written counts as failed.
    fn not_recorded(&self, delivery: &Delivery, error: &AppendError) -> DeliveryFailure {
        let trouble = match lease::kind_of(error) {
            FailureKind::Disk => {
                FetchError::Disk(io::Error::new(error.error.kind(), error.to_string()))
            }
            kind => FetchError::Log(LogUnusable {
                kind,
                why: error.to_string(),
            }),
        };
        self.failure(delivery, trouble)
    }
}
