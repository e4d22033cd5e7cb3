//! One try at one clip: ask, check the reply, take the bytes in, go on where the last try ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};

use futures::StreamExt;
use reqwest::Response;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, IF_RANGE, RANGE};
use sha2::{Digest, Sha256};

use crate::jobs::JobKey;

use super::client::{FetchClient, plain};
use super::error::FetchError;
use super::media;
use super::outcome::DeliveryEvent;
use super::partial_download::{CompleteClip, PartialDownload, ReceivedBytes, hash_of};
use super::reply::{begin_anew, check, check_range, content_range, cut, no_clip, no_reply, notes};
use super::unpack::{UnpackError, unpack};

/// What a try needs to know.
pub(super) struct Fetch<'a> {
    pub client: &'a FetchClient,
    /// Bytes.
    pub max_size: u64,
    pub progress: &'a (dyn Fn(DeliveryEvent) + Sync),
    pub job: JobKey,
    pub is_voice: bool,
}

/// Bytes on disk and their hash.
struct HashingFile {
    file: File,
    len: u64,
    hasher: Sha256,
}

impl Fetch<'_> {
    /// Tries once.
    pub async fn once(
        &self,
        address: &str,
        part: &mut PartialDownload,
    ) -> Result<CompleteClip, FetchError> {
        let have = part.len();
        if have > 0 && part.notes.total == Some(have) {
            let sink = open(part, have).await?;
            return self.finish(sink, address, part).await;
        }
        let headers = headers(have, part.notes.validator.as_deref());
        let response = self.client.get(address, &headers).await;
        let response = response.map_err(no_reply)?;
        let status = response.status().as_u16();
        match status {
            200 => {
                check(&response, address)?;
                self.check_size(response.content_length())?;
                part.clear()?;
                part.notes = notes(&response);
                part.save()?;
            }
            206 => {
                check(&response, address)?;
                if let Err(why) = check_range(&response, have, &part.notes) {
                    return Err(start_over(part, why));
                }
                part.notes.total = content_range(&response).and_then(|range| range.total);
                self.check_size(part.notes.total)?;
            }
            416 if have > 0 => {
                let total = content_range(&response).and_then(|range| range.total);
                if total != Some(have) {
                    return Err(start_over(part, "the clip has changed on the server"));
                }
                let sink = open(part, have).await?;
                return self.finish(sink, address, part).await;
            }
            _ => return Err(no_clip(response).await),
        }
        let have = if status == 206 { have } else { 0 };
        let sink = open(part, have).await?;
        (self.progress)(DeliveryEvent::Started {
            job: self.job,
            have,
            total: part.notes.total,
        });
        let sink = self.take_in(response, sink, part).await?;
        self.finish(sink, address, part).await
    }

    fn check_size(&self, total: Option<u64>) -> Result<(), FetchError> {
        match total {
            Some(0) => Err(FetchError::NoClip("gives an empty file".to_owned())),
            Some(total) if total > self.max_size => Err(self.too_large(&format!("{total} bytes"))),
            _ => Ok(()),
        }
    }

    fn too_large(&self, size: &str) -> FetchError {
        FetchError::Never(format!(
            "the clip has {size}, more than --max-size allows ({} bytes); raise it to fetch the clip",
            self.max_size
        ))
    }

    async fn take_in(
        &self,
        response: Response,
        mut sink: HashingFile,
        part: &mut PartialDownload,
    ) -> Result<HashingFile, FetchError> {
        let mut body = std::pin::pin!(response.bytes_stream());
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| cut(&plain(&error)))?;
            let len = sink.len + chunk.len() as u64;
            if len > part.notes.total.unwrap_or(self.max_size) {
                part.clear()?;
                return Err(match part.notes.total {
                    Some(_) => cut("the server sent more than it had announced"),
                    None => self.too_large(&format!("over {} bytes", self.max_size)),
                });
            }
            // At once: a stop drops this at any wait, and what has arrived is resumed later.
            sink.file.write_all(&chunk)?;
            sink.hasher.update(&chunk);
            sink.len = len;
            (self.progress)(DeliveryEvent::Received {
                job: self.job,
                bytes: chunk.len() as u64,
            });
        }
        match part.notes.total {
            Some(total) if sink.len < total => Err(cut("the connection was cut")),
            _ => Ok(sink),
        }
    }

    async fn finish(
        &self,
        sink: HashingFile,
        address: &str,
        part: &mut PartialDownload,
    ) -> Result<CompleteClip, FetchError> {
        drop(sink.file);
        let sha256 = base16ct::lower::encode_string(&sink.hasher.finalize());
        let mut got = ReceivedBytes {
            bytes: sink.len,
            sha256,
            is_unpacked: false,
        };
        if media::is_gzip(&part.head()?) {
            let (from, to) = (part.data.clone(), part.unpacked_file());
            let max_size = self.max_size;
            let unpacking = tokio::task::spawn_blocking(move || unpack(&from, &to, max_size));
            match unpacking.await.map_err(io::Error::other)? {
                Ok(unpacked) => got = unpacked,
                Err(UnpackError::Disk(error)) => return Err(FetchError::Disk(error)),
                Err(unusable) => {
                    part.clear()?;
                    return Err(match unusable {
                        UnpackError::TooLarge => {
                            self.too_large(&format!("over {} bytes unpacked", self.max_size))
                        }
                        _ => FetchError::NoClip("gives a damaged gzip file".to_owned()),
                    });
                }
            }
        }
        match part.finish(got, address, self.is_voice)? {
            Ok(whole) => Ok(whole),
            Err(what) => {
                part.clear()?;
                Err(FetchError::NoClip(format!("gives {what}, not a clip")))
            }
        }
    }
}

/// Opens the part to go on after its first `have` bytes, which are hashed again.
async fn open(part: &PartialDownload, have: u64) -> io::Result<HashingFile> {
    let path = part.data.clone();
    let hasher = if have == 0 {
        Sha256::new()
    } else {
        let rehash = tokio::task::spawn_blocking(move || hash_of(&path));
        let (bytes, hasher) = rehash.await.map_err(io::Error::other)??;
        if bytes != have {
            return Err(io::Error::other("another process writes to the same clip"));
        }
        hasher
    };
    let open = || {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&part.data)
    };
    let file = part.in_folder(open)?;
    Ok(HashingFile {
        file,
        len: have,
        hasher,
    })
}

fn headers(have: u64, validator: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("video/*, audio/*, */*;q=0.1"),
    );
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let range = HeaderValue::from_str(&format!("bytes={have}-"));
    if let (true, Ok(range), Some(Ok(validator))) =
        (have > 0, range, validator.map(HeaderValue::from_str))
    {
        headers.insert(RANGE, range);
        headers.insert(IF_RANGE, validator);
    }
    headers
}

fn start_over(part: &mut PartialDownload, why: &str) -> FetchError {
    match part.clear() {
        Ok(()) => begin_anew(why),
        Err(error) => FetchError::Disk(error),
    }
}
