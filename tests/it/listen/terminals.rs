//! Three terminals: the sandbox in one, the receiver in the next, `submit` in the last.

use std::time::Duration;

use creativeai::journal::Lock;

use crate::support::delivery::{Delivery, accepted};
use crate::support::processes::{Process, ended_jobs, eventually, state_of};
use crate::support::{World, listings};

const JOB: &str = "5b1f0c9a77d2e318";

const FAULTS: [&str; 14] = [
    "--render-time",
    "200ms",
    "--fail-share",
    "20%",
    "--failover-share",
    "30%",
    "--duplicate-share",
    "40%",
    "--out-of-order",
    "40%",
    "--late",
    "400ms",
    "--bad-signature-share",
    "30%",
];

/// Submits 60 rows to `sandbox`, which reports to `receiver`.
fn submit(world: &World, sandbox: &Process, receiver: &Process) {
    world.write("listings.csv", listings(60));
    let (base, hook) = (sandbox.url(), receiver.webhook_url());
    let args = [
        "submit",
        "listings.csv",
        "--base-url",
        &base,
        "--webhook-url",
        &hook,
    ];
    world.run(&args).expect(0);
}

#[test]
fn the_listener_alone_brings_a_log_to_where_polling_brings_it() {
    let world = World::new();
    let sandbox = Process::sandbox(&world, &FAULTS);
    let mut receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    submit(&world, &sandbox, &receiver);
    eventually("every clip is reported", || {
        ended_jobs(&world.log().jobs) == 60
    });
    receiver.run.wait_for_words("its signature is wrong");

    let ends: Vec<_> = world.log().jobs;
    assert!(ends.iter().all(|job| job["via"] == "webhook"), "{ends:?}");
    let kept = std::fs::read_to_string(world.path("captures.jsonl")).unwrap();
    let kept = Delivery::read_all(&kept);
    assert!(!kept.iter().any(Delivery::is_forged));

    // The same log, as it was before any of that, polled.
    let log = world.log().text;
    let before: String = log
        .split_inclusive('\n')
        .filter(|line| !line.contains("\"via\":\"webhook\""))
        .collect();
    world.write("polled.jsonl", before);
    let base = sandbox.url();
    world
        .run(&["reconcile", "polled.jsonl", "--base-url", &base])
        .expect(1);
    assert_eq!(
        state_of(&world, "jobs.jsonl"),
        state_of(&world, "polled.jsonl")
    );
}

#[test]
fn what_no_webhook_reports_polling_finds_and_the_end_is_the_same() {
    let world = World::new();
    let sandbox = {
        let mut args = FAULTS.to_vec();
        args.extend(["--lost-webhook-share", "40%"]);
        Process::sandbox(&world, &args)
    };
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    submit(&world, &sandbox, &receiver);
    eventually("some clips are reported", || {
        ended_jobs(&world.log().jobs) >= 20
    });
    let base = sandbox.url();
    let args = [
        "reconcile",
        "jobs.jsonl",
        "--base-url",
        &base,
        "--wait",
        "--interval",
        "100ms",
    ];
    world.run(&args).expect(1);
    let log = world.log();
    let by_poll = log.jobs.iter().filter(|job| job["via"] == "poll").count();
    assert!(by_poll >= 5, "{by_poll} of 60 at 40 % lost");

    let before: String = log
        .text
        .split_inclusive('\n')
        .filter(|line| !line.contains("\"via\":"))
        .collect();
    world.write("polled.jsonl", before);
    world
        .run(&["reconcile", "polled.jsonl", "--base-url", &base])
        .expect(1);
    assert_eq!(
        state_of(&world, "jobs.jsonl"),
        state_of(&world, "polled.jsonl")
    );
}

#[test]
fn while_another_command_has_the_log_captures_are_kept_and_applied_afterwards() {
    let world = World::new();
    world.write("jobs.jsonl", accepted(JOB, "LST-1", "vgen_1"));
    let before = world.log().text;
    let mut receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    let lock = Lock::acquire(&world.path("jobs.jsonl"), "submit", Duration::ZERO).unwrap();
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
    receiver
        .run
        .wait_for_words("captures are kept and applied later");
    assert_eq!(world.log().text, before);
    drop(lock);
    eventually("it is applied", || {
        world.log().job()["status"] == "completed"
    });
    assert_eq!(world.log().lines.len(), 3);
}

#[test]
fn what_a_killed_listener_could_not_apply_the_next_one_applies() {
    let world = World::new();
    world.write("jobs.jsonl", accepted(JOB, "LST-1", "vgen_1"));
    let mut receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    let lock = Lock::acquire(&world.path("jobs.jsonl"), "submit", Duration::ZERO).unwrap();
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
    receiver
        .run
        .wait_for_words("captures are kept and applied later");
    receiver.run.kill();
    drop(lock);
    let _next = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    eventually("it is applied", || {
        world.log().job()["status"] == "completed"
    });
}

// Windows has no signals, and Wine's consoles pass no Ctrl-C on.
#[cfg(unix)]
#[test]
fn a_listener_that_stops_says_what_it_could_not_apply() {
    let world = World::new();
    world.write("jobs.jsonl", accepted(JOB, "LST-1", "vgen_1"));
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    let _lock = Lock::acquire(&world.path("jobs.jsonl"), "submit", Duration::ZERO).unwrap();
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
    let ended = receiver.stop().expect(143);
    assert!(
        ended.stderr.contains("1 capture is not in the log yet"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_log_that_is_not_there_yet_is_not_made_but_waited_for() {
    let world = World::new();
    let mut receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
    receiver
        .run
        .wait_for_words("cannot find the job log jobs.jsonl");
    assert!(!world.path("jobs.jsonl").exists());
    world.write("jobs.jsonl", accepted(JOB, "LST-1", "vgen_1"));
    eventually("it is applied", || {
        world.log().job()["status"] == "completed"
    });
}
