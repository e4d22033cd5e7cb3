//! Receivers keep deliveries with the log, each once, together with what it teaches.

use super::{empty_log, with_lines, world};
use crate::support::delivery::{Delivery, announced};
use crate::support::http::{self, Connection};
use crate::support::processes::{Process, eventually};
use crate::support::proxy::Proxy;
use crate::support::{Server, Step, World, listings};

/// So many clips under way, and their ids.
fn under_way(log: &str, count: usize) -> (Server, World, Vec<String>) {
    let server = Server::accepting();
    let world = World::facing(&server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", listings(count));
    world.run(&["submit", "listings.csv"]).expect(0);
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let jobs = jobs.as_array().unwrap().iter();
    let ids = jobs.map(|job| job["generation_id"].as_str().unwrap().to_owned());
    (server, world, ids.collect())
}

fn completed(world: &World) -> usize {
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.filter(|job| job["status"] == "completed").count()
}

fn get(receiver: &Process, path: &str) -> u16 {
    receiver.send(&http::request("GET", path, &[], b""))
}

#[test]
fn several_receivers_keep_each_delivery_once() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log, 12);
    let receivers = [0, 1].map(|_| Process::listen(&world, &["--jobs", &log]));
    std::thread::scope(|scope| {
        for addr in receivers.each_ref().map(|receiver| receiver.addr) {
            let ids = &ids;
            scope.spawn(move || {
                let deliver = |id: &str| {
                    let mut connection = Connection::open(addr).unwrap();
                    let request = Delivery::completed(id).request();
                    assert_eq!(connection.request(&request).unwrap(), 200);
                };
                for id in ids {
                    deliver(id);
                }
                // Known to no job yet: kept for a replay.
                deliver("vgen_later");
            });
        }
    });
    assert_eq!(completed(&world), 12);
    let count = database.sql("SELECT count(*) FROM creativeai.captures");
    assert_eq!(count.trim(), "13");
    let captures = world.run(&["log", "captures", &log]).expect(0).stdout;
    assert_eq!(Delivery::read_all(&captures).len(), 13);
    world.write("captures.jsonl", captures);
    let replay = ["reconcile", "--replay", "captures.jsonl", "--json"];
    let replayed = world.run(&replay).expect(0).json();
    assert_eq!(
        (&replayed["known"], &replayed["unknown_id"]),
        (&12.into(), &1.into())
    );
    for receiver in receivers {
        receiver.stop().expect(143);
    }
    assert!(!world.files().contains(&"jobs.jsonl".to_owned()));
}

#[test]
fn one_id_is_bound_to_one_of_two_jobs_by_two_receivers_at_the_same_moment() {
    // A receiver that decides only once the other one has written knows whose the id is, and answers 200.
    // One that has decided before is refused, which most rounds bring about.
    for _ in 0..12 {
        match one_id_for_two_jobs() {
            Some([200, 200]) => {}
            Some(codes) => return assert_eq!(codes, [200, 503]),
            None => return,
        }
    }
    panic!("no receiver had decided before the other one wrote");
}

/// Delivers one id for two jobs to two receivers at the same moment, which give it to one of them. What
/// both answered, in ascending order; `None` without a server.
fn one_id_for_two_jobs() -> Option<[u16; 2]> {
    let jobs = ["5b1f0c9a77d2e318", "5b1f0c9a77d2e319"];
    let lines = jobs.map(|job| announced(job, &format!("LST-{job}")));
    let (database, log) = with_lines(&lines.concat())?;
    let world = world();
    let receivers = [0, 1].map(|_| Process::listen(&world, &["--jobs", &log]));
    let addrs = receivers.each_ref().map(|receiver| receiver.addr);
    let deliver = |n: usize| {
        let delivery = Delivery::completed("vgen_1").naming(&format!("{}.1", jobs[n]));
        let mut connection = Connection::open(addrs[n]).unwrap();
        connection.request(&delivery.request()).unwrap()
    };
    // Both come before one of them can write.
    let mut lock = database.session();
    lock.run("BEGIN; LOCK TABLE creativeai.captures IN SHARE MODE");
    let mut codes = std::thread::scope(|scope| {
        let deliver = &deliver;
        let sent = [0, 1].map(|n| scope.spawn(move || deliver(n)));
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock'";
        eventually("both wait", || database.sql(waits) == "2");
        lock.run("ROLLBACK");
        sent.map(|sent| sent.join().unwrap())
    });
    assert_eq!([0, 1].map(deliver), [200, 200]);
    codes.sort_unstable();
    let status = world.run(&["status", &log, "--json"]).expect(0).json();
    let mut statuses = [0, 1].map(|n| status[n]["status"].as_str().unwrap().to_owned());
    statuses.sort();
    assert_eq!(statuses, ["completed", "unknown"]);
    Some(codes)
}

#[test]
fn without_the_database_nothing_is_answered_with_200() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log, 2);
    let proxy = Proxy::before(database.server.folder());
    let jobs = proxy.log(&database, "shop");
    let receiver = Process::listen(&world, &["--jobs", &jobs]);
    assert_eq!(receiver.deliver(&Delivery::completed(&ids[0])), 200);
    assert_eq!(get(&receiver, "/readyz"), 200);
    proxy.away();
    assert_eq!(receiver.deliver(&Delivery::completed(&ids[1])), 503);
    assert_eq!(
        (get(&receiver, "/readyz"), get(&receiver, "/healthz")),
        (503, 200)
    );
    assert_eq!(completed(&world), 1);
    proxy.back();
    assert_eq!(get(&receiver, "/readyz"), 200);
    assert_eq!(receiver.deliver(&Delivery::completed(&ids[1])), 200);
    assert_eq!(completed(&world), 2);
}

#[test]
fn a_delivery_and_what_it_teaches_are_kept_together_or_not_at_all() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log, 1);
    let receiver = Process::listen(&world, &["--jobs", &log]);
    database.sql("ALTER TABLE creativeai.captures RENAME TO elsewhere");
    assert_eq!(receiver.deliver(&Delivery::completed(&ids[0])), 503);
    assert_eq!(completed(&world), 0);
    database.sql("ALTER TABLE creativeai.elsewhere RENAME TO captures");
    assert_eq!(receiver.deliver(&Delivery::completed(&ids[0])), 200);
    assert_eq!(completed(&world), 1);
}

#[test]
fn what_needs_a_file_is_refused_before_anything_is_received() {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let world = world();
    let capture = ["--capture", "captures.jsonl"];
    let listen = ["listen", "--addr", "127.0.0.1:0", "--jobs", &log];
    let run = world.run(&[&listen[..], &capture].concat()).expect(2);
    for words in ["--capture", "log captures"] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    assert_eq!(world.files(), [""; 0]);
}

/// Of each delivery that was forwarded, the id, sorted.
fn forwarded(target: &Server) -> Vec<String> {
    let id = |post: &crate::support::Request| {
        let body: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
        body["id"].as_str().unwrap().to_owned()
    };
    let mut ids: Vec<_> = target.posts().iter().map(id).collect();
    ids.sort();
    ids
}

#[test]
fn several_receivers_forward_each_delivery_and_run_each_command_once() {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let (_server, world, mut ids) = under_way(&log, 6);
    ids.sort();
    let target = Server::start(|_| Step::reply(200, ""));
    let note = format!(
        "echo $CREATIVEAI_GENERATION_ID >> {}",
        world.path("list").display()
    );
    let address = format!("{}/hook", target.url());
    let more = ["--jobs", &log, "--forward", &address, "--exec", &note];
    let receivers = [0, 1].map(|_| Process::listen(&world, &more));
    std::thread::scope(|scope| {
        for addr in receivers.each_ref().map(|receiver| receiver.addr) {
            let ids = &ids;
            scope.spawn(move || {
                for id in ids {
                    let mut connection = Connection::open(addr).unwrap();
                    let request = Delivery::completed(id).request();
                    assert_eq!(connection.request(&request).unwrap(), 200);
                }
            });
        }
    });
    let noted = || {
        let text = std::fs::read_to_string(world.path("list")).unwrap_or_default();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    target.wait_for_posts(ids.len());
    eventually("each command has run", || noted().len() >= ids.len());
    // What they have done is in the log, for publish as for both of them.
    let publish = ["publish", "--exec", &note, "--json"];
    eventually("all is noted", || {
        world.run(&publish).json()["already"] == ids.len()
    });
    for receiver in receivers {
        receiver.stop().expect(143);
    }
    assert_eq!(forwarded(&target), ids);
    assert_eq!(noted(), ids);
}

#[test]
fn a_delivery_whose_commit_is_not_heard_of_is_forwarded_once() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log, 1);
    let target = Server::start(|_| Step::reply(200, ""));
    let proxy = Proxy::before(database.server.folder());
    let jobs = proxy.log(&database, "shop");
    let address = format!("{}/hook", target.url());
    let receiver = Process::listen(&world, &["--jobs", &jobs, "--forward", &address]);
    // So that the delivery's commit is the next one.
    assert_eq!(get(&receiver, "/readyz"), 200);
    let deliver = || receiver.deliver(&Delivery::completed(&ids[0]));
    proxy.lose(2);
    while deliver() != 200 {}
    assert_eq!(proxy.lost(), 2);
    assert_eq!(deliver(), 200);
    target.wait_for_posts(1);
    receiver.stop().expect(143);
    assert_eq!(forwarded(&target), ids);
    assert_eq!(
        database.sql("SELECT count(*) FROM creativeai.captures"),
        "1"
    );
}

#[test]
fn one_id_is_bound_to_one_of_two_jobs_by_two_replays_at_the_same_moment() {
    let jobs = ["5b1f0c9a77d2e318", "5b1f0c9a77d2e319"];
    let lines = jobs.map(|job| announced(job, &format!("LST-{job}")));
    let Some((database, log)) = with_lines(&lines.concat()) else {
        return;
    };
    // Both have read the log, and have decided, before one of them can write.
    let mut lock = database.session();
    lock.run("BEGIN; LOCK TABLE creativeai.lines IN SHARE MODE");
    let replays = jobs.map(|job| {
        let world = world();
        let delivery = Delivery::completed("vgen_1").naming(&format!("{job}.1"));
        world.write("captures.jsonl", delivery.envelope());
        let replay = ["reconcile", &log, "--replay", "captures.jsonl"];
        (world.start(&replay), world)
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock'";
    eventually("both wait", || database.sql(waits) == "2");
    lock.run("ROLLBACK");
    for (replay, _world) in replays {
        replay.wait().expect(3);
    }
    let status = world().run(&["status", &log, "--json"]).expect(0).json();
    let mut statuses = [0, 1].map(|n| status[n]["status"].as_str().unwrap().to_owned());
    statuses.sort();
    assert_eq!(statuses, ["completed", "unknown"]);
}

#[test]
fn what_a_long_receiver_remembers_of_the_log_goes_into_the_mirror() {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log, 1);
    let receiver = Process::listen(&world, &["--jobs", &log]);
    let folder = world.path("home/.cache/creativeai/logs");
    let files = std::fs::read_dir(folder).unwrap();
    let recent = files
        .map(|file| file.unwrap().path())
        .find(|file| file.extension().is_some_and(|ending| ending == "recent"))
        .unwrap();
    // As after months, but for one byte.
    std::fs::write(&recent, "\n".repeat((32 << 20) - 1)).unwrap();
    let delivered = receiver.send(&Delivery::completed(&ids[0]).request());
    assert_eq!(delivered, 200);
    let len = || std::fs::metadata(&recent).unwrap().len();
    eventually("the mirror has taken it in", || len() < 1 << 20);
    receiver.stop().expect(143);
    assert_eq!(completed(&world), 1);
}
