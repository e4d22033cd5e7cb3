//! A claim is for ever, and lets a request be sent only shortly after it was made.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{empty_log, silence_runs};
use crate::support::lines::line;
use crate::support::processes::eventually;
use crate::support::proxy::Proxy;
use crate::support::{Gate, Phase, Running, Server, Step, World, listings};

/// Longer than a claim lets a request be sent.
const TOO_LONG: Duration = Duration::from_millis(10_500);

const SUBMIT: [&str; 3] = ["submit", "listings.csv", "--json"];

/// Stops a run, as when its computer sleeps, or lets it go on.
fn signal(run: &Running, signal: Signal) {
    let pid = Pid::from_raw(run.id().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn computer(server: &Server, log: &str, count: usize) -> World {
    let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", listings(count));
    world
}

#[test]
fn a_claim_that_was_confirmed_too_late_is_given_up_unsent() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let proxy = Proxy::before(database.server.folder());
    let world = computer(&server, &proxy.log(&database, "shop"), 1);
    let (reached, let_go) = proxy.hold_next();
    let run = world.start(&SUBMIT);
    reached.wait();
    std::thread::sleep(TOO_LONG);
    let_go.open();
    let ended = run.wait().expect(75);
    assert!(ended.stderr.contains("held up"), "{}", ended.stderr);
    assert_eq!(server.posts().len(), 0);
    // The log says that nothing was sent, so the next run sends it, as another attempt.
    let job = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(job[0]["status"], "submit_failed");
    computer(&server, &log, 1).run(&SUBMIT).expect(0);
    assert_eq!(server.bills().len(), 1);
}

#[test]
fn a_computer_that_slept_past_its_heartbeat_does_not_send_what_a_person_has_given_up() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let proxy = Proxy::before(database.server.folder());
    let sleeper = computer(&server, &proxy.log(&database, "shop"), 1);
    let (reached, let_go) = proxy.hold_next();
    let run = sleeper.start(&SUBMIT);
    reached.wait();
    signal(&run, Signal::STOP);
    let person = computer(&server, &log, 1);
    // As long as it is heard of, nothing is decided about it.
    let job = person.run(&["status", "--json"]).expect(0).json();
    let key = job[0]["job"].as_str().unwrap();
    let resolve = ["resolve", key, "--not-accepted"];
    let ended = person.run(&resolve).expect(75);
    assert!(
        ended.stderr.contains("is being sent by"),
        "{}",
        ended.stderr
    );
    silence_runs(&database);
    person.run(&resolve).expect(0);
    person.run(&["retry", "--failed"]).expect(0);
    assert_eq!(server.bills().len(), 1);
    std::thread::sleep(TOO_LONG);
    let_go.open();
    signal(&run, Signal::CONT);
    let ended = run.wait();
    assert_eq!(server.bills().len(), 1, "{}", ended.stderr);
    // What it would have said about its claim is not said: that is someone else's by now.
    let never_sent = "SELECT count(*) FROM creativeai.lines WHERE status = 'submit_failed'";
    assert_eq!(database.sql(never_sent), "0");
}

#[test]
fn what_another_computer_is_sending_is_neither_in_doubt_nor_settled() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    let sender = computer(&server, &log, 1);
    let run = sender.start(&SUBMIT);
    server.wait_for_posts(1);
    let other = computer(&server, &log, 1);
    let status = other.run(&["status"]).expect(0);
    let host = database.sql("SELECT host FROM creativeai.runs");
    let words = format!("being sent by {host}");
    assert!(status.stdout.contains(&words), "{}", status.stdout);
    let summary = other.run(&["status", "--summary", "--json"]).expect(0);
    let summary = summary.json();
    assert_eq!(
        (&summary["unknown"], &summary["being_sent"]),
        (&0.into(), &1.into())
    );
    let runs = other.run(&["status", "--runs", "--json"]).expect(0).json();
    assert_eq!(
        (&runs[0]["command"], &runs[0]["alive"]),
        (&"submit".into(), &true.into())
    );
    let shown = other.run(&["status", "--runs"]).expect(0);
    assert!(shown.stdout.contains("submit"), "{}", shown.stdout);
    // It is skipped, and no one is asked about it.
    let skipped = other.run(&SUBMIT).expect(0).json();
    assert_eq!(skipped["skipped"], 1);
    let ended = other.run(&["retry", "--unknown", "--yes"]).expect(75);
    for words in ["it is being sent by ", "run the same command again"] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    assert_eq!(server.posts().len(), 1);
    // Not heard of for long, it is in doubt as in a file.
    signal(&run, Signal::STOP);
    silence_runs(&database);
    let runs = other.run(&["status", "--runs", "--json"]).expect(0).json();
    assert_eq!(runs[0]["alive"], false);
    let job = other.run(&["status", "--json"]).expect(0).json();
    assert_eq!(job[0]["status"], "unknown");
    other.run(&SUBMIT).expect(3);
    assert_eq!(server.posts().len(), 1);
    gate.open();
    signal(&run, Signal::CONT);
    run.wait().expect(0);
    let job = other.run(&["status", "--json"]).expect(0).json();
    assert_eq!(job[0]["status"], "pending");
}

#[test]
fn a_computer_that_was_killed_leaves_its_orders_in_doubt_and_they_are_not_sent_again() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |post| {
        if post.number < 3 {
            Step::accept().held_at(Phase::Billed, &held)
        } else {
            Step::accept()
        }
    });
    let killed = computer(&server, &log, 10);
    let run = killed.start(&SUBMIT);
    server.wait_for_posts(3);
    run.kill();
    gate.open();
    // At once: the dead one is still heard of.
    let other = computer(&server, &log, 10);
    let summary = other.run(&SUBMIT).expect(0).json();
    assert_eq!(
        (&summary["submitted"], &summary["skipped"]),
        (&7.into(), &3.into())
    );
    silence_runs(&database);
    let summary = other.run(&SUBMIT).expect(3).json();
    assert_eq!(summary["unknown"], 3, "{summary}");
    assert_eq!(server.bills().len(), 10);
    // Two persons have them sent again at the same time: once each.
    let third = computer(&server, &log, 10);
    let retry = ["retry", "--unknown", "--yes"];
    let runs = [other.start(&retry), third.start(&retry)];
    for run in runs {
        let ended = run.wait();
        assert!([0, 75].contains(&ended.code()), "{}", ended.stderr);
    }
    assert_eq!(server.bills().len(), 13);
}

#[test]
fn a_late_refusal_does_not_settle_what_was_sent_again_meanwhile() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |post| {
        if post.number == 0 {
            Step::reply(400, r#"{"error":"no"}"#).held_at(Phase::Billed, &held)
        } else {
            // It may have been accepted.
            Step::close().billed()
        }
    });
    let first = computer(&server, &log, 1);
    let run = first.start(&SUBMIT);
    server.wait_for_posts(1);
    signal(&run, Signal::STOP);
    silence_runs(&database);
    let other = computer(&server, &log, 1);
    other.run(&["retry", "--unknown", "--yes"]).expect(3);
    assert_eq!(server.posts().len(), 2);
    gate.open();
    signal(&run, Signal::CONT);
    run.wait();
    // The first one was refused, and so says nothing of the second.
    let job = other.run(&["status", "--json"]).expect(0).json();
    assert_eq!(job[0]["status"], "unknown");
    other.run(&["retry", "--failed"]).expect(3);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_saved_refusal_that_is_outdated_is_left_out_and_that_is_said() {
    let Some((_, log)) = empty_log() else {
        return;
    };
    let server = Server::start(|_| Step::close().billed());
    let world = computer(&server, &log, 1);
    world.run(&SUBMIT).expect(3);
    world.run(&["retry", "--unknown", "--yes"]).expect(3);
    let job = world.run(&["status", "--json"]).expect(0).json();
    let job = job[0]["job"].as_str().unwrap();
    // What another computer had saved of the first request.
    let refused = line(
        3,
        job,
        "submit_failed",
        json!({ "http_status": 400, "error": "no" }),
    );
    world.write("saved", format!("RECOVER {refused}"));
    let ended = world.run(&["reconcile", "--recover", "saved"]).expect(3);
    for words in [
        "saved:1",
        "attempt 1, was sent again",
        "0 lines taken back",
        "1 left out",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status[0]["status"], "unknown");
}

#[test]
fn a_log_that_someone_keeps_locked_is_given_up_and_nothing_is_sent() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let computer = computer(&server, &log, 1);
    // As a person does who has begun something by hand, and has gone away.
    let mut person = database.session();
    person.run("BEGIN; SELECT FROM creativeai.logs FOR UPDATE");
    let briefly = [&SUBMIT[..], &["--database-wait", "0s"]].concat();
    let ended = computer.run(&briefly).expect(75);
    assert!(ended.stderr.contains("lock timeout"), "{}", ended.stderr);
    assert_eq!(server.connections(), 0);
    person.run("ROLLBACK");
    computer.run(&SUBMIT).expect(0);
    assert_eq!(server.bills().len(), 1);
}

#[test]
fn a_computer_that_sleeps_in_the_middle_of_a_transaction_holds_no_one_up() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::accepting();
    let proxy = Proxy::before(database.server.folder());
    let sleeper = computer(&server, &proxy.log(&database, "shop"), 2);
    let (reached, let_go) = proxy.hold_before_next();
    let run = sleeper.start(&SUBMIT);
    reached.wait();
    let other = computer(&server, &log, 2);
    let summary = other.run(&SUBMIT).expect(0).json();
    assert_eq!(summary["submitted"], 2);
    let_go.open();
    let summary = run.wait().expect(0).json();
    assert_eq!(summary["skipped"], 2);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn a_computer_that_is_heard_of_again_keeps_its_claim_although_it_was_in_doubt_before() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    let sender = computer(&server, &log, 1);
    let run = sender.start(&SUBMIT);
    server.wait_for_posts(1);
    // Its own heartbeat comes at no other time.
    signal(&run, Signal::STOP);
    silence_runs(&database);
    // A person sees a doubt, and has it sent again; the sender is heard of just before that.
    let mut session = database.session();
    session.run("BEGIN; SELECT FROM creativeai.logs FOR UPDATE");
    let person = computer(&server, &log, 1);
    let retry = person.start(&["retry", "--unknown", "--yes"]);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    eventually("the retry waits", || database.sql(waits) == "1");
    database.sql("UPDATE creativeai.runs SET seen_at = clock_timestamp()");
    session.run("ROLLBACK");
    let ended = retry.wait();
    assert!([3, 75].contains(&ended.code()), "{}", ended.stderr);
    assert_eq!(server.posts().len(), 1, "{}", ended.stderr);
    gate.open();
    signal(&run, Signal::CONT);
    run.wait().expect(0);
}

#[test]
fn a_run_that_waited_for_the_log_reads_it_anew_whatever_isolation_the_server_prefers() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    database.sql(&format!(
        "ALTER DATABASE {} SET default_transaction_isolation = 'repeatable read'",
        database.name
    ));
    let server = Server::accepting();
    let proxy = Proxy::before(database.server.folder());
    let first = computer(&server, &proxy.log(&database, "shop"), 1);
    let second = computer(&server, &log, 1);
    second.write("listings.csv", listings(1).replace("evening", "morning"));
    let (reached, let_go) = proxy.hold_before_next();
    let one = first.start(&SUBMIT);
    reached.wait();
    let other = second.start(&SUBMIT);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock'";
    eventually("the other run waits", || database.sql(waits) == "1");
    let_go.open();
    one.wait().expect(0);
    other.wait().expect(75);
    assert_eq!(server.bills().len(), 1);
}

#[test]
fn a_run_that_waits_while_an_old_dump_is_restored_puts_back_what_it_has_read() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let dump = database.server.dump(&database.name);
    let server = Server::accepting();
    computer(&server, &log, 1).run(&SUBMIT).expect(0);
    let mut lock = database.session();
    lock.run("BEGIN; SELECT * FROM creativeai.logs FOR UPDATE");
    let two = computer(&server, &log, 2);
    let run = two.start(&SUBMIT);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock'";
    eventually("the run waits", || database.sql(waits) == "1");
    signal(&run, Signal::STOP);
    lock.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    drop(lock);
    database.sql(&dump);
    signal(&run, Signal::CONT);
    assert_eq!(run.wait().expect(0).json()["submitted"], 1);
    let third = computer(&server, &log, 2);
    third.write("listings.csv", listings(2).replace("evening", "morning"));
    assert_eq!(third.run(&SUBMIT).expect(3).json()["changed"], 2);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn a_restore_that_leaves_a_connection_open_is_noticed_before_the_next_order() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let dump = database.server.dump(&database.name);
    let gate = Gate::default();
    let server = Server::start({
        let gate = gate.clone();
        move |post| match post.number {
            0 => Step::accept().held_at(Phase::Billed, &gate),
            _ => Step::accept(),
        }
    });
    let one = computer(&server, &log, 2);
    let run = one.start(&["submit", "listings.csv", "--json", "--concurrency", "1"]);
    server.wait_for_posts(1);
    database.sql(&dump);
    let other = computer(&server, &log, 2);
    let rows = listings(2).replace("evening", "morning");
    let second = rows.lines().enumerate().filter(|(n, _)| *n != 1);
    let second: String = second.map(|(_, line)| format!("{line}\n")).collect();
    other.write("listings.csv", second);
    other.run(&SUBMIT).expect(0);
    gate.open();
    run.wait().expect(75);
    assert_eq!(server.bills().len(), 2);
    let jobs = other.run(&["status", "--json"]).expect(0).json();
    assert_eq!(jobs.as_array().unwrap().len(), 2, "{jobs}");
}
