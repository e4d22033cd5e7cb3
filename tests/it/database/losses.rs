//! A database that was put back to an earlier state is noticed, and what it has lost is put back.

use super::{lines, with_lines, world};
use crate::support::processes::eventually;
use crate::support::{Server, World, listings};

const SUBMIT: [&str; 3] = ["submit", "listings.csv", "--json"];

fn computer(server: &Server, log: &str, rows: &str) -> World {
    let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", rows);
    world
}

/// Runs the command by which `status` puts back what it says is lost.
fn put_back(world: &World, lost: &str) {
    let ended = world.run(&["status"]).expect(0);
    assert!(ended.stderr.contains(lost), "{}", ended.stderr);
    let (_, command) = ended.stderr.split_once("back with `creativeai").unwrap();
    let command = command.split_once('`').unwrap().0;
    world.shell(&format!("\"$0\"{command}")).expect(0);
    let ended = world.run(&["status"]).expect(0);
    assert!(!ended.stderr.contains("lost"), "{}", ended.stderr);
}

/// Puts another line in the place of the newest one, under its number and by its transaction, as in the
/// other history of a server that was put back and used again.
fn replace_newest(line: &str) -> String {
    let line = line.trim_end();
    format!(
        "UPDATE creativeai.lines SET line = '{line}', digest = sha256(convert_to('{line}', 'UTF8')) \
         WHERE sequence = (SELECT max(sequence) FROM creativeai.lines)"
    )
}

const HELD: &str = "SELECT count(*) FROM creativeai.lines WHERE line LIKE '%SKU-4 %'";

#[test]
fn a_line_in_the_place_of_one_that_was_read_is_noticed_although_its_numbers_are_the_same() {
    let Some((database, log)) = with_lines(&lines([4])) else {
        return;
    };
    let world = world().with_var("CREATIVEAI_JOBS", &log);
    world.run(&["status"]).expect(0);
    database.sql(&replace_newest(&lines([8])));
    put_back(&world, "has lost 1 line");
    assert_eq!(database.sql(HELD), "1");
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(jobs.as_array().unwrap().len(), 2, "{jobs}");
}

#[test]
fn a_run_that_waits_meanwhile_puts_the_line_back_before_it_orders() {
    let Some((database, log)) = with_lines(&lines([4])) else {
        return;
    };
    let vendor = Server::accepting();
    let computer = computer(&vendor, &log, &listings(1));
    let mut lock = database.session();
    lock.run("BEGIN; SELECT * FROM creativeai.logs FOR UPDATE");
    let run = computer.start(&SUBMIT);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock'";
    eventually("the run waits", || database.sql(waits) == "1");
    lock.run(&format!("{}; COMMIT", replace_newest(&lines([8]))));
    assert_eq!(run.wait().expect(0).json()["submitted"], 1);
    assert_eq!(database.sql(HELD), "1");
}
