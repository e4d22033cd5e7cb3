//! Text of servers and manifests, made safe to show on a terminal, and short; numbers and times as
//! people read them; ranges of bytes as HTTP asks for them; nearest names.

pub mod format;
#[cfg(feature = "report")]
pub mod natural_sort;
#[cfg(feature = "server")]
pub mod range;
pub mod secret;
pub mod suggest;

use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;

use serde_json::Value;

/// Whether a name that people give to a file, a folder or a photo is an address: it has a scheme.
pub fn is_address(name: &str) -> bool {
    name.contains("://")
}

/// Whether a server's name or number means this computer.
pub fn is_this_computer(host: &str) -> bool {
    let number = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || number.is_ok_and(|ip| ip.is_loopback())
}

/// `text` with everything that could move the cursor, change colors, reorder or hide what is
/// shown spelled out: `\n`, `\t`, `\u{1b}`. It is one line afterwards. Ordinary text, accents and
/// right-to-left scripts included, stays as it is.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) => {
                // Writing into a string cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// The same for a text of several lines that this program composed: its line ends stay.
pub fn escape_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(escape).collect();
    lines.join("\n")
}

/// `text` with its control characters spelled out, for a file that people may show on a terminal later.
/// Line ends and tabs, and what reorders or hides, stay: they belong to the text.
pub fn escape_controls(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let ends_line = c == '\r' && rest.peek() == Some(&'\n');
        if c.is_control() && !matches!(c, '\n' | '\t') && !ends_line {
            safe.push_str(&escape(c.encode_utf8(&mut [0; 4])));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A JSON value as text: a string without its quotes.
pub fn unquoted(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// At most `longest` characters of `text`, the last of them `…` where something was cut off.
pub fn shorten(text: &str, longest: usize) -> Cow<'_, str> {
    if text.chars().nth(longest).is_none() {
        return Cow::Borrowed(text);
    }
    let short: String = text.chars().take(longest.saturating_sub(1)).collect();
    Cow::Owned(short.trim_end().to_owned() + "…")
}

/// At most `longest` bytes of `text`, ending at a whole character.
pub fn prefix(text: &str, longest: usize) -> &str {
    let mut end = longest.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator: invisible.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero-width characters and direction marks.
            | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators, direction embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, direction isolates, deprecated format characters.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark, interlinear annotations.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // Tags: invisible letters.
            | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_file_control_characters_are_spelled_out_and_line_ends_stay() {
        for (text, safe) in [
            ("a\nb\r\nc\td", "a\nb\r\nc\td"),
            (
                "\u{1b}[2J\0\u{7}\u{9b}31m",
                "\\u{1b}[2J\\u{0}\\u{7}\\u{9b}31m",
            ),
            ("paid\rnot", "paid\\rnot"),
            ("שלום\u{200f}", "שלום\u{200f}"),
        ] {
            assert_eq!(escape_controls(text), safe);
        }
    }

    #[test]
    fn only_a_name_or_number_of_this_computer_means_it() {
        for host in [
            "localhost",
            "LocalHost",
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "[::1]",
        ] {
            assert!(is_this_computer(host), "{host}");
        }
        // A name server may send the last two anywhere.
        for host in [
            "",
            "10.0.0.1",
            "0.0.0.0",
            "::",
            "localhost.",
            "localhost.example",
        ] {
            assert!(!is_this_computer(host), "{host}");
        }
    }

    #[test]
    fn ordinary_text_is_not_even_copied() {
        for text in ["", "Küche, 3. OG", "客厅", "שלום", "a\\b", "🏠"] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_could_steer_a_terminal_is_spelled_out() {
        for (text, safe) in [
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("\u{2067}x\u{2069}", "\\u{2067}x\\u{2069}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("a\u{2028}b\0\x7f", "a\\u{2028}b\\u{0}\\u{7f}"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(escape(text), safe);
        }
    }

    #[test]
    fn an_escaped_text_is_one_line_and_escaping_it_again_changes_nothing() {
        for c in '\0'..=char::MAX {
            let text = format!("x{c}y");
            let once = escape(&text).into_owned();
            assert!(!once.chars().any(|c| c.is_control() || c == '\u{2028}'));
            assert_eq!(escape(&once), once);
        }
    }

    #[test]
    fn lines_of_our_own_stay_lines() {
        assert_eq!(escape_lines("a\n  b\x1bc\n"), "a\n  b\\u{1b}c\n");
    }
}
