//! Reading lines: all of them in blocks, or one at its place.

use std::fs::File;
use std::io::{self, Read};

use memchr::memchr;

/// Bytes read at once.
const BLOCK: usize = 1 << 20;
/// A longer line is none of ours; it is skipped.
const MAX_LINE: usize = 64 << 20;

/// What a line is that is not UTF-8, or longer than any line of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText;

/// Hands each line to `each`, with the offset at which it starts. A byte order mark at the start
/// of the file is left out. A last line without newline is handed on like any other: whether it is
/// whole, its text tells.
pub fn for_each_line(
    reader: &mut impl Read,
    mut each: impl FnMut(u64, Result<&str, NotText>),
) -> io::Result<()> {
    for_each_span(reader, |offset, line| match line {
        Ok(line) => hand_on(&mut each, offset, line),
        Err(error) => each(offset, Err(error)),
    })
}

/// Hands each line to `each` as the bytes it is. A line too long to be any of ours is an error,
/// since what is copied must be whole.
pub(super) fn for_each_raw_line(
    reader: &mut impl Read,
    mut each: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut too_long = false;
    for_each_span(reader, |_, line| match line {
        Ok(line) => each(line),
        Err(NotText) => too_long = true,
    })?;
    if too_long {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a line is longer than {} MiB", MAX_LINE >> 20),
        ));
    }
    Ok(())
}

fn for_each_span(
    reader: &mut impl Read,
    mut each: impl FnMut(u64, Result<&[u8], NotText>),
) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK];
    let mut filled = 0;
    let mut offset = 0u64;
    let mut skipping = false;
    loop {
        let count = match reader.read(&mut buffer[filled..]) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let scan_from = filled;
        filled += count;
        let at_end = count == 0;
        let mut start = 0;
        let mut search = scan_from;
        while let Some(found) = memchr(b'\n', &buffer[search..filled]) {
            let end = search + found;
            if !std::mem::take(&mut skipping) {
                each(offset + start as u64, Ok(&buffer[start..end]));
            }
            start = end + 1;
            search = start;
        }
        if at_end {
            if start < filled && !skipping {
                each(offset + start as u64, Ok(&buffer[start..filled]));
            }
            return Ok(());
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
        offset += start as u64;
        if filled == buffer.len() {
            if filled >= MAX_LINE {
                if !skipping {
                    each(offset, Err(NotText));
                }
                skipping = true;
                offset += filled as u64;
                filled = 0;
            } else {
                buffer.resize(filled * 2, 0);
            }
        }
    }
}

fn hand_on(each: &mut impl FnMut(u64, Result<&str, NotText>), offset: u64, line: &[u8]) {
    let (offset, line) = match line.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if offset == 0 => (3, rest),
        _ => (offset, line),
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.is_empty() {
        each(offset, std::str::from_utf8(line).map_err(|_| NotText));
    }
}

/// Reads single lines of a file that others may be appending to.
#[derive(Debug)]
pub struct LineReader {
    file: File,
}

impl LineReader {
    /// Reads from `file`.
    pub fn new(file: File) -> Self {
        Self { file }
    }

    /// The line that starts at `offset`, without its newline.
    pub fn line_at(&self, offset: u64) -> io::Result<String> {
        let mut line = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let count = read_at(&self.file, &mut chunk, offset + line.len() as u64)?;
            let chunk = &chunk[..count];
            match memchr(b'\n', chunk) {
                Some(end) => line.extend_from_slice(&chunk[..end]),
                None => line.extend_from_slice(chunk),
            }
            if count == 0 || memchr(b'\n', chunk).is_some() || line.len() > MAX_LINE {
                return String::from_utf8(line)
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"));
            }
        }
    }
}

fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
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
}
