//! The order of events: what was written last counts, whatever clocks say and however logs are
//! joined; and no order of events brings a second order.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::lines::{A, B, line, submitting};
use crate::support::{Server, World};

/// A line written by a clock that says `at`.
fn at(at: &str, job: &str, attempt: u32, status: &str, more: &Value) -> String {
    let mut line: Value = serde_json::from_str(&line(0, job, status, more.clone())).unwrap();
    line["at"] = at.into();
    line["attempt"] = attempt.into();
    format!("{line}\n")
}

fn verdict(clock: &str, verdict: &str) -> String {
    at(
        clock,
        A,
        1,
        "resolved",
        &json!({"verdict": verdict, "by": "a@b"}),
    )
}

fn in_doubt() -> String {
    submitting(A) + &*line(1, A, "unknown", json!({"error": "reset"}))
}

fn job(world: &World) -> Value {
    world.run(&["status", "--json"]).expect(0).json()[0].clone()
}

/// What clocks say that are wrong, or that no one set.
fn odd_clocks() -> Vec<String> {
    let hour_ahead = Timestamp::now() + SignedDuration::from_hours(1);
    let mut clocks: Vec<String> = [
        "0000-01-01T00:00:00Z",
        "1601-01-01T00:00:00Z",
        "1970-01-01T00:00:00.000Z",
        "2025-03-12T09:20:00.000Z",
        "2027-03-12T09:20:00.000Z",
        "2038-01-19T03:14:07.000Z",
        "2099-12-31T23:59:59.999Z",
        "9998-12-31T23:59:59.000Z",
        "9999-12-30T22:00:00.999Z",
        "9999-12-31T23:59:59.999Z",
        "tomorrow",
    ]
    .map(str::to_owned)
    .into();
    clocks.push(format!("{hour_ahead:.3}"));
    clocks
}

#[test]
fn the_verdict_that_was_given_last_counts_whatever_the_clock_of_the_one_before_said() {
    for clock in odd_clocks() {
        let world = World::new();
        world.write("jobs.jsonl", in_doubt() + &*verdict(&clock, "dismissed"));
        assert_eq!(job(&world)["dismissed"], true, "{clock}");
        for (option, status, dismissed) in [
            ("--not-accepted", "submit_failed", false),
            ("--dismiss", "submit_failed", true),
            ("--not-accepted", "submit_failed", false),
        ] {
            world.run(&["resolve", A, option]).expect(0);
            let now = job(&world);
            assert_eq!(
                now["dismissed"] == true,
                dismissed,
                "{clock} {option}: {now}"
            );
            if !dismissed {
                assert_eq!(now["status"], status, "{clock} {option}");
            }
        }
        world
            .run(&["resolve", A, "--generation-id", "vgen_7"])
            .expect(0);
        let now = job(&world);
        assert_eq!(now["status"], "pending", "{clock}");
        assert_eq!(now.get("dismissed"), None, "{clock}");
    }
}

#[test]
fn each_line_is_later_than_every_line_of_its_job_and_keeps_the_clock_of_others() {
    let future = "2099-12-31T23:59:59.999Z";
    let world = World::new();
    let other = line(0, B, "unknown", json!({"error": "reset"}));
    world.write(
        "jobs.jsonl",
        in_doubt() + &*other + &*verdict(future, "dismissed"),
    );
    for job in [A, B] {
        world.run(&["resolve", job, "--dismiss"]).expect(0);
    }
    let log = world.log();
    let written: Vec<&str> = log
        .lines
        .iter()
        .rev()
        .take(2)
        .map(|l| l["at"].as_str().unwrap())
        .collect();
    assert_eq!(written[1], "2100-01-01T00:00:00.000Z");
    let other: Timestamp = written[0].parse().unwrap();
    assert!(other <= Timestamp::now(), "{other}");
}

#[test]
fn two_hosts_a_year_apart_agree_whichever_way_round_their_logs_are_joined() {
    let host = |year: u32, verdicts: &[&str]| {
        let mut log = in_doubt();
        for (second, word) in verdicts.iter().enumerate() {
            log += &verdict(&format!("{year}-03-12T10:00:0{second}.000Z"), word);
        }
        log
    };
    let a = host(2026, &["not_accepted", "dismissed"]);
    let b = host(2027, &["dismissed", "not_accepted"])
        + &*at(
            "9999-12-31T23:59:59Z",
            A,
            1,
            "resolved",
            &json!({"verdict": "dismissed"}),
        );
    let folded = [a.clone() + &*b, b.clone() + &*a].map(|log| {
        let world = World::new();
        world.write("jobs.jsonl", log);
        let before = job(&world);
        // From here on both have been read, and the last word counts.
        world.run(&["resolve", A, "--dismiss"]).expect(0);
        assert_eq!(job(&world)["dismissed"], true);
        world.run(&["resolve", A, "--not-accepted"]).expect(0);
        assert_eq!(job(&world).get("dismissed"), None);
        before
    });
    assert_eq!(folded[0], folded[1]);
    // They had not read each other; the later clock speaks, and a time of the year 9999 is none.
    assert_eq!(folded[0].get("dismissed"), None);
}

#[test]
fn a_correction_counts_though_its_clock_is_behind_that_of_the_first_figure() {
    for clock in odd_clocks() {
        let world = World::new();
        let end = |more: Value| {
            let mut all = json!({"generation_id": "vgen_1", "output_url": "https://x.example/1"});
            all.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            all
        };
        let first = at(&clock, A, 1, "completed", &end(json!({"credits": 5})));
        let correction = line(
            3,
            A,
            "completed",
            end(json!({"credits": 5, "adjusted_credits": 3})),
        );
        for log in [first.clone() + &*correction, correction.clone() + &*first] {
            world.write("jobs.jsonl", submitting(A) + &*log);
            let summary = world
                .run(&["status", "--summary", "--json"])
                .expect(0)
                .json();
            assert_eq!(summary["credits_charged"], 3, "{clock}");
        }
    }
}

#[test]
fn a_job_that_was_replaced_counts_again_once_it_has_a_newer_attempt() {
    let world = World::new();
    let replaced = submitting(A)
        + &*line(1, A, "submit_failed", json!({"temporary": true}))
        + &*line(2, A, "superseded", json!({"by_job": B}));
    world.write("jobs.jsonl", &replaced);
    assert_eq!(job(&world)["superseded"], B);
    let again = at("2026-03-12T09:03:00Z", A, 2, "submitting", &json!({}))
        + &*at(
            "2026-03-12T09:04:00Z",
            A,
            2,
            "failed",
            &json!({"generation_id": "vgen_2"}),
        );
    for log in [replaced.clone() + &*again, again + &*replaced] {
        world.write("jobs.jsonl", log);
        let now = job(&world);
        assert_eq!(
            (now.get("superseded"), &now["status"]),
            (None, &json!("failed"))
        );
    }
}

#[test]
fn no_command_orders_a_clip_that_is_there_in_doubt_or_on_its_way() {
    let temporary = json!({"temporary": true, "http_status": 429});
    let id = json!({"generation_id": "vgen_1"});
    for (first, why) in [
        ("completed", "its clip is finished"),
        ("pending", "an attempt of it is under way"),
        ("unknown", "an attempt of it may have been accepted"),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let more = if first == "unknown" { &json!({}) } else { &id };
        let log = submitting(A)
            + &*line(1, A, "submit_failed", temporary.clone())
            + &*at("2026-03-12T09:02:00Z", A, 2, "submitting", &json!({}))
            + &*at("2026-03-12T09:03:00Z", A, 2, "submit_failed", &temporary);
        let late = at("2026-03-12T09:05:00Z", A, 1, first, more);
        // A doubt is outranked by the refusal in its own attempt.
        let log = match first {
            "unknown" => log.replace(r#""status":"submit_failed""#, r#""status":"unknown""#),
            _ => log + &*late,
        };
        world.write("jobs.jsonl", &log);
        let run = world.run(&["retry", "--failed", "--id", A]);
        assert!(run.stderr.contains(why), "{first}: {}", run.stderr);
        assert!(server.posts().is_empty(), "{first}");
        assert_eq!(world.log().text, log);
    }
}

#[test]
fn a_doubt_beside_a_clip_that_is_there_or_on_its_way_is_not_sent_again() {
    for (first, why) in [
        ("completed", "its clip is finished"),
        ("processing", "an attempt of it is under way"),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let log = submitting(A)
            + &*line(1, A, first, json!({"generation_id": "vgen_1"}))
            + &*at(
                "2026-03-12T09:03:00Z",
                A,
                2,
                "unknown",
                &json!({"request": {"prompt": "x"}}),
            );
        world.write("jobs.jsonl", &log);
        let run = world.run(&["retry", "--unknown", "--yes"]);
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert!(server.posts().is_empty());
    }
}

#[test]
fn of_verdicts_of_one_time_the_one_that_orders_nothing_again_counts() {
    const NOON: &str = "2026-03-12T12:00:00.000Z";
    let accepted = at(
        NOON,
        A,
        1,
        "resolved",
        &json!({"verdict": "accepted", "generation_id": "vgen_a", "by": "a@b"}),
    );
    let not_accepted = verdict(NOON, "not_accepted");
    for (verdicts, state) in [
        ([accepted.as_str(), &not_accepted], "pending"),
        ([not_accepted.as_str(), &accepted], "pending"),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("jobs.jsonl", in_doubt() + verdicts[0] + verdicts[1]);
        for command in [
            &["retry", "--failed"][..],
            &["compact"],
            &["retry", "--failed"],
        ] {
            assert_eq!(job(&world)["status"], state);
            world.run(command);
            assert_eq!(server.posts().len(), 0);
        }
    }
}
