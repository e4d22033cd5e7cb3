//! Logs of the vendor's sample scripts, with their nulls and without jobs.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Server, Step, World};

const SEEDS: &str = concat!(
    r#"{"listing_id":"LST-1","property_type":"residential","generation_id":"vgen_1","status":"completed","output_url":"https://cdn.example.com/1.mp4","completed_at":"2026-03-12T09:22:17Z","error":null}"#,
    "\n",
    r#"{"listing_id":"LST-2","property_type":"residential","generation_id":"vgen_2","status":"pending","submitted_at":"2026-03-12T09:20:01Z"}"#,
    "\n",
    r#"{"listing_id":"LST-3","status":"submit_failed","error":"TypeError: fetch failed"}"#,
    "\n",
    r#"{"listing_id":"LST-4","status":"submit_failed","error":"Error: HTTP 422: {\"error\":\"no\"}"}"#,
    "\n",
);

fn key(of: &str) -> String {
    let text = json!(["seed", of]).to_string();
    base16ct::lower::encode_string(&Sha256::digest(text.as_bytes()))[..16].to_owned()
}

#[test]
fn a_line_appended_for_a_seeds_job_is_named_after_its_id() {
    let server = Server::answering(|request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        Step::reply(200, json!({ "id": id, "status": "processing" }).to_string())
    });
    let world = World::facing(&server);
    world.write("jobs.jsonl", SEEDS);
    world.run(&["reconcile"]).expect(3);
    let once = world.log().text;
    world.run(&["reconcile"]).expect(3);
    assert_eq!(world.log().text, once);
    world.run(&["resolve", "LST-3", "--not-accepted"]).expect(0);
    let log = world.log();
    let added = &log.lines[4..];
    let names: Vec<&Value> = added.iter().map(|line| &line["job"]).collect();
    assert_eq!(names, [&json!(key("vgen_2")), &json!(key("LST-3"))]);
    let before = world.run(&["status", "--json"]).expect(0).stdout;
    world.run(&["compact"]).expect(0);
    assert_eq!(world.run(&["status", "--json"]).expect(0).stdout, before);
    let states: Vec<Value> = serde_json::from_str::<Vec<Value>>(&before)
        .unwrap()
        .iter()
        .map(|job| job["status"].clone())
        .collect();
    assert_eq!(
        states,
        ["completed", "processing", "submit_failed", "submit_failed"]
    );
}

#[test]
fn a_row_of_a_seeds_job_is_not_said_to_be_edited() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("jobs.jsonl", SEEDS);
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt\nLST-1,https://cdn.example.com/1.jpg,Slow pan\n",
    );
    let output = world.run(&["submit", "listings.csv"]).expect(3).stderr;
    assert!(output.contains("sample scripts"), "{output}");
    assert!(output.contains("--resubmit-changed"), "{output}");
    assert!(!output.contains("edited"), "{output}");
    assert!(server.posts().is_empty());
}

#[test]
fn a_seeds_order_in_doubt_is_settled_by_hand() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "jobs.jsonl",
        concat!(
            r#"{"listing_id":"LST-3","status":"submit_failed","error":"TypeError: fetch failed"}"#,
            "\n"
        ),
    );
    for status in [&["status"][..], &["status", "--id", "LST-3"]] {
        let shown = world.run(status).expect(0).stdout;
        assert!(shown.contains("--not-accepted"), "{shown}");
        assert!(!shown.contains("--unknown"), "{shown}");
        assert!(!shown.contains("paying twice"), "{shown}");
    }
    let retry = world.run(&["retry", "--unknown", "--yes"]).expect(3);
    let words = "so it cannot be sent again";
    assert!(retry.stderr.contains(words), "{}", retry.stderr);
    assert!(
        !retry.stderr.contains("nothing of unknown"),
        "{}",
        retry.stderr
    );
    assert!(server.posts().is_empty());
}

#[test]
fn a_seeds_order_that_was_not_accepted_is_ordered_once() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let refused =
        r#"{"listing_id":"LST-3","status":"submit_failed","error":"TypeError: fetch failed"}"#;
    world.write("jobs.jsonl", format!("{refused}\n"));
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt\nLST-3,https://cdn.example.com/3.jpg,Slow pan\n",
    );
    world.run(&["submit", "listings.csv"]).expect(3);
    world.run(&["resolve", "LST-3", "--not-accepted"]).expect(0);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 1);
    let replaced = world
        .log()
        .lines
        .into_iter()
        .find(|line| line["status"] == "superseded");
    assert_eq!(
        replaced.map(|line| line["job"].clone()),
        Some(json!(key("LST-3")))
    );
    let retry = ["retry", "--failed", "--manifest", "listings.csv"];
    world.run(&retry).expect(0);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn a_clip_is_ready_since_the_vendor_completed_it() {
    let world = World::new();
    world.write("jobs.jsonl", SEEDS);
    let output = world.run(&["status", "--id", "LST-1"]).expect(0).stdout;
    assert!(
        output.contains("ready since 2026-03-12 09:22:17 UTC"),
        "{output}"
    );
}

#[test]
fn only_the_code_of_a_refusal_shows_that_a_seeds_order_was_refused() {
    for (error, is_refusal) in [
        ("Error: HTTP 422: {\"error\":\"no\"}", true),
        ("HTTP 422", true),
        ("Error: refused (HTTP 404)", true),
        ("It answered HTTP 404.", true),
        ("timeout of HTTP 4000 ms", false),
        ("timeout of HTTP 400.5 ms", false),
        ("getaddrinfo ENOTFOUND HTTP 404.example", false),
        ("connect to HTTP 404:8080 timed out", false),
        ("read timeout of HTTP 422-b", false),
        ("xHTTP 422", false),
        ("timeout of HTTP 4000 ms after HTTP 422", false),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let seed = json!({"listing_id": "LST-1", "status": "submit_failed", "error": error});
        world.write("jobs.jsonl", format!("{seed}\n"));
        world.write(
            "listings.csv",
            "listing_id,image_url,video_prompt\nLST-1,https://cdn.example.com/1.jpg,Slow pan\n",
        );
        let code = if is_refusal { 0 } else { 3 };
        world.run(&["submit", "listings.csv"]).expect(code);
        let orders = usize::from(is_refusal);
        assert_eq!(server.posts().len(), orders, "{error}");
    }
}
