//! What people decide about jobs, on one computer or on two at the same moment.

use serde_json::json;

use super::with_lines;
use crate::support::lines::{A, finished, line};
use crate::support::{Server, Step, World};

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
