//! The nightly script of Windows, with the program itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_creativeai");

/// Runs the script in `folder`; what it printed, and its code.
fn night(folder: &Path, script: &str) -> (String, Option<i32>) {
    let programs = Path::new(PROGRAM).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = [programs]
        .into_iter()
        .chain(std::env::split_paths(&path))
        .collect();
    let run = Command::new("cmd")
        .args(["/D", "/C", script, "--sandbox", "--exec", "upload.cmd"])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(all).unwrap())
        .env("APPDATA", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    (printed, run.status.code())
}

#[test]
fn two_nights_order_once_and_publish_once() {
    let dir = tempfile::tempdir().unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for name in ["listings.csv", "upload.cmd"] {
        fs::copy(examples.join(name), dir.path().join(name)).unwrap();
    }
    fs::copy(examples.join("nightly.cmd"), dir.path().join("own.cmd")).unwrap();
    for _ in 0..2 {
        let (printed, code) = night(dir.path(), "own.cmd");
        assert_eq!((printed.as_str(), code), ("", Some(0)));
    }
    let published = fs::read_dir(dir.path().join("published")).unwrap();
    assert_eq!(published.count(), 3, "a folder for each clip");
    let log = fs::read_to_string(dir.path().join("sandbox-jobs.jsonl")).unwrap();
    assert_eq!(log.matches("\"submitting\"").count(), 3);
    assert_eq!(log.matches("\"status\":\"published\"").count(), 3);
    assert!(dir.path().join("sandbox-report.html").exists());
}
