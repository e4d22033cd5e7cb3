//! Being asked to stop: what is in flight is waited for and logged; asked twice, it ends at once.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::processes::eventually;
use crate::support::world::PROGRAM;
use crate::support::{Gate, Phase, Running, Server, Step, World, listings};

fn send(signal: Signal, run: &Running) {
    let pid = Pid::from_raw(run.id().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Whether what is started here ignores a signal, as it does under `nohup`.
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map(|mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    mask.is_some_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
}

/// Thirty rows, and a server that holds every POST at `phase` until the gate opens.
fn world_with(gate: &Gate, phase: Phase) -> (World, Server) {
    let gate = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(phase, &gate));
    let world = World::facing(&server);
    world.write("listings.csv", listings(30));
    (world, server)
}

#[test]
fn the_first_signal_drains_what_is_in_flight_and_logs_it() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 143)] {
        if is_ignored(signal) {
            continue;
        }
        for phase in [Phase::Read, Phase::HalfReplied] {
            let gate = Gate::default();
            let (world, server) = world_with(&gate, phase);
            let mut run = world.start(&["submit", "listings.csv", "--concurrency", "3"]);
            server.wait_for_posts(3);
            send(signal, &run);
            run.wait_for_words("in flight");
            gate.open();
            let ended = run.wait().expect(code);
            assert_eq!(server.posts().len(), 3, "{}", ended.stderr);
            let log = world.log();
            assert_eq!(log.states(), ["pending"; 3], "{}", log.text);

            // The next run goes on where this one stopped.
            world.run(&["submit", "listings.csv"]).expect(0);
            assert_eq!(server.bills().len(), 30);
        }
    }
}

#[test]
fn the_second_signal_ends_it_at_once_and_what_was_in_flight_is_in_doubt() {
    for (first, second, code) in [
        (Signal::INT, Signal::INT, 130),
        (Signal::TERM, Signal::TERM, 143),
        (Signal::INT, Signal::TERM, 143),
    ] {
        let gate = Gate::default();
        let (world, server) = world_with(&gate, Phase::Billed);
        let mut run = world.start(&["submit", "listings.csv", "--concurrency", "3"]);
        server.wait_for_posts(3);
        send(first, &run);
        run.wait_for_words("in flight");
        send(second, &run);
        // No one has answered: it does not wait for that any more.
        let ended = run.wait().expect(code);
        gate.open();
        let doubt = "3 orders are in doubt, and may have been paid for";
        assert!(ended.stderr.contains(doubt), "{}", ended.stderr);
        let log = world.log();
        assert_eq!(log.states(), ["unknown"; 3], "{}", log.text);
        world.run(&["submit", "listings.csv"]).expect(3);
        assert_eq!(server.posts().len(), 30);
    }
}

#[test]
fn an_attempt_that_waits_after_a_refusal_is_given_up_and_is_the_next_runs() {
    let server = Server::scripted(vec![Step::reply(429, "").with("Retry-After", "3600")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let submit = ["submit", "listings.csv", "--concurrency", "1", "-v"];
    let mut run = world.start(&submit);
    run.wait_for_words("nothing is sent for");
    send(Signal::INT, &run);
    run.wait().expect(130);
    let log = world.log();
    assert_eq!(log.words(), ["submitting", "submit_failed"]);
    assert_eq!(log.job()["temporary"], true);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn a_signal_ends_the_waiting_for_clips_too() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let wait = ["submit", "listings.csv", "--wait", "--interval", "1h"];
    let run = world.start(&wait);
    eventually("both clips were asked for", || {
        world.log().states() == ["processing"; 2]
    });
    send(Signal::TERM, &run);
    run.wait().expect(143);
    assert_eq!(server.polls().len(), 2);
}

#[test]
fn a_signal_waits_for_no_answer_about_a_clip() {
    let server = Server::start(|_| Step::accept());
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let silent = Server::answering(|_| Step::silence());
    let url = silent.url();
    let run = world.start(&["reconcile", "--request-timeout", "1h", "--base-url", &url]);
    silent.wait_for_polls(1);
    send(Signal::TERM, &run);
    run.wait().expect(143);
    assert_eq!(world.log().states(), ["pending"]);
}

#[test]
fn a_reader_that_goes_away_does_no_harm() {
    for args in [
        &["submit", "listings.csv", "--json"][..],
        &["submit", "listings.csv", "--dry-run"],
        &["status", "--json"],
        &["status"],
        &["help", "log"],
        &["--help"],
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("listings.csv", listings(50));
        world
            .run(&["submit", "listings.csv", "--max-jobs", "40"])
            .expect(0);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = world.command(PROGRAM, args);
        command.stdout(Stdio::from(writer));
        Running::of(command).wait().expect(0);
        if args[0] == "submit" && !args.contains(&"--dry-run") {
            assert_eq!(world.log().count("pending"), 50);
        }
    }
}

#[test]
fn a_standard_error_that_goes_away_does_no_harm_either() {
    let server = Server::scripted(vec![Step::reply(422, "no")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(5));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = world.command(PROGRAM, &["submit", "listings.csv", "-v"]);
    command.stderr(Stdio::from(writer));
    Running::of(command).wait().expect(1);
    assert_eq!(world.log().count("pending"), 4);
}
