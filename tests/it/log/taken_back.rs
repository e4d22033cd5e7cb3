//! Lines that a run could not write to its log, when they are taken back late.

use std::fs;

use serde_json::json;

use crate::support::lines::line;
use crate::support::{Server, Step, World, listings};

#[test]
fn a_saved_refusal_of_an_attempt_that_was_sent_again_is_left_out() {
    for is_compacted in [false, true] {
        let server = Server::start(|_| Step::close().billed());
        let world = World::facing(&server);
        world.write("listings.csv", listings(1));
        world.run(&["submit", "listings.csv"]).expect(3);
        let job = world.run(&["status", "--json"]).expect(0).json();
        let job = job[0]["job"].as_str().unwrap();
        world.run(&["retry", "--unknown", "--yes"]).expect(3);
        if is_compacted {
            world.run(&["compact"]).expect(0);
        }
        // What the first request was answered with, when the disk was full.
        let throttled = json!({ "http_status": 429, "error": "slow down", "temporary": true });
        let refused = line(3, job, "submit_failed", throttled);
        world.write("saved", format!("RECOVER {refused}"));
        let ended = world.run(&["reconcile", "--recover", "saved"]).expect(3);
        for words in [
            "saved:1",
            "was sent again",
            "0 lines taken back",
            "1 left out",
        ] {
            assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        }
        world.run(&["submit", "listings.csv"]).expect(3);
        world.run(&["retry", "--failed"]).expect(3);
        assert_eq!(server.bills().len(), 2);
    }
}

#[test]
fn an_empty_file_for_saved_lines_keeps_further_orders_back_until_they_are_taken_in() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world
        .run(&["submit", "listings.csv", "--max-jobs", "1"])
        .expect(0);
    // The disk was too full for the line itself.
    let log = fs::read_to_string(world.path("jobs.jsonl")).unwrap();
    let (kept, reply) = log.trim_end().rsplit_once('\n').unwrap();
    world.write("jobs.jsonl", format!("{kept}\n"));
    world.run(&["log", "accept", "--yes"]).expect(0);
    world.write("jobs.jsonl.recover", "");
    for command in [
        &["submit", "listings.csv"][..],
        &["retry", "--unknown", "--yes"],
    ] {
        let refused = world.run(command).expect(65);
        for words in ["jobs.jsonl.recover is empty", "reconcile", "--recover FILE"] {
            assert!(
                refused.stderr.contains(words),
                "{words}: {}",
                refused.stderr
            );
        }
    }
    assert_eq!(server.bills().len(), 1);
    // A file of another day brings nothing new, so what is missing may still be missing.
    let line = kept.lines().last().unwrap();
    world.write("older.txt", format!("RECOVER {line}\n"));
    world.run(&["reconcile", "--recover", "older.txt"]);
    assert!(world.path("jobs.jsonl.recover").exists());
    world.write("stderr.txt", format!("RECOVER {reply}\n"));
    world
        .run(&["reconcile", "--recover", "stderr.txt"])
        .expect(0);
    assert!(!world.path("jobs.jsonl.recover").exists());
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.bills().len(), 2);
}
