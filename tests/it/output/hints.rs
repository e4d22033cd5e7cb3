//! Commands that people are shown work as they stand: they repeat what was typed.

use serde_json::json;

use crate::support::lines::{A, line, rendering, submitting};
use crate::support::{Server, World, listings};

/// The commands in backticks, without their first word.
fn advised(text: &str) -> Vec<String> {
    let parts = text.split('`').skip(1).step_by(2);
    let commands = parts.filter_map(|part| part.strip_prefix("creativeai "));
    commands.map(|command| command.replace('\n', " ")).collect()
}

#[test]
fn an_advised_command_repeats_what_was_typed() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.write("other.toml", "[profile.acme]\njobs = \"acme.jsonl\"\n");
    let other = ["--config", "other.toml", "--profile", "acme"];
    for (args, code, expected) in [
        (
            &["status", "x.jsonl", "--id", "LST-9"][..],
            2,
            "status x.jsonl",
        ),
        (&["help", "submt"], 2, "help submit"),
    ] {
        world
            .run(&["submit", "listings.csv", "--jobs", "x.jsonl"])
            .expect(0);
        let typed: Vec<&str> = args.iter().copied().chain(other).collect();
        let run = world.run(&typed).expect(code);
        let commands = advised(&run.stderr);
        let is_help = expected.starts_with("help");
        let expected = if is_help {
            expected.to_owned()
        } else {
            format!("{expected} --config other.toml --profile acme")
        };
        assert_eq!(commands, [expected], "{args:?}: {}", run.stderr);
        if !is_help {
            let words: Vec<&str> = commands[0].split(' ').collect();
            world.run(&words).expect(0);
        }
    }
}

#[test]
fn a_summary_repeats_it_too() {
    let world = World::new();
    world.write("listings.csv", listings(1));
    world.write("mine.toml", "");
    let submit = [
        "submit",
        "listings.csv",
        "--sandbox",
        "--jobs",
        "x.jsonl",
        "--config",
        "mine.toml",
    ];
    world.run(&submit).expect(0);
    let status = ["status", "x.jsonl", "--sandbox", "--config", "mine.toml"];
    let shown = world.run(&status).expect(0).stdout;
    let next = "creativeai reconcile x.jsonl --wait --config mine.toml --sandbox";
    assert!(shown.contains(next), "{shown}");
    let words: Vec<&str> = next.split(' ').skip(1).collect();
    world.run(&words).expect(0);
}

#[test]
fn a_run_after_which_clips_have_failed_names_the_next_step() {
    let failed = |id: &str| {
        let end = json!({ "generation_id": id, "error": "too dark" });
        rendering(A, id) + &*line(2, A, "failed", end)
    };
    let world = World::new();
    world.write("jobs.jsonl", failed("vgen_1"));
    let run = world.run(&["reconcile"]).expect(1);
    let next = "next: creativeai retry --failed\n";
    assert!(run.stderr.contains(next), "{}", run.stderr);
    // What was refused is corrected first.
    let world = World::new();
    let refused = json!({ "error": "too dark", "http_status": 418 });
    world.write(
        "jobs.jsonl",
        submitting(A) + &*line(2, A, "submit_failed", refused),
    );
    let run = world.run(&["reconcile"]).expect(1);
    assert!(
        run.stderr.contains("next: creativeai status\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_follows_replay_is_no_log_and_may_not_be_empty() {
    let world = World::new();
    world.write("jobs.jsonl", rendering(A, "vgen_1"));
    std::fs::create_dir(world.path("captures")).unwrap();
    let run = world.run(&["reconcile", "--replay", "captures"]).expect(0);
    assert!(
        run.stderr.contains("no capture was found"),
        "{}",
        run.stderr
    );
    let misplaced = ["reconcile", "--replay", "captures", "jobs.jsonl"];
    let run = world.run(&misplaced).expect(2);
    assert!(
        run.stderr.contains("jobs.jsonl is a job log"),
        "{}",
        run.stderr
    );
}
