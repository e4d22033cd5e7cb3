//! A server that was killed gives the numbers of transactions out again that came to nothing. What
//! they add then is read all the same.

use rustix::process::{Pid, Signal, kill_process};

use super::{assert_each_once, world};
use crate::support::postgres::{Postgres, programs};
use crate::support::processes::eventually;
use crate::support::proxy::Proxy;
use crate::support::{Server, World, listings, skip};

/// A server of the test's own, whose newest transactions a crash forgets.
struct Forgetful {
    server: Postgres,
    proxy: Proxy,
    /// The process that would write them to the disk.
    writer: Pid,
}

fn computer(vendor: &Server, proxy: &Proxy, rows: &str) -> World {
    let log = proxy.address("postgres", "shop");
    let world = World::facing(vendor).with_var("CREATIVEAI_JOBS", &log);
    world.write("listings.csv", rows);
    world
}

impl Forgetful {
    /// With an empty log, and further settings.
    fn start(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            skip("PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let settings = [&["autovacuum=off"], settings].concat();
        let server = Postgres::start(&programs, &settings);
        let proxy = Proxy::before(server.folder());
        let log = proxy.address("postgres", "shop");
        world().run(&["log", "init", &log]).expect(0);
        let writer = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'";
        let writer = server.sql("postgres", writer).parse().unwrap();
        let writer = Pid::from_raw(writer).unwrap();
        kill_process(writer, Signal::STOP).unwrap();
        Some(Self {
            server,
            proxy,
            writer,
        })
    }

    /// Transactions with numbers of their own that come to nothing.
    fn roll_back_many(&self) {
        let one = "BEGIN; SELECT pg_current_xact_id(); ROLLBACK;\n";
        self.server.sql("postgres", &one.repeat(100));
    }

    fn kill_and_start_again(&mut self) {
        self.server.kill();
        kill_process(self.writer, Signal::KILL).unwrap();
        self.server.start_again();
    }

    /// The number below which no transaction is open.
    fn horizon(&self) -> u64 {
        let horizon = "SELECT pg_snapshot_xmin(pg_current_snapshot())";
        self.server.sql("postgres", horizon).parse().unwrap()
    }

    /// The newest transaction that has added a line.
    fn newest(&self) -> u64 {
        let newest = "SELECT transaction FROM creativeai.lines ORDER BY sequence DESC LIMIT 1";
        self.server.sql("postgres", newest).parse().unwrap()
    }
}

#[test]
fn a_mirror_misses_no_line_of_a_transaction_whose_number_was_used_before_a_crash() {
    let Some(mut database) = Forgetful::start(&[]) else {
        return;
    };
    let vendor = Server::accepting();
    let first = computer(&vendor, &database.proxy, &listings(1));
    let changed = listings(1).replace("evening", "morning");
    let second = computer(&vendor, &database.proxy, &changed);
    database.roll_back_many();
    let seen = database.horizon();
    second.run(&["status"]).expect(0);
    database.kill_and_start_again();
    first.run(&["submit", "listings.csv"]).expect(0);
    assert!(database.newest() < seen, "no number was given out again");
    second.run(&["submit", "listings.csv"]).expect(3);
    assert_each_once(&vendor, 1);
    let jobs = |world: &World| world.run(&["status", "--json"]).expect(0).stdout;
    assert_eq!(jobs(&second), jobs(&first));
}

#[test]
fn a_run_misses_no_line_of_a_transaction_whose_number_was_used_before_a_crash() {
    let Some(mut database) = Forgetful::start(&[]) else {
        return;
    };
    let vendor = Server::accepting();
    let first = computer(&vendor, &database.proxy, &listings(1));
    let changed = listings(1).replace("evening", "morning");
    let second = computer(&vendor, &Proxy::before(database.server.folder()), &changed);
    database.roll_back_many();
    let seen = database.horizon();
    // It has read the log, and waits to order its row.
    let mut lock = database.server.session("postgres");
    lock.run("BEGIN; SELECT * FROM creativeai.logs FOR UPDATE");
    let run = second.start(&["submit", "listings.csv"]);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    eventually("the run waits", || {
        database.server.sql("postgres", waits) == "1"
    });
    let pid = Pid::from_raw(run.id().cast_signed()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    database.kill_and_start_again();
    first.run(&["submit", "listings.csv"]).expect(0);
    assert!(database.newest() < seen, "no number was given out again");
    kill_process(pid, Signal::CONT).unwrap();
    run.wait().expect(75);
    assert_each_once(&vendor, 1);
    second.run(&["submit", "listings.csv"]).expect(3);
    assert_each_once(&vendor, 1);
}

#[test]
fn a_server_that_confirms_before_it_has_written_is_made_to_write_first() {
    let Some(mut database) = Forgetful::start(&["synchronous_commit=off"]) else {
        return;
    };
    let vendor = Server::accepting();
    let first = computer(&vendor, &database.proxy, &listings(3));
    first.run(&["submit", "listings.csv"]).expect(0);
    database.kill_and_start_again();
    let changed = listings(3).replace("evening", "morning");
    let second = computer(&vendor, &database.proxy, &changed);
    let ended = second.run(&["submit", "listings.csv", "--json"]);
    assert_eq!(ended.expect(3).json()["changed"], 3);
    assert_each_once(&vendor, 3);
}
