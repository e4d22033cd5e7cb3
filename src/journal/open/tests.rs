//! A log that a writer has let go of, and reads again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::jobs::{JobKey, JobState, Lines, Rates, Status};

fn line(job: u32, status: &str) -> String {
    format!(
        "{{\"job\":\"{job:016x}\",\"attempt\":1,\"status\":\"{status}\",\"generation_id\":\"vgen_{job}\"}}\n"
    )
}

fn open(path: &Path, checkpoint: &mut Option<Checkpoint>) -> Writer {
    let ledger = Ledger::new(Rates::default()).with_places();
    Writer::open_again(path, ledger, "test", Duration::ZERO, checkpoint).unwrap()
}

fn status(writer: &Writer, job: u32) -> Option<Status> {
    let key = JobKey::parse(&format!("{job:016x}")).unwrap();
    writer.ledger().job(key).map(JobState::status)
}

/// A log of some blocks that was written and let go of.
fn checkpoint(path: &Path) -> Option<Checkpoint> {
    let lines: String = (0..200).map(|job| line(job, "pending")).collect();
    let writer = open(path, &mut None);
    writer.append_blocking(&Lines::verbatim(&lines)).unwrap();
    writer.into_checkpoint()
}

#[test]
fn only_what_was_added_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.jsonl");
    let mut checkpoint = checkpoint(&path);
    // A change that no other writer makes shows what is not read.
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replacen("pending", "failed ", 1);
    fs::write(&path, changed).unwrap();
    let other = open(&path, &mut None);
    assert_ne!(status(&other, 0), Some(Status::Pending));
    other
        .append_blocking(&Lines::verbatim(&line(1, "completed")))
        .unwrap();
    other
        .append_blocking(&Lines::verbatim(&line(200, "pending")))
        .unwrap();
    drop(other);

    let writer = open(&path, &mut checkpoint);
    assert_eq!(status(&writer, 0), Some(Status::Pending));
    assert_eq!(status(&writer, 1), Some(Status::Completed));
    let key = JobKey::parse(&format!("{:016x}", 200)).unwrap();
    let view = writer.view(key).unwrap().unwrap();
    assert_eq!(view.to_json()["generation_id"], "vgen_200");
    // And so on, as often as one likes.
    writer
        .append_blocking(&Lines::verbatim(&line(200, "completed")))
        .unwrap();
    let writer = open(&path, &mut writer.into_checkpoint());
    assert_eq!(status(&writer, 200), Some(Status::Completed));
}

#[test]
fn what_was_replaced_or_damaged_since_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.jsonl");
    let mut known = checkpoint(&path);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        format!("{text}{{\"job\": broken}}\n{}", line(7, "completed")),
    )
    .unwrap();
    let writer = open(&path, &mut known);
    assert_eq!(writer.damage().len(), 1);
    assert_eq!(status(&writer, 7), Some(Status::Completed));
    assert!(writer.into_checkpoint().is_none());

    let path = folder.path().join("others.jsonl");
    let mut known = checkpoint(&path);
    let copy = folder.path().join("copy");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&copy, text.replacen("pending", "failed", 1)).unwrap();
    fs::rename(&copy, &path).unwrap();
    let lock = folder.path().join("others.jsonl.lock");
    fs::remove_file(lock).unwrap();
    let writer = open(&path, &mut known);
    assert_eq!(status(&writer, 0), Some(Status::Failed));
}
