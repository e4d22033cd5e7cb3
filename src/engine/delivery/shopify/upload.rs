//! The upload itself: a multipart form whose last part is the file, read as it is sent.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::calls::{Parameter, StagedTarget};
use crate::engine::delivery::client::{CallError, FetchClient};

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// Why a file did not get there.
#[derive(Debug)]
pub(super) enum UploadError {
    /// Another try may work, to another target.
    Again(String),
    /// No try will.
    Never(String),
    /// The file cannot be read.
    Disk(io::Error),
}

pub(super) struct Upload<'a> {
    pub path: &'a Path,
    /// Bytes, as it was stated when the target was asked for.
    pub size: u64,
    pub filename: &'a str,
    pub mime_type: &'a str,
    /// Parts the form; not in any of its values.
    pub boundary: &'a str,
}

impl Upload<'_> {
    /// Sends the file to `target`. The token stays at home.
    pub async fn send(
        &self,
        client: &FetchClient,
        target: &StagedTarget,
    ) -> Result<(), UploadError> {
        let file = File::open(self.path).await.map_err(UploadError::Disk)?;
        let meta = file.metadata().await.map_err(UploadError::Disk)?;
        if meta.len() != self.size {
            let why = "the file is changing while it is uploaded; run the command again";
            return Err(UploadError::Again(why.to_owned()));
        }
        let head = self.head(&target.parameters);
        let tail = format!("\r\n--{}--\r\n", self.boundary);
        let length = head.len() as u64 + self.size + tail.len() as u64;
        let mut headers = HeaderMap::new();
        let kind = format!("multipart/form-data; boundary={}", self.boundary);
        if let Ok(kind) = HeaderValue::from_str(&kind) {
            headers.insert(CONTENT_TYPE, kind);
        }
        // Storage services take no body of unknown length.
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let body = stream::iter([Ok(Bytes::from(head))])
            .chain(chunks(file))
            .chain(stream::iter([Ok(Bytes::from(tail))]));
        match client.upload(&target.url, headers, body).await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => {
                let status = response.status().as_u16();
                let why = format!("the upload was answered with HTTP {status}");
                Err(match status {
                    403 | 408 | 429 | 500..=599 => UploadError::Again(why),
                    _ => UploadError::Never(why),
                })
            }
            Err(error @ (CallError::Network(_) | CallError::Stalled)) => {
                Err(UploadError::Again(format!("the upload failed: {error}")))
            }
            Err(error) => Err(UploadError::Never(error.to_string())),
        }
    }

    fn head(&self, parameters: &[Parameter]) -> String {
        let boundary = self.boundary;
        let part = |Parameter { name, value }: &Parameter| {
            let name = quoted(name);
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n\
                 {value}\r\n"
            )
        };
        let parts: Vec<String> = parameters.iter().map(part).collect();
        let (filename, mime_type) = (quoted(self.filename), self.mime_type);
        let file = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{filename}\"\r\nContent-Type: {mime_type}\r\n\r\n"
        );
        parts.concat() + file.as_str()
    }
}

/// A name as it stands between the quotes of a part's header.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn chunks(file: File) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let count = file.read(&mut chunk).await?;
        chunk.truncate(count);
        Ok((count > 0).then(|| (Bytes::from(chunk), file)))
    })
}
