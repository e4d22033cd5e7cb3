//! Where `download` puts clips: a folder, or a bucket.

use std::path::PathBuf;
use std::sync::Arc;

use etcetera::BaseStrategy;

use crate::commands::open::OpenLog;
use crate::commands::outputs;
use crate::engine::delivery::bucket::Bucket;
use crate::engine::delivery::prepare;
use crate::exit::Failure;
use crate::journal::Writer;
use crate::text::is_address;

/// Where clips go.
pub struct DownloadTarget {
    /// The folder, or the bucket's address.
    pub dir: PathBuf,
    pub bucket: Option<Arc<Bucket>>,
    /// Where clips are on this computer, if only on their way to the bucket.
    pub folder: PathBuf,
    /// Whether the folder was made for them.
    is_new: bool,
}

impl DownloadTarget {
    /// By the settings. The folder is made.
    pub fn of(log: &OpenLog<'_>) -> Result<Self, Failure> {
        let dir = &log.settings.download.dir;
        let bucket = bucket_of(&dir.to_string_lossy())?;
        let folder = if bucket.is_some() {
            waiting_room(&log.writer)
        } else {
            outputs::check_folder(dir, log.writer.path())?;
            dir.clone()
        };
        let is_new = bucket.is_none() && !dir.exists();
        let folder = prepare(&folder).map_err(|e| {
            Failure::io(format!("clips cannot be kept in {}", folder.display()))
                .because(e)
                .help("choose another folder with --dir")
        })?;
        let address = bucket
            .as_ref()
            .map(|bucket| PathBuf::from(bucket.address()));
        Ok(Self {
            dir: address.unwrap_or_else(|| folder.clone()),
            bucket: bucket.map(Arc::new),
            folder,
            is_new,
        })
    }

    /// Removes a folder into which nothing came.
    pub fn leave(&self) {
        if self.is_new {
            // Only an empty folder goes.
            let _ = std::fs::remove_dir(&self.dir);
        }
    }
}

/// The bucket that `dir` names, where it is not a folder.
fn bucket_of(dir: &str) -> Result<Option<Bucket>, Failure> {
    if !is_address(dir) {
        return Ok(None);
    }
    Bucket::open(dir).map(Some).map_err(|error| {
        Failure::config(error.why).help("nothing was sent; `creativeai help download` has examples")
    })
}

/// Where clips wait on their way to a bucket: beside the log, or where it is in a database, among what
/// can be made again.
fn waiting_room(writer: &Writer) -> PathBuf {
    let base = etcetera::choose_base_strategy().ok();
    let cache = base.filter(|_| writer.is_shared());
    cache.map_or_else(
        || writer.folder(),
        |base| base.cache_dir().join("creativeai").join("clips"),
    )
}
