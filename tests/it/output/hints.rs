//! Commands that people are shown work as they stand: they repeat what was typed.

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
