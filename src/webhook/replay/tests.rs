//! Files, folders and streams through the whole replay.

use std::fs;
use std::io::{Cursor, Write};

use tempfile::TempDir;

use super::*;
use crate::vendor::ApiKey;
use crate::webhook::{Body, Capture, Headers, sign};

fn key() -> ApiKey {
    ApiKey::new("rph_live_test").unwrap()
}

fn body(n: usize) -> String {
    format!(
        r#"{{"id":"vgen_{n}","status":"completed","output_url":"https://cdn.example/{n}.mp4"}}"#
    )
}

fn line(n: usize) -> String {
    let body = body(n);
    let mut headers = Headers::default();
    headers.push("x-creativeai-signature", sign(&key(), body.as_bytes()));
    Capture {
        received_at: None,
        method: Some("POST".into()),
        url: Some(format!("/h?creativeai_job=5b1f0c9a77d2e318.{n}").into()),
        headers,
        body: Body::Raw(body.as_bytes().to_vec().into()),
    }
    .to_envelope_line()
}

fn lines(count: usize) -> String {
    (1..=count).map(|n| line(n) + "\n").collect()
}

/// Every result as `FILE:ENTRY WORD`, the file by its name only.
fn run(paths: &[PathBuf], stdin: &[u8]) -> Vec<String> {
    let keys = VerifyKeys::new(&[key()]);
    let report = |entry: &VerifiedEntry<'_>| {
        let name = entry.file.file_name().unwrap_or(entry.file.as_os_str());
        let word = match &entry.verification {
            Verification::Verified(payload) => payload.id().unwrap().to_string(),
            Verification::Rejected(_) => "rejected".to_owned(),
            Verification::Unverifiable { doubt, .. } => format!("{doubt:?}"),
            Verification::Unreadable(Unreadable::NotAWebhook) => "other".to_owned(),
            Verification::Unreadable(Unreadable::TooLarge(_)) => "too large".to_owned(),
            Verification::Unreadable(_) => "unreadable".to_owned(),
        };
        format!("{}:{} {word}", name.to_string_lossy(), entry.entry)
    };
    let mut results = Vec::new();
    let settle = |entry: &[VerifiedEntry<'_>]| entry.iter().map(report).collect::<Vec<_>>();
    replay(paths, Cursor::new(stdin.to_vec()), &keys, settle, |batch| {
        results.extend(batch);
        Ok(())
    })
    .unwrap();
    results
}

fn run_stdin(stdin: &[u8]) -> Vec<String> {
    run(&["-".into()], stdin)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn lines_come_in_order_with_their_numbers_blank_and_torn_ones_too() {
    let text = format!(
        "\u{feff}{}\r\n\r\nnonsense\n{}\n{{\"v\":1,\"he",
        line(1),
        line(2)
    );
    assert_eq!(
        run_stdin(text.as_bytes()),
        [
            "-:1 vgen_1",
            "-:3 unreadable",
            "-:4 vgen_2",
            "-:5 unreadable"
        ]
    );
    assert!(run_stdin(b"").is_empty());
    assert!(run_stdin(b"\n \r\n").is_empty());
}

#[test]
fn many_blocks_keep_the_order() {
    let count = 12_000;
    let text = lines(count);
    assert!(text.len() as u64 > 3 * BLOCK);
    let expected: Vec<_> = (1..=count).map(|n| format!("-:{n} vgen_{n}")).collect();
    assert!(run_stdin(text.as_bytes()) == expected, "plain");
    assert!(run_stdin(&gz(text.as_bytes())) == expected, "gzip");
}

#[test]
fn a_gzip_file_that_ends_early_gives_what_it_has_and_says_so() {
    let mut bytes = gz(lines(50).as_bytes());
    bytes.truncate(bytes.len() - 20);
    let results = run_stdin(&bytes);
    assert_eq!(results[0], "-:1 vgen_1");
    assert!(results.last().unwrap().ends_with("unreadable"));
}

#[test]
fn a_line_that_is_too_long_is_skipped_alone() {
    let long = "x".repeat(MAX_ENTRY as usize + 3 * BLOCK as usize);
    let text = format!("{}\n{}\n{long}\n{}\n", line(1), line(2), line(3));
    assert_eq!(
        run_stdin(text.as_bytes()),
        ["-:1 vgen_1", "-:2 vgen_2", "-:3 too large", "-:4 vgen_3"]
    );
}

#[test]
fn a_folder_is_walked_in_order_whatever_lies_in_it() {
    let dir = TempDir::new().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let signed = |n: usize| {
        let signature = sign(&key(), body(n).as_bytes());
        format!("POST /h HTTP/1.1\r\nX-CreativeAI-Signature: {signature}\r\n")
    };
    put("a/2026/03/event-without-extension", line(1).as_bytes());
    put("b.jsonl.gz", &gz(lines(2).as_bytes()));
    put("c.json", body(3).as_bytes());
    put("c.headers", signed(3).as_bytes());
    put("d.json.gz", &gz(body(4).as_bytes()));
    put("d.headers", signed(4).as_bytes());
    put("e.json", body(5).as_bytes());
    put("f.headers", signed(6).as_bytes());
    put("g.png", b"\x89PNG\r\n\x1a\n\0\0\0");
    put("h.json", b"");
    put(
        "i.json",
        format!("[\n  {},\n  {}\n]\n", line(7), line(8)).as_bytes(),
    );
    put("j.json", b"not JSON at all");
    put("j.headers", signed(6).as_bytes());
    put("k.json", b"{\"hello\":\n  \"world\"}");
    assert_eq!(
        run(&[dir.path().to_owned()], b""),
        [
            "event-without-extension:1 vgen_1",
            "b.jsonl.gz:1 vgen_1",
            "b.jsonl.gz:2 vgen_2",
            "c.json:1 vgen_3",
            "d.json.gz:1 vgen_4",
            "e.json:1 NoSignature",
            "f.headers:1 unreadable",
            "g.png:1 unreadable",
            "i.json:1 vgen_7",
            "i.json:2 vgen_8",
            "j.json:1 rejected",
            "k.json:1 unreadable",
        ]
    );
}

#[test]
fn a_large_document_is_read_whole() {
    let events: Vec<_> = (1..=6000).map(line).collect();
    let text = format!("[\n{}\n]", events.join(",\n"));
    assert!(text.len() as u64 > BLOCK);
    let results = run_stdin(text.as_bytes());
    assert_eq!(results.len(), 6000);
    assert_eq!(results[5999], "-:6000 vgen_6000");
}

#[test]
fn a_raw_body_over_the_limit_is_refused() {
    let dir = TempDir::new().unwrap();
    let long = vec![b' '; MAX_ENTRY as usize + 1];
    fs::write(dir.path().join("a.json"), long).unwrap();
    fs::write(dir.path().join("a.headers"), "A: b").unwrap();
    assert_eq!(run(&[dir.path().to_owned()], b""), ["a.json:1 too large"]);
}

#[test]
fn a_path_that_is_not_there_stops_before_anything_is_read() {
    let dir = TempDir::new().unwrap();
    let paths = [PathBuf::from("-"), dir.path().join("missing.jsonl")];
    let keys = VerifyKeys::default();
    let error = replay(
        &paths,
        Cursor::new(lines(1)),
        &keys,
        |_: &[VerifiedEntry<'_>]| (),
        |()| panic!("read"),
    )
    .unwrap_err();
    assert!(error.to_string().contains("missing.jsonl"), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("cannot find the file or folder "),
        "{error}"
    );
}

#[test]
fn the_callers_error_ends_the_replay() {
    let mut seen = 0;
    let stdin = Cursor::new(lines(20_000));
    let error = replay(
        &["-".into()],
        stdin,
        &VerifyKeys::default(),
        |_: &[VerifiedEntry<'_>]| (),
        |()| {
            seen += 1;
            anyhow::ensure!(seen < 5, "disk full");
            Ok(())
        },
    )
    .unwrap_err();
    assert_eq!((seen, error.to_string().as_str()), (5, "disk full"));
}

// Windows lets only administrators make links.
#[cfg(unix)]
#[test]
fn links_to_folders_are_not_followed_so_a_circle_ends() {
    let dir = TempDir::new().unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("again")).unwrap();
    fs::write(dir.path().join("real"), line(1)).unwrap();
    std::os::unix::fs::symlink(dir.path().join("real"), dir.path().join("link")).unwrap();
    assert_eq!(
        run(&[dir.path().to_owned()], b""),
        ["again:1 unreadable", "link:1 vgen_1", "real:1 vgen_1"]
    );
}

#[test]
fn lines_are_numbered_alike_wherever_a_block_ends() {
    // A sequence of numbers that is the same each time.
    let mut state = 7u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for end in ["", "\n", "\r\n"] {
        let (mut text, mut expected) = (Vec::new(), Vec::new());
        for number in 1..=2000 {
            let (line, word) = match random(40) {
                0..30 => (line(number), Some(format!("vgen_{number}"))),
                30..34 => (String::new(), None),
                34..37 => (" \t".to_owned(), None),
                37..39 => ("nonsense".to_owned(), Some("unreadable".to_owned())),
                _ => (
                    "x".repeat(3 * ROOM + random(ROOM as u64) as usize),
                    Some("unreadable".to_owned()),
                ),
            };
            expected.extend(word.map(|word| format!("-:{number} {word}")));
            text.push(line);
        }
        text.push(line(0));
        expected.push("-:2001 vgen_0".to_owned());
        let between = if end.is_empty() { "\n" } else { end };
        let text = text.join(between) + end;
        assert!(run_stdin(text.as_bytes()) == expected, "plain, {end:?}");
        assert!(run_stdin(&gz(text.as_bytes())) == expected, "gzip, {end:?}");
    }
}

#[test]
fn what_the_receiver_has_kept_is_taken_as_it_is_and_nothing_is_restored() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("captures.jsonl");
    let rewritten = line(2).replace(r#","body":"{"#, r#","body":" {"#);
    assert_ne!(rewritten, line(2));
    fs::write(&path, format!("{}\n{rewritten}\n", line(1))).unwrap();
    let expected = ["captures.jsonl:1 vgen_1", "captures.jsonl:2 vgen_2"];
    assert_eq!(run(std::slice::from_ref(&path), b""), expected);
    let mut verified = Vec::new();
    let settle = |entries: &[VerifiedEntry<'_>]| {
        let is_verified =
            |entry: &VerifiedEntry<'_>| matches!(entry.verification, Verification::Verified(_));
        entries.iter().map(is_verified).collect::<Vec<_>>()
    };
    replay_kept(&path, &VerifyKeys::new(&[key()]), settle, |batch| {
        verified.extend(batch);
        Ok(())
    })
    .unwrap();
    assert_eq!(verified, [true, false]);
}

#[test]
fn a_panic_while_grading_ends_the_replay() {
    let mut seen = 0;
    let replayed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        replay(
            &["-".into()],
            Cursor::new(lines(20_000)),
            &VerifyKeys::default(),
            |entry: &[VerifiedEntry<'_>]| assert!(entry[0].entry > 1, "the first batch"),
            |()| {
                seen += 1;
                Ok(())
            },
        )
    }));
    assert!(replayed.is_err());
    assert_eq!(seen, 0, "nothing may follow what is missing");
}
