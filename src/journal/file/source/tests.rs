//! A log written again by something else, read as the log it was; and damage, never taken for a
//! shorter log.

use std::io::Write;

use super::*;
use crate::jobs::{JobKey, Rates};
use crate::journal::file::Suspect;

const KEYS: [&str; 2] = ["5b1f0c9a77d2e318", "00000000000000aa"];

/// The lines of a log that is whole.
fn lines() -> Vec<String> {
    let line = |key: &str, n: u8, rest: &str| {
        format!(
            r#"{{"at":"2026-03-12T09:20:0{n}.412Z","job":"{key}","attempt":1,{rest},"listing_id":"LST-{n}"}}"#
        )
    };
    let request =
        r#""status":"submitting","request":{"prompt":"Küche 😀, \"}{\"","duration":"5s"}"#;
    let done = r#""status":"completed","generation_id":"vgen_1","error":null"#;
    vec![
        line(KEYS[0], 1, request),
        line(KEYS[1], 2, request),
        line(KEYS[0], 1, r#""status":"pending","generation_id":"vgen_1""#),
        line(KEYS[0], 1, done),
    ]
}

fn open(bytes: &[u8]) -> (ReadLog, Ledger) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let mut ledger = Ledger::new(Rates::default()).with_places();
    let source = read(file, &mut ledger).unwrap();
    (source, ledger)
}

/// What the log says, with every line of its jobs.
fn described(bytes: &[u8]) -> Vec<String> {
    let (source, ledger) = open(bytes);
    let mut described = vec![format!("damage: {}", source.damage.len())];
    for job in ledger.jobs() {
        described.push(format!("{} {:?}", job.key, job.status()));
        for place in ledger.places(job.key) {
            described.push(source.lines.line_at(place).unwrap().trim_end().to_owned());
        }
    }
    described
}

fn plain() -> Vec<u8> {
    format!("{}\n", lines().join("\n")).into_bytes()
}

#[test]
fn every_form_of_a_log_is_the_log() {
    let text = String::from_utf8(plain()).unwrap();
    let pretty = |indent: &[u8]| {
        let mut out = Vec::new();
        for line in lines() {
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            let format = serde_json::ser::PrettyFormatter::with_indent(indent);
            let mut ser = serde_json::Serializer::with_formatter(&mut out, format);
            serde::Serialize::serialize(&value, &mut ser).unwrap();
            out.push(b'\n');
        }
        String::from_utf8(out).unwrap()
    };
    let forms = [
        (text.clone(), false),
        (text.replace('\n', "\r\n"), false),
        (format!("\u{feff}{text}"), false),
        (text.replace('\n', "\n\u{feff}"), false),
        (text.replace('\n', "\n\n"), false),
        (text.replacen(",\"attempt\"", ",\n\"attempt\"", 1), true),
        (lines().concat(), false),
        (lines().join(" "), false),
        (text.replace('\n', "\r"), true),
        (format!("[{}]", lines().join(",")), true),
        (format!("[\n  {}\n]\n", lines().join(",\n  ")), true),
        (lines().join(",\n"), true),
        (pretty(b"  "), true),
        (pretty(b"").replace('\n', "\r\n"), true),
    ];
    let expected = described(&plain());
    for (form, is_odd) in forms {
        assert_eq!(described(form.as_bytes()), expected, "{form}");
        assert_eq!(open(form.as_bytes()).0.form.is_some(), is_odd, "{form}");
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let wide: Vec<u8> = form.encode_utf16().flat_map(unit).collect();
            assert_eq!(described(&wide), expected, "{form}");
            assert!(open(&wide).0.form.is_some());
        }
    }
}

#[test]
fn torn_lines_are_harmless_and_swallow_nothing() {
    let lines = lines();
    let torn = &lines[3];
    let expected = described(format!("{}\n", lines[..3].join("\n")).as_bytes());
    for cut in 1..torn.len() {
        let part = &torn.as_bytes()[..cut];
        let before = lines[..3].join("\n");
        let at_the_end = [before.as_bytes(), b"\n", part].concat();
        let ended = [part, b"\n", before.as_bytes(), b"\n"].concat();
        let twice = [part, b"\n", part, b"\n", before.as_bytes()].concat();
        for text in [at_the_end, ended, twice] {
            assert_eq!(
                described(&text),
                expected,
                "{}",
                String::from_utf8_lossy(&text)
            );
            // The tolerant reader says the same.
            let array = [b"[\n".as_slice(), &text].concat();
            assert_eq!(
                described(&array),
                expected,
                "{}",
                String::from_utf8_lossy(&text)
            );
        }
    }
}

#[test]
fn a_torn_line_of_an_attempt_that_the_log_does_not_know_is_damage() {
    let lines = lines();
    let known = format!("{}\n", lines[..3].join("\n"));
    let other = lines[2].replace(KEYS[0], "00000000000000bb");
    let second = lines[2].replace("\"attempt\":1", "\"attempt\":2");
    let seed =
        r#"{"listing_id":"LST-9","property_type":"residential","generation_id":"vgen_9","sta"#;
    let until = |line: &str, what: &str| line[..line.find(what).unwrap() + what.len()].to_owned();
    for (torn, is_damage) in [
        (until(&other, "\"status\":\"pending"), true),
        (until(&other, "\"status\":\"p"), true),
        (until(&other, "\"generation_id\":\"vgen_1\""), true),
        (until(&second, "\"status\":\"pending\""), true),
        (
            lines[1]
                .replace(KEYS[1], "00000000000000bb")
                .replace("2\"}", "2\""),
            true,
        ),
        (seed.to_owned(), true),
        // Its request was not sent: the line was not durable.
        (
            until(&lines[1].replace(KEYS[1], "00000000000000bb"), "\"prompt"),
            false,
        ),
        (until(&other, "\"status\":"), false),
        (until(&other, "\"status\":\""), false),
        (until(&lines[2], "\"status\":\"pending"), false),
        (seed.replace("vgen_9", "vgen_1"), false),
    ] {
        let array = format!("[\n{known}");
        for (text, line) in [
            (format!("{torn}\n{known}"), 1),
            (format!("{known}{torn}\n"), 4),
            (format!("{known}{torn}"), 4),
            (format!("{array}{torn}\n{known}"), 5),
        ] {
            let (source, _) = open(text.as_bytes());
            let found: Vec<_> = source.damage.iter().map(|found| found.line).collect();
            let expected = if is_damage { vec![line] } else { vec![] };
            assert_eq!(found, expected, "{text}");
        }
    }
}

/// Damage of a log, by name, and the line that it is reported of.
fn damages() -> Vec<(&'static str, Vec<u8>, u64)> {
    let text = String::from_utf8(plain()).unwrap();
    let edit = |from: &str, to: &str| text.replacen(from, to, 1).into_bytes();
    let all = lines();
    let csv: Vec<String> = all
        .iter()
        .map(|line| format!("\"{}\"", line.replace('"', "\"\"")))
        .collect();
    let mut not_text = plain();
    not_text[70] = 0xff;
    let mut zeros = plain();
    zeros[100..400].fill(0);
    vec![
        ("a byte that is no text", not_text, 1),
        ("zeros over a line's end", zeros, 1),
        ("zeros before a line", edit("\n{", "\n\0\0\0\0{"), 2),
        ("quotes doubled", csv.join("\n").into_bytes(), 1),
        ("a comma lost", edit(",\"attempt\"", "\"attempt\""), 1),
        ("a quote lost", edit("\"attempt\"", "\"attempt"), 1),
        (
            "a field of another type",
            edit("\"attempt\":1", "\"attempt\":\"one\""),
            1,
        ),
        (
            "a field twice",
            edit("\"attempt\":1", "\"attempt\":1,\"attempt\":2"),
            1,
        ),
        ("the status lost", edit("\"status\":\"submitting\",", ""), 1),
        ("rubbish behind a line", edit("}\n", "} # done\n"), 1),
        (
            "a line without its beginning",
            text.as_bytes()[30..].to_vec(),
            1,
        ),
        ("a line without its last brace", edit("\"}\n", "\"\n\n"), 1),
        ("a newline that became a letter", edit("}\n", "}J"), 1),
        ("its last quote changed", edit("LST-1\"}", "LST-1#}"), 1),
        ("a comment", edit("\n{", "\n# ordered by Ann\n{"), 2),
    ]
}

#[test]
fn damage_is_never_taken_for_a_shorter_log() {
    for (name, text, line) in damages() {
        let (source, _) = open(&text);
        assert!(!source.damage.is_empty(), "{name}");
        if name != "a line broken in two" {
            assert_eq!(source.damage[0].line, line, "{name}: {:?}", source.damage);
        }
    }
}

#[test]
fn damage_names_the_job_it_speaks_of() {
    let key = JobKey::parse(KEYS[0]).unwrap();
    for (name, text, _) in damages() {
        if [
            "zeros before a line",
            "zeros over a line's end",
            "a comment",
        ]
        .contains(&name)
        {
            continue;
        }
        let (source, ledger) = open(&text);
        let mut suspects = source
            .damage
            .iter()
            .flat_map(|damage| damage.suspects(&ledger));
        assert!(
            suspects.any(|suspect| matches!(suspect, Suspect::Job(found, _) if found == key)),
            "{name}: {:?}",
            source.damage
        );
    }
}

#[test]
fn every_byte_that_is_lost_or_changed_is_noticed_or_changes_no_state() {
    let whole = plain();
    let states = |bytes: &[u8]| {
        let (source, ledger) = open(bytes);
        let known = KEYS.map(|key| ledger.job(JobKey::parse(key).unwrap()).is_some());
        (source.damage.is_empty(), known)
    };
    for at in 0..whole.len() {
        for byte in [
            None,
            Some(whole[at] ^ 1),
            Some(whole[at] ^ 0x20),
            Some(0),
            Some(b'\n'),
            Some(b'\r'),
            Some(b'"'),
        ] {
            let mut text = whole.clone();
            text.splice(at..=at, byte);
            let (is_whole, known) = states(&text);
            // The second job has but one line; with its key changed it is another job, of the same
            // listing and photo.
            let named = &text[at.saturating_sub(20)..(at + 20).min(text.len())];
            let is_key = named.windows(5).any(|part| part == b"00000");
            // A line that lacks a brace looks like one that was never written to its end.
            if byte.is_none() && whole[at] == b'}' {
                continue;
            }
            assert!(!is_whole || known[0], "byte {at}: {byte:?}");
            assert!(!is_whole || known[1] || is_key, "byte {at}: {byte:?}");
        }
    }
}

#[test]
fn lines_that_are_appended_to_a_damaged_log_are_found() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = [b"rubbish\n".as_slice(), &plain(), b"more rubbish\n"].concat();
    file.write_all(&text).unwrap();
    let mut ledger = Ledger::new(Rates::default()).with_places();
    let source = read(file.reopen().unwrap(), &mut ledger).unwrap();
    let line = r#"{"job":"00000000000000aa","status":"pending","generation_id":"vgen_2"}"#;
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
    ledger.absorb(line, text.len() as u64);
    let places = ledger.places(JobKey::parse(KEYS[1]).unwrap());
    let texts: Vec<_> = places
        .iter()
        .map(|place| source.lines.line_at(*place).unwrap())
        .collect();
    assert_eq!(texts, [&lines()[1], line]);
}

#[test]
fn damage_that_was_accepted_is_none_but_more_of_it_is() {
    let at = jiff::Timestamp::UNIX_EPOCH;
    let text = [plain(), b"rubbish\n".to_vec()].concat();
    let digest = open(&text).0.damage[0].digest;
    let accepted = crate::jobs::AcceptedDamage { digest, text: None };
    let text = [text, accepted.line(at).into_bytes()].concat();
    assert!(open(&text).0.damage.is_empty());
    assert_eq!(described(&text), described(&plain()));
    let again = [text, b"rubbish\n".to_vec()].concat();
    assert_eq!(open(&again).0.damage.len(), 1);
}
