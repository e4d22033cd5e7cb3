//! A primary is killed, and a standby that has lost the last commits takes its place.

use super::{assert_each_once, world};
use crate::support::delivery::Delivery;
use crate::support::postgres::{Postgres, programs};
use crate::support::processes::Process;
use crate::support::proxy::Proxy;
use crate::support::{Gate, Phase, Server, Step, World, listings, skip};

/// A primary and its standby, and what leads to the one of them that is in use.
struct Pair {
    primary: Postgres,
    standby: Postgres,
    proxy: Proxy,
}

impl Pair {
    /// With an empty log.
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let primary = Postgres::start(&programs, &[]);
        let proxy = Proxy::before(primary.folder());
        let log = proxy.address("postgres", "shop");
        world().run(&["log", "init", &log]).expect(0);
        let standby = primary.standby();
        Some(Self {
            primary,
            standby,
            proxy,
        })
    }

    /// What is committed from now on is lost.
    fn fall_behind(&self) {
        self.primary.wait_for_standby(&self.standby);
        self.standby.cut_off();
    }

    fn fail_over(&mut self) {
        self.primary.kill();
        self.standby.promote();
        self.proxy.lead_to(self.standby.folder());
    }

    fn computer(&self, server: &Server, count: usize) -> World {
        let log = self.proxy.address("postgres", "shop");
        let world = World::facing(server).with_var("CREATIVEAI_JOBS", &log);
        world.write("listings.csv", listings(count));
        world
    }

    fn claims(&self) -> String {
        let count = "SELECT count(*) FROM creativeai.claims";
        self.standby.sql("postgres", count)
    }
}

#[test]
fn no_one_claims_anything_before_a_computer_at_work_has_put_back_what_the_new_server_lacks() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let gates = [Gate::default(), Gate::default()];
    let held = gates.clone();
    let server = Server::start(move |post| match post.number {
        0 => Step::accept().held_at(Phase::Billed, &held[0]),
        2 => Step::accept().held_at(Phase::Billed, &held[1]),
        _ => Step::accept(),
    });
    let first = pair.computer(&server, 5);
    let run = first.start(&["submit", "listings.csv", "--concurrency", "1"]);
    server.wait_for_posts(1);
    pair.fall_behind();
    gates[0].open();
    // Two more claims that the standby never hears of.
    server.wait_for_posts(3);
    pair.fail_over();
    assert_eq!(pair.claims(), "1");
    // This computer has never seen them either.
    let second = pair.computer(&server, 5);
    let ended = second.run(&["submit", "listings.csv"]);
    assert_each_once(&server, 5);
    ended.expect(0);
    gates[1].open();
    run.wait().expect(0);
    assert_each_once(&server, 5);
    assert_eq!(pair.claims(), "5");
    let jobs = second.run(&["status", "--json"]).expect(0).json();
    let jobs = jobs.as_array().unwrap();
    assert!(
        jobs.iter().all(|job| job["status"] == "pending"),
        "{jobs:?}"
    );
}

#[test]
fn what_a_promoted_standby_has_lost_is_put_back_from_a_mirror_before_the_next_order() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let server = Server::accepting();
    let world = pair.computer(&server, 4);
    let submit = ["submit", "listings.csv"];
    world
        .run(&[&submit[..], &["--max-jobs", "1"]].concat())
        .expect(0);
    pair.fall_behind();
    world
        .run(&[&submit[..], &["--max-jobs", "2"]].concat())
        .expect(0);
    world.run(&["status"]).expect(0);
    pair.fail_over();
    assert_eq!(pair.claims(), "1");
    let status = world.run(&["status"]).expect(0);
    assert!(status.stderr.contains("log copy"), "{}", status.stderr);
    world.run(&submit).expect(0);
    assert_each_once(&server, 4);
    assert_eq!(pair.claims(), "4");
    let status = world.run(&["status"]).expect(0);
    assert!(!status.stderr.contains("log copy"), "{}", status.stderr);
}

#[test]
fn a_receiver_puts_back_what_it_knows_of_before_it_writes_to_the_new_server() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let server = Server::accepting();
    let world = pair.computer(&server, 2);
    pair.fall_behind();
    world.run(&["submit", "listings.csv"]).expect(0);
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let id = jobs[0]["generation_id"].as_str().unwrap();
    // It has read the log, and written nothing itself.
    let receiving = pair.computer(&server, 0);
    let log = pair.proxy.address("postgres", "shop");
    let receiver = Process::listen(&receiving, &["--jobs", &log]);
    pair.fail_over();
    assert_eq!(pair.claims(), "0");
    assert_eq!(receiver.deliver(&Delivery::completed(id)), 200);
    assert_eq!(pair.claims(), "2");
    let other = pair.computer(&server, 2);
    let jobs = other.run(&["status", "--json"]).expect(0).json();
    assert_eq!(jobs.as_array().unwrap().len(), 2);
    other.run(&["submit", "listings.csv"]).expect(0);
    assert_each_once(&server, 2);
    receiver.stop().expect(143);
}

#[test]
fn a_standby_may_be_promoted_and_is_read_until_then() {
    let Some(mut pair) = Pair::start() else {
        return;
    };
    let server = Server::accepting();
    let computer = pair.computer(&server, 2);
    pair.primary.wait_for_standby(&pair.standby);
    pair.proxy.lead_to(pair.standby.folder());
    let log = pair.proxy.address("postgres", "shop");
    for read in [&["status"][..], &["log", "captures", &log]] {
        computer.run(read).expect(0);
    }
    let submit = ["submit", "listings.csv"];
    let briefly = [&submit[..], &["--database-wait", "0s"]].concat();
    let ended = computer.run(&briefly).expect(75);
    let next = "target_session_attrs=read-write";
    assert!(ended.stderr.contains(next), "{}", ended.stderr);
    assert_eq!(server.posts().len(), 0);
    pair.fail_over();
    computer.run(&submit).expect(0);
    assert_each_once(&server, 2);
}
