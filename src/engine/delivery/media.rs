//! Whether a reply is a clip, and of which kind: by its type, by its first bytes, by its address.

use std::io::{self, Read, Seek, SeekFrom};

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

/// What the first bytes are, where they are certainly no clip.
pub(super) fn instead_of_clip(head: &[u8]) -> Option<&'static str> {
    // Bytes, where they begin, what they mean.
    const OTHERS: [(&[u8], usize, &str); 8] = [
        (b"\x89PNG", 0, "a picture"),
        (b"\xff\xd8\xff", 0, "a picture"),
        (b"GIF8", 0, "a picture"),
        (b"WEBP", 8, "a picture"),
        (b"ftypheic", 4, "a picture"),
        (b"ftypavif", 4, "a picture"),
        (b"%PDF", 0, "a PDF"),
        (b"PK\x03\x04", 0, "a zip file"),
    ];
    if head.is_empty() {
        return Some("an empty file");
    }
    let known = OTHERS.into_iter().find(|(bytes, at, _)| {
        let there = head.get(*at..);
        there.is_some_and(|there| there.starts_with(bytes))
    });
    match known {
        Some((_, _, what)) => Some(what),
        None => is_text(head).then_some("a page or a text"),
    }
}

/// Whether the first bytes are those of a video or a voice of a kind that is known here.
pub fn looks_like_clip(head: &[u8]) -> bool {
    instead_of_clip(head).is_none() && by_content(head).is_some()
}

/// Whether the first bytes are those of a gzip file.
pub(super) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b, 8])
}

/// Whether the first bytes are those of a page, a JSON answer or any other text.
fn is_text(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let begins_like_page = matches!(head.trim_ascii_start().first(), Some(b'<' | b'{' | b'['));
    let is_utf16_page = matches!(head, [0xff, 0xfe, b'<' | b'{', 0, ..]);
    let is_plain =
        |&byte: &u8| byte == b' ' || byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    begins_like_page || is_utf16_page || head.iter().all(is_plain)
}

/// Whether an MP4 or `QuickTime` file of `len` bytes ends before the end of one of its boxes. A file
/// of another kind, or with boxes that are not known here, is not judged.
pub(super) fn is_cut_short(file: &mut (impl Read + Seek), len: u64) -> io::Result<bool> {
    const BOXES: [&[u8; 4]; 13] = [
        b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp",
        b"uuid", b"meta", b"pdin",
    ];
    let mut at = 0;
    loop {
        let mut header = [0; 8];
        if len - at < 8 {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut header)?;
        let [a, b, c, d, kind @ ..] = header;
        if !BOXES.contains(&&kind) {
            return Ok(false);
        }
        let size = match u32::from_be_bytes([a, b, c, d]) {
            // To the end of the file.
            0 => return Ok(false),
            1 if len - at < 16 => return Ok(true),
            1 => {
                let mut size = [0; 8];
                file.read_exact(&mut size)?;
                u64::from_be_bytes(size)
            }
            size => u64::from(size),
        };
        if size < 8 {
            return Ok(false);
        }
        match at.checked_add(size) {
            Some(end) if end <= len => at = end,
            _ => return Ok(true),
        }
    }
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

/// The type to name where others are given a file of this extension.
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
        for (head, expected) in [
            (&b"\n <!DOCTYPE html>"[..], Some("a page or a text")),
            (b"{\"error\":1}", Some("a page or a text")),
            (b"[]", Some("a page or a text")),
            (b"\xff\xfe<\0h\0", Some("a page or a text")),
            (b"#EXTM3U\n#EXT-X-VERSION:3\n", Some("a page or a text")),
            (b"Request has expired", Some("a page or a text")),
            (b"", Some("an empty file")),
            (b"\xff\xd8\xff\xe0", Some("a picture")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("a picture")),
            (b"%PDF-1.7", Some("a PDF")),
            (b"PK\x03\x04", Some("a zip file")),
            (b"\0\0\0\x18ftypisom", None),
            (b"RIFF\x24\x08\0\0WAVEfmt ", None),
            (b"ID3\x04\0\0\0\0", None),
        ] {
            assert_eq!(instead_of_clip(head), expected, "{head:?}");
        }
    }

    #[test]
    fn a_video_whose_last_box_is_not_whole_is_cut_short() {
        let mut whole = b"\0\0\0\x10ftypisom\0\0\0\0".to_vec();
        whole.extend(b"\0\0\0\x10mdat12345678");
        let is_cut =
            |bytes: &[u8]| is_cut_short(&mut io::Cursor::new(bytes), bytes.len() as u64).unwrap();
        assert!(!is_cut(&whole));
        assert!(is_cut(&whole[..whole.len() - 1]));
        // A size in 64 bits, and one that means "to the end".
        let large = b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x11x";
        assert!(!is_cut(large));
        assert!(is_cut(&large[..16]) && is_cut(&large[..12]));
        assert!(!is_cut(b"\0\0\0\0mdat123"));
        // What is not known is not judged.
        assert!(!is_cut(b"\xff\xff\xff\xffabcd") && !is_cut(b"RIFF"));
    }
}
