//! The computers' clocks differ by hours; what has to be agreed on goes by the database's.

use super::{assert_each_once, empty_log, silence_runs};
use crate::support::{Gate, Phase, Server, Step, World, listings, skip};

const SUBMIT: [&str; 2] = ["submit", "listings.csv"];

/// What makes a program see another time, as `faketime` itself loads it.
fn library() -> Option<String> {
    let mut command = std::process::Command::new("faketime");
    let printed = command
        .args(["-f", "+0", "printenv", "LD_PRELOAD"])
        .output();
    let library = String::from_utf8(printed.ok()?.stdout).unwrap();
    (!library.trim().is_empty()).then(|| library.trim().to_owned())
}

/// A computer whose clock is wrong by `offset`; none where there is nothing to pretend that with.
fn computer(server: &Server, log: &str, offset: &str) -> Option<World> {
    let Some(library) = library() else {
        skip("faketime is not installed (apt-get install faketime)");
        return None;
    };
    let world = World::facing(server)
        .with_var("CREATIVEAI_JOBS", log)
        .with_var("LD_PRELOAD", &library)
        .with_var("FAKETIME", offset)
        .with_var("DONT_FAKE_MONOTONIC", "1");
    world.write("listings.csv", listings(12));
    Some(world)
}

#[test]
fn computers_whose_clocks_differ_by_hours_order_each_row_once() {
    let Some((_, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let offsets = ["-3h", "+0", "+3h", "+2d"];
    let worlds: Option<Vec<_>> = offsets.iter().map(|o| computer(&server, &log, o)).collect();
    let Some(worlds) = worlds else { return };
    let runs: Vec<_> = worlds.iter().map(|world| world.start(&SUBMIT)).collect();
    for run in runs {
        run.wait().expect(0);
    }
    assert_each_once(&server, 12);
    for world in &worlds {
        let jobs = world.run(&["status", "--json"]).expect(0).json();
        let jobs = jobs.as_array().unwrap();
        assert_eq!(jobs.len(), 12);
        assert!(
            jobs.iter().all(|job| job["status"] == "pending"),
            "{jobs:?}"
        );
    }
}

#[test]
fn who_is_at_work_is_judged_and_verdicts_are_ordered_by_the_databases_clock() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    let (Some(slow), Some(fast)) = (
        computer(&server, &log, "-1d"),
        computer(&server, &log, "+1d"),
    ) else {
        return;
    };
    let one = [&SUBMIT[..], &["--max-jobs", "1"]].concat();
    let run = slow.start(&one);
    server.wait_for_posts(1);
    let status = || {
        let shown = fast.run(&["status", "--summary", "--json"]).expect(0);
        let shown = shown.json();
        (shown["being_sent"].clone(), shown["unknown"].clone())
    };
    assert_eq!(status(), (1.into(), 0.into()));
    run.kill();
    silence_runs(&database);
    assert_eq!(status(), (serde_json::Value::Null, 1.into()));
    let jobs = fast.run(&["status", "--json"]).expect(0).json();
    let job = jobs[0]["job"].as_str().unwrap();
    fast.run(&["resolve", job, "--not-accepted"]).expect(0);
    // A verdict of a day ahead would outrank each later one of all others.
    let off = database.sql(
        "SELECT abs(extract(epoch FROM clock_timestamp() - (line::json->>'at')::timestamptz)) < 60 \
         FROM creativeai.lines WHERE status = 'resolved'",
    );
    assert_eq!(off, "t");
    gate.open();
}
