//! A run over what is planned, and what becomes of each clip.

use std::collections::HashMap;
use std::path::PathBuf;

use futures::StreamExt;

use super::{Download, DownloadSummary};
use crate::engine::delivery::due::When;
use crate::engine::delivery::error::FetchError;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::fetcher::Refresh;
use crate::engine::delivery::group_guard::GroupGuard;
use crate::engine::delivery::lease::{LeasedWork, LogUnusable};
use crate::engine::delivery::outcome::{DeliveryEvent, DeliveryFailure, FailureKind};
use crate::engine::delivery::partial_download::{CompleteClip, PartialDownload};
use crate::engine::delivery::plan::{ClipGroup, DeliveryPlan, PlannedClip};
use crate::engine::delivery::target_dir::TargetDir;
use crate::engine::stop::{Stop, StopReason};
use crate::jobs::JobKey;

/// A clip that is whole but has not its name yet.
pub(super) struct StagedClip<'p> {
    pub part: PartialDownload,
    pub whole: CompleteClip,
    pub clip: &'p PlannedClip,
    /// Where it is, if it has its name after all.
    pub path: Option<PathBuf>,
}

enum DownloadOutcome<'p> {
    Already,
    Ready(Box<StagedClip<'p>>),
    Placed(u64),
    Failed(DeliveryFailure),
    /// No later run will get it either.
    Never(DeliveryFailure),
    Another(Box<Delivery>),
}

/// The clips of one group that are whole, and how many are still to come.
struct StagedGroup<'p> {
    ready: Vec<StagedClip<'p>>,
    missing: usize,
}

impl<R: Refresh> Download<'_, R> {
    /// Fetches what is planned. Never fails as a whole: each clip's failure is in the summary.
    pub async fn run(&self, plan: &DeliveryPlan<'_>) -> DownloadSummary {
        // The file of a log in a database is a copy for this run.
        let log = if self.writer.is_shared() {
            self.writer.name()
        } else {
            self.writer.path()
        };
        let run = DownloadRun {
            with: self,
            stop: self.stop.part(),
            log_folder: self.writer.folder(),
            log: JobKey::digest(&[&log.to_string_lossy()]).to_string(),
        };
        run.run(plan).await
    }
}

pub(super) struct DownloadRun<'a, R> {
    pub with: &'a Download<'a, R>,
    pub stop: Stop,
    pub log_folder: PathBuf,
    /// Distinguishes the log from others.
    log: String,
}

impl<R: Refresh> DownloadRun<'_, R> {
    async fn run(&self, plan: &DeliveryPlan<'_>) -> DownloadSummary {
        let mut summary = DownloadSummary {
            waiting: plan.waiting,
            ..DownloadSummary::default()
        };
        let clips = plan.groups.iter().enumerate().flat_map(|(index, group)| {
            let clips = group.clips.iter();
            clips.map(move |clip| self.clip(plan.when, index, group, clip))
        });
        let together = GroupGuard::of(self.with.writer, plan.all, plan.when, LeasedWork::Download);
        let mut gathered: HashMap<usize, StagedGroup<'_>> = HashMap::new();
        let concurrency = self.with.options.concurrency.max(1);
        let outcomes = futures::stream::iter(clips).buffer_unordered(concurrency);
        let mut outcomes = std::pin::pin!(outcomes.filter_map(std::future::ready));
        while let Some((index, outcome)) = outcomes.next().await {
            let group = &plan.groups[index];
            let gathered = gathered.entry(index).or_insert_with(|| StagedGroup {
                ready: Vec::new(),
                missing: group.clips.len(),
            });
            match outcome {
                DownloadOutcome::Already => {
                    summary.already += 1;
                    gathered.missing -= 1;
                }
                DownloadOutcome::Placed(bytes) => {
                    summary.downloaded += 1;
                    summary.bytes += bytes;
                }
                DownloadOutcome::Ready(ready) => {
                    gathered.ready.push(*ready);
                    gathered.missing -= 1;
                }
                DownloadOutcome::Failed(failure) => self.fail(&mut summary, failure),
                DownloadOutcome::Never(failure) => {
                    summary.never.insert(failure.job);
                    self.fail(&mut summary, failure);
                }
                DownloadOutcome::Another(delivery) => summary.left.push(*delivery),
            }
            if gathered.missing == 0
                && let Some(first) = gathered.ready.first()
            {
                match self.is_complete(&together, &first.clip.delivery).await {
                    Ok(true) => {
                        let ready = std::mem::take(&mut gathered.ready);
                        self.put_together(group, ready, &mut summary).await;
                    }
                    // They wait, whole.
                    Ok(false) => {}
                    Err(unusable) => {
                        for ready in std::mem::take(&mut gathered.ready) {
                            let trouble = self.log_failed(unusable.clone());
                            let failure = self.failure(&ready.clip.delivery, trouble);
                            self.fail(&mut summary, failure);
                        }
                    }
                }
            }
        }
        summary.waiting += gathered.values().map(|g| g.ready.len()).sum::<usize>();
        self.look_again(&mut summary).await;
        // Only an empty folder goes: parts are for the next run.
        let _ = std::fs::remove_dir(self.place().staging());
        summary
    }

    pub fn place(&self) -> TargetDir<'_> {
        TargetDir {
            dir: &self.with.options.dir,
            log_folder: (!self.with.writer.is_shared()).then_some(&*self.log_folder),
            log: &self.log,
        }
    }

    /// Whether the clips of a listing or SKU may all get their names, as the log stands: fetching takes
    /// long.
    async fn is_complete(
        &self,
        together: &GroupGuard<'_>,
        delivery: &Delivery,
    ) -> Result<bool, LogUnusable> {
        self.with.writer.refresh().await?;
        Ok(together.is_complete(delivery)?)
    }

    /// Looks again at what other computers were fetching.
    async fn look_again(&self, summary: &mut DownloadSummary) {
        let writer = self.with.writer;
        // What cannot be looked at is left for the next run.
        if summary.left.is_empty() || writer.refresh().await.is_err() {
            return;
        }
        let before = summary.left.len();
        summary.left.retain(|delivery| {
            let view = writer.view(delivery.job).ok().flatten();
            let now = view.map(|view| Delivery::of(&view, true));
            !now.is_some_and(|now| now.saved.is_some() || now.elsewhere.is_some())
        });
        summary.already += before - summary.left.len();
    }

    pub fn fail(&self, summary: &mut DownloadSummary, failure: DeliveryFailure) {
        summary.disk_failed |= failure.kind == FailureKind::Disk;
        (self.with.progress)(DeliveryEvent::Failed { job: failure.job });
        summary.failures.push(failure);
    }

    /// What became of one clip; `None` when the run stops before it is whole.
    async fn clip<'p>(
        &self,
        when: When,
        index: usize,
        group: &'p ClipGroup,
        clip: &'p PlannedClip,
    ) -> Option<(usize, DownloadOutcome<'p>)> {
        let outcome = match self.stop.or(self.whole(group, clip)).await? {
            Ok(None) => DownloadOutcome::Already,
            Ok(Some(ready)) if when == When::Complete => DownloadOutcome::Ready(Box::new(ready)),
            Ok(Some(ready)) => {
                let bytes = ready.whole.bytes;
                match self.put(group, ready).await {
                    Ok(()) => DownloadOutcome::Placed(bytes),
                    Err(failure) => DownloadOutcome::Failed(failure),
                }
            }
            Err(FetchError::Another) => DownloadOutcome::Another(Box::new(clip.delivery.clone())),
            Err(trouble @ FetchError::Never(_)) => {
                DownloadOutcome::Never(self.failure(&clip.delivery, trouble))
            }
            Err(trouble) => DownloadOutcome::Failed(self.failure(&clip.delivery, trouble)),
        };
        Some((index, outcome))
    }

    /// Without the log no other clip can be fetched either.
    pub fn log_failed(&self, unusable: LogUnusable) -> FetchError {
        self.stop.set(StopReason::Shared);
        FetchError::Log(unusable)
    }

    pub fn failure(&self, delivery: &Delivery, trouble: FetchError) -> DeliveryFailure {
        trouble.explain(delivery, &self.with.options.dir, &self.stop)
    }
}
