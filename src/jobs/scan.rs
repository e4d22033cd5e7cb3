//! A quick and strict reader of plain JSON objects.
//!
//! Most lines of a log were written by this tool, so they are as plain as JSON can be. What this
//! reader takes is valid JSON, and it takes it as serde would; whatever is out of the ordinary
//! (escapes in a name, exponents, `\u`) it refuses, and the caller asks serde instead.

#![expect(
    clippy::option_option,
    reason = "refused, null, or a value: `?` hands the first on"
)]

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text without escapes.
    Text,
    /// A text with escapes.
    Escaped,
    /// A number without an exponent.
    Number,
    True,
    False,
    Null,
    /// An object or a list.
    Nested,
}

/// A field of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    text: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What it holds.
    pub kind: Kind,
    /// Where the name's quote is in the text.
    pub start: usize,
    /// Where the value is in the text.
    from: usize,
    /// Where the value ends in the text.
    pub end: usize,
}

impl<'a> Field<'a> {
    /// The value as it was written.
    pub fn raw(&self) -> &'a str {
        &self.text[self.from..self.end]
    }

    /// `None` for null; refuses everything that is not text without escapes.
    pub fn text(&self) -> Option<Option<&'a str>> {
        match self.kind {
            Kind::Text => Some(Some(&self.text[self.from + 1..self.end - 1])),
            Kind::Null => Some(None),
            _ => None,
        }
    }

    /// `None` for null; refuses everything that is not a number.
    pub fn number(&self) -> Option<Option<f64>> {
        let number = self.integer::<u32>().flatten().map(f64::from);
        match self.kind {
            Kind::Number if number.is_some() => Some(number),
            Kind::Number => {
                let number = self.raw().parse().ok();
                number.filter(|number: &f64| number.is_finite()).map(Some)
            }
            Kind::Null => Some(None),
            _ => None,
        }
    }

    /// `None` for null; refuses everything that is not a whole number of that type.
    pub fn integer<T: std::str::FromStr>(&self) -> Option<Option<T>> {
        match self.kind {
            Kind::Number => self.raw().parse().ok().map(Some),
            Kind::Null => Some(None),
            _ => None,
        }
    }

    /// `None` for null; refuses everything that is neither true nor false.
    pub fn bool(&self) -> Option<Option<bool>> {
        match self.kind {
            Kind::True => Some(Some(true)),
            Kind::False => Some(Some(false)),
            Kind::Null => Some(None),
            _ => None,
        }
    }
}

/// Objects and lists in each other; deeper ones are left to serde.
const MAX_DEPTH: u32 = 16;

/// Hands each field of the object that `text` is to `each`, which may refuse by `None`. `None` when
/// anything was refused: what was passed on until then says nothing.
pub(super) fn each_field<'a>(
    text: &'a str,
    mut each: impl FnMut(Field<'a>) -> Option<()>,
) -> Option<()> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_space();
    scanner.expect(b'{')?;
    scanner.fields(MAX_DEPTH, &mut each)?;
    scanner.skip_space();
    (scanner.at == text.len()).then_some(())
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then(|| self.at += 1)
    }

    #[inline]
    fn skip_space(&mut self) {
        // Hardly ever is there any.
        while self.byte().is_some_and(|byte| byte <= b' ') {
            if !matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                return;
            }
            self.at += 1;
        }
    }

    /// The fields of an object, whose brace has been read.
    #[inline]
    fn fields(&mut self, depth: u32, each: &mut impl FnMut(Field<'a>) -> Option<()>) -> Option<()> {
        self.skip_space();
        if self.byte()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let start = self.at;
            self.expect(b'"')?;
            // A name with escapes is left to serde.
            if self.rest_of_text()? == Kind::Escaped {
                return None;
            }
            let name = &self.text[start + 1..self.at - 1];
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            let from = self.at;
            let kind = self.value(depth)?;
            each(Field {
                text: self.text,
                name,
                kind,
                start,
                from,
                end: self.at,
            })?;
            self.skip_space();
            match self.byte()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.skip_space();
        }
    }

    fn value(&mut self, depth: u32) -> Option<Kind> {
        match self.byte()? {
            b'"' => {
                self.at += 1;
                self.rest_of_text()
            }
            b'{' => {
                let depth = depth.checked_sub(1)?;
                self.at += 1;
                self.fields(depth, &mut |_| Some(()))?;
                Some(Kind::Nested)
            }
            b'[' => self.list(depth.checked_sub(1)?),
            b't' => self.word("true", Kind::True),
            b'f' => self.word("false", Kind::False),
            b'n' => self.word("null", Kind::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Option<Kind> {
        let rest = &self.text.as_bytes()[self.at..];
        rest.starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            kind
        })
    }

    fn list(&mut self, depth: u32) -> Option<Kind> {
        self.at += 1;
        self.skip_space();
        if self.byte()? == b']' {
            self.at += 1;
            return Some(Kind::Nested);
        }
        loop {
            self.value(depth)?;
            self.skip_space();
            match self.byte()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(Kind::Nested);
                }
                _ => return None,
            }
            self.skip_space();
        }
    }

    fn number(&mut self) -> Option<Kind> {
        if self.byte()? == b'-' {
            self.at += 1;
        }
        let first = self.at;
        let whole = self.digits();
        if whole == 0 || (whole > 1 && self.text.as_bytes()[first] == b'0') {
            return None;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return None;
            }
        }
        if let Some(b'e' | b'E') = self.byte() {
            return None;
        }
        Some(Kind::Number)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        self.at - start
    }

    /// A text whose opening quote has been read.
    fn rest_of_text(&mut self) -> Option<Kind> {
        let bytes = self.text.as_bytes();
        let mut kind = Kind::Text;
        let mut at = self.at;
        loop {
            at = special(bytes, at);
            match bytes.get(at)? {
                b'"' => {
                    self.at = at + 1;
                    return Some(kind);
                }
                b'\\' => match bytes.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                        kind = Kind::Escaped;
                        at += 2;
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }
}

/// The place of the first quote, backslash or control character from `at` on; eight bytes at once.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // A byte that is smaller than `n` (at most 0x80) sets its high bit; so may some above it, hence
    // the lowest is taken.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = (below(word, 0x20) | quote | backslash) & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            return at;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(text: &str) -> Option<Vec<(String, String)>> {
        let mut fields = Vec::new();
        each_field(text, |field| {
            fields.push((field.name.to_owned(), field.raw().to_owned()));
            assert_eq!(
                &text[field.start..field.end][..1],
                "\"",
                "a field starts with its name's quote"
            );
            Some(())
        })?;
        Some(fields)
    }

    /// What serde says of the same text.
    fn by_serde(text: &str) -> Option<Vec<(String, String)>> {
        struct Fields(Vec<(String, String)>);
        impl<'de> serde::Deserialize<'de> for Fields {
            fn deserialize<D: serde::Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = Fields;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Fields, A::Error> {
                        let mut fields = Vec::new();
                        while let Some((name, raw)) =
                            map.next_entry::<String, &serde_json::value::RawValue>()?
                        {
                            fields.push((name, raw.get().to_owned()));
                        }
                        Ok(Fields(fields))
                    }
                }
                de.deserialize_map(Visitor)
            }
        }
        serde_json::from_str::<Fields>(text).ok().map(|f| f.0)
    }

    #[test]
    fn plain_objects_are_read_as_serde_reads_them() {
        for text in [
            "{}",
            " { } ",
            r#"{"a":1,"b":"x","c":null,"d":true,"e":{"f":[1,2,{"g":"h"}]},"i":-0.5}"#,
            r#"{"a" : "with \"quotes\" and \\ and \n" , "b":[ ] }"#,
            "{\"é\":\"Caméra fixe, lumière naturelle\",\"a\":1,\"a\":2}\n",
        ] {
            let found = fields(text);
            assert!(found.is_some(), "{text}");
            assert_eq!(found, by_serde(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "[]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":+1}",
            "{\"a\":tru}",
            "{\"a\":\"x}",
            "{\"a\":\"\t\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":1} {}",
            "{\"a\":[1,]}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
        ] {
            assert_eq!(fields(text), None, "{text}");
            assert_eq!(by_serde(text), None, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_left_to_serde() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(fields(&deep), None);
    }

    proptest! {
        #[test]
        fn nothing_is_taken_that_serde_would_not_take(text in r#"[{}\[\]",:\\0-9a-e.tnul é\x00-\x22-]{0,40}"#) {
            if let Some(found) = fields(&text) {
                prop_assert_eq!(Some(found), by_serde(&text));
            }
        }

        #[test]
        fn a_text_ends_where_it_ends(text in "[ -~\n\t\r\u{80}-\u{2ff}]{0,60}") {
            let json = serde_json::json!({ "a": text }).to_string();
            if let Some(found) = fields(&json) {
                let whole: String = serde_json::from_str(&found[0].1).unwrap();
                prop_assert_eq!(whole, text);
                prop_assert_eq!(Some(found), by_serde(&json));
            }
        }
    }
}
