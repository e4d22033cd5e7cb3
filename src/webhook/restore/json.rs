//! One JSON text in the spellings that writers of JSON have: other blanks, other escapes. Names,
//! their order and numbers stay as they are.

use std::fmt::Write;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Depth limit for text that is reformatted: indenting costs more with each level.
const DEEPEST: usize = 64;

/// What stands between values.
#[derive(Clone, Copy)]
enum Blanks {
    /// What is there.
    Kept,
    /// After a comma, and after a colon.
    InLine(&'static str, &'static str),
    /// A line a value, indented by this for each level.
    Lines(&'static str),
}

const BLANKS: [Blanks; 7] = [
    Blanks::InLine("", ""),
    Blanks::InLine(" ", " "),
    Blanks::Kept,
    Blanks::Lines("  "),
    Blanks::Lines("    "),
    Blanks::Lines("\t"),
    Blanks::InLine("", " "),
];

/// How a text's characters are written.
#[derive(Clone, Copy)]
enum Letters {
    /// As they are.
    Kept,
    /// With those escapes only that must be, and these.
    Escaped(Escapes),
}

#[derive(Clone, Copy)]
struct Escapes {
    /// `/` as `\/`, as PHP does.
    slash: bool,
    /// `<`, `>` and `&` as `\u003c`, as Go does.
    html: bool,
    /// What is not ASCII as `\u00fc`.
    others: UnicodeEscapes,
}

#[derive(Clone, Copy)]
enum UnicodeEscapes {
    Kept,
    LowerCase,
    UpperCase,
}

const fn escaped(slash: bool, html: bool, others: UnicodeEscapes) -> Letters {
    Letters::Escaped(Escapes {
        slash,
        html,
        others,
    })
}

const LETTERS: [Letters; 8] = [
    Letters::Kept,
    escaped(false, false, UnicodeEscapes::Kept),
    escaped(false, false, UnicodeEscapes::LowerCase),
    escaped(true, false, UnicodeEscapes::LowerCase),
    escaped(true, false, UnicodeEscapes::Kept),
    escaped(false, true, UnicodeEscapes::Kept),
    escaped(false, false, UnicodeEscapes::UpperCase),
    escaped(false, true, UnicodeEscapes::UpperCase),
];

/// The text in each spelling, made when it is asked for; none when it is not JSON.
pub(super) fn spellings(text: &str) -> impl Iterator<Item = String> {
    let json = text.trim();
    let is_json = json.starts_with('{')
        && depth(json) <= DEEPEST
        && serde_json::from_str::<&RawValue>(json).is_ok();
    let pairs = LETTERS
        .into_iter()
        .flat_map(|letters| BLANKS.into_iter().map(move |blanks| (letters, blanks)));
    pairs
        .filter(move |_| is_json)
        .map(move |(letters, blanks)| spell(json, letters, blanks))
}

/// How deep the brackets of a text are nested, at most: those in its strings count, too.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in json.bytes() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether JSON looks as recorders write it: with blanks between its values, or its names sorted.
pub(in crate::webhook) fn looks_rewritten(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else {
        return false;
    };
    let json = text.trim();
    spell(json, Letters::Kept, Blanks::InLine("", "")) != json || looks_sorted(body)
}

/// Whether the names of JSON are in the order of the alphabet, as many programs write them, or the
/// short ones first, as `PostgreSQL` does. That keeps its length.
pub(in crate::webhook) fn looks_sorted(body: &[u8]) -> bool {
    // Two or three names may be in order by chance.
    const FEW: usize = 3;
    serde_json::from_slice::<ObjectNames>(body).is_ok_and(|ObjectNames(names)| {
        names.len() > FEW
            && (names.is_sorted() || names.is_sorted_by_key(|name| (name.len(), name)))
    })
}

/// An object's names, in its order.
struct ObjectNames(Vec<String>);

impl<'de> Deserialize<'de> for ObjectNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;
        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = ObjectNames;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ObjectNames, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.push(name);
                }
                Ok(ObjectNames(names))
            }
        }
        deserializer.deserialize_map(NamesVisitor)
    }
}

/// `json` is valid.
fn spell(json: &str, letters: Letters, blanks: Blanks) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some(c) = rest.chars().next() {
        let len = match c {
            '"' => string_len(rest),
            _ => c.len_utf8(),
        };
        let (token, after) = rest.split_at(len);
        rest = after;
        let next = || after.trim_start().chars().next();
        match c {
            '"' => write_string(&mut out, token, letters),
            ' ' | '\t' | '\r' | '\n' => {
                if matches!(blanks, Blanks::Kept) {
                    out.push(c);
                }
            }
            '{' | '[' => {
                out.push(c);
                depth += 1;
                if !matches!(next(), Some('}' | ']')) {
                    break_line(&mut out, blanks, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    break_line(&mut out, blanks, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                match blanks {
                    Blanks::InLine(after_comma, _) => out.push_str(after_comma),
                    _ => break_line(&mut out, blanks, depth),
                }
            }
            ':' => {
                out.push(c);
                match blanks {
                    Blanks::InLine(_, after_colon) => out.push_str(after_colon),
                    Blanks::Lines(_) => out.push(' '),
                    Blanks::Kept => {}
                }
            }
            _ => out.push(c),
        }
    }
    out
}

fn break_line(out: &mut String, blanks: Blanks, depth: usize) {
    if let Blanks::Lines(indent) = blanks {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(indent);
        }
    }
}

/// Bytes of the string that `text` begins with, quotes included.
fn string_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn write_string(out: &mut String, token: &str, letters: Letters) {
    let Letters::Escaped(escapes) = letters else {
        out.push_str(token);
        return;
    };
    // Half a surrogate pair is not text: it stays.
    let Ok(text) = serde_json::from_str::<String>(token) else {
        out.push_str(token);
        return;
    };
    let (is_ascii, is_upper) = match escapes.others {
        UnicodeEscapes::Kept => (false, false),
        UnicodeEscapes::LowerCase => (true, false),
        UnicodeEscapes::UpperCase => (true, true),
    };
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if escapes.slash => out.push_str("\\/"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if escapes.html => {
                escape(out, c, is_upper);
            }
            c if c < ' ' || (is_ascii && !c.is_ascii()) => escape(out, c, is_upper),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, c: char, is_upper: bool) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string never fails.
        let _ = if is_upper {
            write!(out, "\\u{unit:04X}")
        } else {
            write!(out, "\\u{unit:04x}")
        };
    }
}
