//! A terminal that stands still, a log in use, a process that was stopped: they cost time or
//! messages, and never a clear outcome.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::world::PROGRAM;
use crate::support::{Gate, Phase, Running, Server, Step, World, listings, rows};

/// Rows whose refusals say more than any pipe holds that is not read.
const MANY: usize = 400;

fn send(signal: Signal, run: &Running) {
    let pid = Pid::from_raw(run.id().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// A server that refuses every row at length.
fn talkative() -> Server {
    let why = format!(r#"{{"error":"{}"}}"#, "the photo is too dark ".repeat(20));
    Server::start(move |_| Step::reply(422, why.clone()))
}

fn submit_to(command: &mut Command, server: &Server, mut reader: impl Read) -> (i32, String) {
    let mut child = command.spawn().unwrap();
    // No one reads, and everything is sent all the same.
    server.wait_for_posts(MANY);
    // What holds the other end open goes with the command.
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let mut seen = Vec::new();
    // A terminal that no one holds any more is an error to its reader.
    let _ = reader.read_to_end(&mut seen);
    let code = child.wait().unwrap().code().unwrap();
    (code, String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn a_standard_error_that_no_one_reads_keeps_no_order_waiting() {
    let server = talkative();
    let world = World::facing(&server);
    world.write("listings.csv", listings(MANY));
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = world.command(PROGRAM, &["submit", "listings.csv", "-v"]);
    command.stderr(writer);
    let (code, seen) = submit_to(&mut command, &server, reader);
    assert_eq!(code, 1, "{seen}");
    // The end is reported once someone reads.
    assert!(
        seen.lines().any(|line| line.starts_with("submit:")),
        "{seen}"
    );
    assert_eq!(world.log().count("submit_failed"), MANY);
}

#[test]
fn a_terminal_that_stands_still_keeps_no_order_waiting() {
    let server = talkative();
    let world = World::facing(&server);
    world.write("listings.csv", listings(MANY));
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let mut options = File::options();
    let slave = options.read(true).write(true).open(name.to_str().unwrap());
    let mut command = world.command(PROGRAM, &["submit", "listings.csv"]);
    command.env("TERM", "xterm-256color").stderr(slave.unwrap());
    let (code, seen) = submit_to(&mut command, &server, File::from(master));
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("the photo is too dark"), "{seen}");
    assert_eq!(world.log().count("submit_failed"), MANY);
}

#[test]
fn a_standard_error_that_no_one_ever_reads_does_not_keep_the_process() {
    let server = talkative();
    let world = World::facing(&server);
    world.write("listings.csv", listings(MANY));
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = world.command(PROGRAM, &["submit", "listings.csv", "--json"]);
    command.stderr(writer);
    let ended = Running::of(command).wait();
    assert_eq!(ended.code(), 1);
    // Data is delivered in full.
    assert_eq!(ended.json()["submit_failed"], MANY);
    drop(reader);
}

/// A submit that holds the log until the gate opens.
fn holder(gate: &Gate) -> (World, Server, Running) {
    let server = Server::start({
        let gate = gate.clone();
        move |_| Step::accept().held_at(Phase::Read, &gate)
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.write("more.csv", rows([2]));
    let first = world.start(&["submit", "listings.csv"]);
    server.wait_for_posts(1);
    (world, server, first)
}

#[test]
fn a_signal_ends_the_waiting_for_a_log_in_use() {
    let gate = Gate::default();
    let (world, server, first) = holder(&gate);
    let log = world.log().text;
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for args in [
            &["submit", "more.csv"][..],
            &["reconcile"],
            &["download"],
            &["publish", "--exec", "true"],
        ] {
            let args = [args, &["--lock-wait", "10m"]].concat();
            let mut run = world.start(&args);
            run.wait_for_words("waiting for it");
            send(signal, &run);
            let ended = run.wait().expect(code);
            assert!(
                ended.stderr.contains("nothing was sent"),
                "{}",
                ended.stderr
            );
        }
    }
    assert_eq!(world.log().text, log);
    gate.open();
    first.wait().expect(0);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn the_time_out_of_a_run_ends_the_waiting_for_a_log_in_use() {
    let gate = Gate::default();
    let (world, server, first) = holder(&gate);
    for args in [
        &["submit", "more.csv"][..],
        &["retry", "--failed", "--yes"],
        &["reconcile"],
        &["download"],
        &["publish", "--exec", "true"],
    ] {
        let limits = ["--lock-wait", "10m", "--timeout", "50ms"];
        let ended = world.run(&[args, &limits].concat()).expect(75);
        assert!(ended.stderr.contains("--timeout"), "{}", ended.stderr);
    }
    gate.open();
    first.wait().expect(0);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn under_nohup_a_run_outlives_its_terminal() {
    let gate = Gate::default();
    let server = Server::start({
        let gate = gate.clone();
        move |_| Step::accept().held_at(Phase::Read, &gate)
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(9));
    let line = r#"trap '' HUP; exec "$0" submit listings.csv --concurrency 3"#;
    let run = Running::of(world.command("sh", &["-c", line, PROGRAM]));
    server.wait_for_posts(3);
    send(Signal::HUP, &run);
    gate.open();
    run.wait().expect(0);
    assert_eq!(server.bills().len(), 9);
}

/// Returns once the process is in the state `state` of the system's process table.
#[cfg(target_os = "linux")]
fn wait_for_state(run: &Running, state: char) {
    let path = format!("/proc/{}/stat", run.id());
    let begun = std::time::Instant::now();
    loop {
        let stat = std::fs::read_to_string(&path).unwrap();
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        if rest.starts_with(state) {
            return;
        }
        assert!(begun.elapsed() < crate::support::gate::PATIENCE, "{stat}");
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn replies_that_came_while_the_process_was_stopped_are_used() {
    const AT_ONCE: usize = 8;
    let gate = Gate::default();
    let replied = std::sync::Arc::new(std::sync::Barrier::new(AT_ONCE + 1));
    let server = Server::start({
        let (gate, replied) = (gate.clone(), replied.clone());
        move |post| {
            let step = Step::accept();
            if post.number >= AT_ONCE {
                return step;
            }
            let replied = replied.clone();
            step.held_at(Phase::Billed, &gate)
                .at(Phase::Replied, move || {
                    replied.wait();
                })
        }
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(20));
    let time = std::time::Duration::from_secs(1);
    let args = ["submit", "listings.csv", "--concurrency", "8"];
    let run = world.start(&[&args[..], &["--request-timeout", "1s"]].concat());
    server.wait_for_posts(AT_ONCE);
    send(Signal::STOP, &run);
    wait_for_state(&run, 'T');
    gate.open();
    // Every reply stands in its socket now.
    replied.wait();
    // The clock of the system is what the time-out goes by, so it has to go on.
    std::thread::sleep(time * 2);
    send(Signal::CONT, &run);
    let ended = run.wait().expect(0);
    assert_eq!(world.log().count("pending"), 20, "{}", ended.stderr);
    assert_eq!(server.bills().len(), 20);
}
