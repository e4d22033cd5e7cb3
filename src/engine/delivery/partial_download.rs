//! A partial download: the bytes so far, and notes for resuming it.
//!
//! Parts live in a hidden folder of the target folder, so that the last step is a rename within
//! one file system and no half clip ever stands under a clip's name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::disk;

use super::facts::Delivery;
use super::media;

/// The hidden folder.
pub(super) const STAGING: &str = ".creativeai-partial";

/// How often the hidden folder is made for one file while other runs remove it.
const MOST_SWEEPS: u32 = 10;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CompleteClip {
    pub bytes: u64,
    pub sha256: String,
    pub extension: String,
}

/// All bytes of a clip, before anybody has looked at what they are.
#[derive(Debug)]
pub(super) struct ReceivedBytes {
    pub bytes: u64,
    pub sha256: String,
    /// Whether they are in [`PartialDownload::unpacked_file`] instead of the part itself.
    pub is_unpacked: bool,
}

/// What the last reply reported.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ResumeNotes {
    /// `ETag` or `Last-Modified`, for `If-Range`; without one a partial download is not resumed.
    pub validator: Option<String>,
    /// The whole clip's size.
    pub total: Option<u64>,
    pub content_type: Option<String>,
    /// How the server packed the bytes; `None` when it did not.
    #[serde(default)]
    pub coding: Option<String>,
    /// An upload to a bucket that has begun.
    #[serde(default)]
    pub begun: Option<MultipartUpload>,
    /// Set before the file gets its name, so that a crash after that is recognized.
    pub whole: Option<CompleteClip>,
}

/// An upload in parts that has begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MultipartUpload {
    /// The object's address.
    pub address: String,
    /// The store's name for the upload.
    pub id: String,
    /// The store's names for the parts that are there, in order.
    pub parts: Vec<String>,
    /// Bytes of each part but the last.
    pub part_size: u64,
}

/// One clip's part.
#[derive(Debug)]
pub(super) struct PartialDownload {
    pub data: PathBuf,
    notes_file: PathBuf,
    pub notes: ResumeNotes,
}

impl PartialDownload {
    /// The part of `delivery` in `staging`, with what an earlier run has noted.
    pub fn open(staging: &Path, delivery: &Delivery) -> Self {
        let id = delivery.generation_id.as_deref().unwrap_or_default();
        let digest = base16ct::lower::encode_string(&Sha256::digest(id.as_bytes()));
        let name = format!("{}.{}.{}", delivery.job, delivery.attempt, &digest[..8]);
        let notes_file = staging.join(format!("{name}.json"));
        let notes = fs::read(&notes_file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self {
            data: staging.join(format!("{name}.part")),
            notes_file,
            notes,
        }
    }

    /// Bytes that can be resumed from.
    pub fn len(&self) -> u64 {
        if self.notes.validator.is_none() {
            return 0;
        }
        fs::metadata(&self.data).map_or(0, |meta| meta.len())
    }

    /// Writes the notes; a reader sees the old ones or the new ones.
    pub fn save(&self) -> io::Result<()> {
        let new = self.new_notes_file();
        let notes = serde_json::to_string(&self.notes)?;
        self.in_folder(|| fs::write(&new, &notes))?;
        disk::rename(&new, &self.notes_file)
    }

    /// Does `make`, which makes a file in the hidden folder. That folder is made for it: a run that ends
    /// removes the folder while it is empty.
    pub fn in_folder<T>(&self, make: impl Fn() -> io::Result<T>) -> io::Result<T> {
        let folder = self.data.parent().unwrap_or(Path::new(""));
        for _ in 0..MOST_SWEEPS {
            match make() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir_all(folder)?;
                }
                done => return done,
            }
        }
        make()
    }

    /// Starts over.
    pub fn clear(&mut self) -> io::Result<()> {
        self.notes = ResumeNotes::default();
        remove(&self.data)?;
        remove(&self.unpacked_file())?;
        self.forget()
    }

    /// Forgets the notes; the clip has its place.
    pub fn forget(&self) -> io::Result<()> {
        remove(&self.new_notes_file())?;
        remove(&self.notes_file)
    }

    fn new_notes_file(&self) -> PathBuf {
        self.notes_file.with_extension("new")
    }

    /// Where the part is unpacked to, if it came packed.
    pub fn unpacked_file(&self) -> PathBuf {
        self.data.with_extension("unpacked")
    }

    /// The first bytes of the part.
    pub fn head(&self) -> io::Result<Vec<u8>> {
        head_of(&mut File::open(&self.data)?)
    }

    /// Takes the clip as whole: on disk for certain, checksum noted. Else what it is instead of a
    /// clip, for a message.
    pub fn finish(
        &mut self,
        got: ReceivedBytes,
        address: &str,
        is_voice: bool,
    ) -> io::Result<Result<CompleteClip, &'static str>> {
        let path = if got.is_unpacked {
            self.unpacked_file()
        } else {
            self.data.clone()
        };
        let mut file = fs::OpenOptions::new().read(true).append(true).open(&path)?;
        disk::sync_file(&file)?;
        let head = head_of(&mut file)?;
        if let Some(what) = media::instead_of_clip(&head) {
            return Ok(Err(what));
        }
        if media::is_cut_short(&mut file, got.bytes)? {
            return Ok(Err("a video file that ends too early"));
        }
        let content_type = self.notes.content_type.as_deref();
        let extension = media::extension(&head, content_type, Some(address), is_voice);
        let whole = CompleteClip {
            bytes: got.bytes,
            sha256: got.sha256,
            extension: extension.to_owned(),
        };
        self.notes.whole = Some(whole.clone());
        self.save()?;
        if got.is_unpacked {
            // After the notes: a crash in between leaves a part that they do not describe, and it
            // is fetched again.
            disk::rename(&path, &self.data)?;
        }
        Ok(Ok(whole))
    }
}

fn head_of(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(media::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The hash of a file's content so far, to be continued.
pub(super) fn hash_of(path: &Path) -> io::Result<(u64, Sha256)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((bytes, hasher)),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The checksum of a file, hexadecimal.
pub(super) fn sha256_of(path: &Path) -> io::Result<String> {
    let (_, hasher) = hash_of(path)?;
    Ok(base16ct::lower::encode_string(&hasher.finalize()))
}

/// The length of the clip at `path`, of which `downloaded` bytes were fetched. Another length is that of
/// a clip that a person has cut since; a file that is damaged is not a clip.
pub(super) fn len_of_clip(path: &Path, downloaded: u64) -> Option<u64> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let len = meta.len();
    let is_whole = || -> io::Result<bool> {
        let mut file = File::open(path)?;
        let is_clip = media::instead_of_clip(&head_of(&mut file)?).is_none();
        Ok(is_clip && !media::is_cut_short(&mut file, len)?)
    };
    (len == downloaded || is_whole().unwrap_or(false)).then_some(len)
}

/// Whether the file at `path` is this clip, byte for byte.
pub(super) fn is_clip(path: &Path, bytes: u64, sha256: &str) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() == bytes)
        && sha256_of(path).is_ok_and(|found| found == sha256)
}
