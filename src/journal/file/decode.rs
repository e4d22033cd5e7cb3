//! A log's bytes as UTF-8, whatever a shell, an editor or a rotation has made of the file.

use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};
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

type DecodedText<'a> = (Box<dyn BufRead + 'a>, Option<&'static str>);

fn unicode<'a>(mut file: impl BufRead + 'a) -> io::Result<DecodedText<'a>> {
    let (little_endian, mark) = match file.fill_buf()? {
        [0xff, 0xfe, ..] => (true, 2),
        [0xfe, 0xff, ..] => (false, 2),
        // JSON starts with two characters of ASCII.
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => (true, 0),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => (false, 0),
        _ => return Ok((Box::new(file), None)),
    };
    file.consume(mark);
    let encoding = if little_endian { UTF_16LE } else { UTF_16BE };
    let text = Utf16 {
        inner: file,
        decoder: encoding.new_decoder_without_bom_handling(),
        out: vec![0; BLOCK],
        ready: 0..0,
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
    decoder: Decoder,
    out: Vec<u8>,
    /// What of it is to be handed out.
    ready: Range<usize>,
    at_end: bool,
}

impl<R: BufRead> Utf16<R> {
    fn decode_some(&mut self) -> io::Result<()> {
        let read = self.inner.fill_buf()?;
        let is_last = read.is_empty();
        // Room for what could not be decoded.
        let most = self.out.len() - 1;
        let (result, taken, mut written) =
            self.decoder
                .decode_to_utf8_without_replacement(read, &mut self.out[..most], is_last);
        self.inner.consume(taken);
        if let DecoderResult::Malformed(..) = result {
            self.out[written] = NO_TEXT;
            written += 1;
        }
        self.at_end = is_last && result == DecoderResult::InputEmpty;
        self.ready = 0..written;
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.at_end {
            self.decode_some()?;
        }
        let count = (&self.out[self.ready.clone()]).read(buffer)?;
        self.ready.start += count;
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
