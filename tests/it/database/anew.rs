//! A log that is lost with its database and is made anew at its address.

use super::{empty_log, world};
use crate::support::{Ended, Server, World, listings};

const SUBMIT: [&str; 2] = ["submit", "listings.csv"];

fn computer(server: &Server, log: &str) -> World {
    let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", listings(2));
    world
}

fn assert_says(ended: &Ended, all: &[&str]) {
    for words in all {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
}

/// What stands between two texts of what was said.
fn between<'e>(ended: &'e Ended, before: &str, after: &str) -> &'e str {
    let rest = ended.stderr.split_once(before);
    let found = rest.and_then(|(_, rest)| Some(rest.split_once(after)?.0));
    found.unwrap_or_else(|| panic!("no {before:?} in: {}", ended.stderr))
}

#[test]
fn what_was_ordered_with_a_log_that_is_lost_is_not_ordered_again_with_a_new_one() {
    for (loss, is_added) in [
        ("DROP SCHEMA creativeai CASCADE", true),
        ("TRUNCATE creativeai.logs CASCADE", false),
    ] {
        let Some((database, log)) = empty_log() else {
            return;
        };
        let server = Server::accepting();
        let world = computer(&server, &log);
        world.run(&SUBMIT).expect(0);
        world.run(&["status"]).expect(0);
        database.sql(loss);
        let gone = world.run(&SUBMIT).expect(78);
        assert_says(&gone, &["remembers its orders", "log init"]);
        let made = world.run(&["log", "init", &log]).expect(0);
        let asked = world.run(&SUBMIT).expect(3);
        let shown = world.run(&["status"]).expect(0);
        for ended in [&made, &asked, &shown] {
            assert_says(ended, &["4 lines", "an earlier log", "paid for again"]);
        }
        let posts = if is_added {
            let add = between(&asked, "`creativeai", "`");
            world.shell(&format!("\"$0\"{add}")).expect(0);
            2
        } else {
            std::fs::remove_file(between(&asked, "kept in ", ";")).unwrap();
            4
        };
        let shown = world.run(&["status"]).expect(0);
        assert!(!shown.stderr.contains("earlier"), "{}", shown.stderr);
        world.run(&SUBMIT).expect(0);
        world.run(&SUBMIT).expect(0);
        assert_eq!(server.posts().len(), posts);
    }
}

#[test]
fn a_rehearsal_is_begun_anew_and_another_log_is_not_this_one() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let other = database.log("other");
    let world_of_orders = computer(&server, &other);
    world_of_orders.run(&["log", "init", &other]).expect(0);
    world_of_orders.run(&SUBMIT).expect(0);
    // A log of another name is another one.
    let named = world_of_orders.run(&["log", "init", &database.log("third")]);
    assert!(!named.expect(0).stderr.contains("earlier"));
    let rehearsal = world();
    rehearsal.write("listings.csv", listings(1));
    let rehearse = [
        "submit",
        "listings.csv",
        "--sandbox",
        "--jobs",
        &log,
        "--allow-same-clip",
    ];
    rehearsal.run(&rehearse).expect(0);
    rehearsal.run(&["status", &log]).expect(0);
    database.sql("TRUNCATE creativeai.logs CASCADE");
    rehearsal.run(&["log", "init", &log]).expect(0);
    rehearsal.run(&rehearse).expect(0);
}
