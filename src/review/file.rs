//! A clip on this computer, as a whole or the part that a player asks for.

use std::io::{self, SeekFrom};
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::text::range;

/// Bytes read at once.
const CHUNK: u64 = 64 << 10;

/// Answers with the file, or with the part that `Range` names.
pub async fn reply(path: &Path, headers: &HeaderMap) -> io::Result<Response> {
    let mut file = File::open(path).await?;
    let length = file.metadata().await?.len();
    let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let part = asked.and_then(|asked| range::bytes(asked, length));
    // What does not exist is answered with the whole.
    let part = part.filter(|part| !part.is_empty());
    let sent = part.clone().unwrap_or(0..length);
    let count = sent.end - sent.start;
    file.seek(SeekFrom::Start(sent.start)).await?;
    let mut reply = Body::from_stream(chunks(file, count)).into_response();
    let mut put = |name, value: String| {
        if let Ok(value) = value.parse() {
            reply.headers_mut().insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, kind(path).to_owned());
    put(header::CONTENT_LENGTH, count.to_string());
    put(header::ACCEPT_RANGES, "bytes".to_owned());
    if let Some(part) = part {
        put(
            header::CONTENT_RANGE,
            format!("bytes {}-{}/{length}", part.start, part.end - 1),
        );
        *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(reply)
}

fn chunks(file: File, count: u64) -> impl futures::Stream<Item = io::Result<Bytes>> {
    futures::stream::try_unfold((file, count), async |(mut file, left)| {
        let mut chunk = vec![0; left.min(CHUNK) as usize];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        let left = left.saturating_sub(read as u64);
        Ok((read > 0).then(|| (Bytes::from(chunk), (file, left))))
    })
}

/// What a player takes it for. The name's ending was made by `download`, from the bytes.
fn kind(path: &Path) -> &'static str {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    match ending.to_ascii_lowercase().as_str() {
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "m4a" => "audio/mp4",
        "ogg" => "audio/ogg",
        _ => "application/octet-stream",
    }
}
