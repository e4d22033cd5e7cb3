//! A sandbox's lines never enter a log of live jobs, nor the reverse.

use serde_json::json;

use crate::support::lines::{A, B, C, finished, line, rendering, submitting};
use crate::support::{Server, Step, World};

fn live() -> String {
    finished(A, "vgen_a", "http://127.0.0.1:9/a.mp4")
        + &*submitting(B)
        + &*line(1, C, "failed", json!({ "generation_id": "vgen_c" }))
}

#[test]
fn nothing_writes_to_a_live_log_while_rehearsing() {
    for args in [
        &[
            "resolve",
            "LST-bbbb",
            "--not-accepted",
            "--jobs",
            "jobs.jsonl",
        ][..],
        &["resolve", "LST-bbbb", "--dismiss", "--jobs", "jobs.jsonl"],
        &["retry", "jobs.jsonl", "--failed", "--yes"],
        &["retry", "jobs.jsonl", "--unknown", "--yes"],
        &["reconcile", "jobs.jsonl"],
        &["reconcile", "jobs.jsonl", "--replay", "captures.jsonl"],
        &["download", "jobs.jsonl"],
        &["publish", "jobs.jsonl", "--exec", "exit 0"],
        &["listen", "--addr", "127.0.0.1:0", "--jobs", "jobs.jsonl"],
    ] {
        let world = World::new();
        world.write("jobs.jsonl", live());
        world.write("captures.jsonl", "");
        let run = world.run(&[args, &["--sandbox"]].concat()).expect(78);
        assert!(run.stderr.contains("live jobs"), "{args:?}: {}", run.stderr);
        assert_eq!(world.log().text, live(), "{args:?}");
    }
}

#[test]
fn an_id_of_the_other_kind_is_refused_in_its_own_words() {
    let sandbox = submitting(A).replace("\"attempt\"", "\"sandbox\":true,\"attempt\"");
    for (log, id, words) in [
        (
            submitting(A) + &*rendering(B, "vgen_b"),
            "vgen_sandbox_1",
            "is a sandbox's id",
        ),
        // Nothing shows that it is one of a rehearsal.
        (submitting(A), "vgen_sandbox_1", "is a sandbox's id"),
        (sandbox, "vgen_live", "is not a sandbox's id"),
    ] {
        let world = World::new();
        world.write("jobs.jsonl", &log);
        let run = world
            .run(&["resolve", "LST-aaaa", "--generation-id", id])
            .expect(78);
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert_eq!(world.log().text, log);
    }
}

/// As `cat` does with two logs.
#[test]
fn a_log_that_holds_both_is_not_called_a_rehearsal() {
    let world = World::new();
    let both = rendering(A, "vgen_sandbox_a") + &*rendering(B, "vgen_b");
    world.write("jobs.jsonl", both);
    let status = world.run(&["status"]).expect(0).stdout;
    let words = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!words.contains("Rehearsal"), "{status}");
    assert!(
        words.contains("1 job of a sandbox is in a log of live jobs"),
        "{status}"
    );
    world.run(&["report", "-o", "r.html"]).expect(0);
    let page = std::fs::read_to_string(world.path("r.html")).unwrap();
    assert!(page.contains("of a sandbox is in a log of live jobs"));
    assert!(!page.contains("nothing was paid"));
}

#[test]
fn recovered_lines_of_the_other_kind_are_not_taken_back() {
    let flag = "\"sandbox\":true,\"attempt\"";
    let rehearsed = rendering(C, "vgen_sandbox_c").replace("\"attempt\"", flag);
    let flagged = submitting(C).replace("\"attempt\"", flag);
    for (log, lines) in [
        (live(), rendering(C, "vgen_sandbox_c")),
        (submitting(C), rendering(C, "vgen_sandbox_c")),
        (live(), flagged),
        (
            rehearsed,
            line(1, A, "pending", json!({ "generation_id": "vgen_a" })),
        ),
    ] {
        let world = World::new();
        world.write("jobs.jsonl", &log);
        let last = lines.lines().last().unwrap();
        world.write("saved.txt", format!("RECOVER {last}\n"));
        world
            .run(&["reconcile", "--recover", "saved.txt"])
            .expect(78);
        assert_eq!(world.log().text, log);
    }
}

#[test]
fn who_asks_another_server_for_rehearsed_clips_is_told_how_they_are_asked_for() {
    let server = Server::answering(|_| Step::reply(404, ""));
    let world = World::facing(&server);
    world.write("jobs.jsonl", rendering(A, "vgen_sandbox_1"));
    let run = world.run(&["reconcile"]).expect(75);
    assert!(run.stderr.contains("add --sandbox"), "{}", run.stderr);
    let world = World::facing(&server);
    world.write("jobs.jsonl", rendering(A, "vgen_live"));
    let run = world.run(&["reconcile"]).expect(75);
    assert!(!run.stderr.contains("add --sandbox"), "{}", run.stderr);
}
