//! Lines of a file or stream, read in blocks of whole lines.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memrchr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Whole lines, the first of which starts at this offset; only the file's last one may lack
    /// its newline.
    Lines(u64),
    /// At this offset starts a line that is longer than any is expected to be; it is skipped.
    TooLong(u64),
}

/// Reads a file in blocks of whole lines.
pub(crate) struct Blocks<R> {
    reader: R,
    /// Bytes read at once.
    size: usize,
    /// Bytes of a line that is too long.
    too_long: usize,
    /// What was read behind the last newline.
    rest: Vec<u8>,
    /// The offset of `rest`.
    offset: u64,
    skipping: bool,
    at_end: bool,
    /// What ended the reading; passed on once all that was read before has been.
    failure: Option<io::Error>,
}

impl<R: Read> Blocks<R> {
    /// Reads `size` bytes at once, or as many as a line has, if those are fewer than `too_long`.
    pub fn new(reader: R, size: usize, too_long: usize) -> Self {
        Self {
            reader,
            size,
            too_long,
            rest: Vec::new(),
            offset: 0,
            skipping: false,
            at_end: false,
            failure: None,
        }
    }

    /// Whether nothing is left to be read.
    pub fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Reads the next block into `block`; `None` at the end.
    pub fn next(&mut self, block: &mut Vec<u8>) -> io::Result<Option<Block>> {
        block.clear();
        block.append(&mut self.rest);
        let mut searched = 0;
        while !self.at_end {
            let wanted = self.size.saturating_sub(block.len()).max(self.size / 4);
            self.read(block, wanted);
            if self.skipping {
                let newline = memchr(b'\n', block);
                let skipped = newline.map_or(block.len(), |at| at + 1);
                block.drain(..skipped);
                self.offset += skipped as u64;
                self.skipping = newline.is_none();
                searched = 0;
                continue;
            }
            if self.at_end {
                break;
            }
            if let Some(newline) = memrchr(b'\n', &block[searched..]) {
                let end = searched + newline + 1;
                self.rest.extend_from_slice(&block[end..]);
                block.truncate(end);
                break;
            }
            searched = block.len();
            if searched >= self.too_long {
                self.skipping = true;
                let offset = self.offset;
                self.offset += searched as u64;
                block.clear();
                return Ok(Some(Block::TooLong(offset)));
            }
        }
        if block.is_empty() {
            return self.failure.take().map_or(Ok(None), Err);
        }
        let offset = self.offset;
        self.offset += block.len() as u64;
        Ok(Some(Block::Lines(offset)))
    }

    /// Reads so many bytes more, or fewer at the end.
    fn read(&mut self, block: &mut Vec<u8>, wanted: usize) {
        block.reserve(wanted);
        let mut part = self.reader.by_ref().take(wanted as u64);
        match part.read_to_end(block) {
            Ok(count) => self.at_end = count < wanted,
            Err(error) => {
                self.at_end = true;
                self.failure = Some(error);
            }
        }
    }
}

/// The lines of a block and where they start in it.
pub(crate) fn lines_of(block: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = block.get(start..).filter(|rest| !rest.is_empty())?;
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = (start, &rest[..end]);
        start += end + 1;
        Some(line)
    })
}

/// Where the parts of a block are, each of whole lines and about `size` bytes.
pub(crate) fn pieces_of(block: &[u8], size: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::with_capacity(block.len() / size.max(1) + 1);
    let mut start = 0;
    while start < block.len() {
        let at = (start + size).min(block.len() - 1);
        let end = memchr(b'\n', &block[at..]).map_or(block.len(), |n| at + n + 1);
        pieces.push(start..end);
        start = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the reader gives, and then an error.
    struct Broken<'a>(&'a [u8]);

    impl Read for Broken<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 if !buffer.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
                count => Ok(count),
            }
        }
    }

    #[test]
    fn what_was_read_before_an_error_comes_before_it() {
        for size in [4, 8, 64] {
            let mut blocks = Blocks::new(Broken(b"one\ntwo\nthr"), size, 100);
            let (mut all, mut block) = (Vec::new(), Vec::new());
            let error = loop {
                match blocks.next(&mut block) {
                    Ok(read) => assert_eq!(read, Some(Block::Lines(all.len() as u64))),
                    Err(error) => break error,
                }
                all.append(&mut block);
            };
            assert_eq!(all, b"one\ntwo\nthr", "blocks of {size}");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            assert_eq!(blocks.next(&mut block).unwrap(), None);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out() {
        let text = format!("one\n{}\ntwo\n", "x".repeat(50));
        let mut blocks = Blocks::new(text.as_bytes(), 8, 16);
        let (mut found, mut block) = (Vec::new(), Vec::new());
        while let Some(read) = blocks.next(&mut block).unwrap() {
            found.push((read, String::from_utf8(block.clone()).unwrap()));
        }
        let expected = [
            (Block::Lines(0), "one\n"),
            (Block::TooLong(4), ""),
            (Block::Lines(55), "two\n"),
        ];
        assert_eq!(found, expected.map(|(read, text)| (read, text.to_owned())));
    }

    #[test]
    fn pieces_are_of_whole_lines_and_all_there_is() {
        let text = b"a\nbb\nccc\ndddd";
        for size in 0..20 {
            let pieces = pieces_of(text, size);
            let joined: Vec<u8> = pieces
                .iter()
                .flat_map(|p| text[p.clone()].to_vec())
                .collect();
            assert_eq!(joined, text, "size {size}");
            let mut ends = pieces.iter().map(|piece| piece.end);
            assert!(
                ends.all(|end| end == text.len() || text[end - 1] == b'\n'),
                "size {size}"
            );
        }
    }
}
