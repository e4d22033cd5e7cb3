//! What a photo's file is, by its first bytes.

/// First bytes of a file that say what it is.
pub const HEAD: usize = 64;

/// What an empty file is.
pub const EMPTY: &str = "the file is empty";
const UNKNOWN: &str = "its content is not a supported kind of photo; save it again as JPEG";

/// Whether a file that begins with `head` and is declared as `kind` is a photo that the vendor can
/// read. The error says what it is instead.
pub fn judge(head: &[u8], kind: Option<&str>) -> Result<(), String> {
    if head.is_empty() {
        return Err(EMPTY.to_owned());
    }
    let declared = kind.map(|kind| kind.split(';').next().unwrap_or(kind).trim());
    let is_open =
        declared.is_none_or(|declared| matches!(declared, "application/octet-stream" | ""));
    match (sniffed(head), declared) {
        (Some(DetectedType::Photo(_)), _) if is_open => Ok(()),
        (Some(DetectedType::Photo(kinds)), Some(declared)) => {
            if kinds.iter().any(|kind| kind.eq_ignore_ascii_case(declared)) {
                Ok(())
            } else {
                Err(format!(
                    "it is declared as {declared}, but its content is {}; save it again as JPEG",
                    kinds[0]
                ))
            }
        }
        (Some(DetectedType::Other(what)), _) => Err(what.to_owned()),
        (None, Some(declared)) if !is_open && !declared.starts_with("image/") => {
            Err(format!("it is not an image but {declared}"))
        }
        _ => Err(UNKNOWN.to_owned()),
    }
}

/// What the first bytes of a file say.
enum DetectedType {
    /// A photo, and what it may be called.
    Photo(&'static [&'static str]),
    /// Something else, in words.
    Other(&'static str),
}

/// What files begin with. Further kinds go in here.
const KINDS: [(&[u8], DetectedType); 14] = [
    (
        b"\xff\xd8\xff",
        DetectedType::Photo(&["image/jpeg", "image/jpg", "image/pjpeg"]),
    ),
    (
        b"\x89PNG\r\n\x1a\n",
        DetectedType::Photo(&["image/png", "image/x-png", "image/apng"]),
    ),
    (b"GIF8", DetectedType::Photo(&["image/gif"])),
    (b"BM", DetectedType::Photo(&["image/bmp", "image/x-ms-bmp"])),
    (
        b"II*\0",
        DetectedType::Other("it is a TIFF picture; save it as JPEG"),
    ),
    (
        b"MM\0*",
        DetectedType::Other("it is a TIFF picture; save it as JPEG"),
    ),
    (
        b"8BPS",
        DetectedType::Other("it is a Photoshop file; save it as JPEG"),
    ),
    (
        b"%PDF",
        DetectedType::Other("it is a PDF; save the photo as JPEG"),
    ),
    (
        b"PK\x03\x04",
        DetectedType::Other("it is a zip archive, not a photo"),
    ),
    (
        b"<svg",
        DetectedType::Other("it is a drawing (SVG); save it as JPEG"),
    ),
    (
        b"<?xml",
        DetectedType::Other("it is XML, perhaps a server error, not a photo"),
    ),
    (
        b"<!doctype",
        DetectedType::Other("it is a web page, not a photo"),
    ),
    (
        b"<html",
        DetectedType::Other("it is a web page, not a photo"),
    ),
    (
        b"{",
        DetectedType::Other("it is JSON, perhaps an error of the server, not a photo"),
    ),
];

fn sniffed(head: &[u8]) -> Option<DetectedType> {
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some(DetectedType::Photo(&["image/webp"]));
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Some(match head.get(8..12) {
            Some(b"avif" | b"avis") => DetectedType::Photo(&["image/avif"]),
            Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => {
                DetectedType::Other(
                    "it is a HEIC photo, the format that iPhones use; save it as JPEG",
                )
            }
            _ => DetectedType::Other("it is a video, not a photo"),
        });
    }
    let text = head.trim_ascii_start();
    let begins = |start: &[u8]| {
        let begin = text.get(..start.len());
        head.starts_with(start)
            || matches!(start[0], b'<' | b'{')
                && begin.is_some_and(|b| b.eq_ignore_ascii_case(start))
    };
    KINDS
        .into_iter()
        .find_map(|(start, found)| begins(start).then_some(found))
}

/// The media type and the usual ending of a photo that begins with `head`; what it is instead.
pub(super) fn kind(head: &[u8]) -> Result<(&'static str, &'static str), &'static str> {
    if head.is_empty() {
        return Err(EMPTY);
    }
    let kinds = match sniffed(head) {
        Some(DetectedType::Photo(kinds)) => kinds,
        Some(DetectedType::Other(what)) => return Err(what),
        None => return Err(UNKNOWN),
    };
    let ending = match kinds[0] {
        "image/jpeg" => "jpg",
        other => other.trim_start_matches("image/"),
    };
    Ok((kinds[0], ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_say_what_a_file_is() {
        const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
        for (head, kind) in [
            (JPEG, Some("image/jpeg")),
            (JPEG, Some("IMAGE/JPG; charset=binary")),
            (JPEG, Some("application/octet-stream")),
            (JPEG, None),
            (b"\x89PNG\r\n\x1a\n", Some("image/png")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
        ] {
            assert_eq!(judge(head, kind), Ok(()), "{kind:?}");
        }
        for (head, kind, part) in [
            (&b""[..], Some("image/jpeg"), "empty"),
            (b"\0\0\0\x18ftypheic", Some("image/jpeg"), "HEIC"),
            (
                b"\0\0\0\x18ftypmp42",
                Some("image/jpeg"),
                "a video, not a photo",
            ),
            (
                b"\x89PNG\r\n\x1a\n",
                Some("image/jpeg"),
                "content is image/png",
            ),
            (JPEG, Some("text/html"), "declared as text/html"),
            (b"\n<!DOCTYPE html>", Some("image/jpeg"), "web page"),
            (b"<Html>", Some("text/html"), "web page"),
            (b"hello", Some("text/plain"), "not an image but text/plain"),
            (
                b"hello",
                Some("image/jpeg"),
                "not a supported kind of photo",
            ),
            (b"MM\0*", Some("image/tiff"), "TIFF"),
        ] {
            let message = judge(head, kind).unwrap_err();
            assert!(message.contains(part), "{kind:?}: {message}");
        }
    }
}
