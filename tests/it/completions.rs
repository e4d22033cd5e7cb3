//! Completions: what a shell offers at a key.

#![cfg(unix)]

use crate::support::{Server, World, listings};

/// What bash offers for a line that is typed so far.
fn offered(world: &World, words: &[&str]) -> Vec<String> {
    let script = r#"
        shopt -s expand_aliases
        creativeai() { "$PROGRAM" "$@"; }
        source <("$PROGRAM" completions bash)
        how=$(complete -p creativeai)
        function=${how#*-F }
        function=${function%% *}
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        "$function" creativeai "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut command = world.command("bash", &["-c", script, "bash"]);
    command
        .args(words)
        .env("PROGRAM", crate::support::world::PROGRAM);
    let run = crate::support::Running::of(command).wait().expect(0);
    assert_eq!(run.stderr, "");
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_offers_the_listings_of_the_log_where_one_is_expected() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let sheet = listings(3) + "LST 7 (a),https://x.example/7.jpg,pan\n";
    world.write("listings.csv", sheet);
    world
        .run(&["submit", "listings.csv", "--jobs", "x.jsonl"])
        .expect(0);
    let status = ["creativeai", "status", "x.jsonl", "--id"];
    let all = offered(&world, &[&status[..], &[""]].concat());
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(all.iter().any(|id| id == r"LST\ 7\ \(a\)"), "{all:?}");
    let resolve = ["creativeai", "resolve", "--jobs", "x.jsonl"];
    assert_eq!(
        offered(&world, &[&resolve[..], &[all[3].as_str()]].concat()),
        [all[3].clone()]
    );
    // The usual log does not exist, so only options are offered.
    let usual = offered(&world, &["creativeai", "status", "--id", "LST"]);
    assert!(
        !usual.iter().any(|word| word.starts_with("LST")),
        "{usual:?}"
    );
    let options = offered(&world, &["creativeai", "status", "--su"]);
    assert_eq!(options, ["--summary"]);
    let commands = offered(&world, &["creativeai", "rec"]);
    assert_eq!(commands, ["reconcile"]);
}

#[test]
fn names_are_asked_for_without_a_word_on_any_failure_of_the_settings() {
    let world = World::new();
    world.write("creativeai.toml", "nonsense = 1\n");
    let run = world.run(&["completions", "--ids=", "--", "status", "--id"]);
    assert_eq!(run.stdout, "");
    let run = world.run(&["completions"]).expect(2);
    assert!(run.stderr.contains("SHELL"), "{}", run.stderr);
}
