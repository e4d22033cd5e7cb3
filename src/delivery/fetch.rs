//! One try at one clip: ask, check the reply, take the bytes in, go on where the last try ended.

use std::io;
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use reqwest::Response;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE,
};
use sha2::{Digest, Sha256};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

use crate::jobs::JobKey;

use super::client::{CallError, Client, plain, retry_after};
use super::media;
use super::outcome::{Event, Halt};
use super::part::{Notes, Part, Whole, hash_of};
use super::tries::Unasked;

/// Why a try brought no whole clip.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The link leads nowhere any more, as this HTTP status says.
    Expired(u16),
    /// Another try may work, after the time the server asked for.
    Again {
        why: String,
        after: Option<Duration>,
    },
    /// No try will.
    Never(String),
    /// The link has expired, and no fresh one could be asked for.
    Unasked(Unasked),
    /// No https connection can be made from this machine.
    Unable(String),
    /// This machine's disk.
    Disk(io::Error),
    /// Somebody asked to stop.
    Stopped,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// What a try needs to know.
pub(super) struct Fetch<'a> {
    pub client: &'a Client,
    /// Bytes.
    pub max_size: u64,
    pub halt: &'a Halt,
    pub progress: &'a (dyn Fn(Event) + Sync),
    pub job: JobKey,
    pub is_voice: bool,
}

/// Bytes on disk and their hash.
struct Sink {
    file: File,
    len: u64,
    hasher: Sha256,
}

impl Fetch<'_> {
    /// Tries once.
    pub async fn once(&self, address: &str, part: &mut Part) -> Result<Whole, Trouble> {
        let have = part.len();
        if have > 0 && part.notes.total == Some(have) {
            let sink = open(part, have).await?;
            return self.finish(sink, address, part);
        }
        let headers = headers(have, part.notes.validator.as_deref());
        let response = tokio::select! {
            biased;
            () = self.halt.wait() => return Err(Trouble::Stopped),
            response = self.client.get(address, &headers) => response.map_err(call_trouble)?,
        };
        let status = response.status().as_u16();
        match status {
            200 => {
                check(&response)?;
                self.check_size(response.content_length())?;
                part.clear()?;
                part.notes = notes(&response);
                part.save()?;
            }
            206 => {
                check(&response)?;
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
                return self.finish(sink, address, part);
            }
            _ => return Err(status_trouble(status, response.headers())),
        }
        let have = if status == 206 { have } else { 0 };
        let sink = open(part, have).await?;
        (self.progress)(Event::Started {
            job: self.job,
            have,
            total: part.notes.total,
        });
        let sink = self.take_in(response, sink, part).await?;
        self.finish(sink, address, part)
    }

    fn check_size(&self, total: Option<u64>) -> Result<(), Trouble> {
        match total {
            Some(0) => Err(empty()),
            Some(total) if total > self.max_size => Err(self.too_large(&format!("{total} bytes"))),
            _ => Ok(()),
        }
    }

    fn too_large(&self, size: &str) -> Trouble {
        Trouble::Never(format!(
            "the clip has {size}, more than --max-size allows ({} bytes); raise it to fetch the clip",
            self.max_size
        ))
    }

    async fn take_in(
        &self,
        response: Response,
        mut sink: Sink,
        part: &mut Part,
    ) -> Result<Sink, Trouble> {
        let mut body = std::pin::pin!(response.bytes_stream());
        let trouble = loop {
            let chunk = tokio::select! {
                biased;
                () = self.halt.wait() => break Trouble::Stopped,
                chunk = body.next() => chunk,
            };
            let chunk = match chunk {
                None => match part.notes.total {
                    Some(total) if sink.len < total => break cut("the connection was cut"),
                    _ => {
                        sink.file.flush().await?;
                        return Ok(sink);
                    }
                },
                Some(Err(error)) => break cut(&plain(&error)),
                Some(Ok(chunk)) => chunk,
            };
            let len = sink.len + chunk.len() as u64;
            if len > part.notes.total.unwrap_or(self.max_size) {
                part.clear()?;
                return Err(match part.notes.total {
                    Some(_) => cut("the server sent more than it had announced"),
                    None => self.too_large(&format!("over {} bytes", self.max_size)),
                });
            }
            sink.file.write_all(&chunk).await?;
            sink.hasher.update(&chunk);
            sink.len = len;
            (self.progress)(Event::Received {
                job: self.job,
                bytes: chunk.len() as u64,
            });
        };
        // What came is gone on with later.
        sink.file.flush().await?;
        Err(trouble)
    }

    fn finish(&self, sink: Sink, address: &str, part: &mut Part) -> Result<Whole, Trouble> {
        drop(sink.file);
        if sink.len == 0 {
            part.clear()?;
            return Err(empty());
        }
        let sha256 = base16ct::lower::encode_string(&sink.hasher.finalize());
        let whole = part.finish(sink.len, sha256, address, self.is_voice)?;
        if whole.is_none() {
            part.clear()?;
        }
        let why = "its link led to a page instead of a clip, and nothing was saved; open the link in a \
                   browser to see what it says";
        whole.ok_or_else(|| Trouble::Never(why.to_owned()))
    }
}

/// Whether a reply is a clip, as far as its headers tell.
fn check(response: &Response) -> Result<(), Trouble> {
    let content_type = header(response, &CONTENT_TYPE);
    if !media::accepts(content_type) {
        return Err(Trouble::Never(format!(
            "its link led to {} instead of a clip, and nothing was saved; open the link in a browser \
             to see what it says",
            content_type.unwrap_or("something")
        )));
    }
    match header(response, &CONTENT_ENCODING) {
        None | Some("" | "identity") => Ok(()),
        Some(coding) => Err(Trouble::Never(format!(
            "the server sent the clip {coding}-encoded, which was not asked for"
        ))),
    }
}

/// Opens the part to go on after its first `have` bytes, which are hashed again.
async fn open(part: &Part, have: u64) -> io::Result<Sink> {
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
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&part.data)
        .await?;
    Ok(Sink {
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

fn notes(response: &Response) -> Notes {
    // A weak tag promises only that the clip looks the same, not that the bytes are.
    let tag = header(response, &ETAG).filter(|tag| !tag.starts_with("W/"));
    Notes {
        validator: tag
            .or_else(|| header(response, &LAST_MODIFIED))
            .map(str::to_owned),
        total: response.content_length(),
        content_type: header(response, &CONTENT_TYPE).map(str::to_owned),
        whole: None,
    }
}

struct ContentRange {
    /// First and last byte.
    span: Option<(u64, u64)>,
    total: Option<u64>,
}

fn content_range(response: &Response) -> Option<ContentRange> {
    let (span, total) = header(response, &CONTENT_RANGE)?
        .strip_prefix("bytes ")?
        .split_once('/')?;
    let span = match span.split_once('-') {
        Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        None => None,
    };
    Some(ContentRange {
        span,
        total: total.parse().ok(),
    })
}

fn check_range(response: &Response, have: u64, notes: &Notes) -> Result<(), &'static str> {
    let range = content_range(response).ok_or("the server did not say which part it sent")?;
    let (Some((first, last)), Some(total)) = (range.span, range.total) else {
        return Err("the server did not say which part it sent");
    };
    if first != have || last.checked_add(1) != Some(total) {
        return Err("the server sent another part than the one asked for");
    }
    let length = response.content_length();
    if length.is_some_and(|length| length != total - have) {
        return Err("the server sent another length than it said");
    }
    let tag = header(response, &ETAG).filter(|tag| !tag.starts_with("W/"));
    let old_tag = notes.validator.as_deref().filter(|v| v.starts_with('"'));
    let is_other = matches!((tag, old_tag), (Some(new), Some(old)) if new != old);
    if is_other || notes.total.is_some_and(|old| old != total) {
        return Err("the clip has changed on the server");
    }
    Ok(())
}

fn header<'a>(response: &'a Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

fn status_trouble(status: u16, headers: &HeaderMap) -> Trouble {
    let why = format!("the server answered HTTP {status}");
    match status {
        403 | 404 | 410 => Trouble::Expired(status),
        408 | 425 | 429 | 500..=599 => Trouble::Again {
            why,
            after: retry_after(headers, SystemTime::now()),
        },
        _ => Trouble::Never(why),
    }
}

fn call_trouble(error: CallError) -> Trouble {
    match error {
        CallError::Network(error) => cut(&plain(&error)),
        CallError::Unable(why) => Trouble::Unable(why),
        refused => Trouble::Never(refused.to_string()),
    }
}

fn start_over(part: &mut Part, why: &str) -> Trouble {
    match part.clear() {
        Ok(()) => Trouble::Again {
            why: why.to_owned(),
            after: Some(Duration::ZERO),
        },
        Err(error) => Trouble::Disk(error),
    }
}

fn cut(why: &str) -> Trouble {
    Trouble::Again {
        why: why.to_owned(),
        after: None,
    }
}

fn empty() -> Trouble {
    Trouble::Never("the server sent an empty clip".to_owned())
}
