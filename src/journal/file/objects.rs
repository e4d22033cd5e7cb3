//! Where JSON objects begin and end in a text that may be damaged.

use memchr::memchr2;

/// An object that has begun: the brackets that are still open, and whether a text is.
#[derive(Debug, Default)]
pub(super) struct OpenObject {
    /// What closes them, innermost last.
    closing: Vec<u8>,
    in_text: bool,
    escaped: bool,
}

/// How an object goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanResult {
    /// It ends before this byte.
    Ended(usize),
    /// Nothing before this byte can be continued.
    Broken(usize),
}

/// Objects and lists in each other; serde's reader has the same limit.
const MAX_DEPTH: usize = 128;

impl OpenObject {
    /// Takes in what follows; `None` while the object goes on.
    pub fn feed(&mut self, text: &[u8]) -> Option<ScanResult> {
        let mut at = 0;
        while at < text.len() {
            if self.escaped {
                self.escaped = false;
                at += 1;
                continue;
            }
            if self.in_text {
                at += memchr2(b'"', b'\\', &text[at..])?;
                self.escaped = text[at] == b'\\';
                self.in_text = self.escaped;
                at += 1;
                continue;
            }
            match text[at] {
                b'"' => self.in_text = true,
                b'{' => self.closing.push(b'}'),
                b'[' => self.closing.push(b']'),
                byte @ (b'}' | b']') if self.closing.pop() != Some(byte) => {
                    return Some(ScanResult::Broken(at + 1));
                }
                0 => return Some(ScanResult::Broken(at + 1)),
                _ => {}
            }
            at += 1;
            if self.closing.is_empty() {
                return Some(ScanResult::Ended(at));
            }
            if self.closing.len() > MAX_DEPTH {
                return Some(ScanResult::Broken(at));
            }
        }
        None
    }

    /// Whether a text is open, which no newline may stand in.
    pub fn is_in_text(&self) -> bool {
        self.in_text
    }
}

/// The object with which a text begins.
pub(super) fn first(text: &str) -> Option<&str> {
    match OpenObject::default().feed(text.as_bytes()) {
        Some(ScanResult::Ended(end)) => text.get(..end),
        _ => None,
    }
}

/// An object without the space between its fields.
pub(super) fn without_space(object: &[u8]) -> Vec<u8> {
    let (mut in_text, mut escaped) = (false, false);
    let mut kept = object.to_vec();
    kept.retain(|byte| {
        if in_text {
            in_text = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            return true;
        }
        in_text = *byte == b'"';
        !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
    });
    kept
}

/// The objects of one line.
#[derive(Debug, Default)]
pub(super) struct Objects<'a> {
    /// Those that are whole lines of a log.
    pub lines: Vec<&'a str>,
    /// Whether anything stands there that is none.
    pub is_damaged: bool,
    /// Where an object begins that does not end on this line.
    pub rest: Option<usize>,
    /// Whether commas or brackets stand between them, as in an array.
    pub in_array: bool,
}

const MARK: &[u8] = b"\xef\xbb\xbf";

impl<'a> Objects<'a> {
    /// Takes a line apart; `is_whole` says what is a line of a log.
    pub fn of(line: &'a [u8], is_whole: impl Fn(&str) -> bool) -> Self {
        let mut found = Self::default();
        let mut at = 0;
        while let Some(&byte) = line.get(at) {
            match byte {
                b' ' | b'\t' => at += 1,
                // An array of nothing is not part of an array of lines.
                b'[' if line[at + 1..].trim_ascii_start().starts_with(b"]") => {
                    found.is_damaged = true;
                    return found;
                }
                b',' | b'[' | b']' => {
                    found.in_array = true;
                    at += 1;
                }
                b'{' => match OpenObject::default().feed(&line[at..]) {
                    Some(ScanResult::Ended(len)) => {
                        match std::str::from_utf8(&line[at..at + len]) {
                            Ok(text) if is_whole(text) => found.lines.push(text),
                            _ => found.is_damaged = true,
                        }
                        at += len;
                    }
                    Some(ScanResult::Broken(len)) => {
                        found.is_damaged = true;
                        at += len;
                    }
                    None => {
                        found.rest = Some(at).filter(|_| !found.is_damaged);
                        found.is_damaged |= found.rest.is_none();
                        return found;
                    }
                },
                _ if line[at..].starts_with(MARK) => at += MARK.len(),
                _ => {
                    found.is_damaged = true;
                    let next = memchr::memchr(b'{', &line[at..]);
                    at = next.map_or(line.len(), |next| at + next);
                }
            }
        }
        found
    }

    /// Whether the line holds nothing but whole lines of a log.
    pub fn is_whole(&self) -> bool {
        !self.lines.is_empty() && !self.is_damaged && self.rest.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (Vec<&str>, bool, Option<usize>, bool) {
        let found = Objects::of(line.as_bytes(), |text| text.contains("job"));
        (found.lines, found.is_damaged, found.rest, found.in_array)
    }

    #[test]
    fn objects_of_a_line_are_reported_apart() {
        let (a, b) = (r#"{"job":"}{\"","b":[{}]}"#, r#"{"job":2}"#);
        assert_eq!(of(a), (vec![a], false, None, false));
        assert_eq!(of(&format!("{a}{b}")), (vec![a, b], false, None, false));
        assert_eq!(of(&format!("[{a}, {b},")), (vec![a, b], false, None, true));
        assert_eq!(of(&format!("\u{feff}{a}")), (vec![a], false, None, false));
        assert_eq!(
            of(&format!("{a}{{\"x")),
            (vec![a], false, Some(a.len()), false)
        );
    }

    #[test]
    fn what_is_none_is_damage() {
        let a = r#"{"job":1}"#;
        for line in [
            &format!("{a} and more"),
            &format!("\0\0{a}"),
            &format!("{a}*{a}"),
            "{\"a\":1}",
            "{\"job\":1]",
            "}",
        ] {
            assert!(of(line).1, "{line}");
        }
        assert_eq!(of(&format!("\0\0{a}")).0, [a]);
    }

    #[test]
    fn space_goes_only_from_between_fields() {
        let object = "{ \"a b\" : \"c \\\" d\\\\\" ,\r\n\t\"e\" : [ 1 ] }";
        assert_eq!(
            String::from_utf8(without_space(object.as_bytes())).unwrap(),
            r#"{"a b":"c \" d\\","e":[1]}"#
        );
    }

    #[test]
    fn hostile_nesting_is_read_once() {
        let line = "{[".repeat(1 << 20);
        assert!(Objects::of(line.as_bytes(), |_| true).is_damaged);
        let line = "{".repeat(1 << 20);
        assert!(Objects::of(line.as_bytes(), |_| true).is_damaged);
    }
}
