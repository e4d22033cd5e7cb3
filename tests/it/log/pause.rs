//! A paused log orders nothing until a person lets it go on.

use crate::support::{Gate, Phase, Server, Step, World, listings};

#[test]
fn a_paused_file_sends_nothing_and_a_running_command_stops() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    let world = World::facing(&server);
    world.write("listings.csv", listings(9));
    // A slip in a name pauses nothing.
    world.run(&["log", "pause"]).expect(74);
    let run = world.start(&["submit", "listings.csv"]);
    server.wait_for_posts(3);
    world.run(&["log", "pause"]).expect(0);
    gate.open();
    let ended = run.wait().expect(3);
    assert!(ended.stderr.contains("log resume"), "{}", ended.stderr);
    // What was in flight was finished.
    assert_eq!((server.posts().len(), world.log().count("pending")), (3, 3));
    world.run(&["submit", "listings.csv"]).expect(3);
    assert_eq!(server.posts().len(), 3);
    let resumed = world.run(&["log", "resume", "--json"]).expect(0).json();
    assert!(resumed["paused_before"].is_string());
    world.run(&["log", "resume"]).expect(0);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.bills().len(), 9);
}

#[test]
fn who_is_at_work_is_asked_of_a_database() {
    let world = World::new();
    world.write("jobs.jsonl", "");
    world.run(&["status", "--runs"]).expect(2);
}
