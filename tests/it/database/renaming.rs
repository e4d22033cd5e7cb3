//! A clip goes by another name while another computer orders.

use super::empty_log;
use crate::support::{Gate, Phase, Server, Step, World};

const HEADER: &str = "listing_id,image_url,video_prompt\n";
const ORDERED: &str = "L1,https://cdn.example.com/old.jpg,pan\n";

fn computer(server: &Server, log: &str, rows: &str) -> World {
    let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", format!("{HEADER}{rows}"));
    world
}

/// Renames `L1` while another computer, whose sheet has `row` under the new name, sends another row.
fn rename_during_submit(rename: [&str; 2], row: &str, later: i32) {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |post| {
        if post.number == 1 {
            Step::accept().held_at(Phase::Billed, &held)
        } else {
            Step::accept()
        }
    });
    let person = computer(&server, &log, ORDERED);
    person.run(&["submit", "listings.csv"]).expect(0);
    let first = "X1,https://cdn.example.com/x.jpg,pan\n";
    let other = computer(&server, &log, &format!("{first}{row}"));
    let submit = ["submit", "listings.csv", "--concurrency", "1", "--json"];
    let run = other.start(&submit);
    server.wait_for_posts(2);
    person.run(&["rename", rename[0], rename[1]]).expect(0);
    gate.open();
    let ended = run.wait().expect(75);
    let summary = ended.json();
    assert_eq!(
        (&summary["submitted"], &summary["left"]),
        (&1.into(), &1.into())
    );
    let why = "another computer has since renamed a clip";
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
    // With everything known it is the clip that was ordered.
    other.run(&submit).expect(later);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn a_clip_that_is_renamed_while_another_computer_orders_is_not_ordered_again() {
    let photo = "https://cdn.example.com/old.jpg";
    let moved = "https://cdn.example.com/new.jpg";
    let row = format!("L1,{moved},pan\n");
    rename_during_submit([photo, moved], &row, 0);
    let row = format!("L1,{moved},tilt\n");
    rename_during_submit([photo, moved], &row, 3);
    rename_during_submit(["L1", "L2"], &format!("L2,{photo},tilt\n"), 3);
}
