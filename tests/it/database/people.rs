//! What people decide about jobs, on one computer or on two at the same moment.

use serde_json::json;

use super::{empty_log, with_lines};
use crate::support::lines::{A, finished, line};
use crate::support::postgres::Database;
use crate::support::processes::eventually;
use crate::support::{Running, Server, Step, World, listings};

/// Returns once so many wait for the log.
pub(super) fn wait_for_waiting(database: &Database, count: &str) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock'";
    eventually("they wait", || database.sql(waits) == count);
}

/// A computer with one log and so many rows.
fn computer(server: &Server, log: &str, count: usize) -> World {
    let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", listings(count));
    world
}

#[test]
fn a_rejected_clip_is_ordered_again_and_once_more_where_that_order_failed() {
    let url = "https://cdn.example.com/a.mp4";
    let verdict = line(3, A, "reviewed", json!({ "verdict": "rejected" }));
    let Some((_database, log)) = with_lines(&(finished(A, "vgen_a", url) + &*verdict)) else {
        return;
    };
    let server = Server::start(|post| match post.number {
        0 => Step::reply(400, r#"{"error":"no such photo"}"#),
        _ => Step::accept(),
    });
    let world = World::facing(&server).with_var("CREATIVEAI_JOBS", &log);
    let again = ["retry", "--rejected", "--yes", "--new-prompt", "Pan left"];
    world.run(&again).expect(1);
    let failed = ["retry", "--failed", "--json"];
    assert_eq!(world.run(&failed).expect(0).json()["submitted"], 1);
    assert_eq!(server.posts().len(), 2);
    // Now an order is under way, and nothing more is made.
    world.run(&again).expect(0);
    world.run(&failed).expect(0);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn one_id_is_bound_to_one_of_two_jobs_by_two_people_at_the_same_moment() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let silent = Server::start(|_| Step::close().billed());
    let worlds = [computer(&silent, &log, 2), computer(&silent, &log, 2)];
    worlds[0].run(&["submit", "listings.csv"]).expect(3);
    let mut lock = database.session();
    lock.run("BEGIN; SELECT FROM creativeai.logs FOR UPDATE");
    let bind = |n: usize| {
        let id = format!("LST-{}", n + 1);
        worlds[n].start(&["resolve", &id, "--generation-id", "vgen_1"])
    };
    let running = [bind(0), bind(1)];
    wait_for_waiting(&database, "2");
    lock.run("ROLLBACK");
    let ended = running.map(Running::wait);
    let mut codes = [ended[0].code(), ended[1].code()];
    codes.sort_unstable();
    assert_eq!(codes, [0, 2]);
    let refused = ended.iter().find(|ended| ended.code() == 2).unwrap();
    let why = "vgen_1 is the id of job";
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
    let jobs = worlds[0].run(&["status", "--json"]).expect(0).json();
    let mut statuses = [0, 1].map(|n| jobs[n]["status"].as_str().unwrap().to_owned());
    statuses.sort();
    assert_eq!(statuses, ["pending", "unknown"]);
}

#[test]
fn a_copy_beside_an_order_of_the_same_clip_leaves_it_in_doubt() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let silent = Server::start(|_| Step::close().billed());
    let accepting = Server::accepting();
    let file = computer(&silent, "jobs.jsonl", 1);
    file.run(&["submit", "listings.csv"]).expect(3);
    let world = computer(&accepting, &log, 1);
    let mut lock = database.session();
    lock.run("BEGIN; SELECT FROM creativeai.logs FOR UPDATE");
    let ordering = world.start(&["submit", "listings.csv"]);
    wait_for_waiting(&database, "1");
    let copying = file.start(&["log", "copy", "jobs.jsonl", &log, "--json"]);
    wait_for_waiting(&database, "2");
    lock.run("ROLLBACK");
    ordering.wait();
    let copied = copying.wait().expect(0).json();
    assert_eq!(
        (&copied["added"], &copied["in_doubt"]),
        (&2.into(), &1.into())
    );
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(jobs[0]["status"], "unknown");
    assert_eq!(accepting.bills().len(), 1);
    // It is marked once.
    let again = file.run(&["log", "copy", "jobs.jsonl", &log, "--json"]);
    let again = again.expect(0).json();
    assert_eq!(
        (&again["added"], &again["in_doubt"]),
        (&0.into(), &0.into())
    );
}
