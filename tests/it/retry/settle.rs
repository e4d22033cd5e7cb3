//! `retry` and `resolve`: what a person decides.

use crate::support::{Server, Step, World, listings};

fn failing() -> Server {
    Server::answering(|request| {
        if request.method == "POST" {
            return Step::accept();
        }
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let body = serde_json::json!({"id": id, "status": "failed", "error": "too dark"});
        Step::reply(200, body.to_string())
    })
}

#[test]
fn a_dry_run_of_retry_writes_nothing_and_needs_no_lock() {
    let server = failing();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.run(&["reconcile"]).expect(1);
    std::fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    world.run(&["retry", "--failed", "--dry-run"]).expect(0);
    assert_eq!(world.files(), ["jobs.jsonl", "listings.csv"]);
}

#[test]
fn a_dismissal_is_taken_back_by_naming_the_id_again() {
    let server = failing();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let log = world.log();
    let id = log.job()["generation_id"].as_str().unwrap();
    world.run(&["resolve", "LST-1", "--dismiss"]).expect(0);
    world.run(&["reconcile"]).expect(0);
    assert!(server.polls().is_empty(), "it is closed");
    world
        .run(&["resolve", "LST-1", "--generation-id", id])
        .expect(0);
    world.run(&["reconcile"]).expect(1);
    assert_eq!(server.polls().len(), 1);
    assert_eq!(world.log().job()["status"], "failed");
}
