//! `retry` and `resolve`: what a person decides.

use std::collections::BTreeMap;

use crate::support::{Server, Step, World, listings};

fn failing() -> Server {
    Server::answering(|request| {
        if request.method == "POST" {
            return Step::accept();
        }
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let body = serde_json::json!({"id": id, "status": "failed", "error": "too dark"});
        Step::reply(200, body.to_string())
    })
}

#[test]
fn a_dry_run_of_retry_writes_nothing_and_needs_no_lock() {
    let server = failing();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.run(&["reconcile"]).expect(1);
    std::fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    world.run(&["retry", "--failed", "--dry-run"]).expect(0);
    assert_eq!(world.files(), ["jobs.jsonl", "listings.csv"]);
}

#[test]
fn a_dismissal_is_taken_back_by_naming_the_id_again() {
    let server = failing();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let log = world.log();
    let id = log.job()["generation_id"].as_str().unwrap();
    world.run(&["resolve", "LST-1", "--dismiss"]).expect(0);
    world.run(&["reconcile"]).expect(0);
    assert!(server.polls().is_empty(), "it is closed");
    let again = world.run(&["submit", "listings.csv"]).expect(0).stderr;
    let closed = "1 row of listings.csv asks for a clip that was closed";
    assert!(again.contains(closed), "{again}");
    world
        .run(&["resolve", "LST-1", "--generation-id", id])
        .expect(0);
    world.run(&["reconcile"]).expect(1);
    assert_eq!(server.polls().len(), 1);
    assert_eq!(world.log().job()["status"], "failed");
}

#[test]
fn an_older_attempt_in_doubt_waits_for_a_person_whatever_became_of_the_newest() {
    let attempt = |number: u32, fields: &str| {
        format!(
            r#"{{"at":"2026-03-12T09:2{number}:00Z","job":"5b1f0c9a77d2e318","attempt":{number},"listing_id":"LST-1",{fields}}}"#
        ) + "\n"
    };
    let sent = r#""status":"submitting","line":2,"request":{"prompt":"pan left"}"#;
    for newest in [
        r#""status":"submit_failed","temporary":true,"error":"HTTP 429""#,
        r#""status":"submit_failed","error":"HTTP 422""#,
        r#""status":"failed","generation_id":"vgen_2","error":"too dark""#,
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let log = [
            attempt(1, sent),
            attempt(1, r#""status":"unknown","error":"HTTP 500""#),
            attempt(2, sent),
            attempt(2, newest),
        ];
        world.write("jobs.jsonl", log.concat());
        let ended = world.run(&["reconcile", "--json"]).expect(3);
        assert_eq!(ended.json()["unknown"], 1, "{newest}");
        world.run(&["retry", "--failed"]).expect(3);
        let status = world.run(&["status"]).expect(0);
        assert!(
            status.stdout.contains("1 outcome unknown"),
            "{}",
            status.stdout
        );
        assert!(
            status.stdout.contains("creativeai retry --unknown"),
            "{}",
            status.stdout
        );
        assert!(server.posts().is_empty());
        world.run(&["retry", "--unknown", "--yes"]);
        let posts = server.posts();
        assert_eq!(posts[0].idempotency_key(), "5b1f0c9a77d2e318.1");
        assert_eq!(posts.len(), 1);
    }
}

#[test]
fn an_older_attempt_under_way_is_what_the_job_waits_for() {
    let attempt = |number: u32, fields: &str| {
        format!(
            r#"{{"at":"2026-03-12T09:2{number}:00Z","job":"5b1f0c9a77d2e318","attempt":{number},"listing_id":"LST-1",{fields}}}"#
        ) + "\n"
    };
    let sent = r#""status":"submitting","line":2,"request":{"prompt":"pan left"}"#;
    for newest in [
        r#""status":"submit_failed","temporary":true,"error":"HTTP 429""#,
        r#""status":"submit_failed","error":"HTTP 422""#,
    ] {
        let world = World::new();
        let log = [
            attempt(1, sent),
            attempt(1, r#""status":"pending","generation_id":"vgen_1""#),
            attempt(2, sent),
            attempt(2, newest),
        ];
        world.write("jobs.jsonl", log.concat());
        let status = world.run(&["status"]).expect(0).stdout;
        assert!(status.contains("1 in the queue"), "{status}");
        assert!(!status.contains("cost nothing"), "{status}");
        assert!(status.contains("creativeai reconcile --wait"), "{status}");
        let summary = world.run(&["status", "--summary", "--json"]).expect(0);
        assert_eq!(summary.json()["pending"], 1, "{newest}");
    }
}

#[test]
fn an_id_that_the_log_does_not_know_is_named_and_nothing_is_sent() {
    let server = failing();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.run(&["reconcile"]).expect(1);
    for which in ["--failed", "--unknown", "--rejected"] {
        let retry = ["retry", which, "--yes", "--id", "LST-1", "--id", "LST-22"];
        let ended = world.run(&retry).expect(2);
        assert!(ended.stderr.contains("called LST-22"), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("did you mean LST-2?"),
            "{}",
            ended.stderr
        );
    }
    let retry = ["retry", "--failed", "--dry-run", "--id", "NOPE"];
    let ended = world.run(&retry).expect(2);
    assert!(
        ended.stderr.contains("creativeai status"),
        "{}",
        ended.stderr
    );
    assert_eq!(server.posts().len(), 2);
    world.run(&["retry", "--failed", "--id", "LST-1"]).expect(1);
    assert_eq!(server.posts().len(), 3);
}

/// The command in `words` that begins with `creativeai resolve`, without the program's name.
fn resolve_in(words: &str) -> Vec<String> {
    let mut commands = words.split('`').skip(1).step_by(2);
    let command = commands.find(|text| text.starts_with("creativeai resolve"));
    let command = command.unwrap_or_else(|| panic!("names no command: {words}"));
    command
        .split_whitespace()
        .skip(1)
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_command_that_a_dismissal_names_takes_it_back_whatever_the_job_is() {
    let accepted = r#""status":"pending","generation_id":"vgen_1""#;
    for (attempts, named, then) in [
        (&[&[accepted][..]][..], "--generation-id vgen_1", "pending"),
        (
            &[&[
                accepted,
                r#""status":"completed","generation_id":"vgen_1","output_url":"https://a.example/1.mp4""#,
            ]],
            "--generation-id vgen_1",
            "completed",
        ),
        (
            &[&[
                accepted,
                r#""status":"failed","generation_id":"vgen_1","error":"too dark""#,
            ]],
            "--generation-id vgen_1",
            "failed",
        ),
        (
            &[&[r#""status":"unknown","error":"HTTP 500""#]],
            "--not-accepted",
            "submit_failed",
        ),
        (&[&[]], "--not-accepted", "submit_failed"),
        (
            &[&[r#""status":"submit_failed","error":"HTTP 422""#]],
            "--not-accepted",
            "submit_failed",
        ),
        (
            &[&[r#""status":"submit_failed","temporary":true,"error":"HTTP 429""#]],
            "--not-accepted",
            "submit_failed",
        ),
        (
            &[&[
                r#""status":"unknown""#,
                r#""status":"resolved","verdict":"accepted","generation_id":"vgen_1""#,
            ]],
            "--generation-id vgen_1",
            "pending",
        ),
        (
            &[
                &[accepted],
                &[r#""status":"submit_failed","error":"HTTP 422""#],
            ],
            "--generation-id vgen_1",
            "submit_failed",
        ),
    ] {
        let world = World::new();
        let mut log = String::new();
        for (number, outcomes) in (1..).zip(attempts) {
            let sent = r#""status":"submitting","line":2,"request":{"prompt":"pan left"}"#;
            for (second, fields) in std::iter::once(&sent).chain(*outcomes).enumerate() {
                log += &format!(
                    r#"{{"at":"2026-03-12T09:2{number}:0{second}Z","job":"5b1f0c9a77d2e318","attempt":{number},"listing_id":"LST-1",{fields}}}"#
                );
                log.push('\n');
            }
        }
        world.write("jobs.jsonl", &log);
        let words = world
            .run(&["resolve", "LST-1", "--dismiss"])
            .expect(0)
            .stderr;
        assert!(words.contains(named), "{log}{words}");
        assert_eq!(world.log().job()["dismissed"], true);
        // A slip in the id is answered with the command that works, too.
        let slip = ["resolve", "LST-1", "--generation-id", "vgen_other"];
        if named.contains("vgen_1") && attempts.len() == 1 && !log.contains("unknown") {
            let refused = world.run(&slip).expect(2).stderr;
            assert_eq!(resolve_in(&refused), resolve_in(&words), "{refused}");
        }
        let command = resolve_in(&words);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        world.run(&command).expect(0);
        let log = world.log();
        assert_eq!(log.job().get("dismissed"), None, "{words}");
        assert_eq!(log.job()["status"], then, "{words}");
    }
}

#[test]
fn a_dismissal_that_cannot_be_taken_back_does_not_say_that_it_can() {
    let world = World::new();
    let line = r#"{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e318","attempt":1,"listing_id":"LST-1","status":"pending"}"#;
    world.write("jobs.jsonl", format!("{line}\n"));
    let words = world
        .run(&["resolve", "LST-1", "--dismiss"])
        .expect(0)
        .stderr;
    assert!(words.contains("is closed"), "{words}");
    assert!(!words.contains("reopen"), "{words}");
}

#[test]
fn a_refusal_that_a_person_reports_is_said_to_be_sent_again_only_where_it_is() {
    let doubt = r#""status":"unknown","error":"HTTP 500""#;
    for (newer, is_sent) in [
        (None, true),
        (
            Some(r#""status":"failed","generation_id":"vgen_2","error":"too dark""#),
            true,
        ),
        (
            Some(r#""status":"pending","generation_id":"vgen_2""#),
            false,
        ),
        (
            Some(
                r#""status":"completed","generation_id":"vgen_2","output_url":"https://a.example/2.mp4""#,
            ),
            false,
        ),
        (Some(doubt), false),
    ] {
        let server = failing();
        let world = World::facing(&server);
        let mut log = String::new();
        for (number, outcome) in (1..).zip([Some(doubt), newer].into_iter().flatten()) {
            let sent = r#""status":"submitting","line":2,"request":{"prompt":"pan left"}"#;
            for (second, fields) in [sent, outcome].into_iter().enumerate() {
                log += &format!(
                    r#"{{"at":"2026-03-12T09:2{number}:0{second}Z","job":"5b1f0c9a77d2e318","attempt":{number},"listing_id":"LST-1",{fields}}}"#
                );
                log.push('\n');
            }
        }
        world.write("jobs.jsonl", &log);
        let resolved = world.run(&["resolve", "LST-1", "--not-accepted"]).expect(0);
        let words = resolved.stderr;
        assert_eq!(
            words.contains("retry --failed` sends it again"),
            is_sent,
            "{words}"
        );
        assert_eq!(
            words.contains("nothing is sent again, since"),
            !is_sent,
            "{words}"
        );
        world.run(&["retry", "--failed"]);
        assert_eq!(server.posts().len(), usize::from(is_sent), "{words}");
    }
}

#[test]
fn what_a_person_found_not_accepted_is_not_called_refused() {
    let server = Server::scripted(vec![Step::reset()]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(3);
    let resolve = ["resolve", "LST-1", "--not-accepted"];
    world.run(&resolve).expect(0);
    let status = world.run(&["status"]).expect(0).stdout;
    for words in ["1 not accepted", "said so", "creativeai retry --failed"] {
        assert!(status.contains(words), "{words}: {status}");
    }
    for words in ["refused", "row"] {
        assert!(!status.contains(words), "{words}: {status}");
    }
}

#[test]
fn the_doubt_of_an_older_attempt_is_described_by_that_attempt() {
    let line = |time: &str, attempt: u32, fields: &str| {
        format!(
            r#"{{"at":"2026-03-12T{time}:00Z","job":"5b1f0c9a77d2e318","attempt":{attempt},"listing_id":"LST-1",{fields}}}"#
        ) + "\n"
    };
    let sent = |prompt: &str| {
        format!(r#""status":"submitting","credits_estimated":5,"request":{{"prompt":"{prompt}"}}"#)
    };
    let throttled = r#""status":"submit_failed","temporary":true,"error":"HTTP 429""#;
    let world = World::new();
    world.write(
        "jobs.jsonl",
        line("08:20", 1, &sent("pan left"))
            + &*line("08:21", 1, r#""status":"unknown","error":"reset""#)
            + &*line("09:20", 2, &sent("pan right"))
            + &*line("09:21", 2, throttled),
    );
    let clip = world.run(&["status", "--id", "LST-1"]).expect(0).stdout;
    let status = world.run(&["status"]).expect(0).stdout;
    let asked = world.run(&["retry", "--unknown"]).expect(2).stderr;
    for (shown, reason) in [(&clip, "Reason  reset"), (&status, "reset →")] {
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(&reason), "{shown}");
    }
    for shown in [&clip, &status, &asked] {
        let sought = shown.lines().find(|line| line.contains(", sent ")).unwrap();
        assert!(
            sought.contains("pan left") && sought.contains("08:20"),
            "{sought}"
        );
    }
    assert!(status.contains("5 at stake"), "{status}");
}

#[test]
fn an_id_of_an_earlier_attempt_is_called_that() {
    let server = Server::answering(|request| match request.method.as_str() {
        "POST" => Step::accept_under("vgen_same"),
        _ => Step::reply(
            200,
            r#"{"id":"vgen_same","status":"failed","error":"dark"}"#,
        ),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.run(&["reconcile"]).expect(1);
    let retry = world.run(&["retry", "--failed"]).expect(3);
    for words in ["that of this job's attempt 1", "to two orders"] {
        assert!(retry.stderr.contains(words), "{words}: {}", retry.stderr);
    }
    assert!(!retry.stderr.contains("another job"), "{}", retry.stderr);
}

#[test]
fn a_repetition_has_the_first_bytes_after_another_program_wrote_the_log_again() {
    let server = Server::scripted(vec![Step::reset()]);
    let world = World::facing(&server);
    let sheet =
        "listing_id,image_url,video_prompt\nLST-1,https://cdn.example.com/1.jpg,“Größe” pan\n";
    world.write("listings.csv", sheet);
    world.run(&["submit", "listings.csv"]).expect(3);
    let lines: Vec<BTreeMap<String, serde_json::Value>> = world
        .log()
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sorted = |request: &serde_json::Value| {
        let fields: BTreeMap<String, serde_json::Value> =
            serde_json::from_value(request.clone()).unwrap();
        serde_json::to_value(fields).unwrap()
    };
    let lines: Vec<_> = lines
        .into_iter()
        .map(|mut line| {
            if let Some(request) = line.get_mut("request") {
                *request = sorted(request);
            }
            line
        })
        .collect();
    let text = serde_json::to_string_pretty(&lines).unwrap();
    world.write("jobs.jsonl", text.replace('ö', "\\u00f6"));
    world
        .run(&["log", "accept", "jobs.jsonl", "--yes"])
        .expect(0);
    world.run(&["compact"]).expect(0);
    world.run(&["retry", "--unknown", "--yes"]).expect(0);
    let posts = server.posts();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].idempotency_key(), posts[1].idempotency_key());
    assert_eq!(posts[0].body, posts[1].body);
}
