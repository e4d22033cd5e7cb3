//! Names and verdicts are lines like others; a database's lines are never taken away.

use serde_json::Value;

use super::with_lines;
use crate::support::lines::{A, B, finished, rendering};
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
    assert!(
        printed.contains("stays as it is, with 2 lines"),
        "{printed}"
    );
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
