//! RECOVER lines in a saved standard error, whatever has saved it: a redirection, PowerShell
//! (UTF-16), syslog, the journal, Docker, Kubernetes. Their frames are taken off; what stands in
//! them is a log line byte for byte.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs_io::DecodeReaderBytesBuilder;
use serde_json::Value;
use serde_json::value::RawValue;

/// What stands before a line to recover.
pub const MARK: &str = "RECOVER ";

/// A line to recover, and the line of the file on which it ends.
#[derive(Debug, PartialEq, Eq)]
pub struct SavedLine {
    /// The log line, or as much of it as was saved.
    pub text: String,
    /// From 1.
    pub number: usize,
}

/// Gives every line to recover to `each`; other lines are skipped.
pub fn read<E: From<io::Error>>(
    mut input: impl Read,
    mut each: impl FnMut(SavedLine) -> Result<(), E>,
) -> Result<(), E> {
    let mut start = [0; 2];
    let length = fill(&mut input, &mut start)?;
    let start = &start[..length];
    // A log begins with ASCII; the zero says which half of each character comes first.
    let encoding = match start {
        [_, 0] => Some(encoding_rs::UTF_16LE),
        [0, _] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    let decoded = DecodeReaderBytesBuilder::new()
        .encoding(encoding)
        .utf8_passthru(encoding.is_none())
        .bom_override(true)
        .build(start.chain(input));
    let mut lines = BufReader::new(decoded);
    let (mut line, mut whole) = (Vec::new(), String::new());
    for number in 1.. {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let (content, goes_on) = unframed(text.trim_end_matches(['\r', '\n']));
        whole.push_str(&content);
        if goes_on {
            continue;
        }
        for text in marked(&without_colors(&whole)) {
            each(SavedLine { text, number })?;
        }
        whole.clear();
    }
    Ok(())
}

/// Reads until `buffer` is full or the input ends.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match input.read(&mut buffer[length..])? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}

/// What the program reported, without the frame of what has saved it; and whether that goes on in the
/// next line, since some cut long ones.
fn unframed(line: &str) -> (String, bool) {
    if line.starts_with('{')
        && let Ok(Value::Object(frame)) = serde_json::from_str(line)
        && !frame.contains_key("status")
    {
        // Docker keeps the newline that ends a whole line.
        if let Some(content) = frame.get("log").and_then(Value::as_str) {
            return (content.to_owned(), !content.ends_with('\n'));
        }
        let content: Vec<String> = frame.values().filter_map(content_in).collect();
        return (content.join(" "), false);
    }
    // Kubernetes: time, stream, P for a part or F for the rest, text.
    let mut words = line.splitn(4, ' ');
    if let (Some(_), Some("stdout" | "stderr"), Some(part @ ("P" | "F")), Some(content)) =
        (words.next(), words.next(), words.next(), words.next())
    {
        return (content.to_owned(), part == "P");
    }
    (line.to_owned(), false)
}

/// The text in a field of a frame. The journal writes one with control characters as bytes.
fn content_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(bytes) => {
            let bytes = bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok());
            let bytes: Option<Vec<u8>> = bytes.collect();
            bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    }
}

/// `text` without what steers a terminal. JSON has no such characters.
fn without_colors(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' && rest.next_if_eq(&'[').is_some() {
            while rest.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
            rest.next();
        } else if !c.is_control() {
            plain.push(c);
        }
    }
    plain
}

/// The marked objects in a line, or the line itself where it is a log line.
fn marked(line: &str) -> Vec<String> {
    let line = line.trim();
    if line.starts_with('{') {
        return vec![line.to_owned()];
    }
    let start = format!("{MARK}{{");
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(&start) {
        rest = &rest[at + MARK.len()..];
        let text = first_object(rest).unwrap_or(rest);
        found.push(text.trim_end().to_owned());
        rest = &rest[text.len()..];
    }
    found
}

/// The whole object with which `text` begins; what follows belongs to the frame.
fn first_object(text: &str) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    Some(values.next()?.ok()?.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"at":"2026-03-12T09:20:01Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"pending","note":"a \"b\" RECOVER {"}"#;

    fn found(bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        read::<io::Error>(bytes, |saved| {
            found.push(saved.text);
            Ok(())
        })
        .unwrap();
        found
    }

    fn in_json(text: &str) -> String {
        serde_json::to_string(text).unwrap()
    }

    #[test]
    fn a_line_is_found_behind_every_frame() {
        let quoted = in_json(&format!("{MARK}{LINE}\n"));
        let bytes: Vec<u8> = format!("\u{1b}[31m{MARK}{LINE}\u{1b}[0m").into_bytes();
        for frame in [
            format!("{MARK}{LINE}"),
            LINE.to_owned(),
            format!("  {MARK}{LINE}  \r"),
            format!("Mar 12 09:20:01 host creativeai[123]: {MARK}{LINE}"),
            format!("<11>1 2026-03-12T09:20:01Z host creativeai 123 - - {MARK}{LINE}#033[0m"),
            format!("clips-1  | {MARK}{LINE}"),
            format!("2026-03-12T09:20:01.5Z stderr F {MARK}{LINE}"),
            format!("\u{1b}[2K\r\u{1b}[33m{MARK}{LINE}\u{1b}[0m"),
            format!(r#"{{"log":{quoted},"stream":"stderr","time":"2026-03-12T09:20:01Z"}}"#),
            format!(r#"{{"PRIORITY":"6","MESSAGE":{quoted}}}"#),
            format!(
                r#"{{"MESSAGE":{}}}"#,
                serde_json::to_string(&bytes).unwrap()
            ),
        ] {
            let file = format!("submit: 3 accepted\n{frame}\nthe end\n");
            assert_eq!(found(file.as_bytes()), [LINE], "{frame}");
            let crlf = file.replace('\n', "\r\n");
            assert_eq!(found(crlf.as_bytes()), [LINE], "{frame}");
        }
    }

    #[test]
    fn a_line_is_found_in_what_powershell_saves() {
        let file = format!("submit: 3 accepted\r\n{MARK}{LINE}\r\n");
        let little: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = file.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bom, bytes) in [
            (&b"\xff\xfe"[..], &little),
            (b"\xfe\xff", &big),
            (b"", &little),
            (b"", &big),
            (b"\xef\xbb\xbf", &file.clone().into_bytes()),
        ] {
            let bytes = [bom, bytes].concat();
            assert_eq!(found(&bytes), [LINE], "{bom:?}");
        }
    }

    #[test]
    fn a_line_that_a_frame_has_cut_is_put_together() {
        let text = format!("{MARK}{LINE}");
        let (one, two) = text.split_at(40);
        let kubernetes = format!("T stderr P {one}\nT stderr F {two}\n");
        assert_eq!(found(kubernetes.as_bytes()), [LINE]);
        let docker = format!(
            "{{\"log\":{},\"stream\":\"stderr\"}}\n{{\"log\":{}}}\n",
            in_json(one),
            in_json(&format!("{two}\n"))
        );
        assert_eq!(found(docker.as_bytes()), [LINE]);
    }

    #[test]
    fn a_line_that_was_saved_in_part_is_found_as_it_is() {
        let cut = &LINE[..50];
        assert_eq!(found(format!("host: {MARK}{cut}\n").as_bytes()), [cut]);
    }

    #[test]
    fn other_lines_are_passed_over() {
        let file =
            "RECOVER\nwarning: RECOVER lines above\n{\"log\":\"submit: done\\n\"}\n\n\u{fffd}\n";
        assert_eq!(found(file.as_bytes()), [] as [&str; 0]);
        assert_eq!(found(b""), [] as [&str; 0]);
    }
}
