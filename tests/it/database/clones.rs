//! A copy of a database holds the same log, and goes its own way.

use super::{assert_each_once, empty_log};
use crate::support::postgres::{Database, Postgres, programs};
use crate::support::proxy::Proxy;
use crate::support::{Ended, Gate, Phase, Server, Step, World, listings, skip};

const SUBMIT: [&str; 3] = ["submit", "listings.csv", "--json"];

/// A computer that works with an original, in which one clip was ordered, and with its copy.
struct Computer {
    world: World,
    original: (Database, String),
    copy: (Database, String),
}

impl Computer {
    fn facing(vendor: &Server) -> Option<Self> {
        let original = empty_log()?;
        let world = World::facing(vendor);
        let this = Self {
            copy: clone(&original.0),
            world,
            original,
        };
        Some(this)
    }

    /// Orders so many clips, with the log of this address.
    fn submit(&self, log: &str, count: usize) -> Ended {
        self.world.write("listings.csv", listings(count));
        self.world.run(&[&SUBMIT[..], &["--jobs", log]].concat())
    }

    fn status(&self, log: &str) -> Ended {
        self.world.run(&["status", log]).expect(0)
    }
}

/// A copy of a database on the same server.
fn clone(database: &Database) -> (Database, String) {
    let name = format!("{}_copy", database.name);
    let make = format!("CREATE DATABASE {name} TEMPLATE {}", database.name);
    database.server.sql("postgres", &make);
    let copy = Database {
        server: database.server,
        name,
    };
    let log = copy.log("shop");
    (copy, log)
}

fn count(database: &Database) -> String {
    database.sql("SELECT count(*) FROM creativeai.lines")
}

/// What stands between two texts of what was said.
fn between<'e>(ended: &'e Ended, before: &str, after: &str) -> &'e str {
    let rest = ended.stderr.split_once(before);
    let found = rest.and_then(|(_, rest)| Some(rest.split_once(after)?.0));
    found.unwrap_or_else(|| panic!("no {before:?} in: {}", ended.stderr))
}

fn remove_kept(ended: &Ended) {
    std::fs::remove_file(between(ended, "kept in ", ";")).unwrap();
}

#[test]
fn what_was_ordered_with_a_copy_enters_the_original_only_by_a_persons_word() {
    for is_added in [false, true] {
        let vendor = Server::accepting();
        let Some(computer) = Computer::facing(&vendor) else {
            return;
        };
        let Computer {
            world,
            original: (database, original),
            copy: (_, copy),
        } = &computer;
        computer.status(original);
        computer.submit(copy, 2).expect(0);
        computer.status(copy);
        // A reader warns and does not count them; a writer orders nothing.
        let warned = computer.status(original);
        let refused = computer.submit(original, 3).expect(3);
        for ended in [&warned, &refused] {
            for words in [
                "4 lines",
                "another database",
                "paid for again",
                "remove that file",
            ] {
                assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
            }
        }
        assert_eq!((count(database), vendor.posts().len()), ("0".to_owned(), 2));
        let posts = if is_added {
            let add = between(&refused, "`creativeai", "`");
            world.shell(&format!("\"$0\"{add}")).expect(0);
            assert_eq!(count(database), "4");
            3
        } else {
            remove_kept(&refused);
            5
        };
        let status = computer.status(original);
        assert!(
            !status.stderr.contains("another database"),
            "{}",
            status.stderr
        );
        computer.submit(original, 3).expect(0);
        assert_eq!(vendor.posts().len(), posts);
        // What is not this database's is not asked about again.
        if !is_added {
            remove_kept(&computer.submit(copy, 2).expect(3));
            computer.submit(copy, 4).expect(0);
            computer.submit(original, 3).expect(0);
        }
    }
}

#[test]
fn what_a_database_lacks_that_was_made_of_a_backup_is_asked_about_until_it_is_added() {
    let vendor = Server::accepting();
    let Some(computer) = Computer::facing(&vendor) else {
        return;
    };
    let Computer {
        world,
        original: (database, log),
        copy: (backup, _),
    } = &computer;
    // Read by the mirror, and seen by the command that has written it alone.
    computer.submit(log, 1).expect(0);
    computer.status(log);
    computer.submit(log, 2).expect(0);
    let (old, new) = (&database.name, &backup.name);
    database.server.sql(
        "postgres",
        &format!("ALTER DATABASE {old} RENAME TO {old}_lost; ALTER DATABASE {new} RENAME TO {old}"),
    );
    for _ in 0..2 {
        let ended = computer.status(log);
        assert!(ended.stderr.contains("4 lines"), "{}", ended.stderr);
        computer.submit(log, 3).expect(3);
    }
    let refused = computer.submit(log, 3).expect(3);
    let add = between(&refused, "`creativeai", "`");
    world.shell(&format!("\"$0\"{add}")).expect(0);
    let ended = computer.submit(log, 3).expect(0);
    assert_eq!(ended.json()["skipped"], 2);
    assert!(
        !ended.stderr.contains("another database"),
        "{}",
        ended.stderr
    );
    assert_each_once(&vendor, 3);
}

#[test]
fn an_answer_that_waits_for_one_database_does_not_enter_its_copy() {
    let gate = Gate::default();
    let held = gate.clone();
    let vendor = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    let Some(computer) = Computer::facing(&vendor) else {
        return;
    };
    let Computer {
        world,
        original: (database, log),
        copy: (copied, copy),
    } = &computer;
    world.write("listings.csv", listings(1));
    let proxy = Proxy::before(database.server.folder());
    let away = proxy.log(database, "shop");
    let submit = [&SUBMIT[..], &["--jobs", &away, "--database-wait", "1s"]].concat();
    let run = world.start(&submit);
    vendor.wait_for_posts(1);
    proxy.away();
    gate.open();
    run.wait().expect(75);
    let write = ["reconcile", copy];
    remove_kept(&world.run(&write).expect(3));
    world.run(&write).expect(0);
    assert_eq!(count(copied), "0");
    computer.submit(log, 1).expect(0);
    assert_eq!(count(database), "2");
    assert_each_once(&vendor, 1);
}

#[test]
fn a_run_that_is_led_to_another_database_writes_nothing_there() {
    let Some(programs) = programs() else {
        return skip("PostgreSQL is not installed (apt-get install postgresql)");
    };
    let Some((database, _)) = empty_log() else {
        return;
    };
    let gate = Gate::default();
    let held = gate.clone();
    let vendor = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    // A restored backup on another server, under the same name.
    let restored = Postgres::start(&programs, &[]);
    let name = &database.name;
    restored.sql("postgres", &format!("CREATE DATABASE {name}"));
    restored.sql(name, &database.server.dump(name));
    let proxy = Proxy::before(database.server.folder());
    let log = proxy.log(&database, "shop");
    let world = World::facing(&vendor).with_var("CREATIVEAI_JOBS", &log);
    world.write("listings.csv", listings(1));
    let run = world.start(&SUBMIT);
    vendor.wait_for_posts(1);
    proxy.away();
    proxy.lead_to(restored.folder());
    proxy.back();
    gate.open();
    let ended = run.wait().expect(78);
    assert!(ended.stderr.contains("RECOVER {"), "{}", ended.stderr);
    let count = "SELECT count(*) FROM creativeai.lines";
    assert_eq!(restored.sql(name, count), "0");
    let refused = world.run(&SUBMIT).expect(3);
    assert!(refused.stderr.contains("2 lines"), "{}", refused.stderr);
    let add = between(&refused, "`creativeai", "`");
    world.shell(&format!("\"$0\"{add}")).expect(0);
    assert_eq!(world.run(&SUBMIT).expect(0).json()["pending"], 1);
    assert_each_once(&vendor, 1);
}
