//! The database goes away while requests are in flight, or comes back with less than it had.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{assert_each_once, empty_log, world};
use crate::support::postgres::{Postgres, programs};
use crate::support::processes::eventually;
use crate::support::proxy::Proxy;
use crate::support::{Gate, Phase, Server, Step, World, listings, skip};

/// Files of the spool.
fn spooled(world: &World) -> Vec<PathBuf> {
    let folder = world.path("home/.local/state/creativeai/spool");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn ids(world: &World) -> usize {
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.filter(|job| job["generation_id"].is_string()).count()
}

fn computer(server: &Server, log: &str, count: usize) -> World {
    let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", listings(count));
    world
}

/// A vendor that answers once the gate is open.
fn slow() -> (Server, Gate) {
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    (server, gate)
}

#[test]
fn answers_are_kept_on_the_disk_until_the_database_is_back_and_nothing_new_is_sent() {
    let Some((database, _)) = empty_log() else {
        return;
    };
    let (server, gate) = slow();
    let proxy = Proxy::before(database.server.folder());
    let world = computer(&server, &proxy.log(&database, "shop"), 9);
    let run = world.start(&["submit", "listings.csv", "--database-wait", "90s"]);
    server.wait_for_posts(3);
    proxy.away();
    gate.open();
    eventually("three answers are kept", || {
        let files = spooled(&world);
        let text = files
            .first()
            .map(|file| std::fs::read_to_string(file).unwrap());
        text.is_some_and(|text| text.matches("generation_id").count() == 3)
    });
    let file = &spooled(&world)[0];
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(server.posts().len(), 3, "nothing new is sent");
    proxy.back();
    run.wait().expect(0);
    assert_each_once(&server, 9);
    assert_eq!(ids(&world), 9);
    assert_eq!(spooled(&world), [""; 0].map(PathBuf::from));
}

#[test]
fn what_could_not_be_written_is_named_and_taken_in_by_the_next_run() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let (server, gate) = slow();
    let proxy = Proxy::before(database.server.folder());
    let world = computer(&server, &proxy.log(&database, "shop"), 9);
    let run = world.start(&["submit", "listings.csv", "--database-wait", "1s"]);
    server.wait_for_posts(3);
    proxy.away();
    gate.open();
    let ended = run.wait().expect(75);
    assert_eq!(
        ended.stderr.matches("RECOVER {").count(),
        3,
        "{}",
        ended.stderr
    );
    let file = spooled(&world).remove(0);
    for words in [file.to_str().unwrap(), "; nothing more was sent"] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    assert!(
        !ended.stderr.contains("nothing was sent"),
        "{}",
        ended.stderr
    );
    assert_eq!(server.posts().len(), 3);
    // Another computer takes them in from a copy of the file.
    let other = computer(&server, &log, 9);
    std::fs::copy(&file, other.path("kept")).unwrap();
    other.run(&["reconcile", "--recover", "kept"]).expect(0);
    assert_eq!(ids(&other), 3);
    database.sql("DELETE FROM creativeai.lines WHERE generation_id IS NOT NULL");
    // And so does the next run on this one.
    proxy.back();
    let world = world.with_var("CREATIVEAI_JOBS", &log);
    // A reader names the file before anything that would be billed twice.
    for args in [&["status"][..], &["retry", "--unknown", "--dry-run"]] {
        let ended = world.run(args).expect(0);
        for words in [file.to_str().unwrap(), "`creativeai reconcile"] {
            assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        }
    }
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_each_once(&server, 9);
    assert_eq!(ids(&world), 9);
    assert_eq!(spooled(&world).len(), 0);
    let ended = world.run(&["status"]).expect(0);
    assert!(!ended.stderr.contains("keeps replies"), "{}", ended.stderr);
}

#[test]
fn a_server_that_has_lost_its_newest_lines_gets_them_back_before_anything_is_sent() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |post| {
        let step = Step::accept();
        if post.number == 2 {
            step.held_at(Phase::Billed, &held)
        } else {
            step
        }
    });
    let proxy = Proxy::before(database.server.folder());
    let world = computer(&server, &proxy.log(&database, "shop"), 5);
    let run = world.start(&["submit", "listings.csv", "--concurrency", "1"]);
    server.wait_for_posts(3);
    // As after a failover to a standby that was behind.
    proxy.away();
    database.sql("DELETE FROM creativeai.lines; DELETE FROM creativeai.claims");
    proxy.back();
    gate.open();
    run.wait().expect(0);
    assert_each_once(&server, 5);
    let count = |what: &str| database.sql(&format!("SELECT count(*) FROM creativeai.{what}"));
    assert_eq!(count("lines WHERE status = 'submitting'"), "5");
    assert_eq!(count("claims"), "5");
    // For another computer everything is as if nothing had happened.
    computer(&server, &log, 5)
        .run(&["submit", "listings.csv"])
        .expect(0);
    assert_eq!(server.posts().len(), 5);
}

#[test]
fn a_commit_that_no_standby_has_confirmed_sends_nothing() {
    let Some(programs) = programs() else {
        return skip("PostgreSQL is not installed (apt-get install postgresql)");
    };
    let postgres = Postgres::start(&programs, &[]);
    let log = format!(
        "postgres://postgres@/postgres?host={}&log=shop",
        postgres.folder().display()
    );
    world().run(&["log", "init", &log]).expect(0);
    let sql = |text: &str| postgres.sql("postgres", text);
    sql("ALTER SYSTEM SET synchronous_standby_names = 'nowhere'");
    sql("SELECT pg_reload_conf()");
    let server = Server::accepting();
    let world = computer(&server, &log, 2);
    let run = world.start(&["submit", "listings.csv"]);
    let waiting = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
                   WHERE wait_event = 'SyncRep'";
    let mut canceled = 0;
    eventually("commits wait for a standby", || {
        canceled += sql(waiting).parse::<u32>().unwrap();
        canceled >= 2
    });
    assert_eq!(server.posts().len(), 0);
    sql("ALTER SYSTEM RESET synchronous_standby_names");
    sql("SELECT pg_reload_conf()");
    run.wait().expect(0);
    assert_each_once(&server, 2);
}

#[test]
fn what_others_were_sending_is_not_in_doubt_where_the_database_stays_away() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let [first, rest] = [0, 1].map(|_| Gate::default());
    let held = (first.clone(), rest.clone());
    let server = Server::start(move |post| {
        let gate = if post.number == 0 { &held.0 } else { &held.1 };
        Step::accept().held_at(Phase::Billed, gate)
    });
    let proxy = Proxy::before(database.server.folder());
    let world = computer(&server, &proxy.log(&database, "shop"), 12);
    let run = world.start(&["submit", "listings.csv", "--database-wait", "1s"]);
    server.wait_for_posts(3);
    let other = computer(&server, &log, 12);
    let of_other = other.start(&["submit", "listings.csv"]);
    server.wait_for_posts(6);
    first.open();
    server.wait_for_posts(7);
    proxy.away();
    rest.open();
    let ended = run.wait().expect(75);
    assert!(
        !ended.stderr.contains("outcome unknown"),
        "{}",
        ended.stderr
    );
    of_other.wait();
}

#[test]
fn answers_that_another_user_keeps_are_named_and_not_paid_for_again() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let (server, gate) = slow();
    let role = format!("keeper_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    world()
        .run(&["log", "init", &log, "--grant-to", &role])
        .expect(0);
    let cron = computer(&server, &database.address(&role, "shop"), 3);
    let run = cron.start(&["submit", "listings.csv"]);
    server.wait_for_posts(3);
    database.sql(&format!("REVOKE INSERT ON creativeai.lines FROM {role}"));
    gate.open();
    run.wait().expect(78);
    let file = spooled(&cron).remove(0);
    let person = computer(&server, &log, 3);
    let status = person.run(&["status"]).expect(0);
    let retry = person.run(&["retry", "--unknown", "--yes"]).expect(75);
    for text in [status.stdout, retry.stderr] {
        assert!(text.contains(file.to_str().unwrap()), "{text}");
    }
    assert_eq!(server.posts().len(), 3);
    database.sql(&format!("GRANT INSERT ON creativeai.lines TO {role}"));
    cron.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(ids(&person), 3);
    let kept = "SELECT count(*) FROM creativeai.runs WHERE kept IS NOT NULL";
    assert_eq!(database.sql(kept), "0");
    person.run(&["retry", "--unknown", "--yes"]).expect(0);
    assert_eq!(server.posts().len(), 3);
}
