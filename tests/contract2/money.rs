//! In summaries, states count the jobs at the end; the rest counts the run.

use serde_json::json;

use crate::lines::{A, B, finished, rendering};
use crate::support::{Server, Step, World};

#[test]
fn a_run_counts_only_what_it_has_learnt_to_be_charged() {
    let server = Server::answering(|request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let body = json!({
            "id": id, "status": "completed", "output_url": "https://cdn.example.com/b.mp4",
            "credits": 5, "adjusted_credits": 3,
        });
        Step::reply(200, body.to_string())
    });
    let world = World::facing(&server);
    let url = "https://cdn.example.com/a.mp4";
    world.write(
        "jobs.jsonl",
        finished(A, "vgen_a", url) + &rendering(B, "vgen_b"),
    );
    let run = world.run(&["reconcile", "--json"]).expect(0).json();
    assert_eq!(
        (&run["completed"], &run["credits_charged"]),
        (&json!(2), &json!(3))
    );
    let run = world.run(&["reconcile", "--json"]).expect(0).json();
    assert_eq!(
        (&run["completed"], &run["credits_charged"]),
        (&json!(2), &json!(0))
    );
    let all = world
        .run(&["status", "--summary", "--json"])
        .expect(0)
        .json();
    assert_eq!(all["credits_charged"], 8);
}
