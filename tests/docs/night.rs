//! The nightly script, with the program itself and with a stand-in that only ends as it is told.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::session::Session;

#[test]
fn a_rehearsed_night_does_everything_and_says_nothing() {
    let session = Session::new();
    for _ in 0..2 {
        let (printed, code) = session.run("cd examples && sh nightly.sh --sandbox");
        let log = fs::read_to_string(session.folder().join("examples/nightly.log")).unwrap();
        assert_eq!((printed.as_str(), code), ("", 0), "{log}");
    }
    let made = |name: &str| session.folder().join("examples").join(name).exists();
    assert!(made("sandbox-report.html"));
    assert!(made("sandbox-videos/LST-1002"));
    let orders = fs::read_to_string(session.folder().join("examples/sandbox-jobs.jsonl")).unwrap();
    assert_eq!(orders.matches("\"submitting\"").count(), 3, "{orders}");
}

#[test]
fn clips_are_handed_on_once_by_the_script_that_is_given() {
    let session = Session::new();
    let night = "cd examples && sed 's#^publish=.*#publish=--exec=./upload.sh#' nightly.sh >own.sh \
                 && sh own.sh --sandbox && rm -r published/LST-1002 && sh own.sh --sandbox";
    assert_eq!(session.run(night), (String::new(), 0));
    let published = session.folder().join("examples/published");
    assert_eq!(fs::read_dir(published.join("LST-1001")).unwrap().count(), 2);
    assert!(
        !published.join("LST-1002").exists(),
        "the second night handed nothing on again"
    );
}

/// Ends a command with the code that the variable of its name says, and notes that it was called.
const STAND_IN: &str = "#!/bin/sh\necho \"$*\" >>\"$HOME/called\"\neval \"exit \\${$1:-0}\"\n";

/// Puts the stand-in in the program's place.
fn stand_in(session: &Session) {
    let program = session.home().join(".cargo/bin/creativeai");
    fs::remove_file(&program).unwrap();
    fs::write(&program, STAND_IN).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The code of a night whose commands end as `codes` say, the commands, and what was printed.
fn night(codes: &str) -> (i32, Vec<String>, String) {
    let session = Session::new();
    stand_in(&session);
    let (printed, code) = session.run(&format!("{codes} sh examples/nightly.sh"));
    let called = fs::read_to_string(session.home().join("called")).unwrap_or_default();
    let called = called.lines().map(str::to_owned).collect();
    (code, called, printed)
}

#[test]
fn a_night_carries_on_where_that_is_safe_and_tells_the_most_important() {
    for (codes, result, commands) in [
        ("", 0, 5),
        ("reconcile=75", 0, 5),
        ("retry=1", 1, 5),
        ("submit=65 download=1", 65, 5),
        ("submit=65 reconcile=3", 3, 5),
        ("submit=77 reconcile=75", 77, 5),
        ("submit=78", 78, 1),
        ("download=74 report=1", 74, 4),
        ("reconcile=143", 143, 3),
        ("retry=2", 2, 2),
    ] {
        let (code, called, printed) = night(codes);
        assert_eq!(
            (code, called.len()),
            (result, commands),
            "{codes}: {called:?}"
        );
        assert_eq!(printed.is_empty(), code == 0, "{codes}: {printed}");
    }
}

#[test]
fn a_night_hands_every_command_what_it_needs() {
    let (_, called, _) = night("");
    assert_eq!(
        called,
        [
            "submit listings.csv --max-credits 500 --timeout 1h",
            "retry --failed --yes --max-credits 500 --timeout 1h",
            "reconcile --wait --timeout 2h",
            "download --timeout 1h",
            "report",
        ]
    );
}

#[test]
fn the_third_night_in_a_row_that_is_not_finished_is_told() {
    let session = Session::new();
    stand_in(&session);
    let night = |codes: &str| session.run(&format!("{codes} sh examples/nightly.sh"));
    for _ in 0..2 {
        // A night of another kind begins the count anew.
        night("reconcile=75");
        night("reconcile=75");
        assert_eq!(night("").1, 0);
    }
    for _ in 0..2 {
        assert_eq!(night("submit=75"), (String::new(), 0));
    }
    for count in ["3", "4"] {
        let (printed, code) = night("download=75");
        assert_eq!(code, 75);
        let told = format!("{count} nights in a row were not finished");
        assert!(printed.contains(&told), "{printed}");
    }
    // A count that somebody has spoiled is no reason to fail.
    fs::write(session.folder().join("examples/nightly.unfinished"), "x\n").unwrap();
    assert_eq!(night("submit=75"), (String::new(), 0));
}

#[test]
fn every_recipe_limits_each_command_that_waits_for_the_network() {
    let waits = ["submit", "retry", "reconcile", "download", "publish"];
    for (file, call) in [
        ("examples/nightly.sh", "step "),
        ("examples/nightly.cmd", "call :step "),
        ("docs/scheduling.md", "creativeai\" "),
    ] {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(root.join(file)).unwrap();
        let mut commands = 0;
        for (place, _) in text.match_indices(call) {
            let rest = &text[place + call.len()..];
            let end = rest.find(['\n', '&', ';']).unwrap_or(rest.len());
            let command = &rest[..end];
            if waits.iter().any(|name| command.starts_with(name)) {
                commands += 1;
                assert!(command.contains("--timeout"), "{file}: {command}");
            }
        }
        assert!(commands >= 2, "{file}: {commands}");
    }
}
