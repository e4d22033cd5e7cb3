//! JSON that is safe to look at: what could steer a terminal, or reorder what it shows, is
//! spelled as a `\u` escape. A reader of the JSON gets the very same text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::text::escape;

/// Writes `value` on one line, without a newline.
pub fn write(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(out, Safe);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// A value that is written already.
pub struct Element(Vec<u8>);

/// Writes `value` to be put into an [`Array`].
pub fn element(value: &impl Serialize) -> io::Result<Element> {
    let mut text = Vec::with_capacity(1024);
    write(&mut text, value)?;
    Ok(Element(text))
}

/// An array on standard output, one element a line, written as its elements come.
pub struct Array<W: Write> {
    out: W,
    is_empty: bool,
}

impl<W: Write> Array<W> {
    /// Opens the array.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"[")?;
        Ok(Self {
            out,
            is_empty: true,
        })
    }

    /// Adds an element.
    pub fn push(&mut self, element: &Element) -> io::Result<()> {
        let before: &[u8] = if self.is_empty { b"\n" } else { b",\n" };
        self.is_empty = false;
        self.out.write_all(before)?;
        self.out.write_all(&element.0)
    }

    /// Closes the array.
    pub fn finish(mut self) -> io::Result<()> {
        let end: &[u8] = if self.is_empty { b"]\n" } else { b"\n]\n" };
        self.out.write_all(end)?;
        self.out.flush()
    }
}

/// Everything as the compact default, but for texts.
struct Safe;

impl Formatter for Safe {
    /// The default writes a fragment as it is; the control characters below a blank never come
    /// here.
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        let mut rest = fragment;
        while let Some((place, c)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            writer.write_all(&rest.as_bytes()[..place])?;
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[place + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// What [`escape()`] would spell out. Ordinary text is recognized by its bytes: no character below
/// U+0080 but DEL comes here, and most text has no other.
fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c == '\u{7f}';
    }
    let mut buffer = [0; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    escape(text) != text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        write(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        let value = serde_json::json!({"Küche": ["客厅", 5, null, {}], "q": "a\"b\\c\n"});
        assert_eq!(written(&value), value.to_string());
    }

    #[test]
    fn what_could_steer_a_terminal_is_an_escape_of_the_same_text() {
        let text = "a\u{7f}b\u{1b}[2J";
        let json = written(&text);
        assert_eq!(json, "\"a\\u007fb\\u001b[2J\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn an_array_is_whole_with_none_one_and_two_elements() {
        for elements in [&[][..], &[1], &[1, 2]] {
            let mut out = Vec::new();
            let mut array = Array::new(&mut out).unwrap();
            for element in elements {
                array.push(&super::element(element).unwrap()).unwrap();
            }
            array.finish().unwrap();
            assert_eq!(serde_json::from_slice::<Vec<i32>>(&out).unwrap(), elements);
            assert_eq!(out.last(), Some(&b'\n'));
        }
    }
}
