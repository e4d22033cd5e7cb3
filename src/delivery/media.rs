//! Whether a reply is a clip, and of which kind: by its type, by its first bytes, by its address.

use url::Url;

/// Bytes that are looked at.
pub(super) const HEAD: usize = 64;

/// Extensions that are taken over from an address.
const EXTENSIONS: [&str; 12] = [
    "mp4", "webm", "mov", "mkv", "m4v", "mp3", "wav", "ogg", "opus", "flac", "aac", "m4a",
];

/// Whether a reply of this `Content-Type` may be a clip. An error page may not.
pub(super) fn accepts(content_type: Option<&str>) -> bool {
    let Some(essence) = content_type.map(essence) else {
        return true;
    };
    essence.starts_with("video/")
        || essence.starts_with("audio/")
        || matches!(
            essence.as_str(),
            "" | "application/octet-stream"
                | "binary/octet-stream"
                | "application/mp4"
                | "application/ogg"
        )
}

/// Whether the first bytes are those of a page or of a JSON answer.
pub(super) fn is_text(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    matches!(head.trim_ascii_start().first(), Some(b'<' | b'{'))
}

/// The extension a clip gets: what it is outranks what it is called.
pub(super) fn extension(
    head: &[u8],
    content_type: Option<&str>,
    address: Option<&str>,
    is_voice: bool,
) -> &'static str {
    by_content(head)
        .or_else(|| by_type(&essence(content_type?)))
        .or_else(|| by_address(address?))
        .unwrap_or(if is_voice { "mp3" } else { "mp4" })
}

/// The type to tell others who are given a file of this extension.
pub(super) fn mime_type(extension: &str) -> &'static str {
    match extension {
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        _ => "video/mp4",
    }
}

fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn by_content(head: &[u8]) -> Option<&'static str> {
    match head {
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => Some("mov"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', ..] => Some("m4a"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("mp4"),
        [0x1a, 0x45, 0xdf, 0xa3, rest @ ..] => {
            let is_webm = rest.windows(4).any(|four| four == b"webm");
            Some(if is_webm { "webm" } else { "mkv" })
        }
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => Some("wav"),
        [b'O', b'g', b'g', b'S', ..] => Some("ogg"),
        [b'f', b'L', b'a', b'C', ..] => Some("flac"),
        [0xff, 0xf0 | 0xf1 | 0xf8 | 0xf9, ..] => Some("aac"),
        [b'I', b'D', b'3', ..] | [0xff, 0xe2..=0xff, ..] => Some("mp3"),
        _ => None,
    }
}

fn by_type(essence: &str) -> Option<&'static str> {
    Some(match essence {
        "video/mp4" | "application/mp4" => "mp4",
        "video/webm" | "audio/webm" => "webm",
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        "audio/ogg" | "application/ogg" => "ogg",
        "audio/opus" => "opus",
        "audio/flac" | "audio/x-flac" => "flac",
        "audio/aac" => "aac",
        "audio/mp4" | "audio/x-m4a" => "m4a",
        _ => return None,
    })
}

fn by_address(address: &str) -> Option<&'static str> {
    let url = Url::parse(address).ok()?;
    let (_, extension) = url.path().rsplit_once('.')?;
    EXTENSIONS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_outranks_what_it_is_called() {
        let mp4 = b"\0\0\0\x18ftypisom\0\0\0\0";
        let address = Some("https://x/clip.webm?sig=a.mov");
        assert_eq!(extension(mp4, Some("video/webm"), address, false), "mp4");
        assert_eq!(
            extension(b"???", Some("video/quicktime"), address, false),
            "mov"
        );
        assert_eq!(extension(b"???", Some("video/new"), address, false), "webm");
        assert_eq!(extension(b"???", None, None, false), "mp4");
        assert_eq!(extension(b"???", None, None, true), "mp3");
        assert_eq!(extension(b"RIFF\0\0\0\0WAVE", None, None, true), "wav");
        assert_eq!(extension(b"\xff\xfb\x90", None, None, true), "mp3");
    }

    #[test]
    fn an_error_page_is_no_clip_whatever_its_type() {
        assert!(!accepts(Some("text/html; charset=utf-8")));
        assert!(!accepts(Some("application/json")));
        assert!(accepts(Some("Video/MP4")) && accepts(None));
        assert!(is_text(b"\n <!DOCTYPE html>") && is_text(b"{\"error\":1}"));
        assert!(!is_text(b"\0\0\0\x18ftyp"));
    }
}
