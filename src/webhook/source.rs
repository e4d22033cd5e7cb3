//! Where captures lie: files, folders, streams; plain or gzipped, in lines or as one document.

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use serde_json::value::RawValue;

use super::capture::Unreadable;
use super::formats::{self, CaptureResult};
use crate::disk::lines_of;

/// Bytes of the largest single capture.
pub(super) const MAX_ENTRY: u64 = 16 << 20;
/// Bytes of the largest file that is read as one document, since it is held in memory.
pub(super) const MAX_DOCUMENT: u64 = 256 << 20;

/// Bytes read at once, and verified by one core.
pub(super) const BLOCK: u64 = 1 << 16;

pub(super) type ByteSource = Box<dyn Read + Send>;

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// A JSON value a line, however many: read line by line.
    Lines,
    /// One JSON value over as many lines as it likes, or several after each other.
    Values,
}

/// Recognizes the layout by the beginning of a file (`whole`: all of it).
pub(super) fn layout(beginning: &[u8], whole: bool) -> Layout {
    let is_object =
        |line: &&[u8]| line.starts_with(b"{") && serde_json::from_slice::<&RawValue>(line).is_ok();
    let mut lines = lines(beginning).map(|(_, line)| line);
    let first_is_object = lines.next().as_ref().is_some_and(is_object);
    let values = || {
        let mut stream = serde_json::Deserializer::from_slice(beginning).into_iter::<&RawValue>();
        stream.all(|value| value.is_ok())
    };
    let in_lines = if first_is_object {
        !whole || lines.next().is_some()
    } else if whole {
        !values() && lines.any(|line| is_object(&line))
    } else {
        // The first line may be torn, as when an older part of the file was cut off.
        lines.next().as_ref().is_some_and(is_object)
    };
    if in_lines {
        Layout::Lines
    } else {
        Layout::Values
    }
}

/// The lines that are not blank, trimmed, with their numbers from 1.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let trimmed = lines_of(bytes).map(|(_, line)| line.trim_ascii());
    (1..).zip(trimmed).filter(|(_, line)| !line.is_empty())
}

pub(super) fn read_line<'a>(line: &'a [u8], each: &mut dyn FnMut(CaptureResult<'a>)) {
    match std::str::from_utf8(line) {
        Ok(text) => formats::read_value(text, each),
        Err(_) => each(Err(not_text())),
    }
}

/// Reads a document that is wholly in memory.
pub(super) fn read_values<'a>(bytes: &'a [u8], each: &mut dyn FnMut(CaptureResult<'a>)) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return each(Err(not_text()));
    };
    for value in serde_json::Deserializer::from_str(text).into_iter::<&'a RawValue>() {
        match value {
            Ok(value) => formats::read_value(value.get(), each),
            Err(e) => each(Err(formats::not_json(&e))),
        }
    }
}

fn not_text() -> Unreadable {
    Unreadable::because("it is not text, so it holds no captures")
}

/// Opens what `reader` has: unzips gzip, decodes UTF-16, drops a byte order mark.
pub(super) fn decode(reader: ByteSource) -> io::Result<ByteSource> {
    let (head, mut reader) = peek(reader)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        reader = Box::new(MultiGzDecoder::new(BufReader::new(reader)));
    }
    let (head, mut reader) = peek(reader)?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Ok(Box::new(DecodeReaderBytesBuilder::new().build(reader)));
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        io::copy(&mut reader.by_ref().take(3), &mut io::sink())?;
    }
    Ok(reader)
}

/// The first bytes, and a reader that still has them.
fn peek(mut reader: ByteSource) -> io::Result<(Vec<u8>, ByteSource)> {
    let mut head = Vec::with_capacity(3);
    reader.by_ref().take(3).read_to_end(&mut head)?;
    let again = Cursor::new(head.clone());
    Ok((head, Box::new(again.chain(reader))))
}

/// Opens a file to read its captures.
pub(super) fn open(path: &Path) -> io::Result<ByteSource> {
    decode(Box::new(File::open(path)?))
}

/// How many lines end in it.
pub(super) fn newlines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// An entry for a file that cannot be read on.
pub(super) fn cannot_read(e: &io::Error) -> Unreadable {
    Unreadable::because(match e.kind() {
        io::ErrorKind::UnexpectedEof => {
            "it ends in the middle: fetch the file again for the rest".to_owned()
        }
        _ => format!("it cannot be read: {e}"),
    })
}

/// The headers beside a raw body: of `NAME.json` (or `NAME.json.gz`), `NAME.headers`.
pub(super) fn headers_beside(body: &Path) -> Option<String> {
    let name = match body.extension() {
        Some(gz) if gz.eq_ignore_ascii_case("gz") => body.with_extension(""),
        _ => body.to_owned(),
    };
    let bytes = fs::read(name.with_extension("headers")).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A file that a walk has found, or why it is left out.
pub(super) type WalkEntry = Result<PathBuf, (PathBuf, Unreadable)>;

/// Walks files and folders, each folder's entries in the order of their names.
pub(super) struct Walk {
    /// What is still to be looked at, the next one last; and whether it was named by the user.
    stack: Vec<(PathBuf, bool)>,
}

impl Walk {
    pub fn new(path: PathBuf) -> Self {
        Self {
            stack: vec![(path, true)],
        }
    }

    fn enter(&mut self, folder: &Path) -> io::Result<()> {
        let mut names = fs::read_dir(folder)?
            .map(|entry| entry.map(|e| e.path()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort_unstable_by(|a, b| b.cmp(a));
        self.stack
            .extend(names.into_iter().map(|name| (name, false)));
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = WalkEntry;

    fn next(&mut self) -> Option<WalkEntry> {
        loop {
            let (path, named) = self.stack.pop()?;
            let refuse = |reason: String| Some(Err((path.clone(), Unreadable::Because(reason))));
            let kind = match fs::metadata(&path) {
                Ok(meta) => meta.file_type(),
                Err(e) => return refuse(format!("it cannot be read: {e}")),
            };
            if kind.is_dir() {
                if !named && path.is_symlink() {
                    return refuse("it is a link to a folder, which is not followed".to_owned());
                }
                match self.enter(&path) {
                    Ok(()) => continue,
                    Err(e) => return refuse(format!("the folder cannot be read: {e}")),
                }
            }
            // Reading a pipe that happens to lie in a folder would wait for ever.
            if !named && !kind.is_file() {
                return refuse("it is not a regular file".to_owned());
            }
            // The lock of a capture file says nothing, and cannot be read everywhere while it is held.
            let is_lock = || path.extension().is_some_and(|e| e == "lock");
            if !named && is_lock() && path.with_extension("").is_file() {
                continue;
            }
            if !named && is_skipped(&path) {
                continue;
            }
            if path.extension().is_some_and(|e| e == "headers") {
                if has_body(&path) {
                    continue;
                }
                return refuse("headers without a body: its .json file is missing".to_owned());
            }
            return Some(Ok(path));
        }
    }
}

/// Whether a file in a folder is not a capture by its name: file managers' own and hidden files, parts of
/// downloads, editors' backups.
fn is_skipped(path: &Path) -> bool {
    const NAMES: [&str; 4] = ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"];
    const ENDINGS: [&str; 11] = [
        ".part",
        ".partial",
        ".crdownload",
        ".download",
        ".opdownload",
        ".tmp",
        ".temp",
        ".bak",
        ".swp",
        ".swo",
        "~",
    ];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    let is_autosave = name.len() > 1 && name.starts_with('#') && name.ends_with('#');
    name.starts_with('.')
        || name.starts_with("~$")
        || is_autosave
        || NAMES.contains(&name.as_str())
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether the body that a headers file belongs to lies beside it.
fn has_body(headers: &Path) -> bool {
    ["json", "json.gz", "body", "txt", ""]
        .iter()
        .any(|extension| headers.with_extension(extension).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_reported_from_the_beginning() {
        for (text, whole, expected) in [
            ("{}\n{}\n", true, Layout::Lines),
            ("{}\n", true, Layout::Values),
            ("{}\n", false, Layout::Lines),
            ("\n\n{}\r\n\r\n{}", true, Layout::Lines),
            ("{\n \"a\": 1\n}\n", true, Layout::Values),
            ("[\n{},\n{}\n]\n", true, Layout::Values),
            ("{\"requests\":[\n{},\n{}\n]}\n", true, Layout::Values),
            ("{\"requests\":[\n{},\n{}\n", false, Layout::Values),
            ("{}{}", true, Layout::Values),
            ("torn\":1}\n{}\n{}\n", true, Layout::Lines),
            ("torn\":1}\n{}\n{}\n", false, Layout::Lines),
            ("{}\n{\"torn", true, Layout::Lines),
            ("{\"torn", true, Layout::Values),
            ("", true, Layout::Values),
        ] {
            assert_eq!(layout(text.as_bytes(), whole), expected, "{text:?} {whole}");
        }
    }

    #[test]
    fn files_of_other_programs_are_passed_over() {
        for (name, passed_over) in [
            (".DS_Store", true),
            ("._a.json", true),
            ("Thumbs.db", true),
            ("desktop.ini", true),
            ("a.json.part", true),
            ("a.json.crdownload", true),
            ("A.TMP", true),
            ("a.json~", true),
            ("a.json.bak", true),
            (".a.json.swp", true),
            ("#a.json#", true),
            ("~$a.csv", true),
            ("a.json", false),
            ("a", false),
            ("#1.json", false),
            ("a.part.json", false),
            ("captures.jsonl.gz", false),
        ] {
            assert_eq!(is_skipped(Path::new(name)), passed_over, "{name}");
        }
    }

    #[test]
    fn marks_and_compression_are_taken_off() {
        let gz = {
            use std::io::Write;
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all("\u{feff}{\"a\":1}".as_bytes()).unwrap();
            out.finish().unwrap()
        };
        let utf16: Vec<u8> = "\u{feff}{\"a\":1}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [
            b"{\"a\":1}".to_vec(),
            b"\xef\xbb\xbf{\"a\":1}".to_vec(),
            gz,
            utf16,
        ] {
            let mut text = String::new();
            decode(Box::new(Cursor::new(bytes)))
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "{\"a\":1}");
        }
        let mut nothing = decode(Box::new(io::empty())).unwrap();
        assert_eq!(nothing.read(&mut [0]).unwrap(), 0);
    }
}
