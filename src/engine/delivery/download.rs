//! Fetching what is due: each clip once, whole, checked, and reported in the log.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::disk;
use crate::jobs::{self, JobKey, What};
use crate::journal::{AppendError, Writer};
use futures::StreamExt;

use super::bucket::{Bucket, There};
use super::client::Client;
use super::due::When;
use super::error::FetchError;
use super::facts::{Delivery, SavedClip};
use super::fetcher::{Fetcher, Refresh};
use super::lease::{self, Begun, Unusable, Work};
use super::outcome::{Event, Failure, FailureKind};
use super::part::{self, Part, Whole};
use super::place::{self, Found, Place};
use super::plan::{Group, Plan, PlannedClip};
use super::together::Together;
use crate::engine::stop::{Reason, Stop};

/// How often the folder for parts is made for a clip while other runs remove it.
const MOST_SWEEPS: u32 = 10;

/// How to fetch.
#[derive(Clone, Debug)]
pub struct DownloadOptions {
    /// The target folder, [prepared](super::prepare); with a bucket, the folder for parts.
    pub dir: PathBuf,
    /// The bucket that clips go to instead.
    pub bucket: Option<Arc<Bucket>>,
    /// Clips fetched at the same time, at least 1.
    pub concurrency: usize,
    /// The largest clip, in bytes.
    pub max_size: u64,
    /// The wait before a first repeat; later ones are longer.
    pub retry_delay: Duration,
    /// Whether clips are fetched that another computer has already.
    pub here_too: bool,
}

/// How it went.
#[derive(Clone, Debug, Default)]
pub struct DownloadSummary {
    /// Clips fetched, or found whole after a crash, and reported in the log.
    pub downloaded: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Clips that were there already.
    pub already: usize,
    /// Clips that wait for others of their listing or SKU, fetched or not.
    pub waiting: usize,
    /// Clips that other computers were fetching, and do not have yet.
    pub left: Vec<Delivery>,
    /// Clips that did not arrive.
    pub failures: Vec<Failure>,
    /// Those of them that no later run would get either.
    pub never: BTreeSet<JobKey>,
    /// Whether the disk ended it.
    pub disk_failed: bool,
}

/// Everything a download needs.
pub struct Download<'a, R> {
    /// How to fetch.
    pub options: &'a DownloadOptions,
    /// Whom to fetch with.
    pub client: &'a Client,
    /// The log.
    pub writer: &'a Writer,
    /// Whom to ask for fresh links.
    pub refresh: &'a R,
    /// Takes what happens.
    pub progress: &'a (dyn Fn(Event) + Sync),
    /// Turns true when the run is to end: what has come of a clip is kept for the next run.
    pub stop: &'a Stop,
}

/// A clip that is whole but has not its name yet.
struct Ready<'p> {
    part: Part,
    whole: Whole,
    clip: &'p PlannedClip,
    /// Where it is, if it has its name after all.
    path: Option<PathBuf>,
}

enum Outcome<'p> {
    Already,
    Ready(Box<Ready<'p>>),
    Placed(u64),
    Failed(Failure),
    /// No later run will get it either.
    Never(Failure),
    Another(Box<Delivery>),
}

/// The clips of one group that are whole, and how many are still to come.
struct Gathered<'p> {
    ready: Vec<Ready<'p>>,
    missing: usize,
}

impl<R: Refresh> Download<'_, R> {
    /// Fetches what is planned. Never fails as a whole: each clip's failure is in the summary.
    pub async fn run(&self, plan: &Plan<'_>) -> DownloadSummary {
        // The file of a log in a database is a copy for this run.
        let log = if self.writer.is_shared() {
            self.writer.name()
        } else {
            self.writer.path()
        };
        let run = Run {
            with: self,
            stop: self.stop.part(),
            log_folder: self.writer.folder(),
            log: JobKey::digest(&[&log.to_string_lossy()]).to_string(),
        };
        run.run(plan).await
    }
}

struct Run<'a, R> {
    with: &'a Download<'a, R>,
    stop: Stop,
    log_folder: PathBuf,
    /// Distinguishes the log from others.
    log: String,
}

impl<R: Refresh> Run<'_, R> {
    async fn run(&self, plan: &Plan<'_>) -> DownloadSummary {
        let mut summary = DownloadSummary {
            waiting: plan.waiting,
            ..DownloadSummary::default()
        };
        let clips = plan.groups.iter().enumerate().flat_map(|(index, group)| {
            let clips = group.clips.iter();
            clips.map(move |clip| self.clip(plan.when, index, group, clip))
        });
        let together = Together::of(self.with.writer, plan.all, plan.when, Work::Download);
        let mut gathered: HashMap<usize, Gathered<'_>> = HashMap::new();
        let concurrency = self.with.options.concurrency.max(1);
        let outcomes = futures::stream::iter(clips).buffer_unordered(concurrency);
        let mut outcomes = std::pin::pin!(outcomes.filter_map(std::future::ready));
        while let Some((index, outcome)) = outcomes.next().await {
            let group = &plan.groups[index];
            let gathered = gathered.entry(index).or_insert_with(|| Gathered {
                ready: Vec::new(),
                missing: group.clips.len(),
            });
            match outcome {
                Outcome::Already => {
                    summary.already += 1;
                    gathered.missing -= 1;
                }
                Outcome::Placed(bytes) => {
                    summary.downloaded += 1;
                    summary.bytes += bytes;
                }
                Outcome::Ready(ready) => {
                    gathered.ready.push(*ready);
                    gathered.missing -= 1;
                }
                Outcome::Failed(failure) => self.fail(&mut summary, failure),
                Outcome::Never(failure) => {
                    summary.never.insert(failure.job);
                    self.fail(&mut summary, failure);
                }
                Outcome::Another(delivery) => summary.left.push(*delivery),
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

    fn place(&self) -> Place<'_> {
        Place {
            dir: &self.with.options.dir,
            log_folder: (!self.with.writer.is_shared()).then_some(&*self.log_folder),
            log: &self.log,
        }
    }

    /// Whether the clips of a listing or SKU may all get their names, as the log stands: fetching takes
    /// long.
    async fn is_complete(
        &self,
        together: &Together<'_>,
        delivery: &Delivery,
    ) -> Result<bool, Unusable> {
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

    fn fail(&self, summary: &mut DownloadSummary, failure: Failure) {
        summary.disk_failed |= failure.kind == FailureKind::Disk;
        (self.with.progress)(Event::Failed { job: failure.job });
        summary.failures.push(failure);
    }

    /// What became of one clip; `None` when the run stops before it is whole.
    async fn clip<'p>(
        &self,
        when: When,
        index: usize,
        group: &'p Group,
        clip: &'p PlannedClip,
    ) -> Option<(usize, Outcome<'p>)> {
        let outcome = match self.stop.or(self.whole(group, clip)).await? {
            Ok(None) => Outcome::Already,
            Ok(Some(ready)) if when == When::Complete => Outcome::Ready(Box::new(ready)),
            Ok(Some(ready)) => {
                let bytes = ready.whole.bytes;
                match self.put(group, ready).await {
                    Ok(()) => Outcome::Placed(bytes),
                    Err(failure) => Outcome::Failed(failure),
                }
            }
            Err(FetchError::Another) => Outcome::Another(Box::new(clip.delivery.clone())),
            Err(trouble @ FetchError::Never(_)) => {
                Outcome::Never(self.failure(&clip.delivery, trouble))
            }
            Err(trouble) => Outcome::Failed(self.failure(&clip.delivery, trouble)),
        };
        Some((index, outcome))
    }

    /// The clip, whole; `None` when the log reports it and it is there.
    async fn whole<'p>(
        &self,
        group: &Group,
        clip: &'p PlannedClip,
    ) -> Result<Option<Ready<'p>>, FetchError> {
        let mut tries = 0;
        loop {
            let whole = self.whole_once(group, clip).await;
            let is_swept = match &whole {
                Err(FetchError::Disk(error)) => {
                    error.kind() == io::ErrorKind::NotFound && !self.place().staging().exists()
                }
                _ => false,
            };
            tries += 1;
            // Another run into this folder has ended, and nothing was in there yet.
            if !is_swept || tries == MOST_SWEEPS {
                return whole;
            }
        }
    }

    async fn whole_once<'p>(
        &self,
        group: &Group,
        clip: &'p PlannedClip,
    ) -> Result<Option<Ready<'p>>, FetchError> {
        let delivery = &clip.delivery;
        let staging = self.place().staging();
        if self.is_downloaded(delivery).await? {
            if staging.exists() {
                // What a crash right after the line has left; it does no harm.
                let _ = Part::open(&staging, delivery).clear();
            }
            return Ok(None);
        }
        match lease::begin(self.with.writer, Work::Download, delivery).await {
            Ok(Begun::Mine(view)) => {
                if self.is_downloaded(&Delivery::of(&view, true)).await? {
                    return Ok(None);
                }
            }
            Ok(Begun::Another) => return Err(FetchError::Another),
            Err(unusable) => return Err(self.log_failed(unusable)),
        }
        std::fs::create_dir_all(&staging)?;
        let mut part = Part::open(&staging, delivery);
        let ready = |part, whole, path| {
            Some(Ready {
                part,
                whole,
                clip,
                path,
            })
        };
        let found = match &self.with.options.bucket {
            None => self.place().find(&part, &group.folder, clip),
            Some(_) => place::whole_part(&part)
                .or(self.downloaded_before(delivery, &mut part)?)
                .map(Found::InPart),
        };
        match found {
            Some(Found::InPart(whole)) => return Ok(ready(part, whole, None)),
            Some(Found::InPlace(path, whole)) => return Ok(ready(part, whole, Some(path))),
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

    /// Without the log no other clip can be fetched either.
    fn log_failed(&self, unusable: Unusable) -> FetchError {
        self.stop.set(Reason::Shared);
        FetchError::Log(unusable)
    }

    /// Whether a clip that the log has as downloaded is still there.
    async fn is_there(&self, saved: &SavedClip) -> Result<bool, FetchError> {
        let Some(bucket) = &self.with.options.bucket else {
            if saved.is_in_bucket() {
                // It is in a bucket, and this run has no credentials to look.
                return Ok(true);
            }
            return Ok(place::file_of(saved, &self.log_folder).is_some());
        };
        let is_here = saved.file.starts_with(&format!("{}/", bucket.address()));
        Ok(is_here && bucket.size_of(&saved.file).await? == Some(saved.bytes))
    }

    /// A clip that an earlier run downloaded into a folder: it needs no second download.
    fn downloaded_before(
        &self,
        delivery: &Delivery,
        part: &mut Part,
    ) -> Result<Option<Whole>, FetchError> {
        let Some(saved) = delivery
            .saved
            .as_ref()
            .filter(|saved| !saved.is_in_bucket())
        else {
            return Ok(None);
        };
        let path = saved.path(&self.log_folder);
        if !part::is_clip(&path, saved.bytes, &saved.sha256) {
            return Ok(None);
        }
        part.clear()?;
        std::fs::copy(&path, &part.data)?;
        let whole = Whole {
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

    /// Uploads one clip to the bucket and records it in the log.
    async fn put_in_bucket(
        &self,
        bucket: &Bucket,
        group: &Group,
        mut ready: Ready<'_>,
    ) -> Result<(), Failure> {
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
        group: &Group,
        ready: &mut Ready<'_>,
    ) -> Result<String, FetchError> {
        let names = place::names(ready.clip, &ready.whole);
        for name in &names {
            let address = bucket.address_of(&group.folder, name);
            match bucket.look(&address, &ready.whole).await? {
                There::ThisClip => return Ok(address),
                There::SomethingElse => {}
                There::Nothing => {
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
    async fn put(&self, group: &Group, ready: Ready<'_>) -> Result<(), Failure> {
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
    async fn put_together(
        &self,
        group: &Group,
        ready: Vec<Ready<'_>>,
        summary: &mut DownloadSummary,
    ) {
        let bytes = |ready: &Ready<'_>| ready.whole.bytes;
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

    fn line(&self, ready: &Ready<'_>, path: &Path, host: Option<&str>) -> String {
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
            What::Downloaded(download),
        )
        .of_item(item.map(|(column, id)| (*column, id.as_str())))
        .in_sandbox(delivery.is_sandbox)
        .line()
    }

    /// Appends the lines of clips that have their names, then forgets their notes.
    async fn record(&self, lines: String, ready: &[Ready<'_>]) -> Result<(), AppendError> {
        let appended = self.with.writer.append(&lines).await;
        appended.inspect_err(|_| self.stop.set(Reason::Shared))?;
        for ready in ready {
            // Notes left behind do no harm.
            let _ = ready.part.forget();
            (self.with.progress)(Event::Done {
                job: ready.clip.delivery.job,
            });
        }
        Ok(())
    }

    /// Why a clip whose line cannot be written counts as failed.
    fn not_recorded(&self, delivery: &Delivery, error: &AppendError) -> Failure {
        let trouble = match lease::kind_of(error) {
            FailureKind::Disk => {
                FetchError::Disk(io::Error::new(error.error.kind(), error.to_string()))
            }
            kind => FetchError::Log(Unusable {
                kind,
                why: error.to_string(),
            }),
        };
        self.failure(delivery, trouble)
    }

    fn failure(&self, delivery: &Delivery, trouble: FetchError) -> Failure {
        trouble.explain(delivery, &self.with.options.dir, &self.stop)
    }
}
