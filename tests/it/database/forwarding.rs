//! What waits to be forwarded is in the database: a receiver that dies leaves it to the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use super::{empty_log, world};
use crate::support::delivery::Delivery;
use crate::support::postgres::Database;
use crate::support::processes::{Process, eventually};
use crate::support::proxy::Proxy;
use crate::support::{Gate, Phase, Request, Server, Step, World, listings};

/// Longer than a lease lets a request begin without another look.
const TOO_LONG: Duration = Duration::from_millis(10_500);

/// An address that answers with a code that can be changed.
struct Target {
    server: Server,
    code: Arc<AtomicU16>,
    url: String,
}

impl Target {
    fn answering(code: u16) -> Self {
        let code = Arc::new(AtomicU16::new(code));
        let current = Arc::clone(&code);
        let server = Server::start(move |_| Step::reply(current.load(Ordering::SeqCst), ""));
        let url = format!("{}/hook?key=secret", server.url());
        Self { server, code, url }
    }

    fn answer(&self, code: u16) {
        self.code.store(code, Ordering::SeqCst);
    }

    /// How many requests there were.
    fn requests(&self) -> usize {
        self.server.posts().len()
    }
}

/// The ids of deliveries, from the one with this number on.
fn ids_from(server: &Server, first: usize) -> Vec<String> {
    let id = |post: &Request| {
        let body: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
        body["id"].as_str().unwrap().to_owned()
    };
    server.posts().iter().skip(first).map(id).collect()
}

fn listen(world: &World, log: &str, address: &str) -> Process {
    Process::listen(world, &["--jobs", log, "--forward", address])
}

fn deliver(receiver: &Process, ids: &[&str]) {
    for id in ids {
        assert_eq!(receiver.deliver(&Delivery::completed(id)), 200);
    }
}

fn taken(database: &Database) -> String {
    database.sql("SELECT count(*) FROM creativeai.outbox WHERE taken_at IS NOT NULL")
}

fn wait_for_taken(database: &Database, count: usize) {
    eventually("all are marked", || taken(database) == count.to_string());
}

/// Lets what receivers have leased end as if they had not been heard of for long.
fn end_leases(database: &Database, interval: &str) {
    database.sql(&format!(
        "UPDATE creativeai.outbox SET held_until = clock_timestamp() + interval '{interval}' \
         WHERE holder IS NOT NULL"
    ));
}

#[test]
fn what_a_killed_receiver_has_not_forwarded_another_one_takes_over() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let world = world();
    let target = Target::answering(503);
    let killed = listen(&world, &log, &target.url);
    deliver(&killed, &["vgen_1", "vgen_2", "vgen_3"]);
    target.server.wait_for_posts(1);
    killed.run.kill();
    let before = target.requests();
    target.answer(200);
    // It looks again exactly when that ends, without a delivery of its own.
    end_leases(&database, "2 seconds");
    let other = listen(&world, &log, &target.url);
    target.server.wait_for_posts(before + 3);
    wait_for_taken(&database, 3);
    let mut all = ids_from(&target.server, before);
    all.sort();
    assert_eq!(all, ["vgen_1", "vgen_2", "vgen_3"]);
    let ended = other.stop().expect(143);
    assert!(
        ended.stderr.contains("3 forwarded, 0 not yet"),
        "{}",
        ended.stderr
    );
    // The address may hold a secret.
    let held = "SELECT count(*) FROM creativeai.outbox WHERE outbox::text LIKE '%secret%'";
    assert_eq!(database.sql(held), "0");
}

#[test]
fn what_waits_for_another_address_is_reported_when_a_receiver_begins() {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let world = world();
    let target = Target::answering(503);
    let first = listen(&world, &log, &target.url);
    deliver(&first, &["vgen_1"]);
    target.server.wait_for_posts(1);
    first.stop().expect(143);
    target.answer(200);
    let other = listen(&world, &log, &format!("{}2", target.url));
    let ended = other.stop().expect(143);
    let waits = "1 delivery of this log not forwarded to another address";
    assert!(ended.stderr.contains(waits), "{}", ended.stderr);
    let right = listen(&world, &log, &target.url);
    target.server.wait_for_posts(2);
    let ended = right.stop().expect(143);
    assert!(!ended.stderr.contains(waits), "{}", ended.stderr);
}

#[test]
fn a_receiver_that_gets_a_delivery_forwards_what_a_killed_one_has_left() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let world = world();
    let target = Target::answering(503);
    let (killed, other) = (
        listen(&world, &log, &target.url),
        listen(&world, &log, &target.url),
    );
    deliver(&killed, &["vgen_1", "vgen_2"]);
    target.server.wait_for_posts(1);
    killed.run.kill();
    let before = target.requests();
    target.answer(200);
    end_leases(&database, "-1 second");
    deliver(&other, &["vgen_3"]);
    wait_for_taken(&database, 3);
    // One that was refused before waits longer than one that was not: their order says nothing.
    let mut ids = ids_from(&target.server, before);
    ids.sort_unstable();
    assert_eq!(ids, ["vgen_1", "vgen_2", "vgen_3"]);
    // It is known of each that it was taken: nothing is sent again.
    other.stop().expect(143);
    let next = listen(&world, &log, &target.url);
    deliver(&next, &["vgen_1", "vgen_4"]);
    wait_for_taken(&database, 4);
    assert_eq!(ids_from(&target.server, before + 3), ["vgen_4"]);
}

#[test]
fn what_was_refused_or_not_taken_until_the_end_is_forwarded_by_the_next_run() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let world = world();
    // Kept before anything was to be forwarded: stays here.
    let receiver = Process::listen(&world, &["--jobs", &log]);
    deliver(&receiver, &["vgen_0"]);
    receiver.stop().expect(143);

    let target = Target::answering(404);
    let receiver = listen(&world, &log, &target.url);
    deliver(&receiver, &["vgen_1"]);
    let refused = "SELECT count(*) FROM creativeai.outbox WHERE refused_at IS NOT NULL";
    eventually("it is refused", || database.sql(refused) == "1");
    target.answer(503);
    deliver(&receiver, &["vgen_2"]);
    target.server.wait_for_posts(2);
    let ended = receiver.stop().expect(143);
    for words in [
        "did not accept the delivery of vgen_1",
        "2 deliveries not forwarded",
        "another receiver of this log",
        "0 forwarded, 2 not yet",
    ] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    let before = target.requests();
    target.answer(200);
    // Another address has nothing to do with it.
    let elsewhere = Target::answering(200);
    listen(&world, &log, &elsewhere.url).stop().expect(143);
    // What has ended holds nothing.
    let receiver = listen(&world, &log, &target.url);
    wait_for_taken(&database, 2);
    assert_eq!(ids_from(&target.server, before), ["vgen_1", "vgen_2"]);
    receiver.stop().expect(143);
    assert_eq!(elsewhere.requests(), 0);
}

#[test]
fn a_delivery_that_a_live_receiver_forwards_is_left_to_it_for_as_long_as_it_takes() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let world = world();
    let gate = Gate::default();
    let held = gate.clone();
    let target = Server::start(move |post| {
        let step = Step::reply(200, "");
        if post.number == 0 {
            step.held_at(Phase::Read, &held)
        } else {
            step
        }
    });
    let (slow, other) = (
        listen(&world, &log, &target.url()),
        listen(&world, &log, &target.url()),
    );
    deliver(&slow, &["vgen_1", "vgen_2"]);
    target.wait_for_posts(1);
    let end = "SELECT min(held_until) FROM creativeai.outbox WHERE holder IS NOT NULL";
    let first = database.sql(end);
    eventually("it says that it is there", || database.sql(end) > first);
    deliver(&other, &["vgen_3"]);
    target.wait_for_posts(2);
    gate.open();
    wait_for_taken(&database, 3);
    let mut all = ids_from(&target, 0);
    all.sort();
    assert_eq!(all, ["vgen_1", "vgen_2", "vgen_3"]);
}

#[test]
fn a_receiver_that_slept_does_not_forward_what_another_one_has_taken_over() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let world = world();
    let target = Target::answering(503);
    let sleeper = listen(&world, &log, &target.url);
    deliver(&sleeper, &["vgen_1", "vgen_2"]);
    target.server.wait_for_posts(1);
    sleeper.signal(Signal::STOP);
    end_leases(&database, "-1 second");
    target.answer(200);
    let before = target.requests();
    let other = listen(&world, &log, &target.url);
    wait_for_taken(&database, 2);
    other.stop().expect(143);
    std::thread::sleep(TOO_LONG);
    sleeper.signal(Signal::CONT);
    deliver(&sleeper, &["vgen_3"]);
    wait_for_taken(&database, 3);
    assert_eq!(
        ids_from(&target.server, before),
        ["vgen_1", "vgen_2", "vgen_3"]
    );
}

#[test]
fn what_was_taken_while_the_database_was_away_is_marked_later_and_not_sent_again() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let world = world();
    let gate = Gate::default();
    let held = gate.clone();
    let target = Server::start(move |_| Step::reply(200, "").held_at(Phase::Read, &held));
    let proxy = Proxy::before(database.server.folder());
    let jobs = proxy.log(&database, "shop");
    let mut receiver = listen(&world, &jobs, &target.url());
    deliver(&receiver, &["vgen_1"]);
    target.wait_for_posts(1);
    proxy.away();
    gate.open();
    receiver.run.wait_for_words("cannot be looked up");
    assert_eq!(taken(&database), "0");
    proxy.back();
    // The first transaction finds a connection that has ended, and the vendor delivers again.
    let again = || receiver.deliver(&Delivery::completed("vgen_2")) == 200;
    eventually("it is kept", again);
    wait_for_taken(&database, 2);
    receiver.stop().expect(143);
    assert_eq!(ids_from(&target, 0), ["vgen_1", "vgen_2"]);
    let _ = log;
}

#[test]
fn what_is_marked_outlives_the_server_whatever_its_settings_are() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    database.sql(&format!(
        "ALTER DATABASE {0} SET synchronous_commit = off; \
         ALTER DATABASE {0} SET default_transaction_isolation = serializable; \
         CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF current_setting('synchronous_commit') = 'off' \
             OR current_setting('transaction_isolation') <> 'read committed' \
         THEN RAISE EXCEPTION 'not for good'; END IF; RETURN new; END $$; \
         CREATE TRIGGER look BEFORE UPDATE ON creativeai.outbox \
             FOR EACH ROW EXECUTE FUNCTION look(); \
         CREATE TRIGGER look BEFORE UPDATE ON creativeai.runs \
             FOR EACH ROW EXECUTE FUNCTION look()",
        database.name
    ));
    let target = Target::answering(200);
    let receiver = listen(&world(), &log, &target.url);
    deliver(&receiver, &["vgen_1"]);
    wait_for_taken(&database, 1);
    receiver.stop().expect(143);
    assert_eq!(target.requests(), 1);
    let server = Server::accepting();
    let ordering = World::facing(&server).with_var("CREATIVEAI_JOBS", &log);
    ordering.write("listings.csv", listings(1));
    ordering.run(&["submit", "listings.csv"]).expect(0);
    let ended = "SELECT count(*) FROM creativeai.runs WHERE ended_at IS NOT NULL";
    assert_eq!(database.sql(ended), "1");
}

#[test]
fn older_tables_are_brought_up_to_date_and_a_small_role_forwards() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let world = world();
    database.sql(
        "DROP TABLE creativeai.outbox; ALTER TABLE creativeai.logs DROP COLUMN quiet_by; \
         ALTER TABLE creativeai.runs DROP COLUMN kept; \
         DELETE FROM creativeai.migrations WHERE version >= 7",
    );
    let target = Target::answering(200);
    let listen_once = ["listen", "--addr", "127.0.0.1:0", "--jobs", &log];
    let ended = world.run(&listen_once).expect(78);
    assert!(ended.stderr.contains("log upgrade"), "{}", ended.stderr);
    world.run(&["log", "upgrade", &log]).expect(0);
    let role = format!("receiver_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    world
        .run(&["log", "init", &log, "--grant-to", &role])
        .expect(0);
    let small = database.address(&role, "shop");
    let receiver = listen(&world, &small, &target.url);
    deliver(&receiver, &["vgen_1"]);
    wait_for_taken(&database, 1);
    receiver.stop().expect(143);
    assert_eq!(ids_from(&target.server, 0), ["vgen_1"]);
}
