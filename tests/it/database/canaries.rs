//! A canary while another computer orders from the same log.

use super::people::wait_for_waiting;
use super::{empty_log, world};
use crate::support::terminal::Terminal;
use crate::support::vendor::{Cdn, order_or_clip};
use crate::support::{Gate, Phase, Running, Server, World, listings};

/// The clips are shorter than what is asked for.
const CANARY: [&str; 9] = [
    "submit",
    "listings.csv",
    "--canary",
    "1",
    "--yes",
    "--interval",
    "50ms",
    "--max-failed",
    "100%",
];

#[test]
fn a_canary_waits_for_the_clips_that_another_computer_has_ordered_meanwhile() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let cdn = Cdn::honest();
    let link = cdn.put(
        "good",
        include_bytes!("../../../src/sandbox/clip.mp4").to_vec(),
    );
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::answering(move |request| {
        let step = order_or_clip(request, &link);
        if request.method == "POST" {
            step.held_at(Phase::Billed, &held)
        } else {
            step
        }
    });
    let computer = || {
        let world = World::facing(&server).with_var("CREATIVEAI_JOBS", &log);
        world.write("listings.csv", listings(1));
        world
    };
    let worlds = [computer(), computer()];
    let mut lock = database.session();
    lock.run("BEGIN; SELECT FROM creativeai.logs FOR UPDATE");
    let first = worlds[0].start(&CANARY);
    wait_for_waiting(&database, "1");
    let second = worlds[1].start(&CANARY);
    wait_for_waiting(&database, "2");
    lock.run("ROLLBACK");
    server.wait_for_posts(1);
    // The second one has asked for its row in vain, and looks on, or has judged.
    lock.run("BEGIN; SELECT FROM creativeai.logs FOR UPDATE");
    wait_for_waiting(&database, "1");
    lock.run("ROLLBACK");
    gate.open();
    let [first, second] = [first, second].map(Running::wait);
    first.expect(0);
    let second = second.expect(0);
    assert!(!second.stderr.contains("not ready"), "{}", second.stderr);
    assert!(second.stderr.contains("canary"), "{}", second.stderr);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn rows_that_another_computer_orders_during_the_question_do_not_count_as_not_ordered() {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let sandbox = |more: &[&'static str]| {
        let world = world().with_var("CREATIVEAI_JOBS", &log);
        world.write("listings.csv", listings(4));
        let args = ["submit", "listings.csv", "--sandbox", "--interval", "50ms"];
        (world, [&args[..], more].concat())
    };
    let (asking, canary) = sandbox(&["--canary", "2"]);
    let canary: Vec<&str> = canary.into_iter().chain(["--jobs", &log]).collect();
    let mut terminal = Terminal::run(&asking, 200, &canary);
    terminal.wait_for("Order the other 2 rows?");
    let (other, all) = sandbox(&[]);
    let all: Vec<&str> = all.into_iter().chain(["--jobs", &log]).collect();
    other.run(&all).expect(0);
    terminal.type_in("no\n");
    let (shown, code) = terminal.end();
    assert_eq!(code, 3, "{shown}");
    let words = "0 rows not ordered, and 2 rows already ordered by another computer";
    assert!(shown.contains(words), "{shown}");
}
