//! Whether the clips that the log has as downloaded are still there, byte for byte.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::bucket::{Bucket, BucketError};
use super::facts::{Delivery, SavedClip};
use super::partial_download;
use crate::jobs::JobKey;
use crate::text::is_address;

/// What is wrong with a clip.
#[derive(Debug)]
pub enum Flaw {
    /// It is finished, and the log does not say that it was downloaded.
    NotDownloaded,
    /// It is on another computer, which alone can look.
    Elsewhere(String),
    /// Its file is gone.
    Missing,
    /// Its file is not the clip any more.
    Altered,
    /// It is in a bucket, which only [`Proof::with_buckets`] looks at.
    InBucket,
    /// The log holds no checksum for it.
    Unproven,
    /// Its file cannot be read.
    Unreadable(io::Error),
}

impl Flaw {
    /// Its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotDownloaded => "not_downloaded",
            Self::Elsewhere(_) => "elsewhere",
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::InBucket => "in_bucket",
            Self::Unproven => "unproven",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// A clip that is not proven whole.
#[derive(Debug)]
pub struct FlawedClip {
    /// The job.
    pub job: JobKey,
    /// Its listing or SKU.
    pub item: String,
    /// Where the file is, or should be.
    pub file: Option<PathBuf>,
    /// What is wrong.
    pub flaw: Flaw,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Proof {
    /// Clips that are whole.
    pub whole: usize,
    /// Their size, in bytes.
    pub bytes: u64,
    /// All others, in the order of the log.
    pub flawed: Vec<FlawedClip>,
}

impl Proof {
    /// Looks at the clips that are in buckets, too, one after the other.
    pub async fn with_buckets(self, deliveries: &[Delivery]) -> Self {
        let saved: HashMap<_, _> = deliveries
            .iter()
            .filter_map(|delivery| Some((delivery.job, delivery.saved.as_ref()?)))
            .collect();
        let mut looked = Self {
            flawed: Vec::new(),
            ..self
        };
        for mut flawed in self.flawed {
            if let (Flaw::InBucket, Some(saved)) = (&flawed.flaw, saved.get(&flawed.job)) {
                let Some(flaw) = prove_in_bucket(saved).await else {
                    looked.whole += 1;
                    looked.bytes += saved.bytes;
                    continue;
                };
                flawed.flaw = flaw;
            }
            looked.flawed.push(flawed);
        }
        looked
    }
}

/// Reads the file of each due clip and compares it with the checksum in the log, on all cores.
/// `log_folder` is where the log is; with `copy`, the clips are looked for in that folder, each in
/// the folder of its listing or SKU, instead of where the log has them.
pub fn prove(deliveries: &[Delivery], log_folder: &Path, copy: Option<&Path>) -> Proof {
    let due: Vec<&Delivery> = deliveries.iter().filter(|d| d.is_due()).collect();
    let checked: Vec<Result<u64, FlawedClip>> = due
        .into_par_iter()
        .map(|delivery| {
            // A copy of it may still be here.
            let elsewhere = delivery.elsewhere.as_ref().filter(|_| copy.is_some());
            let saved = delivery.saved.as_ref().or(elsewhere);
            let file = saved.map(|saved| place(saved, log_folder, copy));
            let flaw = match (saved, &file) {
                (Some(saved), Some(file)) => flaw_of(saved, file),
                _ => Some(unseen(delivery)),
            };
            match (flaw, saved) {
                (None, saved) => Ok(saved.map_or(0, |saved| saved.bytes)),
                (Some(flaw), _) => Err(FlawedClip {
                    job: delivery.job,
                    item: delivery.owner_name(),
                    file,
                    flaw,
                }),
            }
        })
        .collect();
    let mut proof = Proof::default();
    for clip in checked {
        match clip {
            Ok(bytes) => {
                proof.whole += 1;
                proof.bytes += bytes;
            }
            Err(flawed) => proof.flawed.push(flawed),
        }
    }
    proof
}

/// Why there is nothing to look at.
fn unseen(delivery: &Delivery) -> Flaw {
    let elsewhere = delivery.elsewhere.as_ref();
    match elsewhere.and_then(|saved| saved.host.clone()) {
        Some(host) => Flaw::Elsewhere(host),
        None => Flaw::NotDownloaded,
    }
}

/// Where a clip's file should be.
fn place(saved: &SavedClip, log_folder: &Path, copy: Option<&Path>) -> PathBuf {
    let path = saved.path(log_folder);
    let Some(copy) = copy else {
        return path;
    };
    let mut names: Vec<_> = path.components().rev().take(2).collect();
    names.reverse();
    names
        .into_iter()
        .fold(copy.to_owned(), |path, name| path.join(name))
}

/// Reads a clip that is in a bucket; what is wrong with it, if anything.
async fn prove_in_bucket(saved: &SavedClip) -> Option<Flaw> {
    let unreadable = |error: BucketError| Flaw::Unreadable(io::Error::other(error.why));
    let bucket = match Bucket::open(&saved.file) {
        Ok(bucket) => bucket,
        Err(error) => return Some(unreadable(error)),
    };
    match bucket.size_of(&saved.file).await {
        Ok(None) => return Some(Flaw::Missing),
        Ok(Some(size)) if size != saved.bytes => return Some(Flaw::Altered),
        Ok(Some(_)) => {}
        Err(error) => return Some(unreadable(error)),
    }
    match bucket.sha256_of(&saved.file).await {
        Ok(sha256) => (sha256 != saved.sha256).then_some(Flaw::Altered),
        Err(error) => Some(unreadable(error)),
    }
}

fn flaw_of(saved: &SavedClip, file: &Path) -> Option<Flaw> {
    if is_address(&file.to_string_lossy()) {
        return Some(Flaw::InBucket);
    }
    let size = match std::fs::metadata(file) {
        Ok(meta) if meta.is_file() => meta.len(),
        Ok(_) => return Some(Flaw::Altered),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Flaw::Missing),
        Err(error) => return Some(Flaw::Unreadable(error)),
    };
    if size != saved.bytes {
        return Some(Flaw::Altered);
    }
    if saved.sha256.is_empty() {
        return Some(Flaw::Unproven);
    }
    match partial_download::sha256_of(file) {
        Ok(sha256) if sha256 == saved.sha256.to_ascii_lowercase() => None,
        Ok(_) => Some(Flaw::Altered),
        Err(error) => Some(Flaw::Unreadable(error)),
    }
}
