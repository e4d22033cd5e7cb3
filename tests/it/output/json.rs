//! `--json`: one document on standard output, whatever happens.

use serde_json::Value;

use crate::support::{Server, Step, World, listings};

const SUMMARY: [&str; 15] = [
    "command",
    "submitted",
    "skipped",
    "duplicates",
    "changed",
    "invalid",
    "submit_failed",
    "unknown",
    "pending",
    "processing",
    "completed",
    "failed",
    "credits_estimated",
    "credits_charged",
    "exit_code",
];

fn has_all_fields(document: &Value) {
    for field in SUMMARY {
        assert!(document.get(field).is_some(), "{field}: {document}");
    }
}

#[test]
fn an_invalid_manifest_is_a_summary_too() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let bad = "listing_id,image_url,video_prompt\nA,ftp://x,pan\nB,https://x.example/b.jpg,pan\n";
    world.write("bad.csv", bad);
    for args in [
        &["submit", "bad.csv", "--json"][..],
        &["submit", "bad.csv", "--json", "--dry-run"],
    ] {
        let run = world.run(args).expect(65);
        let output = run.json();
        has_all_fields(&output);
        assert_eq!(output["invalid"], 1, "{output}");
        assert_eq!(output["submitted"], 0);
        assert_eq!(output["exit_code"], 65);
    }
    assert!(server.posts().is_empty());
}

#[test]
fn a_run_that_cannot_begin_reports_it_in_a_document() {
    let world = World::new();
    world.write("listings.csv", listings(1));
    for (args, code) in [
        (&["submit", "none.csv"][..], 74),
        (&["reconcile", "none.jsonl"], 74),
        (&["retry", "none.jsonl", "--failed"], 74),
        (&["status", "none.jsonl"], 74),
        (&["resolve", "A", "--dismiss", "--jobs", "none.jsonl"], 74),
        (&["compact", "none.jsonl"], 74),
        (&["report", "none.jsonl"], 74),
        (&["download", "none.jsonl"], 74),
        (&["publish", "none.jsonl", "--exec", "true"], 74),
        (&["help", "nonsense"], 2),
        (&["submit"], 2),
        (&["submit", "listings.csv", "--rate", "often"], 2),
        (&["status", "--config", "none.toml"], 78),
        (
            &["submit", "listings.csv", "--base-url", "http://x.example"],
            78,
        ),
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let run = world.run(&args).expect(code);
        let output = run.json();
        assert_eq!(output["exit_code"], code, "{args:?}");
        let code_word = match code {
            2 => "usage",
            74 => "io",
            _ => "config",
        };
        assert_eq!(output["error_code"], code_word, "{args:?}");
        assert!(output["error"].as_str().is_some_and(|e| !e.is_empty()));
        assert!(!run.stderr.is_empty(), "people read of it as well");
        if code != 2 && matches!(args[0], "submit" | "reconcile" | "retry") {
            has_all_fields(&output);
        }
    }
}

#[test]
fn texts_are_documents_too() {
    let world = World::new();
    for args in [
        &["help", "log"][..],
        &["help", "exit-codes"],
        &["help"],
        &["man"],
        &["completions", "bash"],
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let output = world.run(&args).expect(0).json();
        assert!(output["text"].as_str().is_some_and(|t| t.len() > 100));
    }
}

#[test]
fn what_cannot_be_reported_as_one_document_is_refused() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let run = world.run(&["report", "-o", "-", "--json"]).expect(2);
    assert_eq!(run.json()["exit_code"], 2);
    let run = world.run(&["status", "--csv", "--json"]).expect(2);
    assert_eq!(run.json()["exit_code"], 2);
}

#[test]
fn dry_runs_have_every_field_of_a_summary() {
    let server = Server::scripted(vec![Step::reply(400, ""), Step::accept()]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let submit = ["submit", "listings.csv", "--concurrency", "1"];
    world.run(&submit).expect(1);
    for (args, new) in [
        (&["submit", "listings.csv"][..], 0),
        (&["retry", "--failed"], 1),
    ] {
        let args: Vec<&str> = args
            .iter()
            .copied()
            .chain(["--json", "--dry-run"])
            .collect();
        let output = world.run(&args).expect(0).json();
        has_all_fields(&output);
        assert_eq!(output["dry_run"], true);
        assert_eq!(output["new"], new);
        assert_eq!(output["submit_failed"], 1, "{output}");
        assert_eq!(output["pending"], 1, "{output}");
    }
}

#[test]
fn a_dry_run_prices_the_rows_that_are_right() {
    let world = World::new();
    let rows = "listing_id,image_url,video_prompt\nA,,pan\nB,https://x.example/b.jpg,pan\n";
    world.write("bad.csv", rows);
    let run = world.run(&["submit", "bad.csv", "--dry-run", "--json"]);
    assert_eq!(run.json()["new"], 1);
    assert_eq!(run.json()["credits_estimated"], 5);
}

#[test]
fn charges_count_in_the_run_that_learns_of_them() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            return Step::accept();
        }
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let body = serde_json::json!({"id": id, "status": "completed", "credits": 3});
        Step::reply(200, body.to_string())
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world.run(&["submit", "listings.csv"]).expect(0);
    let charged = |args: &[&str]| world.run(args).expect(0).json()["credits_charged"].clone();
    assert_eq!(charged(&["reconcile", "--json"]), 6);
    assert_eq!(charged(&["reconcile", "--json"]), 0);
    assert_eq!(charged(&["submit", "listings.csv", "--json"]), 0);
}
