//! Records in a lock's file: whole, torn, in turns.

use std::time::Duration;

use super::super::lock::Lock;
use super::*;

fn keeper(dir: &Path) -> MemoryWriter {
    let options = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.join("jobs.jsonl.lock"));
    MemoryWriter::new(Arc::new(options.unwrap())).unwrap()
}

fn mismatch(keeper: &MemoryWriter, log: &Path) -> Option<Mismatch> {
    let file = File::open(log).ok();
    keeper.compare(log, file.as_ref()).unwrap()
}

#[test]
fn every_change_of_a_log_but_growing_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("jobs.jsonl");
    let text = (0..1000).fold(String::new(), |text, n| text + &format!("line {n}\n"));
    let mut keeper = keeper(dir.path());
    fs::write(&log, &text).unwrap();
    assert_eq!(mismatch(&keeper, &log), None, "nothing is remembered yet");
    let end = text.len();
    keeper
        .remember(end as u64, &text.as_bytes()[end - BLOCK..], false)
        .unwrap();
    let cases: [(&str, Option<String>, bool); 8] = [
        ("the same", Some(text.clone()), true),
        ("longer", Some(format!("{text}more")), true),
        ("shorter by a byte", Some(text[..end - 1].to_owned()), false),
        ("empty", Some(String::new()), false),
        ("gone", None, false),
        ("the first line lost", Some(text[7..].to_owned()), false),
        ("another, longer", Some("x".repeat(end + 9)), false),
        (
            "a line put before it",
            Some(format!("first\n{text}")),
            false,
        ),
    ];
    for (case, content, holds) in cases {
        match content {
            Some(content) => fs::write(&log, content).unwrap(),
            None => fs::remove_file(&log).unwrap(),
        }
        assert_eq!(mismatch(&keeper, &log).is_none(), holds, "{case}");
    }
}

#[test]
fn a_torn_record_leaves_the_one_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jobs.jsonl.lock");
    let mut first = keeper(dir.path());
    first.remember(3, b"one", false).unwrap();
    first.remember(6, b"onetwo", false).unwrap();
    let whole = fs::read(&path).unwrap();
    let newest = HOLDER_WIDTH + RECORD_WIDTH;
    for torn in newest..whole.len() {
        let mut bytes = whole.clone();
        bytes[torn] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let length = keeper(dir.path()).newest().unwrap().length;
        let is_padding = whole[torn].is_ascii_whitespace();
        assert!(length == 3 || is_padding, "byte {torn}");
        fs::write(&path, &whole[..torn]).unwrap();
        assert_eq!(keeper(dir.path()).newest().unwrap().length, 3);
    }
    fs::write(&path, &whole).unwrap();
    let mut again = keeper(dir.path());
    assert_eq!(again.newest().unwrap().length, 6);
    again.remember(9, b"onetwotri", false).unwrap();
    again.remember(12, b"onetwotrifor", false).unwrap();
    assert_eq!(keeper(dir.path()).newest().unwrap().length, 12);
    assert_eq!(fs::read(&path).unwrap().len(), 512, "one sector");
}

#[test]
fn while_a_log_is_replaced_the_old_one_and_the_new_one_are_right() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("jobs.jsonl");
    let mut keeper = keeper(dir.path());
    keeper.remember(7, b"the old", false).unwrap();
    keeper.remember(3, b"new", true).unwrap();
    for (text, holds) in [("the old", true), ("new", true), ("neither", false)] {
        fs::write(&log, text).unwrap();
        assert_eq!(mismatch(&keeper, &log).is_none(), holds, "{text}");
    }
    keeper.remember(3, b"new", false).unwrap();
    for (text, holds) in [("the old", false), ("new", true)] {
        fs::write(&log, text).unwrap();
        assert_eq!(mismatch(&keeper, &log).is_none(), holds, "{text}");
    }
}

#[test]
fn the_longest_record_fits() {
    let memory = LogMemory {
        length: u64::MAX,
        digest: digest_of(b""),
        at: format!("{:.3}", Timestamp::MAX),
        number: u64::MAX,
        or_before: true,
    };
    let line = memory.to_line().unwrap();
    assert_eq!(LogMemory::parse(&line), Some(memory));
    padded(line, RECORD_WIDTH).unwrap();
}

#[test]
fn a_lock_file_of_an_older_version_remembers_nothing_and_stays_usable() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("jobs.jsonl");
    let old = r#"{"command":"submit","pid":1,"since":"2026-03-12T09:20:00Z"}"#;
    fs::write(CompanionFile::Lock.of(&log), format!("{old}\n")).unwrap();
    let lock = Lock::acquire(&log, "retry", Duration::ZERO).unwrap();
    assert!(lock.was_there());
    assert_eq!(MemoryWriter::new(lock.file()).unwrap().newest(), None);
}
