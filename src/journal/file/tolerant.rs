//! The reader for logs that something else has written again: an editor, a shell, a spreadsheet
//! program, a rotation, a power cut.
//!
//! What can be read without guessing is read: other encodings, several objects on a line, one over
//! several lines, an array of them. What is not whole is torn, which is harmless, or damage.

use std::io::{self, BufRead, Read};

use super::damage::{Damage, is_torn, is_whole, what};
use super::decode::{Decoded, decode};
use super::objects::{Objects, OpenObject, ScanResult, without_space};
use super::read::MAX_LINE;

/// A part of a log.
#[derive(Clone, Copy, Debug)]
pub enum LogPart<'a> {
    /// A line of the log, on one line.
    Line(&'a str),
    /// The beginning of a line that was never written to its end, with its number in the file.
    Torn(u64, &'a [u8]),
    /// Neither; with its bytes.
    Damaged(&'a Damage, &'a [u8]),
}

/// How a file is written, where that is not one object a line in UTF-8: as in "it is ...". Nothing
/// can be appended to such a file.
pub(super) type Form = Option<&'static str>;

/// Hands each part of the log in `file` to `each`.
pub(super) fn read(
    file: impl Read,
    mut each: impl FnMut(LogPart<'_>) -> io::Result<()>,
) -> io::Result<Form> {
    let Decoded { mut text, encoding } = decode(file)?;
    let mut reader = PartReader {
        each: &mut each,
        held: None,
        form: None,
    };
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let Some(end) = next_line(&mut text, &mut line)? else {
            break;
        };
        number += 1;
        if end == LineEnding::Return {
            reader.form = Some("written with carriage returns in place of newlines");
        }
        let from = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        reader.line(number, from, end)?;
    }
    reader.end()?;
    Ok(encoding.or(reader.form))
}

/// What a line ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnding {
    Newline,
    Windows,
    Return,
    File,
}

/// Reads a line into `line`, without its end. Of a line longer than any of ours the beginning.
fn next_line(text: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<LineEnding>> {
    let mut any = false;
    loop {
        let block = text.fill_buf()?;
        if block.is_empty() {
            return Ok(any.then_some(LineEnding::File));
        }
        any = true;
        let end = memchr::memchr2(b'\n', b'\r', block);
        let part = &block[..end.unwrap_or(block.len())];
        let room = MAX_LINE.saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let Some(end) = end else {
            let read = block.len();
            text.consume(read);
            continue;
        };
        let is_return = block[end] == b'\r';
        text.consume(end + 1);
        if !is_return {
            return Ok(Some(LineEnding::Newline));
        }
        if text.fill_buf()?.first() == Some(&b'\n') {
            text.consume(1);
            return Ok(Some(LineEnding::Windows));
        }
        return Ok(Some(LineEnding::Return));
    }
}

/// An object that continues on the next line, or is torn.
struct PartialObject {
    number: u64,
    text: Vec<u8>,
    /// Where each of its lines starts in the text.
    starts: Vec<usize>,
    open: OpenObject,
    /// What its last line ended with.
    end: LineEnding,
}

impl PartialObject {
    fn new(number: u64, text: &[u8], end: LineEnding) -> Self {
        let mut open = OpenObject::default();
        open.feed(text);
        Self {
            number,
            text: text.to_vec(),
            starts: vec![0],
            open,
            end,
        }
    }

    /// Takes in a line that may belong to it.
    fn feed(&mut self, line: &[u8], end: LineEnding) -> Option<ScanResult> {
        if self.open.is_in_text() || self.text.len() + line.len() >= MAX_LINE {
            return Some(ScanResult::Broken(0));
        }
        let step = self.open.feed(line);
        if let None | Some(ScanResult::Ended(_)) = step {
            self.text.push(b'\n');
            self.starts.push(self.text.len());
            let taken = match step {
                Some(ScanResult::Ended(taken)) => taken,
                _ => line.len(),
            };
            self.text.extend_from_slice(&line[..taken]);
            self.end = end;
        }
        step
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.starts[1..].iter().map(|start| start - 1);
        let ends = ends.chain([self.text.len()]);
        let places = self.starts.iter().zip(ends);
        places.map(|(start, end)| &self.text[*start..end])
    }
}

struct PartReader<'a> {
    each: &'a mut dyn FnMut(LogPart<'_>) -> io::Result<()>,
    held: Option<PartialObject>,
    form: Form,
}

impl PartReader<'_> {
    fn line(&mut self, number: u64, line: &[u8], end: LineEnding) -> io::Result<()> {
        let Some(mut held) = self.held.take() else {
            return self.fresh(number, line, end);
        };
        let objects = Objects::of(line, is_whole);
        if objects.is_whole() {
            // Whatever has begun before does not go on here.
            self.give_up(&held, Some(end))?;
            return self.fresh(number, line, end);
        }
        match held.feed(line, end) {
            None => self.held = Some(held),
            Some(ScanResult::Ended(taken)) => {
                let object = without_space(&held.text);
                match std::str::from_utf8(&object) {
                    Ok(object) if is_whole(object) => {
                        self.form = Some("written with objects over several lines");
                        (self.each)(LogPart::Line(object))?;
                    }
                    _ => self.damaged(held.number, &held.text)?,
                }
                self.fresh(number, &line[taken..], end)?;
            }
            Some(ScanResult::Broken(_)) => {
                self.give_up(&held, is_torn(line).then_some(end))?;
                self.fresh(number, line, end)?;
            }
        }
        Ok(())
    }

    /// A line before which nothing is open.
    fn fresh(&mut self, number: u64, line: &[u8], end: LineEnding) -> io::Result<()> {
        if line.len() >= MAX_LINE {
            return self.damaged(number, line);
        }
        let objects = Objects::of(line, is_whole);
        for line in &objects.lines {
            (self.each)(LogPart::Line(line))?;
        }
        if objects.is_damaged {
            return self.damaged(number, line);
        }
        if objects.in_array {
            self.form = Some("written as one JSON array");
        }
        self.held = objects
            .rest
            .map(|at| PartialObject::new(number, &line[at..], end));
        Ok(())
    }

    /// What has begun does not go on. It is torn where each of its lines is, and where the line that
    /// follows (`next` is its end) is one that a writer has written.
    fn give_up(&mut self, held: &PartialObject, next: Option<LineEnding>) -> io::Result<()> {
        // A changed byte may look like a carriage return before the newline.
        let is_usual_end = held.end == LineEnding::Newline || Some(held.end) == next;
        if next.is_some() && is_usual_end && held.lines().all(is_torn) {
            let mut lines = (held.number..).zip(held.lines());
            return lines.try_for_each(|(number, line)| (self.each)(LogPart::Torn(number, line)));
        }
        self.damaged(held.number, &held.text)
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        let next = match held.end {
            LineEnding::File => LineEnding::File,
            _ => LineEnding::Newline,
        };
        self.give_up(&held, Some(next))
    }

    fn damaged(&mut self, number: u64, text: &[u8]) -> io::Result<()> {
        let what = if text.len() >= MAX_LINE {
            format!("it is longer than {} MiB", MAX_LINE >> 20)
        } else {
            what(text)
        };
        let damage = Damage::new(number, what, text);
        (self.each)(LogPart::Damaged(&damage, text))
    }
}
