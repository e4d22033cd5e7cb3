//! Reading lines: all of them in blocks, or one at its place.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memchr;

use crate::disk::{Block, Blocks, lines_of};

/// Bytes read at once.
const BLOCK: usize = 1 << 20;
/// A longer line is none of ours; it is skipped.
pub(super) const MAX_LINE: usize = 64 << 20;

/// What a line is that is not UTF-8, or longer than any line of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText;

/// The blocks of a log.
pub(super) fn blocks<R: Read>(reader: R) -> Blocks<R> {
    Blocks::new(reader, BLOCK, MAX_LINE)
}

/// Hands each line to `each`, with the offset at which it starts. A byte order mark at the start
/// of a line is left out. A last line without newline is passed on like any other: whether it is
/// whole, its text says.
pub fn for_each_line(
    reader: &mut impl Read,
    mut each: impl FnMut(u64, Result<&str, NotText>),
) -> io::Result<()> {
    let mut blocks = blocks(reader);
    let mut block = Vec::new();
    while let Some(read) = blocks.next(&mut block)? {
        match read {
            Block::Lines(offset) => {
                for (start, line) in lines_of(&block) {
                    let (skipped, line) = bare(line);
                    if !line.is_empty() {
                        let text = std::str::from_utf8(line).map_err(|_| NotText);
                        each(offset + start as u64 + skipped, text);
                    }
                }
            }
            Block::TooLong(offset) => each(offset, Err(NotText)),
        }
    }
    Ok(())
}

/// A line without the byte order mark that a file starts with, and a line within it where files
/// were joined; how long that was; and without what Windows puts before a newline.
pub(super) fn bare(line: &[u8]) -> (u64, &[u8]) {
    let (skipped, line) = match line.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (3, rest),
        None => (0, line),
    };
    (skipped, line.strip_suffix(b"\r").unwrap_or(line))
}

/// Reads single lines of a file that others may be appending to.
///
/// Jobs are mostly looked up in the order in which they were ordered, so that their first lines
/// follow each other; what came of them may stand in the same order, or anywhere.
#[derive(Debug)]
pub struct LineReader {
    source: Arc<LineSource>,
    windows: Mutex<[Window; 2]>,
}

/// Where lines stand: in the log's file; or in a copy, as far as the log was read from one, and
/// behind that in the file.
#[derive(Debug)]
struct LineSource {
    file: File,
    copy: Option<CopyFile>,
}

/// A log's lines, written again so that each is one line.
#[derive(Debug)]
struct CopyFile {
    file: File,
    /// Its length; places from here on are those of the log's file.
    len: u64,
    /// How long the log's file was then.
    read: u64,
}

impl LineSource {
    fn read_at(&self, buffer: &mut [u8], place: u64) -> io::Result<usize> {
        match &self.copy {
            None => read_at(&self.file, buffer, place),
            Some(copy) if place < copy.len => read_at(&copy.file, buffer, place),
            Some(copy) => read_at(&self.file, buffer, place - copy.len + copy.read),
        }
    }
}

/// A part of the file that was read.
#[derive(Debug, Default)]
struct Window {
    start: u64,
    text: Vec<u8>,
}

/// Bytes read at once where a line is looked up by itself: it has a few hundred.
const SPOT: usize = 1 << 10;
/// Bytes read at once where lines follow each other, at most.
const AHEAD: usize = 256 << 10;

impl LineReader {
    /// Reads from `file`.
    pub fn new(file: File) -> Self {
        Self::of(LineSource { file, copy: None })
    }

    /// Reads from `copy`, `len` bytes long, and for later places from `file` behind its first
    /// `read` bytes.
    pub(super) fn of_copy(copy: File, len: u64, file: File, read: u64) -> Self {
        let copy = Some(CopyFile {
            file: copy,
            len,
            read,
        });
        Self::of(LineSource { file, copy })
    }

    fn of(source: LineSource) -> Self {
        Self {
            source: Arc::new(source),
            windows: Mutex::default(),
        }
    }

    /// Reads from the same file, elsewhere in it.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            windows: Mutex::default(),
        }
    }

    /// The line that starts at `offset`, without its newline.
    pub fn line_at(&self, offset: u64) -> io::Result<String> {
        let line = self.bytes_at(offset)?;
        String::from_utf8(line)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    }

    /// The same for a line that may be no text.
    pub(super) fn bytes_at(&self, offset: u64) -> io::Result<Vec<u8>> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = windows.iter().find_map(|window| window.line_at(offset)) {
            return Ok(line.to_vec());
        }
        let next = windows.iter().position(|window| window.is_before(offset));
        let (window, len) = if let Some(next) = next {
            // It moves on, in ever longer steps.
            let len = windows[next].text.len() * 8;
            (&mut windows[next], len)
        } else {
            // The one that has got further is left where it is.
            let [first, second] = &mut *windows;
            let shorter = first.text.len() < second.text.len();
            (if shorter { first } else { second }, SPOT)
        };
        window.read(&self.source, offset, len.clamp(SPOT, AHEAD))?;
        while window.line_at(offset).is_none() && window.text.len() <= MAX_LINE {
            // A long line; or the file's last one, without a newline.
            if window.read_on(&self.source)? == 0 {
                break;
            }
        }
        let line = window.line_at(offset).unwrap_or(&window.text);
        Ok(line.to_vec())
    }
}

impl Window {
    /// The line at `offset` where the window holds all of it.
    fn line_at(&self, offset: u64) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let rest = self.text.get(start..)?;
        memchr(b'\n', rest).map(|end| &rest[..end])
    }

    /// Whether `offset` is what one would look at next: its line is cut by the window's end, or
    /// begins there, or a line or two later.
    fn is_before(&self, offset: u64) -> bool {
        let end = self.start + self.text.len() as u64;
        (self.start..=end + SPOT as u64).contains(&offset) && end > 0
    }

    fn read(&mut self, source: &LineSource, offset: u64, len: usize) -> io::Result<()> {
        self.start = offset;
        self.text.resize(len, 0);
        let count = source.read_at(&mut self.text, offset);
        self.text.truncate(*count.as_ref().unwrap_or(&0));
        count.map(drop)
    }

    /// Reads what follows, as much again.
    fn read_on(&mut self, source: &LineSource) -> io::Result<usize> {
        let len = self.text.len();
        self.text.resize(len + len.max(SPOT), 0);
        let count = source.read_at(&mut self.text[len..], self.start + len as u64);
        self.text.truncate(len + count.as_ref().unwrap_or(&0));
        count
    }
}

/// Fills `buffer` from `offset` up to the end of the file; returns the number of bytes.
pub(super) fn fill_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_at(file, &mut buffer[filled..], offset + filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let result = std::os::unix::fs::FileExt::read_at(file, buffer, offset);
        #[cfg(windows)]
        let result = std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads in steps of `step` bytes, so that lines are cut anywhere.
    struct Steps<'a>(&'a [u8], usize);

    impl Read for Steps<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn lines(bytes: &[u8], step: usize) -> Vec<(u64, Result<String, NotText>)> {
        let mut out = Vec::new();
        for_each_line(&mut Steps(bytes, step), |offset, line| {
            out.push((offset, line.map(str::to_owned)));
        })
        .unwrap();
        out
    }

    #[test]
    fn lines_are_the_same_however_the_reads_fall() {
        let text = b"\xef\xbb\xbfone\r\n\ntwo\n\xff\nlast";
        for step in 1..20 {
            assert_eq!(
                lines(text, step),
                [
                    (3, Ok("one".to_owned())),
                    (9, Ok("two".to_owned())),
                    (13, Err(NotText)),
                    (15, Ok("last".to_owned())),
                ],
                "step {step}"
            );
        }
    }

    #[test]
    fn a_line_longer_than_a_block_is_one_line() {
        let long = "x".repeat(3 * BLOCK);
        let text = format!("{long}\nshort\n");
        let found = lines(text.as_bytes(), BLOCK);
        assert_eq!(found[0].1.as_ref().unwrap().len(), long.len());
        assert_eq!(found[1], (long.len() as u64 + 1, Ok("short".to_owned())));
    }

    #[test]
    fn a_line_is_found_at_its_offset() {
        let mut file = tempfile::tempfile().unwrap();
        let long = "y".repeat(10_000);
        std::io::Write::write_all(&mut file, format!("one\n{long}\nend").as_bytes()).unwrap();
        let reader = LineReader::new(file);
        assert_eq!(reader.line_at(4).unwrap(), long);
        assert_eq!(reader.line_at(10_005).unwrap(), "end");
    }

    #[test]
    fn lines_are_found_in_any_order_while_the_file_grows() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let reader = LineReader::new(file.reopen().unwrap());
        let mut places = Vec::new();
        let mut write = |line: String| {
            let offset = file.as_file().metadata().unwrap().len();
            std::io::Write::write_all(&mut file, line.as_bytes()).unwrap();
            offset
        };
        for n in 0..3000_usize {
            let text = format!("{n} {}", "z".repeat(n * 7919 % 600));
            places.push((write(format!("{text}\n")), text));
            let (offset, text) = &places[n * n % (n + 1)];
            assert_eq!(&reader.line_at(*offset).unwrap(), text);
        }
        for step in [1, 7, 1499, 2999] {
            for n in 0..3000 {
                let (offset, text) = &places[n * step % 3000];
                assert_eq!(&reader.line_at(*offset).unwrap(), text, "step {step}");
            }
        }
        let torn = write("torn".to_owned());
        assert_eq!(reader.line_at(torn).unwrap(), "torn");
        write(" no more\n".to_owned());
        assert_eq!(reader.line_at(torn).unwrap(), "torn no more");
        let end = write(String::new());
        assert_eq!(reader.line_at(end).unwrap(), "");
    }
}
