//! Clips and pictures: small, but real ones, so that a browser plays them and a download can be
//! interrupted and resumed.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;

use super::job::Endpoint;
use super::job::Frame;
use super::token::Token;
use crate::text::range;

/// One second, 160 by 90, H.264.
const VIDEO: &[u8] = include_bytes!("clip.mp4");
/// One second of a quiet tone.
const VOICE: &[u8] = include_bytes!("clip.mp3");
/// No clip is made larger than this on request.
const MAX_BYTES: usize = 64 << 20;

/// A file to be sent.
pub(super) struct File {
    pub bytes: Bytes,
    pub media_type: &'static str,
    /// A strong entity tag, with its quotes.
    pub etag: String,
}

impl File {
    /// The clip of a job. No two have the same bytes, as in real life. It is filled up with
    /// padding to `at_least` bytes.
    pub fn clip(token: &Token, at_least: usize) -> Self {
        let id = token.to_string();
        let padding = |content: usize| at_least.min(MAX_BYTES).saturating_sub(content);
        let (bytes, media_type) = match token.endpoint {
            Endpoint::Video => (mp4(&id, token.frame, padding), "video/mp4"),
            Endpoint::Voice => (mp3(&id, padding), "audio/mpeg"),
        };
        Self {
            bytes: bytes.into(),
            media_type,
            etag: format!("\"{id}\""),
        }
    }

    /// Answers a request: the whole, the one range asked for, or 416. Several ranges at once get
    /// the whole, as RFC 9110 allows.
    pub fn reply(self, headers: &HeaderMap) -> Response {
        let asked = headers
            .get(header::RANGE)
            .filter(|_| self.is_still(headers.get(header::IF_RANGE)))
            .and_then(|range| range::bytes(range.to_str().ok()?, self.bytes.len() as u64));
        let whole = self.bytes.len();
        let mut response = match asked {
            None => self.bytes.into_response(),
            Some(part) => {
                let bytes = self.bytes.slice(part.start as usize..part.end as usize);
                let (status, range) = if part.is_empty() {
                    let range = format!("bytes */{whole}");
                    (StatusCode::RANGE_NOT_SATISFIABLE, range)
                } else {
                    let range = format!("bytes {}-{}/{whole}", part.start, part.end - 1);
                    (StatusCode::PARTIAL_CONTENT, range)
                };
                (status, [(header::CONTENT_RANGE, range)], bytes).into_response()
            }
        };
        set(&mut response, header::CONTENT_TYPE, self.media_type);
        set(&mut response, header::ACCEPT_RANGES, "bytes");
        set(&mut response, header::ETAG, &self.etag);
        response
    }

    /// Answers with the whole, but breaks off in the middle.
    pub fn reply_cut(self) -> Response {
        let half = self.bytes.slice(..self.bytes.len() / 2);
        let length = self.bytes.len().to_string();
        let chunks =
            futures::stream::once(async { Ok(half) }).chain(futures::stream::once(async {
                // An error at once would take with it what has not left the server's buffer yet.
                tokio::task::yield_now().await;
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
            }));
        let mut response = Body::from_stream(chunks).into_response();
        set(&mut response, header::CONTENT_LENGTH, &length);
        set(&mut response, header::CONTENT_TYPE, self.media_type);
        set(&mut response, header::ACCEPT_RANGES, "bytes");
        set(&mut response, header::ETAG, &self.etag);
        response
    }

    fn is_still(&self, if_range: Option<&HeaderValue>) -> bool {
        if_range.is_none_or(|tag| tag.as_bytes() == self.etag.as_bytes())
    }
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A player skips a `free` box at the end of an MP4 file (ISO/IEC 14496-12).
fn mp4(id: &str, frame: Option<Frame>, padding: impl Fn(usize) -> usize) -> Vec<u8> {
    let content = 8 + id.len();
    let padding = padding(VIDEO.len() + content);
    let mut file = Vec::with_capacity(VIDEO.len() + content + padding);
    file.extend_from_slice(VIDEO);
    if let Some(frame) = frame {
        put_frame(&mut file, frame);
    }
    file.extend_from_slice(&((content + padding) as u32).to_be_bytes());
    file.extend_from_slice(b"free");
    file.extend_from_slice(id.as_bytes());
    file.resize(file.len() + padding, 0);
    file
}

/// Numbers of [`VIDEO`]'s tables that give its length: the table, and the number's place in it.
const LENGTHS: [(&[u8; 4], usize); 5] = [
    (b"mvhd", 16),
    (b"tkhd", 20),
    (b"elst", 8),
    (b"mdhd", 16),
    // Of each picture.
    (b"stts", 12),
];

/// Makes the clip last so long, by showing each picture longer, and be shown in this shape.
fn put_frame(file: &mut [u8], frame: Frame) {
    let place = |file: &[u8], kind: &[u8; 4]| {
        let kinds = file.windows(kind.len());
        kinds
            .into_iter()
            .position(|four| four == kind)
            .map(|at| at + kind.len())
    };
    for (kind, at) in LENGTHS {
        let number =
            place(file, kind).and_then(|start| file.get_mut(start + at..)?.first_chunk_mut());
        if let Some(number) = number {
            let seconds = u32::from(frame.seconds);
            *number = (u32::from_be_bytes(*number) * seconds).to_be_bytes();
        }
    }
    // Width and height, in 65536ths of a pixel, end a track's header.
    let (width, height) = frame.shape;
    for (at, side) in [(76, width), (80, height)] {
        let number =
            place(file, b"tkhd").and_then(|start| file.get_mut(start + at..)?.first_chunk_mut());
        if let Some(number) = number {
            *number = ((u32::from(side) * 10) << 16).to_be_bytes();
        }
    }
}

/// A player skips an ID3v2.4 tag at the start of an MP3 file, and padding within the tag.
fn mp3(id: &str, padding: impl Fn(usize) -> usize) -> Vec<u8> {
    // Encoding byte (UTF-8), an empty description with its end, the text.
    let frame = 2 + id.len();
    let padding = padding(VOICE.len() + 20 + frame);
    let mut file = Vec::with_capacity(VOICE.len() + 20 + frame + padding);
    file.extend_from_slice(b"ID3\x04\0\0");
    file.extend_from_slice(&synchsafe((10 + frame + padding) as u32));
    file.extend_from_slice(b"TXXX");
    file.extend_from_slice(&synchsafe(frame as u32));
    file.extend_from_slice(b"\0\0\x03\0");
    file.extend_from_slice(id.as_bytes());
    file.resize(file.len() + padding, 0);
    file.extend_from_slice(VOICE);
    file
}

/// ID3's numbers: seven bits a byte.
fn synchsafe(number: u32) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| ((number >> shift) & 0x7f) as u8)
}

/// A picture that shows its own name; SVG whatever the name ends in, which browsers go by the
/// media type to show.
pub(super) fn photo(name: &str) -> Response {
    let title = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let hue = name
        .bytes()
        .fold(0u32, |hue, byte| (hue * 31 + u32::from(byte)) % 360);
    let title: String = title
        .chars()
        .take(40)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 360\" width=\"640\" \
         height=\"360\"><rect width=\"640\" height=\"360\" fill=\"hsl({hue} 35% 72%)\"/>\
         <path d=\"M0 360V250L160 150 300 250 420 190 640 300V360Z\" fill=\"hsl({hue} 30% 45%)\"/>\
         <text x=\"320\" y=\"90\" font-family=\"sans-serif\" font-size=\"34\" \
         text-anchor=\"middle\" fill=\"hsl({hue} 40% 20%)\">{title}</text></svg>"
    );
    ([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::delivery::mp4;

    #[test]
    fn a_clip_is_whole_boxes_to_its_end() {
        for padding in [0, 5000] {
            let file = mp4("vgen_sandbox_1", Frame::new(5, (9, 16)), |_| padding);
            let mut kinds = Vec::new();
            let mut rest = &file[..];
            while !rest.is_empty() {
                let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
                kinds.push(std::str::from_utf8(&rest[4..8]).unwrap());
                rest = &rest[size..];
            }
            assert_eq!(kinds, ["ftyp", "moov", "free", "mdat", "free"]);
        }
    }

    #[test]
    fn a_clip_has_the_length_and_the_shape_that_were_asked_for() {
        for (seconds, shape) in [(5, (16, 9)), (10, (9, 16)), (3, (1, 1))] {
            let file = mp4("vgen_sandbox_1", Frame::new(seconds, shape), |_| 0);
            let movie = mp4::read(&mut std::io::Cursor::new(file)).unwrap().unwrap();
            assert!(
                (movie.seconds - f64::from(seconds)).abs() < 0.001,
                "{movie:?}"
            );
            let wanted = f64::from(shape.0) / f64::from(shape.1);
            assert!(
                (movie.width / movie.height - wanted).abs() < 0.001,
                "{movie:?}"
            );
        }
    }

    #[test]
    fn a_voice_has_its_tag_then_its_frames() {
        let file = mp3("vgen_sandbox_1", |content| 3000 - content);
        assert_eq!(file.len(), 3000);
        let size = file[6..10]
            .iter()
            .fold(0, |size, b| size << 7 | usize::from(*b));
        assert_eq!(&file[10 + size..], VOICE);
    }

    #[tokio::test]
    async fn a_photos_name_cannot_break_out_of_the_picture() {
        let response = photo("</text><script>alert(1)</script>.jpg");
        assert_eq!(response.headers()["content-type"], "image/svg+xml");
        let body = axum::body::to_bytes(response.into_body(), 4096)
            .await
            .unwrap();
        let body = std::str::from_utf8(&body).unwrap();
        assert!(!body.contains("script>"), "{body}");
    }
}
