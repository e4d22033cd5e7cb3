//! Which texts of the log may become a link, a photo or a clip.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::disk;

/// What stays as it is in a part of a path.
const PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address as a browser reads it, if it is http or https. Everything else a browser might
/// run, open or hand to another program.
pub(super) fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// A file that is there. A relative name is looked for in `folders`.
pub(super) fn file_there(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let name = Path::new(name);
    let candidates = folders.iter().map(|folder| folder.join(name));
    let file = candidates
        .chain(name.is_absolute().then(|| name.to_owned()))
        .find(|path| path.is_file())?;
    disk::canonicalize(&file).ok()
}

/// The address of a file: relative to the page's folder, so that page and clips can be moved
/// together; else absolute.
pub(super) fn file_address(file: &Path, page: Option<&Path>) -> Option<String> {
    let relative = page
        .and_then(|page| disk::canonicalize(page).ok())
        .and_then(|page| relative(file, &page));
    relative.or_else(|| Url::from_file_path(file).ok().map(Into::into))
}

/// A part of a path in an address.
pub(super) fn encoded(part: &str) -> String {
    utf8_percent_encode(part, PART).to_string()
}

/// The way from the folder `from` to `file`, both absolute; `None` when they share nothing, as on
/// two drives.
fn relative(file: &Path, from: &Path) -> Option<String> {
    let mut there = file.components().peekable();
    let mut here = from.components().peekable();
    let mut shared = 0;
    while let (Some(a), Some(b)) = (there.peek(), here.peek()) {
        if a != b {
            break;
        }
        there.next();
        here.next();
        shared += 1;
    }
    if shared == 0 {
        return None;
    }
    let mut parts: Vec<String> = here.map(|_| "..".to_owned()).collect();
    for component in there {
        let Component::Normal(name) = component else {
            return None;
        };
        parts.push(encoded(name.to_str()?));
    }
    // Without a folder in front, "a:b.mp4" would be an address of scheme "a"; colons are encoded,
    // so that cannot be.
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_addresses() {
        assert_eq!(
            web_address(" https://cdn.example.com/a b.mp4?x=\"y\" ").as_deref(),
            Some("https://cdn.example.com/a%20b.mp4?x=%22y%22")
        );
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,<script>",
            "file:///etc/passwd",
            "ftp://x/y",
            "/relative",
            "//host/path",
            "",
        ] {
            assert_eq!(web_address(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_clip_is_named_relatively_to_the_page() {
        let dir = tempfile::tempdir().unwrap();
        let clips = dir.path().join("videos/LST 1");
        std::fs::create_dir_all(&clips).unwrap();
        // Windows has no quotation marks in names.
        let (mark, encoded) = if cfg!(windows) {
            ("'", "%27")
        } else {
            ("\"", "%22")
        };
        std::fs::write(clips.join(format!("01-#1 {mark}x{mark}.mp4")), "clip").unwrap();
        let page = dir.path().join("pages");
        std::fs::create_dir(&page).unwrap();
        let folders = [dir.path().to_owned()];
        let named =
            |name: &str, page: &Path| file_address(&file_there(name, &folders)?, Some(page));
        let name = &format!("videos/LST 1/01-#1 {mark}x{mark}.mp4");
        let address = format!("videos/LST%201/01-%231%20{encoded}x{encoded}.mp4");
        assert_eq!(named(name, dir.path()).as_ref(), Some(&address));
        assert_eq!(named(name, &page), Some(format!("../{address}")));
        assert_eq!(named("videos/gone.mp4", dir.path()), None);
        assert_eq!(named("videos", dir.path()), None, "a folder is not a clip");
        let file = file_there(name, &folders).unwrap();
        let absolute = file_address(&file, None).unwrap();
        assert!(absolute.starts_with("file:///"), "{absolute}");
    }
}
