//! Help texts, word for word.

use crate::support::World;
use crate::support::transcript::recorded;

/// All of them.
pub const COMMANDS: [&str; 21] = [
    "submit",
    "reconcile",
    "retry",
    "run",
    "resolve",
    "rename",
    "status",
    "report",
    "download",
    "review",
    "publish",
    "listen",
    "sandbox",
    "compact",
    "log",
    "check",
    "init",
    "config",
    "completions",
    "man",
    "help",
];

#[test]
fn the_program_explains_itself() {
    let help = recorded("help", &World::new(), &["--help"]).expect(0);
    for command in COMMANDS {
        assert!(
            help.stdout.contains(&format!("\n  {command} ")),
            "{command}"
        );
    }
}

#[test]
fn every_command_opens_with_a_sentence_and_ends_with_examples() {
    let world = World::new();
    for command in COMMANDS {
        let help = recorded(&format!("help-{command}"), &world, &[command, "--help"]).expect(0);
        let first = help.stdout.lines().next().unwrap();
        assert!(first.contains(' ') && !first.contains("Usage"), "{first}");
        let (_, examples) = help.stdout.split_once("\nExamples:\n").unwrap();
        assert!((2..=4).contains(&examples.lines().count()), "{examples}");
        for line in examples.lines() {
            assert!(line.starts_with("  creativeai "), "{line}");
        }
        // The two ways to ask have one answer, but for the log: its format is the topic.
        if command == "log" {
            continue;
        }
        let again = world.run(&["help", command]).expect(0);
        assert_eq!(again.stdout, help.stdout, "{command}");
    }
}

#[test]
fn the_formats_and_codes_are_explained() {
    let world = World::new();
    recorded("help-topic-log", &world, &["help", "log"]).expect(0);
    recorded("help-topic-exit-codes", &world, &["help", "exit-codes"]).expect(0);
}

#[test]
fn no_line_of_help_is_wider_than_a_page() {
    let world = World::new();
    for command in COMMANDS {
        for line in world.run(&[command, "--help"]).stdout.lines() {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
    }
    for topic in ["log", "exit-codes", "environment"] {
        for line in world.run(&["help", topic]).stdout.lines() {
            assert!(line.chars().count() <= 90, "{topic}: {line}");
        }
    }
}

#[test]
fn a_topic_that_is_none_is_reported_with_the_nearest() {
    recorded("error-help-topic", &World::new(), &["help", "exit-code"]).expect(2);
    recorded("error-help-unknown", &World::new(), &["help", "weather"]).expect(2);
}
