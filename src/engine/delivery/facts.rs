//! What the log says of a job that delivery needs to know.

use std::path::{Path, PathBuf};

use super::names;
use super::sent::{Sent, sent};
use crate::disk;
use crate::jobs::{AttemptView, IdColumn, JobKey, JobView, PHOTO_FILE, ReviewVerdict, Status};
use crate::journal::{LogError, Writer};
use crate::text::is_address;

/// What a `downloaded` line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedClip {
    /// The file: relative to the log's folder, or absolute; or an object's address.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its checksum, hexadecimal.
    pub sha256: String,
    /// The computer that it is on, where the log says so.
    pub host: Option<String>,
}

impl SavedClip {
    /// Whether it is an object in a bucket instead of a file.
    pub fn is_in_bucket(&self) -> bool {
        is_address(&self.file)
    }

    /// The file's place; `log_folder` is where the log is. An object's address stays as it is.
    pub fn path(&self, log_folder: &Path) -> PathBuf {
        if self.is_in_bucket() {
            return PathBuf::from(&self.file);
        }
        // Made of the same slashes on every platform.
        let relative: PathBuf = self.file.split('/').collect();
        if Path::new(&self.file).is_absolute() {
            PathBuf::from(&self.file)
        } else {
            log_folder.join(relative)
        }
    }
}

/// What delivery needs to know of one job.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of one job, each read by its own name"
)]
pub struct Delivery {
    /// The job.
    pub job: JobKey,
    /// The attempt that speaks for it.
    pub attempt: u32,
    /// The listing or SKU.
    pub item: Option<(IdColumn, String)>,
    /// The row's line in the manifest.
    pub line: Option<u64>,
    /// A short name of the clip; may be empty.
    pub slug: String,
    /// Whether it is completed.
    pub is_completed: bool,
    /// What a person thinks of its clip, where one has looked at it.
    pub look: Option<ReviewVerdict>,
    /// Whether it counts: neither dismissed nor superseded.
    pub is_counted: bool,
    /// Whether the person's choice (`--where`) covers it.
    pub is_chosen: bool,
    /// Whether a sandbox made it.
    pub is_sandbox: bool,
    /// Whether it is a voice.
    pub is_voice: bool,
    /// The vendor's id.
    pub generation_id: Option<String>,
    /// Where the clip is, as the vendor reported last.
    pub output_url: Option<String>,
    /// Where it is on this computer's disk or in a bucket, as the log says.
    pub saved: Option<SavedClip>,
    /// Where it is on another computer, as the log says.
    pub elsewhere: Option<SavedClip>,
    /// The job that took its place: of its row when that was edited.
    pub superseded_by: Option<JobKey>,
    /// Which target has which of its attempts' clips, or may have.
    pub sent: Vec<Sent>,
}

impl Delivery {
    /// Reads a job's view.
    pub fn of(view: &JobView, is_chosen: bool) -> Self {
        let effective = view.effective();
        let request = |name| effective.and_then(|attempt| text_of(attempt.request_value(name)?));
        let column = |name| view.column(name).filter(|text| !text.is_empty());
        // A photo that was uploaded from this computer is called as it was there.
        let slug = column(PHOTO_FILE)
            .map(|path| names::file_name(&path).to_owned())
            .or_else(|| names::image_name(&column("image_url")?))
            .or_else(|| view.fields.text("variant").map(str::to_owned))
            .map(|name| names::slug(&name))
            .filter(|slug| !slug.is_empty())
            .or_else(|| {
                let words = request("prompt").or_else(|| request("text"))?;
                let start: Vec<&str> = words.split_whitespace().take(6).collect();
                Some(names::slug(&start.join(" ")))
            });
        let (saved, elsewhere) = saved(effective);
        Self {
            job: view.key(),
            attempt: view.state.effective().number,
            item: view.id().map(|(column, id)| (column, id.to_owned())),
            line: view.line(),
            slug: slug.unwrap_or_default(),
            is_completed: view.state.status() == Status::Completed,
            look: view.state.effective().look(),
            is_counted: view.state.is_counted(),
            is_chosen,
            is_sandbox: view.state.is_sandbox(),
            is_voice: request("text").is_some() && request("prompt").is_none(),
            generation_id: effective.and_then(|a| a.generation_id().map(str::to_owned)),
            output_url: effective.and_then(|a| a.fields.text("output_url").map(str::to_owned)),
            saved,
            elsewhere,
            superseded_by: (view.state.is_superseded())
                .then(|| JobKey::parse(view.fields.text("by_job")?))
                .flatten(),
            sent: sent(view),
        }
    }

    /// Whether the job still stands where it stood.
    pub fn is_of(&self, view: &JobView) -> bool {
        let is_completed = view.state.status() == Status::Completed;
        let number = view.state.effective().number;
        (number, is_completed) == (self.attempt, self.is_completed)
    }

    /// The listing or SKU as a person knows it, else the job's key.
    pub fn owner_name(&self) -> String {
        match &self.item {
            Some((_, id)) => id.clone(),
            None => self.job.to_string(),
        }
    }

    pub(super) fn owner_key(&self) -> (Option<IdColumn>, String) {
        let column = self.item.as_ref().map(|(column, _)| *column);
        (column, self.owner_name())
    }

    /// Whether it is to be delivered at all: finished, counted and chosen.
    pub fn is_due(&self) -> bool {
        self.is_counted && self.is_chosen && self.is_completed
    }

    /// Whether one of these targets has its clip.
    pub fn is_published(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        self.sent
            .iter()
            .any(|sent| sent.is_published && sent.attempt == self.attempt && is_meant(&sent.target))
    }

    /// Whether it was downloaded, here or elsewhere, whatever became of the file.
    pub fn was_downloaded(&self) -> bool {
        self.saved.is_some() || self.elsewhere.is_some()
    }

    /// Whether its clip was rejected, dismissed, replaced or ordered anew in `view`, which was read
    /// later.
    pub(super) fn is_withdrawn(&self, view: &JobView) -> bool {
        let state = &view.state;
        let is_another = self.is_completed && state.effective().number != self.attempt;
        !state.is_counted()
            || is_another
            || state.effective().look() == Some(ReviewVerdict::Rejected)
    }
}

/// Where a clip is that was downloaded: here, or on another computer.
fn saved(attempt: Option<&AttemptView>) -> (Option<SavedClip>, Option<SavedClip>) {
    let saved = attempt.and_then(|attempt| {
        let downloaded = &attempt.downloaded;
        Some(SavedClip {
            file: downloaded.text("file")?.to_owned(),
            bytes: downloaded.get("bytes")?.as_u64()?,
            sha256: downloaded.text("sha256").unwrap_or_default().to_owned(),
            host: attempt.file_host().map(str::to_owned),
        })
    });
    let is_elsewhere = |saved: &SavedClip| {
        let host = saved.host.as_deref();
        host.is_some_and(|host| host != disk::host_name())
    };
    match saved {
        Some(saved) if is_elsewhere(&saved) => (None, Some(saved)),
        saved => (saved, None),
    }
}

fn text_of(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// Every job of the log, in its order. The writer's ledger must keep places.
pub fn gather(
    writer: &Writer,
    chosen: impl Fn(&JobView) -> bool,
) -> Result<Vec<Delivery>, LogError> {
    let keys: Vec<JobKey> = writer.ledger().jobs().map(|job| job.key).collect();
    let mut deliveries = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(view) = writer.view(key)? {
            deliveries.push(Delivery::of(&view, chosen(&view)));
        }
    }
    Ok(deliveries)
}
