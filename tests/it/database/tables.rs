//! The tables: made once, by who may, and used by who knows them.

use super::{empty_log, lines, with_lines, world};
use crate::support::postgres;

#[test]
fn a_log_is_made_once_and_listed() {
    let Some(database) = postgres::database() else {
        return;
    };
    let world = world();
    let log = database.log("shop");
    let ended = world.run(&["status", &log]).expect(78);
    assert!(
        ended.stderr.contains("creativeai log init"),
        "{}",
        ended.stderr
    );
    let made = world.run(&["log", "init", &log, "--json"]).expect(0).json();
    assert_eq!(
        (&made["made"], &made["version_before"]),
        (&true.into(), &0.into())
    );
    let again = world.run(&["log", "init", &log, "--json"]).expect(0).json();
    assert_eq!(
        (&again["made"], &again["version_before"]),
        (&false.into(), &again["version"])
    );
    world.write("jobs.jsonl", lines([1]));
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
    let listed = world.run(&["log", "list", &log, "--json"]).expect(0).json();
    assert_eq!(listed["logs"].as_array().unwrap().len(), 1);
    assert_eq!(listed["logs"][0]["log"], "shop");
    assert_eq!(listed["logs"][0]["lines"], 2);
    assert_eq!(listed["logs"][0]["bytes"], lines([1]).len());
    let table = world.run(&["log", "list", &log]).expect(0).stdout;
    assert!(
        table.starts_with("LOG") && table.contains("shop"),
        "{table}"
    );
    world.run(&["log", "upgrade", &log]).expect(0);
}

#[test]
fn a_typing_error_makes_no_log_and_is_answered_with_the_nearest_name() {
    let Some(database) = postgres::database() else {
        return;
    };
    let world = world();
    world
        .run(&["log", "init", &database.log("harbor-homes")])
        .expect(0);
    world.write("jobs.jsonl", lines([1]));
    let typo = database.log("habor-homes");
    for command in [
        &["status", &typo][..],
        &["log", "copy", "jobs.jsonl", &typo],
    ] {
        let ended = world.run(command).expect(78);
        assert!(
            ended.stderr.contains("log=harbor-homes"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(
        database.sql("SELECT name FROM creativeai.logs"),
        "harbor-homes"
    );
}

#[test]
fn computers_that_make_the_tables_at_the_same_time_all_find_them() {
    let Some(database) = postgres::database() else {
        return;
    };
    let world = world();
    let log = database.log("shop");
    let started: Vec<_> = (0..4)
        .map(|_| world.start(&["log", "init", &log, "--json"]))
        .collect();
    let made: Vec<_> = started
        .into_iter()
        .map(|running| running.wait().expect(0).json()["made"] == true)
        .collect();
    assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
}

#[test]
fn statements_that_a_person_runs_make_the_same_tables() {
    let Some(database) = postgres::database() else {
        return;
    };
    let world = world();
    let log = format!("{}&schema=agency", database.log("shop"));
    let role = format!("writer_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    let shown = world
        .run(&["log", "init", &log, "--print-sql", "--grant-to", &role])
        .expect(0)
        .stdout;
    assert_eq!(
        database.sql("SELECT to_regclass('agency.logs') IS NULL"),
        "t"
    );
    database.sql(&shown);
    // The role may make its log, and needs no right to make tables.
    let log = format!("{}&schema=agency", database.address(&role, "shop"));
    let made = world.run(&["log", "init", &log, "--json"]).expect(0).json();
    assert_eq!(made["version_before"], made["version"]);
    world.write("jobs.jsonl", lines([1]));
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
}

#[test]
fn a_role_that_is_not_there_is_to_be_made() {
    let Some(database) = postgres::database() else {
        return;
    };
    let absent = format!("absent_{}", database.name);
    let run = world()
        .run(&["log", "init", &database.log("shop"), "--grant-to", &absent])
        .expect(78);
    assert!(run.stderr.contains("CREATE ROLE"), "{}", run.stderr);
}

#[test]
fn a_role_that_reads_cannot_write() {
    let Some(database) = postgres::database() else {
        return;
    };
    let world = world();
    let role = format!("reader_{}", database.name);
    let outsider = format!("outsider_{}", database.name);
    database.sql(&format!(
        "CREATE ROLE {role} LOGIN; CREATE ROLE {outsider} LOGIN"
    ));
    let log = database.log("shop");
    world
        .run(&["log", "init", &log, "--grant-to", &role, "--read-only"])
        .expect(0);
    world.write("jobs.jsonl", lines([2]));
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
    let reader = database.address(&role, "shop");
    let status = world.run(&["status", &reader, "--json"]).expect(0).json();
    assert_eq!(status.as_array().unwrap().len(), 1);
    world.write("more.jsonl", lines([3]));
    let ended = world
        .run(&["log", "copy", "more.jsonl", &reader])
        .expect(78);
    assert!(ended.stderr.contains("--grant-to"), "{}", ended.stderr);
    world
        .run(&["status", &database.address(&outsider, "shop")])
        .expect(78);
    assert_eq!(database.sql("SELECT count(*) FROM creativeai.lines"), "3");
}

#[test]
fn a_program_that_is_too_old_for_the_tables_touches_nothing() {
    let Some(database) = postgres::database() else {
        return;
    };
    let world = world();
    let log = database.log("shop");
    world.run(&["log", "init", &log]).expect(0);
    world.write("jobs.jsonl", lines([1]));
    let newer = "INSERT INTO creativeai.migrations (version, name, minimum_reader, minimum_writer)";
    database.sql(&format!("{newer} VALUES (90, 'later', 1, 90)"));
    world.run(&["status", &log]).expect(0);
    let ended = world.run(&["log", "copy", "jobs.jsonl", &log]).expect(78);
    assert!(ended.stderr.contains("version 90"), "{}", ended.stderr);
    database.sql(&format!("{newer} VALUES (91, 'later still', 91, 91)"));
    for command in [&["status", &log][..], &["log", "list", &log]] {
        let ended = world.run(command).expect(78);
        assert!(
            ended.stderr.contains("newer creativeai"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(database.sql("SELECT count(*) FROM creativeai.lines"), "0");
}

#[test]
fn a_database_that_cannot_hold_every_text_is_refused_before_anything_is_made() {
    let Some(server) = postgres::server() else {
        return;
    };
    let address = |name: &str| {
        format!(
            "postgres://postgres@/{name}?host={}",
            server.folder().display()
        )
    };
    for (name, encoding, code) in [("latin", "LATIN1", 78), ("ascii", "SQL_ASCII", 0)] {
        server.sql(
            "postgres",
            &format!("CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'"),
        );
        let ended = world().run(&["log", "init", &address(name)]).expect(code);
        let is_named = ended.stderr.contains("encoding");
        assert_eq!(is_named, code != 0, "{}", ended.stderr);
    }
}

#[test]
fn a_log_under_two_spellings_is_not_copied_into_itself() {
    let Some((_database, log)) = with_lines(&lines(1..4)) else {
        return;
    };
    let other = log.replacen("postgres://", "postgresql://", 1);
    let ended = world().run(&["log", "copy", &log, &other]).expect(2);
    assert!(ended.stderr.contains("same log"), "{}", ended.stderr);
}

#[test]
fn a_table_that_is_gone_is_called_gone() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    database.sql("ALTER TABLE creativeai.lines RENAME TO elsewhere");
    let ended = world().run(&["status", &log]).expect(78);
    assert!(ended.stderr.contains("tables are gone"), "{}", ended.stderr);
}
