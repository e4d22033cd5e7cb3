//! A database that was put back to an earlier state is noticed, and what it has lost is put back.

use super::{assert_each_once, empty_log, lines, with_lines, world};
use crate::support::processes::eventually;
use crate::support::{Gate, Phase, Server, Step, World, listings};

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

#[test]
fn what_a_computer_has_ordered_itself_is_missed_and_not_ordered_again_after_a_restore() {
    for puts_back_itself in [false, true] {
        let Some((database, log)) = empty_log() else {
            return;
        };
        let vendor = Server::accepting();
        let world = computer(&vendor, &log, &listings(2));
        world.run(&SUBMIT).expect(0);
        world.run(&["status"]).expect(0);
        let dump = database.server.dump(&database.name);
        world.write("listings.csv", listings(5));
        world.run(&SUBMIT).expect(0);
        // Nothing has read the log since.
        database.sql(&dump);
        if puts_back_itself {
            put_back(
                &world,
                "has lost 6 lines that this computer has read or written",
            );
        }
        let ended = world.run(&SUBMIT).expect(0);
        let (summary, warned) = (ended.json(), ended.stderr.contains("had lost 6 lines"));
        assert_eq!(
            (&summary["submitted"], &summary["skipped"]),
            (&0.into(), &5.into())
        );
        assert_eq!(warned, !puts_back_itself, "{}", ended.stderr);
        assert_each_once(&vendor, 5);
        let ended = world.run(&["status"]).expect(0);
        assert!(!ended.stderr.contains("lost"), "{}", ended.stderr);
    }
}

#[test]
fn a_computer_that_was_killed_after_its_order_was_accepted_still_misses_it_after_a_restore() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let vendor = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    let world = computer(&vendor, &log, &listings(1));
    let dump = database.server.dump(&database.name);
    let run = world.start(&SUBMIT);
    vendor.wait_for_posts(1);
    run.kill();
    gate.open();
    database.sql(&dump);
    put_back(&world, "has lost 1 line ");
    assert_eq!(world.run(&SUBMIT).expect(3).json()["unknown"], 1);
    assert_each_once(&vendor, 1);
}

#[test]
fn what_a_run_has_read_of_others_while_it_ordered_is_missed_after_a_restore() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let dump = database.server.dump(&database.name);
    let gate = Gate::default();
    let held = gate.clone();
    let vendor = Server::start(move |post| match post.number {
        0 => Step::accept().held_at(Phase::Billed, &held),
        _ => Step::accept(),
    });
    let world = computer(&vendor, &log, &listings(1));
    let run = world.start(&SUBMIT);
    vendor.wait_for_posts(1);
    let three = listings(3);
    let rows = three.lines().enumerate().filter(|(number, _)| *number != 1);
    let rows: String = rows.map(|(_, row)| format!("{row}\n")).collect();
    computer(&vendor, &log, &rows).run(&SUBMIT).expect(0);
    gate.open();
    run.wait().expect(0);
    database.sql(&dump);
    put_back(&world, "has lost 6 lines");
    world.write("listings.csv", three);
    assert_eq!(world.run(&SUBMIT).expect(0).json()["skipped"], 3);
    assert_each_once(&vendor, 3);
}

#[test]
fn what_was_copied_into_a_log_is_missed_after_a_restore() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let world = world().with_var("CREATIVEAI_JOBS", &log);
    let dump = database.server.dump(&database.name);
    world.write("jobs.jsonl", lines(1..=1500));
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
    database.sql(&dump);
    put_back(&world, "has lost 3,375 lines");
    let count = database.sql("SELECT count(*) FROM creativeai.lines");
    assert_eq!(count, "3375");
}
