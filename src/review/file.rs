//! A clip on this computer, as a whole or the part that a player asks for.

use std::io::{self, SeekFrom};
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes read at once.
const CHUNK: u64 = 64 << 10;

/// Answers with the file, or with the part that `Range` names.
pub async fn reply(path: &Path, headers: &HeaderMap) -> io::Result<Response> {
    let mut file = File::open(path).await?;
    let length = file.metadata().await?.len();
    let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let range = asked.and_then(|asked| range(asked, length));
    let (first, count) = match range {
        Some((first, last)) => (first, last + 1 - first),
        None => (0, length),
    };
    file.seek(SeekFrom::Start(first)).await?;
    let mut reply = Body::from_stream(chunks(file, count)).into_response();
    let mut put = |name, value: String| {
        if let Ok(value) = value.parse() {
            reply.headers_mut().insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, kind(path).to_owned());
    put(header::CONTENT_LENGTH, count.to_string());
    put(header::ACCEPT_RANGES, "bytes".to_owned());
    if let Some((first, last)) = range {
        put(
            header::CONTENT_RANGE,
            format!("bytes {first}-{last}/{length}"),
        );
        *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(reply)
}

/// The first and the last byte of a range that makes sense; several are answered with the whole.
fn range(asked: &str, length: u64) -> Option<(u64, u64)> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let end = length.checked_sub(1)?;
    let (first, last) = match (first, last) {
        ("", last) => (length.saturating_sub(last.parse().ok()?), end),
        (first, "") => (first.parse().ok()?, end),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.min(end)),
    };
    (first <= last).then_some((first, last))
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

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_range_is_within_the_file() {
        for (asked, wanted) in [
            ("bytes=0-", Some((0, 9))),
            ("bytes=4-5", Some((4, 5))),
            ("bytes=4-99", Some((4, 9))),
            ("bytes=-3", Some((7, 9))),
            ("bytes=-99", Some((0, 9))),
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(range(asked, 10), wanted, "{asked}");
        }
        assert_eq!(range("bytes=0-", 0), None);
    }
}
