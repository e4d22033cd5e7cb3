//! A run as a person sees it: the command, its two streams and its exit code, in one text.

use std::fmt::Write;

use crate::support::{Ended, World};

/// Runs a command and compares the whole of what it says with the snapshot `name`.
#[track_caller]
pub fn recorded(name: &str, world: &World, args: &[&str]) -> Ended {
    let ended = world.run(args);
    compare(name, world, args, &ended);
    ended
}

/// Compares what a run said with the snapshot `name`.
#[track_caller]
pub fn compare(name: &str, world: &World, args: &[&str], ended: &Ended) {
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    let mut text = format!("$ creativeai {}\n", args.join(" "));
    for (stream, printed) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        if !printed.is_empty() {
            writeln!(text, "-- {stream}\n{}", printed.trim_end()).unwrap();
        }
    }
    writeln!(text, "-- exit {}", ended.code()).unwrap();
    snapshot(name, &without_folder(world, &text));
}

/// Compares a text with the snapshot `name`, whatever differs from run to run aside.
#[track_caller]
pub fn snapshot(name: &str, text: &str) {
    if cfg!(not(unix)) && text.contains("os error") {
        // The system's own words, which are others there.
        return;
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots");
    for (pattern, instead) in [
        // Ports that the system chose have five digits.
        (r"127\.0\.0\.1:\d{5}", "127.0.0.1:[PORT]"),
        (
            r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)",
            "[TIME]",
        ),
        (r"process \d+", "process [PID]"),
        (r"creativeai\.exe", "creativeai"),
        (r"os error \d+", "os error [N]"),
    ] {
        settings.add_filter(pattern, instead);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The text without the folder's address, which is another in every run.
pub fn without_folder(world: &World, text: &str) -> String {
    let folder = world.path("");
    let real = std::fs::canonicalize(&folder).unwrap();
    let mut text = text.to_owned();
    for folder in [real.display().to_string(), folder.display().to_string()] {
        let folder = folder.trim_end_matches(['/', '\\']);
        text = text
            .replace(&format!("{folder}{}", std::path::MAIN_SEPARATOR), "")
            .replace(folder, "[FOLDER]");
    }
    text
}
