//! The gap that no call to the vendor can close: an order that was billed and whose reply was
//! lost. A capture that names its attempt closes it, and nothing else does.

use serde_json::{Value, json};

use crate::support::delivery::{Delivery, accepted, announced};
use crate::support::processes::{Process, ended_jobs, eventually};
use crate::support::{Gate, Phase, Server, Step, World, listings};

const JOB: &str = "5b1f0c9a77d2e318";
const OTHER: &str = "5b1f0c9a77d2e319";
const HOOK: &str = "https://receiver.example/hook?tenant=4";

/// What the vendor sends for this order, once it has ended, to the address in it.
fn delivery_for(order: &Value, id: &str, status: &str) -> Delivery {
    let mut body = crate::support::delivery::completed(id);
    body["prompt"] = order["prompt"].clone();
    body["status"] = status.into();
    let mut delivery = Delivery::of(&body);
    let address = order["webhook_url"].as_str().unwrap();
    let path = address.strip_prefix("https://receiver.example");
    delivery.url = path.map(str::to_owned).unwrap();
    delivery
}

fn replay(world: &World, deliveries: &[Delivery]) -> crate::support::Ended {
    let file: String = deliveries.iter().map(Delivery::envelope).collect();
    world.write("captures.jsonl", file);
    world.run(&["reconcile", "--replay", "captures.jsonl", "--json"])
}

#[test]
fn a_submit_killed_between_the_bill_and_the_reply_finds_its_clip_again() {
    let (billed, dead) = (Gate::default(), Gate::default());
    let server = Server::start({
        let (billed, dead) = (billed.clone(), dead.clone());
        move |_| {
            let (billed, dead) = (billed.clone(), dead.clone());
            Step::accept().at(Phase::Billed, move || {
                billed.open();
                dead.wait();
            })
        }
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let submit = ["submit", "listings.csv", "--webhook-url", HOOK];
    let run = world.start(&submit);
    billed.wait();
    run.kill();
    dead.open();
    assert_eq!(world.log().words(), ["submitting"]);
    replay(&world, &[]).expect(3);

    let bill = server.bills().remove(0);
    let order: Value = serde_json::from_slice(&bill.body).unwrap();
    let delivery = delivery_for(&order, &bill.id, "completed");
    assert!(delivery.url.contains("tenant=4") && delivery.url.contains(&bill.key));
    let found = replay(&world, &[delivery]).expect(0);
    assert_eq!(found.json()["applied"], 1);
    assert!(found.stderr.contains(&bill.id), "{}", found.stderr);
    let log = world.log();
    assert_eq!(log.job()["status"], "completed");
    assert_eq!(log.job()["generation_id"], *bill.id);
    assert_eq!(
        log.job()["output_url"],
        format!("https://cdn.example.com/{}.mp4", bill.id)
    );
    assert_eq!(log.job()["listing_id"], "LST-1");

    // And it is not ordered again.
    world.run(&submit).expect(0);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn lost_replies_are_fixed_by_the_listener_alone() {
    let world = World::new();
    let sandbox = Process::sandbox(
        &world,
        &["--render-time", "100ms", "--lost-reply-share", "first:2"],
    );
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    world.write("listings.csv", listings(6));
    let (base, hook) = (sandbox.url(), receiver.webhook_url());
    let args = [
        "submit",
        "listings.csv",
        "--base-url",
        &base,
        "--webhook-url",
        &hook,
    ];
    let ended = world.run(&args).expect(3);
    assert!(
        ended
            .stderr
            .contains("it may have been accepted and paid for"),
        "{}",
        ended.stderr
    );
    eventually("every clip is found", || ended_jobs(&world.log().jobs) == 6);
    assert_eq!(world.log().count("completed"), 6);
    world.run(&args).expect(0);
}

#[test]
fn a_second_id_for_an_attempt_is_billed_twice_and_both_are_reported() {
    let world = World::new();
    world.write("jobs.jsonl", accepted(JOB, "LST-1", "vgen_1"));
    let first = Delivery::completed("vgen_1").naming(&format!("{JOB}.1"));
    let second = Delivery::completed("vgen_2").naming(&format!("{JOB}.1"));
    let output = replay(&world, &[first, second]).expect(0);
    assert_eq!(output.json()["applied"], 2);
    let warning = output
        .stderr
        .lines()
        .find(|line| line.contains("billed twice"));
    let warning = warning.unwrap_or_else(|| panic!("{}", output.stderr));
    assert!(
        warning.contains("vgen_1") && warning.contains("vgen_2"),
        "{warning}"
    );
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status[0]["conflict"], "billed_twice");
    assert_eq!(status[0]["generation_ids"], json!(["vgen_1", "vgen_2"]));
    assert_eq!(status[0]["status"], "completed");
    let page = world.run(&["status", "--id", "LST-1"]).expect(0);
    assert!(
        page.stdout.contains("vgen_1") && page.stdout.contains("vgen_2"),
        "{}",
        page.stdout
    );
}

#[test]
fn two_captures_of_one_attempt_in_doubt_are_billed_twice_in_either_order() {
    let deliveries =
        ["vgen_1", "vgen_2"].map(|id| Delivery::completed(id).naming(&format!("{JOB}.1")));
    let states = [[0, 1], [1, 0]].map(|order| {
        let world = World::new();
        world.write("jobs.jsonl", announced(JOB, "LST-1"));
        let output = replay(&world, &order.map(|n| deliveries[n].clone())).expect(0);
        assert!(output.stderr.contains("billed twice"), "{}", output.stderr);
        let mut job = world.run(&["status", "--json"]).expect(0).json()[0].clone();
        assert_eq!(job["conflict"], "billed_twice");
        // Which of the two clips is shown depends on which was reported last; either will do, with its id.
        let fields = job.as_object_mut().unwrap();
        let [id, link] = ["generation_id", "output_url"].map(|name| {
            let value = fields.remove(name).unwrap();
            value.as_str().unwrap().to_owned()
        });
        assert!(link.contains(&id), "{id} {link}");
        fields.remove("at");
        job
    });
    assert_eq!(states[0], states[1]);
}

#[test]
fn what_does_not_prove_that_it_belongs_to_the_attempt_is_not_bound_to_it() {
    let good = || Delivery::completed("vgen_1").naming(&format!("{JOB}.1"));
    let with = |name: &str, value: Value| {
        let mut body = good().json();
        body[name] = value;
        Delivery::of(&body).naming(&format!("{JOB}.1"))
    };
    let mut nameless = good().json();
    nameless.as_object_mut().unwrap().remove("prompt");
    let cases = [
        (
            "another prompt",
            with("prompt", "pan right".into()),
            "unknown_id",
        ),
        (
            "no prompt",
            Delivery::of(&nameless).naming(&format!("{JOB}.1")),
            "unknown_id",
        ),
        (
            "a sandbox's id",
            with("id", "vgen_sandbox_1".into()),
            "unknown_id",
        ),
        (
            "another attempt",
            good().naming(&format!("{JOB}.2")),
            "unknown_id",
        ),
        (
            "another job",
            good().naming("00000000000000aa.1"),
            "unknown_id",
        ),
        ("no attempt", good().naming(JOB), "unknown_id"),
        (
            "no signature",
            good().without("x-creativeai-signature"),
            "unverifiable",
        ),
        (
            "another key's signature",
            Delivery::signed_with("rph_live_other", &good().json()).naming(&format!("{JOB}.1")),
            "rejected",
        ),
        (
            "a changed body",
            good().saying(&good().json().to_string().replace("kling-v3", "kling-v4")),
            "rejected",
        ),
    ];
    for (what, delivery, grade) in cases {
        let world = World::new();
        let log = announced(JOB, "LST-1") + &*accepted(OTHER, "LST-2", "vgen_live");
        world.write("jobs.jsonl", log);
        let before = world.log().text;
        let output = replay(&world, &[delivery]).expect(3);
        assert_eq!(output.json()[grade], 1, "{what}: {}", output.stderr);
        assert_eq!(world.log().text, before, "{what}");
    }
    let world = World::new();
    world.write("jobs.jsonl", announced(JOB, "LST-1"));
    replay(&world, &[good()]).expect(0);
    assert_eq!(world.log().job()["status"], "completed");
}

/// A rehearsal of the same rows has the same keys and prompts, and its captures may be signed alike.
#[test]
fn a_rehearsals_capture_settles_no_live_order() {
    let capture = Delivery::completed("vgen_sandbox_1").naming(&format!("{JOB}.1"));
    let said = |more: Value| {
        let mut line = json!({"at": "2026-03-12T09:20:01.006Z", "job": JOB, "attempt": 1,
                              "listing_id": "LST-1"});
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        announced(JOB, "LST-1") + &*format!("{line}\n")
    };
    for log in [
        announced(JOB, "LST-1"),
        said(json!({"status": "unknown", "error": "cut off"})),
        said(
            json!({"status": "submit_failed", "error": "no credits", "http_status": 402,
                    "temporary": true}),
        ),
    ] {
        let world = World::new();
        world.write("jobs.jsonl", &log);
        let output = replay(&world, std::slice::from_ref(&capture));
        assert_eq!(output.json()["unknown_id"], 1, "{}", output.stderr);
        let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
        assert_eq!(receiver.deliver(&capture), 200);
        #[cfg(unix)]
        receiver.stop().expect(143);
        #[cfg(windows)]
        receiver.run.kill();
        assert_eq!(world.log().text, log);
    }
    // A log that a sandbox has answered is a rehearsal's.
    let world = World::new();
    let rehearsed = accepted(OTHER, "LST-2", "vgen_sandbox_2");
    world.write("jobs.jsonl", announced(JOB, "LST-1") + &*rehearsed);
    replay(&world, &[capture]).expect(0);
    assert_eq!(world.log().job_of("LST-1")["status"], "completed");
}

#[test]
fn an_id_that_is_bound_elsewhere_stays_there() {
    let world = World::new();
    let log = announced(JOB, "LST-1") + &*accepted(OTHER, "LST-2", "vgen_2");
    world.write("jobs.jsonl", log);
    let delivery = Delivery::completed("vgen_2").naming(&format!("{JOB}.1"));
    replay(&world, &[delivery]).expect(3);
    let log = world.log();
    assert_eq!(log.job_of("LST-2")["status"], "completed");
    assert_eq!(log.job_of("LST-1")["status"], "unknown");
    assert_eq!(log.job_of("LST-1")["generation_id"], Value::Null);
    assert!(
        !log.jobs.iter().any(|job| job.get("conflict").is_some()),
        "{}",
        log.text
    );
}

#[test]
fn an_attempt_that_was_refused_and_accepted_all_the_same_is_found() {
    for temporary in [false, true] {
        let world = World::new();
        let refused = json!({"at": "2026-03-12T09:20:01.006Z", "job": JOB, "attempt": 1,
                             "status": "submit_failed", "listing_id": "LST-1",
                             "error": "busy", "http_status": 429, "temporary": temporary});
        world.write(
            "jobs.jsonl",
            format!("{}{refused}\n", announced(JOB, "LST-1")),
        );
        replay(&world, &[]).expect(if temporary { 75 } else { 1 });
        let delivery = Delivery::completed("vgen_1").naming(&format!("{JOB}.1"));
        let output = replay(&world, &[delivery]).expect(0);
        assert!(output.stderr.contains("vgen_1"), "{}", output.stderr);
        let status = world.run(&["status", "--json"]).expect(0).json();
        assert_eq!(status[0]["status"], "completed");
        assert_eq!(status[0].get("temporary"), None);
        assert_eq!(status[0].get("error"), None);
    }
}

#[test]
fn a_failure_is_adopted_as_well_and_retry_is_then_safe() {
    let world = World::new();
    world.write("jobs.jsonl", announced(JOB, "LST-1"));
    let failed =
        json!({"id": "vgen_1", "status": "failed", "error": "bad photo", "prompt": "pan left"});
    replay(&world, &[Delivery::of(&failed).naming(&format!("{JOB}.1"))]).expect(1);
    assert_eq!(world.log().job()["status"], "failed");
}

#[test]
fn what_comes_late_in_one_file_teaches_nothing() {
    let world = World::new();
    world.write("jobs.jsonl", accepted(JOB, "LST-1", "vgen_1"));
    let before = world.log().words().len();
    let mut late = crate::support::delivery::completed("vgen_1");
    late["status"] = "processing".into();
    let both = [Delivery::completed("vgen_1"), Delivery::of(&late)];
    let output = replay(&world, &both).expect(0).json();
    assert_eq!(
        (&output["applied"], &output["known"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(world.log().words()[before..], ["completed"]);
}
