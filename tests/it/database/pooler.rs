//! Through `PgBouncer` in transaction mode with one connection: nothing may be kept between
//! transactions.

use std::os::unix::fs::chown;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use super::{lines, world};
use crate::support::delivery::Delivery;
use crate::support::postgres::{self, Database, NOBODY, is_root, unprivileged};
use crate::support::processes::{Process, eventually};
use crate::support::{Server, Step, World, listings, skip};

/// A running pooler, reached by a socket.
struct Pooler {
    folder: TempDir,
    child: Child,
}

impl Pooler {
    /// Starts one before the server of `database`.
    fn start(database: &Database, mode: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let server = database.server.folder().display();
        std::fs::write(folder.path().join("users"), "\"postgres\" \"\"\n").unwrap();
        let settings = format!(
            "[databases]\n* = host={server}\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {path}\n\
             listen_port = 6432\nauth_type = trust\nauth_file = {path}/users\n\
             pool_mode = {mode}\ndefault_pool_size = 1\n"
        );
        std::fs::write(folder.path().join("settings"), settings).unwrap();
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut command = unprivileged("pgbouncer");
        command.arg("-q").arg(folder.path().join("settings"));
        command.env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin");
        let child = command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let pooler = Self { folder, child };
        // It has no event for its socket.
        for _ in 0..300 {
            if pooler.folder.path().join(".s.PGSQL.6432").exists() {
                return Some(pooler);
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the pooler does not start");
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn commands_at_the_same_time_share_one_connection() {
    let Some(database) = postgres::database() else {
        return;
    };
    let Some(pooler) = Pooler::start(&database, "transaction") else {
        return skip("pgbouncer is not installed (apt-get install pgbouncer)");
    };
    let world = world();
    let log = format!(
        "postgres://postgres@/{}?host={}&port=6432&log=shop",
        database.name,
        pooler.folder.path().display()
    );
    world.run(&["log", "init", &log]).expect(0);
    let parts: Vec<String> = (0..4).map(|part| format!("part{part}.jsonl")).collect();
    for (part, name) in parts.iter().enumerate() {
        let first = part as u64 * 300;
        // They overlap.
        world.write(name, lines(first + 1..=first + 400));
    }
    let copies: Vec<_> = parts
        .iter()
        .map(|name| world.start(&["log", "copy", name, &log, "--json"]))
        .collect();
    let added = |running: crate::support::Running| {
        running.wait().expect(0).json()["added"].as_u64().unwrap()
    };
    let added: u64 = copies.into_iter().map(added).sum();
    let all = lines(1..=1300);
    assert_eq!(added, all.lines().count() as u64, "each line once");
    world.write("all.jsonl", all);
    let status = |log: &str| world.run(&["status", log, "--json"]).expect(0).stdout;
    let readers: Vec<_> = (0..3)
        .map(|_| world.start(&["status", &log, "--json"]))
        .collect();
    let wanted = status("all.jsonl");
    for reader in readers {
        assert!(reader.wait().expect(0).stdout == wanted);
    }
}

#[test]
fn computers_that_order_at_the_same_time_share_one_connection() {
    let Some((database, _)) = super::empty_log() else {
        return;
    };
    let Some(pooler) = Pooler::start(&database, "transaction") else {
        return skip("pgbouncer is not installed (apt-get install pgbouncer)");
    };
    let log = format!(
        "postgres://postgres@/{}?host={}&port=6432&log=shop",
        database.name,
        pooler.folder.path().display()
    );
    let server = Server::accepting();
    let new = |_| {
        let world = World::facing(&server).with_var("CREATIVEAI_JOBS", &log);
        world.write("listings.csv", listings(12));
        world
    };
    let worlds: Vec<_> = (0..4).map(new).collect();
    let submit = ["submit", "listings.csv"];
    let running: Vec<_> = worlds.iter().map(|world| world.start(&submit)).collect();
    for run in running {
        run.wait().expect(0);
    }
    super::assert_each_once(&server, 12);
}

#[test]
fn receivers_that_forward_share_one_connection_and_leave_it_alone_when_idle() {
    let Some((database, _)) = super::empty_log() else {
        return;
    };
    let Some(pooler) = Pooler::start(&database, "transaction") else {
        return skip("pgbouncer is not installed (apt-get install pgbouncer)");
    };
    let log = format!(
        "postgres://postgres@/{}?host={}&port=6432&log=shop",
        database.name,
        pooler.folder.path().display()
    );
    let world = world();
    let target = Server::start(|_| Step::reply(200, ""));
    let address = target.url();
    let receivers =
        [0, 1].map(|_| Process::listen(&world, &["--jobs", &log, "--forward", &address]));
    for (n, receiver) in receivers.iter().cycle().take(6).enumerate() {
        let delivery = Delivery::completed(&format!("vgen_{n}"));
        assert_eq!(receiver.deliver(&delivery), 200);
    }
    let taken = "SELECT count(*) FROM creativeai.outbox WHERE taken_at IS NOT NULL";
    eventually("all are forwarded", || database.sql(taken) == "6");
    assert_eq!(target.posts().len(), 6);
    // Each look finds nothing, and the next one is twice as far away: then no statement for long.
    let latest = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid() AND query_start > clock_timestamp() - interval '4 s'";
    eventually("they are quiet", || database.sql(latest) == "0");
    for receiver in receivers {
        receiver.stop().expect(143);
    }
}

#[test]
fn a_pooler_that_allows_no_transactions_is_a_matter_for_a_person() {
    let Some((database, _)) = super::empty_log() else {
        return;
    };
    let Some(pooler) = Pooler::start(&database, "statement") else {
        return skip("pgbouncer is not installed (apt-get install pgbouncer)");
    };
    let log = format!(
        "postgres://postgres@/{}?host={}&port=6432&log=shop",
        database.name,
        pooler.folder.path().display()
    );
    let server = Server::accepting();
    let world = World::facing(&server).with_var("CREATIVEAI_JOBS", &log);
    world.write("listings.csv", listings(1));
    let ended = world.run(&["submit", "listings.csv"]).expect(78);
    assert!(ended.stderr.contains("pool_mode"), "{}", ended.stderr);
    assert_eq!(server.posts().len(), 0);
}
