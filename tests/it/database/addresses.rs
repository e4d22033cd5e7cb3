//! An address is understood in full or refused, and its password is never shown.

use super::world;
use crate::support::{World, listings};

/// Every command that takes a log, with the log's place in it.
const COMMANDS: [&[&str]; 14] = [
    &["status", "LOG"],
    &["report", "LOG"],
    &["check", "--jobs", "LOG"],
    &["reconcile", "LOG"],
    &["retry", "LOG", "--failed"],
    &["download", "LOG"],
    &["publish", "LOG", "--exec", "true"],
    &["compact", "LOG"],
    &["resolve", "J", "--dismiss", "--jobs", "LOG"],
    &["listen", "--jobs", "LOG"],
    &["rename", "a", "b", "--jobs", "LOG"],
    &["log", "accept", "LOG"],
    &["submit", "listings.csv", "--jobs", "LOG"],
    &["run", "listings.csv", "--jobs", "LOG"],
];

fn with_log(command: &[&'static str], log: &str) -> Vec<String> {
    let word = |word: &&str| if *word == "LOG" { log } else { *word }.to_owned();
    command.iter().map(word).collect()
}

fn run(world: &World, command: &[String]) -> crate::support::Ended {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    world.run(&command)
}

#[test]
fn what_is_not_understood_is_refused_by_every_command_without_its_password() {
    let world = world();
    world.write("listings.csv", listings(1));
    let logs = [
        "postgres://me:secret@127.0.0.1:1/d?log=a",
        "postgres://me@127.0.0.1:1/d?log=a&pasword=secret",
        "mysql://me:secret@127.0.0.1:1/d",
        // A slip in the beginning makes no file.
        "postgres:/me:secret@127.0.0.1:1/d",
        "postgres//me:secret@127.0.0.1:1/d",
        "POSTGRESQL:/me:secret@127.0.0.1:1/d?log=a",
        "postgres:me:secret@127.0.0.1:1/d",
        "postgres:shop",
    ];
    let databases: [&[&str]; 5] = [
        &["log", "init", "LOG"],
        &["log", "list", "LOG"],
        &["log", "upgrade", "LOG"],
        &["log", "pause", "LOG"],
        &["log", "captures", "LOG"],
    ];
    for command in COMMANDS.into_iter().chain(databases) {
        for log in logs {
            let ended = run(&world, &with_log(command, log)).expect(78);
            let printed = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!printed.contains("secret"), "{command:?}: {printed}");
        }
    }
    let copies = [
        ["a.jsonl", logs[0]],
        [logs[2], "a.jsonl"],
        [logs[3], "a.jsonl"],
    ];
    for copy in copies {
        let ended = world.run(&["log", "copy", copy[0], copy[1]]).expect(78);
        assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    }
    assert_eq!(world.files(), ["listings.csv"], "nothing was made");
}

#[test]
fn a_wrong_command_line_shows_no_password_either() {
    let world = world();
    for json in [&["--json"][..], &[]] {
        for beginning in ["postgres://", "postgres:/", "Postgres//"] {
            let address = format!("{beginning}me:secret@h/d");
            let mut command = vec!["status", "jobs.jsonl", &address];
            command.extend(json);
            let ended = world.run(&command).expect(2);
            let printed = format!("{}{}", ended.stdout, ended.stderr);
            let shown = format!("{beginning}***");
            assert!(
                printed.contains(&shown) && !printed.contains("secret"),
                "{printed}"
            );
        }
    }
}

#[test]
fn variables_and_settings_are_looked_at_before_anything_is_done() {
    let log = "postgres://me@127.0.0.1:1/d?logs=a";
    let ended = world()
        .with_var("CREATIVEAI_JOBS", log)
        .run(&["status"])
        .expect(78);
    assert!(ended.stderr.contains("CREATIVEAI_JOBS"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("did you mean log?"),
        "{}",
        ended.stderr
    );
    for beginning in ["postgres://", "postgres:/"] {
        let world = world();
        let settings = format!("\njobs = \"{beginning}me:secret@h/d\"\n");
        world.write("creativeai.toml", settings);
        let ended = world.run(&["status"]).expect(78);
        assert!(
            ended.stderr.contains("creativeai.toml, line 2"),
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    }
}

#[test]
fn a_server_that_does_not_answer_is_a_matter_of_time() {
    let ended = world()
        .run(&["status", "postgres://me@127.0.0.1:1/d?log=a"])
        .expect(75);
    assert!(
        ended.stderr.contains("127.0.0.1, port 1"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_server_that_accepts_a_connection_and_says_nothing_is_not_waited_for_without_end() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let log = format!("postgres://me@127.0.0.1:{port}/d?log=a&connect_timeout=1");
    let ended = world().run(&["status", &log]).expect(75);
    let words = "no answer within 1s";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn a_rehearsal_takes_no_database_that_the_settings_name() {
    let world = world();
    world.write("listings.csv", listings(1));
    world.write(
        "creativeai.toml",
        "jobs = \"postgres://me@127.0.0.1:1/d\"\n",
    );
    world
        .run(&["submit", "listings.csv", "--sandbox"])
        .expect(0);
    assert!(world.files().contains(&"sandbox-jobs.jsonl".to_owned()));
}
