//! A log's bytes as UTF-8, whatever a shell, an editor or a rotation has made of the file.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// Bytes read at once.
const BLOCK: usize = 256 << 10;
/// A byte that stands in no UTF-8 text: what could not be decoded.
const NO_TEXT: u8 = 0xff;

/// A file's text, and how it is encoded where that is not UTF-8.
pub(super) struct Decoded<'a> {
    pub text: Box<dyn BufRead + 'a>,
    pub encoding: Option<&'static str>,
}

/// Decodes gzip, and UTF-16 with a byte order mark or recognized by its zero bytes. What breaks off
/// or cannot be decoded becomes a line that is not text.
pub(super) fn decode<'a>(file: impl Read + 'a) -> io::Result<Decoded<'a>> {
    let mut file = BufReader::with_capacity(BLOCK, file);
    if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        let unpacked = Unpacked {
            inner: MultiGzDecoder::new(file),
            broken: None,
        };
        let (text, _) = unicode(BufReader::with_capacity(BLOCK, unpacked))?;
        let encoding = Some("compressed with gzip");
        return Ok(Decoded { text, encoding });
    }
    let (text, encoding) = unicode(file)?;
    Ok(Decoded { text, encoding })
}

type Text<'a> = (Box<dyn BufRead + 'a>, Option<&'static str>);

fn unicode<'a>(mut file: impl BufRead + 'a) -> io::Result<Text<'a>> {
    let (little_endian, mark) = match file.fill_buf()? {
        [0xff, 0xfe, ..] => (true, 2),
        [0xfe, 0xff, ..] => (false, 2),
        // JSON starts with two characters of ASCII.
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => (true, 0),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => (false, 0),
        _ => return Ok((Box::new(file), None)),
    };
    file.consume(mark);
    let text = Utf16 {
        inner: file,
        little_endian,
        bytes: Vec::new(),
        surrogate: None,
        out: Vec::new(),
        at: 0,
        at_end: false,
    };
    let text = BufReader::with_capacity(BLOCK, text);
    Ok((Box::new(text), Some("encoded in UTF-16")))
}

/// Unpacked gzip. Where that breaks off, a line that is not text follows.
struct Unpacked<R> {
    inner: MultiGzDecoder<R>,
    /// What is still to be reported about the break.
    broken: Option<&'static [u8]>,
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(rest) = &mut self.broken {
            return rest.read(buffer);
        }
        match self.inner.read(buffer) {
            Err(error) if is_of_the_data(&error) => {
                self.broken = Some(b"\n\xff (the compressed data breaks off)\n");
                self.read(buffer)
            }
            done => done,
        }
    }
}

fn is_of_the_data(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

/// UTF-16 as UTF-8.
struct Utf16<R> {
    inner: R,
    little_endian: bool,
    /// What was read and not decoded yet.
    bytes: Vec<u8>,
    /// A first half whose second one is to come.
    surrogate: Option<u16>,
    out: Vec<u8>,
    at: usize,
    at_end: bool,
}

impl<R: BufRead> Utf16<R> {
    fn decode_some(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        let read = self.inner.fill_buf()?;
        let count = read.len();
        self.at_end = count == 0;
        self.bytes.extend_from_slice(read);
        self.inner.consume(count);
        let even = self.bytes.len() & !1;
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if self.little_endian {
                u16::from_le_bytes(pair)
            } else {
                u16::from_be_bytes(pair)
            }
        };
        let mut units: Vec<u16> = self.surrogate.take().into_iter().collect();
        units.extend(self.bytes[..even].chunks_exact(2).map(unit));
        self.bytes.drain(..even);
        let is_first_half = |unit: &u16| (0xd800..0xdc00).contains(unit);
        if !self.at_end && units.last().is_some_and(is_first_half) {
            self.surrogate = units.pop();
        }
        let mut utf8 = [0; 4];
        for char in char::decode_utf16(units) {
            match char {
                Ok(char) => self
                    .out
                    .extend_from_slice(char.encode_utf8(&mut utf8).as_bytes()),
                Err(_) => self.out.push(NO_TEXT),
            }
        }
        if self.at_end && !self.bytes.is_empty() {
            self.bytes.clear();
            self.out.push(NO_TEXT);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() && !self.at_end {
            self.decode_some()?;
        }
        let count = (&self.out[self.at..]).read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> (Vec<u8>, Option<&'static str>) {
        let mut out = Vec::new();
        let mut decoded = decode(bytes).unwrap();
        decoded.text.read_to_end(&mut out).unwrap();
        (out, decoded.encoding)
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    const TEXT: &str = "{\"a\":\"Küche 😀\"}\n{\"b\":1}\n";

    #[test]
    fn every_encoding_is_the_same_text() {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{}", TEXT.repeat(20_000));
            for unit in [u16::to_le_bytes, u16::to_be_bytes] {
                let bytes = utf16(&text, unit);
                for bytes in [bytes.clone(), gzip(&bytes)] {
                    let (read, encoding) = read(&bytes);
                    assert!(read == TEXT.repeat(20_000).as_bytes());
                    assert!(encoding.is_some());
                }
            }
        }
        assert_eq!(read(TEXT.as_bytes()), (TEXT.into(), None));
        let twice = [gzip(TEXT.as_bytes()), gzip(TEXT.as_bytes())].concat();
        assert_eq!(read(&twice).0, TEXT.repeat(2).as_bytes());
    }

    #[test]
    fn what_cannot_be_decoded_is_no_text() {
        let mut lone = utf16(TEXT, u16::to_le_bytes);
        lone.extend([0x00, 0xd8]);
        let mut odd = utf16(TEXT, u16::to_le_bytes);
        odd.push(b'{');
        let mut cut = gzip(TEXT.as_bytes());
        cut.truncate(cut.len() - 4);
        let mut followed = gzip(TEXT.as_bytes());
        followed.extend(TEXT.as_bytes());
        for bytes in [lone, odd, cut, followed] {
            let text = read(&bytes).0;
            assert!(text.starts_with(TEXT.as_bytes()));
            assert!(std::str::from_utf8(&text).is_err());
        }
    }
}
