//! One JSON document on standard output, or data; everything else on standard error.

use serde_json::json;

use crate::support::World;
use crate::support::lines::{A, B, finished, line, rendering};

fn world() -> World {
    let world = World::new();
    world.write(
        "jobs.jsonl",
        finished(A, "vgen_a", "https://cdn.example.com/a.mp4") + &*rendering(B, "vgen_b"),
    );
    world.write("captures.jsonl", "");
    world.write(
        "m.csv",
        "listing_id,image_url,video_prompt\nLST-1,https://cdn.example.com/1.jpg,pan\n",
    );
    world
}

#[test]
fn under_json_every_command_prints_one_document() {
    for (code, args) in [
        (0, &["status"][..]),
        (0, &["status", "--summary"]),
        (0, &["status", "--id", "LST-aaaa"]),
        (0, &["report"]),
        (0, &["submit", "m.csv", "--jobs", "n.jsonl", "--dry-run"]),
        (0, &["retry", "--failed", "--dry-run"]),
        (0, &["reconcile", "--replay", "captures.jsonl"]),
        (0, &["publish", "--exec", "exit 0", "--dry-run"]),
        (0, &["publish", "--exec", "exit 0"]),
        (0, &["resolve", "LST-bbbb", "--dismiss"]),
        (0, &["compact"]),
        (0, &["config"]),
        (0, &["completions", "bash"]),
        (0, &["man"]),
        (0, &["help"]),
        (0, &["help", "log"]),
        (0, &["help", "exit-codes"]),
        (75, &["check", "--base-url", "http://127.0.0.1:9"]),
    ] {
        let run = world().run(&[args, &["--json"]].concat()).expect(code);
        let document = run.json();
        if let Some(output) = document.get("exit_code") {
            assert_eq!(output, code, "{args:?}");
        }
    }
}

#[test]
fn under_json_a_failure_is_a_document_too() {
    for (code, args) in [
        (74, &["status", "nowhere.jsonl"][..]),
        (74, &["submit", "nowhere.csv"]),
        (2, &["resolve", "missing", "--dismiss"]),
        (2, &["status", "--id", "missing"]),
        (2, &["status", "--csv"]),
        (2, &["report", "-o", "-"]),
        (2, &["no-such-command"]),
        (2, &["status", "--no-such-option"]),
        (78, &["reconcile", "--base-url", "http://api.example.com"]),
    ] {
        let run = world().run(&[args, &["--json"]].concat()).expect(code);
        let document = run.json();
        assert_eq!(document["exit_code"], code, "{args:?}");
        assert!(!document["error"].as_str().unwrap().is_empty(), "{args:?}");
        assert!(
            run.stderr.starts_with("error: "),
            "{args:?}: {}",
            run.stderr
        );
    }
}

#[test]
fn after_two_dashes_json_is_a_name() {
    let run = world().run(&["status", "--no-such-option", "--", "--json"]);
    assert_eq!(run.expect(2).stdout, "");
}

#[test]
fn quiet_is_silent_about_success_only() {
    let world = world();
    let args = ["reconcile", "--replay", "captures.jsonl", "--quiet"];
    let run = world.run(&args).expect(0);
    assert_eq!((run.stdout, run.stderr), (String::new(), String::new()));
    let failed = line(3, B, "failed", json!({ "generation_id": "vgen_b" }));
    world.write("jobs.jsonl", world.log().text + &*failed);
    for args in [
        &args[..],
        &["download", "--where", "listing_id=LST-bbbb", "--quiet"],
        &["publish", "--exec", "exit 0", "--quiet"],
    ] {
        let run = world.run(args).expect(1);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.starts_with(args[0]), "{args:?}: {}", run.stderr);
    }
}

// Windows takes no control characters in names.
#[cfg(unix)]
#[test]
fn file_names_do_not_steer_the_terminal() {
    let world = world();
    world.write("a\x1b[2J.jsonl", world.log().text);
    world.write("empty\x1b[2J.jsonl", "");
    for args in [
        &["status", "a\x1b[2J.jsonl", "--where", "sku=none"][..],
        &["status", "empty\x1b[2J.jsonl"],
        &["report", "a\x1b[2J.jsonl", "-o", "page\x1b[2J.html"],
        &["compact", "a\x1b[2J.jsonl"],
    ] {
        let run = world.run(args).expect(0);
        assert!(!run.stderr.is_empty(), "{args:?}");
        assert!(!run.stderr.contains('\x1b'), "{args:?}: {:?}", run.stderr);
    }
}

#[test]
fn a_report_that_cannot_be_written_names_the_next_step() {
    let run = world()
        .run(&["report", "-o", "nowhere/page.html"])
        .expect(74);
    assert!(run.stderr.contains("next: "), "{}", run.stderr);
}

#[test]
fn lines_that_cannot_be_read_are_counted_in_good_english() {
    let world = world();
    world.write("jobs.jsonl", world.log().text + "[]\n\"torn");
    let run = world.run(&["reconcile", "--replay", "captures.jsonl"]);
    assert!(run.stderr.contains("2 lines"), "{}", run.stderr);
    assert!(run.stderr.contains("were skipped"), "{}", run.stderr);
}

// Only Linux has a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_that_is_full_is_named_and_the_orders_are_in_the_log() {
    use crate::support::{Server, listings};

    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("m.csv", listings(1));
    let run = world
        .shell("\"$0\" submit m.csv --json > /dev/full")
        .expect(74);
    for words in [
        "cannot write to standard output",
        "what was done is in the log",
        "creativeai status",
    ] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    assert_eq!(server.posts().len(), 1);
    let run = world.shell("\"$0\" status > /dev/full").expect(74);
    assert!(run.stderr.contains("standard output"), "{}", run.stderr);
}
