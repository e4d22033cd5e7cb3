//! Names and verdicts are lines like others; a database's lines are never taken away, and what is over is.

use serde_json::Value;

use super::{empty_log, with_lines};
use crate::support::lines::{A, B, finished, rendering};
use crate::support::postgres::Database;
use crate::support::{Server, World};

fn job(world: &World, log: &str, key: &str) -> Value {
    let jobs = world.run(&["status", log, "--json"]).expect(0).json();
    let mut jobs = jobs.as_array().unwrap().iter();
    jobs.find(|job| job["job"] == key).unwrap().clone()
}

#[test]
fn the_last_name_given_counts_for_every_computer() {
    let Some((_, log)) = with_lines(&rendering(A, "vgen_1")) else {
        return;
    };
    let (one, other) = (World::new(), World::new());
    let rename = |world: &World, new: &str| {
        world.run(&["rename", A, new, "--jobs", &log]).expect(0);
    };
    rename(&one, "LST-10");
    rename(&other, "LST-20");
    for world in [&one, &other] {
        assert_eq!(job(world, &log, A)["listing_id"], "LST-20");
    }
    // A name that another computer gives meanwhile is not ordered again.
    let server = Server::accepting();
    let third = World::facing(&server);
    third.write(
        "listings.csv",
        format!(
            "listing_id,image_url,video_prompt\nLST-20,https://cdn.example.com/{A}.jpg,pan {A}\n"
        ),
    );
    let submit = ["submit", "listings.csv", "--jobs", &log, "--json"];
    assert_eq!(third.run(&submit).expect(0).json()["skipped"], 1);
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn verdicts_of_one_computer_are_seen_by_the_others() {
    let url = "https://cdn.example.com/1.mp4";
    let lines = finished(A, "vgen_1", url) + &*finished(B, "vgen_2", url);
    let Some((database, log)) = with_lines(&lines) else {
        return;
    };
    let (one, other) = (World::new(), World::new());
    let table = one.run(&["review", &log, "--csv"]).expect(0).stdout;
    let filled = table.replacen("1.mp4,,", "1.mp4,keep,", 1);
    one.write("clips.csv", filled.replacen("1.mp4,,", "1.mp4,reject,", 1));
    let taken = ["review", &log, "--from", "clips.csv", "--json"];
    assert_eq!(one.run(&taken).expect(0).json()["changed"], 2);
    assert_eq!(job(&other, &log, A)["reviewed"]["verdict"], "kept");
    assert_eq!(job(&other, &log, B)["reviewed"]["verdict"], "rejected");
    // What is known is not written again.
    assert_eq!(one.run(&taken).expect(0).json()["changed"], 0);
    let count = "SELECT count(*) FROM creativeai.lines WHERE status = 'reviewed'";
    assert_eq!(database.sql(count), "2");
}

#[test]
fn compact_takes_nothing_out_of_a_database() {
    let Some((database, log)) = with_lines(&rendering(A, "vgen_1")) else {
        return;
    };
    let world = World::new();
    let lines = || database.sql("SELECT count(*), sum(sequence) FROM creativeai.lines");
    let before = lines();
    let done = world.run(&["compact", &log, "--json"]).expect(0).json();
    assert_eq!(
        (&done["lines_before"], &done["lines_after"], &done["jobs"]),
        (&2.into(), &2.into(), &1.into())
    );
    let printed = world.run(&["compact", &log]).expect(0).stderr;
    assert!(printed.contains("is unchanged, with 2 lines"), "{printed}");
    assert_eq!(lines(), before);
    let absent = database.log("shops");
    let printed = world.run(&["compact", &absent]).expect(78).stderr;
    assert!(printed.contains("did you mean log=shop?"), "{printed}");
}

#[test]
fn nothing_is_to_be_accepted_of_a_database() {
    let log = "postgres://me@127.0.0.1:1/d?log=a";
    let ended = World::new()
        .run(&["log", "accept", log, "--yes"])
        .expect(78);
    for words in ["nothing to accept", "log=a", "put back"] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

/// A run and a lease that are over for so long.
fn over_for(database: &Database, time: &str) {
    database.sql(&format!(
        "INSERT INTO creativeai.runs (id, log, host, process, command, seen_at, ended_at) \
             SELECT '{time}', id, 'studio', 1, 'publish', at, at FROM creativeai.logs, \
             (SELECT clock_timestamp() - interval '{time}') AS time (at); \
         INSERT INTO creativeai.leases (log, key, run, taken_at) \
             SELECT id, '{time}', '{time}', clock_timestamp() - interval '{time}' \
             FROM creativeai.logs"
    ));
}

/// What is left of them.
fn left(database: &Database) -> String {
    database.sql(
        "SELECT string_agg(runs.id, ', ' ORDER BY runs.id) FROM creativeai.runs \
         JOIN creativeai.leases ON leases.run = runs.id",
    )
}

#[test]
fn runs_and_leases_that_are_over_for_a_month_are_taken_away_where_the_role_may() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let role = format!("writer_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    let grant = ["log", "init", &log, "--grant-to", &role];
    World::new().run(&grant).expect(0);
    let server = Server::accepting();
    let submit = |name: &str| {
        let world = World::facing(&server);
        let address = database.address(&role, "shop");
        let row = format!("{name},https://cdn.example.com/{name}.jpg,pan");
        world.write(
            "listings.csv",
            format!("listing_id,image_url,video_prompt\n{row}\n"),
        );
        let submit = ["submit", "listings.csv", "--jobs", &address];
        world.run(&submit).expect(0);
    };
    for time in ["1 day", "30 days 12 hours", "40 days"] {
        over_for(&database, time);
    }
    // As the role was given its rights by an older version.
    database.sql(&format!("REVOKE DELETE ON creativeai.runs FROM {role}"));
    submit("LST-1");
    assert_eq!(left(&database), "1 day, 30 days 12 hours, 40 days");
    World::new().run(&grant).expect(0);
    submit("LST-2");
    assert_eq!(left(&database), "1 day");
    // Not more than once a day.
    over_for(&database, "30 days 12 hours");
    submit("LST-3");
    assert_eq!(left(&database), "1 day, 30 days 12 hours");
    assert_eq!(server.bills().len(), 3);
}
