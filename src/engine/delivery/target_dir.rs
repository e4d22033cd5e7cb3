//! Giving a whole clip its name, and finding it again after a crash.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk;

use super::facts::{Delivery, SavedClip};
use super::partial_download::{self, CompleteClip, PartialDownload, STAGING};
use super::plan::PlannedClip;

/// The target folder, made where it is missing, in the form that [`plan`](super::plan::plan) and
/// the log need: links resolved, and text.
pub fn prepare(dir: &Path) -> io::Result<PathBuf> {
    let missing = dir.ancestors().take_while(|folder| !folder.exists());
    let missing: Vec<&Path> = missing
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect();
    fs::create_dir_all(dir)?;
    for folder in missing {
        disk::sync_folder_of(folder)?;
    }
    let dir = disk::canonicalize(dir)?;
    if dir.to_str().is_none() {
        let why = "its name is not text (UTF-8), so the log cannot name it; choose another folder";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    Ok(dir)
}

/// The file of a downloaded clip and its length, where it is there. What a person has made of it since
/// counts as the clip; a damaged file does not.
pub(super) fn file_of(saved: &SavedClip, log_folder: &Path) -> Option<(PathBuf, u64)> {
    let path = saved.path(log_folder);
    let len = partial_download::len_of_clip(&path, saved.bytes)?;
    Some((path, len))
}

/// The files of downloaded clips that a person has cut since: they have another length.
pub fn cut_since(deliveries: &[Delivery], log_folder: &Path) -> Vec<PathBuf> {
    let due = deliveries.iter().filter(|delivery| delivery.is_due());
    due.filter_map(|delivery| delivery.saved.as_ref())
        .filter_map(|saved| {
            let (path, len) = file_of(saved, log_folder)?;
            (len != saved.bytes).then_some(path)
        })
        .collect()
}

/// Holds back clips whose file is not there, as long as a later run may get it: `may_lack` says which
/// are published anyway.
pub fn hold_without_file(
    deliveries: &mut [Delivery],
    log_folder: &Path,
    may_lack: impl Fn(&Delivery) -> bool,
) {
    for delivery in deliveries {
        let has_file = match &delivery.saved {
            Some(saved) => saved.is_in_bucket() || file_of(saved, log_folder).is_some(),
            None => delivery.elsewhere.is_some(),
        };
        delivery.is_completed &= has_file || may_lack(delivery);
    }
}

/// Where clips go.
pub(super) struct TargetDir<'a> {
    pub dir: &'a Path,
    /// The folder that recorded names begin in; whole paths are recorded without one.
    pub log_folder: Option<&'a Path>,
    /// Distinguishes the log from others whose clips go there, too.
    pub log: &'a str,
}

/// Where a clip is that an earlier run had fetched whole.
pub(super) enum FetchedClip {
    /// Under its part's name.
    InPart(CompleteClip),
    /// Under its own.
    InPlace(PathBuf, CompleteClip),
}

impl TargetDir<'_> {
    pub fn staging(&self) -> PathBuf {
        self.dir.join(STAGING)
    }

    /// Looks for what an earlier run noted as whole but the log does not report.
    pub fn find(
        &self,
        part: &PartialDownload,
        folder: &str,
        clip: &PlannedClip,
    ) -> Option<FetchedClip> {
        if let Some(whole) = whole_part(part) {
            return Some(FetchedClip::InPart(whole));
        }
        let whole = part.notes.whole.clone()?;
        let is_it = |path: &Path| partial_download::is_clip(path, whole.bytes, &whole.sha256);
        let names = names(clip, &whole);
        let at_home = names.iter().map(|name| self.dir.join(folder).join(name));
        if let Some(path) = at_home.into_iter().find(|path| is_it(path)) {
            return Some(FetchedClip::InPlace(path, whole));
        }
        let gathered = self.gathering(folder).join(&names[0]);
        if is_it(&gathered) && disk::rename(&gathered, &part.data).is_ok() {
            return Some(FetchedClip::InPart(whole));
        }
        None
    }

    /// Renames a whole part to its clip's name. A file that is there is left alone, and the clip gets
    /// a longer name.
    pub fn put(
        &self,
        part: &PartialDownload,
        whole: &CompleteClip,
        folder: &str,
        clip: &PlannedClip,
    ) -> io::Result<PathBuf> {
        let folder = self.dir.join(folder);
        let is_new = !folder.exists();
        fs::create_dir_all(&folder)?;
        if is_new {
            disk::sync_folder(self.dir)?;
        }
        for name in names(clip, whole) {
            let path = folder.join(&name);
            match disk::rename_to_free(&part.data, &path) {
                Ok(()) => {
                    disk::sync_folder(&folder)?;
                    return Ok(path);
                }
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if partial_download::is_clip(&path, whole.bytes, &whole.sha256) => {
                    fs::remove_file(&part.data)?;
                    return Ok(path);
                }
                Err(_) => {}
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("other files already have its names in {}", folder.display()),
        ))
    }

    /// Lets a folder appear with all its clips at once; `None` when there is one already, also one that has
    /// come meanwhile.
    pub fn put_together<'c>(
        &self,
        folder: &str,
        clips: impl Iterator<Item = (&'c PartialDownload, &'c CompleteClip, &'c PlannedClip)>,
    ) -> io::Result<Option<Vec<PathBuf>>> {
        let home = self.dir.join(folder);
        if fs::symlink_metadata(&home).is_ok() {
            return Ok(None);
        }
        let gathering = self.gathering(folder);
        fs::create_dir_all(&gathering)?;
        let mut gathered = Vec::new();
        for (part, whole, clip) in clips {
            let [name, ..] = names(clip, whole);
            disk::rename(&part.data, &gathering.join(&name))?;
            gathered.push((part, name));
        }
        disk::sync_folder(&gathering)?;
        if let Err(error) = disk::rename(&gathering, &home) {
            if fs::symlink_metadata(&home).is_err() {
                return Err(error);
            }
            for (part, name) in gathered {
                disk::rename(&gathering.join(name), &part.data)?;
            }
            // It is empty, and does no harm.
            let _ = fs::remove_dir(&gathering);
            return Ok(None);
        }
        disk::sync_folder(self.dir)?;
        let path = |(_, name): (_, String)| home.join(name);
        Ok(Some(gathered.into_iter().map(path).collect()))
    }

    /// A path as the log has it: with slashes and relative to the log's folder when it is below.
    pub fn as_recorded(&self, path: &Path) -> String {
        let relative = self.log_folder.map(|folder| path.strip_prefix(folder));
        match relative {
            Some(Ok(relative)) => {
                let parts = relative.iter().map(|part| part.to_string_lossy());
                parts.collect::<Vec<_>>().join("/")
            }
            Some(Err(_)) | None => path.to_string_lossy().into_owned(),
        }
    }

    fn gathering(&self, folder: &str) -> PathBuf {
        self.staging().join(format!("{folder}.{}.new", self.log))
    }
}

/// What an earlier run has fetched whole and left under its part's name.
pub(super) fn whole_part(part: &PartialDownload) -> Option<CompleteClip> {
    let whole = part.notes.whole.clone()?;
    partial_download::is_clip(&part.data, whole.bytes, &whole.sha256).then_some(whole)
}

/// The names a clip may get, the best first. The last one names the content, so that a job's third
/// clip finds a name as well.
pub(super) fn names(clip: &PlannedClip, whole: &CompleteClip) -> [String; 3] {
    let (stem, extension) = (&clip.stem, &whole.extension);
    let job = &clip.delivery.job.to_string()[..8];
    let first = match &clip.name {
        Some(name) => name.clone(),
        None => format!("{stem}.{extension}"),
    };
    let content = &whole.sha256[..8];
    [
        first,
        format!("{stem}-{job}.{extension}"),
        format!("{stem}-{job}-{content}.{extension}"),
    ]
}
