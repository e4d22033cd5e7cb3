//! What containers run is what the program takes. No container engine is needed for that.

use std::fs;

use super::root;
use crate::support::World;

/// The command lines in a file: JSON arrays behind `CMD`, `command:` or `args:`.
fn command_lines(file: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let array = |line: &str| {
        let rest = ["CMD ", "command: ", "args: "].iter().find_map(|word| {
            line.trim_start().strip_prefix("HEALTHCHECK ").map_or_else(
                || line.trim_start().strip_prefix(word),
                |health| health.split_once(word).map(|(_, rest)| rest),
            )
        })?;
        let words: Vec<String> = serde_json::from_str(rest).ok()?;
        let is_named = words[0] == "/creativeai";
        Some(words.into_iter().skip(usize::from(is_named)).collect())
    };
    text.lines().filter_map(array).collect()
}

#[test]
fn every_command_of_a_container_is_one_of_the_program() {
    let world = World::new();
    for (file, count) in [
        ("Dockerfile", 2),
        ("examples/deploy/compose.yaml", 3),
        ("examples/deploy/kubernetes.yaml", 2),
    ] {
        let commands = command_lines(file);
        assert_eq!(commands.len(), count, "{file}: {commands:?}");
        for words in commands {
            // Options are read up to this one, so that a wrong one is an error.
            let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
            args.push("--help");
            world.run(&args).expect(0);
        }
    }
}

/// What is left out of the build's context cannot be built from.
#[test]
fn the_image_is_built_from_all_that_the_manifest_names() {
    let ignored = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let kept: Vec<&str> = ignored
        .lines()
        .filter_map(|l| l.strip_prefix('!'))
        .collect();
    assert!(ignored.lines().any(|line| line == "*"));
    for name in &kept {
        assert!(root().join(name).exists(), "{name}");
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let named = ["path = \"", "readme = \""].iter().flat_map(|key| {
        let values = manifest.split(*key).skip(1);
        values.map(|rest| rest.split(['"', '/']).next().unwrap())
    });
    for first in named.chain([
        "Cargo.lock",
        "build.rs",
        "askama.toml",
        "benches",
        "examples",
    ]) {
        assert!(kept.contains(&first), "{first}");
    }
}
