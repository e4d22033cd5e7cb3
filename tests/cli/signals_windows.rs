//! Being asked to stop in a window of Windows: Ctrl-C, and the window that is closed. What is in
//! flight is waited for and logged.

use std::io::{Read, Write};

use conpty::Process;

use crate::support::world::PROGRAM;
use crate::support::{Gate, Phase, Server, Step, World, listings};

/// Thirty rows, and a server that holds every POST until the gate opens.
fn world_with(gate: &Gate) -> (World, Server) {
    let gate = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(Phase::Read, &gate));
    let world = World::facing(&server);
    world.write("listings.csv", listings(30));
    (world, server)
}

/// Submits in a console of its own.
fn submit_in_console(world: &World) -> Process {
    let submit = ["submit", "listings.csv", "--concurrency", "3"];
    Process::spawn(world.command(PROGRAM, &submit)).unwrap()
}

/// Reads what the console shows until the run says that it drains.
fn wait_until_it_drains(console: &mut impl Read) {
    let mut shown = Vec::new();
    let mut buffer = [0; 256];
    while !String::from_utf8_lossy(&shown).contains("in flight") {
        let count = console.read(&mut buffer).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&shown));
        shown.extend_from_slice(&buffer[..count]);
    }
}

fn three_were_ordered(world: &World, server: &Server) {
    assert_eq!(server.posts().len(), 3);
    let log = world.log();
    assert_eq!(log.states(), ["pending"; 3], "{}", log.text);
}

#[test]
fn ctrl_c_drains_what_is_in_flight_and_logs_it() {
    let gate = Gate::default();
    let (world, server) = world_with(&gate);
    let mut run = submit_in_console(&world);
    let mut console = run.output().unwrap();
    server.wait_for_posts(3);
    run.input().unwrap().write_all(b"\x03").unwrap();
    wait_until_it_drains(&mut console);
    gate.open();
    assert_eq!(run.wait(None).unwrap(), 130);
    three_were_ordered(&world, &server);
}

#[test]
fn a_closed_window_drains_too() {
    let gate = Gate::default();
    let (world, server) = world_with(&gate);
    let mut run = submit_in_console(&world);
    let mut console = run.output().unwrap();
    server.wait_for_posts(3);
    // Closing returns once the program has ended.
    let closing = std::thread::spawn(move || drop(run));
    wait_until_it_drains(&mut console);
    gate.open();
    closing.join().unwrap();
    world.run(&["status"]).expect(0);
    three_were_ordered(&world, &server);
}
