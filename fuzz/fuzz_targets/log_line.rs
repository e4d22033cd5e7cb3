//! Job logs: any text, read line by line. Neither the order of the lines nor compacting may change
//! what the log says.
#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use creativeai::journal::{Compacting, HeldLog, JobLog, compact};
use creativeai::jobs::{JobState, JobView, Ledger, Line, Rates};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.split('\n').filter(|l| !l.trim().is_empty()).collect();
    let mut readable = Vec::new();
    for raw in &lines {
        let (whole, part) = (Line::parse_whole(raw), Line::parse(raw));
        assert_eq!(whole.is_ok(), part.is_ok(), "{raw:?}");
        if let (Ok(whole), Ok(part)) = (whole, part) {
            assert_eq!(
                (whole.at, whole.job, whole.attempt, whole.word),
                (part.at, part.job, part.attempt, part.word)
            );
            if Ledger::accepts(raw) {
                readable.push(*raw);
            }
        }
    }
    let backwards: Vec<&str> = readable.iter().rev().copied().collect();
    let twice: Vec<&str> = readable.iter().chain(&backwards).copied().collect();
    let said = fold(&readable);
    assert_eq!(said, fold(&backwards), "the order matters");
    assert_eq!(said, fold(&twice), "repetition matters");
    if !readable.is_empty() {
        compacted(text);
    }
});

/// Everything the fold can say about lines that can all be read.
fn fold(lines: &[&str]) -> BTreeMap<String, String> {
    let rates = Rates::default();
    let mut ledger = Ledger::new(rates.clone()).with_places();
    for (at, line) in lines.iter().enumerate() {
        ledger.absorb(line, at as u64);
    }
    assert_eq!(ledger.unreadable(), 0);
    ledger
        .jobs()
        .map(|job| {
            let view = JobView::fold(job.key, lines.iter().copied(), &rates);
            let view = view.expect("a readable log").expect("a job of the log");
            assert_eq!(state(&view.state), state(job));
            (job.key.to_string(), told(&view))
        })
        .collect()
}

fn told(view: &JobView) -> String {
    format!("{} {}", state(&view.state), view.to_json())
}

fn state(job: &JobState) -> String {
    let attempts: Vec<_> = job
        .attempts()
        .map(|a| {
            let end = (a.has_two_ends(), a.has_two_ids(), a.is_temporary());
            (a.number, a.status(), a.charged(), a.estimate(), end)
        })
        .collect();
    format!(
        "{:?} superseded={} dismissed={} sandbox={} keyless={} counted={} {:?} {:?} {:?} {attempts:?}",
        job.status(),
        job.is_superseded(),
        job.is_dismissed(),
        job.is_sandbox(),
        job.is_keyless(),
        job.is_counted(),
        job.charged(),
        job.refunded(),
        job.committed(),
    )
}

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder");
}

fn compacted(text: &str) {
    FOLDER.with(|folder| {
        let path = folder.path().join("jobs.jsonl");
        // What it remembers is another log.
        let _ = fs::remove_file(folder.path().join("jobs.jsonl.lock"));
        fs::write(&path, text).expect("a log");
        let before = read(&path);
        // Damage is accepted, without marks for its jobs.
        let how = Compacting {
            accepted: Some(""),
            ..Compacting::default()
        };
        let log = || JobLog::read(&path, ledger()).expect("a log");
        compact(held(&path), log(), &how).expect("a log that can be compacted");
        assert_eq!(before, read(&path), "compacting changed a state");
        let once = fs::read(&path).expect("the compacted log");
        compact(held(&path), log(), &how).expect("a log that can be compacted again");
        assert_eq!(once, fs::read(&path).expect("the log"), "compacted again");
    });
}

fn held(path: &Path) -> HeldLog {
    HeldLog::open(path, "compact", Duration::ZERO).expect("a log")
}

fn ledger() -> Ledger {
    Ledger::new(Rates::default()).with_places()
}

fn read(path: &Path) -> BTreeMap<String, String> {
    let log = JobLog::read(path, ledger()).expect("a log");
    let views = log.views().map(|view| view.expect("a readable job"));
    views.map(|v| (v.key().to_string(), told(&v))).collect()
}
