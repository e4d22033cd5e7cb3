//! Lines handed in, on a real file and on a device that is always full.

use std::io::BufRead;
use std::sync::Mutex;

use super::*;

#[tokio::test]
async fn lines_of_many_tasks_are_whole_and_taken_in_where_they_stand() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let taken = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let taken = Arc::clone(&taken);
        move |start: u64, lines: &[u8]| {
            let mut taken = taken.lock().unwrap();
            assert_eq!(start, taken.len() as u64);
            taken.extend_from_slice(lines);
        }
    };
    let appender = Appender::of(&path, open(&path).unwrap(), None, Box::new(sink)).unwrap();
    let appends = (0..200).map(async |i| {
        let line = format!("line {i}\n");
        appender.append(&line).await.unwrap();
        let taken = String::from_utf8(taken.lock().unwrap().clone()).unwrap();
        assert!(taken.contains(&line), "not taken in before it is reported");
    });
    futures::future::join_all(appends).await;
    drop(appender);
    let text = std::fs::read(&path).unwrap();
    assert_eq!(text.lines().count(), 200);
    assert_eq!(*taken.lock().unwrap(), text);
}

#[tokio::test]
async fn lines_that_can_wait_go_along_with_the_next_ones() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let commits = Arc::new(Mutex::new(Vec::new()));
    let sink = {
        let commits = Arc::clone(&commits);
        move |_, lines: &[u8]| {
            let lines = String::from_utf8(lines.to_owned()).unwrap();
            commits.lock().unwrap().push(lines);
        }
    };
    let appender = Appender::of(&path, open(&path).unwrap(), None, Box::new(sink)).unwrap();
    let first = appender.begin_lazily("outcome 1\n");
    let second = appender.begin_lazily("outcome 2\n");
    let announced = appender.append_tentative("next\n");
    announced.await.unwrap();
    first.done().await.unwrap();
    second.done().await.unwrap();
    let last = appender.begin_lazily("outcome 3\n");
    last.done().await.unwrap();
    let forgotten = appender.begin_lazily("outcome 4\n");
    drop((forgotten, appender));
    let commits = commits.lock().unwrap();
    assert_eq!(
        *commits,
        ["outcome 1\noutcome 2\nnext\n", "outcome 3\n", "outcome 4\n"]
    );
}

#[tokio::test]
async fn an_empty_line_is_refused_and_the_next_one_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let appender = Appender::open(&path).unwrap();
    for lines in ["\n", "whole\n\n"] {
        let error = appender.append_tentative(lines).await.unwrap_err();
        assert_eq!(error.lines, lines);
    }
    appender.append("next\n").await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "next\n");
}

#[tokio::test]
async fn a_writer_that_has_broken_down_keeps_no_one_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let sink = |_, _: &[u8]| panic!("broken");
    let appender = Appender::of(&path, open(&path).unwrap(), None, Box::new(sink)).unwrap();
    let error = appender.append("one\n").await.unwrap_err();
    assert!(error.to_string().contains("has stopped"), "{error}");
    let error = appender.append("two\n").await.unwrap_err();
    assert!(error.to_string().contains("has stopped"), "{error}");
}

#[test]
fn a_torn_tail_is_ended_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    std::fs::write(&path, "whole\n{\"torn").unwrap();
    let sink = |start: u64, lines: &[u8]| assert_eq!((start, lines), (13, &b"next\n"[..]));
    let appender = Appender::of(&path, open(&path).unwrap(), None, Box::new(sink)).unwrap();
    appender.append_blocking("next\n").unwrap();
    drop(appender);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "whole\n{\"torn\nnext\n");
}

// Windows has access lists in place of modes.
#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    drop(Appender::open(&path).unwrap());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(target_os = "linux")]
#[test]
fn after_a_write_error_nothing_is_said_to_be_durable() {
    // /dev/full refuses every write as a full disk does.
    let file = open(Path::new("/dev/full")).unwrap();
    let mut committer = Committer {
        path: "/dev/full".into(),
        file,
        began: 0,
        len: 0,
        tail: Vec::new(),
        memory: None,
        recovery: None,
        failed: None,
        sink: Box::new(|_, _| panic!("nothing was written")),
    };
    for _ in 0..2 {
        let mut batch = AppendBatch::default();
        let mut written = Vec::new();
        for (lines, tentative) in [("one\n", true), ("2\n", false), ("3\n3\n", true)] {
            let (sender, done) = oneshot::channel();
            let request = AppendRequest {
                len: lines.len(),
                tentative,
                done: sender,
            };
            batch.push(lines, request);
            written.push((lines, done));
        }
        committer.commit(&mut batch);
        for (lines, mut done) in written {
            let error = done.try_recv().unwrap().unwrap_err();
            assert_eq!(error.error.kind(), io::ErrorKind::StorageFull);
            assert_eq!(error.lines, lines, "each learns of its own");
        }
    }
}
