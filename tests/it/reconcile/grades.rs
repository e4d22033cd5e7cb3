//! What becomes of each capture, what is reported of it, and what it does to the exit code.

use serde_json::{Value, json};

use crate::support::delivery::{Delivery, accepted};
use crate::support::{Server, Step, World};

const FIRST: &str = "5b1f0c9a77d2e318";
const SECOND: &str = "5b1f0c9a77d2e319";

/// A log of two clips that render.
fn world() -> World {
    let world = World::new();
    let log = accepted(FIRST, "LST-1", "vgen_1") + &*accepted(SECOND, "LST-2", "vgen_2");
    world.write("jobs.jsonl", log);
    world
}

/// The six grades of a summary, in the usual order.
fn grades(summary: &Value) -> [u64; 6] {
    [
        "applied",
        "known",
        "rejected",
        "unverifiable",
        "unknown_id",
        "unreadable",
    ]
    .map(|name| summary[name].as_u64().unwrap())
}

fn failed(id: &str) -> Delivery {
    Delivery::of(&json!({"id": id, "status": "failed", "error": "bad photo", "prompt": "pan left"}))
}

/// One capture of each grade, a line each; the torn one is last.
fn one_of_each() -> String {
    let good = Delivery::completed("vgen_1");
    let torn = Delivery::completed("vgen_2").envelope();
    [
        good.envelope(),
        good.envelope(),
        Delivery::completed("vgen_2")
            .saying(r#"{"id":"vgen_2","status":"failed"}"#)
            .envelope(),
        Delivery::completed("vgen_2")
            .without("x-creativeai-signature")
            .envelope(),
        Delivery::completed("vgen_3").envelope(),
        torn[..torn.len() / 2].to_owned(),
    ]
    .concat()
}

#[test]
fn each_grade_is_counted_and_listed_with_its_file_and_line() {
    let world = world();
    world.write("captures.jsonl", one_of_each());
    let replay = ["reconcile", "--replay", "captures.jsonl", "--json"];
    let ended = world.run(&replay).expect(0);
    assert_eq!(grades(&ended.json()), [1, 1, 1, 1, 1, 1]);
    assert_eq!(ended.json()["completed"], 1);
    assert_eq!(ended.json()["pending"], 1);
    for line in [
        "captures.jsonl:3: rejected:",
        "captures.jsonl:4: unverifiable: it has no signature",
        "captures.jsonl:5: unknown id: vgen_3:",
        "captures.jsonl:6: unreadable:",
    ] {
        assert!(ended.stderr.contains(line), "{line}\n{}", ended.stderr);
    }
    assert!(
        !ended.stderr.contains("CREATIVEAI_VERIFY_KEYS"),
        "{}",
        ended.stderr
    );

    let log = world.log();
    let again = world.run(&replay).expect(0);
    assert_eq!(grades(&again.json()), [0, 2, 1, 1, 1, 1]);
    assert_eq!(world.log().text, log.text);
}

#[test]
fn the_same_from_standard_input_and_from_a_summary_for_people() {
    let world = world();
    let ended = world
        .run_with_input(&["reconcile", "--replay", "-"], one_of_each())
        .expect(0);
    assert!(ended.stderr.contains("-:3: rejected"), "{}", ended.stderr);
    for part in [
        "1 applied",
        "1 already known",
        "1 rejected",
        "1 unverifiable",
        "1 unreadable",
    ] {
        assert!(ended.stderr.contains(part), "{part}\n{}", ended.stderr);
    }
    assert_eq!(ended.stdout, "");
    assert_eq!(world.log().count("completed"), 1);
}

#[test]
fn a_rejected_capture_fails_the_run_only_when_that_is_asked_for() {
    let world = world();
    let forged = Delivery::completed("vgen_2").saying(r#"{"id":"vgen_2","status":"completed"}"#);
    let file = forged.envelope() + &*failed("vgen_1").envelope();
    world.write("captures.jsonl", file);
    let replay = ["reconcile", "--replay", "captures.jsonl"];
    world.run(&replay).expect(1);
    let mut strict = replay.to_vec();
    strict.push("--strict");
    world.run(&strict).expect(65);

    // Without a failed job, only the capture speaks.
    std::fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    world.write("jobs.jsonl", accepted(SECOND, "LST-2", "vgen_2"));
    world.run(&replay).expect(0);
    world.run(&strict).expect(65);
    world.write("captures.jsonl", "neither one thing nor the other");
    world.run(&replay).expect(0);
    world.run(&strict).expect(65);
    world.write("captures.jsonl", Delivery::completed("vgen_2").envelope());
    world.run(&strict).expect(0);
}

#[test]
fn when_every_capture_is_rejected_the_old_key_is_asked_for_and_helps() {
    let world = world();
    let old = "rph_live_before_the_change";
    let body = crate::support::delivery::completed("vgen_1");
    world.write(
        "captures.jsonl",
        Delivery::signed_with(old, &body).envelope(),
    );
    let before = world.log().text;
    let replay = ["reconcile", "--replay", "captures.jsonl", "--json"];
    let ended = world.run(&replay).expect(0);
    assert!(
        ended.stderr.contains("CREATIVEAI_VERIFY_KEYS"),
        "{}",
        ended.stderr
    );
    assert_eq!(grades(&ended.json()), [0, 0, 1, 0, 0, 0]);
    assert_eq!(world.log().text, before);

    let world = world.with_var("CREATIVEAI_VERIFY_KEYS", &format!("rph_live_older,{old}"));
    let ended = world.run(&replay).expect(0);
    assert_eq!(grades(&ended.json()), [1, 0, 0, 0, 0, 0]);
    assert!(!ended.stderr.contains(old), "{}", ended.stderr);
}

#[test]
fn without_any_key_nothing_is_applied_and_nothing_is_called_wrong() {
    let world = world().without_var("CREATIVEAI_API_KEY");
    world.write("captures.jsonl", one_of_each());
    let before = world.log().text;
    let ended = world
        .run(&["reconcile", "--replay", "captures.jsonl", "--json"])
        .expect(0);
    assert_eq!(grades(&ended.json()), [0, 0, 0, 5, 0, 1]);
    assert!(
        ended.stderr.contains("no key can verify"),
        "{}",
        ended.stderr
    );
    assert_eq!(world.log().text, before);
}

#[test]
fn a_path_that_is_not_there_changes_nothing() {
    let world = world();
    world.write("captures.jsonl", Delivery::completed("vgen_1").envelope());
    let before = world.log().text;
    let ended = world
        .run(&["reconcile", "--replay", "captures.jsonl", "typo.jsonl"])
        .expect(74);
    assert!(ended.stderr.contains("typo.jsonl"), "{}", ended.stderr);
    assert_eq!(world.log().text, before);
    world
        .run(&["reconcile", "no.jsonl", "--replay", "captures.jsonl"])
        .expect(74);
    assert!(!world.path("no.jsonl").exists());
}

#[test]
fn other_traffic_in_a_recording_is_passed_over_and_not_called_unreadable() {
    let world = world();
    let good = Delivery::completed("vgen_1");
    let headers: Vec<_> = good
        .headers
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let entry =
        |request: Value| json!({"startedDateTime": "2026-03-12T09:22:18Z", "request": request});
    let har = json!({"log": {"entries": [
        entry(json!({"method": "GET", "url": "https://x.example/", "headers": []})),
        entry(json!({"method": "POST", "url": "https://x.example/login", "headers": [],
                     "postData": {"mimeType": "application/json", "text": "{\"user\":1}"}})),
        entry(json!({"method": "POST", "url": "https://x.example/hook", "headers": headers,
                     "postData": {"text": std::str::from_utf8(&good.body).unwrap()}})),
    ]}});
    world.write("traffic.har", har.to_string());
    let args = ["reconcile", "--replay", "traffic.har", "--json", "--strict"];
    assert_eq!(
        grades(&world.run(&args).expect(0).json()),
        [1, 0, 0, 0, 0, 0]
    );
}

#[test]
fn a_folder_may_hold_the_receivers_own_lock_and_what_cannot_be_read_stops_nothing() {
    let world = world();
    std::fs::create_dir(world.path("kept")).unwrap();
    let receiver =
        crate::support::processes::Process::listen(&world, &["--capture", "kept/captures.jsonl"]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
    let args = ["reconcile", "--replay", "kept", "--json", "--strict"];
    assert_eq!(
        grades(&world.run(&args).expect(0).json()),
        [1, 0, 0, 0, 0, 0]
    );

    world.write("kept/broken.json.gz", b"\x1f\x8b\x08\x00rubbish");
    world.write("kept/empty.json", "");
    world.write(
        "kept/photo.jpg",
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\xff\xfe",
    );
    world.write("kept/lonely.headers", "x-creativeai-signature: sha256=00\n");
    let ended = world.run(&args[..4]).expect(0);
    let [applied, known, rejected, unverifiable, unknown, unreadable] = grades(&ended.json());
    assert_eq!(
        [applied, known, rejected, unverifiable, unknown],
        [0, 1, 0, 0, 0]
    );
    assert!(unreadable >= 3, "{}", ended.stderr);
    for name in ["broken.json.gz", "photo.jpg", "lonely.headers"] {
        assert!(ended.stderr.contains(name), "{name}\n{}", ended.stderr);
    }
}

#[test]
fn an_unknown_status_changes_nothing_and_is_reported() {
    let world = world();
    let before = world.log().text;
    let odd = Delivery::of(&json!({"id": "vgen_1", "status": "tele\u{1b}ported"}));
    world.write("captures.jsonl", odd.envelope());
    let ended = world
        .run(&["reconcile", "--replay", "captures.jsonl"])
        .expect(0);
    assert!(
        ended.stderr.contains("an unknown status; ignored"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    assert_eq!(world.log().text, before);
}

#[test]
fn a_long_list_is_cut_and_says_so_unless_more_is_asked_for() {
    let world = world();
    let file: String = (0..30)
        .map(|n| Delivery::completed(&format!("vgen_x{n}")).envelope())
        .collect();
    world.write("captures.jsonl", file);
    let replay = ["reconcile", "--replay", "captures.jsonl", "-v"];
    let listed = |stderr: &str| {
        stderr
            .lines()
            .filter(|l| l.contains(": unknown id:"))
            .count()
    };
    let short = world.run(&replay[..3]).expect(0);
    assert_eq!(listed(&short.stderr), 20, "{}", short.stderr);
    assert!(short.stderr.contains("10 more"), "{}", short.stderr);
    assert_eq!(listed(&world.run(&replay).expect(0).stderr), 30);
}

#[test]
fn a_replay_asks_no_one_and_with_confirm_each_doubtful_clip_is_asked_for_once() {
    let server = Server::answering(|request| {
        let id = request
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        Step::reply(200, crate::support::delivery::completed(&id).to_string())
    });
    let world = World::facing(&server);
    let log = accepted(FIRST, "LST-1", "vgen_1") + &*accepted(SECOND, "LST-2", "vgen_2");
    world.write("jobs.jsonl", log);
    let unsigned = Delivery::completed("vgen_1")
        .without("x-creativeai-signature")
        .envelope();
    let stranger = Delivery::completed("vgen_9")
        .without("x-creativeai-signature")
        .envelope();
    world.write("captures.jsonl", unsigned.repeat(3) + &*stranger);
    let replay = [
        "reconcile",
        "--replay",
        "captures.jsonl",
        "--json",
        "--confirm",
    ];
    let ended = world.run(&replay[..4]).expect(0);
    assert_eq!(grades(&ended.json()), [0, 0, 0, 4, 0, 0]);
    assert!(
        ended.stderr.contains("--confirm"),
        "the way out is reported: {}",
        ended.stderr
    );
    assert_eq!(server.connections(), 0);

    let ended = world.run(&replay).expect(0);
    assert_eq!(grades(&ended.json()), [0, 0, 0, 4, 0, 0]);
    assert_eq!(ended.json()["confirmed"], 1);
    assert_eq!(ended.json()["completed"], 1);
    let polled: Vec<_> = server.polls().into_iter().map(|poll| poll.path).collect();
    assert_eq!(polled, ["/v1/video/generations/vgen_1"]);
    assert_eq!(world.log().job_of("LST-1")["via"], "poll");
    assert_eq!(world.log().job_of("LST-2")["status"], "pending");

    // What is settled is not asked for again.
    let ended = world.run(&replay).expect(0);
    assert_eq!(ended.json()["confirmed"], 0);
    assert_eq!(server.polls().len(), 1);
}

#[test]
fn to_confirm_a_key_is_needed_before_anything_is_changed() {
    let world = world()
        .without_var("CREATIVEAI_API_KEY")
        .with_var("CREATIVEAI_VERIFY_KEYS", crate::support::KEY);
    world.write("captures.jsonl", Delivery::completed("vgen_1").envelope());
    let before = world.log().text;
    world
        .run(&["reconcile", "--replay", "captures.jsonl", "--confirm"])
        .expect(78);
    assert_eq!(world.log().text, before);
    world
        .run(&["reconcile", "--replay", "captures.jsonl"])
        .expect(0);
    assert_eq!(world.log().job_of("LST-1")["status"], "completed");
}

#[test]
fn a_body_that_a_recorder_changed_is_proven_in_doubt_or_rejected() {
    let server = Server::answering(|request| {
        let id = request
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        Step::reply(200, crate::support::delivery::completed(&id).to_string())
    });
    let world = World::facing(&server);
    let log = accepted(FIRST, "LST-1", "vgen_1") + &*accepted(SECOND, "LST-2", "vgen_2");
    world.write("jobs.jsonl", log);
    let sent = Delivery::completed("vgen_2");
    let length = |n: usize| ("content-length".to_owned(), n.to_string());
    let indented = serde_json::to_string_pretty(&Delivery::completed("vgen_1").json()).unwrap();
    let proven = Delivery::completed("vgen_1").saying(&(indented + "\n"));
    let mut rewritten = sent
        .clone()
        .saying(r#"{"status":"completed","id":"vgen_2"}"#);
    rewritten.headers.push(length(sent.body.len()));
    let mut forged = sent.clone();
    forged.body = String::from_utf8(sent.body.clone())
        .unwrap()
        .replace("vgen_2.mp4", "vgen_9.mp4")
        .into();
    forged.headers.push(length(sent.body.len()));
    let headers: Vec<Value> = [("x-creativeai-delivery-id", "vgen_2")]
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let har = json!({"log": {"entries": [
        {"request": {"method": "POST", "url": "https://x.example/h", "headers": headers}},
        {"request": {"method": "GET", "url": "https://x.example/", "headers": []}},
    ]}});
    std::fs::create_dir(world.path("captures")).unwrap();
    world.write(
        "captures/a.jsonl",
        proven.envelope() + &*rewritten.envelope() + &*forged.envelope(),
    );
    world.write("captures/b.har", har.to_string());
    for other in [
        ".DS_Store",
        "Thumbs.db",
        "c.json.part",
        "d.json~",
        ".e.json.swp",
        "f.tmp",
    ] {
        world.write(&format!("captures/{other}"), "\0no capture");
    }
    let replay = ["reconcile", "--replay", "captures", "--json"];
    let ended = world.run(&replay).expect(0);
    assert_eq!(
        grades(&ended.json()),
        [1, 0, 1, 2, 0, 0],
        "{}",
        ended.stderr
    );
    for line in [
        "were sent, so whatever kept it has rewritten it",
        "has the length that was sent",
        "its body was not kept",
    ] {
        assert!(ended.stderr.contains(line), "{line}\n{}", ended.stderr);
    }
    assert_eq!(server.connections(), 0);
    world.run(&[&replay[..], &["--strict"]].concat()).expect(65);
    let confirmed = world.run(&[&replay[..], &["--confirm"]].concat()).expect(0);
    assert_eq!(confirmed.json()["confirmed"], 1);
    assert_eq!(world.log().job_of("LST-2")["via"], "poll");
}

#[test]
fn a_wrong_signature_in_an_envelope_is_rejected_however_its_body_is_spelled() {
    let zeros = format!("sha256={}", "0".repeat(64));
    for (body, signature, expected) in [
        (
            r#"{"id": "vgen_1", "status": "completed"}"#,
            &*zeros,
            [0, 0, 1, 0, 0, 0],
        ),
        (
            "{\n  \"id\": \"vgen_1\",\n  \"status\": \"completed\"\n}",
            &zeros,
            [0, 0, 1, 0, 0, 0],
        ),
        (
            r#"{"credits":5,"id":"vgen_1","model":"a","status":"completed"}"#,
            &zeros,
            [0, 0, 1, 0, 0, 0],
        ),
        (
            r#"{"id":"vgen_1","status":"completed"}"#,
            &zeros,
            [0, 0, 1, 0, 0, 0],
        ),
        (
            r#"{"id":"vgen_1","status":"completed"}"#,
            "",
            [0, 0, 0, 1, 0, 0],
        ),
        (
            r#"{"id": "vgen_1", "status": "completed"}"#,
            "  ",
            [0, 0, 0, 1, 0, 0],
        ),
    ] {
        let world = world();
        let before = world.log().text;
        let mut forged = Delivery::completed("vgen_1").saying(body);
        for (name, value) in &mut forged.headers {
            if name == "x-creativeai-signature" {
                signature.clone_into(value);
            }
        }
        for length in [None, Some(body.len())] {
            let length = length.map(|n| ("content-length".to_owned(), n.to_string()));
            forged.headers.extend(length);
            world.write("captures.jsonl", forged.envelope());
            let replay = ["reconcile", "--replay", "captures.jsonl", "--json"];
            let ended = world.run(&replay).expect(0);
            assert_eq!(grades(&ended.json()), expected, "{body}\n{}", ended.stderr);
            let code = if expected[2] == 1 { 65 } else { 0 };
            world
                .run(&[&replay[..], &["--strict"]].concat())
                .expect(code);
        }
        assert_eq!(world.log().text, before, "nothing is learned from it");
    }
}
