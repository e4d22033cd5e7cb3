//! JSON Schemas: they hold for what is printed, and they do not change unseen.
//!
//! Whatever any test runs with `--json` is held to its schema, too.

use std::collections::BTreeSet;

use crate::support::schemas::{check, schema};
use crate::support::vendor::{Cdn, clip};
use crate::support::{Server, Step, World, listings};

fn names(world: &World) -> Vec<String> {
    let list = world.run(&["help", "schema"]).expect(0).stdout;
    let lines = list.lines().filter(|line| line.starts_with("  "));
    let names = lines.filter(|line| !line.starts_with("   "));
    names.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_schemas_are_these() {
    let world = World::new();
    let list = world.run(&["help", "schema"]).expect(0).stdout;
    let names = names(&world);
    for command in crate::help::COMMANDS {
        assert!(names.iter().any(|name| name == command), "{command}");
    }
    let all: Vec<String> = names
        .iter()
        .map(|name| fields(&schema(name), name).join("\n"))
        .collect();
    let text = format!("{list}\n{}", all.join("\n"));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("schemas", text));
    assert_eq!(
        schema("status")["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
}

/// A line for each field: where it is, and what it is.
fn fields(schema: &serde_json::Value, place: &str) -> Vec<String> {
    let Some(words) = schema.as_object() else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    let plain = [
        "type", "enum", "const", "minimum", "pattern", "format", "required", "$ref",
    ];
    let rules = words
        .iter()
        .filter(|(word, _)| plain.contains(&word.as_str()));
    let rules: Vec<String> = rules.map(|(word, rule)| format!("{word} {rule}")).collect();
    lines.push(format!("{place}: {}", rules.join(", ")));
    for (word, rule) in words {
        match word.as_str() {
            "properties" | "$defs" => {
                for (name, rule) in rule.as_object().unwrap() {
                    lines.extend(fields(rule, &format!("{place}.{name}")));
                }
            }
            "items" => lines.extend(fields(rule, &format!("{place}[]"))),
            "anyOf" => {
                for rule in rule.as_array().unwrap() {
                    lines.extend(fields(rule, &format!("{place}?")));
                }
            }
            _ => {}
        }
    }
    lines
}

#[test]
fn an_unknown_schema_is_a_usage_error() {
    let world = World::new();
    let run = world.run(&["help", "schema", "stats"]).expect(2);
    assert!(
        run.stderr.contains("creativeai help schema status"),
        "{}",
        run.stderr
    );
    let run = world.run(&["help", "log", "status"]).expect(2);
    assert!(run.stderr.contains("unexpected word"), "{}", run.stderr);
}

/// A vendor that makes clips, refuses orders for `LST-2`, and does not say what became of `LST-3`.
fn vendor(link: &str) -> Server {
    let link = link.to_owned();
    Server::answering(move |request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        if request.method != "POST" {
            let id = request.path.rsplit('/').next().unwrap();
            let body = serde_json::json!({
                "id": id, "status": "completed", "output_url": link, "credits": 5,
                "failover_used": true, "model_actual": "kling-v4",
                "completed_at": "2026-03-12T09:22:17Z",
            });
            return Step::reply(200, body.to_string());
        }
        if body.contains("/2.jpg") {
            Step::reply(422, r#"{"error":"the photo is too small"}"#)
        } else if body.contains("/3.jpg") {
            Step::reply(500, "")
        } else {
            Step::accept()
        }
    })
}

#[test]
fn every_line_that_this_version_writes_is_as_its_schema_says() {
    let cdn = Cdn::honest();
    let link = cdn.put("clip", clip("clip", 4000));
    let server = vendor(&link);
    let world = World::facing(&server);
    let sheet = |prompt: &str| {
        let row = |n: u32| format!("LST-{n},https://x.example/{n}.jpg,{prompt},north\n");
        let head = "listing_id,image_url,video_prompt,agent\n".to_owned();
        (1..5).map(row).fold(head, |sheet, row| sheet + &*row)
    };
    world.write("listings.csv", sheet("Slow pan"));
    world.run(&["submit", "listings.csv"]).expect(3);
    world.run(&["reconcile"]).expect(3);
    world.run(&["resolve", "LST-3", "--not-accepted"]).expect(0);
    world.run(&["download"]);
    let only_one = if cfg!(windows) {
        "if not !CREATIVEAI_LISTING_ID!==LST-1 exit 1"
    } else {
        "test $CREATIVEAI_LISTING_ID = LST-1"
    };
    world.run(&["publish", "--exec", only_one]);
    world.run(&["rename", "LST-1", "LST-9"]).expect(0);
    let table = world.run(&["review", "--csv"]).expect(0).stdout;
    world.write(
        "looked.csv",
        table.replace(&format!("{link},,"), &format!("{link},keep,")),
    );
    world.run(&["review", "--from", "looked.csv"]).expect(0);
    world.run(&["retry", "--failed", "--yes"]);
    world.write("listings.csv", sheet("Fast pan"));
    world.run(&["submit", "listings.csv", "--resubmit-changed"]);
    let log = std::fs::read_to_string(world.path("jobs.jsonl")).unwrap();
    let seen: BTreeSet<String> = log
        .lines()
        .filter_map(|line| check("log-line", &serde_json::from_str(line).unwrap()))
        .collect();
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(
        seen,
        [
            "downloaded",
            "ended",
            "not_accepted",
            "published",
            "publishing",
            "renamed",
            "rendering",
            "resolved",
            "reviewed",
            "submitting",
            "superseded",
        ]
    );
}

#[test]
fn lines_of_progress_are_as_their_schema_says() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    let run = world
        .run(&["submit", "listings.csv", "--progress", "json"])
        .expect(0);
    let lines = run.stderr.lines().filter(|line| line.starts_with('{'));
    let events: Vec<serde_json::Value> = lines
        .map(|line| {
            let line = serde_json::from_str(line).unwrap();
            check("progress", &line);
            line
        })
        .collect();
    assert!(events.len() > 3, "{}", run.stderr);
}
