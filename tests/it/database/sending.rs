//! Several computers order from one log: each row once, whichever is first.

use std::time::{Duration, Instant};

use super::people::wait_for_waiting;
use super::{assert_each_once, empty_log, photos, silence_runs, with_lines};
use crate::support::lines::{A, rendering};
use crate::support::postgres;
use crate::support::proxy::Proxy;
use crate::support::{Ended, Gate, Phase, Running, Server, Step, World, listings, rows};

const SUBMIT: [&str; 3] = ["submit", "listings.csv", "--json"];

/// Computers with the same manifest, and that log as the usual one.
fn computers(server: &Server, log: &str, count: usize, manifest: &str) -> Vec<World> {
    let new = |_| {
        let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
        world.write("listings.csv", manifest);
        world
    };
    (0..count).map(new).collect()
}

#[test]
fn eight_computers_with_one_manifest_order_each_row_once() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let worlds = computers(&server, &log, 8, &listings(40));
    let running: Vec<_> = worlds.iter().map(|world| world.start(&SUBMIT)).collect();
    let mut submitted = 0;
    for run in running {
        let summary = run.wait().expect(0).json();
        let number = |name: &str| summary[name].as_u64().unwrap();
        assert_eq!(number("submitted") + number("skipped"), 40, "{summary}");
        assert_eq!(number("left"), 0, "{summary}");
        submitted += number("submitted");
    }
    assert_eq!(submitted, 40);
    assert_each_once(&server, 40);
    let count = |what: &str| database.sql(&format!("SELECT count(*) FROM creativeai.{what}"));
    assert_eq!(count("claims"), "40");
    assert_eq!(count("lines WHERE status = 'submitting'"), "40");
    assert_eq!(count("runs WHERE ended_at IS NULL"), "0");
    // What is known is not ordered again, by no one.
    let again = worlds[0].run(&SUBMIT).expect(0).json();
    assert_eq!(again["skipped"], 40);
    assert_eq!(server.posts().len(), 40);
}

#[test]
fn two_versions_of_a_manifest_never_order_one_photo_twice() {
    for change in [
        ["evening", "morning"],
        // Every listing has another name, or every photo has moved.
        ["LST-", "NEW-"],
        ["cdn.example.com", "img.example.com"],
    ] {
        order_two_versions(change);
    }
}

#[test]
fn one_id_is_one_of_two_orders_that_two_computers_get_it_for_at_the_same_moment() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |post| match post.number {
        0 | 1 => Step::accept_under("vgen_dup").held_at(Phase::Billed, &held),
        _ => Step::accept(),
    });
    let worlds = computers(&server, &log, 2, "");
    let run = |(n, world): (usize, &World)| {
        world.write("listings.csv", rows(n * 2 + 1..=n * 2 + 2));
        world.start(&[&SUBMIT[..], &["--concurrency", "1"]].concat())
    };
    let running: Vec<_> = worlds.iter().enumerate().map(run).collect();
    server.wait_for_posts(2);
    // Each has looked whose the id is before either of them writes.
    let mut lock = database.session();
    lock.run("BEGIN; SELECT FROM creativeai.logs FOR UPDATE");
    gate.open();
    wait_for_waiting(&database, "2");
    lock.run("ROLLBACK");
    let ended: Vec<_> = running.into_iter().map(Running::wait).collect();
    let mut codes: Vec<i32> = ended.iter().map(Ended::code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 3]);
    let stopped = ended.iter().find(|ended| ended.code() == 3).unwrap();
    let why = "gave one id (vgen_dup) to two orders";
    assert!(stopped.stderr.contains(why), "{}", stopped.stderr);
    assert_eq!(server.posts().len(), 3);
    let jobs = worlds[0].run(&["status", "--json"]).expect(0).json();
    let jobs = jobs.as_array().unwrap();
    let under_it = |status: &str| {
        let with_status = jobs.iter().filter(|job| job["status"] == status);
        with_status
            .filter(|job| job["generation_id"] == "vgen_dup")
            .count()
    };
    assert_eq!((under_it("pending"), under_it("unknown")), (1, 0));
    let doubt = jobs.iter().find(|job| job["status"] == "unknown").unwrap();
    let error = doubt["error"].as_str().unwrap();
    assert!(error.contains("vgen_dup of another order"), "{error}");
}

fn order_two_versions([from, to]: [&str; 2]) {
    let Some((_, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let old = listings(12);
    let mut worlds = computers(&server, &log, 2, &old);
    worlds.extend(computers(&server, &log, 2, &old.replace(from, to)));
    let running: Vec<_> = worlds.iter().map(|world| world.start(&SUBMIT)).collect();
    for run in running {
        // 75 where another version came in between, 3 where it was there before.
        let ended = run.wait();
        assert!([0, 3, 75].contains(&ended.code()), "{}", ended.stderr);
    }
    assert_once(&server, 12);
    // Those that were left are now known, or held for a person.
    for world in &worlds {
        let ended = world.run(&SUBMIT);
        assert!([0, 3].contains(&ended.code()), "{}", ended.stderr);
    }
    assert_once(&server, 12);
}

/// Each photo once, on whichever host it is.
fn assert_once(server: &Server, count: usize) {
    let photos = photos(server);
    let name = |photo: &String| photo.rsplit('/').next().unwrap().to_owned();
    let names: std::collections::BTreeSet<_> = photos.iter().map(name).collect();
    assert_eq!((photos.len(), names.len()), (count, count), "{photos:#?}");
}

#[test]
fn a_cap_holds_for_all_computers_together() {
    let Some((_, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let worlds = computers(&server, &log, 4, "");
    for (n, world) in (0..).zip(&worlds) {
        // Rows of its own: each alone would stay below the cap.
        world.write("listings.csv", rows(n * 8 + 1..=n * 8 + 8));
    }
    let capped = [&SUBMIT[..], &["--max-credits", "50"]].concat();
    let running: Vec<_> = worlds.iter().map(|world| world.start(&capped)).collect();
    let mut stopped = 0;
    for run in running {
        let ended = run.wait();
        // 0 where its rows came first.
        assert!([0, 3].contains(&ended.code()), "{}", ended.stderr);
        stopped += u32::from(ended.stderr.contains("--max-credits"));
    }
    assert!(stopped >= 3, "{stopped}");
    assert_each_once(&server, 10);
}

/// Rows of two clients.
fn of_clients(acme: usize, bolt: usize) -> String {
    let row = |client: &str, n: usize| {
        format!("{client}-{n},https://cdn.example.com/{client}/{n}.jpg,pan {n},{client}\n")
    };
    let header = "listing_id,image_url,video_prompt,client\n".to_owned();
    let acme = (0..acme).map(|n| row("acme", n));
    let bolt = (0..bolt).map(|n| row("bolt", n));
    std::iter::once(header).chain(acme).chain(bolt).collect()
}

#[test]
fn caps_of_the_settings_hold_for_all_computers_together() {
    // What was ordered long ago is not of this day.
    let Some((_, log)) = with_lines(&rendering(A, "vgen_1")) else {
        return;
    };
    let server = Server::accepting();
    let worlds = computers(&server, &log, 4, &of_clients(30, 30));
    for world in &worlds {
        let caps = "[[caps]]\ncredits = 50\nper = \"day\"\nwhere = \"client=acme\"\n\
                    [[caps]]\ncredits = 75\nper = \"day\"\n";
        world.write("creativeai.toml", caps);
    }
    let running: Vec<_> = worlds.iter().map(|world| world.start(&SUBMIT)).collect();
    for run in running {
        let ended = run.wait().expect(3);
        assert!(ended.stderr.contains("cap of 75"), "{}", ended.stderr);
    }
    assert_each_once(&server, 15);
    let acme = photos(&server)
        .iter()
        .filter(|p| p.contains("acme"))
        .count();
    assert_eq!(acme, 10);
    // One that is full keeps back only its own.
    worlds[0].write(
        "creativeai.toml",
        "[[caps]]\ncredits = 50\nwhere = \"client=acme\"\n",
    );
    let ended = worlds[0].run(&SUBMIT).expect(3);
    assert!(
        ended.stderr.contains("50 credits are charged"),
        "{}",
        ended.stderr
    );
    assert_each_once(&server, 40);
}

#[test]
fn what_others_have_ordered_first_is_not_counted_twice_against_a_cap() {
    let Some((_, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let worlds = computers(&server, &log, 4, &listings(30));
    let capped = [&SUBMIT[..], &["--max-credits", "150"]].concat();
    let running: Vec<_> = worlds.iter().map(|world| world.start(&capped)).collect();
    for run in running {
        let ended = run.wait();
        assert!([0, 75].contains(&ended.code()), "{}", ended.stderr);
    }
    assert_each_once(&server, 30);
}

#[test]
fn no_computer_sends_while_the_vendor_has_asked_one_of_them_to_wait() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::start(|post| {
        if post.number == 0 {
            Step::reply(429, r#"{"error":"slow down"}"#).with("Retry-After", "600")
        } else {
            Step::accept()
        }
    });
    let first = &computers(&server, &log, 1, &listings(1))[0];
    let briefly = [&SUBMIT[..], &["--timeout", "3s"]].concat();
    first.run(&briefly).expect(75);
    assert_eq!(server.posts().len(), 1);
    let other = &computers(&server, &log, 1, &listings(4))[0];
    let waited = other.run(&briefly).expect(75);
    assert!(waited.stderr.contains("--timeout"), "{}", waited.stderr);
    // It says who has to wait until when, also without a terminal, and so does `status --runs`.
    let says = waited
        .stderr
        .lines()
        .filter(|line| line.contains("nothing is sent for"));
    let says: Vec<_> = says.collect();
    assert_eq!(says.len(), 1, "{}", waited.stderr);
    let who = database.sql("SELECT quiet_by FROM creativeai.logs");
    let who = format!("the vendor has asked {who} to wait");
    assert!(
        says[0].contains("UTC") && says[0].contains(&who),
        "{says:?}"
    );
    let runs = other.run(&["status", "--runs"]).expect(0);
    let until = "SELECT to_char(quiet_until AT TIME ZONE 'UTC', 'HH24:MI:SS') FROM creativeai.logs";
    for words in [who, database.sql(until)] {
        assert!(runs.stderr.contains(&words), "{words}: {}", runs.stderr);
    }
    assert_eq!(server.posts().len(), 1);
    // As after the time that the vendor asked for, by the database's clock.
    database.sql("UPDATE creativeai.logs SET quiet_until = clock_timestamp() + interval '1 s'");
    other.run(&SUBMIT).expect(0);
    assert_each_once(&server, 4);
}

#[test]
fn nothing_is_sent_while_the_log_is_paused() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let worlds = computers(&server, &log, 1, &listings(3));
    database.sql("UPDATE creativeai.logs SET paused_at = now(), paused_by = 'ann'");
    let ended = worlds[0].run(&SUBMIT).expect(3);
    assert!(ended.stderr.contains("paused by ann"), "{}", ended.stderr);
    assert!(ended.stderr.contains("log resume"), "{}", ended.stderr);
    assert_eq!(server.posts().len(), 0);
    let resumed = worlds[0].run(&["log", "resume", "--json"]).expect(0).json();
    assert!(resumed["paused_before"].as_str().unwrap().contains("ann"));
    // Any computer may pause it.
    let other = &computers(&server, &log, 1, "")[0];
    other.run(&["log", "pause"]).expect(0);
    let again = worlds[0].run(&["log", "pause", "--json"]).expect(0).json();
    assert!(again["paused_before"].is_string());
    worlds[0].run(&SUBMIT).expect(3);
    assert_eq!(server.posts().len(), 0);
    worlds[0].run(&["log", "resume"]).expect(0);
    worlds[0].run(&SUBMIT).expect(0);
    assert_each_once(&server, 3);
}

#[test]
fn a_row_is_skipped_only_where_the_log_has_a_line_of_it() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let worlds = computers(&server, &log, 1, &listings(2));
    worlds[0].run(&SUBMIT).expect(0);
    // Someone has claimed what no line mentions: it may have been sent.
    database.sql("DELETE FROM creativeai.lines WHERE line LIKE '%LST-1%'");
    let other = &computers(&server, &log, 1, &listings(2))[0];
    let summary = other.run(&SUBMIT).expect(75).json();
    assert_eq!(
        (&summary["skipped"], &summary["left"]),
        (&1.into(), &1.into())
    );
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn commits_whose_answers_are_lost_claim_once() {
    let Some((database, _)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let proxy = Proxy::before(database.server.folder());
    let worlds = computers(&server, &proxy.log(&database, "shop"), 1, &listings(6));
    proxy.lose(4);
    let summary = worlds[0].run(&SUBMIT).expect(0).json();
    assert_eq!(summary["submitted"], 6);
    assert_eq!(proxy.lost(), 4);
    assert_each_once(&server, 6);
    assert_eq!(database.sql("SELECT count(*) FROM creativeai.claims"), "6");
}

#[test]
fn a_manifest_of_another_log_is_not_ordered_into_an_empty_one() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let worlds = computers(&server, &log, 1, &listings(3));
    worlds[0].run(&SUBMIT).expect(0);
    let slip = database.log("shopp");
    // No such log is made in silence.
    let submit = ["submit", "listings.csv", "--jobs", &slip];
    let ended = worlds[0].run(&submit).expect(78);
    assert!(ended.stderr.contains("log=shop"), "{}", ended.stderr);
    worlds[0].run(&["log", "init", &slip]).expect(0);
    let ended = worlds[0].run(&submit).expect(3);
    assert!(ended.stderr.contains("the log shop of"), "{}", ended.stderr);
    assert_eq!(server.posts().len(), 3);
    // Rows of their own are no trouble, and a person may want them all once more.
    worlds[0].write("more.csv", rows(7..=9));
    worlds[0]
        .run(&["submit", "more.csv", "--jobs", &slip])
        .expect(0);
    let twice = database.log("twice");
    worlds[0].run(&["log", "init", &twice]).expect(0);
    let submit = ["submit", "listings.csv", "--jobs", &twice];
    worlds[0].run(&submit).expect(3);
    worlds[0]
        .run(&[&submit[..], &["--allow-same-clip"]].concat())
        .expect(0);
    assert_eq!(photos(&server).len(), 9);
}

#[test]
fn failed_clips_are_retried_by_one_computer() {
    let Some((_, log)) = empty_log() else {
        return;
    };
    let server = Server::start(|post| {
        if post.number < 3 {
            crate::support::Step::reply(400, r#"{"error":"no such photo"}"#)
        } else {
            crate::support::Step::accept()
        }
    });
    let worlds = computers(&server, &log, 4, &listings(3));
    worlds[0].run(&SUBMIT).expect(1);
    let retry = ["retry", "--failed", "--json"];
    let running: Vec<_> = worlds.iter().map(|world| world.start(&retry)).collect();
    let mut submitted = 0;
    for run in running {
        let ended = run.wait();
        assert!([0, 75].contains(&ended.code()), "{}", ended.stderr);
        submitted += ended.json()["submitted"].as_u64().unwrap();
    }
    assert_eq!(submitted, 3);
    assert_each_once(&server, 3);
}

#[test]
fn an_older_program_must_not_write_once_runs_are_kept() {
    let Some(database) = postgres::database() else {
        return;
    };
    let world = World::new();
    world.run(&["log", "init", &database.log("shop")]).expect(0);
    let least =
        "SELECT max(minimum_reader) || ' ' || max(minimum_writer) FROM creativeai.migrations";
    assert_eq!(database.sql(least), "1 2");
    silence_runs(&database);
}

#[test]
fn a_repetition_and_a_poll_wait_as_long_as_any_computer_was_asked_to() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::start(|post| {
        if post.number == 0 {
            Step::reply(429, r#"{"error":"slow down"}"#).with("Retry-After", "1")
        } else {
            Step::accept()
        }
    });
    let computer = &computers(&server, &log, 1, &listings(1))[0];
    let longer = "UPDATE creativeai.logs SET quiet_until = clock_timestamp() + interval '4 s'";
    let run = computer.start(&SUBMIT);
    server.wait_for_posts(1);
    // As another computer does that was asked to wait longer.
    database.sql(longer);
    let since = Instant::now();
    server.wait_for_posts(2);
    assert!(since.elapsed() > Duration::from_secs(3));
    run.wait().expect(0);
    database.sql(longer);
    let since = Instant::now();
    let asked = computer.run(&["reconcile"]).expect(0);
    assert!(since.elapsed() > Duration::from_secs(3));
    assert!(
        asked.stderr.contains("the vendor has asked"),
        "{}",
        asked.stderr
    );
    assert_eq!(server.polls().len(), 1);
}

#[test]
fn a_poll_that_the_vendor_throttles_holds_all_computers_back() {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let server = Server::answering(|request| {
        if request.method == "POST" {
            return Step::accept();
        }
        Step::reply(429, r#"{"error":"slow down"}"#).with("Retry-After", "600")
    });
    let computer = &computers(&server, &log, 1, &listings(1))[0];
    computer.run(&SUBMIT).expect(0);
    computer.run(&["reconcile"]).expect(75);
    assert_eq!(server.polls().len(), 1);
    let other = &computers(&server, &log, 1, &listings(2))[0];
    let briefly = [&SUBMIT[..], &["--timeout", "2s"]].concat();
    other.run(&briefly).expect(75);
    other.run(&["reconcile", "--timeout", "2s"]).expect(75);
    assert_eq!((server.posts().len(), server.polls().len()), (1, 1));
}
