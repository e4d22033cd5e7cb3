//! `retry` and `resolve`: what a person decides about failures and doubts, and what it costs.

// It types on a terminal of Unix; a pseudo console of Wine draws differently from Windows'.
#[cfg(unix)]
mod consent;
mod settle;

use std::time::Duration;

use serde_json::Value;

use crate::support::{Ended, Gate, Phase, Server, Step, World, listings, rows};

/// One row whose first POST ended as `first`; the server answers later ones with `then`, and reports
/// polls that the clip `ends`.
fn after(first: Step, then: Step) -> (World, Server) {
    let server = Server::start(move |post| match post.number {
        0 => first.clone(),
        _ => then.clone(),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]);
    assert_eq!(server.posts().len(), 1);
    (world, server)
}

fn send_again(world: &World) -> Ended {
    world.run(&["retry", "--unknown", "--yes"])
}

#[test]
fn a_doubt_is_sent_again_as_it_was_when_a_person_agrees() {
    let (world, server) = after(Step::reset().billed(), Step::accept());
    let run = send_again(&world).expect(0);
    assert!(run.stderr.contains("5 credits"), "{}", run.stderr);
    let posts = server.posts();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].idempotency_key(), posts[1].idempotency_key());
    assert_eq!(posts[0].body, posts[1].body);
    let log = world.log();
    assert_eq!(log.job()["status"], "pending");
    assert_eq!(log.job()["attempts"], 1);
}

#[test]
fn without_a_terminal_no_one_has_agreed() {
    let (world, server) = after(Step::reset(), Step::accept());
    let before = world.log().text;
    let run = world.run(&["retry", "--unknown"]).expect(2);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    world.run(&["retry", "--unknown", "--dry-run"]).expect(0);
    assert_eq!(server.posts().len(), 1);
    assert_eq!(world.log().text, before);
}

#[test]
fn no_refusal_of_a_repetition_settles_the_doubt() {
    // Its first POST may still be the paid one.
    let throttled = || Step::reply(429, "").with("Retry-After", "0");
    for (then, code) in [
        (Step::reply(422, "no"), 3),
        (Step::reply(404, ""), 3),
        (Step::reply(401, ""), 3),
        (Step::reply(402, ""), 3),
        (throttled(), 3),
        (Step::reply(500, ""), 3),
        (Step::reset(), 3),
    ] {
        let output = format!("{then:?}");
        let (world, server) = after(Step::reset().billed(), then);
        send_again(&world).expect(code);
        assert_eq!(world.log().job()["status"], "unknown", "{output}");
        let posts = server.posts();
        assert!(posts.len() >= 2 && posts.len() <= 6, "{output}");
        // And so it is not sent by itself.
        world.run(&["submit", "listings.csv"]).expect(3);
        world.run(&["retry", "--failed"]).expect(3);
        assert_eq!(server.posts().len(), posts.len(), "{output}");
    }
}

#[test]
fn a_refused_repetition_hides_neither_the_first_request_nor_why_it_is_in_doubt() {
    let (world, _server) = after(Step::reset().billed(), Step::reply(422, "image too small"));
    let again = send_again(&world).expect(3);
    for words in [
        "its earlier request may have been accepted",
        "image too small",
    ] {
        assert!(again.stderr.contains(words), "{words}: {}", again.stderr);
    }
    let sent = world.log().lines.into_iter();
    let sent = sent.filter(|line| line["status"] == "submitting");
    let times: Vec<String> = sent
        .map(|line| line["at"].as_str().unwrap()[11..19].to_owned())
        .collect();
    assert_eq!(times.len(), 2);
    for args in [&["status"][..], &["status", "--id", "LST-1"]] {
        let shown = world.run(args).stdout;
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let sought = &shown[shown.find("sent 20").unwrap()..];
        for words in [&*times[0], &format!("{} UTC", times[1])] {
            assert!(sought.contains(words), "{words}: {shown}");
        }
    }
    let shown = world.run(&["status", "--id", "LST-1"]).stdout;
    let reason = shown.split_once("Reason").unwrap().1;
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let (first, then) = reason.split_once("; sent again: ").unwrap();
    assert!(
        !first.contains("422") && then.starts_with("HTTP 422"),
        "{reason}"
    );
}

#[test]
fn a_refused_job_gets_new_attempts_with_new_keys_and_only_so_many() {
    let (world, server) = after(Step::reply(422, "no"), Step::reply(422, "still no"));
    for attempts in [2, 3, 3, 3] {
        world.run(&["retry", "--failed"]).expect(1);
        assert_eq!(server.posts().len(), attempts);
    }
    world
        .run(&["retry", "--failed", "--max-attempts", "4"])
        .expect(1);
    let keys: Vec<String> = server
        .posts()
        .iter()
        .map(|post| post.idempotency_key().to_owned())
        .collect();
    let job = &keys[0][..16];
    assert_eq!(keys, [1, 2, 3, 4].map(|n| format!("{job}.{n}")));
    assert!(
        server
            .posts()
            .iter()
            .all(|p| p.body == server.posts()[0].body)
    );
}

#[test]
fn a_new_attempts_webhook_names_it() {
    let server = Server::scripted(vec![Step::reply(422, "no")]);
    let world = World::facing(&server).with_var("CREATIVEAI_WEBHOOK_URL", "https://example.com/h");
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(1);
    world.run(&["retry", "--failed"]).expect(0);
    for post in server.posts() {
        let expected = format!(
            "https://example.com/h?creativeai_job={}",
            post.idempotency_key()
        );
        assert_eq!(post.json()["webhook_url"], *expected);
    }
}

#[test]
fn a_clip_that_failed_is_ordered_again_and_one_that_renders_is_not() {
    let server = Server::answering(|request| match request.method.as_str() {
        "POST" => Step::accept(),
        _ if request.path.contains("vgen_0000") => {
            Step::reply(200, r#"{"status":"failed","error":"provider timeout"}"#)
        }
        _ => Step::reply(200, r#"{"status":"processing"}"#),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world
        .run(&["submit", "listings.csv", "--concurrency", "1"])
        .expect(0);
    world.run(&["reconcile"]).expect(1);
    world.run(&["submit", "listings.csv"]).expect(1);
    assert_eq!(server.posts().len(), 3, "submit alone orders nothing again");
    world.run(&["retry", "--failed"]).expect(0);
    let posts = server.posts();
    assert_eq!(posts.len(), 4);
    assert_eq!(
        posts[3].idempotency_key()[..16],
        posts[0].idempotency_key()[..16]
    );
    assert!(posts[3].idempotency_key().ends_with(".2"));
}

#[test]
fn a_cap_holds_for_retries_too() {
    let server = Server::start(|post| match post.number {
        0..8 => Step::reply(422, "no"),
        _ => Step::accept(),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(8));
    world.run(&["submit", "listings.csv"]).expect(1);
    world
        .run(&[
            "retry",
            "--failed",
            "--max-credits",
            "14",
            "--concurrency",
            "8",
        ])
        .expect(3);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn the_time_that_a_retry_has_begins_once() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |post| match post.number {
        0 => Step::reply(422, "no"),
        1 => Step::accept().held_at(Phase::Read, &held),
        2 => Step::reply(429, "").with("Retry-After", "1"),
        _ => Step::accept(),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.write("more.csv", rows([2]));
    world.run(&["submit", "listings.csv"]).expect(1);
    let other = world.start(&["submit", "more.csv"]);
    server.wait_for_posts(2);
    let waits = ["--lock-wait", "1m", "--timeout", "1500ms"];
    let retry = world.start(&[&["retry", "--failed"][..], &waits].concat());
    // Time that the other command takes of the retry's.
    std::thread::sleep(Duration::from_secs(1));
    gate.open();
    other.wait().expect(0);
    retry.wait().expect(75);
    assert_eq!(server.bills().len(), 1, "it would be sent after its time");
}

#[test]
fn a_person_settles_a_doubt_and_takes_it_back() {
    let (world, server) = after(Step::reset().billed(), Step::accept());
    let status = |world: &World| world.log().job()["status"].clone();
    let resolve = |verdict: &[&str]| {
        world
            .run(&[&["resolve", "LST-1"], verdict].concat())
            .expect(0)
    };

    resolve(&["--not-accepted"]);
    assert_eq!(status(&world), "submit_failed");
    resolve(&["--generation-id", "vgen_seen_on_the_dashboard"]);
    assert_eq!(status(&world), "pending");
    world.run(&["reconcile"]).expect(0);
    assert!(
        server.polls()[0]
            .path
            .ends_with("/vgen_seen_on_the_dashboard")
    );
    assert_eq!(status(&world), "processing");

    let log = world.log();
    let by: Vec<&Value> = log
        .lines
        .iter()
        .filter(|line| line["status"] == "resolved")
        .map(|line| &line["by"])
        .collect();
    assert_eq!(by.len(), 2);
    assert!(
        by.iter()
            .all(|who| who.as_str().is_some_and(|w| w.contains('@')))
    );
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn what_a_person_says_was_not_accepted_may_be_sent_and_what_is_dismissed_is_not() {
    let (world, server) = after(Step::reset(), Step::accept());
    world.run(&["resolve", "LST-1", "--dismiss"]).expect(0);
    world.run(&["retry", "--unknown", "--yes"]).expect(0);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 1);
    world.run(&["resolve", "LST-1", "--not-accepted"]).expect(0);
    world.run(&["retry", "--failed"]).expect(0);
    assert_eq!(server.posts().len(), 2);
    assert!(server.posts()[1].idempotency_key().ends_with(".2"));
}

#[test]
fn compacting_changes_no_state_and_no_decision() {
    let server = Server::start(|post| match post.number {
        1 => Step::reset(),
        2 => Step::reply(422, "no"),
        3 => Step::reply(402, "no credits"),
        _ => Step::accept(),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(6));
    world.run(&["submit", "listings.csv", "--concurrency", "1"]);
    world.run(&["resolve", "LST-2", "--dismiss"]).expect(0);
    let before = world.log();
    world.run(&["compact"]).expect(0);
    let after = world.log();
    assert_eq!(after.jobs, before.jobs);
    assert!(after.text.len() <= before.text.len());
    world.run(&["submit", "listings.csv"]).expect(1);
    assert_eq!(
        server.posts().len(),
        7,
        "the temporary one and the two that are left"
    );
    world.run(&["retry", "--failed"]).expect(0);
    let last = server.posts().pop().unwrap();
    assert_eq!(
        last.idempotency_key()[..16],
        server.posts()[2].idempotency_key()[..16]
    );
    assert_eq!(last.body, server.posts()[2].body);
}

#[test]
fn only_the_rows_that_are_meant_of_a_manifest_are_checked_and_used() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let seed = |id: &str| {
        format!("{{\"listing_id\":\"{id}\",\"status\":\"submit_failed\",\"error\":\"HTTP 422\"}}\n")
    };
    world.write("jobs.jsonl", format!("{}{}", seed("LST-1"), seed("LST-2")));
    let sheet = "listing_id,image_url,video_prompt,region\n\
                 LST-1,https://cdn.example.com/1.jpg,pan,north\n\
                 LST-2,https://cdn.example.com/2.jpg,,south\n";
    world.write("sheet.csv", sheet);
    let retry = [
        "retry",
        "--failed",
        "--manifest",
        "sheet.csv",
        "--id",
        "LST-1",
    ];
    let refused = world.run(&retry).expect(65);
    assert!(refused.stderr.contains("sheet.csv:3"), "{}", refused.stderr);
    let north = [&retry[..], &["--manifest-where", "region=north"]].concat();
    // LST-2 is still refused.
    world.run(&north).expect(1);
    assert_eq!(server.posts()[0].json()["prompt"], "pan");
    assert_eq!(server.posts().len(), 1);
    let mistyped = [&retry[..], &["--manifest-where", "regoin=north"]].concat();
    let refused = world.run(&mistyped).expect(2);
    assert!(refused.stderr.contains("region"), "{}", refused.stderr);
}

#[test]
fn jobs_that_have_had_all_their_attempts_are_counted_in_words_that_fit() {
    for (rows, words) in [
        (
            1,
            "1 job is left alone after 1 attempt: nothing more was sent",
        ),
        (
            2,
            "2 jobs are left alone after 1 attempt: nothing more was sent",
        ),
    ] {
        let server = Server::answering(|_| {
            Step::reply(422, r#"{"error":"no"}"#).with("Content-Type", "application/json")
        });
        let world = World::facing(&server);
        world.write("listings.csv", listings(rows));
        world.run(&["submit", "listings.csv"]).expect(1);
        let run = world.run(&["retry", "--failed", "--max-attempts", "1"]);
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert_eq!(server.posts().len(), rows);
    }
}
